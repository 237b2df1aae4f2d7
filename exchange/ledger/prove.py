"""Proofs that entries stand in the ledger, as auditors take them: docs/ledger.md says how each is checked."""

from collections.abc import Sequence
from typing import TypedDict

from sqlalchemy import Connection, RowMapping, select

from exchange.core.merkle import Hashes, inclusion_proof
from exchange.core.tiles import hashes_from
from exchange.ledger import tree
from exchange.ledger.database import Database
from exchange.ledger.tree import LEAF, Signed
from exchange.tables import EntryRow

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]


class Proof(TypedDict):
    """One entry in the tree of a checkpoint. ``salt`` and ``details`` are empty once it is erased."""

    leaf: str
    salt: str
    details: dict[str, object]
    index: int
    size: int
    inclusion: list[str]
    checkpoint: str


def prove(database: Database, entries: Sequence[int]) -> list[Proof]:
    """Prove entries under one checkpoint, in the order in which they were sequenced.

    It is the newest that a witness cosigned, if that covers all of them; else the newest.

    Of an entry that has no leaf yet there is no proof: it is left out.
    """
    with database.read() as connection:
        # The leaves first: the checkpoint that is read after them covers them.
        leaves = _leaves(connection, entries)
        signed = tree.best(connection, leaves[-1]["index"]) if leaves else None
        if signed is None:
            return []
        checkpoint = tree.with_witnesses(connection, signed)
        hashes = hashes_from(lambda level, number: tree.tile(connection, level, number))
        return [_proof(row, signed, checkpoint, hashes) for row in leaves]


def entries_of(database: Database, document: str) -> list[int]:
    """The entries that speak of a document, oldest first."""
    statement = select(ENTRY.c.id).where(ENTRY.c.document == document).order_by(ENTRY.c.id)
    with database.read() as connection:
        return list(connection.execute(statement).scalars())


def _leaves(connection: Connection, entries: Sequence[int]) -> Sequence[RowMapping]:
    statement = (
        select(LEAF.c.index, LEAF.c.content, ENTRY)
        .join(ENTRY, ENTRY.c.id == LEAF.c.entry)
        .where(LEAF.c.entry.in_(entries))
        .order_by(LEAF.c.index)
    )
    return connection.execute(statement).mappings().all()


def _proof(row: RowMapping, signed: Signed, checkpoint: str, hashes: Hashes) -> Proof:
    inclusion = inclusion_proof(row["index"], signed.size, hashes)
    return Proof(
        leaf=row["content"].decode(),
        salt=row["salt"],
        details=tree.details(row),
        index=row["index"],
        size=signed.size,
        inclusion=[each.hex() for each in inclusion],
        checkpoint=checkpoint,
    )
