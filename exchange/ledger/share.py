"""What was counted, as reports and pages ask for it: sums of tallies, and the state of the ledger that
they stand for. All of one report is read in one snapshot. Changes nothing.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from operator import neg
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from exchange.core import quantiles
from exchange.core.edxml import VIETNAM
from exchange.core.period import Period
from exchange.core.quantiles import Histogram
from exchange.core.report import Basis
from exchange.core.report_slices import Gathered, Slice, Source, Sums
from exchange.core.tallies import COUNTS, ROLLED_COUNTS, ROLLED_DURATIONS, RollUp, cover
from exchange.ledger import histograms, tree
from exchange.ledger.counting import (
    CAUSE_TALLY,
    EXCHANGE,
    PAPER_REPORT,
    TALLY,
    counted,
)
from exchange.ledger.database import Database
from exchange.ledger.histograms import DURATION_HISTOGRAM
from exchange.ledger.tree import CHECKPOINT

_SUMS: Mapping[Source, tuple[Table, tuple[str, ...]]] = {
    Source.COUNTS: (TALLY, COUNTS),
    Source.CAUSES: (CAUSE_TALLY, ("exchanges",)),
    Source.REPORTED: (PAPER_REPORT, ("registrations", "none_declared")),
}
_DAY = timedelta(days=1)
NO_STAND_INS: Mapping[Period, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """A snapshot of what was counted."""

    connection: Connection

    def gather(
        self, wanted: Iterable[Slice], stand_ins: Mapping[Period, Mapping[str, str]] = NO_STAND_INS
    ) -> Gathered:
        """The sums that each slice asks for.

        ``stand_ins``: by a slice's period, agencies that may be put together in pairs, each under one of
        them.
        """
        return {each: _sums(self.connection, each, stand_ins.get(each.period)) for each in wanted}

    def agencies(self, period: Period) -> set[str]:
        """Whoever sent or was sent something."""
        whole = select(TALLY.c.sender, TALLY.c.value).where(
            TALLY.c.month.in_(list(period)), TALLY.c.facet.in_(("all", "receiver"))
        )
        rows = self.connection.execute(whole.distinct()).all()
        return {key for row in rows for key in row if key}

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


def _sums(connection: Connection, wanted: Slice, stand_ins: Mapping[str, str] | None) -> Sums:
    if wanted.source is Source.DURATIONS:
        return _durations(connection, wanted)
    if wanted.source is Source.UNDER_WAY:
        rows = connection.execute(_under_way(wanted)).all()
        return [(tuple(row[:1]), tuple(row[1:])) for row in rows]
    pairs = wanted.source is Source.COUNTS and wanted.group == ("sender", "value")
    together = _together(connection, stand_ins) if stand_ins is not None and pairs else None
    width = len(wanted.group)
    return [
        (tuple(row[:width]), tuple(sign * value for value in row[width:]))
        for facet, months, sign in _places(wanted, ROLLED_COUNTS)
        for row in connection.execute(_tally(wanted, facet, months, together))
        if None not in row[width:]  # a sum of no rows
    ]


def _places(wanted: Slice, rolled: Mapping[str, RollUp]) -> Iterator[tuple[str, list[int], int]]:
    """Facets, each with months, quarters or years, and whether these are added (1) or taken away (-1)."""
    facet = dict(wanted.where).get("facet", "")
    covered = cover(wanted.period, facet, None if "month" in wanted.group else rolled.get(facet))
    several: dict[tuple[str, int], list[int]] = defaultdict(list)
    for (name, month), sign in covered.items():
        several[name, sign].append(month)
    yield from ((name, months, sign) for (name, sign), months in several.items())


def _durations(connection: Connection, wanted: Slice) -> Sums:
    """Histograms, put together by the columns of ``group``."""
    table = DURATION_HISTOGRAM
    found: dict[tuple[str | int, ...], Histogram] = {}
    for facet, months, sign in _places(wanted, ROLLED_DURATIONS):
        matching = _matching(table, {**dict(wanted.where), "facet": facet})
        statement = select(*(table.c[each] for each in wanted.group), table.c.buckets)
        for *group, buckets in connection.execute(statement.where(table.c.month.in_(months), *matching)):
            histogram = histograms.read(buckets)
            signed = histogram if sign > 0 else tuple(map(neg, histogram))
            found[tuple(group)] = quantiles.together(found.get(tuple(group), ()), signed)
    return list(found.items())


def _tally(wanted: Slice, facet: str, months: list[int], together: CTE | None) -> Select[Any]:
    table, names = _SUMS[wanted.source]
    where = {**dict(wanted.where), **({"facet": facet} if facet else {})}
    group: list[ColumnElement[Any]] = [table.c[name] for name in wanted.group]
    source: FromClause = table
    if together is not None:
        ins = [together.alias() for _ in group]
        for column, stand_in in zip(group, ins, strict=True):
            source = source.join(stand_in, stand_in.c.key == column)
        group = [stand_in.c.value for stand_in in ins]
    statement = select(*group, *(_sum(table, name, wanted) for name in names)).select_from(source)
    # Each month by name: then a key that begins with the month finds its rows in as many looks.
    return statement.where(table.c.month.in_(months), *_matching(table, where)).group_by(*group)


def _sum(table: Table, name: str, wanted: Slice) -> ColumnElement[int]:
    if wanted.needed and name not in wanted.needed:
        return literal_column("0")
    # Each count fits; and PostgreSQL adds up small numbers in half the time.
    return func.sum(cast(table.c[name], Integer))


def _together(connection: Connection, stand_ins: Mapping[str, str]) -> CTE:
    """Agencies and who stands for them, as a table: one value is bound, however many they are."""
    written = bindparam(None, json.dumps(stand_ins), Text)
    if connection.dialect.name == "sqlite":
        each = func.json_each(written).table_valued("key", "value")
    else:
        each = func.jsonb_each_text(cast(written, JSONB)).table_valued("key", "value")
    # As text: SQLite looks nothing up by a column of no type.
    return select(cast(each.c.key, Text).label("key"), cast(each.c.value, Text).label("value")).cte()


def _matching(table: Table, where: Mapping[str, str]) -> list[ColumnElement[bool]]:
    return [table.c[column] == value for column, value in where.items()]


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
            *_matching(EXCHANGE, dict(wanted.where)),
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
