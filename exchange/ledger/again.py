"""A dead letter is sent again: a new delivery of the same document; the old end stays as it is."""

from collections.abc import Callable

import orjson
from sqlalchemy import Connection, select

from exchange.core.closing import CLOSED
from exchange.core.delivery import WITHDRAWN, State
from exchange.core.edxml import BusinessType
from exchange.ledger.database import Database
from exchange.ledger.reading import Record
from exchange.ledger.values import NewDelivery, NewEntry
from exchange.tables import DeliveryRow, DocumentRow, EntryRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]

DEAD = (State.REFUSED.value, State.EXPIRED.value)


def send_again(
    database: Database, delivery: str, begin: Callable[[Record], NewDelivery]
) -> NewDelivery | None:
    """Begin a further round of a dead delivery; None if it is not dead, was sent again or withdrawn.

    None, too, if its receiver was closed, or has the document by its own signed word.

    ``begin`` makes the new delivery from the old one's row. Crash before the commit: nothing; after
    it: the new delivery is owed an end and a receipt like any other.
    """
    with database.write() as connection:
        statement = (
            select(DELIVERY, DOCUMENT.c.digest, DOCUMENT.c.sender, DOCUMENT.c.document_id)
            .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
            .where(
                DELIVERY.c.id == delivery,
                DELIVERY.c.state.in_(DEAD),
                DELIVERY.c.kind.in_(("document", "status")),
                DELIVERY.c.cause.not_in((*WITHDRAWN, *CLOSED)),
                DELIVERY.c.withdrawn == "",
                DELIVERY.c.proven == "",
            )
            .with_for_update(of=DELIVERY)
        )
        row = connection.execute(statement).mappings().first()
        if row is None or _revoked(connection, row["sender"], row["document_id"]):
            return None
        new = begin(dict(row))
        added = connection.execute(
            database.insert(DELIVERY)
            .on_conflict_do_nothing(index_elements=["document", "receiver", "round"])
            .returning(DELIVERY.c.id),
            new.row(),
        ).first()
        if added is None:
            return None
        entry = NewEntry(
            at=new.created_at,
            event="sent_again",
            document=new.document,
            delivery=new.id,
            agency=new.receiver,
            body={"digest": row["digest"], "earlier": delivery, "round": new.round},
        )
        connection.execute(ENTRY.insert(), entry.row())
        return new


def _revoked(connection: Connection, sender: str, document_id: str) -> bool:
    """Whether its sender has revoked the document."""
    statement = select(DOCUMENT.c.earlier).where(
        DOCUMENT.c.sender == sender, DOCUMENT.c.business_type == BusinessType.REVOKE.value
    )
    return any(document_id in orjson.loads(earlier) for earlier in connection.execute(statement).scalars())
