"""One document: what it is, where it stands with each receiver, its history, and the proof of it."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Response

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.asic import MEDIA_TYPE
from exchange.core.bundle import Role
from exchange.core.codes import PRIORITIES, number_and_symbol
from exchange.core.delivery import FINAL, State
from exchange.core.pdf_findings import DocumentFindings
from exchange.core.refusal import refuse
from exchange.evidence import gather, pack
from exchange.ledger import acts, findings, reading
from exchange.ledger.people import ADMINISTRATOR
from exchange.ledger.reading import Dossier, Record
from exchange.timeline import Event, timeline
from exchange.web import causes, deeds
from exchange.web.listing import Cell, Column
from exchange.web.naming import name_on
from exchange.web.rendering import page
from exchange.web.states import delivery_cell
from exchange.web.texts import TEXTS, said
from exchange.web.visitor import Administrator, Overseer, Visitor
from exchange.web.whole import whole

router = APIRouter(prefix="/web/documents")

XML = "application/xml"
RECEIVERS = (
    Column("receiver", "document.receiver"),
    Column("state", "documents.state"),
    Column("business", "document.business"),
    Column("attempts", "document.attempts", "number"),
    Column("until", "document.until", "moment"),
    Column("reason", "document.reason"),
)
COPIES = (
    Column("receiver", "document.receiver"),
    Column("state", "documents.state"),
    Column("sent_on", "paper.sent_on", "day"),
    Column("reason", "paper.reason"),
)
ATTEMPTS = (
    Column("receiver", "document.receiver"),
    Column("number", "attempt.number", "number"),
    Column("started_at", "attempt.started", "moment"),
    Column("ended_at", "attempt.ended", "moment"),
    Column("verdict", "attempt.verdict"),
    Column("reason", "document.reason"),
)
RECEIPTS = (
    Column("kind", "receipt.kind"),
    Column("for", "receipt.for"),
    Column("at", "receipt.at", "moment"),
)


@router.get("/{document}")
def document(visit: Overseer, context: InContext, document: str) -> Response:
    """Everything but the content."""
    dossier = _dossier(context, document)
    english = visit.language == "en"
    row = dossier.document
    return page(
        visit,
        "document.html",
        title=number_and_symbol(row["number"], row["notation"]) or row["document_id"],
        document=row,
        sender=_name(context, row["sender"]),
        priority=PRIORITIES[row["priority"]][0 if english else 1],
        earlier=orjson.loads(row["earlier"]),
        receivers=whole(visit, COPIES, _copies(visit, context, dossier))
        if row["kind"] == "paper"
        else whole(visit, RECEIVERS, _receivers(visit, context, dossier)),
        events=[_told(context, event, english=english) for event in timeline(dossier)],
        attempts=whole(visit, ATTEMPTS, _attempts(visit, context, dossier)),
        receipts=whole(visit, RECEIPTS, _receipts(visit, context, document)),
        deeds=whole(
            visit, deeds.COLUMNS, deeds.rows(visit, context, acts.of_document(context.database, document))
        ),
        findings=_sentences(findings.of_document(context.database, document), english=english),
    )


@router.get("/{document}/receipts/{receipt}")
def receipt(visit: Overseer, context: InContext, document: str, receipt: str) -> Response:  # noqa: ARG001
    """A receipt as it was signed; it tells nothing of the content but its digest."""
    _dossier(context, document)
    for row in reading.receipts_of(context.database, document):
        if row["id"] == receipt:
            return _file(row["body"], XML, f"{receipt}.xml")
    raise _unknown(receipt)


@router.post("/{document}/evidence")
def evidence(visit: Overseer, context: InContext, document: str) -> Response:
    """The bundle that proves what became of it; an auditor's has no content."""
    _dossier(context, document)
    role = Role.ADMINISTRATOR if visit.role == ADMINISTRATOR else Role.AUDITOR
    deeds.do(visit, context, "evidence_taken", document)
    gathered = gather(context, document, role, "")
    bundle = pack(gathered, context.issuer.seal.key, context.now())
    return _file(bundle, MEDIA_TYPE, f"{document}.asice")


@router.post("/{document}/content")
def content(visit: Administrator, context: InContext, document: str) -> Response:
    """The message, byte by byte as it was signed."""
    dossier = _dossier(context, document)
    if dossier.document["kind"] != "document":  # paper was registered: there is no message
        raise _unknown(document)
    deeds.do(visit, context, "downloaded", document, part="message")
    body = context.payloads.read(dossier.document["digest"])
    return _file(body, XML, f"{document}.edxml")


