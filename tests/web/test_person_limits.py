"""What one person may do in a minute, and how many files may wait; each limit is told on a page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus

import pytest

from exchange.ledger import people
from tests.client_broker import running
from tests.province import FINANCE, OFFICE
from tests.web.browser import PASSWORD, PEOPLE, Site, signed_in
from tests.web.requests import ask, send
from tests.web.test_sending import hand_in


@pytest.fixture
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("narrow"), person_rate_per_minute=4, drafts_max=1) as broker:
        yield Site(broker, {role: signed_in(broker, role) for role in people.ROLES})


def test_who_asks_for_too_much_is_told_to_wait_and_others_go_on(narrow: Site) -> None:
    answers = [ask(narrow, "GET", "/web/documents?format=csv", people.AUDITOR) for _ in range(5)]
    assert [each.status for each in answers] == [200] * 4 + [HTTPStatus.TOO_MANY_REQUESTS]
    assert "Đợi một phút" in answers[-1].text
    assert ask(narrow, "GET", "/web/documents", people.AUDITOR).status == HTTPStatus.OK, "pages still open"
    assert ask(narrow, "GET", "/web/documents?format=csv", people.ADMINISTRATOR).status == HTTPStatus.OK


def test_an_agency_has_only_so_many_drafts_and_is_told_what_to_do(narrow: Site) -> None:
    content = narrow.running.province.document(OFFICE, FINANCE, at=datetime.now(UTC))
    first = hand_in(narrow, content)
    assert first.status == HTTPStatus.SEE_OTHER
    refused = hand_in(narrow, content)
    assert refused.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "quá nhiều bản chờ gửi" in refused.text
    send(narrow, f"{first.headers['location']}/discard", people.CLERK)
    assert hand_in(narrow, content).status == HTTPStatus.SEE_OTHER


def test_a_browser_in_which_somebody_signed_in_is_known_from_then_on(narrow: Site) -> None:
    page = ask(narrow, "GET", "/web/sign-in")
    token = page.cookies["guest"].partition("=")[2].partition(";")[0]
    form = {"csrf": token, "login": PEOPLE[people.AUDITOR][0], "password": PASSWORD}
    answer = ask(narrow, "POST", "/web/sign-in", form=form, cookies={"guest": token})
    [mark] = [value for name, value in answer.cookies.items() if name.startswith("known-")]
    assert "HttpOnly" in mark
