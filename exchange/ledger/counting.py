"""T5: the leaves of the ledger are counted, in their order, each once.

What takes time is done before the transaction begins, as in T4. Whatever process counts, it takes the
next leaves after those that were counted; whoever comes second finds that out under the lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Table, func, select, tuple_

from exchange.core.counting import Copy, Event, Exchange, Kind, Subject, rules_of
from exchange.core.share import Electronic, identity
from exchange.core.tallies import COUNTS, Changes, Key, Part, Parts, fold, key_of
from exchange.core.working_days import Calendar
from exchange.ledger import bulk, histograms
from exchange.ledger.database import Database
from exchange.ledger.histograms import DURATION_HISTOGRAM
from exchange.ledger.tree import CHECKPOINT, LEAF
from exchange.share_tables import (
    CauseTallyRow,
    CountedDocumentRow,
    CountedRow,
    ExchangeRow,
    PaperReportRow,
    TallyRow,
)
from exchange.tables import DeliveryRow, DocumentRow, EntryRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
EXCHANGE = ExchangeRow.__table__  # type: ignore[attr-defined]
COUNTED_DOCUMENT = CountedDocumentRow.__table__  # type: ignore[attr-defined]
TALLY = TallyRow.__table__  # type: ignore[attr-defined]
CAUSE_TALLY = CauseTallyRow.__table__  # type: ignore[attr-defined]
PAPER_REPORT = PaperReportRow.__table__  # type: ignore[attr-defined]
COUNTED = CountedRow.__table__  # type: ignore[attr-defined]

# All that is counted, each with its key.
TABLES: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (EXCHANGE, ("identity", "receiver")),
    (COUNTED_DOCUMENT, ("identity",)),
    (TALLY, ("month", "facet", "sender", "value", "unit")),
    (DURATION_HISTOGRAM, ("month", "facet", "value", "step")),
    (CAUSE_TALLY, ("month", "sender", "receiver", "event", "cause")),
    (PAPER_REPORT, ("agency", "month")),
)
_KEYS = dict(TABLES)

_KEY = tuple_(EXCHANGE.c.identity, EXCHANGE.c.receiver)
_EVENTS = frozenset(kind.value for kind in Kind)
_PAPER = frozenset({Kind.PAPER, Kind.PAPER_NONE, Kind.PAPER_WITHDRAWN})
_IN_MAX = 400  # keys asked for in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How far was counted, and by which rules (a digest)."""

    leaves: int
    rules: str


class OtherRules(Exception):
    """What is there was counted by other rules, or with other days off."""


def count(database: Database, calendar: Calendar, most: int, *, adopt: bool) -> int:
    """Count up to ``most`` of the leaves that the newest checkpoint covers; how many. 0, too, if another
    was faster.

    Where the rules are not those by which was counted, ``adopt`` lets everything be forgotten and
    counted anew; else it raises ``OtherRules``.
    Crash before the commit: nothing was counted, and it is done again. Crash after it: exchanges,
    tallies and how far they reach are there, all of them.
    """
    rules = rules_of(calendar)
    with database.read() as connection:
        seen = counted(connection)
        anew = seen.rules != rules
        if anew and not adopt:
            raise OtherRules
        begin = 0 if anew else seen.leaves
        events, leaves = events_after(connection, begin, most)
        if not (leaves or anew):
            return 0
        changes = fold(events, {}, {}, calendar) if anew else fold_onto(connection, events, calendar)
    with database.write() as connection:
        connection.execute(select(COUNTED.c.id).with_for_update())
        if counted(connection) != seen:
            return 0
        if anew:
            forget(connection)
        write(connection, changes)
        connection.execute(COUNTED.update().values(leaves=begin + leaves, rules=rules))
    return leaves


def counted(connection: Connection) -> Counted:
    """How far was counted."""
    row = connection.execute(select(COUNTED.c.leaves, COUNTED.c.rules)).one()
    return Counted(leaves=row.leaves, rules=row.rules)


def forget(connection: Connection) -> None:
    """Remove whatever was counted."""
    for table, _ in TABLES:
        connection.execute(table.delete())


