"""What was counted, as reports and pages ask for it: sums of tallies, and the state of the ledger that
they stand for. All of one report is read in one snapshot. Changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    func,
    literal_column,
    select,
    type_coerce,
)

from exchange.core.edxml import VIETNAM
from exchange.core.period import Period
from exchange.core.report import Basis
from exchange.core.report_slices import Gathered, Slice, Source, Sums
from exchange.core.tallies import COUNTS
from exchange.ledger import tree
from exchange.ledger.counting import (
    CAUSE_TALLY,
    DURATION_TALLY,
    EXCHANGE,
    PAPER_REPORT,
    TALLY,
    counted,
)
from exchange.ledger.database import Database
from exchange.ledger.tree import CHECKPOINT

_TALLIES: Mapping[Source, tuple[Table, tuple[str, ...]]] = {
    Source.COUNTS: (TALLY, COUNTS),
    Source.DURATIONS: (DURATION_TALLY, ("exchanges",)),
    Source.CAUSES: (CAUSE_TALLY, ("exchanges",)),
    Source.REPORTED: (PAPER_REPORT, ("registrations", "none_declared")),
}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """A snapshot of what was counted."""

    connection: Connection

    def gather(self, wanted: Iterable[Slice]) -> Gathered:
        """The sums that each slice asks for."""
        return {each: _sums(self.connection, each) for each in wanted}

    def basis(self) -> Basis:
        """How many leaves they stand for, and the newest checkpoint over them, a cosigned one if there is."""
        leaves = counted(self.connection).leaves
        signed = tree.best(self.connection, leaves - 1) if leaves else None
        if signed is None:
            return Basis(leaves=leaves)
        note = tree.with_witnesses(self.connection, signed)
        return Basis(
            leaves=leaves,
            origin=note.partition("\n")[0],
            size=signed.size,
            root=signed.root.hex(),
            note=note,
        )

    def rules(self) -> str:
        """Digest of the rules and the days off by which was counted."""
        return counted(self.connection).rules

    def waiting(self) -> int:
        """Leaves that are signed and not counted yet."""
        newest: int | None = self.connection.execute(select(func.max(CHECKPOINT.c.size))).scalar()
        return max(0, (newest or 0) - counted(self.connection).leaves)


@contextmanager
def counters(database: Database) -> Iterator[Counters]:
    """What was counted, as of one moment."""
    with database.snapshot() as connection:
        yield Counters(connection=connection)


def _sums(connection: Connection, wanted: Slice) -> Sums:
    statement = _under_way(wanted) if wanted.source is Source.UNDER_WAY else _tally(wanted)
    width = len(wanted.group)
    return [
        (tuple(row[:width]), tuple(map(int, row[width:])))
        for row in connection.execute(statement)
        if row[width] is not None  # a sum of no rows
    ]


def _tally(wanted: Slice) -> Select[Any]:
    table, names = _TALLIES[wanted.source]
    group = [table.c[name] for name in wanted.group]
    statement = select(*group, *(func.sum(table.c[name]) for name in names))
    # Each month by name: then a key that begins with the month finds its rows in as many looks.
    statement = statement.where(table.c.month.in_(list(wanted.period)), *_matching(table, wanted))
    return statement.group_by(*group)


def _matching(table: Table, wanted: Slice) -> list[ColumnElement[bool]]:
    return [table.c[column] == value for column, value in wanted.where]


def _under_way(wanted: Slice) -> Select[Any]:
    accepted_at = type_coerce(EXCHANGE.c.accepted_at, BigInteger)
    group = [EXCHANGE.c[name] for name in wanted.group]
    begin, end = _moments(wanted.period)
    return (
        select(*group, func.count(), func.min(accepted_at))
        .where(
            # Written out, as the condition of the index is: a value that is bound finds no partial index.
            literal_column("electronic") == literal_column("'under_way'"),
            EXCHANGE.c.accepted_at >= begin,
            EXCHANGE.c.accepted_at < end,
            *_matching(EXCHANGE, wanted),
        )
        .group_by(*group)
        .having(func.count() > 0)
    )


def _moments(period: Period) -> tuple[datetime, datetime]:
    """From the begin of its first day to the end of its last, in Vietnam."""
    begin, end = (
        datetime.combine(day, time(), VIETNAM) for day in (period.first_day, period.last_day + _DAY)
    )
    return begin, end
