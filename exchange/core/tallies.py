"""Tallies: where exchanges stand, summed up by month. Each is a sum over exchanges, so it changes by the
difference between what an exchange adds now and what it added before.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

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


class Facet(NamedTuple):
    """The key of a tally: facets ``all`` (value ""), ``pair`` (receiver), ``type``, ``urgency``."""

    month: int
    facet: str
    sender: str
    value: str
    unit: str


class Duration(NamedTuple):
    """The key of a tally of durations, in buckets of ``core.quantiles``.

    Facets ``all`` (value ""), ``sender``, ``receiver``: of pairs there would be as many rows as exchanges.
    """

    month: int
    facet: str
    value: str
    step: str
    """``accepted_delivered`` or ``delivered_registered``."""
    bucket: int


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
    durations: dict[Duration, int] = field(default_factory=dict)
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


def _tally(changes: Changes, before: Mapping[Key, Exchange], documents: Mapping[str, Parts]) -> None:
    fine: dict[_Fine, list[int]] = {}
    durations: Counter[Duration] = Counter()
    causes: Counter[Cause] = Counter()
    parts: dict[str, Parts] = {}
    for key, after in changes.exchanges.items():
        changed = parts.setdefault(key[0], Counter())
        for exchange, sign in ((before.get(key), -1), (after, 1)):
            if exchange is None:
                continue
            place = _place(exchange)
            if place is None:
                continue
            _add(fine, place, _counts(exchange), sign)
            changed[_part(exchange, place)] += sign
            for duration in _durations(exchange, place):
                durations[duration] += sign
            cause = _cause(exchange, place)
            if cause is not None:
                causes[cause] += sign
    facets = _spread(fine)
    senders = {identity: each.sender for (identity, _), each in changes.exchanges.items()}
    for identity, changed in parts.items():
        parts_before = documents.get(identity, Counter())
        parts_after = _grown(parts_before, changed)
        if parts_after is not None:
            changes.documents[identity] = parts_after
            _add_document(facets, senders[identity], parts_before, parts_after)
    changes.facets = {facet: tuple(counts) for facet, counts in facets.items() if any(counts)}
    changes.durations = {key: count for key, count in durations.items() if count}
    changes.causes = {key: count for key, count in causes.items() if count}


def _place(exchange: Exchange) -> _Fine | None:
    """By what it is counted; None of one that was taken back entirely."""
    if exchange.standing is None:
        return None
    sent_on = exchange.sent_on
    assert sent_on is not None
    return (month_of(sent_on), exchange.sender, exchange.receiver, *exchange.kind_of_document)


def _counts(exchange: Exchange) -> list[int]:
    counts = [0] * len(COUNTS)
    standing = exchange.standing
    assert standing is not None
    counts[PLACE[standing]] = 1
    counts[PLACE["unsigned"]] = int(standing is Standing.ELECTRONIC and not exchange.signed)
    if exchange.sent_in_time is not None:
        counts[PLACE["sent_on_time" if exchange.sent_in_time else "sent_late"]] = 1
    if exchange.noticed_in_time is not None:
        counts[PLACE["noticed_on_time" if exchange.noticed_in_time else "noticed_late"]] = 1
    return counts


def _add(into: dict[_Fine, list[int]], key: _Fine, counts: list[int], sign: int) -> None:
    there = into.get(key)
    if there is None:
        into[key] = [sign * count for count in counts]
        return
    for place, count in enumerate(counts):
        there[place] += sign * count


def _part(exchange: Exchange, place: _Fine) -> Part:
    standing = exchange.standing
    assert standing is not None
    unsigned = standing is Standing.ELECTRONIC and not exchange.signed
    return Part(place[0], place[3], place[4], standing.value, unsigned)


def _durations(exchange: Exchange, place: _Fine) -> Iterator[Duration]:
    steps = (
        ("accepted_delivered", exchange.accepted_at, exchange.delivered_at),
        ("delivered_registered", exchange.delivered_at, exchange.registered_at),
    )
    for step, begin, end in steps:
        if begin is not None and end is not None:
            bucket = bucket_of(_seconds(begin, end))
            for facet, value in (("all", ""), ("sender", place[1]), ("receiver", place[2])):
                yield Duration(place[0], facet, value, step, bucket)


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()


def _cause(exchange: Exchange, place: _Fine) -> Cause | None:
    if exchange.electronic not in (Electronic.REFUSED, Electronic.EXPIRED):
        return None
    return Cause(place[0], place[1], place[2], exchange.electronic.value, exchange.cause)


def _spread(fine: Mapping[_Fine, list[int]]) -> dict[Facet, list[int]]:
    """The tallies of exchanges under every facet."""
    facets: dict[Facet, list[int]] = {}
    for (month, sender, receiver, type_name, priority), counts in fine.items():
        if any(counts):
            for facet, value in (
                ("all", ""),
                ("pair", receiver),
                ("type", type_name),
                ("urgency", str(priority)),
            ):
                key = Facet(month, facet, sender, value, Unit.EXCHANGES.value)
                there = facets.setdefault(key, [0] * len(COUNTS))
                for place, count in enumerate(counts):
                    there[place] += count
    return facets


def _grown(before: Parts, changed: Parts) -> Parts | None:
    """What a document is made of now; None if that did not change."""
    after = Counter({part: count for part in before | changed if (count := before[part] + changed[part])})
    return None if after == before else after


def _add_document(facets: dict[Facet, list[int]], sender: str, before: Parts, after: Parts) -> None:
    for parts, sign in ((before, -1), (after, 1)):
        for key, name in _of_document(sender, parts):
            facets.setdefault(key, [0] * len(COUNTS))[PLACE[name]] += sign


def _of_document(sender: str, parts: Parts) -> Iterator[tuple[Facet, str]]:
    """The tallies in which a document is counted, each with the column."""
    standing = document_standing(Standing(part.standing) for part in parts)
    if standing is None:
        return
    # Of several, that of its first month; there is one type and one urgency in practice.
    month, type_name, priority = min((part.month, part.type_name, part.priority) for part in parts)
    unsigned = standing is Standing.ELECTRONIC and any(part.unsigned for part in parts)
    for facet, value in (("all", ""), ("type", type_name), ("urgency", str(priority))):
        key = Facet(month, facet, sender, value, Unit.DOCUMENTS.value)
        yield key, standing.value
        if unsigned:
            yield key, "unsigned"
