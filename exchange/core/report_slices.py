"""What a report needs of the tallies: slices, each summed up by some of its columns.

The broker takes them out of its database, an auditor out of what he folded himself; the figures are made
of them by the same code (``report_making``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exchange.core.forecast import MONTHS_MAX as TREND_MONTHS
from exchange.core.period import Period
from exchange.core.report import By, Kind, Question


class Source(StrEnum):
    """Which tally."""

    COUNTS = "counts"
    """Columns month, facet, sender, value, unit; values as ``core.tallies.COUNTS``."""
    DURATIONS = "durations"
    """Columns month, facet, value, step; a ``core.quantiles.Histogram``."""
    CAUSES = "causes"
    """Columns month, sender, receiver, event, cause; exchanges."""
    REPORTED = "reported"
    """Columns month, agency; registrations that stand, and declarations of none."""
    UNDER_WAY = "under_way"
    """Columns sender, receiver; exchanges, and when the oldest was accepted, in microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The rows of a tally of some months for which the named columns have these values, summed up."""

    source: Source
    period: Period
    where: tuple[tuple[str, str], ...] = ()
    group: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    """Of counts: the columns that are looked at. In the sums the others may hold anything."""


# Of each sum the columns of ``group``, and the values.
Sums = Sequence[tuple[tuple[str | int, ...], tuple[int, ...]]]
Gathered = Mapping[Slice, Sums]

ALL, PAIR, SENDER, RECEIVER = "all", "pair", "sender", "receiver"
_FACETS: Mapping[By, str] = {By.PAIR: PAIR, By.TYPE: "type", By.URGENCY: "urgency"}
_OF_AGENCIES = (By.AGENCY, By.LEVEL, By.PARENT)
_NEEDED: Mapping[Kind, tuple[str, ...]] = {
    Kind.SHARE: ("electronic", "with_paper", "paper", "unsigned", "under_way", "refused", "expired"),
    Kind.TIME: ("sent_on_time", "sent_late", "noticed_on_time", "noticed_late"),
    Kind.WAITING: ("expired",),
}


def slices(question: Question, spans: Sequence[Period]) -> tuple[Slice, ...]:
    """All that the question needs. ``spans`` cut its period where the structure changes."""
    return tuple(dict.fromkeys(_SLICES[question.kind](question, spans)))


def counted(question: Question, period: Period) -> Slice:
    """The counts of a span, by what the lines are made of."""
    if question.of_time:
        return _counts(question, period, ALL, "month")
    if question.by in _OF_AGENCIES:
        return _counts(question, period, ALL, "sender")
    if question.by is By.PAIR:
        return _counts(question, period, PAIR, "sender", "value")
    return _counts(question, period, _FACETS[question.by], "value")


def noticed(question: Question, period: Period) -> Slice:
    """What was noticed in time: the receiver's doing, and so of one agency what came to it."""
    if question.agency:
        where = (("facet", RECEIVER), ("unit", question.unit.value), ("value", question.agency))
        group = "month" if question.of_time else "value"
        needed = _NEEDED[question.kind]
        return Slice(source=Source.COUNTS, period=period, where=where, group=(group,), needed=needed)
    return received(question, period) if question.by in _OF_AGENCIES else counted(question, period)


def received(question: Question, period: Period) -> Slice:
    """The counts of a span, by receiver."""
    return _counts(question, period, PAIR if question.agency else RECEIVER, "value")


def trend(question: Question) -> Slice:
    """The months that a forecast looks at."""
    period = question.period.back(max(0, TREND_MONTHS + 1 - len(question.period)))
    return _counts(question, period, ALL, "month")


def reported(question: Question) -> Slice:
    """Who told of paper, and when."""
    where = (("agency", question.agency),) if question.agency else ()
    return Slice(source=Source.REPORTED, period=question.period, where=where, group=("agency", "month"))


def durations(question: Question) -> Slice:
    """How long it took, by what the lines are made of."""
    if question.of_time:
        return _durations(question, "month")
    facet = SENDER if question.by is By.AGENCY else RECEIVER
    where = (("facet", facet), *((("value", question.agency),) if question.agency else ()))
    group = ("value", "step")
    return Slice(source=Source.DURATIONS, period=question.period, where=where, group=group)


def durations_together(question: Question) -> Slice:
    """How long it took, altogether."""
    return _durations(question)


def _durations(question: Question, *group: str) -> Slice:
    facet = SENDER if question.agency else ALL
    where = (("facet", facet), ("value", question.agency))
    return Slice(source=Source.DURATIONS, period=question.period, where=where, group=(*group, "step"))


def causes(question: Question) -> Slice:
    """What did not arrive."""
    group: tuple[str, ...] = ("event", "cause")
    if question.by is By.RECEIVER:
        group = ("receiver", "event")
    elif question.of_time:
        group = ("month", "event")
    return Slice(source=Source.CAUSES, period=question.period, where=_of_sender(question), group=group)


def under_way(question: Question) -> Slice:
    """What is still under way, and since when."""
    return Slice(
        source=Source.UNDER_WAY, period=question.period, where=_of_sender(question), group=("receiver",)
    )


def _of_sender(question: Question) -> tuple[tuple[str, str], ...]:
    return (("sender", question.agency),) if question.agency else ()


def _counts(question: Question, period: Period, facet: str, *group: str) -> Slice:
    where = (("facet", facet), ("unit", question.unit.value), *_of_sender(question))
    needed = _NEEDED[question.kind]
    return Slice(source=Source.COUNTS, period=period, where=where, group=group, needed=needed)


def _for_share(question: Question, spans: Sequence[Period]) -> Iterator[Slice]:
    yield from (counted(question, span) for span in spans)
    yield reported(question)
    if question.of_time:
        yield trend(question)


def _for_time(question: Question, spans: Sequence[Period]) -> Iterator[Slice]:
    for span in spans:
        yield counted(question, span)
        yield noticed(question, span)


def _for_duration(question: Question, spans: Sequence[Period]) -> Iterator[Slice]:  # noqa: ARG001
    yield durations(question)
    yield durations_together(question)


def _for_refusals(question: Question, spans: Sequence[Period]) -> Iterator[Slice]:  # noqa: ARG001
    yield causes(question)


def _for_waiting(question: Question, spans: Sequence[Period]) -> Iterator[Slice]:
    yield under_way(question)
    yield from (received(question, span) for span in spans)


_SLICES = {
    Kind.SHARE: _for_share,
    Kind.TIME: _for_time,
    Kind.DURATION: _for_duration,
    Kind.REFUSALS: _for_refusals,
    Kind.WAITING: _for_waiting,
}
