"""What goes with proofs of entries: which have a leaf, and time-stamps with the way to the proofs' tree."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from exchange.core import note
from exchange.core.merkle import consistency_proof
from exchange.core.tiles import hashes_from
from exchange.ledger import stamps, tree
from exchange.ledger.database import Database
from exchange.ledger.tree import CHECKPOINT, LEAF


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A time-stamp, the checkpoint that it is over, and that this is the beginning of a later tree."""

    size: int
    token: bytes
    authority: str
    stamped_at: datetime
    checkpoint: str
    """The text of its note: what is stamped."""
    consistency: tuple[bytes, ...]


def sequenced(database: Database, entries: Collection[int]) -> set[int]:
    """Those of the entries that have a leaf."""
    with database.read() as connection:
        return set(connection.execute(select(LEAF.c.entry).where(LEAF.c.entry.in_(entries))).scalars())


def over(database: Database, indexes: Iterable[int], size: int) -> list[Stamped]:
    """The earliest time-stamp over each of these leaves, as far as the tree of ``size`` leaves has one."""
    found = {stamp.size: stamp for index in indexes if (stamp := stamps.over(database, index)) is not None}
    return [_stamped(database, found[each], size) for each in sorted(found) if each <= size]


def _stamped(database: Database, stamp: stamps.Stamp, size: int) -> Stamped:
    with database.read() as connection:
        signed = connection.execute(
            select(CHECKPOINT.c.note).where(CHECKPOINT.c.size == stamp.size)
        ).scalar_one()
        hashes = hashes_from(lambda level, number: tree.tile(connection, level, number))
        consistency = consistency_proof(stamp.size, size, hashes)
    return Stamped(
        size=stamp.size,
        token=stamp.token,
        authority=stamp.authority,
        stamped_at=stamp.stamped_at,
        checkpoint=note.read(signed).text,
        consistency=tuple(consistency),
    )
