"""Headers of every page: what a browser may load, keep and tell others."""

from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[Any], Awaitable[None]]

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
STRICT = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
NOT_KEPT = (b"cache-control", b"no-store")
HTTPS = (b"strict-transport-security", b"max-age=31536000")


def strict(send: Send, *, https: bool) -> Send:
    """A ``send`` that adds them; an answer that says itself how long it may be kept is left to it."""

    async def guarded(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            given = {name.lower() for name, _ in headers}
            added = [*STRICT, NOT_KEPT, *([HTTPS] if https else [])]
            message = {**message, "headers": headers + [each for each in added if each[0] not in given]}
        await send(message)

    return guarded
