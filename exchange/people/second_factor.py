"""The second factor: time-based one-time passwords (RFC 6238, by pyotp), and codes for when it is lost."""

import hashlib
import hmac
import io
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import segno

from exchange.context import Context
from exchange.ledger import people
from exchange.ledger.acts import Act
from exchange.ledger.people import Account
from exchange.people.secrets import opened, sealed

STEP_SECONDS, DIGITS = 30, 6  # what every authenticator takes
STEPS_EITHER_SIDE = 1  # clocks of phones go wrong
CODES, CODE_BYTES = 10, 8  # recovery codes; 64 random bits each: hashed without salt they stay unguessable


@dataclass(frozen=True, slots=True)
class Shown:
    """A new secret, as a person takes it over: a picture to scan, and the same to type."""

    secret: str
    picture: str  # SVG
    address: str  # otpauth://


def new_secret() -> str:
    """For one account's authenticator."""
    return pyotp.random_base32()


def shown(secret: str, login: str, issuer: str) -> Shown:
    """How the person takes it over."""
    address = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(
        name=login, issuer_name=issuer
    )
    picture = io.BytesIO()
    segno.make(address, error="m").save(
        picture, kind="svg", border=4, omitsize=True, xmldecl=False, svgns=False, light="#fff", nl=False
    )
    return Shown(secret, picture.getvalue().decode(), address)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that ``code`` is of, of those around ``now``; None if of none."""
    digits = "".join(code.split())
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    current = int(now.timestamp()) // STEP_SECONDS
    for step in range(current - STEPS_EITHER_SIDE, current + STEPS_EITHER_SIDE + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode()):
            return step
    return None


def right(context: Context, account: Account, code: str) -> bool:
    """Whether the code opens: the authenticator's, or a recovery code; each does so once."""
    secret = opened(context.settings, account.totp_secret)
    step = step_of(secret, code, context.now()) if secret is not None else None
    if step is not None:
        return people.use_step(context.database, account.id, step)
    act = Act(event="recovery_code_used", at=context.now(), person=account.id, role=account.role)
    return people.use_recovery_code(context.database, account.id, hashed(account.id, code), act)


def take(context: Context, account: Account, secret: str, code: str) -> tuple[str, ...]:
    """Set up the second factor, which ends all sessions; the recovery codes, said once.

    None: the code is not of ``secret``, or another second factor was set up meanwhile.
    """
    step = step_of(secret, code, context.now())
    if step is None:
        return ()
    codes = new_codes()
    act = Act(event="second_factor_set", at=context.now(), person=account.id, role=account.role)
    hashes = [hashed(account.id, each) for each in codes]
    kept = sealed(context.settings, secret)
    fresh = people.set_second_factor(context.database, account.id, kept, step, hashes, act)
    return codes if fresh else ()


def renew(context: Context, account: Account) -> tuple[str, ...]:
    """Other recovery codes, said once; the earlier ones are worth nothing any more."""
    codes = new_codes()
    act = Act(event="recovery_codes_made", at=context.now(), person=account.id, role=account.role)
    hashes = [hashed(account.id, each) for each in codes]
    people.renew_recovery_codes(context.database, account.id, hashes, act)
    return codes


def new_codes() -> tuple[str, ...]:
    """Recovery codes, four by four to be read."""
    made = (secrets.token_hex(CODE_BYTES) for _ in range(CODES))
    return tuple("-".join(each[at : at + 4] for at in range(0, len(each), 4)) for each in made)


def hashed(account: str, code: str) -> str:
    """What is kept of a recovery code, however it is typed."""
    plain = "".join(each for each in code.lower() if each.isalnum())
    return hashlib.sha256(f"{account}:{plain}".encode()).hexdigest()
