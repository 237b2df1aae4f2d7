"""Slices of tallies out of a fold in memory: what an auditor makes a report of."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from exchange.core.edxml import VIETNAM
from exchange.core.period import Period
from exchange.core.quantiles import grown, together
from exchange.core.report_slices import Gathered, Slice, Source
from exchange.core.share import Electronic
from exchange.core.tallies import Changes

Cells = Mapping[str, str | int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def gather(folded: Changes, wanted: Iterable[Slice]) -> Gathered:
    """The slices; ``folded`` is a fold from the first leaf on, onto nothing."""
    return {each: _sums(folded, each) for each in wanted}


def _sums(folded: Changes, wanted: Slice) -> tuple[tuple[tuple[str | int, ...], tuple[int, ...]], ...]:
    found: dict[tuple[str | int, ...], tuple[int, ...]] = {}
    for cells, values in _ROWS[wanted.source](folded, wanted.period):
        if any(cells[column] != value for column, value in wanted.where):
            continue
        key = tuple(cells[column] for column in wanted.group)
        before = found.get(key)
        found[key] = values if before is None else _added(before, values, wanted.source)
    return tuple(found.items())


def _added(one: tuple[int, ...], other: tuple[int, ...], source: Source) -> tuple[int, ...]:
    if source is Source.UNDER_WAY:
        return one[0] + other[0], min(one[1], other[1])
    if source is Source.DURATIONS:
        return together(one, other)
    return tuple(a + b for a, b in zip(one, other, strict=True))


Rows = Iterator[tuple[Cells, tuple[int, ...]]]


def _counts(folded: Changes, period: Period) -> Rows:
    for key, counts in folded.facets.items():
        if period.first <= key.month <= period.last:
            yield key._asdict(), counts


def _durations(folded: Changes, period: Period) -> Rows:
    for key, buckets in folded.durations.items():
        if period.first <= key.month <= period.last:
            yield key._asdict(), grown((), buckets)


def _causes(folded: Changes, period: Period) -> Rows:
    for key, exchanges in folded.causes.items():
        if period.first <= key.month <= period.last:
            yield key._asdict(), (exchanges,)


def _reported(folded: Changes, period: Period) -> Rows:
    for (agency, month), told in folded.reports.items():
        if period.first <= month <= period.last:
            yield {"agency": agency, "month": month}, (told.registrations, told.none_declared)


def _under_way(folded: Changes, period: Period) -> Rows:
    for each in folded.exchanges.values():
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
    Source.UNDER_WAY: _under_way,
}
