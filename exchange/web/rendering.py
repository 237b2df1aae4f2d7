"""From a template and values to a page."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, partial
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as Values
from markupsafe import Markup

from exchange.core.edxml import VIETNAM
from exchange.version import VERSION
from exchange.web.navigation import entries_for
from exchange.web.texts import LANGUAGES, said
from exchange.web.visitor import CSRF_FIELD, LANGUAGE_COOKIE, Visitor

HERE = Path(__file__).parent
YEAR_SECONDS = 31_536_000
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def page(visit: Visitor, name: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    """The page made of the template ``name``; it sees ``visit`` and ``values``."""
    content = _environment(visit.language).get_template(name).render(visit=visit, **values)
    return with_cookies(HTMLResponse(content, status), visit)


def with_cookies(answer: Response, visit: Visitor) -> Response:
    """The answer, with what the visitor's browser is to keep."""
    for cookie, value in visit.cookies.items():
        answer.set_cookie(
            cookie,
            value,
            max_age=YEAR_SECONDS if cookie == LANGUAGE_COOKIE else None,
            path="/",
            secure=cookie.startswith("__Host-"),
            httponly=True,
            samesite="lax",
        )
    return answer


@cache
def _environment(language: str) -> Environment:
    """Templates in one language: no macro can forget to be told which."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=_readable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=moment,
        day=day,
        number=partial(number, language=language),
        percent=partial(percent, language=language),
    )
    environment.globals.update(
        t=partial(_text, language),
        language=language,
        other_language=LANGUAGES[1 - LANGUAGES.index(language)],
        csrf_field=_csrf_field,
        static=static_address,
        entries_for=entries_for,
        version=VERSION,
    )
    return environment


def _readable(value: object) -> object:
    """Texts from outside without the marks that turn the order of letters round: "fdp.exe" would be read
    as "exe.pdf", and everything after them on the page with it (Unicode UAX 9, TR 36).
    """
    if isinstance(value, str) and not isinstance(value, Markup):
        return value.translate(_TURNING)
    return value


_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\N{REPLACEMENT CHARACTER}")


def _text(language: str, key: str, **values: object) -> str:
    return said(key, language, **values)


@pass_context
def _csrf_field(values: Values) -> Markup:
    """The hidden field that every form with method POST carries."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, values["visit"].csrf)


def moment(at: datetime | None) -> str:
    """Vietnam time, to the minute; "–" for none."""
    return "–" if at is None else f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def day(on: date | None) -> str:
    """A date as it is written in Vietnam; "–" for none."""
    return "–" if on is None else f"{on:%d/%m/%Y}"


def number(value: float | None, language: str, places: int = 0) -> str:
    """1.234,5 in Vietnamese, 1,234.5 in English; "–" for none."""
    if value is None:
        return "–"
    english = f"{value:,.{places}f}"
    return english if language == "en" else english.translate(str.maketrans(",.", ".,"))


def percent(share: float | None, language: str, places: int = 1) -> str:
    """A part of 1 as 67,3 % or 67.3 %; "–" for none."""
    return "–" if share is None else f"{number(share * 100, language, places)}\N{NO-BREAK SPACE}%"


@cache
def static_files() -> Mapping[str, bytes]:
    """Styles and scripts by name: ours, and htmx as its package carries it."""
    found = {path.name: path.read_bytes() for path in (HERE / "static").iterdir()}
    package = find_spec("django_htmx")
    assert package is not None
    assert package.origin is not None
    htmx = Path(package.origin).parent / "static" / "django_htmx" / "htmx-2.min.js"
    return {**found, "htmx.min.js": htmx.read_bytes()}


@cache
def static_address(name: str) -> str:
    """Where the file is served; another content has another address."""
    return f"/web/static/{name}?v={hashlib.sha256(static_files()[name]).hexdigest()[:12]}"
