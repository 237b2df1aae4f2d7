"""Failures: by cause, with what to do; tried dry; sent again as a group, with progress."""

import re

import pytest

from exchange.core.delivery import State, Step
from exchange.ledger import acts, failures, reading
from exchange.web import causes
from exchange.web.pages import failures as page_of_failures
from tests.house import House
from tests.province import DISTRICT, FINANCE, OFFICE
from tests.web.browser import BrowserPage, Site, audit_page, picture
from tests.web.requests import ask, send
from tests.web.stock import Stock, ended, sent


def failed(site: Site, cause: str, count: int = 1) -> list[str]:
    documents = [sent(site, FINANCE, DISTRICT, subject=f"V/v {cause}") for _ in range(count)]
    for document in documents:
        ended(site, document, DISTRICT, Step.REJECT, cause, "Phần mềm nơi nhận từ chối")
    return documents


def states(site: Site, document: str) -> list[str]:
    dossier = reading.dossier(site.running.broker.context.database, document)
    assert dossier is not None
    return [row["state"] for row in sorted(dossier.deliveries, key=lambda row: row["round"])]


def test_dead_letters_are_grouped_by_cause_with_the_most_first(house: House) -> None:
    for receivers in ((FINANCE,), (FINANCE, DISTRICT)):
        house.send(OFFICE, *receivers)
    house.clock.pass_(hours=100)
    house.sweep()
    [group] = failures.groups(house.context.database)
    assert (group.cause, group.state, group.count, group.receivers) == ("expired", State.EXPIRED, 3, 2)
    assert failures.by_receiver(house.context.database, "expired") == [(FINANCE, 2), (DISTRICT, 1)]
    assert len(failures.of_cause(house.context.database, "expired", receiver=FINANCE, limit=9)) == 2
    assert failures.of_cause(house.context.database, "", limit=9) == []


def test_a_group_is_gone_through_once_whatever_is_sent_again_meanwhile(house: House) -> None:
    for _ in range(5):
        house.send(OFFICE, FINANCE)
    house.clock.pass_(hours=100)
    house.sweep()
    seen, last = [], ""
    while some := failures.after(house.context.database, "expired", receiver="", last=last, limit=2):
        seen += [row["id"] for row in some]
        last = seen[-1]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("http_401", "mã truy cập"),
        ("http_413", "lớn hơn"),
        ("http_422", "HTTP 422"),
        ("expired", "Quá hạn"),
        ("receiver_split", "kế thừa"),
        ("something_new", "something_new"),
        ("", "Không ghi nguyên nhân"),
    ],
    ids=["token", "size", "http", "expired", "split", "other", "none"],
)
def test_each_cause_has_words_and_a_remedy(cause: str, said: str) -> None:
    for language in ("vi", "en"):
        assert causes.title(cause, language)
        assert causes.remedy(cause, language)
    assert said in f"{causes.title(cause, 'vi')} {causes.remedy(cause, 'vi')}"


def test_what_the_exchange_says_in_both_languages_is_shown_in_one() -> None:
    assert causes.words("expired", "Quá hạn / Late", "vi") == "Quá hạn"
    assert causes.words("expired", "Quá hạn / Late", "en") == "Late"
    assert causes.words("http_400", "field a / b is wrong", "en") == "field a / b is wrong"


def test_a_group_is_tried_dry_and_then_sent_again(site: Site) -> None:
    [document] = failed(site, "http_599")
    path = "/web/failures/group?cause=http_599"
    text = ask(site, "GET", path, "auditor").text
    assert "Để sẵn, chờ cơ quan đến lấy" in text
    assert "Gửi lại 1 lượt" not in text, "an auditor sends nothing"
    assert states(site, document) == ["refused"]
    assert "Gửi lại 1 lượt" in ask(site, "GET", path, "administrator").text
    assert send(site, "/web/failures/retry", "auditor", cause="http_599").status == 403
    text = send(site, "/web/failures/retry", "administrator", cause="http_599", count="1").text
    assert "đã gửi lại 1 lượt" in text
    assert states(site, document) == ["refused", "available"]
    assert acts.of_document(site.running.broker.context.database, document)[-1].event == "retried"
    assert "Không có văn bản nào phải gửi lại" in ask(site, "GET", path, "administrator").text


def test_without_script_a_long_group_goes_on_by_a_button(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_of_failures, "TOGETHER", 2)
    failed(site, "http_598", 5)
    answer = send(site, "/web/failures/retry", "administrator", cause="http_598", count="5")
    for done in (2, 4):
        assert f"Đang gửi lại: {done}/5" in answer.text
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text.partition('id="job"')[2]))
        fields.pop("csrf")
        answer = send(site, "/web/failures/retry", "administrator", **fields)
    assert "đã gửi lại 5 lượt; 0 lượt" in answer.text


def test_with_script_it_goes_on_by_itself(
    browser_page: BrowserPage, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_failures, "TOGETHER", 2)
    documents = failed(site, "http_597", 5)
    page = browser_page("administrator", "vi")
    page.goto("/web/failures/group?cause=http_597")
    audit_page(page)
    page.click("text=Gửi lại 5 lượt")
    page.wait_for_selector("text=đã gửi lại 5 lượt")
    audit_page(page)
    picture(page, "retried")
    assert all(len(states(site, each)) == 2 for each in documents)


def test_what_makes_no_group_is_answered(site: Site, stock: Stock) -> None:
    assert ask(site, "GET", "/web/failures/group?cause=%00%27--", "auditor").status == 200
    assert send(site, "/web/failures/retry", "administrator", cause="none", count="-1").status == 422
    assert "đã gửi lại 0 lượt" in send(site, "/web/failures/retry", "administrator", cause="none").text
