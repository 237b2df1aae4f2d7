"""Makes the pictures of ``docs/pages.md`` of the sample: ``python -m tests.web.pictures docs/pictures``."""

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from playwright.sync_api import Browser, Page, sync_playwright

from exchange.app import Broker
from exchange.context import clock
from exchange.demo.authority import Authority
from exchange.demo.sample import building
from exchange.demo.sample.places import COMMUNE, DISTRICT
from exchange.demo.sample.plan import Scale
from exchange.ledger import people
from tests.client_broker import Running, answering
from tests.house import settings_for
from tests.province import Province
from tests.web.browser import CHROMIUM, PHONE, Site, signed_in

SIZE = {"width": 1120, "height": 860}
YEAR = clock().year
# Name of the file, who looks, the address, and where on the page.
PICTURES = (
    ("overview", people.ADMINISTRATOR, "/web/overview", "#share"),
    ("documents", people.AUDITOR, "/web/documents", ""),
    ("document", people.AUDITOR, "", "#history"),
    ("agency", people.ADMINISTRATOR, f"/web/agencies/{DISTRICT}", ""),
    ("failures", people.ADMINISTRATOR, "/web/failures", ""),
    ("reports", people.AUDITOR, f"/web/reports?from={YEAR}", ""),
    ("ledger", people.AUDITOR, "/web/ledger", ""),
    ("desk", people.CLERK, "/web/desk", ""),
)


def main(folder: Path) -> None:
    """Build the sample, look at each page, write its picture."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sample(Path(data)) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, role, path, place in PICTURES:
            page = opened(browser, site, role, SIZE)
            page.goto(path or newest_document(page))
            if place:
                page.locator(place).scroll_into_view_if_needed()
                page.evaluate(f"document.querySelector('{place}').scrollIntoView()")
            page.screenshot(path=str(folder / f"{name}.png"))
        page = opened(browser, site, people.ADMINISTRATOR, PHONE)
        page.goto("/web/overview")
        page.screenshot(path=str(folder / "phone.png"))
        browser.close()


@contextmanager
def sample(folder: Path) -> Iterator[Site]:
    """The sample at its full length, running."""
    building.clear(folder / "data")
    settings = settings_for(**building.changes(folder / "data"))  # type: ignore[arg-type]
    building.build(settings, clock(), Scale())
    broker = Broker(settings)
    with answering(broker) as port:
        assert broker.application is not None
        broker.application.fastapi.state.sample = True
        nowhere = Province(Authority.create("nobody", clock()), {}, {})
        running = Running(f"http://127.0.0.1:{port}", port, broker, nowhere, folder)
        yield Site(running, {role: signed_in(running, role, COMMUNE) for role in people.ROLES})


def opened(browser: Browser, site: Site, role: str, size: object) -> Page:
    """A page in which somebody of that role is signed in, in Vietnamese."""
    context = browser.new_context(viewport=size, base_url=site.url)  # type: ignore[arg-type]
    cookies = {"language": "vi", "session": site.cookies[role]}
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
    return context.new_page()


def newest_document(page: Page) -> str:
    """The address of the newest document that was delivered."""
    page.goto("/web/documents?state=delivered")
    address = page.locator(".listing tbody th a").first.get_attribute("href")
    assert address
    return address


if __name__ == "__main__":
    main(Path(sys.argv[1]))
