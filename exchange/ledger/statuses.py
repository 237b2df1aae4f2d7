"""Business status: what is reported, and the delivery that it speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from exchange.core.closing import FORWARDED
from exchange.core.edxml import BusinessType
from exchange.ledger.database import Database
from exchange.tables import DeliveryRow, DocumentRow, StatusRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
STATUS = StatusRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One status of a document at a receiver. ``message`` is the signed message, None from the broker."""

    document: str
    receiver: str
    code: str
    reported_by: str
    reported_at: datetime | None
    message: str | None
    description: str

    @property
    def pair(self) -> tuple[str, str]:
        """Document and receiver: the newest round of these is meant."""
        return self.document, self.receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The delivery that a status speaks of."""

    document: str
    sender: str
    receiver: str
    addressed_as: str


def find_target(
    database: Database,
    *,
    senders: Sequence[str],
    document_id: str,
    receivers: Sequence[str],
    written: str = "",
) -> Target | None:
    """The delivery of a document of one of ``senders`` to one of ``receivers``, or None.

    Both are keys, the likeliest first. ``written``, where it is given, is a code by which the sender
    may have addressed the delivery: that fits too, and best.
    """
    fits = DELIVERY.c.receiver.in_(receivers)
    if written:
        fits = or_(fits, DELIVERY.c.addressed_as == written, DELIVERY.c.forwarded_from == written)
    statement = (
        select(
            DELIVERY.c.document,
            DELIVERY.c.receiver,
            DELIVERY.c.addressed_as,
            DELIVERY.c.forwarded_from,
            DELIVERY.c.round,
            DELIVERY.c.cause,
            DOCUMENT.c.sender,
            DOCUMENT.c.business_type,
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(
            DOCUMENT.c.document_id == document_id,
            DOCUMENT.c.sender.in_(senders),
            DOCUMENT.c.kind == "document",
            fits,
        )
    )

    def unlikeness(row: Any) -> tuple[object, ...]:
        # A revocation may carry the id of what it revokes: a status means the document itself.
        return (
            row.business_type == BusinessType.REVOKE.value,
            row.cause == FORWARDED,  # it went on to the agency that follows
            bool(written) and written not in (row.addressed_as, row.forwarded_from),
            senders.index(row.sender),
            receivers.index(row.receiver) if row.receiver in receivers else len(receivers),
            -row.round,
        )

    with database.read() as connection:
        rows = connection.execute(statement).all()
    return _target(min(rows, key=unlikeness)) if rows else None


def _target(row: Any) -> Target:
    return Target(
        document=row.document,
        sender=row.sender,
        receiver=row.receiver,
        addressed_as=row.addressed_as,
    )


def find_accepted(
    database: Database, *, sender: str, document_id: str, business_type: int
) -> tuple[str, str] | None:
    """Id and digest of what ``sender`` had accepted under this key (promise 5), or None."""
    statement = select(DOCUMENT.c.id, DOCUMENT.c.digest).where(
        DOCUMENT.c.document_id == document_id,
        DOCUMENT.c.sender == sender,
        DOCUMENT.c.business_type == business_type,
        DOCUMENT.c.kind == "document",
    )
    with database.read() as connection:
        row = connection.execute(statement).first()
    return None if row is None else (row.id, row.digest)


def is_known(database: Database, delivery: str, reported_by: str, code: str, at: datetime) -> bool:
    """Whether this agency has reported this status of the delivery before, as of the same second."""
    statement = select(STATUS.c.id).where(
        STATUS.c.delivery == delivery,
        STATUS.c.reported_by == reported_by,
        STATUS.c.code == code,
        STATUS.c.reported_at == at.replace(microsecond=0),
    )
    with database.read() as connection:
        return connection.execute(statement.limit(1)).first() is not None
