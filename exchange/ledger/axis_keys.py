"""Keys of software that speaks to us as to the axis: kept, found, revoked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from exchange.axis_tables import AxisKeyRow
from exchange.ledger.database import Database

KEY = AxisKeyRow.__table__  # type: ignore[attr-defined]
ACTIVE_MAX = 2  # of one system: the old and the new one, while it changes over


class TooManyKeys(Exception):
    """The system has as many active keys as it may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisKey:
    """One key of a system. ``sealed`` is the encrypted key; ``agencies`` are those that it acts for."""

    id: str
    system: str
    agencies: tuple[str, ...]
    scopes: frozenset[str]
    sealed: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def active(self, now: datetime) -> bool:
        """Whether it opens anything at ``now``."""
        return self.revoked_at is None and now < self.expires_at


def keys_of(database: Database, system: str = "") -> list[AxisKey]:
    """The keys of a system, of all where none is named; the oldest first."""
    statement = select(KEY).order_by(KEY.c.created_at)
    if system:
        statement = statement.where(KEY.c.system == system)
    with database.read() as connection:
        return [
            AxisKey(
                id=row.id,
                system=row.system,
                agencies=tuple(row.agencies.split()),
                scopes=frozenset(row.scopes.split()),
                sealed=row.sealed,
                created_at=row.created_at,
                expires_at=row.expires_at,
                revoked_at=row.revoked_at,
            )
            for row in connection.execute(statement)
        ]


def add(database: Database, key: AxisKey, now: datetime) -> None:
    """Keep a new key; raises ``TooManyKeys`` beyond two active ones of a system."""
    with database.write() as connection:
        active = connection.execute(
            select(func.count())
            .select_from(KEY)
            .where(KEY.c.system == key.system, KEY.c.revoked_at.is_(None), KEY.c.expires_at > now)
        ).scalar_one()
        if active >= ACTIVE_MAX:
            raise TooManyKeys(key.system)
        connection.execute(
            KEY.insert(),
            {
                "id": key.id,
                "system": key.system,
                "agencies": " ".join(key.agencies),
                "scopes": " ".join(sorted(key.scopes)),
                "sealed": key.sealed,
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": None,
            },
        )


def revoke(database: Database, key_id: str, at: datetime) -> bool:
    """The key opens nothing from now on; False if there is no such active key."""
    with database.write() as connection:
        changed = connection.execute(
            update(KEY).where(KEY.c.id == key_id, KEY.c.revoked_at.is_(None)).values(revoked_at=at)
        ).rowcount
        return changed == 1
