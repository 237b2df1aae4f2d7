"""The account of a bundle in a real browser: for everybody, and harmless whatever its sender wrote."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from exchange.core import bundle as layout
from exchange.ledger import reading
from exchange.sequencing import Sequencing
from tests.audit.conftest import made
from tests.audit.making import Made
from tests.house import House
from tests.province import FINANCE, OFFICE
from tests.test_evidence import files_of
from tests.web.browser import audit_page

__all__ = ["made"]

AWKWARD = "</title><script>document.title='run'</script><img src=x onerror=alert(1)>\u202eabc 😀 " + "x" * 400

Open = Callable[[bytes], Page]


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page that is a file, without a network."""
    context = chromium.new_context(offline=True)

    def opened(content: bytes) -> Page:
        (tmp_path / "report.html").write_bytes(content)
        page = context.new_page()
        page.on("dialog", lambda dialog: pytest.fail(f"it says {dialog.message}"))
        page.goto((tmp_path / "report.html").as_uri())
        return page

    yield opened
    context.close()


@pytest.mark.parametrize("width", [1280, 320], ids=["desk", "phone"])
def test_the_account_has_no_fault_that_axe_finds_and_fits_any_screen(
    made: Made, open_page: Open, width: int
) -> None:
    page = open_page(made.files[layout.REPORT])
    page.set_viewport_size({"width": width, "height": 800})
    audit_page(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_a_sender_writes_is_shown_and_never_run(house: House, open_page: Open) -> None:
    document = house.send(OFFICE, FINANCE, subject=AWKWARD).id
    Sequencing(house.context).round()
    files = files_of(house, document)
    page = open_page(files[layout.REPORT])
    assert page.title().startswith("Hồ sơ bằng chứng")
    assert page.evaluate("document.scripts.length + document.images.length") == 0
    dossier = reading.dossier(house.context.database, document)
    assert dossier is not None
    assert dossier.document["subject"] in page.locator("dd").first.inner_text()
    assert PdfReader(io.BytesIO(files[layout.PAPER])).pages
