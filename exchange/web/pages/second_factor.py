"""The second factor: shown when signing in, and set up."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.ledger import people, sessions
from exchange.ledger.sessions import ENROL, SECOND_FACTOR, SIGNED_IN
from exchange.people import second_factor, sign_in
from exchange.people.secrets import opened, sealed
from exchange.web.pages.account import Password, confirmed
from exchange.web.pages.sign_in import Next, arrived, inside
from exchange.web.rendering import page
from exchange.web.visitor import InSession, Visitor, address_of, at_stage

router = APIRouter(prefix="/web/second-factor")

Asked = Annotated[Visitor, at_stage(SECOND_FACTOR)]
Enrolling = Annotated[Visitor, at_stage(ENROL, SIGNED_IN)]
Code = Annotated[str, Form(max_length=40)]


@router.get("")
def ask(visit: Asked) -> Response:
    """The form for the code."""
    return page(visit, "second_factor.html", refused=False, next=visit.query.get("next", ""))


@router.post("")
def take(
    visit: Asked,
    request: Request,
    context: InContext,
    session: InSession,
    code: Code = "",
    next: Next = "",
) -> Response:
    """Go in, or see that it was not right."""
    assert session is not None
    cookie = sign_in.with_second_factor(context, session, code, address_of(request, context))
    if not cookie:
        return page(visit, "second_factor.html", HTTPStatus.FORBIDDEN, refused=True, next=next)
    return arrived(context, cookie, inside(next))


@router.get("/new")
def begin(visit: Enrolling, context: InContext, session: InSession) -> Response:
    """A secret to take over: the same until it is taken, or the session ends."""
    assert session is not None
    if visit.second_factor:
        return RedirectResponse("/web/account", HTTPStatus.SEE_OTHER)
    return _shown(visit, context, _secret(context, session), visit.query.get("next", ""))


def _secret(context: Context, session: sessions.Session) -> str:
    secret = opened(context.settings, session.secret) if session.secret else None
    if secret is None:
        secret = second_factor.new_secret()
        sessions.change(context.database, session, secret=sealed(context.settings, secret))
    return secret


def _shown(visit: Visitor, context: Context, secret: str, next: str, wrong: str = "") -> Response:
    shown = second_factor.shown(secret, visit.login, context.settings.broker_name)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return page(visit, "second_factor_new.html", status, shown=shown, wrong=wrong, next=next)


@router.post("/new")
def set_up(
    visit: Enrolling,
    request: Request,
    context: InContext,
    session: InSession,
    code: Code = "",
    next: Next = "",
    password: Password = "",
) -> Response:
    """Keep it, if the person's device tells the right code; the recovery codes are shown once.

    Who is signed in shows the password again: an open browser may be somebody else's.
    """
    assert session is not None
    account = people.by_id(context.database, session.account)
    assert account is not None
    if account.totp_secret:
        return RedirectResponse("/web/account", HTTPStatus.SEE_OTHER)
    secret = _secret(context, session)
    if session.stage == SIGNED_IN and not confirmed(context, account, password, request):
        return _shown(visit, context, secret, next, "password.wrong_old")
    codes = second_factor.take(context, account, secret, code)
    if not codes:
        return _shown(visit, context, secret, next, "second_factor.wrong")
    cookie = sign_in.let_in(context, account, address_of(request, context), "second_factor")
    answer = page(visit, "recovery_codes.html", codes=codes, next=inside(next))
    return arrived(context, cookie, "", answer)
