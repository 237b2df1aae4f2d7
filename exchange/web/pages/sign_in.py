"""Signing in and out."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.ledger import acts, sessions
from exchange.ledger.acts import Act
from exchange.people import browsers, sign_in
from exchange.people.session import life
from exchange.people.sign_in import Offer
from exchange.web.rendering import page
from exchange.web.visitor import (
    NEXT_CHARACTERS_MAX,
    Anybody,
    Begun,
    InSession,
    Visitor,
    address_of,
    cookie_name,
    mark_of,
)

router = APIRouter(prefix="/web")

Field = Annotated[str, Form(max_length=300)]
Next = Annotated[str, Form(max_length=NEXT_CHARACTERS_MAX)]


@router.get("/sign-in")
def ask(visit: Anybody, context: InContext) -> Response:
    """The form."""
    return _form(visit, context, needed="next" in visit.query, ended="ended" in visit.query)


def _form(visit: Visitor, context: Context, status: int = HTTPStatus.OK, **values: object) -> Response:
    shown = {
        "refused": False,
        "needed": False,
        "ended": False,
        "login": "",
        "next": visit.query.get("next", ""),
        "provider": context.settings.oidc_label if context.settings.oidc_issuer else "",
        **values,
    }
    return page(visit, "sign_in.html", status, **shown)


@router.post("/sign-in")
def take(
    visit: Anybody,
    request: Request,
    context: InContext,
    login: Field = "",
    password: Field = "",
    next: Next = "",
) -> Response:
    """Begin a session; whatever was wrong, the answer is the same."""
    offer = Offer(login, password, address_of(request, context), partial(mark_of, request, context))
    cookie = sign_in.with_password(context, offer)
    if not cookie:
        return _form(visit, context, HTTPStatus.FORBIDDEN, refused=True, login=login, next=next)
    return arrived(context, cookie, inside(next))


def inside(path: str) -> str:
    """The address, if it is one of our pages: a link from elsewhere must not lead elsewhere."""
    return path if path.startswith("/web/") and "\\" not in path and path.isprintable() else "/web/"


def arrived(context: Context, cookie: str, path: str, answer: Response | None = None) -> Response:
    """The answer, or the way on to ``path``, with the new session's cookie."""
    answer = answer or RedirectResponse(path, HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        cookie_name(context),
        cookie,
        path="/",
        secure=context.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    _know(context, cookie, answer)
    return answer


def _know(context: Context, cookie: str, answer: Response) -> None:
    """Have the browser keep that its person signed in here, to the end."""
    session = sessions.find(context.database, cookie, context.now(), life(context.settings))
    if session is None or session.stage != sessions.SIGNED_IN:
        return
    answer.set_cookie(
        cookie_name(context, browsers.cookie(session.account)),
        browsers.mark(context.settings, session.account),
        max_age=browsers.KEPT_SECONDS,
        path="/",
        secure=context.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def departed(context: Context) -> Response:
    """To the sign-in, without a session's cookie."""
    answer = RedirectResponse("/web/sign-in", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(
        cookie_name(context),
        path="/",
        secure=context.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@router.post("/sign-out")
def leave(visit: Begun, context: InContext, session: InSession) -> Response:
    """End this session."""
    assert session is not None
    sessions.end(context.database, session)
    if session.stage == sessions.SIGNED_IN:
        act = Act(
            event="signed_out",
            at=context.now(),
            person=visit.person,
            role=visit.role,
            agency=visit.agency,
        )
        acts.record_act(context.database, act)
    return departed(context)
