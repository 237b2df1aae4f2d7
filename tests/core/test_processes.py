"""Which processes are missed: those that were killed, until one of their role takes their place."""

from datetime import UTC, datetime, timedelta

from exchange.core.processes import ProcessReading, missing

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def process(
    name: str,
    started: float,
    heard: float,
    stopped: float | None = None,
    *,
    role: str = "worker",
    host: str = "a",
) -> ProcessReading:
    return ProcessReading(
        name=name,
        role=role,
        host=host,
        started_at=at(started),
        heard_at=at(heard),
        stopped_at=None if stopped is None else at(stopped),
    )


def missed(*processes: ProcessReading) -> list[str]:
    """At the hour, when five minutes of silence are too long."""
    return [each.name for each in missing(processes, at(55))]


KILLED = process("killed", 0, 30)


def test_one_that_was_killed_is_missed_and_one_that_stopped_as_asked_is_not() -> None:
    assert missed(KILLED, process("stopped", 0, 30, 30), process("well", 0, 59)) == ["killed"]


def test_one_that_began_since_in_the_same_role_on_the_same_host_takes_its_place() -> None:
    assert missed(KILLED, process("next", 31, 59)) == []
    assert missed(KILLED, process("next", 31, 59, role="api")) == ["killed"]
    assert missed(KILLED, process("next", 31, 59, host="b")) == ["killed"]


def test_of_two_that_were_killed_one_start_replaces_one() -> None:
    assert missed(KILLED, process("too", 0, 31), process("next", 32, 59)) == ["killed"]


def test_one_that_is_restarted_as_asked_does_not_hide_one_that_was_killed() -> None:
    assert missed(KILLED, process("before", 0, 40, 40), process("after", 41, 59)) == ["killed"]


def test_one_that_was_replaced_is_not_missed_again_when_its_successor_stops() -> None:
    assert missed(KILLED, process("next", 31, 40, 40)) == []


def test_a_successor_that_was_killed_too_is_missed_in_its_place() -> None:
    assert missed(KILLED, process("next", 31, 40)) == ["next"]
