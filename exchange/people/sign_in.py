"""Signing in: what a person shows, and the session that it opens, or the lock that it closes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from exchange.context import Context
from exchange.core.lockout import Patience
from exchange.ids import new_secret
from exchange.ledger import acts, people, refused_sign_ins, sessions
from exchange.ledger.acts import Act
from exchange.ledger.people import Account
from exchange.ledger.refused_sign_ins import LOCKED, Refusal
from exchange.ledger.sessions import ENROL, SECOND_FACTOR, SIGNED_IN, Session
from exchange.metrics import SIGN_INS
from exchange.people import passwords, second_factor
from exchange.people.session import life
from exchange.settings import Settings

log = structlog.get_logger(__name__)

ADDRESS_WINDOW = timedelta(hours=1)  # in which refused sign-ins of an address count
ADDRESS_FREE_FACTOR = 4  # an address may be a whole office's


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody shows, and from which network address."""

    login: str
    password: str
    address: str


def patience(settings: Settings) -> Patience:
    """With an account."""
    return Patience(
        free=settings.sign_ins_free,
        first=timedelta(minutes=1),
        most=timedelta(minutes=settings.sign_in_lock_minutes_most),
    )


def _patience_with_address(settings: Settings) -> Patience:
    return Patience(
        free=settings.sign_ins_free * ADDRESS_FREE_FACTOR,
        first=timedelta(seconds=15),
        most=timedelta(minutes=settings.sign_in_lock_minutes_most),
    )


def with_password(context: Context, offer: Offer) -> str:
    """The cookie of a new session; "" where it opens none.

    Whatever is wrong with login and password, it takes as long. What comes from an address that is shut
    is not looked at: it tells nothing of any account, and a flood costs little.
    """
    account, now = people.by_login(context.database, offer.login.strip().lower()), context.now()
    if _address_shut(context, offer.address, now):
        refuse(context, account, offer.address, LOCKED)
        return ""
    shut = locked(account, now)
    usable = account is not None and account.disabled_at is None and not shut
    right = passwords.matches(offer.password, account.password if usable and account else "")
    if account is None or not right:
        refuse(context, account, offer.address, LOCKED if shut else "password")
        return ""
    if passwords.outdated(account.password):
        _renew(context, account, offer.password)
    return begin(context, account, offer.address)


def begin(context: Context, account: Account, address: str) -> str:
    """The cookie of a session for somebody whose password was right."""
    if account.totp_secret:
        return opened(context, account, address, SECOND_FACTOR)
    if account.role in context.settings.second_factor_roles:
        return opened(context, account, address, ENROL)
    return let_in(context, account, address, "password")


def with_second_factor(context: Context, session: Session, code: str, address: str) -> str:
    """The cookie of the session that takes the place of one that waits for it; "" where the code is wrong."""
    account = people.by_id(context.database, session.account)
    assert account is not None
    if locked(account, context.now()):
        refuse(context, account, address, LOCKED)
        return ""
    if not second_factor.right(context, account, code):
        refuse(context, account, address, "second_factor")
        return ""
    sessions.end(context.database, session)
    return let_in(context, account, address, "second_factor")


def let_in(context: Context, account: Account, address: str, way: str) -> str:
    """The cookie of a session that is signed in; what was refused before counts no more."""
    refused_sign_ins.forget(context.database, account.id)
    act = Act(
        event="signed_in",
        at=context.now(),
        person=account.id,
        role=account.role,
        agency=account.agency,
        what={"way": way},
    )
    acts.record_act(context.database, act)
    SIGN_INS.labels("signed_in").inc()
    return opened(context, account, address, SIGNED_IN)


def opened(context: Context, account: Account, address: str, stage: str) -> str:
    """The cookie of a new session at this stage."""
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


def _address_shut(context: Context, address: str, now: datetime) -> bool:
    count, newest = refused_sign_ins.from_address(context.database, address, now - ADDRESS_WINDOW)
    until = _patience_with_address(context.settings).until(count, newest)
    return until is not None and until > now


def locked(account: Account | None, now: datetime) -> bool:
    """Whether nobody may try this account's password or code now."""
    return account is not None and account.locked_until is not None and account.locked_until > now


def refuse(context: Context, account: Account | None, address: str, cause: str) -> None:
    """Count a refused sign-in. One that was not looked at makes no lock longer."""
    known = account.id if account else ""
    refused = Refusal(at=context.now(), address=address, account=known, cause=cause)
    SIGN_INS.labels(cause).inc()
    log.warning("sign_in_refused", account=known, address=address, cause=cause)
    if cause == LOCKED:
        refused_sign_ins.note(context.database, refused)
        return
    act = None
    if account is not None:
        what = {"address": address}
        act = Act(event="sign_in_locked", at=refused.at, person=account.id, role=account.role, what=what)
    refused_sign_ins.record(context.database, refused, patience(context.settings), act)


def _renew(context: Context, account: Account, password: str) -> None:
    """Keep the same password under the parameters of now."""
    people.rehash(context.database, account.id, passwords.hashed(password))
