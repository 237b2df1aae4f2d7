"""Accounts in pages: kept by administrators who showed again who they are; and who did what."""

import re
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest

from exchange.ledger import acts, people
from exchange.people import accounts, sign_in
from exchange.people.accounts import By, Wanted
from tests.province import FINANCE, OFFICE
from tests.web.browser import (
    DESK,
    LANGUAGES,
    PASSWORD,
    PHONE,
    BrowserPage,
    Site,
    audit_page,
    fits_width,
    picture,
    signed_in,
)
from tests.web.requests import Answer, ask, send, token_of
from tests.web.stock import Stock

ADMINISTRATOR = people.ADMINISTRATOR
NEW_PASSWORD = "nắng sớm trên sông Hương"


@pytest.fixture
def confirmed(site: Site) -> Site:
    """The site, whose administrator has a session of a moment ago and showed again who it is."""
    fresh = Site(site.running, {**site.cookies, ADMINISTRATOR: signed_in(site.running, ADMINISTRATOR)})
    answer = send(fresh, "/web/confirm", ADMINISTRATOR, proof=PASSWORD, next="/web/accounts")
    assert answer.headers["location"] == "/web/accounts"
    return fresh


def person(site: Site, login: str, role: str = people.AUDITOR, **values: str) -> str:
    """The id of a new account."""
    context = site.running.broker.context
    return accounts.create(context, Wanted(login=login, role=role, **values), PASSWORD).id


def do(site: Site, account: str, action: str, **form: str) -> Answer:
    return send(site, f"/web/accounts/{account}/{action}", ADMINISTRATOR, **form)


def kept(site: Site, account: str) -> people.Account:
    found = people.by_id(site.running.broker.context.database, account)
    assert found is not None
    return found


def is_out(site: Site, cookie: str) -> bool:
    """Whether the session is over."""
    answer = ask(site, "GET", "/web/account", cookies={"session": cookie})
    return "/web/sign-in" in answer.headers.get("location", "")


def events(site: Site, account: str) -> list[str]:
    """What administrators did about the account in pages."""
    newest = acts.newest(site.running.broker.context.database, most=500)
    return [each.event for each in newest if each.body.get("account") == account]


@pytest.mark.parametrize(("language", "size"), [("vi", PHONE), ("en", DESK)])
def test_an_administrator_adds_a_clerk_who_sets_the_password_by_the_link(
    browser_page: BrowserPage, site: Site, language: str, size: dict[str, int]
) -> None:
    own = Site(site.running, {ADMINISTRATOR: signed_in(site.running, ADMINISTRATOR)})
    page = browser_page(ADMINISTRATOR, language, size, at=own)
    page.goto("/web/accounts")
    looked = f"{language}-{size['width']}"
    for name in ("accounts", "confirm", "accounts-new", "accounts-wrong", "accounts-link", "accounts-one"):
        if name == "confirm":
            page.click("main a.button")
            assert "/web/confirm" in page.url
        elif name == "accounts-new":
            page.fill("[name=proof]", PASSWORD)
            page.click("main button")
        elif name == "accounts-wrong":
            page.fill("[name=login]", f"clerk.{language}")
            page.fill("[name=name]", "Phạm Thị Văn Thư")
            page.select_option("[name=role]", "clerk")
            page.click("main button")
            assert page.get_attribute("[name=agency]", "aria-invalid") == "true"
        elif name == "accounts-link":
            page.fill("[name=agency]", OFFICE)
            page.click("main button")
        elif name == "accounts-one":
            link = urlsplit(page.inner_text("main code")).path
            page.click("main a.button")
        audit_page(page)
        fits_width(page)
        picture(page, f"{name}-{looked}")
    guest = browser_page("", language, size, at=own)
    guest.goto(link)
    for name in ("new", "again"):
        guest.fill(f"[name={name}]", NEW_PASSWORD)
    guest.click("main button")
    guest.fill("[name=login]", f"clerk.{language}")
    guest.fill("[name=password]", NEW_PASSWORD)
    guest.click("main button")
    guest.wait_for_url("**/web/desk")
    guest.goto(link)
    assert guest.query_selector("[name=new]") is None, "the link is good once"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", [ADMINISTRATOR, people.AUDITOR])
