"""Which documents revoke, update or replace which; nothing changes."""

from collections.abc import Sequence

import orjson
from sqlalchemy import ColumnElement, Select, literal_column, select

from exchange.core.edxml import BusinessType
from exchange.ledger.database import Database
from exchange.ledger.reading import Record
from exchange.tables import DeliveryRow, DocumentRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]

_COLUMNS = (
    DOCUMENT.c.id, DOCUMENT.c.document_id, DOCUMENT.c.number, DOCUMENT.c.notation, DOCUMENT.c.subject,
    DOCUMENT.c.business_type, DOCUMENT.c.earlier, DOCUMENT.c.accepted_at,
)  # fmt: skip
# Written out, as the condition of the index is: a value that is bound finds no partial index.
_SEARCHED: ColumnElement[bool] = literal_column("document.kind IN ('document', 'paper')")


def changing(database: Database, changed: Record, receiver: str = "") -> list[Record]:
    """The documents by which its sender revoked, updated or replaced ``changed``, the oldest first.

    With ``receiver``: those that went there, each with its ``delivery``.
    """
    statement = _wanted(receiver).where(
        _SEARCHED,
        DOCUMENT.c.sender == changed["sender"],
        DOCUMENT.c.accepted_at >= changed["accepted_at"],
        DOCUMENT.c.business_type != BusinessType.NEW.value,
    )
    with database.read() as connection:
        rows = [dict(row) for row in connection.execute(statement).mappings()]
    return [row for row in rows if changed["document_id"] in orjson.loads(row["earlier"])]


def changed_by(database: Database, change: Record, receiver: str = "") -> list[Record]:
    """The documents of the same sender that ``change`` revokes, updates or replaces; as in ``changing``."""
    named: Sequence[str] = orjson.loads(change["earlier"])
    if not named:
        return []
    statement = _wanted(receiver).where(
        DOCUMENT.c.document_id.in_(named),
        DOCUMENT.c.sender == change["sender"],
        DOCUMENT.c.kind == "document",
        DOCUMENT.c.id != change["id"],  # it may carry the id of what it revokes
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _wanted(receiver: str) -> Select[tuple[object, ...]]:
    if not receiver:
        return select(*_COLUMNS).order_by(DOCUMENT.c.accepted_at)
    return (
        select(*_COLUMNS, DELIVERY.c.id.label("delivery"))
        .join(DELIVERY, DELIVERY.c.document == DOCUMENT.c.id)
        .where(DELIVERY.c.receiver == receiver)
        .order_by(DOCUMENT.c.accepted_at, DELIVERY.c.round)
    )
