"""The recount: everything is counted once more from the first leaf, apart, and compared with the counters.

A difference is told and never mended here: it says that the counters, or the ledger below them, were
touched by something else than counting.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, or_, select, true, tuple_

from exchange.core.counting import rules_of
from exchange.core.working_days import Calendar
from exchange.ledger.counting import (
    COUNTED,
    COUNTED_DOCUMENT,
    EXCHANGE,
    TABLES,
    OtherRules,
    counted,
    events_after,
    fold_onto,
    write,
)
from exchange.ledger.database import Database

PAGE = 400  # rows compared in one question
DIFFERENCES_MAX = 100  # that are told one by one

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row that is not what the ledger says; one of the two is None where there is no such row."""

    table: str
    key: tuple[object, ...]
    counted: Values | None
    recounted: Values | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """The counters of ``leaves`` leaves against a fresh count; the first differences, and how many in all."""

    leaves: int
    exchanges: int
    differences: tuple[Difference, ...]
    found: int


class Stopped(Exception):
    """Somebody asked to stop."""


def recount(
    database: Database, calendar: Calendar, folder: Path, most: int, stopped: Callable[[], bool]
) -> Recount:
    """Count anew in a database of its own below ``folder``, in batches of ``most`` leaves, and compare.

    Memory stays flat. Counting goes on meanwhile; what is compared is of one moment. Raises
    ``OtherRules`` where the counters are by other rules, or become so meanwhile, and ``Stopped``.
    """
    with TemporaryDirectory(dir=folder, prefix="recount-") as place:
        scratch = Database(f"sqlite:///{Path(place) / 'scratch.sqlite'}")
        try:
            return _recount(database, scratch, calendar, most, stopped)
        finally:
            scratch.close()


def _recount(
    database: Database, scratch: Database, calendar: Calendar, most: int, stopped: Callable[[], bool]
) -> Recount:
    with scratch.write() as connection:
        for table, _ in TABLES:
            table.create(connection)
    done = 0
    with database.read() as connection:  # the long part, beside which everything else goes on
        until = counted(connection).leaves
    while done < until:
        if stopped():
            raise Stopped
        with database.read() as connection:
            done += _count(connection, scratch, calendar, done, min(most, until - done))
    with database.snapshot() as connection:
        now = counted(connection)
        by_others = now.rules not in ("", rules_of(calendar))  # "": nothing was ever counted
        if by_others or now.leaves < done:
            raise OtherRules
        while done < now.leaves:
            done += _count(connection, scratch, calendar, done, min(most, now.leaves - done))
        return _compared(connection, scratch, done, stopped)


def _count(connection: Connection, scratch: Database, calendar: Calendar, begin: int, most: int) -> int:
    events, leaves = events_after(connection, begin, most)
    assert leaves, "what was counted has its leaves"
    with scratch.write() as apart:
        write(apart, fold_onto(apart, events, calendar))
    return leaves


def _compared(connection: Connection, scratch: Database, leaves: int, stopped: Callable[[], bool]) -> Recount:
    first: list[Difference] = []
    found = 0
    with scratch.read() as apart:
        for table, keys in TABLES:
            for difference in _differences(connection, apart, table, keys):
                if stopped():
                    raise Stopped
                found += 1
                first += [difference] if found <= DIFFERENCES_MAX else []
        exchanges = apart.execute(select(func.count()).select_from(EXCHANGE)).scalar_one()
    return Recount(leaves=leaves, exchanges=exchanges, differences=tuple(first), found=found)


def _differences(
    connection: Connection, apart: Connection, table: Table, keys: tuple[str, ...]
) -> Iterator[Difference]:
    rows = missing = 0
    for page in _pages(apart, table, keys):
        there = _those(connection, table, keys, list(page))
        rows += len(page)
        for key, recounted in page.items():
            missing += key not in there
            if there.get(key) != recounted:
                yield Difference(table=table.name, key=key, counted=there.get(key), recounted=recounted)
    number = select(func.count()).select_from(table).where(_filled(table, keys))
    if connection.execute(number).scalar_one() == rows - missing:
        return
    for page in _pages(connection, table, keys):
        known = _those(apart, table, keys, list(page))
        for key, counted_ in page.items():
            if key not in known:
                yield Difference(table=table.name, key=key, counted=counted_, recounted=None)


_Page = dict[tuple[object, ...], Values]


def _pages(connection: Connection, table: Table, keys: tuple[str, ...]) -> Iterator[_Page]:
    """All rows that say anything, in the order of their keys."""
    columns = [table.c[name] for name in keys]
    statement = select(table).where(_filled(table, keys)).order_by(*columns).limit(PAGE)
    page = _page(connection, statement, keys)
    while page:
        yield page
        last = next(reversed(page))
        page = _page(connection, statement.where(tuple_(*columns) > tuple_(*last)), keys)


def _those(
    connection: Connection, table: Table, keys: tuple[str, ...], wanted: list[tuple[object, ...]]
) -> _Page:
    columns = [table.c[name] for name in keys]
    statement = select(table).where(tuple_(*columns).in_(wanted), _filled(table, keys))
    return _page(connection, statement, keys)


def _page(connection: Connection, statement: Select[Any], keys: tuple[str, ...]) -> _Page:
    rows = connection.execute(statement).mappings()
    return {tuple(row[name] for name in keys): dict(row) for row in rows}


def _filled(table: Table, keys: tuple[str, ...]) -> ColumnElement[bool]:
    """Not a row whose counts came back to nothing: whether there is one depends on the batches."""
    if table is EXCHANGE:
        return true()
    if table is COUNTED_DOCUMENT:
        return COUNTED_DOCUMENT.c.parts != "[]"
    return or_(*(column != 0 for column in table.c if column.name not in keys))


def begin_recount(database: Database, at: datetime, since: datetime) -> bool:
    """Whether this process is to recount: no other has begun since then.

    Crash after the commit: nobody recounts until the next time.
    """
    unclaimed = or_(COUNTED.c.recount_begun_at.is_(None), COUNTED.c.recount_begun_at < since)
    with database.write() as connection:
        done = connection.execute(COUNTED.update().where(unclaimed).values(recount_begun_at=at))
        return done.rowcount == 1


def end_recount(database: Database, done: Recount, at: datetime) -> None:
    """Keep what was found, for pages and alarms. Crash before the commit: the recount before it stays."""
    values = {"recounted_at": at, "recounted_leaves": done.leaves, "differences": done.found}
    with database.write() as connection:
        connection.execute(COUNTED.update().values(**values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted:
    """How far was counted, and what the newest recount found."""

    leaves: int
    recount_begun_at: datetime | None
    recounted_at: datetime | None
    recounted_leaves: int
    differences: int


def recounted(database: Database) -> Recounted:
    """What stands of both."""
    names = ("leaves", "recount_begun_at", "recounted_at", "recounted_leaves", "differences")
    with database.read() as connection:
        row = connection.execute(select(*(COUNTED.c[name] for name in names))).mappings().one()
    return Recounted(**row)
