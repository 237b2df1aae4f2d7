"""Bodies of requests: asked for after the token, and taken up to a limit.

FastAPI reads a whole body before it looks at the token, and its own limit answers in plain text.
"""

from collections.abc import Mapping, Sequence

from anyio import to_thread
from sqlalchemy.exc import OperationalError, TimeoutError
from starlette.requests import HTTPConnection

from exchange.api.access import authenticate
from exchange.api.deadline import Receive, read_body
from exchange.api.submission import Scope
from exchange.context import Context
from exchange.core.refusal import refuse
from exchange.web.visitor import has_session

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
    limit = _limit(context, scope["path"])
    if _is_large_form(scope["path"], headers) and await _signed_in(context, scope):
        limit = context.settings.document_bytes_max + JSON_BYTES_MAX
    return _replayed(await read_body(receive, headers, limit, context.receiving), receive)


def _limit(context: Context, path: str) -> int:
    return context.settings.document_bytes_max if path in (PREFLIGHT, VERIFY) else JSON_BYTES_MAX


def _is_large_form(path: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether it is a form with files: a document, and the fields beside it."""
    kind = headers.get(b"content-type", b"")
    return path.startswith("/web/") and kind.startswith(b"multipart/form-data")


async def _signed_in(context: Context, scope: Scope) -> bool:
    """Whether somebody is signed in: of nobody else a file is taken."""
    cookies = HTTPConnection(scope).cookies
    try:
        return await to_thread.run_sync(has_session, context, cookies)
    except (OperationalError, TimeoutError):
        raise refuse("broker_busy") from None


def _check_token(context: Context, path: str, headers: Mapping[bytes, bytes]) -> None:
    for begin, needed in SCOPES.items():
        if path.startswith(begin):
            authenticate(context, headers.get(b"authorization", b"").decode("latin-1"), *needed)


def _replayed(content: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": content, "more_body": False}]

    async def replay() -> dict[str, object]:
        return waiting.pop() if waiting else dict(await receive())

    return replay
