"""What became of a document: status per receiver, timeline, receipts, the exact bytes."""

from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Response
from pydantic import BaseModel

from exchange.api.dependencies import InContext, Reader, Text, not_found, standing, visible
from exchange.core.codes import one_line
from exchange.core.delivery import FINAL, State
from exchange.core.pdf_findings import DocumentFindings
from exchange.ledger import findings, reading
from exchange.ledger.reading import Dossier, Record
from exchange.pickup import check_turn
from exchange.timeline import Event, timeline

router = APIRouter(prefix="/v1", tags=["documents"])


class DeliveryView(BaseModel):
    """One receiver: where the bytes are (``state``), and what the receiver does (``business``)."""

    id: str
    receiver: str
    addressed_as: str
    forwarded_from: str
    round: int
    state: str
    final: bool
    business: str
    take_back: str
    attempts: int
    next_attempt_at: datetime | None
    expires_at: datetime
    final_at: datetime | None
    cause: str
    reason: str
    reference: str


class EventView(BaseModel):
    """One thing that happened, as shown to both sides."""

    at: datetime
    event: str
    delivery: str | None
    agency: str
    text: str
    text_vi: str


class DocumentView(BaseModel):
    """One document with its deliveries and its history."""

    id: str
    kind: str
    document_id: str
    sender: str
    digest: str
    bytes: int
    subject: str
    number: str
    notation: str
    priority: int
    business_type: int
    earlier: list[str]
    accepted_at: datetime
    findings: DocumentFindings | None  # on the signatures in attached PDFs; null: not examined
    deliveries: list[DeliveryView]
    timeline: list[EventView]


class Found(BaseModel):
    """The broker's id of a document."""

    id: str


class ReceiptView(BaseModel):
    """One signed receipt; ``xml`` is exactly what was signed."""

    id: str
    kind: str
    delivery: str | None
    receiver: str | None
    at: datetime
    xml: str


class Receipts(BaseModel):
    """All receipts about one document so far."""

    receipts: list[ReceiptView]


@router.get("/documents")
def find(context: InContext, token: Reader, document_id: Text) -> Found:
    """The caller's own document with this DocumentId, whatever white space and composition it is asked in."""
    for key in standing(context, token):
        found = reading.find_document(context.database, key, one_line(document_id))
        if found is not None:
            return Found(id=found)
    raise not_found(f"DocumentId {document_id}")


@router.get("/documents/{document}")
def show(context: InContext, token: Reader, document: Text) -> DocumentView:
    """Status per receiver and timeline. A receiver sees its own delivery alone."""
    own = visible(context, token, document)
    dossier = reading.dossier(context.database, document)
    assert dossier is not None
    if dossier.document["sender"] != own:
        dossier = dossier.part_of(own)
    return _view(dossier, findings.of_document(context.database, document))


@router.get("/documents/{document}/content")
def content(
    context: InContext, token: Reader, document: Text, exchange_lease: Annotated[Text, Header()] = ""
) -> Response:
    """The exact bytes as they were accepted: for the sender, and for a receiver that has or takes them."""
    own = visible(context, token, document)
    if reading.sent_by(context.database, document) != own:
        stands = reading.stands_of(context.database, own, document)
        check_turn(stands, exchange_lease, f"document {document}")
    digest = reading.digest_of(context.database, document)
    assert digest is not None
    return Response(
        context.payloads.read(digest),
        media_type="application/xml",
        headers={"Exchange-Digest": digest},
    )


@router.get("/documents/{document}/receipts")
def receipts(context: InContext, token: Reader, document: Text) -> Receipts:
    """The acceptance, and one receipt for each delivery that ended; for the sender."""
    own = visible(context, token, document)
    rows = reading.receipts_of(context.database, document)
    sent = reading.sent_by(context.database, document) == own
    return Receipts(
        receipts=[
            ReceiptView(
                id=row["id"],
                kind=row["kind"],
                delivery=None if row["receiver"] is None else row["receipt_of"],
                receiver=row["receiver"],
                at=row["at"],
                xml=row["body"].decode(),
            )
            for row in rows
            if sent or row["receiver"] == own
        ]
    )


def _view(dossier: Dossier, found: DocumentFindings | None) -> DocumentView:
    document = dossier.document
    return DocumentView(
        bytes=document["size"],
        earlier=orjson.loads(document["earlier"]),
        findings=found,
        deliveries=[_delivery(row) for row in dossier.deliveries],
        timeline=[_event(event) for event in timeline(dossier)],
        **{
            name: document[name]
            for name in (
                "id", "kind", "document_id", "sender", "digest", "subject", "number", "notation",
                "priority", "business_type", "accepted_at",
            )
        },
    )  # fmt: skip


def _delivery(row: Record) -> DeliveryView:
    final = State(row["state"]) in FINAL
    return DeliveryView(
        final=final,
        next_attempt_at=None if final else row["next_attempt_at"],
        **{
            name: row[name]
            for name in (
                "id", "receiver", "addressed_as", "forwarded_from", "round", "state", "business",
                "take_back", "attempts", "expires_at", "final_at", "cause", "reason", "reference",
            )
        },
    )  # fmt: skip


def _event(event: Event) -> EventView:
    return EventView(
        at=event.at,
        event=event.event,
        delivery=event.delivery,
        agency=event.agency,
        text=event.text,
        text_vi=event.text_vi,
    )
