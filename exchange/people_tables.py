"""The rows about persons who use the pages: accounts, sessions, and what keeps strangers out.

What a person did is an entry of the ledger (``exchange.ledger.acts``); of these tables, ``act`` alone
only grows.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String
from sqlmodel import Field, SQLModel

from exchange.tables import Moment

_WIDE = BigInteger().with_variant(Integer, "sqlite")


def _moment(nullable: bool = False) -> Column[datetime]:
    return Column(Moment, nullable=nullable)


def _account() -> Column[str]:
    return Column(ForeignKey("account.id"), nullable=False, index=True)


class AccountRow(SQLModel, table=True):
    """One person. An account is never deleted: acts name it for ever."""

    __tablename__ = "account"
    id: str = Field(primary_key=True)
    login: str = Field(unique=True)  # what is typed to sign in, in lower case
    name: str  # as pages show it
    email: str = ""
    role: str
    agency: str = ""  # key of the clerk's agency
    password: str = ""  # argon2id in PHC form; "": none
    subject: str | None = Field(default=None, unique=True)  # at the identity provider
    totp_secret: str = ""  # encrypted; "": no second factor
    totp_step: int = Field(default=0, sa_type=BigInteger)  # the newest time step used: none is used twice
    failures: int = 0  # refused sign-ins since the last good one
    locked_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    created_at: datetime = Field(sa_column=_moment())
    changed_at: datetime = Field(sa_column=_moment())  # the password
    disabled_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class RecoveryCodeRow(SQLModel, table=True):
    """A code that stands in once for the second factor; only its hash is kept."""

    __tablename__ = "recovery_code"
    hash: str = Field(primary_key=True)  # SHA-256 of account and code, hex
    account: str = Field(sa_column=_account())
    used_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class InvitationRow(SQLModel, table=True):
    """A link by which a person sets the password once; only its hash is kept."""

    __tablename__ = "invitation"
    hash: str = Field(primary_key=True)  # SHA-256, hex
    account: str = Field(sa_column=_account())
    expires_at: datetime = Field(sa_column=_moment())
    used_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class SessionRow(SQLModel, table=True):
    """One browser that somebody signed in with; it goes when it ends."""

    __tablename__ = "session"
    hash: str = Field(primary_key=True)  # SHA-256 of the cookie, hex
    account: str = Field(sa_column=_account())
    stage: str  # of exchange.people.session: what is still to be done
    csrf: str  # the synchroniser token of its forms
    secret: str = ""  # of a second factor that is being set up, encrypted
    address: str
    created_at: datetime = Field(sa_column=_moment())
    seen_at: datetime = Field(sa_column=_moment())
    confirmed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))  # asked again


class RefusedSignInRow(SQLModel, table=True):
    """One refused sign-in, kept for a while: for alarms, and for locks."""

    __tablename__ = "refused_sign_in"
    __table_args__ = (
        Index("refused_sign_in_address", "address", "at"),
        Index("refused_sign_in_account", "account", "at"),
    )
    id: int | None = Field(default=None, sa_column=Column(_WIDE, primary_key=True))
    at: datetime = Field(sa_column=Column(Moment, nullable=False, index=True))
    address: str
    account: str = ""  # "": nobody of that name
    source: str = ""  # who tried: a browser that the person used before, or an address
    cause: str
    counts: bool = False  # for the lock of the account: it was looked at, and nobody signed in since


class ActRow(SQLModel, table=True):
    """Which entries of the ledger tell what a person did, and who it was."""

    __tablename__ = "act"
    entry: int = Field(sa_column=Column(_WIDE, ForeignKey("entry.id"), primary_key=True, autoincrement=False))
    person: str = Field(sa_column=Column(String, nullable=False, index=True))
