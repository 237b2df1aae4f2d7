"""Signing in and out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.ledger import sessions
from exchange.people import sign_in
from exchange.people.sign_in import Offer
from exchange.web.rendering import page
from exchange.web.visitor import Anybody, InSession, Person, Visitor, address_of, cookie_name

router = APIRouter(prefix="/web")

Field = Annotated[str, Form(max_length=300)]


@router.get("/sign-in")
def ask(visit: Anybody) -> Response:
    """The form."""
    return _form(visit, needed="next" in visit.query or "ended" in visit.query)


def _form(visit: Visitor, status: int = HTTPStatus.OK, **values: object) -> Response:
    shown = {"refused": False, "needed": False, "login": "", "next": visit.query.get("next", ""), **values}
    return page(visit, "sign_in.html", status, **shown)


@router.post("/sign-in")
def take(
    visit: Anybody,
    request: Request,
    context: InContext,
    login: Field = "",
    password: Field = "",
    next: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Begin a session; whatever was wrong, the answer is the same."""
    cookie = sign_in.with_password(context, Offer(login, password, address_of(request, context)))
    if not cookie:
        return _form(visit, HTTPStatus.FORBIDDEN, refused=True, login=login, next=next)
    return opened(context, cookie, inside(next))


def inside(path: str) -> str:
    """The address, if it is one of our pages: a link from elsewhere must not lead elsewhere."""
    return path if path.startswith("/web/") and "\\" not in path and path.isprintable() else "/web/"


def opened(context: Context, cookie: str, path: str) -> Response:
    """Go on to ``path`` with the new session's cookie."""
    answer = RedirectResponse(path, HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        cookie_name(context),
        cookie,
        path="/",
        secure=context.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/sign-out")
def leave(visit: Person, context: InContext, session: InSession) -> Response:  # noqa: ARG001
    """End this session."""
    assert session is not None
    sessions.end(context.database, session)
    answer = RedirectResponse("/web/sign-in", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(cookie_name(context), path="/", secure=context.settings.secure_cookies)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer
