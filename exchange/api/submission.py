"""``POST /v1/documents`` and ``/v1/status``: bytes in, a signed acceptance out.

Plain ASGI: this is the path that every document takes, and it needs the exact bytes and no more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError

from exchange import confirm, intake
from exchange.api.access import Rate, authenticate
from exchange.api.problem import CONTENT_TYPE, problem, status_of
from exchange.context import Context
from exchange.core import receipt
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.core.signature import ParseLimits, parse
from exchange.intake import Answer
from exchange.ledger.directory_store import Token
from exchange.ledger.group import Full, GroupCommit
from exchange.ledger.record import Examined
from exchange.metrics import REFUSALS, SUBMISSION_SECONDS, SUBMISSIONS

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Examine = Callable[[Context, bytes, Token, datetime], Examined]

EXAMINERS: dict[str, Examine] = {
    "/v1/documents": intake.examine,
    "/v1/status": confirm.examine,
}
# Up to this size a check takes less time than handing it to a thread and back.
INLINE_BYTES_MAX = 32_768


class Disconnected(Exception):
    """The client went away before its body was complete: nothing was taken over."""


class Submission:
    """The ASGI application of the two addresses that take signed messages."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._rate = Rate(settings.rate_per_minute)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="examine")
        self._accepting: GroupCommit[Examined, Answer | Refusal] = GroupCommit(
            "accept",
            lambda batch: intake.accept(context, batch),
            batch_max=settings.commit_batch_max,
            waiting_max=settings.commit_queue_max,
        )

    def close(self) -> None:
        """Commit what waits, then stop."""
        self._accepting.close()
        self._threads.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one POST."""
        begun = time.perf_counter()
        try:
            status, headers, body = await self._submit(scope, receive)
        except Refused as refused:
            status, headers, body = self._refusal(scope, refused)
        except Disconnected:
            return
        # A fault of ours: the sender is told so, and what it may do.
        except Exception:
            log.exception("submission_failed", path=scope["path"])
            status, headers, body = self._refusal(scope, refuse("broker_failed"))
        head = [(b"content-length", str(len(body)).encode()), *headers]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})
        SUBMISSION_SECONDS.observe(time.perf_counter() - begun)
        SUBMISSIONS.labels(status).inc()

    async def _submit(self, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        headers = dict(scope["headers"])
        token = authenticate(self._context, headers.get(b"authorization", b"").decode("latin-1"), "submit")
        self._rate.check(token.agency)
        content = await self._body(headers, receive)
        try:
            answer = await self._accept(EXAMINERS[scope["path"]], content, token)
        except Refused:
            before = intake.accepted_before(self._context, content, token.agency)
            if before is None:
                raise
            answer = before
        log.info("accepted", document=answer.id, sender=token.agency, bytes=len(content), fresh=answer.fresh)
        head = [
            (b"location", f"/v1/documents/{answer.id}".encode()),
            (b"exchange-document", answer.id.encode()),
        ]
        if b"application/json" in headers.get(b"accept", b""):
            return 202, [*head, (b"content-type", b"application/json")], _json(answer)
        return 202, [*head, (b"content-type", b"application/xml")], answer.acceptance

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        limit = self._context.settings.document_bytes_max
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(int(declared), limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise _too_large(size, limit)
            parts.append(part)
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _accept(self, examine: Examine, content: bytes, token: Token) -> Answer:
        loop = asyncio.get_running_loop()
        now = self._context.now()
        if len(content) <= INLINE_BYTES_MAX:
            examined = examine(self._context, content, token, now)
        else:
            examined = await loop.run_in_executor(self._threads, examine, self._context, content, token, now)
        try:
            # The answer waits for the commit: after 202 the broker owes an end for each receiver.
            answer = await self._accepting.submit_from(loop, examined)
        except (Full, SQLAlchemyError) as error:
            log.error("not_stored", error=str(error), sender=token.agency)
            raise refuse(
                "broker_busy",
                "The document could not be stored now.",
                "Tạm thời chưa lưu được văn bản.",
            ) from None
        if isinstance(answer, Refusal):
            raise Refused(answer)
        return answer

    def _refusal(self, scope: Scope, refused: Refused) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        codes = [refusal.code for refusal in refused.refusals]
        log.info("refused", path=scope["path"], codes=codes)
        for code in codes:
            REFUSALS.labels(code).inc()
        return (
            status_of(refused.refusals),
            [(b"content-type", CONTENT_TYPE.encode()), *_retry_after(refused.refusals)],
            problem(refused),
        )


def _retry_after(refusals: Sequence[Refusal]) -> list[tuple[bytes, bytes]]:
    seconds = refusals[0].values.get("retry_after_seconds")
    return [] if seconds is None else [(b"retry-after", str(seconds).encode())]


def _too_large(size: int, limit: int) -> Refused:
    return refuse(
        "document_too_large",
        f"{size} bytes; the limit is {limit}.",
        f"{size} byte; giới hạn là {limit}.",
        limit=limit,
    )


def _json(answer: Answer) -> bytes:
    accepted = receipt.read(parse(answer.acceptance, ParseLimits()))
    return orjson.dumps(
        {
            "id": answer.id,
            "document_id": accepted.subject.document_id,
            "digest": accepted.subject.digest,
            "bytes": accepted.subject.size,
            "accepted_at": accepted.at,
            "deliveries": [
                {
                    "id": delivery.id,
                    "receiver": delivery.receiver,
                    "addressed_as": delivery.addressed_as,
                    "forwarded_from": delivery.forwarded_from,
                    "expires_at": delivery.expires_at,
                }
                for delivery in accepted.deliveries
            ],
            "warnings": [{"code": each.code, "text": each.text} for each in accepted.warnings],
            "acceptance": answer.acceptance.decode(),
        }
    )
