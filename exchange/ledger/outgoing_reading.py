"""Questions about what one agency sent, and what it was told of it; nothing changes."""

from sqlalchemy import select

from exchange.core.delivery import State
from exchange.ledger.database import Database
from exchange.ledger.reading import Record
from exchange.tables import DeliveryRow, DocumentRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
NOTICES = ("receipt", "status")


def notices(database: Database, agency: str, most: int) -> list[Record]:
    """Receipts and status messages that lie ready for the agency, with the document that they speak of."""
    spoken = DOCUMENT.alias("spoken")
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
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .join(spoken, spoken.c.id == DOCUMENT.c.about)
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
