"""The clerk's desk in a real browser: a day's work, on a phone in Vietnamese and at a desk in English."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page

from exchange.ledger import people
from tests.web.browser import TOURS, BrowserPage, Site, audit_page, fits_width, picture
from tests.web.test_desk import arrive


class Tour:
    """Looks at each page once: accessible, no wider than the screen, a picture of it."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name

    def look(self, what: str) -> None:
        audit_page(self.page)
        fits_width(self.page)
        picture(self.page, f"desk-{what}-{self.name}")

    def open(self, path: str, what: str) -> None:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        self.look(what)


@pytest.fixture(params=TOURS)
def tour(request: pytest.FixtureRequest, browser_page: BrowserPage) -> Tour:
    language = request.param
    return Tour(browser_page(people.CLERK, language, TOURS[language]), language)


def test_a_clerk_opens_accepts_assigns_and_finishes_a_document(site: Site, tour: Tour) -> None:
    delivery = arrive(
        site, subject="V/v rà soát, thống kê thiệt hại do mưa lũ gây ra trên địa bàn", priority=2
    )
    page = tour.page
    tour.open("/web/desk", "start")
    page.click(f"a[href='/web/incoming/{delivery}']")
    tour.look("waiting")
    page.click("form[action$='/open'] button")
    page.click("summary")
    tour.look("opened")
    page.click("form[action$='/accept'] button")
    assert page.locator(".notice.good").is_visible()
    page.fill("[name=assigned_to]", "Nguyễn Thị Hoa, Địa chính")
    page.click("form:has([name=assigned_to]) button")
    tour.look("assigned")
    page.fill("[name=words]", "Đã báo cáo huyện")
    page.click("button[value='06']")
    assert page.locator("[name=words]").count() == 0
    tour.look("finished")
    tour.open("/web/incoming", "register")
    tour.open("/web/register/incoming", "book")
    page.emulate_media(media="print")
    picture(page, f"desk-book-print-{tour.name}")


def test_a_clerk_sends_a_pdf_and_a_signed_file_and_follows_it(site: Site, tour: Tour, tmp_path: Path) -> None:
    page, province = tour.page, site.running.province
    pdf, signed = tmp_path / "bao-cao.pdf", tmp_path / "da-ky.edxml"
    pdf.write_bytes(b"%PDF-1.7 made up")
    signed.write_bytes(province.document("000.00.01.H45", "000.00.05.H45", at=datetime.now(UTC)))
    tour.open("/web/compose", "compose")
    page.fill("[name=number]", "88")
    page.fill("[name=notation]", f"BC-{tour.name}")
    page.fill("[name=subject]", "Báo cáo tình hình kinh tế - xã hội tháng 11")
    page.set_input_files("[name=files]", pdf)
    page.click("text=/Tất cả cấp xã|All communes/")
    page.click("form[action='/web/compose'] button")
    page.wait_for_url("**/web/send/*")
    tour.look("draft-unsigned")
    tour.open("/web/send", "send")
    page.set_input_files("[name=file]", signed)
    page.click("form[action='/web/send'] button")
    page.wait_for_url("**/web/send/*")
    tour.look("draft")
    page.click("form[action$='/send'] button")
    page.wait_for_url("**/web/outgoing/*")
    tour.look("followed")
    tour.open("/web/outgoing", "outgoing")
    tour.open("/web/register/outgoing", "book-outgoing")
    tour.open("/web/groups", "groups")


def test_a_clerk_registers_paper_and_reads_a_file_of_it(site: Site, tour: Tour, tmp_path: Path) -> None:
    page = tour.page
    file = tmp_path / "so.csv"
    file.write_text(
        "so ky hieu,ngay ban hanh,noi nhan,ly do\n9/UBND,2026-10-01,000.00.05.H45,khac\n10/UBND,x,y,z\n",
        "utf-8",
    )
    tour.open("/web/paper", "paper")
    page.fill("[name=number]", "90")
    page.fill("[name=subject]", "Hồ sơ thanh toán")
    page.select_option("[name=reason]", "wet_signature")
    page.fill("[name=more]", "000.00.05.H45")
    page.click("form[action='/web/paper'] button")
    assert page.locator(".notice.good").is_visible()
    page.click("td summary >> nth=0")
    tour.look("paper-registered")
    tour.open("/web/paper/import", "paper-import")
    page.set_input_files("[name=file]", file)
    page.click("form[action='/web/paper/import'] button")
    page.wait_for_url("**/web/paper/import/*")
    tour.look("paper-lines")
