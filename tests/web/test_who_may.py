"""Each role at each address: what is not declared for a role does not open.

The addresses are walked, so that a new one is tried by itself; one that declares nobody fails.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from fastapi.routing import RouteContext, iter_route_contexts

from exchange.ledger import people
from exchange.ledger.sessions import SIGNED_IN
from exchange.web.visitor import SAFE, Allowed, Open
from tests.web.browser import Site
from tests.web.requests import Answer, ask

EVERYBODY = ("", *people.ROLES)
# Without a person and without a token.
FREE = ("/health/", "/metrics", "/openapi.json", "/ledger/", "/v1/ledger/", "/v1/certificate")


def routes(site: Site) -> Iterator[RouteContext]:
    application = site.running.broker.application
    assert application is not None
    yield from iter_route_contexts(application.fastapi.routes)


def pages(site: Site) -> list[tuple[str, str, Allowed | Open]]:
    """Method, address and who may, of every page."""
    found = []
    for route in routes(site):
        path = route.path or ""
        if path != "/" and not path.startswith("/web"):
            continue
        assert route.dependant is not None, f"{path} is no page"
        declared = [
            each.call for each in route.dependant.dependencies if isinstance(each.call, Allowed | Open)
        ]
        assert len(declared) == 1, f"{path} must say once who may see it"
        found += [(method, path, declared[0]) for method in sorted(route.methods or ())]
    return found


def test_every_page_says_who_may_see_it(site: Site) -> None:
    assert len(pages(site)) > 5


@pytest.mark.parametrize("role", EVERYBODY, ids=lambda role: role or "nobody")
def test_a_page_opens_for_the_roles_that_it_declares_and_no_other(site: Site, role: str) -> None:
    for method, path, declared in pages(site):
        answer = ask(site, method, filled(path), role)
        case = f"{method} {path} as {role or 'nobody'}: {answer.status}"
        if isinstance(declared, Allowed) and role not in declared.roles:
            assert turned_away(answer, role), case
        elif isinstance(declared, Allowed) and SIGNED_IN not in declared.stages:
            assert answer.headers.get("location") == "/web/", f"{case}: it is for those who are signing in"
        elif method in SAFE:
            assert answer.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR), case
            assert "/web/sign-in" not in answer.headers.get("location", ""), case
        else:
            assert answer.status == HTTPStatus.FORBIDDEN, f"{case}: without its token a form does nothing"


def turned_away(answer: Answer, role: str) -> bool:
    if role:
        return answer.status == HTTPStatus.FORBIDDEN
    return answer.status == HTTPStatus.SEE_OTHER and "/web/sign-in" in answer.headers["location"]


@pytest.mark.parametrize("role", people.ROLES)
def test_a_persons_session_opens_nothing_that_needs_a_token(site: Site, role: str) -> None:
    for route in routes(site):
        path = route.path or ""
        if path == "/" or path.startswith(("/web", *FREE)):
            continue
        for method in sorted(route.methods or ()):
            answer = ask(site, method, filled(path), role)
            assert answer.status == HTTPStatus.UNAUTHORIZED, f"{method} {path}: {answer.status}"


@pytest.mark.parametrize("role", people.ROLES)
def test_an_agencys_token_opens_no_page(site: Site, role: str) -> None:
    token = next(iter(site.running.province.secrets.values()))
    for method, path, declared in pages(site):
        if isinstance(declared, Allowed):
            answer = ask(site, method, filled(path), headers={"Authorization": f"Bearer {token}"})
            assert turned_away(answer, "")


def filled(path: str) -> str:
    """The address with something in the place of each parameter."""
    return re.sub(r"\{[^}]+\}", "1", path)
