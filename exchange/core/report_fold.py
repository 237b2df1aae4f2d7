"""Slices of tallies out of a fold in memory: what an auditor makes a report of."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from exchange.core.counting import Exchange
from exchange.core.edxml import VIETNAM
from exchange.core.period import Period
from exchange.core.quantiles import grown, together
from exchange.core.report_slices import Gathered, Slice, Source
from exchange.core.share import Electronic
from exchange.core.tallies import Changes

Cells = Mapping[str, str | int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Gathering:
    """Slices out of folds that follow each other, each from the first leaf on or onto the one before.

    All but what is under way are sums, so the folds need not be kept.
    """

    def __init__(self, wanted: Iterable[Slice]) -> None:
        self._sums: dict[Slice, _Sums] = {each: {} for each in wanted}

    def add(self, changes: Changes) -> None:
        """What a fold changed."""
        for wanted, sums in self._sums.items():
            if wanted.source is not Source.UNDER_WAY:
                _sum(sums, wanted, _ROWS[wanted.source](changes, wanted))

    def gathered(self, exchanges: Iterable[Exchange]) -> Gathered:
        """The slices; ``exchanges`` are all, as they are after the last fold."""
        for wanted, sums in self._sums.items():
            if wanted.source is Source.UNDER_WAY:
                _sum(sums, wanted, _under_way(exchanges, wanted.period))
        return {wanted: tuple(sums.items()) for wanted, sums in self._sums.items()}


_Sums = dict[tuple[str | int, ...], tuple[int, ...]]


def _sum(sums: _Sums, wanted: Slice, rows: "Rows") -> None:
    for cells, values in rows:
        if any(cells[column] != value for column, value in wanted.where):
            continue
        key = tuple(cells[column] for column in wanted.group)
        before = sums.get(key)
        sums[key] = values if before is None else _added(before, values, wanted.source)


def _added(one: tuple[int, ...], other: tuple[int, ...], source: Source) -> tuple[int, ...]:
    if source is Source.UNDER_WAY:
        return one[0] + other[0], min(one[1], other[1])
    if source is Source.DURATIONS:
        return together(one, other)
    return tuple(a + b for a, b in zip(one, other, strict=True))


Rows = Iterator[tuple[Cells, tuple[int, ...]]]


def _counts(folded: Changes, wanted: Slice) -> Rows:
    period, facet = wanted.period, dict(wanted.where)["facet"]
    for key, counts in folded.facets.items():
        if key.facet == facet and period.first <= key.month <= period.last:
            yield key._asdict(), counts


def _durations(folded: Changes, wanted: Slice) -> Rows:
    period, facet = wanted.period, dict(wanted.where)["facet"]
    for key, buckets in folded.durations.items():
        if key.facet == facet and period.first <= key.month <= period.last:
            yield key._asdict(), grown((), buckets)


def _causes(folded: Changes, wanted: Slice) -> Rows:
    period = wanted.period
    for key, exchanges in folded.causes.items():
        if period.first <= key.month <= period.last:
            yield key._asdict(), (exchanges,)


def _reported(folded: Changes, wanted: Slice) -> Rows:
    period = wanted.period
    for (agency, month), told in folded.reports.items():
        if period.first <= month <= period.last:
            yield {"agency": agency, "month": month}, (told.registrations, told.none_declared)


def _under_way(exchanges: Iterable[Exchange], period: Period) -> Rows:
    for each in exchanges:
        if each.electronic is not Electronic.UNDER_WAY or each.accepted_at is None:
            continue
        if period.first_day <= each.accepted_at.astimezone(VIETNAM).date() <= period.last_day:
            accepted = (each.accepted_at - _EPOCH) // _MICROSECOND
            yield {"sender": each.sender, "receiver": each.receiver}, (1, accepted)


_ROWS = {
    Source.COUNTS: _counts,
    Source.DURATIONS: _durations,
    Source.CAUSES: _causes,
    Source.REPORTED: _reported,
}
