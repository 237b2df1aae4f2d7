"""Secrets at rest: what the database holds of second factors opens only with a key beside it."""

from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from exchange.keys import people_key
from exchange.settings import Settings


@cache
def _cipher(data: Path) -> Fernet:
    return Fernet(people_key(data))


def sealed(settings: Settings, secret: str) -> str:
    """``secret`` encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA-256)."""
    return _cipher(settings.data).encrypt(secret.encode()).decode()


def opened(settings: Settings, kept: str, seconds_max: int | None = None) -> str | None:
    """What was sealed; None where it is another key's, was changed, or is older than ``seconds_max``."""
    try:
        return _cipher(settings.data).decrypt(kept.encode(), seconds_max).decode()
    except InvalidToken:
        return None
