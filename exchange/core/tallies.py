"""Tallies: where exchanges stand, summed up by month. Each is a sum over exchanges, so it changes by the
difference between what an exchange adds now and what it added before.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from exchange.core.codes import document_types
from exchange.core.counting import Event, Exchange, Kind, apply, month_of
from exchange.core.quantiles import bucket_of
from exchange.core.share import Electronic, Standing, Unit, document_standing
from exchange.core.working_days import Calendar

# The columns of a tally. The first seven are of either unit; what was done in time is of exchanges alone.
COUNTS = (
    *("electronic", "with_paper", "paper", "unsigned", "under_way", "refused", "expired"),
    *("sent_on_time", "sent_late", "noticed_on_time", "noticed_late"),
)
PLACE: Mapping[str, int] = {name: place for place, name in enumerate(COUNTS)}

Counts = tuple[int, ...]  # one for each of COUNTS


MONTHS_OF_QUARTER = 3


class RollUp(NamedTuple):
    """Under which facets the tallies of another one are summed up by year, and by quarter if they are."""

    year: str
    quarter: str = ""


# Of these a report would have to look at many rows. A year stands under the month 00 of it, 201300; a
# quarter under 33 to 36, as in ISO 8601-2: 201333.
ROLLED_COUNTS: Mapping[str, RollUp] = {"pair": RollUp("pair_year", "pair_quarter")}
ROLLED_DURATIONS: Mapping[str, RollUp] = {
    "sender": RollUp("sender_year"),
    "receiver": RollUp("receiver_year"),
}
OTHER = "other"
"""Under which documents are counted whose type is no known one: what senders write has no bounds."""


class Facet(NamedTuple):
    """The key of a tally: facets ``all`` (value ""), ``pair`` (receiver), ``type``, ``urgency``, and
    ``receiver`` (of whatever sender: ""); and those of ``ROLLED_COUNTS``.
    """

    month: int
    facet: str
    sender: str
    value: str
    unit: str


class Duration(NamedTuple):
    """The key of a histogram of durations, in buckets of ``core.quantiles``.

    Facets ``all`` (value ""), ``sender``, ``receiver``: of pairs there would be as many as exchanges; and
    those of ``ROLLED_DURATIONS``.
    """

    month: int
    facet: str
    value: str
    step: str
    """``accepted_delivered`` or ``delivered_registered``."""


class Cause(NamedTuple):
    """The key of a tally of how deliveries ended that did not arrive."""

    month: int
    sender: str
    receiver: str
    event: str
    """``refused`` or ``expired``."""
    cause: str


class Part(NamedTuple):
    """What an exchange adds to its document: several of one are told apart by nothing else."""

    month: int
    type_name: str
    priority: int
    standing: str
    unsigned: bool


Key = tuple[str, str]  # identity, receiver
Parts = Counter[Part]
_Fine = tuple[int, str, str, str, int]  # month, sender, receiver, type, urgency
_FacetKey = tuple[int, str, str, str, str]  # a Facet, not yet one: of these there are many
_Facets = dict[_FacetKey, list[int]]
_NOT_ARRIVED = frozenset({Electronic.REFUSED, Electronic.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an agency told of its paper in a month: registrations that stand, and declarations of none."""

    registrations: int = 0
    none_declared: int = 0


@dataclass(slots=True)
class Changes:
    """What a run of events changed: tallies by how much, exchanges and documents to what they are now."""

    exchanges: dict[Key, Exchange] = field(default_factory=dict)
    documents: dict[str, Parts] = field(default_factory=dict)
    facets: dict[Facet, Counts] = field(default_factory=dict)
    durations: dict[Duration, Counter[int]] = field(default_factory=dict)  # by bucket
    causes: dict[Cause, int] = field(default_factory=dict)
    reports: dict[tuple[str, int], Report] = field(default_factory=dict)  # by agency and month


def key_of(event: Event) -> Key | None:
    """The exchange that an event speaks of; None of a declaration, which speaks of a month."""
    if event.kind is Kind.PAPER_NONE or event.declared:
        return None
    return event.subject.identity, event.receiver


