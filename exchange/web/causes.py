"""Causes of failures in plain words, with what to do."""

from exchange.web.texts import TEXTS, said

_HTTP = "http_"
_REMEDIES = {"401": "http_auth", "403": "http_auth", "413": "http_size"}


def title(cause: str, language: str) -> str:
    """What it is called."""
    if cause.startswith(_HTTP):
        return said("cause.http", language, code=cause.removeprefix(_HTTP))
    if f"cause.{cause}" in TEXTS:
        return said(f"cause.{cause}", language)
    return said("cause.other", language, code=cause)


def remedy(cause: str, language: str) -> str:
    """What an administrator does about it."""
    name = cause
    if cause.startswith(_HTTP):
        name = _REMEDIES.get(cause.removeprefix(_HTTP), "http")
    key = f"cause.{name}.remedy"
    return said(key if key in TEXTS else "cause.other.remedy", language)
