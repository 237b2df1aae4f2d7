"""Questions to the database that change nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import exists, func, or_, select

from exchange.core.acts import ACTS
from exchange.core.closing import CLOSED
from exchange.core.delivery import WITHDRAWN, State
from exchange.core.edxml import BusinessType
from exchange.ledger.database import Database
from exchange.tables import (
    AttemptRow,
    DeliveryRow,
    DocumentRow,
    EntryRow,
    PayloadRow,
    StatusRow,
)

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ATTEMPT = AttemptRow.__table__  # type: ignore[attr-defined]
STATUS = StatusRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]

Record = Mapping[str, Any]

MESSAGES = ("document", "status", "receipt")  # what travels; not paper, nor acts of persons


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything about one document: its record, deliveries, attempts, statuses and entries."""

    document: Record
    deliveries: tuple[Record, ...]
    attempts: tuple[Record, ...]
    statuses: tuple[Record, ...]
    entries: tuple[Record, ...]

    def part_of(self, receiver: str) -> "Dossier":
        """What one receiver may see: its own deliveries, and what happened to them."""
        mine = tuple(row for row in self.deliveries if row["receiver"] == receiver)
        ids = {row["id"] for row in mine}
        return Dossier(
            document=self.document,
            deliveries=mine,
            attempts=tuple(row for row in self.attempts if row["delivery"] in ids),
            statuses=tuple(row for row in self.statuses if row["delivery"] in ids),
            # One without a delivery is about the document itself.
            entries=tuple(row for row in self.entries if row["delivery"] in {None, *ids}),
        )


def dossier(database: Database, document: str) -> Dossier | None:
    """The document ``document``, or None."""
    with database.read() as connection:
        found = connection.execute(select(DOCUMENT).where(DOCUMENT.c.id == document)).mappings().first()
        if found is None:
            return None
        deliveries = connection.execute(
            select(DELIVERY).where(DELIVERY.c.document == document).order_by(DELIVERY.c.id)
        )
        deliveries_ = tuple(dict(row) for row in deliveries.mappings())
        ids = [row["id"] for row in deliveries_]
        attempts = connection.execute(
            select(ATTEMPT).where(ATTEMPT.c.delivery.in_(ids)).order_by(ATTEMPT.c.started_at)
        )
        statuses = connection.execute(select(STATUS).where(STATUS.c.delivery.in_(ids)).order_by(STATUS.c.id))
        # What persons did with it is not for every receiver and every bundle: exchange.ledger.acts tells it.
        entries = connection.execute(
            select(ENTRY)
            .where(ENTRY.c.document == document, ENTRY.c.event.not_in(tuple(ACTS)))
            .order_by(ENTRY.c.id)
        )
        return Dossier(
            document=dict(found),
            deliveries=deliveries_,
            attempts=tuple(dict(row) for row in attempts.mappings()),
            statuses=tuple(dict(row) for row in statuses.mappings()),
            entries=tuple({**row, "body": orjson.loads(row["body"])} for row in entries.mappings()),
        )


def find_document(database: Database, sender: str, document_id: str) -> str | None:
    """The broker's id of the document that ``sender`` calls ``document_id``."""
    statement = (
        select(DOCUMENT.c.id)
        .where(
            DOCUMENT.c.document_id == document_id, DOCUMENT.c.sender == sender, DOCUMENT.c.kind.in_(MESSAGES)
        )
        # A revocation may carry the id of what it revokes: the document itself is meant.
        .order_by(DOCUMENT.c.business_type == BusinessType.REVOKE.value, DOCUMENT.c.accepted_at)
        .limit(1)
    )
    with database.read() as connection:
        return connection.execute(statement).scalar()


def may_see(database: Database, agency: str, document: str) -> bool:
    """Whether ``agency`` sent ``document`` or is one of its receivers."""
    statement = select(DOCUMENT.c.id).where(
        DOCUMENT.c.id == document,
        DOCUMENT.c.kind.in_(MESSAGES),
        or_(
            DOCUMENT.c.sender == agency,
            exists().where(DELIVERY.c.document == DOCUMENT.c.id, DELIVERY.c.receiver == agency),
        ),
    )
    with database.read() as connection:
        return connection.execute(statement).first() is not None


def stands_of(database: Database, receiver: str, document: str) -> list[tuple[State, str]]:
    """State and lease of each delivery of ``document`` to ``receiver``."""
    statement = select(DELIVERY.c.state, DELIVERY.c.lease).where(
        DELIVERY.c.document == document, DELIVERY.c.receiver == receiver
    )
    with database.read() as connection:
        return [(State(row.state), row.lease) for row in connection.execute(statement)]


