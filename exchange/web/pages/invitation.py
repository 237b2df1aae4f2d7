"""The link by which a person sets the password, once."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.ledger import people, sessions
from exchange.ledger.people import Account
from exchange.people import accounts, passwords
from exchange.people.accounts import By
from exchange.web.pages.account import Password, wrong_with
from exchange.web.rendering import page
from exchange.web.visitor import Anybody, Visitor

router = APIRouter(prefix="/web/invitation")

Secret = Annotated[str, Path(max_length=100)]


@router.get("/{secret}")
def ask(visit: Anybody, context: InContext, secret: Secret) -> Response:
    """The form, or that the link is over."""
    account = _invited(context, secret)
    return _over(visit) if account is None else _form(visit, account, {})


def _invited(context: Context, secret: str) -> Account | None:
    return people.invited(context.database, sessions.hashed(secret), context.now())


def _over(visit: Visitor) -> Response:
    return page(visit, "invitation_over.html", HTTPStatus.NOT_FOUND)


def _form(visit: Visitor, account: Account, errors: dict[str, str], status: int = HTTPStatus.OK) -> Response:
    return page(
        visit, "invitation.html", status, account=account, errors=errors, least=passwords.CHARACTERS_MIN
    )


@router.post("/{secret}")
def take(
    visit: Anybody, context: InContext, secret: Secret, new: Password = "", again: Password = ""
) -> Response:
    """Set the password; the person signs in with it next."""
    account = _invited(context, secret)
    if account is None:
        return _over(visit)
    if errors := wrong_with(visit, account, new, again):
        return _form(visit, account, errors, HTTPStatus.UNPROCESSABLE_ENTITY)
    by, hash_ = By(person=account.id, role=account.role), sessions.hashed(secret)
    if not accounts.set_password(context, account, new, by, invitation=hash_):
        return _over(visit)
    return RedirectResponse("/web/sign-in", HTTPStatus.SEE_OTHER)
