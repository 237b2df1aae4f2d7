"""The ASGI application: submissions on the short way, everything else through FastAPI."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from exchange.api import agencies, body, documents, inbox, operations, preflight
from exchange.api.access import Rate
from exchange.api.deadline import Disconnected, Receive
from exchange.api.problem import CONTENT_TYPE, problem, status_of
from exchange.api.submission import EXAMINERS, Scope, Send, Submission
from exchange.context import Context
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.metrics import DeliveryGauge
from exchange.pickup import Pickup
from exchange.version import VERSION

log = structlog.get_logger(__name__)

DESCRIPTION = """Agencies' software posts signed edXML documents (QCVN 102) and fetches what came for it.
`POST /v1/documents` and `POST /v1/status` take the signed XML as the body and answer 202 with the signed
acceptance."""


class Application:
    """The broker's HTTP side. ``close`` commits what is under way."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._submission = Submission(context)
        self._pickup = Pickup(context)
        self.fastapi = _fastapi(context, self._pickup)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in EXAMINERS:
            await self._submission(scope, receive, send)
        elif scope["type"] == "http":
            await self._within_limits(scope, receive, send)
        else:
            await self.fastapi(scope, receive, send)

    async def _within_limits(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            whole = await body.taken(self._context, scope, receive)
        except Refused as refused:
            await _refusal(refused)(scope, receive, send)
        except Disconnected:
            return
        else:
            await self.fastapi(scope, whole, send)

    def stopping(self) -> None:
        """Say "not ready" from now on."""
        self.fastapi.state.stopping = True

    def close(self) -> None:
        """Commit and settle what waits."""
        self._submission.close()
        self._pickup.close()


def _fastapi(context: Context, pickup: Pickup) -> FastAPI:
    # The pages of Swagger and ReDoc load scripts from elsewhere: the description alone is served.
    app = FastAPI(
        title="exchange",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.context = context
    app.state.pickup = pickup
    app.state.rate = Rate(context.settings.rate_per_minute)
    app.state.gauge = DeliveryGauge(context.database)
    for module in (documents, inbox, preflight, agencies, operations):
        app.include_router(module.router)
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_fault)
    app.add_exception_handler(404, _on_no_address)
    app.add_exception_handler(405, _on_no_address)
    return app


async def _on_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _refusal(error)


def _refusal(refused: Refused) -> Response:
    wait_seconds = refused.refusals[0].values.get("retry_after_seconds")
    headers = {} if wait_seconds is None else {"Retry-After": str(wait_seconds)}
    status = status_of(refused.refusals)
    if status == HTTPStatus.REQUEST_TIMEOUT:
        headers["Connection"] = "close"  # RFC 9110, 15.5.9: what is still to come is not waited for
    return Response(problem(refused), status, headers, media_type=CONTENT_TYPE)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    refusals = [
        Refusal(
            code="request_invalid",
            where=".".join(str(part) for part in each["loc"]),
            detail=each["msg"],
            detail_vi="Giá trị không hợp lệ.",
        )
        for each in error.errors()
    ]
    return await _on_refused(request, Refused(*refusals))


async def _on_fault(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, exc_info=error)
    return await _on_refused(request, refuse("broker_failed"))


async def _on_no_address(request: Request, _error: Exception) -> Response:
    return await _on_refused(
        request,
        refuse(
            "no_such_address",
            f"There is no {request.method} {request.url.path}.",
            f"Không có {request.method} {request.url.path}.",
        ),
    )
