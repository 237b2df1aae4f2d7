"""Which payloads the ledger refers to."""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection, select

from exchange.ledger.database import Database
from exchange.tables import DocumentRow, PayloadRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]


def any_document(database: Database) -> str:
    """The id of a document that is in this database for ever; "" while there is none."""
    with database.read() as connection:
        return connection.execute(select(DOCUMENT.c.id).order_by(DOCUMENT.c.id).limit(1)).scalar() or ""


def has_document(database: Database, document: str) -> bool:
    """Whether the document is in this database."""
    with database.read() as connection:
        return connection.execute(select(DOCUMENT.c.id).where(DOCUMENT.c.id == document)).first() is not None


def without_row(database: Database, digests: Collection[str]) -> list[str]:
    """Those of the digests that no row holds."""
    with database.read() as connection:
        return _without_row(connection, digests)


def give_up(database: Database, digests: Sequence[str], discard: Callable[[str], bool]) -> list[str]:
    """Discard those of the digests that no row holds still; returns what was discarded.

    Crash at any point: what was discarded is gone, and nothing referred to it.
    """
    with database.write() as connection:
        return [digest for digest in _without_row(connection, digests) if discard(digest)]


def _without_row(connection: Connection, digests: Collection[str]) -> list[str]:
    held = set(connection.execute(select(PAYLOAD.c.digest).where(PAYLOAD.c.digest.in_(digests))).scalars())
    return sorted(set(digests) - held)
