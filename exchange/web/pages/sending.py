"""Sending: a signed file is handed in or a PDF is put into a document; it is looked at first, then sent."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, File, Response, UploadFile
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.core.edxml import BusinessType, DocumentMessage
from exchange.core.refusal import Refusal, Refused
from exchange.core.refusal_texts import CATALOGUE
from exchange.desk import sending
from exchange.ledger import reading
from exchange.ledger.acts import Act, record_act
from exchange.preflight import Prospect
from exchange.web.pages.desk import actor_of
from exchange.web.pages.incoming import download
from exchange.web.rendering import page
from exchange.web.telling import findings_told
from exchange.web.texts import TEXTS, said
from exchange.web.visitor import Clerk, Visitor

router = APIRouter(prefix="/web/send")

SHOWN_MAX = 50  # reasons


@router.get("")
def ask(visit: Clerk) -> Response:
    """The form for a signed file."""
    return page(visit, "send.html", reasons=[], done=visit.query.get("done", ""))


@router.post("")
def take(visit: Clerk, context: InContext, file: Annotated[UploadFile | None, File()] = None) -> Response:
    """Keep the file and go on to what would become of it."""
    content = file.file.read() if file is not None else b""
    if not content:
        return page(visit, "send.html", HTTPStatus.UNPROCESSABLE_ENTITY, reasons=[], done="", empty=True)
    try:
        draft = sending.keep(context, visit.agency, content, actor_of(visit, context))
    except Refused as refused:
        shown = reasons(visit, refused.refusals)
        return page(visit, "send.html", HTTPStatus.UNPROCESSABLE_ENTITY, reasons=shown, done="")
    return RedirectResponse(f"/web/send/{draft}", HTTPStatus.SEE_OTHER)


@router.get("/{draft}")
def show(visit: Clerk, context: InContext, draft: str) -> Response:
    """What would become of it, receiver by receiver."""
    return _shown(visit, context, draft, [])


def _shown(
    visit: Visitor,
    context: Context,
    draft: str,
    refused: Sequence[Mapping[str, str]],
    status: int = HTTPStatus.OK,
) -> Response:
    ready = sending.prepared(context, visit.agency, draft, context.now())
    return page(
        visit,
        "send_draft.html",
        status,
        ready=ready,
        message=ready.message,
        reasons=[*refused, *reasons(visit, ready.preflight.refusals)],
        prospects=[_prospect(visit, each) for each in ready.preflight.prospects],
        findings=findings_told(visit, ready.preflight.findings),
        changed=[_earlier(visit, context, each) for each in _changed(ready.message)],
    )


def _changed(message: DocumentMessage) -> tuple[str, ...]:
    """The ids of what it changes; a revocation may carry that of what it revokes."""
    if message.earlier or message.business.doc_type is not BusinessType.REVOKE:
        return message.earlier
    return (message.document_id,)


def _earlier(visit: Visitor, context: Context, document_id: str) -> Mapping[str, str]:
    found = reading.find_document(context.database, visit.agency, document_id)
    return {"code": document_id, "href": f"/web/outgoing/{found}" if found else ""}


def _prospect(visit: Visitor, prospect: Prospect) -> Mapping[str, Any]:
    return {
        "code": prospect.addressed_as,
        "name": prospect.name or prospect.addressed_as,
        "would_go": prospect.would_go,
        "forwarded": prospect.forwarded,
        "away_since": prospect.failing_since if prospect.reachable_lately is False else None,
        "reasons": reasons(visit, prospect.refusals),
    }


def reasons(visit: Visitor, refusals: Sequence[Refusal]) -> list[Mapping[str, str]]:
    """Each reason in the visitor's language: what, the details, and what to do."""
    vietnamese = visit.language == "vi"
    found: list[Mapping[str, str]] = []
    for each in refusals[:SHOWN_MAX]:
        text = CATALOGUE[each.code]
        found.append(
            {
                "title": text.title_vi if vietnamese else text.title,
                "detail": each.detail_vi if vietnamese else each.detail,
                "remedy": text.remedy_vi if vietnamese else text.remedy,
                "where": said(f"field.{each.where}", visit.language)
                if f"field.{each.where}" in TEXTS
                else each.where,
            }
        )
    return found


@router.post("/{draft}/send")
def send(visit: Clerk, context: InContext, draft: str) -> Response:
    """Send it."""
    try:
        answer = sending.send(context, visit.agency, draft, actor_of(visit, context))
    except Refused as refused:
        if refused.refusals[0].code == "not_found":
            raise
        shown = reasons(visit, refused.refusals)
        return _shown(visit, context, draft, shown, HTTPStatus.UNPROCESSABLE_ENTITY)
    return RedirectResponse(f"/web/outgoing/{answer.id}?done=sent", HTTPStatus.SEE_OTHER)


@router.post("/{draft}/discard")
def discard(visit: Clerk, context: InContext, draft: str) -> Response:
    """Not wanted any more."""
    sending.discard(context, visit.agency, draft, actor_of(visit, context))
    return RedirectResponse("/web/send?done=discarded", HTTPStatus.SEE_OTHER)


@router.get("/{draft}/message")
def message(visit: Clerk, context: InContext, draft: str) -> Response:
    """The file, to be signed elsewhere. It is the agency's own and not in the ledger yet."""
    found = sending.find(context, visit.agency, draft)
    return download(sending.content_of(context, found), f"{draft}.edxml")


def entered(visit: Visitor, context: Context, event: str, document: str, **what: str) -> None:
    """Enter what the visitor does with a document of the own agency."""
    act = Act(
        event=event,
        at=context.now(),
        person=visit.person,
        role=visit.role,
        document=document,
        agency=visit.agency,
        what=what,
    )
    record_act(context.database, act)
