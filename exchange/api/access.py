"""Who calls: bearer tokens (RFC 6750), their scopes, and the rate at which an agency may submit."""

import math
import time
from collections.abc import Callable, Mapping

from exchange.context import Context
from exchange.core.refusal import Refused, refuse
from exchange.ledger.directory_store import Token

_MINUTE_SECONDS = 60.0

SCOPES: Mapping[str, str] = {
    "submit": "post documents and status messages",
    "inbox": "fetch what lies ready for the agency",
    "read": "see the agency's documents, receipts and the directory",
}


def authenticate(context: Context, authorization: str, scope: str, *others: str) -> Token:
    """The caller's token; raises ``Refused`` when it is missing, opens nothing, or none of these."""
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise refuse(
            "token_missing",
            "The request carries no bearer token.",
            "Yêu cầu không có mã truy cập.",
            where="Authorization",
        )
    token = context.registry.current.authenticate(secret.strip(), context.now())
    if token.scopes.isdisjoint((scope, *others)):
        raise refuse(
            "scope_missing",
            f"This needs the scope {' or '.join(f'“{each}”: {SCOPES[each]}' for each in (scope, *others))}.",
            f"Cần phạm vi {' hoặc '.join(f'“{each}”' for each in (scope, *others))}.",
            where="Authorization",
            scope=scope,
        )
    return token


def agency_rate(detail: str, detail_vi: str, limit: int, retry_after_seconds: int) -> Refused:
    """What an agency's software hears above its limit."""
    return refuse("rate_exceeded", detail, detail_vi, limit=limit, retry_after_seconds=retry_after_seconds)


def person_rate(detail: str, detail_vi: str, limit: int, retry_after_seconds: int) -> Refused:
    """What a person hears above the limit."""
    return refuse(
        "person_rate_exceeded", detail, detail_vi, limit=limit, retry_after_seconds=retry_after_seconds
    )


class Rate:
    """Counts submissions per agency, or acts per person, in this process; a minute begins with the first."""

    def __init__(self, per_minute: int, refusal: Callable[..., Refused] = agency_rate) -> None:
        self._per_minute, self._refusal = per_minute, refusal
        self._minutes: dict[str, tuple[float, int]] = {}  # when it began, and the count

    def check(self, agency: str) -> None:
        """Count one; raises ``Refused`` above the limit."""
        seconds = time.monotonic()
        began, count = self._minutes.get(agency, (seconds, 0))
        if seconds - began >= _MINUTE_SECONDS:
            began, count = seconds, 0
        self._minutes[agency] = (began, count + 1)
        if count < self._per_minute:
            return
        raise self._refusal(
            f"More than {self._per_minute} in a minute.",
            f"Quá {self._per_minute} lượt trong một phút.",
            limit=self._per_minute,
            retry_after_seconds=max(1, math.ceil(began + _MINUTE_SECONDS - seconds)),
        )
