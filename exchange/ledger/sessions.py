"""Sessions of persons: begun, looked up by their cookie, ended."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.people_tables import AccountRow, SessionRow

ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]
SESSION = SessionRow.__table__  # type: ignore[attr-defined]

SEEN_EVERY = timedelta(minutes=1)  # so often a session that is used is written down
SIGNED_IN, SECOND_FACTOR, ENROL = "signed_in", "second_factor", "enrol"
STAGES = (SIGNED_IN, SECOND_FACTOR, ENROL)  # what is still to be done: nothing, show it, set it up


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How long a session lives: since it was last used, and in all."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser of one person."""

    hash: str
    account: str
    stage: str
    csrf: str
    secret: str
    name: str
    login: str
    role: str
    agency: str
    second_factor: bool
    created_at: datetime
    confirmed_at: datetime | None


def hashed(secret: str) -> str:
    """What is kept of a cookie or a link."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keep(database: Database, cookie: str, values: Mapping[str, Any], life: Life) -> None:
    """Keep a new session of ``account``; those that ran out go.

    After the commit the cookie opens it; before, there is none.
    """
    now = values["created_at"]
    with database.write() as connection:
        connection.execute(delete(SESSION).where(_over(now, life)))
        connection.execute(SESSION.insert(), {"secret": "", **values, "hash": hashed(cookie), "seen_at": now})


def _over(now: datetime, life: Life) -> Any:
    return or_(SESSION.c.seen_at <= now - life.idle, SESSION.c.created_at <= now - life.absolute)


_OF_ACCOUNT = (
    ACCOUNT.c.name,
    ACCOUNT.c.login,
    ACCOUNT.c.role,
    ACCOUNT.c.agency,
    (ACCOUNT.c.totp_secret != "").label("second_factor"),
)


def find(database: Database, cookie: str, now: datetime, life: Life) -> Session | None:
    """The living session that the cookie opens, of an account that is not disabled; it counts as used."""
    with database.read() as connection:
        row = connection.execute(
            select(SESSION, *_OF_ACCOUNT)
            .join(ACCOUNT, ACCOUNT.c.id == SESSION.c.account)
            .where(SESSION.c.hash == hashed(cookie), ACCOUNT.c.disabled_at.is_(None), ~_over(now, life))
        ).first()
    if row is None:
        return None
    if now - row.seen_at >= SEEN_EVERY:
        _seen(database, row.hash, now)
    fields = Session.__dataclass_fields__
    return Session(**{name: value for name, value in row._mapping.items() if name in fields})


def _seen(database: Database, hash_: str, now: datetime) -> None:
    with database.write() as connection:
        connection.execute(update(SESSION).where(SESSION.c.hash == hash_).values(seen_at=now))


def change(database: Database, session: Session, **values: object) -> None:
    """Set what a session carries until it is signed in."""
    with database.write() as connection:
        connection.execute(update(SESSION).where(SESSION.c.hash == session.hash).values(**values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A living session of a person, as administrators see it."""

    address: str
    created_at: datetime
    seen_at: datetime


def of_account(database: Database, account: str, now: datetime, life: Life) -> list[Seen]:
    """Where the person is signed in, the one used last first."""
    statement = (
        select(SESSION.c.address, SESSION.c.created_at, SESSION.c.seen_at)
        .where(SESSION.c.account == account, SESSION.c.stage == SIGNED_IN, ~_over(now, life))
        .order_by(SESSION.c.seen_at.desc())
    )
    with database.read() as connection:
        return [Seen(**row) for row in connection.execute(statement).mappings()]


def end(database: Database, session: Session) -> None:
    """The cookie opens nothing any more."""
    with database.write() as connection:
        connection.execute(delete(SESSION).where(SESSION.c.hash == session.hash))


def end_all(database: Database, account: str, act: Act) -> None:
    """End all sessions of a person, and tell of it."""
    with database.write() as connection:
        connection.execute(delete(SESSION).where(SESSION.c.account == account))
        acts.write(connection, act)
