"""Receipts: what the broker promises and reports to a sender, signed.

Modelled on the evidence of electronic registered delivery (ETSI EN 319 522-1 clause 6 and
-2 clause 8): one event, what it is about (digest of the exact bytes), who, when, and why. The form
is ``schemas/receipt.xsd``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lxml import etree

NAMESPACE = "urn:exchange:receipt:1"
DIGEST_ALGORITHM = "http://www.w3.org/2001/04/xmlenc#sha256"
_EVENT = "http://uri.etsi.org/19522/Event/"


class ReceiptKind(StrEnum):
    """What happened. ``ACCEPTANCE`` is never ``DELIVERED``: the broker has it, the receiver not yet."""

    ACCEPTANCE = "acceptance"
    DELIVERED = "delivered"
    REFUSED = "refused"
    EXPIRED = "expired"


EVENTS: Mapping[ReceiptKind, str] = {
    ReceiptKind.ACCEPTANCE: _EVENT + "SubmissionAcceptance",
    ReceiptKind.DELIVERED: _EVENT + "ContentHandover",
    ReceiptKind.REFUSED: _EVENT + "ContentHandoverFailure",
    ReceiptKind.EXPIRED: _EVENT + "ContentHandoverFailure",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The document that a receipt speaks of. ``digest`` is SHA-256 of its exact bytes, hex."""

    id: str
    kind: str
    sender: str
    document_id: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Consignment:
    """One delivery: to whom, under which code the sender named it, and until when it is tried."""

    id: str
    receiver: str
    addressed_as: str
    expires_at: datetime
    forwarded_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that does not stop the document and that the sender should know."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One piece of evidence. ``deliveries`` are all for an acceptance, and one for an end."""

    id: str
    kind: ReceiptKind
    broker: str
    subject: Subject
    at: datetime
    deliveries: tuple[Consignment, ...]
    certificate: str = ""  # acceptance: fingerprint of the certificate that signed the document
    revocation: str = ""  # good, revoked_since, not_checked: where that stood; "" says nothing
    revocation_as_of: datetime | None = None  # what its CA said then
    reason_code: str = ""
    reason: str = ""
    reference: str = ""  # the receiver's own mark
    attempts: int = 0
    warnings: tuple[Notice, ...] = ()


def instant(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC with microseconds, as receipts carry it."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _add(parent: etree._Element, name: str, text: object = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    if text is not None:
        child.text = str(text)
    return child


def _add_subject(root: etree._Element, subject: Subject) -> None:
    document = _add(root, "Document", id=subject.id, kind=subject.kind)
    _add(document, "Sender", subject.sender)
    _add(document, "DocumentId", subject.document_id)
    _add(document, "Digest", subject.digest, algorithm=DIGEST_ALGORITHM)
    _add(document, "Bytes", subject.size)


def _add_certificate(root: etree._Element, receipt: Receipt) -> None:
    certificate = _add(root, "Certificate", receipt.certificate, algorithm=DIGEST_ALGORITHM)
    if receipt.revocation:
        certificate.set("revocation", receipt.revocation)
    if receipt.revocation_as_of is not None:
        certificate.set("revocationAsOf", instant(receipt.revocation_as_of))


def _add_delivery(root: etree._Element, delivery: Consignment) -> None:
    element = _add(root, "Delivery", id=delivery.id)
    _add(element, "Receiver", delivery.receiver)
    _add(element, "AddressedAs", delivery.addressed_as)
    if delivery.forwarded_from:
        _add(element, "ForwardedFrom", delivery.forwarded_from)
    _add(element, "ExpiresAt", instant(delivery.expires_at))


def build(receipt: Receipt) -> etree._Element:
    """The unsigned receipt; sign it with ``exchange.core.signature.sign``."""
    root = etree.Element(f"{{{NAMESPACE}}}Receipt", {"version": "1"}, nsmap={None: NAMESPACE})
    _add(root, "Id", receipt.id)
    _add(root, "Kind", receipt.kind)
    _add(root, "Event", EVENTS[receipt.kind])
    _add(root, "Broker", receipt.broker)
    _add_subject(root, receipt.subject)
    _add(root, "At", instant(receipt.at))
    if receipt.certificate:
        _add_certificate(root, receipt)
    for delivery in receipt.deliveries:
        _add_delivery(root, delivery)
    if receipt.kind is not ReceiptKind.ACCEPTANCE:
        _add(root, "Attempts", receipt.attempts)
    if receipt.reference:
        _add(root, "Reference", _printable(receipt.reference))
    if receipt.reason_code:
        _add(root, "Reason", _printable(receipt.reason), code=_printable(receipt.reason_code))
    for warning in receipt.warnings:
        _add(root, "Warning", _printable(warning.text), code=warning.code)
    return root


def _printable(text: str) -> str:
    # A peer's words may hold characters that XML cannot carry.
    return "".join(character for character in text if character.isprintable() or character in "\n\t")


def read(root: etree._Element) -> Receipt:
    """Read a receipt whose signature was checked; raises ``ValueError`` if it is not one."""
    if root.tag != f"{{{NAMESPACE}}}Receipt":
        raise ValueError(f"not a receipt: the root element is {root.tag!r}")
    reason = root.find(f"{{{NAMESPACE}}}Reason")
    certificate = root.find(f"{{{NAMESPACE}}}Certificate")
    as_of = None if certificate is None else certificate.get("revocationAsOf")
    return Receipt(
        id=_text(root, "Id"),
        kind=ReceiptKind(_text(root, "Kind")),
        broker=_text(root, "Broker"),
        subject=_read_subject(root),
        at=_moment(_text(root, "At")),
        deliveries=tuple(_read_delivery(element) for element in root.iter(f"{{{NAMESPACE}}}Delivery")),
        certificate=_text(root, "Certificate"),
        revocation="" if certificate is None else certificate.get("revocation", ""),
        revocation_as_of=None if as_of is None else _moment(as_of),
        reason_code="" if reason is None else reason.get("code", ""),
        reason=_text(root, "Reason"),
        reference=_text(root, "Reference"),
        attempts=int(_text(root, "Attempts") or 0),
        warnings=tuple(
            Notice(code=element.get("code", ""), text=element.text or "")
            for element in root.iter(f"{{{NAMESPACE}}}Warning")
        ),
    )


def _text(parent: etree._Element, name: str) -> str:
    return parent.findtext(f"{{{NAMESPACE}}}{name}") or ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read_subject(root: etree._Element) -> Subject:
    document = root.find(f"{{{NAMESPACE}}}Document")
    if document is None:
        raise ValueError("not a receipt: it names no document")
    return Subject(
        id=document.get("id", ""),
        kind=document.get("kind", ""),
        sender=_text(document, "Sender"),
        document_id=_text(document, "DocumentId"),
        digest=_text(document, "Digest"),
        size=int(_text(document, "Bytes")),
    )


def _read_delivery(element: etree._Element) -> Consignment:
    return Consignment(
        id=element.get("id", ""),
        receiver=_text(element, "Receiver"),
        addressed_as=_text(element, "AddressedAs"),
        forwarded_from=_text(element, "ForwardedFrom"),
        expires_at=_moment(_text(element, "ExpiresAt")),
    )
