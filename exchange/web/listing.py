"""Tables that sort, filter and page on the server, and go to CSV.

A page takes what was asked (``Asked.of``), fetches the rows of that page and shows ``Listing`` with
the macro ``table`` of ``_table.html``.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from exchange.core.edxml import VIETNAM
from exchange.reports.comma_separated import harmless
from exchange.web.texts import said
from exchange.web.visitor import Visitor

ROWS = 50  # of one page
PAGES_MAX = 200  # that can be turned to; who looks for more filters
CSV_ROWS_MAX = 50_000
VALUE_CHARACTERS_MAX = 200  # of a filter


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the row's key, the key of its title's text, and how its values are shown.

    ``kind`` is text, code, number, percent, moment or day.
    """

    key: str
    title: str
    kind: str = "text"
    sortable: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with a link, or in a tone (a class of ``badge``)."""

    value: Any
    href: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a visitor wants to see of a table. ``sort`` is the key of a column, ``down`` its direction."""

    path: str
    filters: Mapping[str, str]
    sort: str
    down: bool
    page: int
    csv: bool

    @classmethod
    def of(cls, visit: Visitor, columns: Sequence[Column], filters: Sequence[str], sort: str = "") -> "Asked":
        """From the address, within bounds; ``sort`` ("-at": newest first) where it asks for none that is."""
        query = visit.query
        names = {column.key for column in columns if column.sortable}
        order = query.get("sort", "")
        if order.lstrip("-") not in names:
            order = sort
        page = query.get("page", "1")
        return cls(
            path=visit.path,
            filters={
                name: query[name].strip().replace("\x00", "")[:VALUE_CHARACTERS_MAX]
                for name in filters
                if query.get(name, "").strip()
            },
            sort=order.lstrip("-"),
            down=order.startswith("-"),
            page=min(max(int(page), 1), PAGES_MAX)
            if page.isascii() and page.isdigit() and len(page) < 9
            else 1,
            csv=query.get("format") == "csv",
        )

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return 0 if self.csv else (self.page - 1) * ROWS

    @property
    def limit(self) -> int:
        """How many rows to fetch: one more than are shown tells whether there is a next page."""
        return CSV_ROWS_MAX if self.csv else ROWS + 1

    def address(self, **changes: object) -> str:
        """The address of the same table with other choices; None and "" leave one out."""
        order = ("-" if self.down else "") + self.sort
        chosen = {**self.filters, "sort": order, **changes}
        query = urlencode({name: value for name, value in chosen.items() if value not in ("", None)})
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a table. ``rows`` are mappings from the columns' keys to values or ``Cell``s;
    up to ``asked.limit`` of them. ``total`` is how many there are in all, if that is known.
    """

    asked: Asked
    columns: Sequence[Column]
    fetched: Sequence[Mapping[str, Any]]
    total: int | None = None

    @property
    def path(self) -> str:
        """Where the table is."""
        return self.asked.path

    @property
    def filters(self) -> Mapping[str, str]:
        """What it is filtered by."""
        return self.asked.filters

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """Those of this page."""
        return self.fetched[:ROWS]

    @property
    def first(self) -> int:
        """The number of the first row."""
        return self.asked.offset + 1

    @property
    def before(self) -> str:
        """The page before; "" if there is none."""
        return self.asked.address(page=self.asked.page - 1) if self.asked.page > 1 else ""

    @property
    def after(self) -> str:
        """The next page; "" if there is none."""
        more = len(self.fetched) > ROWS and self.asked.page < PAGES_MAX
        return self.asked.address(page=self.asked.page + 1) if more else ""

    @property
    def as_csv(self) -> str:
        """The same rows as a file."""
        return self.asked.address(format="csv")

    def sorted_by(self, column: Column) -> str:
        """Where it is sorted by that column; by the other direction, if it is already."""
        down = column.key == self.asked.sort and not self.asked.down
        return self.asked.address(sort=("-" if down else "") + column.key)

    def order_of(self, column: Column) -> str:
        """How it is sorted by that column, as ``aria-sort`` says it; "" if it is not."""
        if column.key != self.asked.sort:
            return ""
        return "descending" if self.asked.down else "ascending"


def csv_response(visit: Visitor, listing: Listing, name: str) -> Response:
    """All rows as ``name``.csv: UTF-8 with BOM, times in Vietnam time, shares as numbers."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([said(column.title, visit.language) for column in listing.columns])
    for row in listing.fetched[:CSV_ROWS_MAX]:
        writer.writerow([_plain(row[column.key]) for column in listing.columns])
    return Response(
        out.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Cell):
        value = value.value
    if isinstance(value, datetime):
        return f"{value.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"
    return harmless(value) if isinstance(value, str) else value
