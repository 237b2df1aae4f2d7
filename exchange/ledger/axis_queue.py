"""What the axis' interface asks: what lies in the queues of some agencies, and what they sent."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, or_, select

from exchange.core.delivery import State
from exchange.ledger.database import Database
from exchange.tables import DeliveryRow, DocumentRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
_COLUMNS = (
    DELIVERY.c.id,
    DELIVERY.c.receiver,
    DELIVERY.c.addressed_as,
    DELIVERY.c.state,
    DELIVERY.c.created_at,
    DELIVERY.c.final_at,
    DELIVERY.c.cause,
    DELIVERY.c.reason,
    DOCUMENT.c.id.label("document"),
    DOCUMENT.c.sender,
    DOCUMENT.c.subject,
    DOCUMENT.c.number,
    DOCUMENT.c.notation,
    DOCUMENT.c.digest,
    DOCUMENT.c.size,
    DOCUMENT.c.kind,
)


def queue(
    database: Database, receivers: Sequence[str], kind: str, lease: str, most: int
) -> list[dict[str, Any]]:
    """What lies ready for them, and what is held under ``lease``; the most urgent first."""
    statement = (
        select(*_COLUMNS)
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(
            DELIVERY.c.receiver.in_(receivers),
            DELIVERY.c.kind == kind,
            or_(
                DELIVERY.c.state == State.AVAILABLE.value,
                and_(DELIVERY.c.state == State.LEASED.value, DELIVERY.c.lease == lease),
            ),
        )
        .order_by(DELIVERY.c.rank_at)
        .limit(most)
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def receiver_of(database: Database, delivery: str) -> str | None:
    """Whose delivery it is."""
    with database.read() as connection:
        return connection.execute(
            select(DELIVERY.c.receiver).where(DELIVERY.c.id == delivery)
        ).scalar_one_or_none()


def sent(
    database: Database, senders: Sequence[str], kind: str, document: str, most: int
) -> list[dict[str, Any]]:
    """The deliveries of what they sent, of one document where it is named; the newest first."""
    statement = (
        select(*_COLUMNS)
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(DOCUMENT.c.sender.in_(senders), DELIVERY.c.kind == kind)
        .order_by(DELIVERY.c.created_at.desc(), DELIVERY.c.id)
        .limit(most)
    )
    if document:
        statement = statement.where(DOCUMENT.c.id == document)
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]
