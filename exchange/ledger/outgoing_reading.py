"""Questions about what one agency sent, and what it was told of it; nothing changes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, literal_column, or_, select

from exchange.core.delivery import State
from exchange.ledger.database import Database
from exchange.ledger.reading import Record
from exchange.tables import DeliveryRow, DocumentRow, EntryRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
NOTICES = ("receipt", "status")


def notices(database: Database, agency: str, most: int) -> list[Record]:
    """Receipts and status messages that lie ready for the agency, with the document that they speak of."""
    spoken, ended = DOCUMENT.alias("spoken"), DELIVERY.alias("ended")
    statement = (
        select(
            DELIVERY.c.id.label("delivery"),
            DELIVERY.c.kind,
            DELIVERY.c.created_at.label("at"),
            DOCUMENT.c.receipt_kind,
            DOCUMENT.c.sender,
            DOCUMENT.c.subject.label("words"),
            spoken.c.id.label("document"),
            spoken.c.sender.label("document_sender"),
            spoken.c.number,
            spoken.c.notation,
            spoken.c.subject,
            ended.c.cause,
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .join(spoken, spoken.c.id == DOCUMENT.c.about)
        .join(ended, ended.c.id == DOCUMENT.c.receipt_of, isouter=True)
        .where(
            DELIVERY.c.receiver == agency,
            DELIVERY.c.state == State.AVAILABLE.value,
            DELIVERY.c.kind.in_(NOTICES),
        )
        .order_by(DELIVERY.c.rank_at.desc())
        .limit(most)
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def is_notice(database: Database, agency: str, delivery: str) -> bool:
    """Whether this is a receipt or a status message on its way to the agency."""
    statement = select(DELIVERY.c.id).where(
        DELIVERY.c.id == delivery, DELIVERY.c.receiver == agency, DELIVERY.c.kind.in_(NOTICES)
    )
    with database.read() as connection:
        return connection.execute(statement).first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Which documents of an agency are wanted, in which order, from where on, and how many."""

    text: str = ""
    kind: str = ""  # document, paper; "" for both
    sort: str = "at"
    down: bool = True
    offset: int = 0
    limit: int = 51
    since: datetime | None = None
    until: datetime | None = None


_SENT = ("document", "paper")
# Written out, as the condition of the index is: a value that is bound finds no partial index.
_SEARCHED: ColumnElement[bool] = literal_column("document.kind IN ('document', 'paper')")
_SORTS = {"at": DOCUMENT.c.accepted_at, "date": DOCUMENT.c.promulgated_on, "subject": DOCUMENT.c.subject}


def sent(database: Database, agency: str, search: Sent) -> list[Record]:
    """Documents that the agency sent, electronically or registered as paper, each with its deliveries."""
    statement = _wanted(agency, search)
    with database.read() as connection:
        rows = [dict(row) for row in connection.execute(statement).mappings()]
        found: dict[str, list[Record]] = {row["id"]: [] for row in rows}
        paper = _paper_copies(connection, [row["id"] for row in rows if row["kind"] == "paper"])
        for part in batched(found, DOCUMENTS_MAX):
            for delivery in connection.execute(_newest_first(part)).mappings():
                found[delivery["document"]].append(dict(delivery))
    return [
        {**row, "deliveries": newest(found[row["id"]]), "paper": paper.get(row["id"], [])} for row in rows
    ]


def _paper_copies(connection: Connection, documents: Sequence[str]) -> dict[str, list[str]]:
    """The receivers of registrations of paper that stand."""
    copies: dict[str, dict[str, str]] = {}
    for part in batched(documents, DOCUMENTS_MAX):
        statement = (
            select(ENTRY.c.document, ENTRY.c.event, ENTRY.c.delivery, ENTRY.c.body)
            .where(ENTRY.c.document.in_(part), ENTRY.c.event.in_(("paper", "paper_withdrawn")))
            .order_by(ENTRY.c.id)
        )
        for row in connection.execute(statement):
            standing = copies.setdefault(row.document, {})
            if row.event == "paper":
                standing[row.delivery] = orjson.loads(row.body).get("receiver", "")
            else:
                standing.pop(row.delivery, None)
    return {document: list(standing.values()) for document, standing in copies.items()}


def _wanted(agency: str, search: Sent) -> Select[Any]:
    column = _SORTS.get(search.sort, DOCUMENT.c.accepted_at)
    return (
        select(
            *(DOCUMENT.c[name] for name in (
                "id", "kind", "document_id", "number", "notation", "promulgated_on", "type_name", "subject",
                "priority", "accepted_at", "business_type", "signer", "copies",
            ))
        )
        .where(*_conditions(agency, search))
        .order_by(column.desc() if search.down else column.asc(), DOCUMENT.c.id.desc())
        .offset(search.offset)
        .limit(search.limit)
    )  # fmt: skip


DOCUMENTS_MAX = 500  # of which the deliveries are asked for in one statement


def batched(ids: Iterable[str], most: int) -> Iterator[list[str]]:
    """The ids in parts of at most so many."""
    rest = iter(ids)
    while part := list(islice(rest, most)):
        yield part


def _newest_first(documents: Sequence[str]) -> Select[Any]:
    names = ("document", "receiver", "round", "state", "cause", "business", "final_at")
    return (
        select(*(DELIVERY.c[name] for name in names))
        .where(DELIVERY.c.document.in_(documents))
        .order_by(DELIVERY.c.document, DELIVERY.c.id)
    )


def newest(deliveries: Sequence[Record]) -> list[Record]:
    """Of each receiver the newest round."""
    return list(
        {each["receiver"]: each for each in sorted(deliveries, key=lambda each: each["round"])}.values()
    )


def _conditions(agency: str, search: Sent) -> list[ColumnElement[bool]]:
    # A declaration that no paper was sent is no document.
    found = [_SEARCHED, DOCUMENT.c.sender == agency, DOCUMENT.c.document_id.not_like("none:%")]
    if search.kind in _SENT:
        found.append(DOCUMENT.c.kind == search.kind)
    if search.since is not None:
        found.append(DOCUMENT.c.accepted_at >= search.since)
    if search.until is not None:
        found.append(DOCUMENT.c.accepted_at < search.until)
    if search.text:
        named = (DOCUMENT.c.subject, DOCUMENT.c.number, DOCUMENT.c.notation, DOCUMENT.c.document_id)
        found.append(or_(*(column.contains(search.text, autoescape=True) for column in named)))
    return found
