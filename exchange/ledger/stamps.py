"""Time-stamps over checkpoints: what waits for one, what is proven, and since when something is not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from exchange.core import note
from exchange.ledger import tree
from exchange.ledger.database import Database
from exchange.ledger.tree import CHECKPOINT, LEAF
from exchange.tables import EntryRow, StampRow

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
STAMP = StampRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time-stamp as it is kept: every entry below ``size`` existed at ``stamped_at``."""

    size: int
    token: bytes
    authority: str
    stamped_at: datetime
    """As the authority says."""
    asked_at: datetime
    """By the broker's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The newest checkpoint, which has no time-stamp: it proves all that any older one would."""

    size: int
    text: str
    """Of its note, without signatures: what is stamped."""
    last_asked_at: datetime | None
    """When the newest stamp that there is was asked for."""


def waiting(database: Database) -> Waiting | None:
    """What waits for a time-stamp; None while nothing is new."""
    with database.read() as connection:
        last, newest = _last(connection), tree.newest(connection)
    if newest is None or newest.size == 0 or (last is not None and last.size >= newest.size):
        return None
    return Waiting(
        size=newest.size,
        text=note.read(newest.note).text,
        last_asked_at=None if last is None else last.asked_at,
    )


def keep(database: Database, stamp: Stamp) -> None:
    """Keep a time-stamp that was verified; where another process had one sooner, that one stays.

    Crash before the commit: the checkpoint, or a newer one, waits still. Crash after it: it is proven.
    """
    values = {
        "size": stamp.size,
        "token": stamp.token,
        "authority": stamp.authority,
        "stamped_at": stamp.stamped_at,
        "asked_at": stamp.asked_at,
    }
    kept = select(STAMP.c.size).where(STAMP.c.size == stamp.size)
    with database.write() as connection:
        if connection.execute(kept).first() is None:
            connection.execute(database.insert(STAMP).values(values).on_conflict_do_nothing())


def over(database: Database, index: int) -> Stamp | None:
    """The earliest time-stamp that covers the leaf ``index``; None while it has none."""
    statement = select(STAMP).where(STAMP.c.size > index).order_by(STAMP.c.size).limit(1)
    with database.read() as connection:
        row = connection.execute(statement).mappings().first()
    return None if row is None else Stamp(**row)


def unproven_since(database: Database) -> datetime | None:
    """When the first entry came that no time-stamp covers; None when all are covered.

    Before the first time-stamp: when the ledger was first signed, since nothing could be stamped sooner.
    """
    with database.read() as connection:
        last = _last(connection)
        if last is None:
            statement = (
                select(CHECKPOINT.c.signed_at).where(CHECKPOINT.c.size > 0).order_by(CHECKPOINT.c.size)
            )
            return connection.execute(statement.limit(1)).scalar()
        return _first_leaf(connection, last.size) or _first_unsequenced(connection)


def _last(connection: Connection) -> Stamp | None:
    row = connection.execute(select(STAMP).order_by(STAMP.c.size.desc()).limit(1)).mappings().first()
    return None if row is None else Stamp(**row)


def _first_leaf(connection: Connection, size: int) -> datetime | None:
    """When the entry came whose leaf is the first beyond the ``size`` that are covered."""
    statement = select(ENTRY.c.at).join(LEAF, LEAF.c.entry == ENTRY.c.id).where(LEAF.c.index >= size)
    return connection.execute(statement.order_by(LEAF.c.index).limit(1)).scalar()


def _first_unsequenced(connection: Connection) -> datetime | None:
    """When the first entry came that has no leaf yet, of those behind the newest that has one."""
    newest = select(LEAF.c.entry).order_by(LEAF.c.index.desc()).limit(1).scalar_subquery()
    statement = select(ENTRY.c.at).where(ENTRY.c.id > newest).order_by(ENTRY.c.id).limit(1)
    return connection.execute(statement).scalar()
