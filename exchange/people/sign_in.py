"""Signing in: what a person shows, and the session that it opens."""

from dataclasses import dataclass

from exchange.context import Context
from exchange.ids import new_id, new_secret
from exchange.ledger import people, sessions
from exchange.ledger.people import Account
from exchange.people import passwords
from exchange.people.session import life


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody shows, and from which network address."""

    login: str
    password: str
    address: str


def with_password(context: Context, offer: Offer) -> str:
    """The cookie of a new session; "" where login and password are not those of an account."""
    account = people.by_login(context.database, offer.login.strip().lower())
    usable = account is not None and account.disabled_at is None
    right = passwords.matches(offer.password, account.password if usable and account else "")
    if account is None or not right:
        refused = {
            "at": context.now(),
            "address": offer.address,
            "account": account.id if account else "",
            "cause": "password",
        }
        people.record_refused(context.database, refused, None)
        return ""
    return begin(context, account, offer.address, sessions.SIGNED_IN)


def begin(context: Context, account: Account, address: str, stage: str) -> str:
    """The cookie of a new session of this person."""
    cookie = new_secret()
    values = {
        "account": account.id,
        "stage": stage,
        "csrf": new_secret(),
        "address": address,
        "created_at": context.now(),
    }
    sessions.keep(context.database, cookie, values, life(context.settings))
    return cookie


def new_account(context: Context, login: str, role: str, password: str = "", **values: str) -> Account:
    """A new account; raises ``LoginTaken``."""
    now = context.now()
    account = Account(
        id=new_id(),
        login=login.strip().lower(),
        name=values.pop("name", "") or login,
        role=role,
        password=passwords.hashed(password) if password else "",
        created_at=now,
        changed_at=now,
        **values,  # type: ignore[arg-type]
    )
    people.create(context.database, account)
    return account
