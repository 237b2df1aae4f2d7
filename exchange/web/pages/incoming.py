"""Incoming documents of a clerk's agency: the register, and one document with what may be done with it."""

from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.codes import number_and_symbol, one_line
from exchange.core.delivery import TakeBack
from exchange.core.refusal import Refused, refuse
from exchange.desk import incoming
from exchange.desk.incoming import Folder, Wish
from exchange.desk.keys import key_of
from exchange.ledger import changes, findings, incoming_reading, reading
from exchange.ledger.incoming import Entered
from exchange.ledger.incoming_reading import Search
from exchange.ledger.reading import Dossier
from exchange.web.listing import Asked, Cell, Column, Listing, csv_response
from exchange.web.pages.desk import actor_of, name_of, urgency
from exchange.web.rendering import page
from exchange.web.telling import findings_told, history_told
from exchange.web.texts import said
from exchange.web.visitor import Clerk, Visitor

router = APIRouter(prefix="/web/incoming")

COLUMNS = (
    Column("number", "incoming.number", "code", sortable=True),
    Column("arrived_at", "incoming.arrived", "moment", sortable=True),
    Column("sender_name", "incoming.sender", sortable=True),
    Column("code", "incoming.code", "code"),
    Column("promulgated_on", "incoming.date", "day", sortable=True),
    Column("subject", "incoming.subject", sortable=True),
    Column("urgency", "incoming.urgency"),
    Column("state", "incoming.state", sortable=True),
    Column("assigned_to", "incoming.assigned", sortable=True),
)
STATES = ("03", "04", "05", "06", "02")
TONES = {"02": "failed", "03": "accepted", "04": "waiting", "05": "waiting", "06": "delivered"}
ANSWERS = frozenset({TakeBack.AGREED, TakeBack.DECLINED})
YEARS_SHOWN = 6
Words = Annotated[str, Form(max_length=2_000)]


@router.get("")
def register(visit: Clerk, context: InContext) -> Response:
    """The register."""
    asked = Asked.of(visit, COLUMNS, ("q", "state", "year"), sort="-arrived_at")
    search = Search(
        year=_year(asked.filters.get("year", "")),
        text=asked.filters.get("q", ""),
        state=asked.filters.get("state", ""),
        sort=asked.sort,
        down=asked.down,
        offset=asked.offset,
        limit=asked.limit,
    )
    found = incoming_reading.register(context.database, visit.agency, search)
    listing = Listing(asked, COLUMNS, [_row(visit, each) for each in found])
    if asked.csv:
        return csv_response(visit, listing, "so-van-ban-den")
    this_year = today(context.now()).year
    years = [str(each) for each in range(this_year, this_year - YEARS_SHOWN, -1)]
    return page(visit, "incoming.html", listing=listing, years=years, states=STATES)


def _year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) == len("2026") else None


def _row(visit: Visitor, line: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **{column.key: line.get(column.key) for column in COLUMNS},
        "number": f"{line['number']}/{line['year']}" if line["number"] else "",
        "subject": Cell(line["subject"] or "–", f"/web/incoming/{line['delivery']}"),
        "urgency": urgency(visit, line["priority"]),
        "state": Cell(
            said(f"incoming.state.{line['state']}", visit.language), "", TONES.get(line["state"], "")
        ),
    }


@router.get("/{delivery}")
def show(visit: Clerk, context: InContext, delivery: str) -> Response:
    """One document; what it says only once the agency has it or takes it, and that is entered."""
    return _shown(visit, context, incoming.folder(context, visit.agency, delivery))


def _shown(
    visit: Visitor, context: Context, found: Folder, status: int = HTTPStatus.OK, **errors: str
) -> Response:
    message = None
    if found.ours:
        incoming.seen(context, visit.agency, found, "viewed", actor_of(visit, context))
        message = incoming.read(context, found)
    directory = context.registry.current.directory
    own = directory.get(visit.agency)
    dossier = reading.dossier(context.database, found.row["document"])
    assert dossier is not None
    return page(
        visit,
        "incoming_document.html",
        status,
        found=found,
        message=message,
        sender=name_of(context, found.row["sender"]),
        code=number_and_symbol(found.row["number"], found.row["notation"]) or found.row["document_id"],
        urgency=urgency(visit, found.row["priority"]),
        findings=findings_told(visit, findings.of_document(context.database, found.row["document"])),
        history=history_told(visit, context, dossier.part_of(visit.agency)),
        assignees=incoming_reading.assignees(context.database, visit.agency) if found.next_codes else [],
        signs=own is not None and key_of(context, own, context.now()) is not None,
        tone=TONES.get(found.line["state"], "") if found.line else "waiting",
        answer=_answer(dossier.part_of(visit.agency)),
        changing=_linked(changes.changing(context.database, dossier.document, visit.agency)),
        changed=_linked(changes.changed_by(context.database, dossier.document, visit.agency)),
        done=visit.query.get("done", ""),
        errors=errors,
    )


def _answer(mine: Dossier) -> Mapping[str, Any] | None:
    """What the agency said last to a request to give it back, or to a change."""
    return next((each for each in reversed(mine.statuses) if each["code"] in ANSWERS), None)


