"""Accounts of persons: each change of one, with the act that tells of it, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.people_tables import (
    AccountRow,
    InvitationRow,
    RecoveryCodeRow,
    RefusedSignInRow,
    SessionRow,
)

ACCOUNT: Table = AccountRow.__table__  # type: ignore[attr-defined]
INVITATION: Table = InvitationRow.__table__  # type: ignore[attr-defined]
RECOVERY_CODE: Table = RecoveryCodeRow.__table__  # type: ignore[attr-defined]
REFUSED: Table = RefusedSignInRow.__table__  # type: ignore[attr-defined]
SESSION: Table = SessionRow.__table__  # type: ignore[attr-defined]

ADMINISTRATOR, AUDITOR, CLERK = "administrator", "auditor", "clerk"
ROLES = (ADMINISTRATOR, AUDITOR, CLERK)


class LoginTaken(Exception):
    """There is an account with this login, or with this subject of the identity provider."""


class LastAdministrator(Exception):
    """Nobody would be left who can sign in and administer. Nothing was changed."""


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


def create(database: Database, account: Account, act: Act) -> None:
    """Keep a new account; raises ``LoginTaken``. After the commit its person can sign in."""
    try:
        with database.write() as connection:
            connection.execute(ACCOUNT.insert(), {name: getattr(account, name) for name in _FIELDS})
            acts.write(connection, act)
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


def names(database: Database, accounts: Sequence[str]) -> dict[str, str]:
    """The names behind ids of accounts."""
    statement = select(ACCOUNT.c.id, ACCOUNT.c.name).where(ACCOUNT.c.id.in_(accounts))
    with database.read() as connection:
        return {row.id: row.name for row in connection.execute(statement)}


def change(database: Database, account: str, act: Act, **values: object) -> None:
    """Set fields of an account, and tell of it."""
    with database.write() as connection:
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(**values))
        acts.write(connection, act)


def restrict(
    database: Database, account: str, act: Act, values: Mapping[str, object], *, keep_one: bool
) -> None:
    """Set fields that take something from the person, whose sessions and invitation end at the commit.

    Raises ``LoginTaken`` for another's subject, and with ``keep_one`` ``LastAdministrator`` where no
    administrator would be left.
    """
    try:
        with database.write() as connection:
            _restrict(connection, account, values, keep_one=keep_one)
            acts.write(connection, act)
    except IntegrityError:
        raise LoginTaken(account) from None


def _restrict(connection: Connection, account: str, values: Mapping[str, object], *, keep_one: bool) -> None:
    administrators = select(ACCOUNT).where(ACCOUNT.c.role == ADMINISTRATOR).order_by(ACCOUNT.c.id)
    before = connection.execute(administrators.with_for_update()).all()  # no two at once
    if values:
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(**values))
    left = connection.execute(administrators).all()
    if keep_one and any(map(_can_sign_in, before)) and not any(map(_can_sign_in, left)):
        raise LastAdministrator(account)
    connection.execute(delete(SESSION).where(SESSION.c.account == account))
    connection.execute(delete(INVITATION).where(INVITATION.c.account == account))


def _can_sign_in(row: Row[Any]) -> bool:
    return row.disabled_at is None and bool(row.password or row.subject)


def clear_failures(database: Database, account: str) -> None:
    """The person signed in: codes that were refused before count no more."""
    with database.write() as connection:
        unlocked = {"failures": 0, "locked_until": None}
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(**unlocked))


def unlock(database: Database, account: str, act: Act) -> None:
    """What was refused before counts no more, for anybody."""
    with database.write() as connection:
        unlocked = {"failures": 0, "locked_until": None}
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(**unlocked))
        connection.execute(update(REFUSED).where(REFUSED.c.account == account).values(counts=False))
        acts.write(connection, act)


def reset_password(
    database: Database, account: str, hash_: str, expires_at: datetime, act: Act, *, keep_one: bool
) -> None:
    """The password ends, with all sessions; the link of this hash lets the person set another, once.

    Raises ``LastAdministrator`` as ``restrict``.
    """
    with database.write() as connection:
        _restrict(connection, account, {"password": ""}, keep_one=keep_one)
        connection.execute(INVITATION.insert(), {"hash": hash_, "account": account, "expires_at": expires_at})
        acts.write(connection, act)


def set_password(
    database: Database, account: str, password: str, act: Act, keep: str = "", invitation: str = ""
) -> bool:
    """A new password, in its PHC form; ends invitations and all sessions but the one with hash ``keep``.

    False, and nothing is changed, where the invitation of this hash is used or over.
    """
    with database.write() as connection:
        if (
            invitation
            and not connection.execute(
                delete(INVITATION).where(INVITATION.c.hash == invitation, INVITATION.c.expires_at > act.at)
            ).rowcount
        ):
            return False
        connection.execute(
            update(ACCOUNT)
            .where(ACCOUNT.c.id == account)
            .values(password=password, changed_at=act.at, failures=0, locked_until=None)
        )
        connection.execute(update(REFUSED).where(REFUSED.c.account == account).values(counts=False))
        connection.execute(delete(SESSION).where(SESSION.c.account == account, SESSION.c.hash != keep))
        connection.execute(delete(INVITATION).where(INVITATION.c.account == account))
        acts.write(connection, act)
        return True


def invite(database: Database, account: str, hash_: str, expires_at: datetime, act: Act) -> None:
    """Keep the link that lets the person set the password; an earlier one is worth nothing any more."""
    with database.write() as connection:
        connection.execute(delete(INVITATION).where(INVITATION.c.account == account))
        connection.execute(INVITATION.insert(), {"hash": hash_, "account": account, "expires_at": expires_at})
        acts.write(connection, act)


def invited(database: Database, hash_: str, now: datetime) -> Account | None:
    """Whom this link lets set the password."""
    statement = (
        select(ACCOUNT)
        .join(INVITATION, INVITATION.c.account == ACCOUNT.c.id)
        .where(INVITATION.c.hash == hash_, INVITATION.c.expires_at > now, ACCOUNT.c.disabled_at.is_(None))
    )
    with database.read() as connection:
        row = connection.execute(statement).first()
    return None if row is None else _account(row)


def set_second_factor(
    database: Database, account: str, secret: str, step: int, codes: Sequence[str], act: Act
) -> bool:
    """A second factor with the hashes of its recovery codes; False where there is one. All sessions end."""
    with database.write() as connection:
        changed = connection.execute(
            update(ACCOUNT)
            .where(ACCOUNT.c.id == account, ACCOUNT.c.totp_secret == "")
            .values(totp_secret=secret, totp_step=step)
        )
        if changed.rowcount == 1:
            _changed_second_factor(connection, account, codes, act)
        return changed.rowcount == 1


def remove_second_factor(database: Database, account: str, act: Act) -> None:
    """No second factor any more, and no recovery codes. All sessions end."""
    with database.write() as connection:
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(totp_secret="", totp_step=0))
        _changed_second_factor(connection, account, (), act)


def _changed_second_factor(connection: Connection, account: str, codes: Sequence[str], act: Act) -> None:
    connection.execute(delete(SESSION).where(SESSION.c.account == account))
    _set_recovery_codes(connection, account, codes)
    acts.write(connection, act)


def renew_recovery_codes(database: Database, account: str, codes: Sequence[str], act: Act) -> None:
    """Other recovery codes, by their hashes; the earlier ones end."""
    with database.write() as connection:
        _set_recovery_codes(connection, account, codes)
        acts.write(connection, act)


def _set_recovery_codes(connection: Connection, account: str, codes: Sequence[str]) -> None:
    connection.execute(delete(RECOVERY_CODE).where(RECOVERY_CODE.c.account == account))
    if codes:
        connection.execute(RECOVERY_CODE.insert(), [{"hash": each, "account": account} for each in codes])


def use_step(database: Database, account: str, step: int) -> bool:
    """Take a time step of the second factor; False if it, or a later one, was taken before."""
    with database.write() as connection:
        changed = connection.execute(
            update(ACCOUNT).where(ACCOUNT.c.id == account, ACCOUNT.c.totp_step < step).values(totp_step=step)
        )
        return changed.rowcount == 1


def use_recovery_code(database: Database, account: str, hash_: str, act: Act) -> bool:
    """Take a recovery code; False if there is none, or it was taken before."""
    with database.write() as connection:
        changed = connection.execute(
            update(RECOVERY_CODE)
            .where(
                RECOVERY_CODE.c.hash == hash_,
                RECOVERY_CODE.c.account == account,
                RECOVERY_CODE.c.used_at.is_(None),
            )
            .values(used_at=act.at)
        )
        if changed.rowcount == 1:
            acts.write(connection, act)
        return changed.rowcount == 1


def recovery_codes_left(database: Database, account: str) -> int:
    """How many recovery codes were not used."""
    statement = select(func.count()).where(
        RECOVERY_CODE.c.account == account, RECOVERY_CODE.c.used_at.is_(None)
    )
    with database.read() as connection:
        return connection.execute(statement).scalar_one()


def refused_sign_ins(connection: Connection, since: datetime) -> dict[str, int]:
    """How many sign-ins were refused since then, by network address."""
    statement = (
        select(REFUSED.c.address, func.count()).where(REFUSED.c.at > since).group_by(REFUSED.c.address)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def refused_by_account(connection: Connection, since: datetime) -> dict[str, tuple[int, int]]:
    """How many sign-ins to each account were refused since then, and from how many addresses; by login."""
    statement = (
        select(ACCOUNT.c.login, func.count(), func.count(REFUSED.c.address.distinct()))
        .join(ACCOUNT, ACCOUNT.c.id == REFUSED.c.account)
        .where(REFUSED.c.at > since)
        .group_by(ACCOUNT.c.login)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement)}


def rehash(database: Database, account: str, password: str) -> None:
    """The same password in another PHC form."""
    with database.write() as connection:
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(password=password))
