"""What the exchange answers, as values. Fields that a newer exchange adds are left aside."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from exchange.client.problems import Damaged, Reason
from exchange.core.receipt import Receipt

Answer = TypeVar("Answer")


def _bytes(text: object) -> object:
    return text.encode() if isinstance(text, str) else text


Xml = Annotated[bytes, BeforeValidator(_bytes)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The exchange has the document for good and owes an end for each receiver; none has it yet.

    ``id`` is the exchange's id of the document, ``xml`` the signed receipt exactly as it came: keep it.
    """

    id: str
    receipt: Receipt
    xml: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """Would a document go through to this receiver?"""

    addressed_as: str
    receiver: str
    name: str
    would_go: bool
    forwarded: bool
    reachable_lately: bool | None = None
    last_contact: datetime | None = None
    failing_since: datetime | None = None
    refusals: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """Would a document go through? ``refusals`` are those that concern all receivers."""

    would_go: bool
    sender: str
    certificate_valid_to: datetime | None
    bytes_max: int
    receivers: tuple[Prospect, ...]
    refusals: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One receiver: ``state`` says where the bytes are, ``business`` (a status code) what it does."""

    id: str
    receiver: str
    addressed_as: str
    state: str
    final: bool
    business: str
    take_back: str
    attempts: int
    expires_at: datetime
    forwarded_from: str = ""
    round: int = 1
    next_attempt_at: datetime | None = None
    final_at: datetime | None = None
    cause: str = ""
    reason: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    at: datetime
    event: str
    delivery: str | None
    agency: str
    text: str
    text_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document at the exchange: its deliveries and its history. A receiver sees its own delivery alone."""

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
    accepted_at: datetime
    deliveries: tuple[Delivery, ...]
    timeline: tuple[Event, ...]
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReceipt:
    """A receipt as the exchange keeps it; prove ``xml`` with ``verify_receipt``."""

    id: str
    kind: str
    at: datetime
    xml: Xml
    delivery: str | None = None
    receiver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message in the inbox; ``kind`` is document, status or receipt, ``lease`` empty if looked at."""

    delivery: str
    lease: str
    kind: str
    digest: str
    bytes: int
    sender: str
    addressed_as: str
    document_id: str
    subject: str
    priority: int
    accepted_at: datetime
    receipt_kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another code of an agency."""

    code: str
    form: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One agency of the directory; only a ``connected`` one can be sent to."""

    code: str
    name: str
    level: str
    parent: str
    valid_from: date
    open: bool
    connected: bool
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()
    document_bytes_max: int | None = None
    attachment_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The exchange's id of a document."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """The inbox, the most urgent first."""

    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """All receipts about one document so far."""

    receipts: tuple[SignedReceipt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agencies:
    """Agencies that were found."""

    agencies: tuple[Agency, ...] = ()


_READERS: dict[type, TypeAdapter[Any]] = {
    kind: TypeAdapter(kind) for kind in (Agencies, Agency, Document, Found, Items, Preflight, Receipts)
}


def read_answer(kind: type[Answer], body: bytes) -> Answer:
    """The answer as a value; ``Damaged`` if it is not of this kind."""
    try:
        answer: Answer = _READERS[kind].validate_json(body)
    except ValidationError as error:
        raise Damaged(f"the answer is not {kind.__name__}: {error.errors()[0]['msg']}") from None
    return answer
