"""Who calls: bearer tokens (RFC 6750), their scopes, and the rate at which an agency may submit."""

import time
from collections.abc import Mapping

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

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
    """Counts submissions per agency and minute in this process."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def check(self, agency: str) -> None:
        """Count one; raises ``Refused`` above the limit."""
        if self._limiter.hit(self._item, agency):
            return
        window = self._limiter.get_window_stats(self._item, agency)
        wait_seconds = max(1, round(window.reset_time - time.time()))
        raise refuse(
            "rate_exceeded",
            f"More than {self._item.amount} submissions in a minute.",
            f"Quá {self._item.amount} lượt gửi trong một phút.",
            limit=self._item.amount,
            retry_after_seconds=wait_seconds,
        )
