"""Who looks at a page: the session behind the cookie, the role, and the token that forms carry."""

import hmac
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.ids import new_secret
from exchange.ledger import sessions
from exchange.ledger.people import ADMINISTRATOR, AUDITOR, CLERK, ROLES
from exchange.ledger.sessions import Session
from exchange.people import browsers
from exchange.people.session import confirmed, life
from exchange.web.texts import LANGUAGES

LANGUAGE_COOKIE = "language"
CSRF_FIELD = "csrf"
CONFIRM = "/web/confirm"
DOWNLOAD = re.compile(r"/(message|attachments|receipts|stamps)(/|$)")
SAFE = ("GET", "HEAD")
NEXT_CHARACTERS_MAX = 2_000  # of the address to which somebody goes on after signing in
FILES_MAX, FIELDS_MAX, FIELD_BYTES_MAX = 20, 600, 100_000  # of one form


class SignInNeeded(Exception):
    """Nobody is signed in, or not to the end: the visitor is sent to where it goes on."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Turned(Exception):
    """The visitor is turned away; ``key`` names the texts ``error.<key>.title`` and ``.remedy``."""

    def __init__(self, key: str, status: HTTPStatus) -> None:
        super().__init__(key)
        self.key, self.status = key, status


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who looks at a page, and in which language. ``person`` is "" for somebody who is not signed in."""

    language: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    csrf: str = ""
    person: str = ""  # id of the account
    login: str = ""
    name: str = ""
    role: str = ""
    agency: str = ""  # key of a clerk's agency
    begun: bool = False  # still signing in
    confirmed: bool = False  # showed a moment ago who it is
    second_factor: bool = False
    sample: bool = False
    cookies: Mapping[str, str] = field(default_factory=dict)  # to be set with the answer


