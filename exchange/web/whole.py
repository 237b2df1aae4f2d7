"""Tables that are shown as a whole: short by their nature, without filter and pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from exchange.web.listing import Asked, Column, Listing
from exchange.web.visitor import Visitor

ROWS_MAX = 1_000


class Whole(Listing):
    """A listing of everything that there is."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """All of them, within reason."""
        return self.fetched[:ROWS_MAX]

    @property
    def after(self) -> str:
        """There is no further page."""
        return ""


def whole(visit: Visitor, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> Whole:
    """The table of these rows."""
    asked = Asked(path=visit.path, filters={}, sort="", down=False, page=1, csv=False)
    return Whole(asked, columns, rows, total=len(rows))
