"""``/v1/inbox``: look, lease, fetch, acknowledge, release."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from exchange.api.dependencies import Fetcher, Text
from exchange.ledger.inbox import Waiting
from exchange.pickup import Pickup

router = APIRouter(prefix="/v1/inbox", tags=["inbox"])

ITEMS_MAX = 100


class LeaseRequest(BaseModel):
    """How many messages at most, and for how long they are this client's alone."""

    model_config = ConfigDict(strict=True, extra="forbid")
    limit: int = Field(default=10, ge=1, le=ITEMS_MAX)
    lease_seconds: float = Field(default=300, gt=0)


class Lease(BaseModel):
    """The lease under which a message was taken."""

    model_config = ConfigDict(strict=True, extra="forbid")
    lease: Text


class Item(BaseModel):
    """One message that lies ready; ``kind`` is document, status or receipt."""

    delivery: str
    lease: str
    document: str
    kind: str
    receipt_kind: str
    digest: str
    bytes: int
    sender: str
    addressed_as: str
    document_id: str
    subject: str
    priority: int
    accepted_at: datetime


class Items(BaseModel):
    """The most urgent first."""

    items: list[Item]


def _items(found: list[Waiting]) -> Items:
    return Items(
        items=[
            Item(
                delivery=each.delivery,
                lease=each.lease,
                document=each.document,
                kind=each.kind,
                receipt_kind=each.receipt_kind,
                digest=each.digest,
                bytes=each.size,
                sender=each.sender,
                addressed_as=each.addressed_as,
                document_id=each.document_id,
                subject=each.subject,
                priority=each.priority,
                accepted_at=each.accepted_at,
            )
            for each in found
        ]
    )


ShownLease = Annotated[Text, Header(description="The lease under which the message was taken.")]


def _pickup(request: Request) -> Pickup:
    pickup = request.app.state.pickup
    assert isinstance(pickup, Pickup)
    return pickup


@router.get("")
def look(request: Request, token: Fetcher, limit: Annotated[int, Query(ge=1, le=ITEMS_MAX)] = 20) -> Items:
    """What lies ready and is not leased; looking changes nothing."""
    return _items(_pickup(request).look(token.agency, limit))


@router.post("/lease")
def lease(request: Request, token: Fetcher, body: LeaseRequest) -> Items:
    """Take messages for this client alone. Not acknowledged in time, they lie ready again."""
    return _items(_pickup(request).lease(token.agency, body.limit, body.lease_seconds))


@router.get("/{delivery}")
def fetch(request: Request, token: Fetcher, delivery: Text, exchange_lease: ShownLease = "") -> Response:
    """The exact bytes of a leased or acknowledged message; compare SHA-256 with ``Exchange-Digest``."""
    held, content = _pickup(request).fetch(token.agency, delivery, exchange_lease)
    headers = {"Exchange-Digest": held.digest, "Exchange-Kind": held.kind}
    return Response(content, media_type="application/xml", headers=headers)


@router.post("/{delivery}/acknowledge", status_code=204)
def acknowledge(request: Request, token: Fetcher, delivery: Text, body: Lease) -> None:
    """The message is stored on the client's side: it is delivered, and the sender gets the receipt."""
    _pickup(request).acknowledge(token.agency, delivery, body.lease)


@router.post("/{delivery}/release", status_code=204)
def release(request: Request, token: Fetcher, delivery: Text, body: Lease) -> None:
    """Give the message back; it lies ready again at once."""
    _pickup(request).release(token.agency, delivery, body.lease)
