"""Cosignatures: what witnesses signed, and the proof by which the next one of them goes on from there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from exchange.core import merkle
from exchange.core.tiles import hashes_from
from exchange.ledger import tree
from exchange.ledger.database import Database
from exchange.ledger.tree import COSIGNATURE, Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A witness's signature line under the checkpoint of ``size``, verified."""

    size: int
    name: str
    """Of the witness's key."""
    line: str
    at: datetime
    """As the witness says."""


def last_size(database: Database, name: str) -> int | None:
    """The size of the newest checkpoint that the witness ``name`` cosigned."""
    statement = select(func.max(COSIGNATURE.c.size)).where(COSIGNATURE.c.name == name)
    with database.read() as connection:
        return connection.execute(statement).scalar()


def newest_size(database: Database) -> int | None:
    """The size of the newest checkpoint; None before the first."""
    with database.read() as connection:
        newest = tree.newest(connection)
    return None if newest is None else newest.size


def continued(database: Database, old_size: int) -> tuple[Signed, list[bytes]] | None:
    """The newest checkpoint, and the proof that it continues the one of ``old_size``.

    None before the first, and where the newest is smaller than that.
    """
    with database.read() as connection:
        newest = tree.newest(connection)
        if newest is None or newest.size < old_size:
            return None
        if old_size in (0, newest.size):
            return newest, []
        hashes = hashes_from(lambda level, number: tree.tile(connection, level, number))
        return newest, merkle.consistency_proof(old_size, newest.size, hashes)


def keep(database: Database, cosignature: Cosignature) -> None:
    """Keep a cosignature that was verified; where the witness's is there already, that one stays.

    Crash before the commit: the witness has signed what it is asked to sign again. Crash after it: kept.
    """
    kept = select(COSIGNATURE.c.size).where(
        COSIGNATURE.c.size == cosignature.size, COSIGNATURE.c.name == cosignature.name
    )
    values = {
        "size": cosignature.size,
        "name": cosignature.name,
        "line": cosignature.line,
        "at": cosignature.at,
    }
    with database.write() as connection:
        if connection.execute(kept).first() is None:
            connection.execute(database.insert(COSIGNATURE).values(values).on_conflict_do_nothing())
