"""Under which agency, level and parent the figures of a report stand: of then or of now.

Tallies are kept by month: *then* is the last day of each month. Where a level or parent changes within a
report's period, the period is cut there.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from operator import attrgetter

from exchange.core.directory import Directory, standings
from exchange.core.period import Period, month_of
from exchange.core.report import By, Place, Question, Reporting, Span
from exchange.core.report_slices import PAIR, RECEIVER, Gathered, Slice, Source
from exchange.core.structure import Structure, group, standing

_OUTSIDE = "national"  # ministries and hubs: their paper is not the province's to know


def periods(directory: Directory, question: Question) -> tuple[Period, ...]:
    """The question's period, cut where the structure that it asks for changes."""
    if question.structure is Structure.NOW or question.by not in (By.LEVEL, By.PARENT, By.PAIR):
        return (question.period,)
    changes = attrgetter("parent" if question.by is By.PARENT else "level")
    borders = frozenset(
        month_of(after.since)
        for agency in directory
        for before, after in pairwise(standings(agency))
        if changes(before) != changes(after)
    )
    return question.period.cut(borders)


def spans(
    directory: Directory, question: Question, agencies: Mapping[Period, Iterable[str]], today: date
) -> tuple[Span, ...]:
    """Each of the periods, with the places of the agencies that were found in it."""
    found: list[Span] = []
    for period, keys in agencies.items():
        day = today if question.structure is Structure.NOW else period.last_day
        places = {key: _place(directory, key, day, question.structure) for key in sorted(keys)}
        for parent in {place.parent for place in places.values() if question.by is By.PARENT}:
            places.setdefault(parent, _place(directory, parent, day, question.structure))
        found.append(Span(period=period, places=places))
    return tuple(found)


def stand_ins(span: Span) -> Mapping[str, str]:
    """For each agency the first one of its level: among pairs of levels these are the same."""
    first: dict[str, str] = {}
    for key in sorted(span.places):
        first.setdefault(span.places[key].level, key)
    return {key: first[place.level] for key, place in span.places.items()}


def named(gathered: Gathered, period: Period) -> set[str]:
    """The agencies that figures of a period are about."""
    return {key for each, sums in gathered.items() for key in _agencies(each, sums, period)}


def expected(directory: Directory, question: Question) -> tuple[Reporting, ...]:
    """Who is to tell of paper: every agency of the province that was open at some time of the period."""
    period = question.period
    return tuple(
        Reporting(code=agency.code, name=agency.as_of(period.last_day).name)
        for agency in sorted(directory, key=lambda each: each.code)
        if agency.valid_from <= period.last_day
        and (agency.valid_to is None or agency.valid_to >= period.first_day)
        and agency.level != _OUTSIDE
        and question.agency in ("", agency.code)
    )


def _place(directory: Directory, key: str, day: date, structure: Structure) -> Place:
    found = standing(directory, key, day, structure)
    own = group(directory, key, day, structure)
    if found is None:
        return Place(key=own)
    return Place(key=own, name=found.name, level=found.level.value, parent=found.parent)


def _agencies(
    of: Slice, sums: Iterable[tuple[tuple[str | int, ...], tuple[int, ...]]], period: Period
) -> set[str]:
    """The keys of agencies among the columns by which a slice is grouped."""
    if of.period != period and of.source is Source.COUNTS:
        return set()
    facet = dict(of.where).get("facet", "")
    columns = [
        place
        for place, column in enumerate(of.group)
        if column in ("sender", "receiver", "agency")
        or (column == "value" and (facet in (PAIR, RECEIVER) or of.source is Source.DURATIONS))
    ]
    return {str(values[place]) for values, _ in sums for place in columns}