def test_who_did_what_can_be_read(
    browser_page: BrowserPage, site: Site, stock: Stock, role: str, language: str
) -> None:
    ask(site, "GET", f"/web/documents/{stock.ids['delivered']}/message", ADMINISTRATOR)
    page = browser_page(role, language, PHONE if role == people.AUDITOR else DESK)
    page.goto("/web/acts?kind=signed_in")
    assert page.locator("tbody tr").count() > 0
    page.goto("/web/acts")
    audit_page(page)
    fits_width(page)
    picture(page, f"acts-{role}-{language}")


# --- who must show again who it is ---


@pytest.mark.parametrize(
    "action", ["edit", "disable", "enable", "unlock", "password", "second-factor", "sessions"]
)
def test_no_change_goes_without_showing_again_who_one_is(site: Site, action: str) -> None:
    fresh = Site(site.running, {ADMINISTRATOR: signed_in(site.running, ADMINISTRATOR)})
    account = person(site, f"unconfirmed.{action}")
    before = kept(site, account)
    answer = do(fresh, account, action, role=people.CLERK)
    assert answer.headers["location"].startswith("/web/confirm")
    assert kept(site, account) == before


def test_a_wrong_password_confirms_nothing_and_counts(site: Site) -> None:
    context = site.running.broker.context
    wary = accounts.create(context, Wanted(login="wary", role=ADMINISTRATOR), PASSWORD)
    own = Site(site.running, {ADMINISTRATOR: sign_in.let_in(context, wary, "127.0.0.1", "test")})
    answer = send(own, "/web/confirm", ADMINISTRATOR, proof="not the password")
    assert answer.status == HTTPStatus.FORBIDDEN
    assert ask(own, "GET", "/web/accounts/new", ADMINISTRATOR).headers["location"].startswith("/web/confirm")
    accounts.disable(context, wary)


# --- what may be changed ---


def test_another_role_and_agency_hold_at_once_and_end_the_sessions(confirmed: Site) -> None:
    account = person(confirmed, "moving", people.CLERK, agency=OFFICE)
    context = confirmed.running.broker.context
    cookie = sign_in.let_in(context, kept(confirmed, account), "127.0.0.1", "test")
    do(confirmed, account, "edit", role=people.CLERK, agency=FINANCE, name="Moved", email="m@example.com")
    found = kept(confirmed, account)
    assert (found.agency, found.name, found.email) == (FINANCE, "Moved", "m@example.com")
    assert is_out(confirmed, cookie)
    assert events(confirmed, account)[0] == "account_changed"


def test_what_is_wrong_with_an_account_is_said_beside_its_field(confirmed: Site) -> None:
    answer = send(confirmed, "/web/accounts", ADMINISTRATOR, login="A B", role="king", name="x")
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.text.count('class="error"') == 2
    taken = send(confirmed, "/web/accounts", ADMINISTRATOR, login="kiemtra", role=people.AUDITOR, name="x")
    assert taken.status == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_disabled_person_is_out_at_once_and_may_come_back(confirmed: Site) -> None:
    account = person(confirmed, "leaving")
    cookie = sign_in.let_in(confirmed.running.broker.context, kept(confirmed, account), "", "test")
    do(confirmed, account, "disable")
    assert (
        "sign-in" in ask(confirmed, "GET", "/web/overview", cookies={"session": cookie}).headers["location"]
    )
    assert do(confirmed, account, "password").headers["location"].endswith("is_disabled")
    do(confirmed, account, "enable")
    assert kept(confirmed, account).disabled_at is None
    assert events(confirmed, account)[:2] == ["account_enabled", "account_disabled"]


def test_a_reset_password_ends_the_old_one_and_gives_a_link_once(confirmed: Site) -> None:
    account = person(confirmed, "forgetful")
    answer = do(confirmed, account, "password")
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r"(/web/invitation/[^<]+)</code>", answer.text)
    assert found
    assert kept(confirmed, account).password == ""
    assert "new" in ask(confirmed, "GET", found[1]).text
    newest = acts.newest(confirmed.running.broker.context.database, most=1)[0]
    assert newest.event == "password_reset"
    assert found[1].rpartition("/")[2] not in str(newest.body)


