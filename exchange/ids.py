"""Ids: the one place that makes them."""

import secrets

import uuid_utils


def new_id() -> str:
    """An id that sorts by time (UUID version 7, RFC 9562), as 32 hex digits."""
    return uuid_utils.uuid7().hex


def new_secret() -> str:
    """A bearer token or lease: 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)
