"""A clerk's first page: what waits for the agency, and what it was told of documents that it sent."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.closing import FORWARDED
from exchange.core.codes import number_and_symbol
from exchange.desk import notices
from exchange.ledger import incoming_reading
from exchange.ledger.incoming import Actor
from exchange.ledger.reading import Record
from exchange.web.listing import Asked, Cell, Column, Listing
from exchange.web.rendering import page
from exchange.web.texts import TEXTS, said
from exchange.web.visitor import Clerk, Visitor

router = APIRouter(prefix="/web/desk")

COLUMNS = (
    Column("subject", "incoming.subject"),
    Column("sender", "incoming.sender"),
    Column("code", "incoming.code", "code"),
    Column("date", "incoming.date", "day"),
    Column("urgency", "incoming.urgency"),
    Column("since", "incoming.since", "moment"),
    Column("until", "incoming.until", "moment"),
)
NOTICES_MAX = 100
STATUS_TONES = {"02": "failed", "06": "delivered", "13": "late", "16": "late"}


@router.get("")
def desk(visit: Clerk, context: InContext) -> Response:
    """What waits."""
    asked = Asked.of(visit, COLUMNS, ())
    found = incoming_reading.waiting(context.database, visit.agency, asked.offset, asked.limit)
    counts = incoming_reading.counts(context.database, visit.agency, today(context.now()).year)
    return page(
        visit,
        "desk.html",
        agency=name_of(context, visit.agency),
        listing=Listing(asked, COLUMNS, [_row(visit, context, each) for each in found], counts.waiting),
        counts=counts,
        notices=[
            _notice(visit, context, each) for each in notices.waiting(context, visit.agency, NOTICES_MAX)
        ],
        asked_back=incoming_reading.asked_back(context.database, visit.agency, NOTICES_MAX),
        seen=visit.query.get("seen", ""),
    )


@router.post("/notices")
def notices_seen(
    visit: Clerk, context: InContext, delivery: Annotated[list[str] | None, Form()] = None
) -> Response:
    """The clerk has seen these notices: they are delivered."""
    count = notices.seen(context, visit.agency, (delivery or [])[:NOTICES_MAX], actor_of(visit, context))
    return RedirectResponse(f"/web/desk?seen={count}", HTTPStatus.SEE_OTHER)


def _row(visit: Visitor, context: Context, found: Record) -> Mapping[str, Any]:
    return {
        "subject": Cell(found["subject"] or "–", f"/web/incoming/{found['delivery']}"),
        "sender": name_of(context, found["sender"]),
        "code": number_and_symbol(found["number"], found["notation"]),
        "date": found["promulgated_on"],
        "urgency": urgency(visit, found["priority"]),
        "since": found["accepted_at"],
        "until": found["expires_at"],
    }


RECEIPT_TONES = {
    "delivered": "delivered", "refused": "failed", "expired": "failed", "acceptance": "accepted",
    "forwarded": "accepted",
}  # fmt: skip


def _notice(visit: Visitor, context: Context, found: Record) -> Mapping[str, Any]:
    """A receipt or a status in words, with the page of the document that it speaks of."""
    status = found["words"][:2]
    if found["kind"] == "receipt":
        kind = "forwarded" if found["cause"] == FORWARDED else found["receipt_kind"]
        tone, key = RECEIPT_TONES[kind], f"desk.receipt.{kind}"
    else:
        tone, key = STATUS_TONES.get(status, ""), f"status.{status}"
    return {
        "delivery": found["delivery"],
        "code": number_and_symbol(found["number"], found["notation"]) or found["document"],
        "subject": found["subject"],
        "href": _place(context, visit.agency, found),
        "tone": tone,
        "what": said(key, visit.language) if key in TEXTS else status,
        "words": "" if found["kind"] == "receipt" else name_of(context, found["sender"]),
        "at": found["at"],
    }


def _place(context: Context, agency: str, found: Record) -> str:
    """The page of the document that a notice speaks of: one that was sent, or that came in."""
    if found["document_sender"] == agency:
        return f"/web/outgoing/{found['document']}"
    delivery = incoming_reading.delivery_of(context.database, agency, found["document"])
    return f"/web/incoming/{delivery}" if delivery else "/web/incoming"


def urgency(visit: Visitor, priority: int) -> Cell:
    """The urgency in words; the urgent stand out."""
    level = max(0, min(priority, 4))
    tone = ("", "late", "late", "failed", "failed")[level]
    return Cell(said(f"priority.{level}", visit.language), "", tone)


def name_of(context: Context, code: str) -> str:
    """What the agency is called today; its code where nobody knows it."""
    agency = context.registry.current.directory.get(code)
    return agency.as_of(today(context.now())).name if agency else code


def actor_of(visit: Visitor, context: Context) -> Actor:
    """Who acts, and that it is now."""
    return Actor(person=visit.person, role=visit.role, at=context.now())
