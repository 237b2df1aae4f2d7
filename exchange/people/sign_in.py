"""Signing in: what a person shows, and the session that it opens, or the lock that it closes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from exchange.context import Context
from exchange.core.lockout import Patience
from exchange.ids import new_secret
from exchange.ledger import acts, people, refused_sign_ins, sessions
from exchange.ledger.acts import Act
from exchange.ledger.people import Account
from exchange.ledger.refused_sign_ins import LOCKED, PASSWORD, Refusal
from exchange.ledger.refused_sign_ins import SECOND_FACTOR as SECOND_FACTOR_REFUSED
from exchange.ledger.sessions import ENROL, SECOND_FACTOR, SIGNED_IN, Session
from exchange.metrics import SIGN_INS
from exchange.people import browsers, passwords, second_factor
from exchange.people.session import life
from exchange.settings import Settings

log = structlog.get_logger(__name__)

ADDRESS_WINDOW = timedelta(hours=1)  # in which refused sign-ins of an address count
ADDRESS_FREE_FACTOR = 4  # an address may be a whole office's
STRANGERS_FREE_FACTOR, STRANGERS_WAIT_MOST = 4, timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody shows, and from which network address."""

    login: str
    password: str
    address: str
    mark: Callable[[str], str] = lambda _: ""
    """What the browser keeps of an account that somebody signed in to with it."""


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


def _patience_with_strangers(settings: Settings) -> Patience:
    """With all who try an account from browsers that nobody signed in with: a short wait, for all of them."""
    return Patience(
        free=settings.sign_ins_free * STRANGERS_FREE_FACTOR,
        first=timedelta(seconds=1),
        most=STRANGERS_WAIT_MOST,
    )


def shut(context: Context, account: Account, source: str) -> bool:
    """Whether this source may not try the account's password now."""
    now = context.now()
    tried, newest = refused_sign_ins.of_account(context.database, account.id, now, source=source)
    waits = [account.locked_until, patience(context.settings).until(tried, newest)]
    if not source.startswith(browsers.PREFIX):
        tried, newest = refused_sign_ins.of_account(
            context.database, account.id, now, strangers=browsers.PREFIX
        )
        waits.append(_patience_with_strangers(context.settings).until(tried, newest))
    return any(until is not None and until > now for until in waits)


def with_password(context: Context, offer: Offer) -> str:
    """The cookie of a new session; "" where it opens none.

    Whatever is wrong with login and password, it takes as long. What comes from an address that is shut
    is not looked at: it tells nothing of any account, and a flood costs little.
    """
    account = people.by_login(context.database, offer.login.strip().lower())
    source = _source(context, account, offer)
    if source == offer.address and _address_shut(context, offer.address, context.now()):
        refuse(context, account, offer.address, LOCKED)
        return ""
    closed = account is not None and shut(context, account, source)
    usable = account is not None and account.disabled_at is None and not closed
    right = passwords.matches(offer.password, account.password if usable and account else "")
    if account is None or not right:
        refuse(context, account, offer.address, LOCKED if closed else PASSWORD, source)
        return ""
    if passwords.outdated(account.password):
        _renew(context, account, offer.password)
    refused_sign_ins.forget(context.database, account.id, source)
    return _begin(context, account, offer.address)


def _source(context: Context, account: Account | None, offer: Offer) -> str:
    if account is None:
        return offer.address
    return browsers.source(context.settings, account.id, offer.mark(account.id), offer.address)


def _begin(context: Context, account: Account, address: str) -> str:
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
        refuse(context, account, address, SECOND_FACTOR_REFUSED)
        return ""
    sessions.end(context.database, session)
    return let_in(context, account, address, "second_factor")


def let_in(context: Context, account: Account, address: str, way: str) -> str:
    """The cookie of a session that is signed in; what was refused before counts no more."""
    people.clear_failures(context.database, account.id)
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


def refuse(context: Context, account: Account | None, address: str, cause: str, source: str = "") -> None:
    """Count a refused sign-in. One that was not looked at makes no lock longer."""
    known = account.id if account else ""
    refused = Refusal(at=context.now(), address=address, account=known, cause=cause, source=source or address)
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
