"""A person who is signed in shows again who it is, before something that an open browser must not do."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.ledger import people, sessions
from exchange.ledger.people import Account
from exchange.people import second_factor, sign_in
from exchange.people.session import CONFIRMED_FOR
from exchange.web.pages.account import Password, confirmed
from exchange.web.pages.sign_in import Next, inside
from exchange.web.rendering import page
from exchange.web.visitor import InSession, Person, Visitor, address_of

router = APIRouter(prefix="/web/confirm")

CODE_CHARACTERS = second_factor.DIGITS


@router.get("")
def ask(visit: Person, context: InContext) -> Response:
    """The form for password or code."""
    return _form(visit, context, next_=visit.query.get("next", ""), ended="ended" in visit.query)


def _form(
    visit: Visitor,
    context: Context,
    status: int = HTTPStatus.OK,
    *,
    next_: str,
    ended: bool = False,
    wrong: bool = False,
) -> Response:
    return page(
        visit,
        "confirm.html",
        status,
        account=_account(visit, context),
        minutes=CONFIRMED_FOR.seconds // 60,
        next=next_,
        ended=ended,
        wrong=wrong,
    )


def _account(visit: Visitor, context: Context) -> Account:
    account = people.by_id(context.database, visit.person)
    assert account is not None
    return account


@router.post("")
def take(
    visit: Person,
    request: Request,
    context: InContext,
    session: InSession,
    proof: Password = "",
    next: Next = "",
) -> Response:
    """Go on for some minutes, or see that it was not right."""
    assert session is not None
    account = _account(visit, context)
    if not _shown(context, account, proof, request):
        return _form(visit, context, HTTPStatus.FORBIDDEN, next_=next, wrong=True)
    sessions.change(context.database, session, confirmed_at=context.now())
    return RedirectResponse(inside(next), HTTPStatus.SEE_OTHER)


def _shown(context: Context, account: Account, proof: str, request: Request) -> bool:
    """The password, or a code of the authenticator; a wrong one counts like one at the sign-in."""
    code = "".join(proof.split())
    if not (account.totp_secret and len(code) == CODE_CHARACTERS and code.isdigit()):
        return bool(account.password) and confirmed(context, account, proof, request)
    if sign_in.locked(account, context.now()):
        return False
    if second_factor.right(context, account, code):
        return True
    sign_in.refuse(context, account, address_of(request, context), "second_factor")
    return False
