"""Reports over many exchanges: durations as one histogram a row, pairs by quarter, and types of a known list.

What is there is brought over, so that nothing has to be counted anew. The table of durations by bucket goes:
a process of an older release then stops counting instead of leaving the new tables behind.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter

import sqlalchemy as sa
from alembic import op

from exchange.core.quantiles import grown
from exchange.core.tallies import quarter_of, type_of

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 2_000
_COUNTS = (
    *("electronic", "with_paper", "paper", "unsigned", "under_way", "refused", "expired"),
    *("sent_on_time", "sent_late", "noticed_on_time", "noticed_late"),
)
_KEY = ("month", "facet", "value", "step")
_TALLY = sa.table("tally", *map(sa.column, ("month", "facet", "sender", "value", "unit", *_COUNTS)))
_DURATION = sa.table("duration_tally", *map(sa.column, (*_KEY, "bucket", "exchanges")))


def upgrade() -> None:
    histograms = op.create_table(
        "duration_histogram",
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("facet", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("buckets", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY),
        sqlite_with_rowid=False,
    )
    _insert(histograms, _histograms())
    op.drop_table("duration_tally")
    _quarters()
    _types()
    if op.get_bind().dialect.name == "postgresql":
        # Else it takes the months of one facet for few, and sorts what it should add up as it comes.
        op.execute(
            "CREATE STATISTICS tally_places (ndistinct, dependencies, mcv) ON month, facet, unit FROM tally"
        )
        op.execute("ANALYZE tally, duration_histogram")


def _insert(table: sa.TableClause, rows: Iterable[dict[str, object]]) -> None:
    left = iter(rows)
    while part := list(islice(left, _ROWS_AT_ONCE)):
        op.get_bind().execute(table.insert(), part)


def _histograms() -> Iterator[dict[str, object]]:
    """In the order of their keys, so that one at a time is in memory."""
    columns = [_DURATION.c[name] for name in _KEY]
    statement = sa.select(*columns, _DURATION.c.bucket, _DURATION.c.exchanges).order_by(*columns)
    rows = op.get_bind().execute(statement.execution_options(yield_per=10_000))
    for key, buckets in groupby(rows, key=attrgetter(*_KEY)):
        histogram = grown((), {each.bucket: each.exchanges for each in buckets})
        yield {**dict(zip(_KEY, key, strict=True)), "buckets": str([*histogram]).replace(" ", "")}


def _quarters() -> None:
    years = sa.select(_TALLY.c.month).distinct().where(_of("pair_year"))
    for year in op.get_bind().execute(years).scalars().all():
        for first in range(1, 12, 3):
            _quarter([year + first + number for number in range(3)])


def _quarter(months: list[int]) -> None:
    place = sa.literal(quarter_of(months[0]), sa.Integer())
    columns = (_TALLY.c.sender, _TALLY.c.value, _TALLY.c.unit)
    summed = (
        sa.select(place, sa.literal("pair_quarter"), *columns, *_sums())
        .where(_of("pair"), _TALLY.c.month.in_(months))
        .group_by(*columns)
    )
    op.get_bind().execute(_TALLY.insert().from_select([*_TALLY.c.keys()], summed))


def _of(facet: str) -> sa.ColumnElement[bool]:
    return _TALLY.c.facet == facet


def _sums() -> list[sa.ColumnElement[int]]:
    return [sa.cast(sa.func.sum(_TALLY.c[name]), sa.BigInteger()) for name in _COUNTS]


def _types() -> None:
    """What senders called types, under the known ones: read once, and written anew."""
    there = op.get_bind().execute(sa.select(_TALLY.c.value).distinct().where(_of("type"))).scalars()
    changed = {name: type_of(name) for name in there if type_of(name) != name}
    if not changed:
        return
    found: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0] * len(_COUNTS))
    columns = [_TALLY.c[name] for name in ("month", "sender", "value", "unit")]
    counts = [_TALLY.c[name] for name in _COUNTS]
    for month, sender, value, unit, *numbers in op.get_bind().execute(
        sa.select(*columns, *counts).where(_of("type"))
    ):
        there_ = found[month, sender, changed.get(value, value), unit]
        there_[:] = map(sum, zip(there_, numbers, strict=True))
    op.get_bind().execute(_TALLY.delete().where(_of("type")))
    names = [*_TALLY.c.keys()]
    _insert(
        _TALLY,
        (
            dict(zip(names, (month, "type", sender, value, unit, *numbers), strict=True))
            for (month, sender, value, unit), numbers in found.items()
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
