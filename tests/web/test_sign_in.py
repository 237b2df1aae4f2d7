"""Signing in and one's own account, in a browser and without one."""

import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from exchange.context import clock
from exchange.ledger import people
from exchange.people import accounts
from exchange.people.accounts import Wanted
from tests.client_broker import running
from tests.web.browser import (
    LANGUAGES,
    PASSWORD,
    PHONE,
    BrowserPage,
    Site,
    audit_page,
    fits_width,
    picture,
)
from tests.web.requests import ask, send


@pytest.fixture(scope="module")
def strict_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker whose auditors need a second factor too."""
    with running(tmp_path_factory.mktemp("strict"), second_factor_roles=("auditor",)) as broker:
        yield Site(broker, {})


def invited(site: Site, login: str, role: str = people.AUDITOR) -> str:
    """The link for a new person."""
    context = site.running.broker.context
    return accounts.invite(context, accounts.create(context, Wanted(login=login, role=role)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invited_person_sets_a_password_and_a_second_factor_and_gets_in(
    browser_page: BrowserPage, strict_site: Site, language: str
) -> None:
    page = browser_page("", language, PHONE, at=strict_site)
    login = f"auditor.{language}"
    page.goto(invited(strict_site, login))
    looked_at(page, f"invitation-{language}")
    page.fill("[name=new]", "short")
    page.fill("[name=again]", "short")
    page.click("main button")
    looked_at(page, f"invitation-weak-{language}")
    page.fill("[name=new]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/web/sign-in")
    sign_in(page, login)
    page.wait_for_url("**/web/second-factor/new**")
    looked_at(page, f"second-factor-new-{language}")
    secret = page.inner_text("main code")
    page.fill("[name=code]", "000000")
    page.click("main button")
    assert page.inner_text("main code") == secret
    page.fill("[name=code]", pyotp.TOTP(secret).now())
    page.click("main button")
    looked_at(page, f"recovery-codes-{language}")
    code = page.inner_text("main li >> nth=0")
    page.goto("/web/account")
    looked_at(page, f"account-{language}")

    page.click("header form button")
    sign_in(page, login)
    looked_at(page, f"second-factor-{language}")
    page.goto("/web/account")
    assert "/web/second-factor" in page.url, "half a sign-in opens nothing"
    page.fill("[name=code]", code)
    page.click("main button")
    page.wait_for_url("**/web/account")


def sign_in(page: Page, login: str) -> None:
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")


def looked_at(page: Page, name: str) -> None:
    audit_page(page)
    fits_width(page)
    picture(page, name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_password_ends_the_sessions_of_other_browsers(
    browser_page: BrowserPage, site: Site, language: str
) -> None:
    context = site.running.broker.context
    login = f"changing.{language}"
    accounts.create(context, Wanted(login=login, role=people.AUDITOR), PASSWORD)
    first, second = browser_page("", language), browser_page("", language)
    for page in (first, second):
        page.goto("/web/sign-in")
        sign_in(page, login)
        page.wait_for_load_state()
    first.goto("/web/account/password")
    looked_at(first, f"password-{language}")
    for old, expected in (("wrong", "#f-old-error"), (PASSWORD, ".notice.good")):
        first.fill("[name=old]", old)
        first.fill("[name=new]", "quite another password")
        first.fill("[name=again]", "quite another password")
        first.click("main button")
        first.locator(expected).wait_for()
        looked_at(first, f"password-{expected[1:6]}-{language}")
    second.goto("/web/account")
    assert "/web/sign-in" in second.url


def test_a_link_is_good_once_and_for_some_days(site: Site) -> None:
    path = invited(site, "once")
    form = {"csrf": "t", "new": PASSWORD, "again": PASSWORD}
    assert ask(site, "POST", path, form=form, cookies={"guest": "t"}).status == 303
    assert ask(site, "POST", path, form=form, cookies={"guest": "t"}).status == 404
    assert ask(site, "GET", path).status == 404
    assert ask(site, "GET", "/web/invitation/made-up").status == 404
    account = people.by_login(site.running.broker.database, "once")
    assert account is not None
    first = accounts.invite(site.running.broker.context, account)
    accounts.invite(site.running.broker.context, account)
    assert ask(site, "GET", first).status == 404, "a newer link takes the place of an older one"


def test_sign_out_everywhere_ends_all_sessions(site: Site) -> None:
    context = site.running.broker.context
    accounts.create(context, Wanted(login="everywhere", role=people.AUDITOR), PASSWORD)
    cookies = [cookie_of(site, "everywhere") for _ in range(2)]
    shown = ask(site, "GET", "/web/account", cookies={"session": cookies[0]}).text
    token = re.findall(r'name="csrf" value="([^"]+)"', shown)[0]
    path = "/web/account/sign-out-everywhere"
    assert ask(site, "POST", path, form={"csrf": token}, cookies={"session": cookies[0]}).status == 303
    for cookie in cookies:
        assert ask(site, "GET", "/web/account", cookies={"session": cookie}).status == 303


def cookie_of(site: Site, login: str) -> str:
    form = {"csrf": "t", "login": login, "password": PASSWORD}
    answer = ask(site, "POST", "/web/sign-in", form=form, cookies={"guest": "t"})
    assert answer.status == 303
    return answer.cookies["session"].partition(";")[0].partition("=")[2]


@pytest.mark.parametrize("next_", ["https://evil.example", "//evil.example", "/web/../x\\y", "/v1/x", "/web"])
def test_signing_in_leads_to_pages_of_ours_alone(site: Site, next_: str) -> None:
    form = {"csrf": "t", "login": "vanthu", "password": PASSWORD, "next": next_}
    answer = ask(site, "POST", "/web/sign-in", form=form, cookies={"guest": "t"})
    assert answer.headers["location"] == "/web/"


# --- forms ---


@pytest.mark.parametrize("token", ["", "made up", "t" * 10_000, "ký tự"], ids=["none", "other", "long", "vi"])
def test_a_form_without_the_sessions_token_does_nothing(site: Site, token: str) -> None:
    answer = ask(site, "POST", "/web/sign-out", people.AUDITOR, form={"csrf": token})
    assert answer.status == 403
    assert "Chưa có gì được thực hiện" in answer.text
    assert ask(site, "GET", "/web/account", people.AUDITOR).status == 200


def test_a_form_with_anothers_token_does_nothing(site: Site) -> None:
    shown = ask(site, "GET", "/web/account", people.CLERK).text
    token = re.findall(r'name="csrf" value="([^"]+)"', shown)[0]
    assert ask(site, "POST", "/web/sign-out", people.AUDITOR, form={"csrf": token}).status == 403


def test_a_form_that_is_none_is_told_so(site: Site) -> None:
    for body in (
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "multipart/form-data; boundary=x"},
    ):
        answer = ask(site, "POST", "/web/sign-in", headers=body, cookies={"guest": "t"})
        assert answer.status in (400, 403)
        assert "<html" in answer.text


def test_a_form_that_is_too_large_is_refused_with_a_page(site: Site) -> None:
    answer = send(site, "/web/sign-out", people.AUDITOR, filling="x" * 70_000)
    assert answer.status == 413
    assert "<html" in answer.text


@pytest.mark.parametrize(("role", "status"), [("", 413), (people.CLERK, 403)], ids=["nobody", "clerk"])
def test_files_are_taken_of_those_who_are_signed_in_alone(site: Site, role: str, status: int) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = ask(site, "POST", "/web/sign-out", role, headers=headers, body=FORM_WITH_A_FILE)
    assert answer.status == status, "without the token it does nothing, but it was read"


FILE = b"x" * 1_000_000
FORM_WITH_A_FILE = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xml"\r\n\r\n' + FILE + b"\r\n--x--\r\n"
)


# --- what a browser is told ---


def test_cookies_cannot_be_read_by_scripts_and_stay_on_this_host(site: Site) -> None:
    form = {"csrf": "t", "login": "vanthu", "password": PASSWORD}
    answer = ask(site, "POST", "/web/sign-in", form=form, cookies={"guest": "t"})
    flags = {each.strip().lower() for each in answer.cookies["session"].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert not any(each.startswith(("domain", "max-age", "expires")) for each in flags)


def test_behind_https_cookies_go_over_https_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("https"), web_address="https://exchange.example") as broker:
        answer = ask(Site(broker, {}), "GET", "/web/sign-in")
    assert "secure" in answer.cookies["__Host-guest"].lower()
    assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "path", ["/web/sign-in", "/web/nothing", "/web/static/frame.css", "/web/account", "/"]
)
def test_pages_are_served_with_strict_headers(site: Site, path: str) -> None:
    headers = ask(site, "GET", path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "geolocation=()" in headers["permissions-policy"]
    assert headers["cache-control"] == (
        "public, max-age=31536000, immutable" if "static" in path else "no-store"
    )


# --- what goes wrong ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_that_is_not_there_is_a_page_that_says_what_to_do(
    browser_page: BrowserPage, language: str
) -> None:
    page = browser_page(people.AUDITOR, language, PHONE)
    answer = page.goto("/web/nothing")
    assert answer is not None
    assert answer.status == 404
    looked_at(page, f"not-found-{language}")


@pytest.mark.parametrize("path", ["/web/account", "/web/sign-in?lang=en"])
def test_while_the_database_is_away_a_page_says_so(
    site: Site, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def away(*_: Any) -> Any:
        raise OperationalError("SELECT", None, Exception("gone"))

    monkeypatch.setattr(site.running.broker.database, "read", away)
    monkeypatch.setattr(site.running.broker.database, "write", away)
    answer = ask(site, "GET", path, people.CLERK)
    if path == "/web/account":
        assert answer.status == 503
        assert "Hãy thử lại sau một phút" in answer.text
    else:
        assert answer.status == 200, "the form itself needs no database"
        form = {"csrf": "t", "login": "a", "password": "b"}
        assert ask(site, "POST", "/web/sign-in", form=form, cookies={"guest": "t"}).status == 503


def test_a_fault_of_ours_is_a_page_that_tells_the_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.web.pages.account._account", lambda *_: 1 / 0)
    with capture_logs() as logs:
        answer = ask(site, "GET", "/web/account?lang=en", people.CLERK)
    assert answer.status == 500
    assert "request_failed" in {each["event"] for each in logs}
    assert "tell the administrator the time" in answer.text
    assert f"{clock():%Y}" in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_a_script_that_meets_an_ended_session_takes_the_browser_to_the_sign_in(site: Site) -> None:
    answer = ask(site, "GET", "/web/account", headers={"HX-Request": "true"})
    assert answer.headers["hx-redirect"].startswith("/web/sign-in?next=")
    assert "location" not in answer.headers
