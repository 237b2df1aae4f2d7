"""Bodies of requests: asked for after the token, and taken up to a limit.

FastAPI reads a whole body before it looks at the token, and its own limit answers in plain text.
"""

from collections.abc import Mapping, Sequence

from exchange.api.access import authenticate
from exchange.api.deadline import Receive, read_body
from exchange.api.submission import Scope
from exchange.context import Context

JSON_BYTES_MAX = 65_536
PREFLIGHT, VERIFY, PAPER = "/v1/preflight", "/v1/verify", "/v1/paper"
# Addresses whose token is checked before the first byte of the body; the others take no body that matters.
SCOPES: Mapping[str, Sequence[str]] = {
    PREFLIGHT: ("submit",),
    VERIFY: ("read", "submit"),
    PAPER: ("submit",),
    "/v1/inbox": ("inbox",),
}


async def taken(context: Context, scope: Scope, receive: Receive) -> Receive:
    """A ``receive`` that holds the whole body.

    Raises ``Refused`` when the token does not open the address, and what ``read_body`` raises.
    """
    if scope["method"] in ("GET", "HEAD"):
        return receive
    headers = dict(scope["headers"])
    if scope["method"] == "POST":
        _check_token(context, scope["path"], headers)
    limit = _limit(context, scope["path"], headers)
    return _replayed(await read_body(receive, headers, limit, context.receiving), receive)


def _limit(context: Context, path: str, headers: Mapping[bytes, bytes]) -> int:
    if path in (PREFLIGHT, VERIFY):
        return context.settings.document_bytes_max
    # A form with files: a document, and the fields beside it.
    if path.startswith("/web/") and headers.get(b"content-type", b"").startswith(b"multipart/form-data"):
        return context.settings.document_bytes_max + JSON_BYTES_MAX
    return JSON_BYTES_MAX


def _check_token(context: Context, path: str, headers: Mapping[bytes, bytes]) -> None:
    for begin, needed in SCOPES.items():
        if path.startswith(begin):
            authenticate(context, headers.get(b"authorization", b"").decode("latin-1"), *needed)


def _replayed(content: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": content, "more_body": False}]

    async def replay() -> dict[str, object]:
        return waiting.pop() if waiting else dict(await receive())

    return replay
