"""``/vxp/…``: the national axis' interface towards us, so that software joins by an address and a key.

Plain ASGI: the headers are verified before the first byte of the body is asked for, and a document's body is
its exact bytes.
"""

import asyncio
from collections.abc import Mapping

import orjson
import structlog
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from exchange.api import axis_calls
from exchange.api.access import SCOPES
from exchange.api.axis_calls import CALLS, Answered, Asked
from exchange.api.deadline import Disconnected, Receive, read_body
from exchange.api.problem import status_of
from exchange.api.submission import Scope, Send, Submission
from exchange.context import Context, today
from exchange.core import vxp
from exchange.core.refusal import Refused, refuse
from exchange.core.vxp import Fault
from exchange.ledger import axis_keys
from exchange.ledger.axis_keys import AxisKey
from exchange.ledger.directory_store import Token
from exchange.metrics import REFUSALS
from exchange.people.secrets import opened
from exchange.pickup import Pickup

log = structlog.get_logger(__name__)

PREFIX = "/vxp/"
BODY_BYTES_MAX = 65_536  # of calls that bring no document
GETS = {"downloadEdoc", "countReceiveEdoc", "countReceiveStatus"}
JSON, BYTES = b"application/json", b"application/octet-stream"


class Axis:
    """The ASGI application of these addresses."""

    def __init__(self, context: Context, submission: Submission, pickup: Pickup) -> None:
        self._context, self._submission, self._pickup = context, submission, pickup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call. Only 429 and 5xx are worth another try; every other answer is 200 or 404."""
        kind = JSON
        try:
            status, kind, body = await self._answer(scope, receive)
        except Fault as fault:
            log.info("axis_refused", path=scope["path"], code=fault.code)
            status = 404 if scope["path"] == f"{PREFIX}downloadEdoc" else 200
            body = orjson.dumps(vxp.failure(fault.code, fault.words))
        except Refused as refused:
            status, body = self._refusal(scope, refused)
        except Disconnected:
            return
        except SQLAlchemyError as error:
            log.error("database_unavailable", path=scope["path"], error=str(error))
            status, body = self._refusal(scope, refuse("broker_busy"))
        # A fault of ours: the caller is told so, and may try again.
        except Exception:
            log.exception("axis_failed", path=scope["path"])
            status, body = self._refusal(scope, refuse("broker_failed"))
        head = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope, refused: Refused) -> tuple[int, bytes]:
        codes = [each.code for each in refused.refusals]
        log.info("refused", path=scope["path"], codes=codes)
        for code in codes:
            REFUSALS.labels(code).inc()
        status = status_of(refused.refusals)
        if status != 429 and status < 500:
            status = 404 if scope["path"] == f"{PREFIX}downloadEdoc" else 200
        return status, orjson.dumps(vxp.refusal(refused.refusals))

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes, bytes]:
        name = str(scope["path"]).removeprefix(PREFIX)
        if name not in {*CALLS, "sendEdoc", "downloadEdoc"} or (
            scope["method"] != "POST" and not (scope["method"] == "GET" and name in GETS)
        ):
            raise Fault(vxp.NOT_EDXML, f"Không có lệnh {name[:60]}.", f"There is no call {name[:60]}.")
        asked = await to_thread.run_sync(self._authenticate, scope)
        if name == "sendEdoc":
            return 200, JSON, orjson.dumps(await self._send(asked, scope, receive))
        await read_body(receive, dict(scope["headers"]), BODY_BYTES_MAX, self._context.receiving)
        if name == "downloadEdoc":
            _check_scope(asked.key, "inbox")
            return 200, BYTES, await to_thread.run_sync(axis_calls.content, asked)
        needed, work = CALLS[name]
        _check_scope(asked.key, needed)
        return 200, JSON, orjson.dumps(await to_thread.run_sync(work, asked))

    def _authenticate(self, scope: Scope) -> Asked:
        """Who calls, proven; raises ``Fault``."""
        call, now = vxp.read_call(scope["headers"]), self._context.now()
        if not call.is_recent(now, self._context.settings.axis_window_seconds):
            raise vxp.wrong_key()
        for key in axis_keys.keys_of(self._context.database, call.system) if call.system else []:
            secret = opened(self._context.settings, key.sealed) if key.active(now) else None
            if secret is not None and call.signed_by(secret):
                return Asked(context=self._context, pickup=self._pickup, key=key, call=call)
        raise vxp.wrong_key()

    async def _send(self, asked: Asked, scope: Scope, receive: Receive) -> Answered:
        """A document or status message, byte by byte as it came; sent twice it is taken once."""
        _check_scope(asked.key, "submit")
        token = self._token(asked)
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        limit = self._context.settings.document_bytes_max
        path = {"document": "/v1/documents", "status": "/v1/status"}[asked.kind]
        self._submission.count(token.agency)
        content = await read_body(receive, headers, limit, self._context.receiving)
        if not await asyncio.get_running_loop().run_in_executor(None, asked.call.covers, content):
            raise Fault(
                vxp.BAD_FILE,
                "hash-file không khớp với nội dung nhận được: hãy gửi lại.",
                "hash-file is not that of the body that arrived: send it again.",
            )
        answer = await self._submission.take(path, content, token)
        return vxp.answer(DocId=answer.id)

    def _token(self, asked: Asked) -> Token:
        """The agency in whose name it is sent: one that the key acts for."""
        code, now = asked.call.values.get("from", ""), self._context.now()
        agency = asked.directory.find(code, today(now))
        if agency is None or agency.code not in asked.key.agencies:
            raise Fault(
                vxp.SENDER_UNKNOWN,
                f"Hệ thống {asked.key.system} không gửi thay cho “{code[:60]}”.",
                f"The system {asked.key.system} does not act for “{code[:60]}”.",
            )
        return Token(
            id=asked.key.id,
            agency=agency.code,
            hash="",
            scopes=asked.key.scopes,
            created_at=asked.key.created_at,
            expires_at=asked.key.expires_at,
        )


def _check_scope(key: AxisKey, scope: str) -> None:
    if scope not in key.scopes:
        raise Fault(
            vxp.WRONG_KEY, f"Khóa không có phạm vi {scope}.", f"The key lacks “{scope}”: {SCOPES[scope]}."
        )
