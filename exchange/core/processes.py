"""Which processes are missing: killed, and nobody took their place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReading:
    """What one process last said of itself; ``stopped_at``: it ended as asked."""

    name: str
    role: str
    host: str
    started_at: datetime
    heard_at: datetime
    stopped_at: datetime | None = None
    ended: tuple[str, ...] = ()
    """Parts of it that ended though nobody asked them to."""
    contradicted: tuple[str, ...] = ()
    """Witnesses that saw another history."""
    disk_free_share: float | None = None


def missing(processes: Iterable[ProcessReading], silent_since: datetime) -> list[ProcessReading]:
    """Those of one host and role that said nothing after ``silent_since``, and have no successor.

    Each start takes the place of the last that ended before it, however that ended: who restarts a
    process that is well does not hide one that was killed.
    """
    places: dict[tuple[str, str], list[ProcessReading]] = {}
    for each in processes:
        places.setdefault((each.host, each.role), []).append(each)
    return [each for several in places.values() for each in _left_empty(several, silent_since)]


def _left_empty(processes: Sequence[ProcessReading], silent_since: datetime) -> list[ProcessReading]:
    gone = [each for each in processes if each.stopped_at is not None or each.heard_at <= silent_since]
    ends = sorted(gone, key=_ended_at, reverse=True)  # the last of them is the first that ended
    empty: list[ProcessReading] = []
    for started_at in sorted(each.started_at for each in processes):
        while ends and _ended_at(ends[-1]) < started_at:
            empty.append(ends.pop())
        if empty:
            empty.pop()
    return [each for each in (*empty, *reversed(ends)) if each.stopped_at is None]


def _ended_at(process: ProcessReading) -> datetime:
    return process.stopped_at or process.heard_at
