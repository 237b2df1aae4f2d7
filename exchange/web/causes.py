"""Causes of failures in plain words, with what to do."""

from exchange.web.texts import TEXTS, said

_HTTP = "http_"
_REMEDIES = {"401": "http_auth", "403": "http_auth", "413": "http_size"}


def title(cause: str, language: str, reason: str = "") -> str:
    """What it is called; a cause that is not known here by the words that came with it."""
    if cause.startswith(_HTTP):
        return said("cause.http", language, code=cause.removeprefix(_HTTP))
    if f"cause.{cause}" in TEXTS:
        return said(f"cause.{cause}", language)
    return said("cause.other", language, code=f"{reason} ({cause})" if reason else cause)


def words(cause: str, reason: str, language: str) -> str:
    """The reason as it was given; in one language where the exchange itself gave it in both."""
    vietnamese, slash, english = reason.partition(" / ")
    if not slash or cause.startswith(_HTTP):
        return reason
    return vietnamese if language == "vi" else english


def remedy(cause: str, language: str) -> str:
    """What an administrator does about it."""
    name = cause
    if cause.startswith(_HTTP):
        name = _REMEDIES.get(cause.removeprefix(_HTTP), "http")
    key = f"cause.{name}.remedy"
    return said(key if key in TEXTS else "cause.other.remedy", language)
