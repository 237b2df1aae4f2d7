"""Bodies of requests: asked for after the token, and taken up to a limit.

FastAPI reads a whole body before it looks at the token, and its own limit answers in plain text.
"""

from collections.abc import Mapping

from exchange.api.access import authenticate
from exchange.api.submission import Disconnected, Receive, Scope
from exchange.context import Context
from exchange.core.refusal import Refused, refuse

JSON_BYTES_MAX = 65_536
PREFLIGHT = "/v1/preflight"
# Addresses whose token is checked before the first byte of the body; the others take no body that matters.
SCOPES: Mapping[str, str] = {PREFLIGHT: "submit", "/v1/inbox": "inbox"}


async def taken(context: Context, scope: Scope, receive: Receive) -> Receive:
    """A ``receive`` that holds the whole body.

    Raises ``Refused`` when the token does not open the address or the body is too large, and
    ``Disconnected`` when it never was complete.
    """
    if scope["method"] in ("GET", "HEAD"):
        return receive
    headers = dict(scope["headers"])
    if scope["method"] == "POST":
        _check_token(context, scope["path"], headers)
    limit = context.settings.document_bytes_max if scope["path"] == PREFLIGHT else JSON_BYTES_MAX
    return _replayed(await _read(headers, receive, limit), receive)


def _check_token(context: Context, path: str, headers: Mapping[bytes, bytes]) -> None:
    for begin, needed in SCOPES.items():
        if path.startswith(begin):
            authenticate(context, headers.get(b"authorization", b"").decode("latin-1"), needed)


async def _read(headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    content = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        content += message.get("body", b"")
        if len(content) > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return bytes(content)


def _replayed(content: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": content, "more_body": False}]

    async def replay() -> dict[str, object]:
        return waiting.pop() if waiting else dict(await receive())

    return replay


def _too_large(limit: int) -> Refused:
    return refuse(
        "document_too_large",
        f"The body is larger than {limit} bytes.",
        f"Nội dung lớn hơn {limit} byte.",
        limit=limit,
    )
