"""Passwords: argon2id (RFC 9106) with parameters that are said here, and what a new one must be."""

import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from exchange.core.refusal import refuse
from exchange.ids import new_secret

# RFC 9106, section 4, the second recommended set: 64 MiB.
_PARAMETERS = Parameters(
    type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=3, memory_cost=65_536, parallelism=4
)
_HASHER = PasswordHasher.from_parameters(_PARAMETERS)
_AT_ONCE = threading.BoundedSemaphore(2)  # each takes 64 MiB and a core
_WAITING = threading.BoundedSemaphore(8)  # threads, which other requests need too

CHARACTERS_MIN, CHARACTERS_MAX = 12, 200
JUDGED_CHARACTERS = 72  # of a password, from the left: the search grows with their square
GUESSES_MIN = 10**9
# What everybody here would try first.
CONTEXT = (
    *("congvan", "vanban", "vanthu", "lienthong", "truclienthong", "matkhau", "quantri", "kiemtra"),
    *("exchange", "edxml", "vietnam", "password", "administrator", "auditor", "clerk", "ubnd"),
)


def fits(password: str) -> bool:
    """Whether it is long enough for a new one: no kinds of characters are asked for (NIST SP 800-63B)."""
    typed = _composed(password)
    return len(typed) >= CHARACTERS_MIN and len(password) <= CHARACTERS_MAX and len(set(typed)) > 4


def guessed(password: str, *words: str) -> bool:
    """Whether somebody who tries common passwords, words, names, keyboard rows and ``words`` soon has it.

    NIST SP 800-63B, 5.1.1.2, asks for such a comparison; zxcvbn carries the lists (30 000 passwords).
    """
    from zxcvbn import zxcvbn

    parts = [part for word in words for part in (word, *re.split(r"[\W_]+", word)) if len(part) > 2]
    judged = zxcvbn(_composed(password)[:JUDGED_CHARACTERS], user_inputs=[*parts, *CONTEXT])
    return int(judged["guesses"]) < GUESSES_MIN


def _composed(password: str) -> str:
    """In one form (NIST SP 800-63B, 5.1.1.2): keyboards write "ế" as one character, as two or as three."""
    return unicodedata.normalize("NFC", password[:CHARACTERS_MAX])


@contextmanager
def _turn() -> Iterator[None]:
    """One of few, so that a flood of sign-ins takes neither the memory nor the threads; else ``Refused``."""
    if not _WAITING.acquire(blocking=False):
        raise refuse("broker_busy")
    try:
        with _AT_ONCE:
            yield
    finally:
        _WAITING.release()


def hashed(password: str) -> str:
    """In PHC form, with its salt and parameters; raises ``Refused`` (``broker_busy``)."""
    with _turn():
        return _HASHER.hash(_composed(password))


def matches(password: str, kept: str) -> bool:
    """Whether ``kept`` is of this password. Without ``kept`` it takes as long, and is false.

    Raises ``Refused`` (``broker_busy``).
    """
    with _turn():
        try:
            return _HASHER.verify(kept or _nobody(), _composed(password)) and bool(kept)
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
