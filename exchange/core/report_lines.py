"""Lines of a report: which line a figure belongs to, and sums by line."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from exchange.core.period import Period, Step, label
from exchange.core.report import Basis, By, Question, Remark, Reporting, Span, Value
from exchange.core.report_slices import Gathered, Slice
from exchange.core.tallies import PLACE
from exchange.core.targets import NO_TARGETS, Targets
from exchange.core.working_days import Calendar

Key = tuple[str, ...]
Lines = dict[Key, tuple[Value, ...]]

# Columns, lines, and the line of all together.
Table = tuple[tuple[str, ...], Lines, tuple[Value, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that a report is made of."""

    question: Question
    made_at: datetime
    basis: Basis
    gathered: Gathered
    spans: tuple[Span, ...]
    """The question's period, cut where the structure changes."""
    expected: tuple[Reporting, ...] = ()
    """Agencies that are to tell of their paper; how often they did is filled in here."""
    targets: Targets = NO_TARGETS
    calendar: Calendar | None = None
    """By which it was judged what was done in time."""
    remarks: tuple[Remark, ...] = ()


def keys(material: Material, of: Slice) -> Callable[[tuple[str | int, ...]], Key]:
    """From the columns by which a slice is grouped to the line that it belongs to."""
    question = material.question
    if question.of_time:
        step = Step(question.by.value)
        return lambda group: (label(int(group[0]), step),)
    span = next((each for each in material.spans if each.period == of.period), material.spans[0])
    if question.by in (By.AGENCY, By.RECEIVER):
        return lambda group: (span.place(str(group[0])).key,)
    if question.by is By.LEVEL:
        return lambda group: (span.place(str(group[0])).level,)
    if question.by is By.PARENT:
        return lambda group: (span.place(str(group[0])).parent,)
    if question.by is By.PAIR:
        return lambda group: (span.place(str(group[0])).level, span.place(str(group[1])).level)
    return lambda group: tuple(map(str, group))


def names_agencies(question: Question) -> bool:
    """Whether its lines follow from where agencies stand."""
    return question.by in (By.AGENCY, By.RECEIVER, By.LEVEL, By.PARENT, By.PAIR)


# --- sums ---


def summed(material: Material, wanted: Iterable[Slice]) -> dict[Key, list[int]]:
    """The counts of slices, by line; none of a line of which nothing that is needed was counted."""
    found: dict[Key, list[int]] = {}
    needed: set[int] = set()
    for each in wanted:
        key_of = keys(material, each)
        needed |= {PLACE[name] for name in each.needed}
        for group, values in material.gathered[each]:
            there = found.setdefault(key_of(group), [0] * len(values))
            for place, value in enumerate(values):
                there[place] += value
    return {key: counts for key, counts in found.items() if any(counts[place] for place in needed)}


def together(lines: Iterable[Sequence[int]], width: int) -> list[int]:
    """The sum of lines, each of so many values."""
    total = [0] * width
    for line in lines:
        for place, value in enumerate(line):
            total[place] += value
    return total


def every_time(question: Question) -> Iterator[Key]:
    """The lines of a report by time, also where nothing was."""
    if question.of_time:
        yield from dict.fromkeys((label(month, Step(question.by.value)),) for month in question.period)


def ratio(part: int, other: int) -> float | None:
    """What ``part`` is of both, 0..1; None of nothing."""
    return rounded(part / (part + other)) if part + other else None


def rounded(ratio: float | None) -> float | None:
    """The same on every machine."""
    return None if ratio is None else round(ratio, 6)


def whole(period: Period) -> tuple[Span, ...]:
    """One span over all of it: no agency is named."""
    return (Span(period=period),)