_SIZE = select(func.max(CHECKPOINT.c.size)).scalar_subquery()
_LEAVES = (
    select(
        LEAF.c.index,
        ENTRY.c.at,
        ENTRY.c.event,
        ENTRY.c.document,
        ENTRY.c.delivery,
        ENTRY.c.body,
        DOCUMENT.c.kind,
        DOCUMENT.c.accepted_at,
        DOCUMENT.c.sender,
        DOCUMENT.c.second_key,
        DOCUMENT.c.business_type,
        DOCUMENT.c.type_name,
        DOCUMENT.c.priority,
        DOCUMENT.c.signed,
        DOCUMENT.c.paper,
        DOCUMENT.c.promulgated_on,
        DELIVERY.c.receiver,
    )
    .join(ENTRY, ENTRY.c.id == LEAF.c.entry)
    .join(DOCUMENT, DOCUMENT.c.id == ENTRY.c.document)
    .join(DELIVERY, DELIVERY.c.id == ENTRY.c.delivery, isouter=True)
    .where(LEAF.c.index < _SIZE)
    .order_by(LEAF.c.index)
)


def events_after(connection: Connection, begin: int, most: int) -> tuple[list[Event], int]:
    """The events of up to ``most`` leaves from ``begin`` on, and how many leaves these are."""
    statement = _LEAVES.where(LEAF.c.index >= begin, LEAF.c.index < begin + most)
    rows = connection.execute(statement).mappings().all()
    return [event for row in rows if (event := _event(row)) is not None], len(rows)


def _event(row: RowMapping) -> Event | None:
    if row["event"] not in _EVENTS:
        return None
    kind = Kind(row["event"])
    if kind in _PAPER:
        return _paper_event(kind, row) if row["kind"] == "paper" else None
    if row["kind"] != "document" or row["receiver"] is None:
        return None
    cause = orjson.loads(row["body"]).get("cause", "") if kind in (Kind.REFUSED, Kind.EXPIRED) else ""
    return Event(
        kind=kind,
        at=row["accepted_at"] if kind is Kind.FORWARDED else row["at"],
        exchange=row["delivery"],
        subject=_subject(row),
        receiver=row["receiver"],
        cause=cause,
    )


def _paper_event(kind: Kind, row: RowMapping) -> Event | None:
    body = orjson.loads(row["body"])
    if "sent_on" not in body:  # erased
        return None
    return Event(
        kind=kind,
        at=row["at"],
        exchange=row["delivery"],
        subject=_subject(row),
        receiver=body["receiver"],
        sent_on=date.fromisoformat(body["sent_on"]),
        reason=body["reason"],
        declared=not body["receiver"],
    )


def _subject(row: RowMapping) -> Subject:
    return Subject(
        identity=identity(row["document"], row["second_key"], row["business_type"]),
        document=row["document"],
        sender=row["sender"],
        type_name=row["type_name"],
        priority=row["priority"],
        signed=row["signed"],
        flagged=row["paper"] and row["kind"] == "document",
        promulgated_on=row["promulgated_on"],
    )


def fold_onto(connection: Connection, events: Sequence[Event], calendar: Calendar) -> Changes:
    """What events change of that which was counted in this database."""
    keys = {key for event in events if (key := key_of(event)) is not None}
    identities = sorted({identity for identity, _ in keys})
    return fold(events, _exchanges(connection, keys), _documents(connection, identities), calendar)


def _exchanges(connection: Connection, keys: Iterable[Key]) -> dict[Key, Exchange]:
    """Those of ``keys`` that were counted before."""
    wanted = sorted(keys)
    found: dict[Key, Exchange] = {}
    for place in range(0, len(wanted), _IN_MAX):
        # Whole keys, so that a document to many receivers is not read as a whole.
        statement = select(EXCHANGE).where(_KEY.in_(wanted[place : place + _IN_MAX]))
        for row in connection.execute(statement).mappings():
            found[row["identity"], row["receiver"]] = _exchange(row)
    return found