def _dossier(context: Context, document: str) -> Dossier:
    """Raises ``Refused`` for what is no document of an agency."""
    dossier = None if "\0" in document else reading.dossier(context.database, document)
    if dossier is None or dossier.document["kind"] not in ("document", "paper"):
        raise _unknown(document)
    return dossier


def _unknown(what: str) -> Exception:
    return refuse("not_found", f"{what[:100]} is not known.", f"Không có {what[:100]}.")


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
    }
    return Response(content, HTTPStatus.OK, headers, media_type)


def _name(context: Context, key: str) -> str:
    return name_on(context.registry.current.directory, key, today(context.now()))


def _receivers(visit: Visitor, context: Context, dossier: Dossier) -> list[Mapping[str, Any]]:
    return [_receiver(visit, context, dossier, row) for row in sorted(dossier.deliveries, key=_place)]


def _place(row: Record) -> tuple[str, int]:
    return row["receiver"], row["round"]


def _receiver(visit: Visitor, context: Context, dossier: Dossier, row: Record) -> Mapping[str, Any]:
    state, language = State(row["state"]), visit.language
    name = _name(context, row["receiver"])
    if row["forwarded_from"]:
        name = said("document.forwarded", language, name=name, code=row["forwarded_from"])
    business = said(f"business.{row['business']}", language)
    if row["take_back"] != "none":
        business = f"{business}; {said('take_back.' + row['take_back'], language)}"
    return {
        "anchor": row["id"],
        "receiver": Cell(name, f"/web/agencies/{row['receiver']}"),
        "state": delivery_cell(row, dossier, partial(_name, context), language),
        "business": business,
        "attempts": row["attempts"],
        "until": row["final_at"] if state in FINAL else row["expires_at"],
        "reason": causes.words(row["cause"], row["reason"], language) if state is not State.DELIVERED else "",
    }


def _copies(visit: Visitor, context: Context, dossier: Dossier) -> list[Mapping[str, Any]]:
    """To whom it went on paper, on which day and why; what was withdrawn stays in sight."""
    withdrawn = {each["delivery"] for each in dossier.entries if each["event"] == "paper_withdrawn"}
    return [
        {
            "receiver": Cell(
                _name(context, each["body"]["receiver"]), f"/web/agencies/{each['body']['receiver']}"
            ),
            "state": Cell(said("outgoing.paper_withdrawn", visit.language), tone="quiet")
            if each["delivery"] in withdrawn
            else Cell(said("state.paper", visit.language), tone="paper"),
            "sent_on": date.fromisoformat(each["body"]["sent_on"]),
            "reason": said(f"reason.{each['body']['reason']}", visit.language),
        }
        for each in dossier.entries
        if each["event"] == "paper" and each["body"]["receiver"]
    ]


def _attempts(visit: Visitor, context: Context, dossier: Dossier) -> list[Mapping[str, Any]]:
    receivers = {row["id"]: row["receiver"] for row in dossier.deliveries}
    return [
        {
            **{name: row[name] for name in ("number", "started_at", "ended_at", "reason")},
            "receiver": _name(context, receivers[row["delivery"]]),
            "verdict": said(f"verdict.{row['verdict']}", visit.language)
            if f"verdict.{row['verdict']}" in TEXTS
            else row["verdict"],
        }
        for row in dossier.attempts
    ]


def _receipts(visit: Visitor, context: Context, document: str) -> list[Mapping[str, Any]]:
    return [
        {
            "kind": Cell(
                said(f"receipt.{row['kind']}", visit.language),
                f"/web/documents/{document}/receipts/{row['id']}",
            ),
            "for": said("receipt.all", visit.language)
            if row["receiver"] is None
            else _name(context, row["receiver"]),
            "at": row["at"],
        }
        for row in reading.receipts_of(context.database, document)
    ]


def _told(context: Context, event: Event, *, english: bool) -> Mapping[str, Any]:
    """The sentence of an event, with the agency's name for its code."""
    text = event.text if english else event.text_vi
    return {
        "at": event.at,
        "event": event.event,
        "text": text.replace(event.agency, _name(context, event.agency)),
    }


def _sentences(found: DocumentFindings | None, *, english: bool) -> list[str]:
    return [] if found is None else [each.en if english else each.vi for each in found.text]