def cookie_name(context: Context, name: str = "session") -> str:
    """Over https with the prefix that ties it to this host (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if context.settings.secure_cookies else name


def _session(request: Request, context: InContext) -> Session | None:
    return _found(context, request.cookies)


def _found(context: Context, cookies: Mapping[str, str]) -> Session | None:
    cookie = cookies.get(cookie_name(context), "")
    if not cookie:
        return None
    return sessions.find(context.database, cookie, context.now(), life(context.settings))


def has_session(context: Context, cookies: Mapping[str, str]) -> bool:
    """Whether somebody is signed in, to the end."""
    session = _found(context, cookies)
    return session is not None and session.stage == sessions.SIGNED_IN


InSession = Annotated[Session | None, Depends(_session)]


def language_of(request: Request) -> str:
    """The language asked for, or the one of before; Vietnamese else."""
    asked = request.query_params.get("lang", "")
    kept = request.cookies.get(LANGUAGE_COOKIE, "")
    return next((each for each in (asked, kept) if each in LANGUAGES), LANGUAGES[0])


def looks(request: Request, **person: Any) -> Visitor:
    """The visitor, so far as the request itself tells."""
    language = language_of(request)
    cookies = {LANGUAGE_COOKIE: language} if "lang" in request.query_params else {}
    return Visitor(
        language=language,
        path=request.url.path,
        query={name: value for name, value in request.query_params.items() if name != "lang"},
        sample=getattr(request.app.state, "sample", False),
        cookies=cookies | person.pop("cookies", {}),
        **person,
    )


@dataclass(frozen=True)
class Allowed:
    """Opens an address for persons of these roles whose sign-in is at one of these stages: done, mostly.

    A form must carry the session's token. Raises ``SignInNeeded`` and ``Turned``.
    """

    roles: tuple[str, ...]
    stages: tuple[str, ...] = (sessions.SIGNED_IN,)
    confirmed: bool = False  # to those alone who showed a moment ago who they are

    async def __call__(
        self, request: Request, context: InContext, session: InSession
    ) -> AsyncIterator[Visitor]:
        """The visitor, for as long as the request lasts."""
        if session is None or session.stage not in self.stages:
            raise SignInNeeded(_way(session))
        if session.role not in self.roles:
            raise Turned("forbidden", HTTPStatus.FORBIDDEN)
        async with _form_checked(request, session.csrf):
            shown = confirmed(session, context.now())
            if self.confirmed and not shown:
                raise SignInNeeded(CONFIRM)
            if _is_act(request):
                request.app.state.person_rate.check(session.account)
            yield looks(
                request,
                confirmed=shown,
                csrf=session.csrf,
                person=session.account,
                login=session.login,
                name=session.name,
                role=session.role,
                agency=session.agency,
                begun=session.stage != sessions.SIGNED_IN,
                second_factor=session.second_factor,
            )


def _is_act(request: Request) -> bool:
    """Whether more is asked for than a page: a form sent, a file or an export taken."""
    return (
        request.method not in SAFE
        or "format" in request.query_params
        or DOWNLOAD.search(request.url.path) is not None
    )


@dataclass(frozen=True)
class Open:
    """Opens an address for everybody; a form must carry the token of a cookie that was set with it."""

    async def __call__(self, request: Request, context: InContext) -> AsyncIterator[Visitor]:
        """The visitor, without a person, for as long as the request lasts."""
        name = cookie_name(context, "guest")
        token = request.cookies.get(name, "")
        async with _form_checked(request, token):
            if not token:
                token = new_secret()
                yield looks(request, csrf=token, cookies={name: token})
            else:
                yield looks(request, csrf=token)


def allowed(*roles: str) -> Any:
    """The dependency for ``Annotated[Visitor, allowed("auditor")]``."""
    assert roles
    assert set(roles) <= set(ROLES)
    return Depends(Allowed(roles))


def at_stage(*stages: str) -> Any:
    """The dependency for pages of the sign-in itself."""
    return Depends(Allowed(ROLES, stages))


# The visitor of a page, by who may see it.
Anybody = Annotated[Visitor, Depends(Open())]
Person = Annotated[Visitor, allowed(*ROLES)]
Begun = Annotated[Visitor, at_stage(*sessions.STAGES)]
Administrator = Annotated[Visitor, allowed(ADMINISTRATOR)]
ConfirmedAdministrator = Annotated[Visitor, Depends(Allowed((ADMINISTRATOR,), confirmed=True))]
Overseer = Annotated[Visitor, allowed(ADMINISTRATOR, AUDITOR)]
Clerk = Annotated[Visitor, allowed(CLERK)]


WAYS = {
    sessions.SIGNED_IN: "/web/",
    sessions.SECOND_FACTOR: "/web/second-factor",
    sessions.ENROL: "/web/second-factor/new",
}


def _way(session: Session | None) -> str:
    """Where a visitor goes on whose sign-in is at another stage than the page is for."""
    return "/web/sign-in" if session is None else WAYS[session.stage]


@asynccontextmanager
async def _form_checked(request: Request, token: str) -> AsyncIterator[None]:
    """Raise ``Turned`` unless a request that changes something comes from a form of ours."""
    try:
        await _check_form(request, token)
        yield
    finally:
        await request.close()  # files of the form, whoever read it


async def _check_form(request: Request, token: str) -> None:
    if request.method in SAFE:
        return
    form = await request.form(max_files=FILES_MAX, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX)
    given = form.get(CSRF_FIELD, "")
    if isinstance(given, UploadFile) or not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise Turned("csrf", HTTPStatus.FORBIDDEN)


def mark_of(request: Request, context: Context, account: str) -> str:
    """What the browser keeps of an account that somebody signed in to with it."""
    return request.cookies.get(cookie_name(context, browsers.cookie(account)), "")


def address_of(request: Request, context: Context) -> str:
    """The network address of the visitor; told by a proxy only if it is one of ours."""
    peer = request.client.host if request.client else ""
    if peer not in context.settings.proxy_addresses:
        return _network(peer)
    told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return _network(told[:100] or peer)


def _network(address: str) -> str:
    """Whom an address stands for: of IPv6 the /64, in which one machine has more than it can use up."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed.packed, 64), strict=False))
