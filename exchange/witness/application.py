"""The witness's HTTP side (C2SP tlog-witness), as a plain ASGI application.

==========================================  =============================================================
``POST /add-checkpoint``                    200 and the cosignature line; 400, 403, 404, 409, 422
``GET /<hash of the origin>/checkpoint``    the note that was cosigned last; 404 where there is none
``GET /checkpoint/<hash of the origin>``    the same
==========================================  =============================================================
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from exchange.core.witnessing import REQUEST_BYTES_MAX, SIZE_TYPE, Denied, Elsewhere
from exchange.witness.memory import Damaged
from exchange.witness.witness import Witness

log = structlog.get_logger(__name__)

BODY_SECONDS = 10.0
PLAIN = "text/plain; charset=utf-8"

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_CHECKPOINT = re.compile(r"/(?:checkpoint/([0-9a-f]{64})|([0-9a-f]{64})/checkpoint)")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


class _Gone(Exception):
    """Nobody waits for the answer."""


class Application:
    """Speaks HTTP for one witness."""

    def __init__(self, witness: Witness, body_seconds: float = BODY_SECONDS) -> None:
        self._witness = witness
        self._body_seconds = body_seconds

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        try:
            answer = await self._answer(scope, receive)
        except _Gone:
            return
        # Whatever it was: this request failed, and nothing was cosigned.
        except Exception:
            log.exception("request_failed", path=scope["path"])
            answer = Answer(500, "the witness failed\n")
        content = answer.body.encode()
        headers = {"content-type": PLAIN, "content-length": str(len(content)), **answer.headers}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if path == "/add-checkpoint":
            return await self._add(receive) if method == "POST" else _not_allowed("POST")
        if shown := _CHECKPOINT.fullmatch(path):
            return (
                await self._show(shown[1] or shown[2]) if method in ("GET", "HEAD") else _not_allowed("GET")
            )
        return Answer(404, "there is nothing here\n")

    async def _add(self, receive: Receive) -> Answer:
        try:
            body = await asyncio.wait_for(_body(receive), self._body_seconds)
        except TimeoutError:
            return Answer(408, f"the body was not complete within {self._body_seconds} s\n", _CLOSE)
        if body is None:
            return Answer(413, f"a body has at most {REQUEST_BYTES_MAX} bytes\n", _CLOSE)
        try:
            return Answer(200, await asyncio.to_thread(self._witness.add, body))
        except Elsewhere as denied:
            return Answer(409, f"{denied.size}\n", {"content-type": SIZE_TYPE})
        except Denied as denied:
            return Answer(denied.status, f"{denied.reason}\n")
        except (Damaged, OSError) as error:
            log.critical("not_remembered", reason=str(error))
            return Answer(500, "the witness cannot remember, so it does not sign\n")

    async def _show(self, hashed_origin: str) -> Answer:
        found = await asyncio.to_thread(self._witness.shown, hashed_origin)
        if found is None:
            return Answer(404, "no checkpoint of such a log was cosigned\n")
        return Answer(200, found, {"cache-control": "no-cache"})


_CLOSE = {"connection": "close"}  # what comes of the body is not read


def _not_allowed(method: str) -> Answer:
    return Answer(405, f"only {method}\n", {"allow": method})


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None as soon as it is too long. Raises ``_Gone``."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if len(body) > REQUEST_BYTES_MAX:
            return None
        if not message.get("more_body"):
            return bytes(body)
