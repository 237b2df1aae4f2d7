"""The ledger's proofs as they stand, for those who oversee it."""

from dataclasses import dataclass

from sqlalchemy import func, select

from exchange.ledger import tree
from exchange.ledger.database import Database
from exchange.ledger.reading import DOCUMENT
from exchange.ledger.stamps import STAMP, Stamp
from exchange.ledger.tree import COSIGNATURE, Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """The newest checkpoint with its cosignatures in a note, how far each witness is, and the last stamps."""

    newest: Signed | None
    note: str
    cosigned: dict[str, int]
    """By the name of the witness's key: the newest size that it signed."""
    stamps: tuple[Stamp, ...]


def proofs(database: Database, stamps: int) -> Proofs:
    """As of one moment; the last ``stamps`` time-stamps."""
    cosigned = select(COSIGNATURE.c.name, func.max(COSIGNATURE.c.size).label("newest")).group_by(
        COSIGNATURE.c.name
    )
    last = select(STAMP).order_by(STAMP.c.size.desc()).limit(stamps)
    with database.snapshot() as connection:
        newest = tree.newest(connection)
        return Proofs(
            newest=newest,
            note="" if newest is None else tree.with_witnesses(connection, newest),
            cosigned={row.name: row.newest for row in connection.execute(cosigned)},
            stamps=tuple(Stamp(**row) for row in connection.execute(last).mappings()),
        )


def stamp_of(database: Database, size: int) -> bytes | None:
    """The time-stamp of the checkpoint of that size, as the authority gave it."""
    with database.read() as connection:
        return connection.execute(select(STAMP.c.token).where(STAMP.c.size == size)).scalar()


def document_with(database: Database, digest: str) -> str | None:
    """The document whose exact bytes have this digest, if the exchange took it."""
    statement = (
        select(DOCUMENT.c.id).where(DOCUMENT.c.digest == digest, DOCUMENT.c.kind == "document").limit(1)
    )
    with database.read() as connection:
        return connection.execute(statement).scalar()
