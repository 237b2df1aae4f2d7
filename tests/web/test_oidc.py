"""Signing in by an identity provider, which answers on a port of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser

from exchange import server
from exchange.ledger import acts, people
from exchange.people.accounts import Wanted, create, disable
from exchange.people.provider import _PROVIDERS
from tests.client_broker import running
from tests.web import provider as providers
from tests.web.browser import Site, audit_page
from tests.web.provider import CLIENT, SECRET, Provider
from tests.web.requests import Answer, ask


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providers.answering() as provider:
        yield provider


@pytest.fixture(scope="module")
def trusting(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker that trusts the provider, with one account of its."""
    free = server.listen("127.0.0.1", 0)
    changes: dict[str, Any] = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "web_address": f"http://127.0.0.1:{free.getsockname()[1]}",
    }
    with running(tmp_path_factory.mktemp("oidc"), listening=free, **changes) as broker:
        wanted = Wanted(login="auditor", role=people.AUDITOR, subject="subject-1")
        create(broker.broker.context, wanted)
        yield Site(broker, {})


@pytest.fixture(autouse=True)
def honest(provider: Provider) -> None:
    provider.subject, provider.faults, provider.signs_with = "subject-1", {}, None


def come_back(site: Site, provider: Provider, **changes: str) -> Answer:
    """Go to the provider and back, as a browser does; ``changes`` are made to the answer on its way."""
    left = ask(site, "GET", "/web/oidc?next=/web/account")
    cookie = left.cookies["oidc"].partition(";")[0].partition("=")[2]
    return back(site, provider, left.headers["location"], cookie, **changes)


def back(site: Site, provider: Provider, address: str, cookie: str, **changes: str) -> Answer:
    asked = dict(parse_qsl(urlsplit(address).query))
    returned = urlsplit(provider.authorize(asked))
    query = urlencode({**dict(parse_qsl(returned.query)), **changes})
    return ask(site, "GET", f"{returned.path}?{query}", cookies={"oidc": cookie})


def test_whoever_the_provider_vouches_for_gets_in_with_the_role_of_the_account(
    trusting: Site, provider: Provider
) -> None:
    answer = come_back(trusting, provider)
    assert (answer.status, answer.headers["location"]) == (303, "/web/account")
    cookie = answer.cookies["session"].partition(";")[0].partition("=")[2]
    shown = ask(trusting, "GET", "/web/account?lang=en", cookies={"session": cookie})
    assert shown.status == 200
    assert "Auditor" in shown.text
    [done, *_] = acts.newest(trusting.running.broker.database)
    assert (done.event, done.body["way"]) == ("signed_in", "provider")


def test_a_browser_goes_there_and_comes_back(trusting: Site, chromium: Browser) -> None:
    context = chromium.new_context(base_url=trusting.url)
    page = context.new_page()
    page.goto("/web/account?lang=en")
    audit_page(page)
    page.click("text=Sign in with SSO")
    page.get_by_text("Auditor", exact=True).wait_for(timeout=10_000)
    assert page.url == f"{trusting.url}/web/account?lang=en"
    context.close()


FAULTS: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another"},
    "one of several audiences, for somebody else": {"aud": [CLIENT, "another"], "azp": "another"},
    "one of several audiences, for nobody": {"aud": [CLIENT, "another"]},
    "another issuer": {"iss": "https://another.example"},
    "run out": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": 1},
    "an empty subject": {"sub": ""},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(
    trusting: Site, provider: Provider, fault: str
) -> None:
    provider.faults = FAULTS[fault]
    refused(come_back(trusting, provider))


def refused(answer: Answer) -> None:
    assert answer.status == 403
    assert "session" not in answer.cookies


def test_a_token_signed_by_another_key_opens_nothing(trusting: Site, provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "1"})
    refused(come_back(trusting, provider))


@pytest.mark.parametrize(
    "changes",
    [{"state": "another"}, {"code": "another"}, {"iss": "https://another.example"}, {"state": ""}],
    ids=lambda changes: "-".join(changes) + "-" + next(iter(changes.values()))[:7],
)
def test_an_answer_that_was_changed_on_its_way_opens_nothing(
    trusting: Site, provider: Provider, changes: dict[str, str]
) -> None:
    refused(come_back(trusting, provider, **changes))


def test_an_answer_to_another_browser_opens_nothing(trusting: Site, provider: Provider) -> None:
    left = ask(trusting, "GET", "/web/oidc")
    other = ask(trusting, "GET", "/web/oidc")
    for cookie in ("", "made up", other.cookies["oidc"].partition(";")[0].partition("=")[2]):
        refused(back(trusting, provider, left.headers["location"], cookie))


def test_a_code_is_good_once(trusting: Site, provider: Provider) -> None:
    left = ask(trusting, "GET", "/web/oidc")
    cookie = left.cookies["oidc"].partition(";")[0].partition("=")[2]
    returned = urlsplit(provider.authorize(dict(parse_qsl(urlsplit(left.headers["location"]).query))))
    address = f"{returned.path}?{returned.query}"
    assert ask(trusting, "GET", address, cookies={"oidc": cookie}).status == 303
    refused(ask(trusting, "GET", address, cookies={"oidc": cookie}))


def test_who_has_no_account_here_does_not_get_in(trusting: Site, provider: Provider) -> None:
    provider.subject = "somebody else"
    refused(come_back(trusting, provider))


def test_who_is_disabled_does_not_get_in(trusting: Site, provider: Provider) -> None:
    context = trusting.running.broker.context
    account = create(context, Wanted(login="left", role=people.AUDITOR, subject="subject-2"))
    disable(context, account)
    provider.subject = "subject-2"
    refused(come_back(trusting, provider))


def test_a_new_key_of_the_provider_is_asked_for(trusting: Site, provider: Provider) -> None:
    before, provider.key = provider.key, RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
    _PROVIDERS[provider.issuer]._at -= 60  # a minute passes: it is not asked at every wrong signature
    assert come_back(trusting, provider).status == 303
    provider.key = before
    refused(come_back(trusting, provider))
    _PROVIDERS[provider.issuer]._at -= 60
    assert come_back(trusting, provider).status == 303


def test_the_way_back_leads_to_pages_of_ours_alone(trusting: Site, provider: Provider) -> None:
    left = ask(trusting, "GET", "/web/oidc?next=https://another.example/")
    cookie = left.cookies["oidc"].partition(";")[0].partition("=")[2]
    answer = back(trusting, provider, left.headers["location"], cookie)
    assert answer.headers["location"] == "/web/"


def test_a_provider_that_is_away_is_said_and_passwords_still_work(
    tmp_path: Path,
) -> None:
    settings: dict[str, Any] = {
        "oidc_issuer": "http://127.0.0.1:9",
        "oidc_client_id": CLIENT,
        "web_address": "http://127.0.0.1:9999",
    }
    with running(tmp_path, **settings) as broker:
        answer = ask(Site(broker, {}), "GET", "/web/oidc")
        assert answer.status == 502
        assert "mật khẩu" in answer.text


def test_without_a_provider_there_is_no_such_page(site: Site) -> None:
    assert ask(site, "GET", "/web/oidc").status == 404
    assert ask(site, "GET", "/web/oidc/answer?code=1&state=1").status == 404
