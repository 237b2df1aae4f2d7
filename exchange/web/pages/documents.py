"""Documents: found by what people know of them."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.codes import number_and_symbol
from exchange.ledger import searching
from exchange.ledger.searching import LOOKED_AT_MAX, SORTED_MAX, Line
from exchange.web.listing import Asked, Cell, Column, Listing, csv_response
from exchange.web.naming import name_on, suggested
from exchange.web.rendering import number, page
from exchange.web.searches import FIELDS, Search
from exchange.web.states import GROUPS, summary_cell
from exchange.web.texts import said
from exchange.web.visitor import Overseer, Visitor

router = APIRouter(prefix="/web/documents")

SUBJECT_CHARACTERS_MAX = 160  # in the table; the document's own page has all of it
COLUMNS = (
    Column("number", "documents.number", sortable=True),
    Column("subject", "documents.words", sortable=True),
    Column("sender", "documents.from", sortable=True),
    Column("to", "documents.to"),
    Column("accepted_at", "documents.at", "moment", sortable=True),
    Column("state", "documents.state"),
)


@router.get("")
def documents(visit: Overseer, context: InContext) -> Response:
    """Those that match, the newest first."""
    asked = Asked.of(visit, COLUMNS, FIELDS, sort="-accepted_at")
    search = Search(asked.filters, visit.language)
    question = search.question(context)
    notes = list(search.wrong.values())
    lines: tuple[Line, ...] = ()
    if not notes:
        found = searching.find(
            context.database,
            question,
            offset=asked.offset,
            limit=asked.limit,
            sort=asked.sort,
            down=asked.down,
        )
        lines = found.lines
        if not found.complete:
            most = LOOKED_AT_MAX if asked.sort == "accepted_at" else SORTED_MAX
            notes.append(said("documents.incomplete", visit.language, count=number(most, visit.language)))
    cut = None if asked.csv else SUBJECT_CHARACTERS_MAX
    listing = Listing(asked, COLUMNS, [_row(visit, context, line, cut) for line in lines])
    if asked.csv:
        return csv_response(visit, listing, "documents")
    day = today(context.now())
    return page(
        visit,
        "documents.html",
        listing=listing,
        wrong=search.wrong,
        notes=notes,
        groups=list(GROUPS),
        agencies=suggested(context.registry.current.directory, day),
    )


def _row(visit: Visitor, context: Context, line: Line, most: int | None) -> Mapping[str, Any]:
    directory, day = context.registry.current.directory, today(context.now())
    receivers = list(line.states)
    count = len(receivers)
    return {
        "number": Cell(number_and_symbol(line.number, line.notation) or line.id, f"/web/documents/{line.id}"),
        "subject": line.subject if most is None else _cut(line.subject, most),
        "sender": name_on(directory, line.sender, day),
        "to": name_on(directory, receivers[0], day)
        if count == 1
        else said("documents.receivers", visit.language, count=count)
        if count
        else "",
        "accepted_at": line.accepted_at,
        "state": summary_cell(line, visit.language),
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rstrip()}…"
