"""Accounts of persons, and the refused sign-ins about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select, update
from sqlalchemy.exc import IntegrityError

from exchange.ledger.database import Database
from exchange.people_tables import AccountRow, RefusedSignInRow

ACCOUNT: Table = AccountRow.__table__  # type: ignore[attr-defined]
REFUSED: Table = RefusedSignInRow.__table__  # type: ignore[attr-defined]

ADMINISTRATOR, AUDITOR, CLERK = "administrator", "auditor", "clerk"
ROLES = (ADMINISTRATOR, AUDITOR, CLERK)


class LoginTaken(Exception):
    """There is an account with this login, or with this subject of the identity provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person who may sign in."""

    id: str
    login: str
    name: str
    email: str = ""
    role: str
    agency: str = ""
    password: str = ""
    subject: str | None = None
    totp_secret: str = ""
    totp_step: int = 0
    failures: int = 0
    locked_until: datetime | None = None
    created_at: datetime
    changed_at: datetime
    disabled_at: datetime | None = None


_FIELDS = tuple(Account.__dataclass_fields__)


def create(database: Database, account: Account) -> None:
    """Keep a new account; raises ``LoginTaken``. After the commit its person can sign in."""
    try:
        with database.write() as connection:
            connection.execute(ACCOUNT.insert(), {name: getattr(account, name) for name in _FIELDS})
    except IntegrityError:
        raise LoginTaken(account.login) from None


def by_login(database: Database, login: str) -> Account | None:
    """The account of this login, disabled or not."""
    return _one(database, ACCOUNT.c.login == login)


def by_id(database: Database, account: str) -> Account | None:
    """The account of this id, disabled or not."""
    return _one(database, ACCOUNT.c.id == account)


def by_subject(database: Database, subject: str) -> Account | None:
    """The account that the identity provider's subject belongs to."""
    return _one(database, ACCOUNT.c.subject == subject)


def _one(database: Database, condition: Any) -> Account | None:
    with database.read() as connection:
        row = connection.execute(select(ACCOUNT).where(condition)).first()
    return None if row is None else _account(row)


def _account(row: Row[Any]) -> Account:
    return Account(**{name: getattr(row, name) for name in _FIELDS})


def everybody(database: Database) -> list[Account]:
    """All accounts by login, those that are disabled too."""
    with database.read() as connection:
        return [_account(row) for row in connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.login))]


def change(database: Database, account: str, **values: object) -> None:
    """Set fields of an account."""
    with database.write() as connection:
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(**values))


def record_refused(database: Database, refused: Mapping[str, Any], locked_until: datetime | None) -> None:
    """One refused sign-in: counted for the address, and for the account if there is one of that name.

    Both or neither: a crash before the commit forgets a try whose answer nobody got.
    """
    with database.write() as connection:
        connection.execute(REFUSED.insert(), dict(refused))
        if refused["account"]:
            connection.execute(
                update(ACCOUNT)
                .where(ACCOUNT.c.id == refused["account"])
                .values(failures=ACCOUNT.c.failures + 1, locked_until=locked_until)
            )


def refused_from(database: Database, address: str, since: datetime) -> tuple[int, datetime | None]:
    """How many sign-ins from this address were refused since then, and when the newest was."""
    with database.read() as connection:
        row = connection.execute(
            select(func.count(), func.max(REFUSED.c.at)).where(
                REFUSED.c.address == address, REFUSED.c.at > since
            )
        ).one()
    return row[0], row[1]


def refused_sign_ins(connection: Connection, since: datetime) -> int:
    """How many sign-ins were refused since then, whoever tried."""
    return connection.execute(select(func.count()).where(REFUSED.c.at > since)).scalar_one()
