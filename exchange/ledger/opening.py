"""The entries that count, opened for an auditor: in the order of their leaves, a page at a time."""

from collections.abc import Iterator

from sqlalchemy import select

from exchange.core.opened import KINDS, Opened
from exchange.ledger import tree
from exchange.ledger.database import Database
from exchange.ledger.tree import LEAF
from exchange.tables import EntryRow

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
PAGE = 2_000


def opened(database: Database, leaves: int) -> Iterator[Opened]:
    """Of the leaves [0, ``leaves``) those that count."""
    for begin in range(0, leaves, PAGE):
        statement = (
            select(LEAF.c.index, ENTRY)
            .join(ENTRY, ENTRY.c.id == LEAF.c.entry)
            .where(LEAF.c.index >= begin, LEAF.c.index < min(begin + PAGE, leaves))
            .order_by(LEAF.c.index)
        )
        with database.read() as connection:
            rows = connection.execute(statement).mappings().all()
        for row in rows:
            if row["event"] in KINDS:
                salt = bytes.fromhex(row["salt"])
                yield Opened(index=row["index"], salt=salt, details=tree.details(row))
