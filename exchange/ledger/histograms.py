"""Histograms of durations, a row for each: what changes one reads it first."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import orjson
from sqlalchemy import Connection, select

from exchange.core.quantiles import Histogram, grown
from exchange.core.tallies import Duration
from exchange.ledger import bulk
from exchange.share_tables import DurationHistogramRow

DURATION_HISTOGRAM = DurationHistogramRow.__table__  # type: ignore[attr-defined]

_IN_MAX = 400  # values asked for in one statement


def grown_rows(connection: Connection, changes: Mapping[Duration, Mapping[int, int]]) -> list[bulk.Row]:
    """The rows as they are with these changes, by bucket; the caller holds the lock."""
    keys = sorted(changes)
    before = _stored(connection, keys)
    return [_row(key, grown(before.get(key, ()), changes[key])) for key in keys]


def read(buckets: str) -> Histogram:
    """What a row holds."""
    return tuple(orjson.loads(buckets))


def _row(key: Duration, histogram: Histogram) -> bulk.Row:
    return {**key._asdict(), "buckets": orjson.dumps(histogram).decode()}


def _stored(connection: Connection, keys: Sequence[Duration]) -> dict[Duration, Histogram]:
    """Those of sorted ``keys`` that there are, and some that lie beside them."""
    found: dict[Duration, Histogram] = {}
    table = DURATION_HISTOGRAM.c
    for (month, facet), several in groupby(keys, key=lambda each: (each.month, each.facet)):
        values = list(dict.fromkeys(each.value for each in several))
        for place in range(0, len(values), _IN_MAX):
            statement = select(table.value, table.step, table.buckets).where(
                table.month == month, table.facet == facet, table.value.in_(values[place : place + _IN_MAX])
            )
            for value, step, buckets in connection.execute(statement):
                found[Duration(month, facet, value, step)] = read(buckets)
    return found