def test_sessions_and_second_factor_of_others_can_be_ended(confirmed: Site) -> None:
    account = person(confirmed, "stolen")
    cookie = sign_in.let_in(confirmed.running.broker.context, kept(confirmed, account), "", "test")
    do(confirmed, account, "sessions")
    assert (
        "sign-in" in ask(confirmed, "GET", "/web/overview", cookies={"session": cookie}).headers["location"]
    )
    do(confirmed, account, "second-factor")
    assert events(confirmed, account)[:2] == ["second_factor_reset", "sessions_ended"]


# --- nobody locks everybody out ---


@pytest.mark.parametrize("action", ["disable", "password", "second-factor", "sessions"])
def test_an_administrator_does_none_of_these_to_the_own_account(confirmed: Site, action: str) -> None:
    own = people.by_login(confirmed.running.broker.context.database, "quantri")
    assert own is not None
    answer = do(confirmed, own.id, action)
    assert answer.status == HTTPStatus.CONFLICT
    assert kept(confirmed, own.id) == own


def test_nobody_gives_up_the_own_role(confirmed: Site) -> None:
    own = people.by_login(confirmed.running.broker.context.database, "quantri")
    assert own is not None
    assert do(confirmed, own.id, "edit", role=people.AUDITOR, name="x").status == HTTPStatus.CONFLICT
    assert kept(confirmed, own.id).role == ADMINISTRATOR


# --- lists ---


def test_the_list_is_filtered_sorted_and_taken_away_on_the_server(site: Site) -> None:
    person(site, "tim.thay", people.CLERK, agency=FINANCE, name="Đặng Thị Tìm")
    found = ask(site, "GET", "/web/accounts?q=dang+tim&role=clerk&format=csv", ADMINISTRATOR)
    lines = found.text.strip().splitlines()
    assert len(lines) == 2
    assert "tim.thay" in lines[1]
    by_login = ask(site, "GET", "/web/accounts?sort=-login&format=csv", ADMINISTRATOR).text
    logins = [line.split(",")[1] for line in by_login.strip().splitlines()[1:]]
    assert logins == sorted(logins, reverse=True)


def test_acts_are_found_by_person_agency_kind_and_day(site: Site) -> None:
    context = site.running.broker.context
    account = person(site, "traced", people.CLERK, agency=FINANCE, name="Người Được Tìm")
    sign_in.let_in(context, kept(site, account), "127.0.0.1", "test")

    def lines(query: str) -> list[str]:
        text = ask(site, "GET", f"/web/acts?format=csv&{query}", people.AUDITOR).text
        return text.strip().splitlines()[1:]

    assert len(lines("person=nguoi+duoc+tim")) == 1
    assert len(lines(f"person=traced&kind=signed_in&agency={FINANCE}")) == 1
    assert lines(f"person=traced&agency={OFFICE}") == []
    assert lines("person=traced&until=2020-01-01") == []
    assert len(lines("person=traced&since=2020-01-01")) == 1
    assert "traced" in lines("kind=account_created")[0], "which account was made"
    nobody = ask(site, "GET", "/web/acts?person=nobody-of-this-name", people.AUDITOR)
    assert "nobody-of-this-name" in nobody.text
    assert nobody.status == HTTPStatus.OK


def test_a_form_of_accounts_without_its_token_changes_nothing(confirmed: Site) -> None:
    account = person(confirmed, "forged")
    for token in ("", "x", token_of(confirmed, people.AUDITOR)):
        form = {"csrf": token}
        answer = ask(confirmed, "POST", f"/web/accounts/{account}/disable", ADMINISTRATOR, form=form)
        assert answer.status == HTTPStatus.FORBIDDEN
    assert kept(confirmed, account).disabled_at is None


def test_the_machines_operator_may_shut_the_last_administrator_out_and_no_person(site: Site) -> None:
    # That the pages let nobody act on the own account does not cover two who shut each other out at once.
    context = site.running.broker.context
    others = [
        each
        for each in people.everybody(context.database)
        if each.role == ADMINISTRATOR and each.login != "quantri" and each.disabled_at is None
    ]
    for each in others:
        accounts.disable(context, each)
    last = people.by_login(context.database, "quantri")
    assert last is not None
    by = By(person="somebody", role=ADMINISTRATOR)
    for change in (accounts.disable, accounts.reset_password):
        with pytest.raises(Exception, match="last_administrator"):
            change(context, last, by)
    with pytest.raises(Exception, match="last_administrator"):
        accounts.edit(context, last, Wanted(login="quantri", role=people.AUDITOR), by)
    assert kept(site, last.id) == last
