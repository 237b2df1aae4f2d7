"""Accounts as an administrator keeps them: who may sign in, as what, and what is done about lost access.

Each change asks first that the administrator shows again who it is, and is an entry of the ledger.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.refusal import Refused, refuse
from exchange.ledger import people, sessions
from exchange.ledger.people import ROLES, Account
from exchange.ledger.searching import folded
from exchange.people import accounts
from exchange.people.accounts import By, Wanted
from exchange.people.session import life
from exchange.web.listing import Asked, Cell, Column, Listing, csv_response
from exchange.web.naming import name_on, suggested
from exchange.web.rendering import page
from exchange.web.texts import said
from exchange.web.visitor import Administrator, ConfirmedAdministrator, Visitor
from exchange.web.whole import whole

router = APIRouter(prefix="/web/accounts")

COLUMNS = (
    Column("name", "account.name", sortable=True),
    Column("login", "account.login", sortable=True),
    Column("role", "account.role", sortable=True),
    Column("agency", "account.agency", sortable=True),
    Column("second_factor", "account.second_factor"),
    Column("created_at", "accounts.created", "moment", sortable=True),
    Column("standing", "accounts.standing", sortable=True),
)
SESSIONS = (
    Column("address", "accounts.address", "code"),
    Column("created_at", "accounts.since", "moment"),
    Column("seen_at", "accounts.seen", "moment"),
)
FIELDS = ("q", "role", "standing")
TONES = {"active": "delivered", "invited": "waiting", "locked": "late", "disabled": "quiet"}
Text = Annotated[str, Form(max_length=400)]


@router.get("")
def listed(visit: Administrator, context: InContext) -> Response:
    """Everybody who may sign in, or might."""
    asked = Asked.of(visit, COLUMNS, FIELDS, sort="login")
    rows = [
        _row(visit, context, each)
        for each in people.everybody(context.database)
        if _matches(context, asked.filters, each)
    ]
    rows.sort(key=lambda row: _order(row[asked.sort]), reverse=asked.down)
    some = rows[asked.offset : asked.offset + asked.limit]
    listing = Listing(asked, COLUMNS, some, total=len(rows))
    if asked.csv:
        return csv_response(visit, listing, "accounts")
    return page(visit, "accounts.html", listing=listing, roles=ROLES, standings=tuple(TONES))


def _matches(context: Context, filters: Mapping[str, str], account: Account) -> bool:
    if filters.get("role", account.role) != account.role:
        return False
    if filters.get("standing", standing(context, account)) != standing(context, account):
        return False
    text = folded(" ".join((account.login, account.name, account.agency, _agency(context, account))))
    return all(word in text for word in folded(filters.get("q", "")).split())


def _row(visit: Visitor, context: Context, account: Account) -> Mapping[str, Any]:
    at = standing(context, account)
    key = "accounts.yes" if account.totp_secret else "accounts.no"
    return {
        "name": Cell(account.name, f"/web/accounts/{account.id}"),
        "login": account.login,
        "role": said(f"role.{account.role}", visit.language),
        "agency": _agency(context, account),
        "second_factor": said(key, visit.language),
        "created_at": account.created_at,
        "standing": Cell(said(f"accounts.{at}", visit.language), tone=TONES[at]),
    }


def _agency(context: Context, account: Account) -> str:
    if not account.agency:
        return ""
    return name_on(context.registry.current.directory, account.agency, today(context.now()))


def _order(value: Any) -> Any:
    value = value.value if isinstance(value, Cell) else value
    return folded(value) if isinstance(value, str) else value


def standing(context: Context, account: Account) -> str:
    """One of ``TONES``: whether its person can sign in."""
    if account.disabled_at is not None:
        return "disabled"
    if account.locked_until is not None and account.locked_until > context.now():
        return "locked"
    return "active" if account.password or account.subject else "invited"


@router.get("/new")
def ask(visit: ConfirmedAdministrator, context: InContext) -> Response:
    """The form for a new account."""
    return _form(visit, context, Wanted(login="", role=""), {})


def _form(
    visit: Visitor,
    context: Context,
    wanted: Wanted,
    errors: Mapping[str, str],
    account: Account | None = None,
) -> Response:
    return page(
        visit,
        "accounts_form.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        wanted=wanted,
        errors=errors,
        account=account,
        roles=ROLES,
        provider=bool(context.settings.oidc_issuer),
        agencies=suggested(context.registry.current.directory, today(context.now())),
    )


@router.post("")
def create(
    visit: ConfirmedAdministrator,
    context: InContext,
    login: Text = "",
    role: Text = "",
    name: Text = "",
    email: Text = "",
    agency: Text = "",
    subject: Text = "",
) -> Response:
    """A new account; its link is shown this once."""
    wanted = Wanted(login=login, role=role, name=name, email=email, agency=agency, subject=subject)
    try:
        account = accounts.create(context, wanted, by=_by(visit))
    except Refused as refused:
        return _form(visit, context, wanted, _errors(visit, refused))
    if account.subject:
        return _back(account.id, "created")
    return _link(visit, context, account, accounts.invite(context, account, _by(visit)))


def _by(visit: Visitor) -> By:
    return By(person=visit.person, role=visit.role)


def _errors(visit: Visitor, refused: Refused) -> Mapping[str, str]:
    """By the field. Raises what is about none."""
    if any(each.code != "account_invalid" for each in refused.refusals):
        raise refused
    vietnamese = visit.language == "vi"
    return {
        each.where: (each.detail_vi if vietnamese else each.detail).removeprefix(f"{each.where} ")
        for each in refused.refusals
    }


def _link(visit: Visitor, context: Context, account: Account, path: str) -> Response:
    """The page that shows a link, once: it is kept nowhere."""
    chosen = context.settings
    origin = chosen.web_address or f"http://{chosen.host}:{chosen.port}"
    return page(
        visit, "accounts_link.html", account=account, link=f"{origin}{path}", days=accounts.INVITATION_DAYS
    )


def _back(account: str, done: str) -> Response:
    return RedirectResponse(f"/web/accounts/{account}?done={done}", HTTPStatus.SEE_OTHER)


@router.get("/{account}")
def show(visit: Administrator, context: InContext, account: str) -> Response:
    """One account, with where its person is signed in, and what can be done."""
    found = _found(context, account)
    lives = sessions.of_account(context.database, found.id, context.now(), life(context.settings))
    at = standing(context, found)
    return page(
        visit,
        "accounts_one.html",
        account=found,
        agency=_agency(context, found),
        standing=at,
        tone=TONES[at],
        own=found.id == visit.person,
        sessions=whole(visit, SESSIONS, [_session(each) for each in lives]),
        done=visit.query.get("done", ""),
    )


def _session(each: sessions.Seen) -> Mapping[str, Any]:
    return {"address": each.address, "created_at": each.created_at, "seen_at": each.seen_at}


def _found(context: Context, account: str) -> Account:
    found = people.by_id(context.database, account)
    if found is None:
        raise refuse("not_found", f"Account {account[:60]}", f"Tài khoản {account[:60]}")
    return found


@router.get("/{account}/edit")
def ask_edit(visit: ConfirmedAdministrator, context: InContext, account: str) -> Response:
    """The form for another name, role or agency."""
    found = _found(context, account)
    wanted = Wanted(
        login=found.login,
        role=found.role,
        name=found.name,
        email=found.email,
        agency=found.agency,
        subject=found.subject or "",
    )
    return _form(visit, context, wanted, {}, found)


@router.post("/{account}/edit")
def edit(
    visit: ConfirmedAdministrator,
    context: InContext,
    account: str,
    role: Text = "",
    name: Text = "",
    email: Text = "",
    agency: Text = "",
    subject: Text = "",
) -> Response:
    """Change it; the login stays, and nobody changes the own role."""
    found = _found(context, account)
    wanted = Wanted(login=found.login, role=role, name=name, email=email, agency=agency, subject=subject)
    if role != found.role:
        _check_other(visit, found)
    try:
        accounts.edit(context, found, wanted, _by(visit))
    except Refused as refused:
        return _form(visit, context, wanted, _errors(visit, refused), found)
    return _back(found.id, "changed")


def _check_other(visit: Visitor, account: Account) -> None:
    """Raise ``Refused`` (``own_account``): whoever found an open browser must not get further by it."""
    if account.id == visit.person:
        raise refuse("own_account", f"Account {account.login}", f"Tài khoản {account.login}")


def _other(visit: Visitor, context: Context, account: str) -> Account:
    found = _found(context, account)
    _check_other(visit, found)
    return found


@router.post("/{account}/disable")
def disable(visit: ConfirmedAdministrator, context: InContext, account: str) -> Response:
    """Nobody signs in with it any more."""
    accounts.disable(context, _other(visit, context, account), _by(visit))
    return _back(account, "disabled")


@router.post("/{account}/enable")
def enable(visit: ConfirmedAdministrator, context: InContext, account: str) -> Response:
    """Its person may sign in again."""
    accounts.enable(context, _found(context, account), _by(visit))
    return _back(account, "enabled")


@router.post("/{account}/unlock")
def unlock(visit: ConfirmedAdministrator, context: InContext, account: str) -> Response:
    """Refused sign-ins of before count no more."""
    accounts.unlock(context, _found(context, account), _by(visit))
    return _back(account, "unlocked")


@router.post("/{account}/password")
def reset_password(visit: ConfirmedAdministrator, context: InContext, account: str) -> Response:
    """The password ends; a link to set another is shown this once."""
    found = _other(visit, context, account)
    if found.disabled_at is not None:
        return _back(account, "is_disabled")
    return _link(visit, context, found, accounts.reset_password(context, found, _by(visit)))


@router.post("/{account}/second-factor")
def reset_second_factor(visit: ConfirmedAdministrator, context: InContext, account: str) -> Response:
    """The person sets up another."""
    accounts.reset_second_factor(context, _other(visit, context, account), _by(visit))
    return _back(account, "second_factor")


@router.post("/{account}/sessions")
def end_sessions(visit: ConfirmedAdministrator, context: InContext, account: str) -> Response:
    """Whoever is signed in with it is so no longer."""
    accounts.end_sessions(context, _other(visit, context, account), _by(visit))
    return _back(account, "sessions")
