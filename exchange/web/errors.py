"""What went wrong, as a page: what, where, and what to do, in the visitor's language."""

from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from exchange.context import clock
from exchange.core.refusal import Refused
from exchange.core.refusal_texts import CATALOGUE
from exchange.web.rendering import moment, page, with_cookies
from exchange.web.texts import said
from exchange.web.visitor import NEXT_CHARACTERS_MAX, SAFE, SignInNeeded, Turned, Visitor, looks

# What the broker says in general, as a page says it.
KEYS = {
    "no_such_address": "not_found",
    "method_not_allowed": "method",
    "broker_busy": "unavailable",
    "broker_failed": "fault",
    "request_invalid": "invalid",
    "json_malformed": "invalid",  # a form that cannot be read
}
# Of these the title and the remedy say everything.
TOLD = frozenset({"no_such_address", "method_not_allowed", "broker_failed", "broker_busy", "json_malformed"})
SHOWN_MAX = 20  # reasons on one page


def of_pages(path: str) -> bool:
    """Whether somebody who asks for this address expects a page."""
    return path == "/web" or path.startswith("/web/")


def refused_page(request: Request, refused: Refused, status: int) -> Response:
    """The page that says why something was refused."""
    first = refused.refusals[0]
    key = KEYS.get(first.code)
    visit = looks(request)
    vietnamese = visit.language == "vi"
    text = CATALOGUE[first.code]
    return page(
        visit,
        "error.html",
        status,
        title=_said(key, "title", visit) if key else text.title_vi if vietnamese else text.title,
        details=[
            (each.where, each.detail_vi if vietnamese else each.detail)
            for each in refused.refusals[:SHOWN_MAX]
            if first.code not in TOLD
        ],
        remedy=_said(key, "remedy", visit) if key else text.remedy_vi if vietnamese else text.remedy,
        code=first.code,
    )


def turned_page(request: Request, turned: Turned) -> Response:
    """The page for a visitor who may not."""
    visit = looks(request)
    title, remedy = _said(turned.key, "title", visit), _said(turned.key, "remedy", visit)
    return page(visit, "error.html", turned.status, title=title, details=[], remedy=remedy, code=turned.key)


def _said(key: str, part: str, visit: Visitor) -> str:
    return said(f"error.{key}.{part}", visit.language, at=moment(clock()))


def to_sign_in(request: Request, needed: SignInNeeded) -> Response:
    """Send the visitor to where signing in goes on, and back to the page afterwards."""
    query = f"?{request.url.query}" if request.url.query else ""
    back = f"{request.url.path}{query}" if request.method in SAFE else ""
    if len(back) > NEXT_CHARACTERS_MAX:  # more than the form takes: the first page must do
        back = "/web/"
    query = urlencode({"next": back} if back else {"ended": "1"}) if needed.path != "/web/" else ""
    target = f"{needed.path}?{query}" if query else needed.path
    if "hx-request" in request.headers:  # the script follows this, and puts no page into a table
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": target})
    return with_cookies(RedirectResponse(target, HTTPStatus.SEE_OTHER), looks(request))
