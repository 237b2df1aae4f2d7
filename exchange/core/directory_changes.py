"""What an import would change: the lines of a dry run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exchange.core.directory import Agency, Directory, standings
from exchange.core.directory_csv import cells_for_life
from exchange.core.directory_days import write_day


class ChangeKind(StrEnum):
    """What an import would do to an agency. Nothing is ever removed."""

    ADDED = "added"
    CHANGED = "changed"  # one column
    CLOSED = "closed"  # a last day where there was none


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a dry run: ``before`` and ``after`` are the cells of ``column``, "" for an added agency."""

    kind: ChangeKind
    code: str
    name: str
    column: str = ""
    before: str = ""
    after: str = ""
    since: date | None = None  # the first day of it, where a part of the life remains as it was


def compare(old: Directory, new: Directory) -> tuple[Change, ...]:
    """What importing ``new`` into ``old`` would change. Who is absent from ``new`` stays unchanged."""
    changes: list[Change] = []
    for agency in new:
        before = old.get(agency.code)
        if before is None:
            changes.append(Change(kind=ChangeKind.ADDED, code=agency.code, name=agency.name))
        else:
            changes += _changes(before, agency)
    return tuple(changes)


def _changes(old: Agency, new: Agency) -> Iterator[Change]:
    for column, before, after, since in (*_life(old, new), *_standing(old, new), *_for_life(old, new)):
        if before != after:
            closed = column == "valid_to" and not before
            yield Change(
                kind=ChangeKind.CLOSED if closed else ChangeKind.CHANGED,
                code=new.code,
                name=new.name,
                column=column,
                before=before,
                after=after,
                since=since,
            )


Difference = tuple[str, str, str, date | None]  # column, before, after, since


def _life(old: Agency, new: Agency) -> Iterator[Difference]:
    yield "valid_from", old.valid_from.isoformat(), new.valid_from.isoformat(), None
    yield "valid_to", write_day(old.valid_to), write_day(new.valid_to), None


def _standing(old: Agency, new: Agency) -> Iterator[Difference]:
    """Name, level and parent before and after, on each day on which a line of either begins."""
    first = max(old.valid_from, new.valid_from)
    days = {first, *(each.since for agency in (old, new) for each in standings(agency) if each.since > first)}
    for day in sorted(days):
        was, is_ = old.as_of(day), new.as_of(day)
        since = day if len(days) > 1 else None
        yield "name", was.name, is_.name, since
        yield "level", was.level, is_.level, since
        yield "parent", was.parent, is_.parent, since


def _for_life(old: Agency, new: Agency) -> Iterator[Difference]:
    before, after = cells_for_life(old), cells_for_life(new)
    for column, cell in before.items():
        yield column, cell, after[column], None
