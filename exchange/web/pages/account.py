"""A person's own account: password, second factor, sessions."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.ledger import people, sessions
from exchange.ledger.acts import Act
from exchange.ledger.people import Account
from exchange.people import accounts, browsers, passwords, second_factor, sign_in
from exchange.people.accounts import By
from exchange.web.pages.sign_in import departed
from exchange.web.rendering import page
from exchange.web.texts import said
from exchange.web.visitor import InSession, Person, Visitor, address_of, mark_of

router = APIRouter(prefix="/web/account")

Password = Annotated[str, Form(max_length=300)]


@router.get("")
def show(visit: Person, context: InContext) -> Response:
    """Who one is here."""
    return page(
        visit,
        "account.html",
        account=_account(visit, context),
        codes_left=people.recovery_codes_left(context.database, visit.person),
        done=visit.query.get("done", ""),
    )


def _account(visit: Visitor, context: Context) -> Account:
    account = people.by_id(context.database, visit.person)
    assert account is not None
    return account


@router.get("/password")
def ask_password(visit: Person, context: InContext) -> Response:
    """The form for another password."""
    if not _account(visit, context).password:
        return RedirectResponse("/web/account", HTTPStatus.SEE_OTHER)
    return _password_form(visit, {})


def _password_form(visit: Visitor, errors: dict[str, str], status: int = HTTPStatus.OK) -> Response:
    return page(visit, "password.html", status, errors=errors, least=passwords.CHARACTERS_MIN)


@router.post("/password")
def change_password(
    visit: Person,
    request: Request,
    context: InContext,
    session: InSession,
    old: Password = "",
    new: Password = "",
    again: Password = "",
) -> Response:
    """Another password; the person's other sessions end."""
    assert session is not None
    account = _account(visit, context)
    errors = wrong_with(visit, account, new, again)
    if not errors and not confirmed(context, account, old, request):
        errors["old"] = said("password.wrong_old", visit.language)
    if errors:
        return _password_form(visit, errors, HTTPStatus.UNPROCESSABLE_ENTITY)
    by = By(person=visit.person, role=visit.role)
    accounts.set_password(context, account, new, by, keep=session.hash)
    return RedirectResponse("/web/account?done=password", HTTPStatus.SEE_OTHER)


def wrong_with(visit: Visitor, account: Account, new: str, again: str) -> dict[str, str]:
    """What is wrong with a new password, by field."""
    if not passwords.fits(new):
        return {"new": said("password.weak", visit.language, least=passwords.CHARACTERS_MIN)}
    if accounts.easily_guessed(account, new):
        return {"new": said("password.common", visit.language)}
    if new != again:
        return {"again": said("password.differ", visit.language)}
    return {}


def confirmed(context: Context, account: Account, password: str, request: Request) -> bool:
    """Whether it is the person's; a wrong one counts like one at the sign-in, and locks like it."""
    address = address_of(request, context)
    source = browsers.source(context.settings, account.id, mark_of(request, context, account.id), address)
    if sign_in.shut(context, account, source):
        return False
    if passwords.matches(password, account.password):
        return True
    sign_in.refuse(context, account, address, "password", source)
    return False


@router.post("/recovery-codes")
def renew_codes(visit: Person, request: Request, context: InContext, password: Password = "") -> Response:
    """New recovery codes, for who knows the password; shown once."""
    account = _account(visit, context)
    if not account.totp_secret or not confirmed(context, account, password, request):
        return RedirectResponse("/web/account?done=refused", HTTPStatus.SEE_OTHER)
    codes = second_factor.renew(context, account)
    return page(visit, "recovery_codes.html", codes=codes, next="/web/account")


@router.post("/sign-out-everywhere")
def leave_everywhere(visit: Person, context: InContext) -> Response:
    """End all sessions of the person."""
    act = Act(event="signed_out_everywhere", at=context.now(), person=visit.person, role=visit.role)
    sessions.end_all(context.database, visit.person, act)
    return departed(context)
