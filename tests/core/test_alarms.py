"""Alarms: when a cause counts as begun and as over, and who is told what, for any history of looks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.alarms import (
    OPEN,
    STEPS,
    Alarm,
    Cause,
    IllegalStep,
    Rule,
    Said,
    State,
    Step,
    Timing,
    Told,
    advance,
    observe,
    seen,
    to_tell,
)

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TIMING = Timing(
    raise_after=timedelta(minutes=1), end_after=timedelta(minutes=10), remind_after=timedelta(hours=24)
)
CAUSE = Cause(Rule.AGENCY_UNREACHABLE, "H45.01")
Look = tuple[int, bool]  # seconds since the last one, and whether the cause held

looks = st.lists(st.tuples(st.integers(0, 900), st.booleans()), max_size=60)


def history(taken: list[Look], timing: Timing = TIMING) -> Iterator[tuple[datetime, bool, Alarm | None]]:
    """What is known of the cause after each look."""
    at, alarm = START, None
    for seconds, held in taken:
        at += timedelta(seconds=seconds)
        if alarm is None or alarm.state in (State.PASSED, State.ENDED):
            alarm = seen(CAUSE, {}, at, timing) if held else None
        else:
            alarm = observe(alarm, {} if held else None, at, timing)
        yield at, held, alarm


@given(looks)
def test_every_step_that_a_history_takes_stands_in_the_table(taken: list[Look]) -> None:
    before: Alarm | None = None
    for _, _, alarm in history(taken):
        if before is not None and alarm is not None and alarm.since == before.since:
            moved = alarm.state is not before.state
            assert not moved or alarm.state in STEPS[before.state].values()
        before = alarm


@given(looks)
def test_an_alarm_is_raised_only_by_a_cause_that_lasted_and_ends_only_when_it_was_gone_as_long_as_set(
    taken: list[Look],
) -> None:
    for at, held, alarm in history(taken):
        if alarm is None:
            continue
        if alarm.state in OPEN:
            assert alarm.raised_at is not None
            assert alarm.raised_at - alarm.since >= TIMING.raise_after
            assert held == (alarm.gone_since is None)
        if alarm.state is State.ENDED:
            assert alarm.ended_at is not None
            assert alarm.raised_at is not None
            assert alarm.ended_at >= alarm.raised_at
            assert at - alarm.ended_at >= TIMING.end_after


@given(looks)
def test_what_flaps_faster_than_the_time_set_is_one_alarm(taken: list[Look]) -> None:
    short = [(min(seconds, 290), held) for seconds, held in taken]
    steady = [each for seconds, held in short for each in ((seconds, held), (290, True))]
    raised = [alarm.since for _, _, alarm in history(steady) if alarm is not None and alarm.state in OPEN]
    assert len(set(raised)) <= 1


class Listener:
    """One who is to be told, from the first moment or later, and hears at each look what is to be said."""

    def __init__(self) -> None:
        self.told: dict[datetime, Told] = {}
        self.heard: list[tuple[datetime, datetime, Said]] = []

    def hear(self, at: datetime, alarm: Alarm | None) -> None:
        if alarm is None:
            return
        known = [(str(alarm.since), alarm, self.told.get(alarm.since))]
        for _, _, said in to_tell(known, at, TIMING):
            self.told[alarm.since] = Told(said=said, at=at)
            self.heard.append((at, alarm.since, said))


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), max_size=60))
def test_each_alarm_is_told_once_reminded_of_no_sooner_than_set_and_its_end_told_once(
    taken: list[Look],
) -> None:
    listener, last = Listener(), None
    for at, _, alarm in history(taken):
        listener.hear(at, alarm)
        listener.hear(at, alarm)  # nothing twice
        last = alarm or last
    for since in {since for _, since, _ in listener.heard}:
        said = [(at, what) for at, whose, what in listener.heard if whose == since]
        words = [what for _, what in said]
        assert words[0] is Said.RAISED
        assert words.count(Said.RAISED) == 1
        assert words.count(Said.ENDED) <= 1
        assert Said.ENDED not in words[:-1]
        reminders = [at for at, what in said if what is not Said.ENDED]
        waits = (later - sooner for sooner, later in pairwise(reminders))
        assert all(wait >= TIMING.remind_after for wait in waits)
    if last is not None and last.state is State.ENDED and last.since in listener.told:
        assert listener.told[last.since].said is Said.ENDED


def raised(rule: Rule = Rule.QUEUE_GROWING, **changes: object) -> Alarm:
    values: dict[str, object] = {
        "cause": Cause(rule, ""),
        "state": State.TOLD,
        "since": START,
        "facts": {},
        "raised_at": START,
        **changes,
    }
    return Alarm(**values)  # type: ignore[arg-type]


def said(*known: tuple[Alarm, Told | None], after: timedelta = timedelta()) -> list[Said]:
    numbered = [(str(number), alarm, told) for number, (alarm, told) in enumerate(known)]
    found = {id_: what for id_, _, what in to_tell(numbered, START + after, TIMING)}
    return [found.get(str(number), Said.NOTHING) for number in range(len(known))]


def test_an_alarm_that_came_and_went_before_anything_was_said_is_said_once_as_over() -> None:
    over = raised(state=State.ENDED, ended_at=START)
    assert said((over, Told(said=Said.NOTHING, at=START))) == [Said.ENDED]


def test_one_who_is_told_only_from_now_on_hears_of_what_is_open_and_not_of_what_is_over() -> None:
    assert said((raised(), None), (raised(state=State.ENDED, ended_at=START), None)) == [
        Said.RAISED,
        Said.NOTHING,
    ]


def test_a_reminder_brings_the_other_open_alarms_along_and_leaves_what_holds_for_weeks_alone() -> None:
    day, hour = timedelta(hours=24), timedelta(hours=1)
    told, later = Told(said=Said.RAISED, at=START), Told(said=Said.RAISED, at=START + hour)
    ending = raised(Rule.CERTIFICATE_ENDING)
    gone = raised(gone_since=START)
    assert said((raised(), told), (raised(), later), (ending, later), (gone, later), after=day) == [
        Said.REMINDED,
        Said.REMINDED,
        Said.NOTHING,
        Said.NOTHING,
    ]
    assert said((ending, told), after=day) == [Said.NOTHING]
    assert said((ending, told), after=7 * day) == [Said.REMINDED]


def test_a_clock_that_was_set_back_raises_and_ends_nothing() -> None:
    alarm = seen(CAUSE, {}, START, TIMING)
    assert observe(alarm, {}, START - timedelta(days=1), TIMING).state is State.SEEN
    gone = observe(raised(), None, START, TIMING)
    assert observe(gone, None, START - timedelta(days=1), TIMING).state is State.TOLD


def test_a_step_that_the_table_does_not_know_is_a_fault() -> None:
    with pytest.raises(IllegalStep, match="raise is not possible for an alarm that is ended"):
        advance(State.ENDED, Step.RAISE)
