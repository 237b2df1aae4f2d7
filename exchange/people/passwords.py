"""Passwords: argon2id (RFC 9106) with parameters that are said here, and what a new one must be."""

import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from exchange.ids import new_secret

# RFC 9106, section 4, the second recommended set: 64 MiB.
_HASHER = PasswordHasher(
    time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32, salt_len=16, type=Type.ID
)
_AT_ONCE = threading.BoundedSemaphore(2)  # each takes 64 MiB and a core

CHARACTERS_MIN, CHARACTERS_MAX = 12, 200


def fits(password: str) -> bool:
    """Whether it may be a new password: length is what counts (NIST SP 800-63B, 5.1.1.2)."""
    return CHARACTERS_MIN <= len(password) <= CHARACTERS_MAX and len(set(password)) > 4


def hashed(password: str) -> str:
    """In PHC form, with its salt and parameters."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(password: str, kept: str) -> bool:
    """Whether ``kept`` is of this password. Without ``kept`` it takes as long, and is false."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _nobody(), password[:CHARACTERS_MAX]) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Whether it was made with other parameters than those of now."""
    return _HASHER.check_needs_rehash(kept)


_NOBODY: list[str] = []


def _nobody() -> str:
    # Of a secret that nobody knows: an account that is not there takes as long as one that is.
    if not _NOBODY:
        _NOBODY.append(_HASHER.hash(new_secret()))
    return _NOBODY[0]
