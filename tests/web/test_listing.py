"""Tables of pages: what may be asked of them, and what they show."""

import csv
import io
from datetime import UTC, datetime

import pytest

from exchange.reports.comma_separated import harmless
from exchange.web import rendering
from exchange.web.listing import PAGES_MAX, ROWS, Asked, Cell, Column, Listing, csv_response
from exchange.web.visitor import Visitor

COLUMNS = (
    Column("name", "account.name", sortable=True),
    Column("at", "account.login", "moment", sortable=True),
    Column("count", "account.role", "number"),
)
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def asked(**query: str) -> Asked:
    visit = Visitor(language="vi", path="/web/rows", query=query)
    return Asked.of(visit, COLUMNS, ("name",), "-at")


def rows(count: int) -> list[dict[str, object]]:
    return [{"name": Cell(f"row {each}", "/web/x", "late"), "at": AT, "count": 1234} for each in range(count)]


@pytest.mark.parametrize("sort", ["count", "secret", "--", "name;drop"])
def test_a_table_is_sorted_by_its_own_columns_alone(sort: str) -> None:
    assert (asked(sort=sort).sort, asked(sort=sort).down) == ("at", True)


@pytest.mark.parametrize(
    ("given", "page"),
    [("3", 3), ("0", 1), ("-1", 1), ("x", 1), ("٣", 1), ("9" * 8, PAGES_MAX), ("9" * 5000, 1), ("", 1)],
    ids=["third", "zero", "negative", "word", "other digits", "far", "huge", "none"],
)
def test_pages_are_turned_within_bounds(given: str, page: int) -> None:
    assert asked(page=given).page == page


def test_a_filter_is_cut_to_what_a_database_takes() -> None:
    assert asked(name=" a\x00b " + "c" * 500).filters["name"].startswith("ab c")
    assert len(asked(name="c" * 500).filters["name"]) == 200
    assert asked(other="x").filters == {}


def test_a_further_page_keeps_sorting_and_filters() -> None:
    listing = Listing(asked(name="a&b", sort="name", page="2"), COLUMNS, rows(ROWS + 1), total=120)
    assert listing.after == "/web/rows?name=a%26b&sort=name&page=3"
    assert listing.before == "/web/rows?name=a%26b&sort=name&page=1"
    assert listing.sorted_by(COLUMNS[0]) == "/web/rows?name=a%26b&sort=-name"
    assert Listing(asked(), COLUMNS, rows(ROWS)).after == ""


def test_a_table_escapes_shows_and_says_how_it_is_sorted() -> None:
    shown = rendering._environment("vi").from_string(
        '{% from "_table.html" import table %}{{ table(listing, caption="Bảng") }}'
    )
    listing = Listing(asked(), COLUMNS, [{"name": "<b>", "at": AT, "count": 1234}, *rows(1)], total=2)
    html = shown.render(listing=listing)
    assert "&lt;b&gt;" in html
    assert 'aria-sort="descending"' in html
    assert "24/11/2026 10:00" in html
    assert "1.234" in html
    assert '<span class="badge late"><a href="/web/x">row 0</a></span>' in html
    assert "1–2 trong số 2 dòng" in html


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\n=1", "＝1", "\t=1"], ids=range(8))
def test_no_spreadsheet_takes_a_text_for_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(f"a{text}") == f"a{text}"


def test_a_table_goes_to_csv_and_no_spreadsheet_computes_its_cells() -> None:
    visit = Visitor(language="en", path="/web/rows", query={"format": "csv"})
    listing = Listing(
        Asked.of(visit, COLUMNS, ()), COLUMNS, [{"name": "=1+1", "at": AT, "count": 0.5}, *rows(99)]
    )
    answer = csv_response(visit, listing, "rows")
    assert bytes(answer.body).startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(bytes(answer.body).decode("utf-8-sig"))))
    assert len(read) == 101
    assert read[1] == ["'=1+1", "2026-11-24 10:00:00", "0.5"]
