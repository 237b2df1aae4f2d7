"""Alarms and notices as rows: one alarm per cause, each message written down once, on both databases."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from exchange.core.alarm_rules import Judged
from exchange.core.alarms import Cause, Rule, Said, Severity, Timing
from exchange.ledger import alarms, notices
from exchange.ledger.alarms import Changes
from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate
from exchange.ledger.notices import Letter, Target

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TIMING = Timing(raise_after=timedelta(), end_after=timedelta(minutes=10), remind_after=timedelta(hours=24))
BOSS = Target("mail", "sysadmin@example.vn")
HOOK = Target("webhook", "webhook")
QUEUE, DISK = Cause(Rule.QUEUE_GROWING, ""), Cause(Rule.DISK_FILLING, "a")
FACTS = {"count": 7, "minutes": 10, "host": "a", "free_percent": 3}
EVERY = timedelta(minutes=5)


class Cut(Exception):
    """The process ends here."""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()


def look(
    database: Database, minutes: float, *causes: Cause, unknown: frozenset[Rule] = frozenset()
) -> Changes:
    judged = Judged(dict.fromkeys(causes, FACTS), unknown)
    at = START + timedelta(minutes=minutes)
    return alarms.observe(database, judged, at=at, timing=TIMING, targets=[BOSS.address, HOOK.address])


def tell(database: Database, target: Target, minutes: float) -> list[tuple[Cause, Said]]:
    """What is written down to be said to the target now."""
    said: list[tuple[Cause, Said]] = []

    def compose(due: object) -> Letter:
        said.extend((alarm.cause, what) for _, alarm, what in due)  # type: ignore[attr-defined]
        return Letter("subject", "body")

    at = START + timedelta(minutes=minutes)
    told = alarms.tell(database, target, at=at, timing=TIMING, every=EVERY, compose=compose)
    assert (told is not None) == bool(said)
    return said


def claim(database: Database, minutes: float, channel: notices.Channel = "mail") -> notices.Notice | None:
    at = START + timedelta(minutes=minutes)
    return notices.claim(database, channel, at, lambda attempts: at + attempts * timedelta(minutes=1))


def send(database: Database, minutes: float, channel: notices.Channel = "mail") -> str:
    notice = claim(database, minutes, channel)
    assert notice is not None
    notices.sent(database, notice.id, START + timedelta(minutes=minutes))
    return notice.id


def open_alarms(database: Database) -> tuple[alarms.OpenAlarm, ...]:
    with database.read() as connection:
        return alarms.open_alarms(connection)


def test_a_cause_is_one_alarm_for_as_long_as_it_holds_and_another_when_it_comes_again(
    database: Database,
) -> None:
    assert [each.cause for each in look(database, 0, QUEUE, DISK).raised] == [QUEUE, DISK]
    assert look(database, 1, QUEUE, DISK) == Changes()
    assert look(database, 2, DISK) == Changes()
    assert [each.cause for each in look(database, 12, DISK).ended] == [QUEUE]
    assert [each.rule for each in open_alarms(database)] == [Rule.DISK_FILLING]
    assert [each.cause for each in look(database, 13, DISK, QUEUE).raised] == [QUEUE]
    assert alarms.count_open(database) == {"disk_filling": 1, "queue_growing": 1}
    with database.read() as connection:
        [(ended, at)] = alarms.ended_alarms(connection, 10)
    assert (ended.rule, at) == (Rule.QUEUE_GROWING, START + timedelta(minutes=2))


def test_what_is_open_is_shown_with_its_texts_the_critical_first(database: Database) -> None:
    look(database, 0, DISK)
    look(database, 1, DISK, QUEUE)
    first, second = open_alarms(database)
    assert (first.severity, second.severity) == (Severity.CRITICAL, Severity.WARNING)
    assert first.title_vi == "Ổ đĩa của máy a sắp đầy"
    assert second.title_en == "The queue is growing"
    assert second.remedy_vi
    assert not first.told


def test_a_rule_of_which_nobody_knows_keeps_its_alarms(database: Database) -> None:
    look(database, 0, QUEUE)
    look(database, 60, unknown=frozenset({Rule.QUEUE_GROWING}))
    assert look(database, 120, unknown=frozenset({Rule.QUEUE_GROWING})) == Changes()
    assert len(open_alarms(database)) == 1


def test_each_target_is_told_once_and_of_the_end_once(database: Database) -> None:
    look(database, 0, QUEUE)
    for target, channel in ((BOSS, "mail"), (HOOK, "webhook")):
        assert tell(database, target, 0) == [(QUEUE, Said.RAISED)]
        assert tell(database, target, 0) == []
        send(database, 0, channel)  # type: ignore[arg-type]
    assert [each.told for each in open_alarms(database)] == [True]
    look(database, 10)
    look(database, 20)
    assert tell(database, BOSS, 20) == [(QUEUE, Said.ENDED)]
    send(database, 20)
    assert tell(database, BOSS, 60) == []
    assert tell(database, HOOK, 60) == [(QUEUE, Said.ENDED)]


def test_what_comes_soon_after_a_message_or_while_one_waits_goes_into_the_next_one(
    database: Database,
) -> None:
    look(database, 0, QUEUE)
    assert tell(database, BOSS, 0) == [(QUEUE, Said.RAISED)]
    look(database, 1, QUEUE, DISK)
    assert tell(database, BOSS, 60) == []  # the first one still waits
    send(database, 60)
    look(database, 61, DISK)
    look(database, 71, DISK)
    assert tell(database, BOSS, 72) == [(QUEUE, Said.ENDED), (DISK, Said.RAISED)]


def test_a_notice_is_claimed_by_one_alone_and_comes_back_under_its_id(database: Database) -> None:
    look(database, 0, QUEUE)
    tell(database, BOSS, 0)
    with ThreadPoolExecutor(4) as threads:
        claimed = [each for each in threads.map(lambda _: claim(database, 0), range(4)) if each]
    assert len(claimed) == 1
    assert claim(database, 0.5) is None
    again = claim(database, 1)
    assert again is not None
    assert (again.id, again.attempts) == (claimed[0].id, 2)
    notices.failed(database, again.id, "no answer")
    assert claim(database, 2) is None  # the wait grows
    assert claim(database, 3) is not None


def test_alarms_go_out_before_what_is_sent_to_agencies(database: Database) -> None:
    with database.write() as connection:
        notices.write(connection, Target("mail", "clerk@example.vn"), "daily", Letter("s", "b"), START)
    look(database, 1, QUEUE)
    tell(database, BOSS, 1)
    first = claim(database, 1)
    assert first is not None
    assert first.target == BOSS


def test_one_of_all_processes_takes_each_turn(database: Database) -> None:
    def take(minutes: float) -> bool:
        at = START + timedelta(minutes=minutes)
        return alarms.take_turn(database, "alarms", at, timedelta(minutes=1))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: take(0), range(4))) == 1
    assert not take(0.5)
    assert take(1)
    assert take(-600)  # a clock that was set back


def crash(database: Database, act: Callable[[], object]) -> None:
    """The process ends just before the commit."""

    def cut(_connection: object) -> None:
        raise Cut

    commit, database._commit = database._commit, cut  # type: ignore[method-assign]
    with pytest.raises(Cut):
        act()
    database._commit = commit  # type: ignore[method-assign]


def test_a_crash_before_a_commit_leaves_what_the_next_round_does_once(database: Database) -> None:
    crash(database, lambda: look(database, 0, QUEUE))
    assert len(look(database, 1, QUEUE).raised) == 1
    crash(database, lambda: tell(database, BOSS, 1))
    assert tell(database, BOSS, 1) == [(QUEUE, Said.RAISED)]
    crash(database, lambda: claim(database, 1))
    notice = claim(database, 1)
    assert notice is not None
    # Between sending and commit: it cannot be known whether it left, and it goes again under its id.
    crash(database, lambda: notices.sent(database, notice.id, START))
    assert send(database, 2) == notice.id
    assert claim(database, 600) is None


def test_what_ended_long_ago_is_removed_and_what_waits_is_kept(database: Database) -> None:
    look(database, 0, QUEUE)
    tell(database, BOSS, 0)
    send(database, 0)
    tell(database, HOOK, 0)
    later = START + timedelta(days=90)
    assert notices.tidy(database, later - timedelta(seconds=1), timedelta(days=90)) == 0
    assert notices.tidy(database, later, timedelta(days=90)) == 1
    assert claim(database, 200_000, "webhook") is not None


def test_what_is_given_up_is_not_sent_any_more(database: Database) -> None:
    look(database, 0, QUEUE)
    tell(database, BOSS, 0)
    notice = claim(database, 0)
    assert notice is not None
    notices.give_up(database, notice.id, "550 nobody here", START)
    assert claim(database, 600) is None
    assert not open_alarms(database)[0].told