def receipts_of(database: Database, document: str) -> list[Record]:
    """The signed receipts about a document, in the order in which they were made."""
    statement = (
        select(
            DOCUMENT.c.id,
            DOCUMENT.c.receipt_kind.label("kind"),
            DOCUMENT.c.receipt_of,
            DOCUMENT.c.accepted_at.label("at"),
            PAYLOAD.c.body,
            DELIVERY.c.receiver,
        )
        .join(PAYLOAD, PAYLOAD.c.digest == DOCUMENT.c.digest)
        .join(DELIVERY, DELIVERY.c.id == DOCUMENT.c.receipt_of, isouter=True)
        .where(DOCUMENT.c.about == document, DOCUMENT.c.kind == "receipt")
        .order_by(DOCUMENT.c.accepted_at, DOCUMENT.c.id)
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def payload(database: Database, digest: str) -> tuple[bool, bytes | None]:
    """Whether the bytes are known, and they themselves where they lie in the database."""
    with database.read() as connection:
        row = connection.execute(select(PAYLOAD.c.body).where(PAYLOAD.c.digest == digest)).first()
    return (row is not None, None if row is None else row.body)


def digest_of(database: Database, document: str) -> str | None:
    """The digest of a document's exact bytes."""
    with database.read() as connection:
        return connection.execute(select(DOCUMENT.c.digest).where(DOCUMENT.c.id == document)).scalar()


def last_contact(database: Database, agencies: Sequence[str]) -> dict[str, datetime]:
    """When each agency's software last took something over."""
    statement = (
        select(DELIVERY.c.receiver, func.max(DELIVERY.c.final_at))
        .where(DELIVERY.c.receiver.in_(agencies), DELIVERY.c.state == State.DELIVERED.value)
        .group_by(DELIVERY.c.receiver)
    )
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def waiting_since(database: Database, agencies: Sequence[str]) -> dict[str, datetime]:
    """For each agency with something undelivered that was tried and failed: since when."""
    statement = (
        select(DELIVERY.c.receiver, func.min(DELIVERY.c.created_at))
        .where(
            DELIVERY.c.receiver.in_(agencies),
            DELIVERY.c.state.in_((State.WAITING.value, State.READY.value)),
            DELIVERY.c.attempts > 0,
            DELIVERY.c.cause != "",
            DELIVERY.c.withdrawn == "",
        )
        .group_by(DELIVERY.c.receiver)
    )
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def senders_of(database: Database, document_ids: Sequence[str]) -> dict[str, set[str]]:
    """Who sent the documents that carry these DocumentIds."""
    if not document_ids:
        return {}
    statement = select(DOCUMENT.c.document_id, DOCUMENT.c.sender).where(
        DOCUMENT.c.document_id.in_(document_ids), DOCUMENT.c.kind == "document"
    )
    found: dict[str, set[str]] = {}
    with database.read() as connection:
        for document_id, sender in connection.execute(statement):
            found.setdefault(document_id, set()).add(sender)
    return found


def dead_letters(database: Database, most: int) -> list[Record]:
    """Deliveries that ended refused or expired, newest first, with their cause.

    Not what was withdrawn, nor what its receiver has by its own signed word, nor what was forwarded or
    returned because its receiver was closed: its sender knows.
    """
    later = DELIVERY.alias("later")
    statement = (
        select(
            DELIVERY,
            DOCUMENT.c.sender,
            DOCUMENT.c.document_id,
            DOCUMENT.c.subject,
            DOCUMENT.c.digest,
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(
            DELIVERY.c.kind.in_(("document", "status")),
            DELIVERY.c.state.in_((State.REFUSED.value, State.EXPIRED.value)),
            DELIVERY.c.cause.not_in((*WITHDRAWN, *CLOSED)),
            DELIVERY.c.withdrawn == "",
            DELIVERY.c.proven == "",
            ~exists().where(
                later.c.document == DELIVERY.c.document,
                later.c.receiver == DELIVERY.c.receiver,
                later.c.round > DELIVERY.c.round,
            ),
        )
        .order_by(DELIVERY.c.final_at.desc())
        .limit(most)
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def traffic(database: Database) -> list[Record]:
    """Per sender, receiver, state and class of exchange: how many deliveries of documents."""
    statement = (
        select(
            DOCUMENT.c.sender,
            DELIVERY.c.receiver,
            DELIVERY.c.state,
            DOCUMENT.c.paper,
            DOCUMENT.c.signed,
            func.count().label("count"),
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(DELIVERY.c.kind == "document")
        .group_by(
            DOCUMENT.c.sender, DELIVERY.c.receiver, DELIVERY.c.state, DOCUMENT.c.paper, DOCUMENT.c.signed
        )
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def sent_by(database: Database, document: str) -> str | None:
    """Who sent a document."""
    with database.read() as connection:
        return connection.execute(select(DOCUMENT.c.sender).where(DOCUMENT.c.id == document)).scalar()
