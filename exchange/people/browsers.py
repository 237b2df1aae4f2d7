"""Browsers that a person signed in with: known by a cookie, so that a stranger's tries do not lock them out.

Device cookies, as OWASP describes them. The cookie opens nothing.
"""

import hashlib

from exchange.ids import new_id
from exchange.people.secrets import opened, sealed
from exchange.settings import Settings

KEPT_SECONDS = 400 * 86_400
PREFIX = "browser:"


def cookie(account: str) -> str:
    """The name of this account's cookie: several persons may share a browser."""
    return f"known-{hashlib.sha256(account.encode()).hexdigest()[:12]}"


def mark(settings: Settings, account: str) -> str:
    """What a browser keeps in which the person signed in."""
    return sealed(settings, f"{account}:{new_id()}")


def source(settings: Settings, account: str, kept: str, address: str) -> str:
    """Who tries: the browser that keeps this mark of the account, or else whoever is at the address."""
    owner, _, browser = (opened(settings, kept, KEPT_SECONDS) or "").partition(":")
    return f"{PREFIX}{browser}" if kept and owner == account else address
