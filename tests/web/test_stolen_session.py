"""Who has somebody's open browser, or the password alone, does not make the account his own."""

import re

import pyotp

from exchange.ledger import people
from exchange.people import accounts, second_factor
from exchange.people.accounts import Wanted
from exchange.people.sign_in import let_in, opened
from tests.web.browser import PASSWORD, Site
from tests.web.requests import Answer, ask

NEW = "/web/second-factor/new"


def person(site: Site, login: str) -> people.Account:
    return accounts.create(
        site.running.broker.context, Wanted(login=login, role=people.AUDITOR, name=login), PASSWORD
    )


def session(site: Site, account: people.Account, stage: str = "") -> dict[str, str]:
    context = site.running.broker.context
    cookie = opened(context, account, "127.0.0.1", stage) if stage else let_in(context, account, "", "test")
    return {"session": cookie}


def setting_up(site: Site, cookies: dict[str, str], **form: str) -> Answer:
    """The form of the second factor, sent with the right code."""
    text = ask(site, "GET", NEW, cookies=cookies).text
    secret = re.findall(r"<code>([A-Z2-7]+)</code>", text)[0]
    token = re.findall(r'name="csrf" value="([^"]+)"', text)[0]
    form = {"csrf": token, "code": pyotp.TOTP(secret).now(), **form}
    return ask(site, "POST", NEW, cookies=cookies, form=form)


def test_a_second_factor_is_not_set_up_without_the_password(site: Site) -> None:
    account = person(site, "stolen.browser")
    cookies = session(site, account)
    assert setting_up(site, cookies).status == 422
    assert setting_up(site, cookies, password="wrong").status == 422
    assert people.by_id(site.running.broker.database, account.id).totp_secret == ""  # type: ignore[union-attr]
    assert setting_up(site, cookies, password=PASSWORD).status == 200
    assert people.by_id(site.running.broker.database, account.id).totp_secret  # type: ignore[union-attr]


def test_a_second_factor_ends_the_sessions_of_other_browsers_and_takes_the_place_of_none(
    site: Site,
) -> None:
    account = person(site, "two.browsers")
    first, second, third = (session(site, account, each) for each in ("enrol", "enrol", ""))
    text = ask(site, "GET", NEW, cookies=second).text
    answer = setting_up(site, first)
    assert answer.status == 200
    for cookies in (first, second, third):
        assert "/web/sign-in" in ask(site, "GET", "/web/account", cookies=cookies).headers["location"]
    mine = {"session": answer.cookies["session"].partition(";")[0].partition("=")[2]}
    assert ask(site, "GET", "/web/account", cookies=mine).status == 200
    secret = re.findall(r"<code>([A-Z2-7]+)</code>", text)[0]
    codes = second_factor.take(site.running.broker.context, account, secret, pyotp.TOTP(secret).now())
    assert codes == (), "who was too late has set up nothing"


def test_who_had_a_second_factor_removed_signs_in_anew(site: Site) -> None:
    account = person(site, "removed")
    cookies = session(site, account)
    accounts.reset_second_factor(site.running.broker.context, account)
    assert ask(site, "GET", "/web/account", cookies=cookies).status == 303
