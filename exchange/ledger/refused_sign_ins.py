"""Refused sign-ins: kept for a while, for the locks of accounts and addresses and for alarms."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from exchange.core.lockout import Patience
from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.ledger.people import ACCOUNT, REFUSED
from exchange.tables import Moment

KEPT = timedelta(days=30)
WINDOW = timedelta(days=1)  # in which refused passwords of an account count
LOCKED = "locked"  # the cause of those that were not looked at
PASSWORD, SECOND_FACTOR = "password", "second_factor"  # causes that lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refused sign-in. ``account`` is "" where there is none of the name that was given."""

    at: datetime
    address: str
    account: str
    cause: str
    source: str = ""


def record(database: Database, refused: Refusal, patience: Patience, act: Act | None) -> bool:
    """Count a refused sign-in for its address, and for its account; whether something is locked by it.

    Wrong codes lock the account for everybody: who shows one has the password. Wrong passwords lock it
    for the source that they come from. ``act`` is written if so. All or nothing: a crash before the
    commit forgets a try that nobody got an answer to.
    """
    with database.write() as connection:
        connection.execute(delete(REFUSED).where(REFUSED.c.at < refused.at - KEPT))
        counts = bool(refused.account) and refused.cause == PASSWORD
        connection.execute(REFUSED.insert(), {**asdict(refused), "counts": counts})
        if refused.account and refused.cause == SECOND_FACTOR:
            return _lock(connection, refused, patience, act)
        return counts and _lock_source(connection, refused, patience, act)


def _lock_source(connection: Connection, refused: Refusal, patience: Patience, act: Act | None) -> bool:
    count = connection.execute(
        select(func.count()).where(*_of(refused.account, refused.at - WINDOW), _from(refused.source))
    ).scalar_one()
    if not patience.wait(count):
        return False
    if act is not None:
        acts.write(connection, act)
    return True


def _of(account: str, since: datetime) -> tuple[Any, ...]:
    return REFUSED.c.account == account, REFUSED.c.at > since, REFUSED.c.counts


def _from(source: str) -> Any:
    return REFUSED.c.source == source


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


def of_account(
    database: Database, account: str, now: datetime, *, source: str = "", strangers: str = ""
) -> tuple[int, datetime | None]:
    """How many passwords of the account were refused lately, and when the newest was.

    From one ``source``; or from all but those that begin with ``strangers``.
    """
    newest = func.max(REFUSED.c.at, type_=Moment())
    chosen = _from(source) if source else ~REFUSED.c.source.startswith(strangers, autoescape=True)
    statement = select(func.count(), newest).where(*_of(account, now - WINDOW), chosen)
    with database.read() as connection:
        row = connection.execute(statement).one()
    return row[0], row[1]


def forget(database: Database, account: str, source: str) -> None:
    """The right password came from this source: what was refused to it before counts no more."""
    with database.write() as connection:
        connection.execute(
            update(REFUSED).where(REFUSED.c.account == account, _from(source)).values(counts=False)
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