def _linked(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [
        {**row, "code": number_and_symbol(row["number"], row["notation"]) or row["document_id"]}
        for row in rows
    ]


@router.post("/{delivery}/open")
def open_(visit: Clerk, context: InContext, delivery: str) -> Response:
    """Lease it for the agency's persons, so that it may be read."""
    incoming.take(context, visit.agency, delivery, actor_of(visit, context))
    return _back(delivery)


@router.post("/{delivery}/accept")
def accept(visit: Clerk, context: InContext, delivery: str) -> Response:
    """Enter it in the register."""
    entered = incoming.accept(context, visit.agency, delivery, actor_of(visit, context))
    return _back(delivery, _outcome(entered))


@router.post("/{delivery}/refuse")
def refuse_(visit: Clerk, context: InContext, delivery: str, reason: Words = "") -> Response:
    """Return it with the reason."""
    if not incoming.plain(reason):
        found = incoming.folder(context, visit.agency, delivery)
        return _shown(
            visit, context, found, HTTPStatus.UNPROCESSABLE_ENTITY, reason="incoming.reason_missing"
        )
    entered = incoming.give_back(context, visit.agency, delivery, reason, actor_of(visit, context))
    return _back(delivery, _outcome(entered))


def _outcome(entered: Entered) -> str:
    if entered.line["number"] is None:
        return "returned"
    return "registered" if entered.fresh else "was_registered"


@router.post("/{delivery}/step")
def step(
    visit: Clerk,
    context: InContext,
    delivery: str,
    code: Annotated[str, Form(max_length=2)] = "",
    seen: Annotated[str, Form(max_length=2)] = "",
    assigned_to: Words = "",
    words: Words = "",
) -> Response:
    """Assign, process or finish."""
    if code == "04" and not incoming.plain(assigned_to):
        found = incoming.folder(context, visit.agency, delivery)
        return _shown(
            visit, context, found, HTTPStatus.UNPROCESSABLE_ENTITY, assigned_to="incoming.assign_missing"
        )
    wish = Wish(code=code, seen=seen, assigned_to=assigned_to if code == "04" else "", words=words)
    incoming.advance(context, visit.agency, delivery, wish, actor_of(visit, context))
    return _back(delivery, "changed")


@router.post("/{delivery}/answer")
def answer(
    visit: Clerk,
    context: InContext,
    delivery: str,
    code: Annotated[str, Form(max_length=2)] = "",
    answer_words: Words = "",
) -> Response:
    """Agree or decline that the sender has it back, or changes an earlier document by it."""
    if code == TakeBack.DECLINED and not incoming.plain(answer_words):
        found = incoming.folder(context, visit.agency, delivery)
        return _shown(
            visit, context, found, HTTPStatus.UNPROCESSABLE_ENTITY, answer_words="incoming.reason_missing"
        )
    incoming.answer(context, visit.agency, delivery, code, answer_words, actor_of(visit, context))
    return _back(delivery, "changed")


def _back(delivery: str, done: str = "") -> Response:
    query = f"?done={done}" if done else ""
    return RedirectResponse(f"/web/incoming/{quote(delivery, safe='')}{query}", HTTPStatus.SEE_OTHER)


@router.get("/{delivery}/attachments/{position}")
def attachment(visit: Clerk, context: InContext, delivery: str, position: int) -> Response:
    """One attachment, as a file that no browser opens in the broker's name."""
    found = _readable(visit, context, delivery)
    attachments = incoming.read(context, found).attachments
    if not 1 <= position <= len(attachments):
        raise refuse("not_found", f"Attachment {position}", f"Tệp đính kèm {position}")
    chosen = attachments[position - 1]
    content = chosen.content(context.settings.document_bytes_max)
    name = one_line(chosen.name) or f"{position}"
    incoming.seen(context, visit.agency, found, "downloaded", actor_of(visit, context), f"{position}: {name}")
    return download(content, name)


@router.get("/{delivery}/message")
def whole(visit: Clerk, context: InContext, delivery: str) -> Response:
    """The exact message."""
    found = _readable(visit, context, delivery)
    content = context.payloads.read(found.row["digest"])
    incoming.seen(context, visit.agency, found, "downloaded", actor_of(visit, context), "message")
    return download(content, f"{found.row['document']}.edxml")


def _readable(visit: Visitor, context: Context, delivery: str) -> Folder:
    found = incoming.folder(context, visit.agency, delivery)
    if not found.ours:
        raise Refused(*refuse("lease_lost", "Open the document first.", "Hãy mở văn bản trước.").refusals)
    return found


def download(content: bytes, name: str) -> Response:
    """A file to be saved: never shown, run or guessed at by the browser."""
    safe = "".join(each if each.isprintable() and each not in '/\\:*?"<>|' else "_" for each in name)[:150]
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    names = f"filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            # RFC 6266: the plain name for old browsers, the real one in UTF-8.
            "Content-Disposition": f"attachment; {names}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )


def day_of(text: str) -> date | None:
    """A day as forms send it, 2026-11-24; None for anything else."""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-24") else None
    except ValueError:
        return None
