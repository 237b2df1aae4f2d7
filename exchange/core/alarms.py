"""Alarms: what holds that somebody should mend, when it counts as begun and as over, and who is to be told.

One alarm per cause. A cause must hold for a while before it is raised, and must be gone for a while
before it is over: a value that flaps is one alarm. Each one who is to be told is told once that it was
raised, again after a long time, and once that it is over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Rule(StrEnum):
    """What is watched."""

    LEDGER_CONTRADICTED = "ledger_contradicted"  # a witness saw another history
    COUNTERS_DIFFER = "counters_differ"  # from the recount
    PART_ENDED = "part_ended"  # a thread that a process cannot do without
    PROCESS_SILENT = "process_silent"
    DISK_FILLING = "disk_filling"
    TIME_NOT_PROVEN = "time_not_proven"
    CERTIFICATE_REVOKED = "certificate_revoked"
    AGENCY_UNREACHABLE = "agency_unreachable"
    DOCUMENTS_LATE = "documents_late"
    QUEUE_GROWING = "queue_growing"
    WITNESS_SILENT = "witness_silent"
    SIGN_INS_REFUSED = "sign_ins_refused"
    ACCOUNT_SIGN_INS_REFUSED = "account_sign_ins_refused"  # of one account, from wherever
    DEAD_LETTERS = "dead_letters"
    CERTIFICATE_ENDING = "certificate_ending"


class Severity(StrEnum):
    """How much haste is needed."""

    CRITICAL = "critical"  # evidence or service are at stake: now
    WARNING = "warning"  # within the working day


CRITICAL = frozenset(
    {
        Rule.LEDGER_CONTRADICTED,
        Rule.COUNTERS_DIFFER,
        Rule.PART_ENDED,
        Rule.PROCESS_SILENT,
        Rule.DISK_FILLING,
        Rule.TIME_NOT_PROVEN,
    }
)
# They hold for weeks, and nobody mends them sooner for being told every day.
SLOW = frozenset({Rule.CERTIFICATE_ENDING})
SLOW_FACTOR = 7  # times the usual wait for a reminder

Facts = Mapping[str, str | int | float]  # what the texts of an alarm are filled with


def severity(rule: Rule) -> Severity:
    """Of a rule."""
    return Severity.CRITICAL if rule in CRITICAL else Severity.WARNING


class Cause(NamedTuple):
    """What one alarm is about: the agency, certificate, witness, process, …; "" where there is but one."""

    rule: Rule
    subject: str


class State(StrEnum):
    """Where an alarm stands. ``PASSED`` and ``ENDED`` are final."""

    SEEN = "seen"  # holds, not for long enough to be raised
    PASSED = "passed"  # was gone before that
    RAISED = "raised"  # open, and nobody has been told yet
    TOLD = "told"  # open, and somebody has been told
    ENDED = "ended"


OPEN = frozenset({State.RAISED, State.TOLD})


class Step(StrEnum):
    """What can happen to an alarm."""

    PASS = "pass"  # noqa: S105 no password
    RAISE = "raise"
    TELL = "tell"  # a message that says it was raised has left
    END = "end"


STEPS: Mapping[State, Mapping[Step, State]] = {
    State.SEEN: {Step.PASS: State.PASSED, Step.RAISE: State.RAISED},
    State.PASSED: {},
    State.RAISED: {Step.TELL: State.TOLD, Step.END: State.ENDED},
    State.TOLD: {Step.TELL: State.TOLD, Step.END: State.ENDED},
    State.ENDED: {Step.TELL: State.ENDED},  # a message that was under way
}


class IllegalStep(Exception):
    """A step that the table does not know: a fault of the exchange."""


def advance(state: State, step: Step) -> State:
    """The state after ``step``; raises ``IllegalStep``."""
    try:
        return STEPS[state][step]
    except KeyError:
        raise IllegalStep(f"{step} is not possible for an alarm that is {state}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a cause must hold, and be gone; and after how long an alarm is told again."""

    raise_after: timedelta
    end_after: timedelta
    remind_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One cause from when it was first seen. ``gone_since`` is set while it does not hold."""

    cause: Cause
    state: State
    since: datetime
    facts: Facts
    raised_at: datetime | None = None
    gone_since: datetime | None = None
    ended_at: datetime | None = None


def seen(cause: Cause, facts: Facts, at: datetime, timing: Timing) -> Alarm:
    """A cause that held at ``at`` for the first time."""
    return _held(Alarm(cause=cause, state=State.SEEN, since=at, facts=facts), facts, at, timing)


def observe(alarm: Alarm, facts: Facts | None, at: datetime, timing: Timing) -> Alarm:
    """An alarm that is not over, after one look: ``facts`` are what holds of its cause, None if nothing."""
    return _gone(alarm, at, timing) if facts is None else _held(alarm, facts, at, timing)


def _held(alarm: Alarm, facts: Facts, at: datetime, timing: Timing) -> Alarm:
    held = replace(alarm, facts=facts, gone_since=None)
    if alarm.state is not State.SEEN or at - alarm.since < timing.raise_after:
        return held
    return replace(held, state=advance(alarm.state, Step.RAISE), raised_at=at)


def _gone(alarm: Alarm, at: datetime, timing: Timing) -> Alarm:
    if alarm.state is State.SEEN:
        return replace(alarm, state=advance(alarm.state, Step.PASS))
    gone = replace(alarm, gone_since=alarm.gone_since or at)
    if at - (gone.gone_since or at) < timing.end_after:
        return gone
    return replace(gone, state=advance(alarm.state, Step.END), ended_at=gone.gone_since)


# --- who is to be told ---


class Said(StrEnum):
    """The last thing that was said of an alarm to one who is to be told."""

    NOTHING = ""
    RAISED = "raised"
    REMINDED = "reminded"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody was told last of one alarm, and when."""

    said: Said
    at: datetime


def to_say(alarm: Alarm, told: Told | None, at: datetime, timing: Timing) -> Said:
    """What is to be said now. ``told`` is None for one who was not to be told when it was raised.

    An alarm that is over before anything of it was said is said once, as over.
    """
    if alarm.state is State.ENDED:
        return Said.NOTHING if told is None or told.said is Said.ENDED else Said.ENDED
    if alarm.state not in OPEN:
        return Said.NOTHING
    if told is None or told.said is Said.NOTHING:
        return Said.RAISED
    wait = timing.remind_after * (SLOW_FACTOR if alarm.cause.rule in SLOW else 1)
    return Said.REMINDED if alarm.gone_since is None and at - told.at >= wait else Said.NOTHING


def to_tell(
    known: Iterable[tuple[str, Alarm, Told | None]], at: datetime, timing: Timing
) -> list[tuple[str, Alarm, Said]]:
    """All that is to be said to one now, of alarms by their ids.

    One reminder that is due brings the others along: one message a day.
    """
    alarms = list(known)
    said = {id_: to_say(alarm, told, at, timing) for id_, alarm, told in alarms}
    reminds = any(said[id_] is Said.REMINDED and alarm.cause.rule not in SLOW for id_, alarm, _ in alarms)
    for id_, alarm, told in alarms if reminds else ():
        if said[id_] is Said.NOTHING and told is not None and _goes_along(alarm):
            said[id_] = Said.REMINDED
    return [(id_, alarm, said[id_]) for id_, alarm, _ in alarms if said[id_] is not Said.NOTHING]


def _goes_along(alarm: Alarm) -> bool:
    return alarm.state in OPEN and alarm.gone_since is None and alarm.cause.rule not in SLOW
