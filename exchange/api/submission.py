"""``POST /v1/documents`` and ``/v1/status``: bytes in, a signed acceptance out.

Plain ASGI: this is the path that every document takes, and it needs the exact bytes and no more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError

from exchange import bringing, confirm, findings, intake
from exchange.api.access import Rate, authenticate
from exchange.api.deadline import Disconnected, Receive, read_body
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
from exchange.payloads import NotKept

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Examine = Callable[[Context, bytes, Token, datetime], Examined]

EXAMINERS: dict[str, Examine] = {
    "/v1/documents": intake.examine,
    "/v1/status": confirm.examine,
}
# Up to this size a check takes less time than handing it to a thread and back. It may read the
# database: an embedded one never makes a reader wait, a server may.
INLINE_BYTES_MAX = 32_768
EXAMINE_THREADS = 8  # for larger ones: mostly they wait until a payload file is on the disk
SLOW_THREADS = 8  # for documents whose PDFs may have to be examined first: they wait for a process


class Submission:
    """The ASGI application of the two addresses that take signed messages."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._rate = Rate(settings.rate_per_minute)
        self._inline_bytes_max = INLINE_BYTES_MAX if context.database.embedded else 0
        self._threads = ThreadPoolExecutor(EXAMINE_THREADS, thread_name_prefix="examine")
        self._slow = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="examine-pdf")
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
        self._slow.shutdown()

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
        settings = self._context.settings
        content = await read_body(receive, headers, settings.document_bytes_max, self._context.receiving)
        answer = await self.take(scope["path"], content, token)
        head = [
            (b"location", f"/v1/documents/{answer.id}".encode()),
            (b"exchange-document", answer.id.encode()),
        ]
        if b"application/json" in headers.get(b"accept", b""):
            return 202, [*head, (b"content-type", b"application/json")], _json(answer)
        return 202, [*head, (b"content-type", b"application/xml")], answer.acceptance

    def count(self, agency: str) -> None:
        """Count one submission of the agency; raises ``Refused`` above the limit."""
        self._rate.check(agency)

    async def take(self, path: str, content: bytes, token: Token) -> Answer:
        """Accept what was sent to ``path``, one of ``EXAMINERS``; raises ``Refused``."""
        try:
            if token.agency in self._context.registry.current.directory.hubs:
                now = self._context.now()
                token = await self._in_thread(bringing.spoken_for, self._context, content, token, now)
            answer = await self._answer(EXAMINERS[path], content, token)
        except (Full, NotKept, SQLAlchemyError) as error:
            log.error("not_stored", error=str(error), sender=token.agency)
            raise refuse(
                "broker_busy",
                "The document could not be stored now.",
                "Tạm thời chưa lưu được văn bản.",
            ) from None
        log.info("accepted", document=answer.id, sender=token.agency, bytes=len(content), fresh=answer.fresh)
        return answer

    async def _answer(self, examine: Examine, content: bytes, token: Token) -> Answer:
        try:
            return await self._accept(examine, content, token)
        except Refused:
            before = await self._in_thread(intake.accepted_before, self._context, content, token.agency)
            if before is None:
                raise
            return before

    async def _accept(self, examine: Examine, content: bytes, token: Token) -> Answer:
        now = self._context.now()
        if findings.may_take_long(self._context):
            loop = asyncio.get_running_loop()
            examined = await loop.run_in_executor(
                self._slow, partial(examine, self._context, content, token, now)
            )
        elif len(content) <= self._inline_bytes_max:
            examined = examine(self._context, content, token, now)
        else:
            examined = await self._in_thread(examine, self._context, content, token, now)
        # The answer waits for the commit: after 202 the broker owes an end for each receiver.
        answer = await self._accepting.submit_from(asyncio.get_running_loop(), examined)
        if isinstance(answer, Refusal):
            raise Refused(answer)
        return answer

    async def _in_thread(self, work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
        call = partial(work, *values, **named)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _refusal(self, scope: Scope, refused: Refused) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        codes = [refusal.code for refusal in refused.refusals]
        log.info("refused", path=scope["path"], codes=codes)
        for code in codes:
            REFUSALS.labels(code).inc()
        status = status_of(refused.refusals)
        head = [(b"content-type", CONTENT_TYPE.encode()), *_retry_after(refused.refusals)]
        if status == HTTPStatus.REQUEST_TIMEOUT:
            head.append((b"connection", b"close"))  # RFC 9110, 15.5.9: the rest is not waited for
        return status, head, problem(refused)


def _retry_after(refusals: Sequence[Refusal]) -> list[tuple[bytes, bytes]]:
    seconds = refusals[0].values.get("retry_after_seconds")
    return [] if seconds is None else [(b"retry-after", str(seconds).encode())]


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
