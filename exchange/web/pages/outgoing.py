"""What a clerk's agency sent: the register, and one document with where it stands at each receiver."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.core.codes import number_and_symbol
from exchange.core.delivery import FINAL, State, TakeBack
from exchange.core.edxml import BusinessType
from exchange.core.refusal import refuse
from exchange.desk import taking_back
from exchange.desk.incoming import plain
from exchange.desk.keys import key_of
from exchange.ledger import changes, outgoing_reading, reading
from exchange.ledger.outgoing_reading import Sent
from exchange.ledger.reading import Dossier, Record
from exchange.web.listing import Asked, Cell, Column, Listing, csv_response
from exchange.web.pages.desk import actor_of, name_of, urgency
from exchange.web.pages.incoming import download
from exchange.web.pages.registers import LINES_MAX, days, start_of
from exchange.web.pages.sending import entered
from exchange.web.rendering import moment, page
from exchange.web.states import TONES, delivery_cell, standing, state_cell
from exchange.web.telling import history_told
from exchange.web.texts import said
from exchange.web.visitor import Clerk, Visitor
from exchange.web.whole import whole

router = APIRouter(prefix="/web/outgoing")
books = APIRouter(prefix="/web/register")

COLUMNS = (
    Column("code", "incoming.code", "code"),
    Column("date", "incoming.date", "day", sortable=True),
    Column("subject", "incoming.subject", "name", sortable=True),
    Column("type", "incoming.type"),
    Column("signer", "outgoing.signer"),
    Column("copies", "book.copies", "number"),
    Column("at", "outgoing.at", "moment", sortable=True),
    Column("receivers", "outgoing.receivers", "name"),
    Column("state", "incoming.state"),
)
RECEIVERS = (
    Column("receiver", "document.receiver"),
    Column("state", "documents.state"),
    Column("business", "document.business"),
    Column("answer", "outgoing.answer"),
    Column("until", "document.until", "moment"),
    Column("reason", "document.reason"),
)
NAMES_MAX = 3  # receivers that are named in a row
ANSWERS = frozenset({TakeBack.REQUESTED, TakeBack.AGREED, TakeBack.DECLINED})
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
        "signer": found["signer"],
        "copies": found["copies"],
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
    keys = found["paper"] or [each["receiver"] for each in standing(found["deliveries"])]
    return [name_of(context, each) for each in keys]


def _paper(visit: Visitor, found: Record) -> Cell:
    key = "state.paper" if found["paper"] else "outgoing.paper_withdrawn"
    return Cell(said(key, visit.language), "", "paper" if found["paper"] else "quiet")


def _state(visit: Visitor, found: Record) -> Cell:
    states = [State(each["state"]) for each in standing(found["deliveries"])]
    if len(states) == 1:
        return state_cell(states[0], visit.language)
    tones = [TONES[each] for each in states] or ["quiet"]
    worst = max(tones, key=lambda tone: WEIGHTS.get(tone, 0))
    delivered = states.count(State.DELIVERED)
    return Cell(said("state.some", visit.language, delivered=delivered, all=len(states)), "", worst)


@router.get("/{document}")
def show(visit: Clerk, context: InContext, document: str) -> Response:
    """Where it stands at each receiver."""
    dossier = own_document(context, visit.agency, document)
    row = dossier.document
    newest = outgoing_reading.newest(dossier.deliveries)
    stand = standing(newest)
    open_ = [each for each in stand if State(each["state"]) not in FINAL]
    database = context.database
    return page(
        visit,
        "outgoing_document.html",
        row=row,
        code=number_and_symbol(row["number"], row["notation"]) or row["document_id"],
        urgency=urgency(visit, row["priority"]),
        receivers=whole(visit, RECEIVERS, [_receiver(visit, context, dossier, each) for each in newest]),
        delivered=sum(each["state"] == State.DELIVERED.value for each in stand),
        all=len(stand),
        open=len(open_),
        changing=[coded(each) for each in changes.changing(database, row)],
        changed=[coded(each) for each in changes.changed_by(database, row)],
        may_ask=bool(taking_back.askable(dossier)),
        may_change=row["business_type"] != BusinessType.REVOKE and row["sender"] == visit.agency,
        history=history_told(visit, context, dossier),
        done=visit.query.get("done", ""),
    )


def coded(row: Record) -> Record:
    """With its number and symbol as ``code``."""
    return {**row, "code": number_and_symbol(row["number"], row["notation"]) or row["document_id"]}


def _receiver(visit: Visitor, context: Context, dossier: Dossier, row: Record) -> Mapping[str, Any]:
    state = State(row["state"])
    name = name_of(context, row["receiver"])
    if row["forwarded_from"]:
        name = said("document.forwarded", visit.language, name=name, code=row["forwarded_from"])
    return {
        "anchor": row["id"],
        "receiver": name,
        "state": delivery_cell(row, dossier, partial(name_of, context), visit.language),
        "business": said(f"business.{row['business']}", visit.language),
        "answer": _answer(visit, dossier, row),
        "until": row["final_at"] if state in FINAL else row["expires_at"],
        "reason": row["reason"] if state is not State.DELIVERED else "",
    }


def _answer(visit: Visitor, dossier: Dossier, row: Record) -> str:
    """What the receiver said to a request to give it back, or to a change; "" where it was asked nothing."""
    said_ = [each for each in dossier.statuses if each["delivery"] == row["id"] and each["code"] in ANSWERS]
    if not said_:
        return ""
    newest = said_[-1]
    words = said(f"outgoing.answer.{newest['code']}", visit.language)
    told = newest["description"] if newest["code"] == TakeBack.DECLINED else ""
    return f"{words} ({moment(newest['received_at'])}){'. ' + told if told else ''}"


@router.get("/{document}/take-back")
def ask_back(visit: Clerk, context: InContext, document: str) -> Response:
    """Whom to ask to give it back, and why."""
    return _taking_back(visit, context, own_document(context, visit.agency, document))


@router.post("/{document}/take-back")
def take_back(
    visit: Clerk,
    context: InContext,
    document: str,
    to: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=2_000)] = "",
    confirmed: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """Show what would be asked; once that is confirmed, ask it."""
    dossier, chosen, why = own_document(context, visit.agency, document), to or [], plain(reason)
    missing = {"to": not chosen, "reason": not why}
    errors = {name: f"take_back.missing.{name}" for name, wanting in missing.items() if wanting}
    if errors or not confirmed:
        return _taking_back(visit, context, dossier, chosen, why, errors, confirm=not errors)
    taking_back.ask(context, visit.agency, dossier, chosen, why, actor_of(visit, context))
    return RedirectResponse(f"/web/outgoing/{document}?done=asked", HTTPStatus.SEE_OTHER)


def _taking_back(
    visit: Visitor,
    context: Context,
    dossier: Dossier,
    chosen: Sequence[str] = (),
    reason: str = "",
    errors: Mapping[str, str] | None = None,
    *,
    confirm: bool = False,
) -> Response:
    row = dossier.document
    own = context.registry.current.directory.get(visit.agency)
    receivers = [
        {
            "code": each["receiver"],
            "name": name_of(context, each["receiver"]),
            "state": state_cell(State(each["state"]), visit.language).value,
            "chosen": each["receiver"] in chosen,
        }
        for each in taking_back.askable(dossier)
    ]
    return page(
        visit,
        "take_back.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        row=row,
        code=number_and_symbol(row["number"], row["notation"]) or row["document_id"],
        receivers=receivers,
        chosen=[each for each in receivers if each["chosen"]],
        reason=reason,
        errors=errors or {},
        confirm=confirm,
        signs=own is not None and key_of(context, own, context.now()) is not None,
    )


@router.get("/{document}/message")
def message(visit: Clerk, context: InContext, document: str) -> Response:
    """The exact message that was sent."""
    dossier = own_document(context, visit.agency, document)
    entered(visit, context, "downloaded", document, what="message")
    return download(context.payloads.read(dossier.document["digest"]), f"{document}.edxml")


def own_document(context: Context, agency: str, document: str) -> Dossier:
    """All about a document that the agency sent; raises ``Refused`` for any other."""
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
