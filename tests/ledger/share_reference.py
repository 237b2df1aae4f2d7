"""The share counted plainly: every exchange from its whole history at once, as its definition reads.

It shares nothing with the fold but the events, the calendar and the buckets.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from exchange.core.codes import DOCUMENT_TYPES
from exchange.core.counting import Event
from exchange.core.edxml import VIETNAM
from exchange.core.quantiles import bucket_of
from exchange.core.working_days import Calendar, noticed_on_time, sent_on_time

Tally = Counter[tuple[Any, ...]]


@dataclass(frozen=True)
class Counts:
    """Every number that is not 0, by its key and name."""

    tally: Tally
    durations: Tally
    causes: Tally
    papers: Tally


def count(events: Sequence[Event], calendar: Calendar) -> Counts:
    counts = Counts(Counter(), Counter(), Counter(), Counter())
    exchanges: dict[tuple[str, str], list[Event]] = defaultdict(list)
    withdrawn = {event.exchange for event in events if event.kind == "paper_withdrawn"}
    for event in events:
        if event.kind in ("paper", "paper_none") and event.exchange not in withdrawn:
            assert event.sent_on is not None
            counts.papers[event.subject.sender, month(event.sent_on), event.kind.value] += 1
        if event.receiver:
            exchanges[event.subject.identity, event.receiver].append(event)
    documents: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (identity, _), history in exchanges.items():
        facts = one(history, withdrawn, calendar)
        if facts is not None:
            documents[identity].append(facts)
            add(counts, facts)
    for parts in documents.values():
        add_document(counts, parts)
    return counts


def month(day: date) -> int:
    return int(f"{day:%Y%m}")


def one(history: Sequence[Event], withdrawn: set[str], calendar: Calendar) -> dict[str, Any] | None:
    """Where one exchange stands, from all that was ever said of it."""
    begun = [event for event in history if event.kind in ("accepted", "sent_again", "forwarded")]
    sheets = [event for event in history if event.kind == "paper" and event.exchange not in withdrawn]
    if not begun and not sheets:
        return None
    ends = {event.exchange: event for event in history if event.kind in ("refused", "expired")}
    arrived = [event for event in history if event.kind == "delivered"]
    notices = [event for event in history if event.kind.startswith("status_")]
    paper = bool(sheets) or any(event.subject.flagged for event in begun)
    end = ends.get(begun[-1].exchange) if begun and not arrived else None
    if end is not None and end.cause == "forwarded":  # it went on to another agency
        if not sheets:
            return None
        standing, end = "paper", None
    elif arrived:
        standing = "with_paper" if paper else "electronic"
    elif not begun:
        standing = "paper"
    elif end is None:
        standing = "under_way"
    else:
        standing = "paper" if paper else end.kind.value
    told = begun[0] if begun else sheets[-1]
    day = begun[0].at.astimezone(VIETNAM).date() if begun else sheets[-1].sent_on
    assert day is not None
    entered = [event for event in notices if event.kind != "status_02"]
    return {
        "month": month(day),
        "sender": told.subject.sender,
        "receiver": told.receiver,
        "type": told.subject.type_name,
        "urgency": told.subject.priority,
        "standing": standing,
        "unsigned": standing == "electronic" and not arrived[0].subject.signed,
        "end": end,
        "sent": sent_on_time(calendar, told.subject.promulgated_on, told.at) if begun else None,
        "noticed": noticed_on_time(calendar, arrived[0].at, notices[0].at) if arrived and notices else None,
        "way": (arrived[0].at - begun[0].at).total_seconds() if arrived else None,
        "desk": (entered[0].at - arrived[0].at).total_seconds() if arrived and entered else None,
    }


def add(counts: Counts, facts: dict[str, Any]) -> None:
    names = [facts["standing"]]
    names += ["unsigned"] if facts["unsigned"] else []
    if facts["sent"] is not None:
        names.append("sent_on_time" if facts["sent"] else "sent_late")
    if facts["noticed"] is not None:
        names.append("noticed_on_time" if facts["noticed"] else "noticed_late")
    sender, receiver, year = facts["sender"], facts["receiver"], facts["month"] // 100 * 100
    keys = [(facts["month"], facet, sender, value) for facet, value in facets(facts)]
    quarter = year + {1: 33, 2: 34, 3: 35, 4: 36}[(facts["month"] % 100 + 2) // 3]
    keys += [(facts["month"], "pair", sender, receiver), (year, "pair_year", sender, receiver)]
    keys += [(quarter, "pair_quarter", sender, receiver)]
    keys += [(facts["month"], "receiver", "", receiver)]
    for key in keys:
        for name in names:
            counts.tally[(*key, "exchanges", name)] += 1
    for step, seconds in (("accepted_delivered", facts["way"]), ("delivered_registered", facts["desk"])):
        if seconds is not None:
            counts.durations[facts["month"], "all", "", step, bucket_of(seconds)] += 1
            for facet, value in (("sender", sender), ("receiver", receiver)):
                counts.durations[facts["month"], facet, value, step, bucket_of(seconds)] += 1
                counts.durations[year, f"{facet}_year", value, step, bucket_of(seconds)] += 1
    if facts["end"] is not None:
        end = facts["end"]
        key = (facts["month"], facts["sender"], facts["receiver"], end.kind.value, end.cause)
        counts.causes[key] += 1


def facets(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [("all", ""), ("type", known(facts["type"])), ("urgency", str(facts["urgency"]))]


def known(type_name: str) -> str:
    names = [each.name for each in DOCUMENT_TYPES if each.name.casefold() == type_name.casefold()]
    return names[0] if names else "other" if type_name else ""


def add_document(counts: Counts, parts: list[dict[str, Any]]) -> None:
    standings = {part["standing"] for part in parts}
    classes = standings & {"electronic", "with_paper", "paper"}
    if len(classes) > 1:
        standing = "with_paper"
    elif classes:
        [standing] = classes
    else:
        standing = next(name for name in ("under_way", "refused", "expired") if name in standings)
    first = min(parts, key=lambda part: (part["month"], part["type"], part["urgency"]))
    for facet, value in facets(first):
        key = (first["month"], facet, first["sender"], value, "documents")
        counts.tally[(*key, standing)] += 1
        if standing == "electronic" and any(part["unsigned"] for part in parts):
            counts.tally[(*key, "unsigned")] += 1
