"""Who calls: bearer tokens (RFC 6750), their scopes, and the rate at which an agency may submit."""

import math
import time
from collections import Counter
from collections.abc import Mapping

from exchange.context import Context
from exchange.core.refusal import refuse
from exchange.ledger.directory_store import Token

SCOPES: Mapping[str, str] = {
    "submit": "post documents and status messages",
    "inbox": "fetch what lies ready for the agency",
    "read": "see the agency's documents, receipts and the directory",
}


def authenticate(context: Context, authorization: str, scope: str) -> Token:
    """The caller's token; raises ``Refused`` when it is missing, opens nothing, or not this."""
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise refuse(
            "token_missing",
            "The request carries no bearer token.",
            "Yêu cầu không có mã truy cập.",
            where="Authorization",
        )
    token = context.registry.current.authenticate(secret.strip(), context.now())
    if scope not in token.scopes:
        raise refuse(
            "scope_missing",
            f"This needs the scope “{scope}”: {SCOPES[scope]}.",
            f"Cần phạm vi “{scope}”.",
            where="Authorization",
            scope=scope,
        )
    return token


class Rate:
    """Counts submissions per agency and minute in this process: fixed windows, one number per agency."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._window = 0
        self._counts: Counter[str] = Counter()

    def check(self, agency: str, now_seconds: float | None = None) -> None:
        """Count one; raises ``Refused`` above the limit."""
        seconds = time.monotonic() if now_seconds is None else now_seconds
        window = int(seconds // 60)
        if window != self._window:
            self._window, self._counts = window, Counter()
        self._counts[agency] += 1
        if self._counts[agency] <= self._per_minute:
            return
        raise refuse(
            "rate_exceeded",
            f"More than {self._per_minute} submissions in a minute.",
            f"Quá {self._per_minute} lượt gửi trong một phút.",
            limit=self._per_minute,
            retry_after_seconds=max(1, math.ceil(60 * (window + 1) - seconds)),
        )