def fold(
    events: Iterable[Event],
    exchanges: Mapping[Key, Exchange],
    documents: Mapping[str, Parts],
    calendar: Calendar,
) -> Changes:
    """Fold events onto what stands: ``exchanges`` and ``documents`` hold whatever is known of theirs."""
    now: dict[Key, Exchange] = {}
    reports: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for event in events:
        key = key_of(event)
        if key is None:
            assert event.sent_on is not None
            step = -1 if event.kind is Kind.PAPER_WITHDRAWN else 1
            reports[event.subject.sender, month_of(event.sent_on)][1] += step
            continue
        before = now.get(key) or exchanges.get(key)
        after = apply(before, event, calendar)
        if after is not None and after is not before:
            now[key] = after
    changes = Changes(exchanges=now)
    _tally(changes, exchanges, documents)
    for (agency, month), (registrations, none) in _registrations(now, exchanges, reports).items():
        changes.reports[agency, month] = Report(registrations=registrations, none_declared=none)
    return changes


def _registrations(
    now: Mapping[Key, Exchange],
    before: Mapping[Key, Exchange],
    reports: dict[tuple[str, int], list[int]],
) -> dict[tuple[str, int], list[int]]:
    for key, exchange in now.items():
        for copy in exchange.copies:
            reports[exchange.sender, month_of(copy.sent_on)][0] += 1
        for copy in before[key].copies if key in before else ():
            reports[exchange.sender, month_of(copy.sent_on)][0] -= 1
    return {key: counts for key, counts in reports.items() if any(counts)}


class _Added(NamedTuple):
    """What one exchange adds to the tallies."""

    place: _Fine
    columns: list[int]  # of COUNTS, in each of which it is one
    part: Part


def _tally(changes: Changes, before: Mapping[Key, Exchange], documents: Mapping[str, Parts]) -> None:
    fine: dict[_Fine, list[int]] = {}
    durations: dict[Duration, Counter[int]] = defaultdict(Counter)
    causes: Counter[Cause] = Counter()
    parts: dict[str, Parts] = {}
    for key, after in changes.exchanges.items():
        changed = parts.setdefault(key[0], Counter())
        for exchange, sign in ((before.get(key), -1), (after, 1)):
            added = None if exchange is None else _added(exchange)
            if exchange is None or added is None:
                continue
            _add(fine, added, sign)
            changed[added.part] += sign
            if exchange.delivered_at is not None:
                for duration, bucket in _durations(exchange, added.place):
                    durations[duration][bucket] += sign
            if exchange.electronic in _NOT_ARRIVED:
                causes[_cause(exchange, added.place)] += sign
    facets = _spread(fine)
    senders = {identity: each.sender for (identity, _), each in changes.exchanges.items()}
    for identity, changed in parts.items():
        parts_before = documents.get(identity, Counter())
        parts_after = _grown(parts_before, changed)
        if parts_after is not None:
            changes.documents[identity] = parts_after
            _add_document(facets, senders[identity], parts_before, parts_after)
    changes.facets = {Facet._make(key): tuple(counts) for key, counts in facets.items() if any(counts)}
    changes.durations = {key: buckets for key, buckets in durations.items() if any(buckets.values())}
    changes.causes = {key: count for key, count in causes.items() if count}


def _added(exchange: Exchange) -> _Added | None:
    """None of one that was taken back entirely."""
    standing, sent_on = exchange.standing, exchange.sent_on
    if standing is None:
        return None
    assert sent_on is not None
    month = month_of(sent_on)
    type_name, priority = exchange.kind_of_document
    unsigned = standing is Standing.ELECTRONIC and not exchange.signed
    columns = [PLACE[standing.value]]
    if unsigned:
        columns.append(PLACE["unsigned"])
    if exchange.sent_in_time is not None:
        columns.append(PLACE["sent_on_time" if exchange.sent_in_time else "sent_late"])
    if exchange.noticed_in_time is not None:
        columns.append(PLACE["noticed_on_time" if exchange.noticed_in_time else "noticed_late"])
    return _Added(
        (month, exchange.sender, exchange.receiver, type_name, priority),
        columns,
        Part(month, type_name, priority, standing.value, unsigned),
    )


def _add(fine: dict[_Fine, list[int]], added: _Added, sign: int) -> None:
    counts = fine.get(added.place)
    if counts is None:
        counts = fine[added.place] = [0] * len(COUNTS)
    for column in added.columns:
        counts[column] += sign


def year_of(month: int) -> int:
    """The key of its year among months: 201300 of 201311."""
    return month // 100 * 100


def quarter_of(month: int) -> int:
    """The key of its quarter among months: 201336 of 201311."""
    return year_of(month) + 33 + (month % 100 - 1) // MONTHS_OF_QUARTER


Place = tuple[str, int]  # a facet, and a month, quarter or year of it


