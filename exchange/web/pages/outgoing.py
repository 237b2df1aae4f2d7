"""What a clerk's agency sent: the register, and one document with where it stands at each receiver."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.core.codes import number_and_symbol
from exchange.core.delivery import FINAL, State
from exchange.core.refusal import refuse
from exchange.ledger import outgoing_reading, reading
from exchange.ledger.outgoing_reading import Sent
from exchange.ledger.reading import Dossier, Record
from exchange.web.listing import Asked, Cell, Column, Listing, csv_response
from exchange.web.pages.desk import name_of, urgency
from exchange.web.pages.incoming import download
from exchange.web.pages.registers import LINES_MAX, days, start_of
from exchange.web.pages.sending import entered
from exchange.web.rendering import page
from exchange.web.states import TONES, state_cell
from exchange.web.telling import history_told
from exchange.web.texts import said
from exchange.web.visitor import Clerk, Visitor
from exchange.web.whole import whole

router = APIRouter(prefix="/web/outgoing")
books = APIRouter(prefix="/web/register")

COLUMNS = (
    Column("code", "incoming.code", "code"),
    Column("date", "incoming.date", "day", sortable=True),
    Column("subject", "incoming.subject", sortable=True),
    Column("type", "incoming.type"),
    Column("at", "outgoing.at", "moment", sortable=True),
    Column("receivers", "outgoing.receivers"),
    Column("state", "incoming.state"),
)
RECEIVERS = (
    Column("receiver", "document.receiver"),
    Column("state", "documents.state"),
    Column("business", "document.business"),
    Column("until", "document.until", "moment"),
    Column("reason", "document.reason"),
)
NAMES_MAX = 3  # receivers that are named in a row
WEIGHTS = {"delivered": 0, "accepted": 1, "waiting": 2, "failed": 3}


@router.get("")
def register(visit: Clerk, context: InContext) -> Response:
    """The register."""
    asked = Asked.of(visit, COLUMNS, ("q", "kind"), sort="-at")
    search = Sent(
        text=asked.filters.get("q", ""),
        kind=asked.filters.get("kind", ""),
        sort=asked.sort,
        down=asked.down,
        offset=asked.offset,
        limit=asked.limit,
    )
    found = outgoing_reading.sent(context.database, visit.agency, search)
    listing = Listing(asked, COLUMNS, [_row(visit, context, each) for each in found])
    if asked.csv:
        return csv_response(visit, listing, "so-van-ban-di")
    return page(visit, "outgoing.html", listing=listing)


def _row(visit: Visitor, context: Context, found: Record) -> Mapping[str, Any]:
    paper = found["kind"] == "paper"
    return {
        "code": number_and_symbol(found["number"], found["notation"]) or found["document_id"],
        "date": found["promulgated_on"],
        "subject": Cell(found["subject"] or "–", "/web/paper" if paper else f"/web/outgoing/{found['id']}"),
        "type": found["type_name"],
        "at": found["accepted_at"],
        "receivers": _named(visit, context, found),
        "state": _paper(visit, found) if paper else _state(visit, found),
    }


def _named(visit: Visitor, context: Context, found: Record) -> str:
    names = _receivers(context, found)
    if len(names) <= NAMES_MAX:
        return "; ".join(names)
    rest = said("outgoing.and_more", visit.language, count=len(names) - NAMES_MAX)
    return "; ".join([*names[:NAMES_MAX], rest])


def _receivers(context: Context, found: Record) -> list[str]:
    keys = found["paper"] or [each["receiver"] for each in found["deliveries"]]
    return [name_of(context, each) for each in keys]


def _paper(visit: Visitor, found: Record) -> Cell:
    key = "state.paper" if found["paper"] else "outgoing.paper_withdrawn"
    return Cell(said(key, visit.language), "", "paper" if found["paper"] else "quiet")


def _state(visit: Visitor, found: Record) -> Cell:
    states = [State(each["state"]) for each in found["deliveries"]]
    if len(states) == 1:
        return state_cell(states[0], visit.language)
    tones = [TONES[each] for each in states] or ["quiet"]
    worst = max(tones, key=lambda tone: WEIGHTS.get(tone, 0))
    delivered = states.count(State.DELIVERED)
    return Cell(said("state.some", visit.language, delivered=delivered, all=len(states)), "", worst)


@router.get("/{document}")
def show(visit: Clerk, context: InContext, document: str) -> Response:
    """Where it stands at each receiver."""
    dossier = _own(context, visit.agency, document)
    row = dossier.document
    newest = outgoing_reading.newest(dossier.deliveries)
    open_ = [each for each in newest if State(each["state"]) not in FINAL]
    return page(
        visit,
        "outgoing_document.html",
        row=row,
        code=number_and_symbol(row["number"], row["notation"]) or row["document_id"],
        urgency=urgency(visit, row["priority"]),
        receivers=whole(visit, RECEIVERS, [_receiver(visit, context, each) for each in newest]),
        delivered=sum(each["state"] == State.DELIVERED.value for each in newest),
        all=len(newest),
        open=len(open_),
        history=history_told(visit, context, dossier),
        done=visit.query.get("done", ""),
    )


def _receiver(visit: Visitor, context: Context, row: Record) -> Mapping[str, Any]:
    state = State(row["state"])
    business = said(f"business.{row['business']}", visit.language)
    if row["take_back"] != "none":
        business = f"{business}; {said('take_back.' + row['take_back'], visit.language)}"
    return {
        "receiver": name_of(context, row["receiver"]),
        "state": state_cell(state, visit.language),
        "business": business,
        "until": row["final_at"] if state in FINAL else row["expires_at"],
        "reason": row["reason"] if state is not State.DELIVERED else "",
    }


@router.get("/{document}/message")
def message(visit: Clerk, context: InContext, document: str) -> Response:
    """The exact message that was sent."""
    dossier = _own(context, visit.agency, document)
    entered(visit, context, "downloaded", document, what="message")
    return download(context.payloads.read(dossier.document["digest"]), f"{document}.edxml")


def _own(context: Context, agency: str, document: str) -> Dossier:
    """Raises ``Refused`` for what the agency did not send."""
    dossier = None if "\0" in document else reading.dossier(context.database, document)
    if dossier is None or dossier.document["sender"] != agency or dossier.document["kind"] != "document":
        raise refuse("not_found", f"Document {document[:100]}", f"Văn bản {document[:100]}")
    return dossier


@books.get("/outgoing")
def book(visit: Clerk, context: InContext) -> Response:
    """The register of outgoing documents as it is kept on paper."""
    since, until = days(visit, context)
    search = Sent(
        sort="at",
        down=False,
        limit=LINES_MAX + 1,
        since=start_of(since),
        until=start_of(until + timedelta(days=1)),
    )
    found = outgoing_reading.sent(context.database, visit.agency, search)
    return page(
        visit,
        "book_outgoing.html",
        agency=name_of(context, visit.agency),
        since=since,
        until=until,
        lines=[_line(visit, context, each) for each in found[:LINES_MAX]],
        cut=LINES_MAX if len(found) > LINES_MAX else 0,
    )


def _line(visit: Visitor, context: Context, found: Record) -> Mapping[str, Any]:
    return {
        **found,
        "code": number_and_symbol(found["number"], found["notation"]) or found["document_id"],
        "receivers": "; ".join(_receivers(context, found)),
        "note": _paper(visit, found).value
        if found["kind"] == "paper"
        else said("outgoing.electronic", visit.language),
    }
