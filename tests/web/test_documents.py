"""Documents: searched, followed like a parcel, and proven."""

import csv
import io
import zipfile
from urllib.parse import urlencode

import pytest

from exchange.ledger import acts, reading
from tests.province import FINANCE, OFFICE
from tests.web.browser import TOURS, BrowserPage, Site, audit_page, fits_width, picture
from tests.web.requests import Answer, ask, send
from tests.web.stock import SUBJECTS, Stock


def searched(site: Site, role: str = "auditor", **fields: str) -> Answer:
    return ask(site, "GET", f"/web/documents?{urlencode(fields)}", role)


@pytest.mark.parametrize("language", TOURS)
def test_documents_are_looked_for_and_followed(
    browser_page: BrowserPage, stock: Stock, language: str
) -> None:
    page = browser_page("administrator", language, TOURS[language])
    page.goto("/web/documents")
    audit_page(page)
    fits_width(page)
    picture(page, f"documents-{language}")
    page.fill("[name=q]", "chuyen doi so")
    page.wait_for_url("**q=chuyen**")  # the table comes by itself while one types
    page.click(f"text={'V/v triển khai'} >> xpath=ancestor::tr >> a")
    page.wait_for_url(f"**/web/documents/{stock.ids['delivered']}")
    assert page.locator(".timeline .event-delivered").count() == 2
    audit_page(page)
    fits_width(page)
    picture(page, f"document-{language}")


def test_a_page_escapes_what_senders_write(site: Site, stock: Stock) -> None:
    for path in ("/web/documents", f"/web/documents/{stock.ids['under_way']}"):
        text = ask(site, "GET", path, "auditor").text
        assert "&lt;b&gt;&amp; xử lý&lt;/b&gt;" in text
        assert "<b>&" not in text


@pytest.mark.parametrize(
    ("fields", "found", "missed"),
    [
        ({"q": "ĐỀ ÁN chuyen"}, "delivered", "under_way"),
        ({"state": "dead"}, "expired", "delivered"),
        ({"state": "dead", "to": OFFICE}, "refused", "expired"),
        ({"state": "open", "from": "co quan 000.00.05"}, "under_way", "delivered"),
        ({"state": "delivered"}, "delivered", "expired"),
    ],
    ids=["subject", "dead", "dead at one", "under way", "delivered"],
)
def test_fields_narrow_what_is_shown(
    site: Site, stock: Stock, fields: dict[str, str], found: str, missed: str
) -> None:
    text = searched(site, **fields).text
    assert f"/web/documents/{stock.ids[found]}" in text
    assert f"/web/documents/{stock.ids[missed]}" not in text


def test_a_found_list_goes_to_csv(site: Site, stock: Stock) -> None:
    answer = searched(site, q=SUBJECTS["delivered"], format="csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["Số, ký hiệu", "Trích yếu", "Cơ quan gửi"]
    assert [row[1] for row in rows[1:]] == [SUBJECTS["delivered"]]
    assert rows[1][-1] == "Đã chuyển tới"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"from": "không có cơ quan này"}, "Không có cơ quan nào"),
        ({"since": "31/12/2026"}, "không phải là ngày"),
        ({"until": "9999-12-31"}, ""),
        ({"number": "/" * 60, "q": "%_\\'\""}, "Không có văn bản nào"),
        ({"state": "nonsense", "sort": "digest", "page": "999999"}, ""),
    ],
    ids=["agency", "day", "far day", "signs", "choices"],
)
def test_what_is_typed_wrongly_is_answered(site: Site, fields: dict[str, str], said: str) -> None:
    answer = searched(site, **fields)
    assert answer.status == 200
    assert said in answer.text


def test_a_page_and_a_receipt_of_a_document_that_is_not_there(site: Site, stock: Stock) -> None:
    for path in ("nothing", "%00", f"{stock.ids['delivered']}/receipts/1"):
        assert ask(site, "GET", f"/web/documents/{path}", "auditor").status == 404
    receipts = reading.receipts_of(site.running.broker.context.database, stock.ids["delivered"])
    for row in (receipts[0]["id"], f"../{receipts[0]['id']}"):
        assert ask(site, "GET", f"/web/documents/{row}", "auditor").status == 404, "a receipt is no document"


def test_receipts_are_given_out_as_they_were_signed(site: Site, stock: Stock) -> None:
    document = stock.ids["delivered"]
    [first, *_] = reading.receipts_of(site.running.broker.context.database, document)
    answer = ask(site, "GET", f"/web/documents/{document}/receipts/{first['id']}", "auditor")
    assert answer.text.encode() == first["body"]


@pytest.mark.parametrize(("role", "whole"), [("administrator", True), ("auditor", False)])
def test_evidence_is_for_both_and_content_for_the_administrator_alone(
    site: Site, stock: Stock, role: str, whole: bool
) -> None:
    answer = send(site, f"/web/documents/{stock.ids['delivered']}/evidence", role)
    assert answer.status == 200
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert ("document.edxml" in names) is whole
    assert "acceptance.xml" in names
    content = send(site, f"/web/documents/{stock.ids['delivered']}/content", role)
    assert (content.status == 200) is whole
    assert (FINANCE in content.text and "edXML" in content.text) is whole


def test_a_look_at_the_content_is_an_entry_of_the_ledger_that_both_roles_see(
    site: Site, stock: Stock
) -> None:
    document = stock.ids["expired"]
    before = acts.of_document(site.running.broker.context.database, document)
    assert send(site, f"/web/documents/{document}/content", "auditor").status == 403
    assert send(site, f"/web/documents/{document}/content", "administrator").status == 200
    [act] = acts.of_document(site.running.broker.context.database, document)[len(before) :]
    assert (act.event, act.body["role"]) == ("downloaded", "administrator")
    assert "Nguyễn Thị Quản Trị (Quản trị)" in ask(site, "GET", f"/web/documents/{document}", "auditor").text
