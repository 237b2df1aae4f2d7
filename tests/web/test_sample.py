"""``exchange serve --sample``: a province with a history, for those who look at the pages."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from exchange.core.edxml import VIETNAM
from exchange.core.trust import is_valid_at
from exchange.demo.sample import building
from exchange.ledger import people
from exchange.tables import DocumentRow
from tests.web.browser import LANGUAGES, PHONE, BrowserPage, Site, audit_page, fits_width
from tests.web.requests import ask

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]


def test_the_sample_has_a_history_that_goes_on_until_now(sample_site: Site) -> None:
    context = sample_site.running.broker.context
    with context.database.read() as connection:
        first, last, count = connection.execute(
            select(func.min(DOCUMENT.c.accepted_at), func.max(DOCUMENT.c.accepted_at), func.count()).where(
                DOCUMENT.c.kind == "document"
            )
        ).one()
    assert count > 20
    assert last - first > timedelta(days=25)
    assert first.astimezone(VIETNAM).day <= 4  # its first working day: a month begun halfway bends the trend
    assert timedelta() < context.now() - last < timedelta(days=4)


def test_the_samples_key_is_as_old_as_what_it_signed(sample_site: Site) -> None:
    context = sample_site.running.broker.context
    with context.database.read() as connection:
        first = connection.execute(select(func.min(DOCUMENT.c.accepted_at))).scalar_one()
    assert is_valid_at(context.issuer.seal.certificate, first)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_the_sample_say_that_nothing_is_real(
    browser_page: BrowserPage, sample_site: Site, language: str
) -> None:
    page = browser_page(people.CLERK, language, PHONE, at=sample_site)
    page.goto("/web/account")
    assert page.locator(".sample").is_visible()
    audit_page(page)
    fits_width(page)


def test_pages_of_a_real_exchange_do_not_say_so(site: Site) -> None:
    assert 'class="sample"' not in ask(site, "GET", "/web/account", people.CLERK).text


def test_the_sample_is_written_into_no_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "exchange.sqlite").write_text("real")
    with pytest.raises(FileExistsError, match="something else"):
        building.clear(tmp_path)
    assert (tmp_path / "exchange.sqlite").read_text() == "real"


def test_an_old_sample_makes_room_for_a_new_one(tmp_path: Path) -> None:
    building.clear(tmp_path / "sample")
    (tmp_path / "sample" / "old").touch()
    building.clear(tmp_path / "sample")
    assert not (tmp_path / "sample" / "old").exists()
