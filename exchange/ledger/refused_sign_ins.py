"""Refused sign-ins: kept for a while, for the locks of accounts and addresses and for alarms."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from exchange.core.lockout import Patience
from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.ledger.people import ACCOUNT, REFUSED
from exchange.tables import Moment

KEPT = timedelta(days=30)
LOCKED = "locked"  # the cause of those that were not looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refused sign-in. ``account`` is "" where there is none of the name that was given."""

    at: datetime
    address: str
    account: str
    cause: str


def record(database: Database, refused: Refusal, patience: Patience, act: Act | None) -> bool:
    """Count a refused sign-in for its address, and for its account; whether the account is locked by it.

    ``act`` is written if it is. All or nothing: a crash before the commit forgets a try that nobody
    got an answer to.
    """
    with database.write() as connection:
        connection.execute(delete(REFUSED).where(REFUSED.c.at < refused.at - KEPT))
        connection.execute(REFUSED.insert(), asdict(refused))
        return bool(refused.account) and _lock(connection, refused, patience, act)


def _lock(connection: Connection, refused: Refusal, patience: Patience, act: Act | None) -> bool:
    ours = ACCOUNT.c.id == refused.account
    failures = connection.execute(
        update(ACCOUNT).where(ours).values(failures=ACCOUNT.c.failures + 1).returning(ACCOUNT.c.failures)
    ).scalar_one()
    until = patience.until(failures, refused.at)
    if until is None:
        return False
    connection.execute(update(ACCOUNT).where(ours).values(locked_until=until))
    if act is not None:
        acts.write(connection, act)
    return True


def note(database: Database, refused: Refusal) -> None:
    """Count a sign-in that was not looked at, because of a lock: for alarms; it makes no lock longer."""
    with database.write() as connection:
        connection.execute(REFUSED.insert(), asdict(refused))


def forget(database: Database, account: str) -> None:
    """The person signed in: what was refused before counts no more for the account."""
    with database.write() as connection:
        connection.execute(
            update(ACCOUNT).where(ACCOUNT.c.id == account).values(failures=0, locked_until=None)
        )


def from_address(database: Database, address: str, since: datetime) -> tuple[int, datetime | None]:
    """How many sign-ins from this address were looked at and refused since then, and the newest's time."""
    newest = func.max(REFUSED.c.at, type_=Moment())
    statement = select(func.count(), newest).where(
        REFUSED.c.address == address, REFUSED.c.at > since, REFUSED.c.cause != LOCKED
    )
    with database.read() as connection:
        row = connection.execute(statement).one()
    return row[0], row[1]
