"""The pages of those who oversee: each in a real browser, in both languages, on desk and phone."""

import pytest

from tests.province import FINANCE
from tests.web.browser import DESK, PHONE, BrowserPage, Site, audit_page, fits_width, picture
from tests.web.stock import Stock

# On each site both languages and both screens, on the two sites together each language on each screen.
VIEWS = [("site", "vi", "desk"), ("site", "en", "phone"), ("sample", "vi", "phone"), ("sample", "en", "desk")]
SIZES = {"desk": DESK, "phone": PHONE}
PAGES = {
    "overview": "/web/overview",
    "agencies": "/web/agencies",
    "agency": f"/web/agencies/{FINANCE}",
    "failures": "/web/failures",
    "failure": "/web/failures/group?cause=expired",
    "ledger": "/web/ledger",
    "settings": "/web/settings",
    "reports": "/web/reports?from=2026-11",
    "reports-agencies": "/web/reports?by=agency&sort=-share",
}


@pytest.mark.parametrize(("at", "language", "size"), VIEWS)
def test_each_page_is_for_everybody_on_every_screen(
    browser_page: BrowserPage, site: Site, sample_site: Site, stock: Stock, at: str, language: str, size: str
) -> None:
    page = browser_page("administrator", language, SIZES[size], at=sample_site if at == "sample" else site)
    for name, path in PAGES.items():
        answer = page.goto(path)
        assert answer is not None
        if answer.status == 404:  # the sample has other agencies
            continue
        assert answer.status == 200, path
        assert page.locator("html").get_attribute("lang") == language
        audit_page(page)
        fits_width(page)
        picture(page, f"{name}-{at}-{language}-{size}")


def test_a_page_prints_without_menu_and_buttons(browser_page: BrowserPage, stock: Stock) -> None:
    page = browser_page("auditor", "vi", DESK)
    page.emulate_media(media="print")
    for path in PAGES.values():
        page.goto(path)
        assert not page.locator("nav.menu").is_visible()
        assert page.locator("h1").is_visible()
