"""The ASGI application: submissions on the short way, everything else through FastAPI."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DataError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from exchange.api import (
    agencies,
    body,
    documents,
    evidence,
    inbox,
    ledger,
    operations,
    paper,
    preflight,
    reports,
    verify,
)
from exchange.api.access import Rate, person_rate
from exchange.api.axis import PREFIX, Axis
from exchange.api.deadline import Disconnected, Receive
from exchange.api.problem import CONTENT_TYPE, RESPONSES, invalid, malformed, problem, status_of
from exchange.api.submission import EXAMINERS, Scope, Send, Submission
from exchange.context import Context
from exchange.core.refusal import Refused, refuse
from exchange.metrics import DeliveryGauge
from exchange.pickup import Pickup
from exchange.version import VERSION
from exchange.web import errors as pages
from exchange.web import headers, routes
from exchange.web.pages import invitation
from exchange.web.visitor import SignInNeeded, Turned

log = structlog.get_logger(__name__)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SHOWN_CHARACTERS_MAX = 200  # of an address, in an answer
DESCRIPTION = """Agencies' software posts signed edXML documents (QCVN 102) and fetches what came for it.
`POST /v1/documents` and `POST /v1/status` take the signed XML as the body and answer 202 with the signed
acceptance."""


class Application:
    """The broker's HTTP side. ``close`` commits what is under way."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._submission = Submission(context)
        self._pickup = Pickup(context)
        self._axis = Axis(context, self._submission, self._pickup)
        self.fastapi = _fastapi(context, self._pickup)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in EXAMINERS:
            await self._submission(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._axis(scope, receive, send)
        elif scope["type"] == "http":
            await self._within_limits(scope, receive, send)
        else:
            await self.fastapi(scope, receive, send)

    async def _within_limits(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/" or pages.of_pages(scope["path"]):
            send = headers.strict(send, https=self._context.settings.secure_cookies)
        try:
            _check_encoding(dict(scope["headers"]).get(b"content-type", b""))
            whole = await body.taken(self._context, scope, receive)
        except Refused as refused:
            await _answer(Request({**scope, "app": self.fastapi}), refused)(scope, receive, send)
        except Disconnected:
            return
        else:
            await self.fastapi(scope, whole, send)

    def stopping(self) -> None:
        """Say "not ready" from now on."""
        self.fastapi.state.stopping = True

    def alive(self) -> bool:
        """Whether the threads that commit live."""
        return self._submission._accepting.alive and self._pickup.alive()

    def close(self) -> None:
        """Commit and settle what waits."""
        self._submission.close()
        self._pickup.close()


def _check_encoding(content_type: bytes) -> None:
    """Raise ``Refused`` for a form with files whose encoding the client chooses.

    Browsers say none (RFC 7578, 4.4 to 5.1); the framework decodes with whatever codec is named, and some
    of those take the square of the length, or give text that no other code can write.
    """
    kind, _, parameters = content_type.lower().partition(b";")
    if kind.strip() == b"multipart/form-data" and b"charset" in parameters.replace(b"charset=utf-8", b""):
        raise refuse("request_invalid", "A form is written in UTF-8.", "Biểu mẫu phải viết bằng UTF-8.")


def _fastapi(context: Context, pickup: Pickup) -> FastAPI:
    # The pages of Swagger and ReDoc load scripts from elsewhere: the description alone is served.
    app = FastAPI(
        title="exchange",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=RESPONSES,
        redirect_slashes=False,  # nobody follows one with a token
    )
    app.state.context = context
    app.state.pickup = pickup
    app.state.rate = Rate(context.settings.rate_per_minute)
    app.state.person_rate = Rate(context.settings.person_rate_per_minute, person_rate)
    app.state.gauge = DeliveryGauge(context.database)
    for module in (
        documents,
        evidence,
        inbox,
        preflight,
        verify,
        paper,
        reports,
        agencies,
        ledger,
        operations,
    ):
        app.include_router(module.router)
    app.include_router(routes.router)
    app.add_exception_handler(SignInNeeded, _on_sign_in_needed)
    app.add_exception_handler(Turned, _on_turned)
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DataError, _on_unusable)
    app.add_exception_handler(OperationalError, _on_unavailable)
    app.add_exception_handler(TimeoutError, _on_unavailable)
    app.add_exception_handler(Exception, _on_fault)
    return app


async def _on_sign_in_needed(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)
    return pages.to_sign_in(request, error)


async def _on_turned(request: Request, error: Exception) -> Response:
    assert isinstance(error, Turned)
    return pages.turned_page(request, error)


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(request, error)


def _answer(request: Request, refused: Refused) -> Response:
    """A page for who looks at pages, a problem (RFC 9457) for everybody else."""
    answer = _refusal(refused)
    if not pages.of_pages(request.url.path):
        return answer
    shown = pages.refused_page(request, refused, answer.status_code)
    for name in ("Retry-After", "Connection"):
        if name in answer.headers:
            shown.headers[name] = answer.headers[name]
    return shown


def _refusal(refused: Refused) -> Response:
    wait_seconds = refused.refusals[0].values.get("retry_after_seconds")
    headers = {} if wait_seconds is None else {"Retry-After": str(wait_seconds)}
    status = status_of(refused.refusals)
    if status == HTTPStatus.REQUEST_TIMEOUT:
        headers["Connection"] = "close"  # RFC 9110, 15.5.9: what is still to come is not waited for
    return Response(problem(refused), status, headers, media_type=CONTENT_TYPE)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(request, invalid(error.errors()))


def _named(request: Request) -> str:
    """The address, as logs name it: without the secret of a link."""
    path = request.url.path[:SHOWN_CHARACTERS_MAX]
    secret = path.startswith(invitation.router.prefix + "/")
    return invitation.router.prefix if secret else path


async def _on_unusable(request: Request, error: Exception) -> Response:
    log.warning("value_unusable", path=_named(request), exc_info=error)
    return _answer(
        request,
        refuse(
            "request_invalid",
            "The database cannot work with a value of the request.",
            "Cơ sở dữ liệu không xử lý được một giá trị trong yêu cầu.",
        ),
    )


async def _on_unavailable(request: Request, error: Exception) -> Response:
    log.error("database_unavailable", path=_named(request), error=str(error))
    return _answer(request, refuse("broker_busy"))


async def _on_fault(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=_named(request), exc_info=error)
    return _answer(request, refuse("broker_failed"))


async def _on_http(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: no such address, no such method, a body that it cannot read."""
    assert isinstance(error, HTTPException)
    if error.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return _answer(request, Refused(malformed("It is nested too deeply, or a number is too long.")))
    asked = f"{request.method} {request.url.path[:SHOWN_CHARACTERS_MAX]}"
    allowed = _allowed(request)
    if not allowed:
        return _answer(request, refuse("no_such_address", f"There is no {asked}.", f"Không có {asked}."))
    named = ", ".join(allowed)
    answer = _answer(
        request,
        refuse(
            "method_not_allowed", f"{asked}: only {named}.", f"{asked}: chỉ nhận {named}.", allowed=allowed
        ),
    )
    answer.headers["Allow"] = named  # RFC 9110, 15.5.6
    return answer


def _allowed(request: Request) -> list[str]:
    """The methods that an address takes; none if there is no such address."""

    def taken(method: str) -> bool:
        asked = {**request.scope, "method": method}
        return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)

    posts = {"POST"} if request.scope["path"] in EXAMINERS else set()
    return [method for method in METHODS if method in posts or taken(method)]