def cover(months: Iterable[int], facet: str, rolled: RollUp | None) -> Mapping[Place, int]:
    """The few tallies that months are summed up from: 1 for what is added, -1 for what is taken away.

    Eleven months are a year less one.
    """
    found: dict[Place, int] = {}
    for year, each in groupby(sorted(months), key=year_of):
        inside = list(each)
        parts = _parts(inside, facet, rolled)
        rest = _parts((year + n for n in range(1, 13) if year + n not in inside), facet, rolled)
        if rolled is None or len(parts) <= len(rest) + 1:
            found |= dict.fromkeys(parts, 1)
        else:
            found |= {(rolled.year, year): 1, **dict.fromkeys(rest, -1)}
    return found


def _parts(months: Iterable[int], facet: str, rolled: RollUp | None) -> list[Place]:
    """Whole quarters, if there are any, and months."""
    found: list[Place] = []
    for quarter, each in groupby(months, key=quarter_of):
        several = list(each)
        if rolled is not None and rolled.quarter and len(several) == MONTHS_OF_QUARTER:
            found.append((rolled.quarter, quarter))
        else:
            found += [(facet, month) for month in several]
    return found


def type_of(name: str) -> str:
    """Under which type a document is counted: one of ``codes.DOCUMENT_TYPES``, "" of none, else ``OTHER``."""
    found = document_types(name) if name else ()
    return found[0].name if found else OTHER if name else ""


def _durations(exchange: Exchange, place: _Fine) -> Iterator[tuple[Duration, int]]:
    """Each with its bucket."""
    month, sender, receiver, _, _ = place
    steps = (
        ("accepted_delivered", exchange.accepted_at, exchange.delivered_at),
        ("delivered_registered", exchange.delivered_at, exchange.registered_at),
    )
    for step, begin, end in steps:
        if begin is not None and end is not None:
            bucket = bucket_of((end - begin).total_seconds())
            yield Duration(month, "all", "", step), bucket
            for facet, value in (("sender", sender), ("receiver", receiver)):
                yield Duration(month, facet, value, step), bucket
                yield Duration(year_of(month), ROLLED_DURATIONS[facet].year, value, step), bucket


def _cause(exchange: Exchange, place: _Fine) -> Cause:
    return Cause(place[0], place[1], place[2], exchange.electronic.value, exchange.cause)


def _spread(fine: Mapping[_Fine, list[int]]) -> _Facets:
    """The tallies of exchanges under every facet."""
    facets: _Facets = {}
    unit, pairs = Unit.EXCHANGES.value, ROLLED_COUNTS["pair"]
    for (month, sender, receiver, type_name, priority), counts in fine.items():
        changed = [(place, count) for place, count in enumerate(counts) if count]
        if not changed:
            continue
        for key in (
            (month, "all", sender, "", unit),
            (month, "pair", sender, receiver, unit),
            (quarter_of(month), pairs.quarter, sender, receiver, unit),
            (year_of(month), pairs.year, sender, receiver, unit),
            (month, "receiver", "", receiver, unit),
            (month, "type", sender, type_of(type_name), unit),
            (month, "urgency", sender, str(priority), unit),
        ):
            there = _facet(facets, key)
            for place, count in changed:
                there[place] += count
    return facets


def _facet(facets: _Facets, key: _FacetKey) -> list[int]:
    there = facets.get(key)
    if there is None:
        there = facets[key] = [0] * len(COUNTS)
    return there


def _grown(before: Parts, changed: Parts) -> Parts | None:
    """What a document is made of now; None if that did not change."""
    after = Counter({part: count for part in before | changed if (count := before[part] + changed[part])})
    return None if after == before else after


def _add_document(facets: _Facets, sender: str, before: Parts, after: Parts) -> None:
    for parts, sign in ((before, -1), (after, 1)):
        if parts:
            for key, name in _of_document(sender, parts):
                _facet(facets, key)[PLACE[name]] += sign


def _of_document(sender: str, parts: Parts) -> Iterator[tuple[_FacetKey, str]]:
    """The tallies in which a document is counted, each with the column."""
    standing = _document_standing(parts)
    # Of several, that of its first month; there is one type and one urgency in practice.
    month, type_name, priority = min((part.month, part.type_name, part.priority) for part in parts)
    unsigned = standing == Standing.ELECTRONIC.value and any(part.unsigned for part in parts)
    for facet, value in (("all", ""), ("type", type_of(type_name)), ("urgency", str(priority))):
        key = (month, facet, sender, value, Unit.DOCUMENTS.value)
        yield key, standing
        if unsigned:
            yield key, "unsigned"


def _document_standing(parts: Parts) -> str:
    found = {part.standing for part in parts}
    if len(found) == 1:
        return found.pop()
    standing = document_standing(map(Standing, found))
    assert standing is not None
    return standing.value