def _exchange(row: RowMapping) -> Exchange:
    # Of paper alone the row shows type and urgency as registered; the exchange itself has none yet.
    electronic = row["accepted_at"] is not None
    return Exchange(
        identity=row["identity"],
        receiver=row["receiver"],
        sender=row["sender"],
        document=row["document"],
        electronic=Electronic(row["electronic"]),
        delivery=row["delivery"],
        accepted_at=row["accepted_at"],
        type_name=row["type_name"] if electronic else "",
        priority=row["priority"] if electronic else 0,
        signed=row["signed"],
        flagged=row["flagged"],
        sent_in_time=row["sent_in_time"],
        delivered_at=row["delivered_at"],
        noticed_at=row["noticed_at"],
        registered_at=row["registered_at"],
        noticed_in_time=row["noticed_in_time"],
        cause=row["cause"],
        copies=tuple(map(_read_copy, orjson.loads(row["copies"]))),
    )


def _read_copy(value: dict[str, Any]) -> Copy:
    return Copy(**{**value, "sent_on": date.fromisoformat(value["sent_on"])})


def _documents(connection: Connection, identities: Sequence[str]) -> dict[str, Parts]:
    found: dict[str, Parts] = {}
    for place in range(0, len(identities), _IN_MAX):
        statement = select(COUNTED_DOCUMENT).where(
            COUNTED_DOCUMENT.c.identity.in_(identities[place : place + _IN_MAX])
        )
        for row in connection.execute(statement):
            found[row.identity] = Parts({Part(*part): number for *part, number in orjson.loads(row.parts)})
    return found


def write(connection: Connection, changes: Changes) -> None:
    """Write what changed; the caller holds the lock."""
    put = bulk.put
    put(connection, EXCHANGE, _KEYS[EXCHANGE], [_row(each) for each in changes.exchanges.values()])
    documents = [_document_row(key, parts) for key, parts in changes.documents.items()]
    put(connection, COUNTED_DOCUMENT, _KEYS[COUNTED_DOCUMENT], documents)
    tallies = [
        {**facet._asdict(), **dict(zip(COUNTS, counts, strict=True))}
        for facet, counts in sorted(changes.facets.items())
    ]
    put(connection, TALLY, _KEYS[TALLY], tallies, add=True)
    durations = histograms.grown_rows(connection, changes.durations)
    put(connection, DURATION_HISTOGRAM, _KEYS[DURATION_HISTOGRAM], durations)
    causes = [{**key._asdict(), "exchanges": each} for key, each in sorted(changes.causes.items())]
    put(connection, CAUSE_TALLY, _KEYS[CAUSE_TALLY], causes, add=True)
    reports = [
        {"agency": agency, "month": month, **asdict(report)}
        for (agency, month), report in sorted(changes.reports.items())
    ]
    put(connection, PAPER_REPORT, _KEYS[PAPER_REPORT], reports, add=True)


def _document_row(key: str, parts: Parts) -> bulk.Row:
    listed = sorted([*part, number] for part, number in parts.items())
    return {"identity": key, "parts": orjson.dumps(listed).decode()}


def _row(exchange: Exchange) -> bulk.Row:
    type_name, priority = exchange.kind_of_document
    return {
        "identity": exchange.identity,
        "receiver": exchange.receiver,
        "sender": exchange.sender,
        "document": exchange.document,
        "sent_on": exchange.sent_on,
        "accepted_at": exchange.accepted_at,
        "type_name": type_name,
        "priority": priority,
        "signed": exchange.signed,
        "flagged": exchange.flagged,
        "electronic": exchange.electronic.value,
        "paper": exchange.paper.value,
        "reason": exchange.reason,
        "exchange_class": exchange.exchange_class or "",
        "sent_in_time": exchange.sent_in_time,
        "delivered_at": exchange.delivered_at,
        "noticed_at": exchange.noticed_at,
        "registered_at": exchange.registered_at,
        "noticed_in_time": exchange.noticed_in_time,
        "delivery": exchange.delivery,
        "cause": exchange.cause,
        "copies": orjson.dumps([asdict(copy) for copy in exchange.copies]).decode(),
    }
