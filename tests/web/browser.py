"""A running broker with pages, and a real browser to look at them with.

``site`` is one broker for the whole session: a test must not rely on nothing else having happened there.
``browser_page(role)`` gives a page of a browser in which somebody of that role is signed in, and
``audit_page`` fails on any violation of WCAG that axe finds. No request may leave the host.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from exchange.app import Broker
from exchange.context import clock
from exchange.demo.authority import Authority
from exchange.demo.sample import building
from exchange.demo.sample.places import COMMUNE
from exchange.demo.sample.plan import Scale
from exchange.ledger import people
from exchange.people.accounts import Wanted, create
from exchange.people.sign_in import let_in
from tests.client_broker import Running, answering, running
from tests.conftest import missing
from tests.house import settings_for
from tests.province import OFFICE, Province

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "a password of tests alone"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
LANGUAGES = ("vi", "en")
TOURS = {"vi": PHONE, "en": DESK}  # both languages and both screens, each once
PEOPLE = {
    people.ADMINISTRATOR: ("quantri", "Nguyễn Thị Quản Trị"),
    people.AUDITOR: ("kiemtra", "Trần Văn Kiểm"),
    people.CLERK: ("vanthu", "Lê Văn Thư"),
}


AXE = Axe()
SCALE = Scale(days=30, documents_per_day=1.5)


@dataclass(frozen=True)
class Site:
    """A running broker. ``cookies`` opens it for a role; the same session for the whole run."""

    running: Running
    cookies: dict[str, str]

    @property
    def url(self) -> str:
        return self.running.url


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker with pages, with one person of each role."""
    with running(tmp_path_factory.mktemp("site")) as broker:
        yield Site(broker, {role: signed_in(broker, role) for role in people.ROLES})


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker with the sample's province and a history of some weeks, as ``serve --sample`` shows it.

    Its clerk is the one of a commune without software; ``running.province`` is empty.
    """
    folder = tmp_path_factory.mktemp("sample")
    building.clear(folder / "data")
    settings = settings_for(**building.changes(folder / "data"))  # type: ignore[arg-type]
    building.build(settings, clock(), SCALE)
    broker = Broker(settings)
    with answering(broker) as port:
        application = broker.application
        assert application is not None
        application.fastapi.state.sample = True
        nowhere = Province(Authority.create("nobody", clock()), {}, {})
        running = Running(f"http://127.0.0.1:{port}", port, broker, nowhere, folder)
        yield Site(running, {role: signed_in(running, role, COMMUNE) for role in people.ROLES})


def signed_in(broker: Running, role: str, clerk_of: str = OFFICE) -> str:
    """The cookie of a session of this role's person, who is made if need be."""
    context = broker.broker.context
    login, name = PEOPLE[role]
    agency = clerk_of if role == people.CLERK else ""
    account = people.by_login(context.database, login)
    if account is None:
        account = create(context, Wanted(login=login, role=role, name=name, agency=agency), PASSWORD)
    return let_in(context, account, "127.0.0.1", "test")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; where there is none it is said aloud, and in CI it is an error.

    Not for longer than these tests: playwright keeps an event loop in this thread, and others start one.
    """
    if not Path(CHROMIUM).exists():
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


BrowserPage = Callable[..., Page]


@pytest.fixture
def browser_page(site: Site, chromium: Browser) -> Iterator[BrowserPage]:
    """Opens pages: ``browser_page("auditor", "en", PHONE)``; role "" is nobody; ``at=sample_site``."""
    contexts: list[BrowserContext] = []
    foreign: list[str] = []

    def watch(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data" and address.hostname != "127.0.0.1":
            foreign.append(request.url)

    def make(role: str = "", language: str = "vi", size: Any = None, at: Site = site, **options: Any) -> Page:
        context = chromium.new_context(viewport=size or DESK, base_url=at.url, **options)
        contexts.append(context)
        cookies = {"language": language} | ({"session": at.cookies[role]} if role else {})
        context.add_cookies(
            [{"name": name, "value": value, "url": at.url} for name, value in cookies.items()]
        )
        context.on("request", watch)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
        page.set_default_timeout(10_000)
        return page

    yield make
    for context in contexts:
        context.close()
    assert foreign == [], "requests off the host"


def audit_page(page: Page) -> None:
    """No violation of WCAG 2.2 AA or of good practice, no refusal by the content policy."""
    # Only what is wrong is worked out to the end: that takes half the time.
    options = {"runOnly": {"type": "tag", "values": STANDARDS}, "resultTypes": ["violations"]}
    found = AXE.run(page, options=options)
    violations = [
        f"{each['id']} ({each['impact']}): {each['help']}: {node['html'][:200]}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]
    assert violations == [], "\n".join(violations)


def fits_width(page: Page) -> None:
    """Nothing of the page is wider than the screen, be it a phone's or a desk's."""
    before = page.viewport_size
    for size in (PHONE, DESK, before):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wide, screen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= screen, f"{wide} px wide on a screen of {screen} px"


def picture(page: Page, name: str) -> None:
    """A screenshot into the folder that ``EXCHANGE_TEST_PICTURES`` names, if it does."""
    if folder := os.environ.get("EXCHANGE_TEST_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
