"""Receipts: who says it, whether it is unchanged, and what it says."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote

from cryptography import x509
from lxml import etree

from exchange.audit.anchors import Anchors
from exchange.audit.finding import Finding
from exchange.audit.words import GONE_ON, LIMITS, RECEIPTS, finding, local, refusal, subject, validity
from exchange.core import receipt as receipts
from exchange.core import xades
from exchange.core.closing import FORWARDED
from exchange.core.parsing import parse
from exchange.core.receipt import Receipt, ReceiptKind
from exchange.core.refusal import Refused
from exchange.core.signature import verify_own
from exchange.core.trust import fingerprint, is_valid_at, load_certificate

_DECLARATION = b"<?xml version='1.0' encoding='UTF-8'?>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A receipt whose signature holds, whoever made it."""

    receipt: Receipt
    certificate: x509.Certificate


def check(content: bytes, about: str, anchors: Anchors) -> tuple[Signed | None, list[Finding]]:
    """The receipt, None if it is none or not unchanged; and what was found of it."""
    try:
        # (1) which certificate it names; (2) whether that certificate's key signed exactly this
        named = load_certificate(xades.find(parse(content, LIMITS)).signature.certificate_der)
        root = verify_own(content, named, limits=LIMITS)
    except Refused as refused:
        return None, [refusal("receipt_signature_wrong", refused, about)]
    try:
        receipt = receipts.read(root)
    except (ValueError, TypeError) as error:
        return None, [finding("receipt_form", about, why=error)]
    signed = Signed(receipt=receipt, certificate=named)
    # (3) whether the certificate was valid then, and (4) whether it is one that the auditor trusts
    findings = [_vouched(signed, about, anchors)]
    findings += [
        finding("receipt_notice", about, code=each.code, said=each.text) for each in receipt.warnings
    ]
    # (5) whether the bytes are those that the exchange wrote: a signature covers the tree
    if not _as_written(content):
        findings.append(finding("written_otherwise", about))
    return signed, findings


def _vouched(signed: Signed, about: str, anchors: Anchors) -> Finding:
    receipt, named = signed.receipt, signed.certificate
    if not is_valid_at(named, receipt.at):
        return finding("receipt_certificate_validity", about, at=local(receipt.at), **validity(named))
    said_vi, said = _said(receipt)
    return finding(
        "receipt_signature" if anchors.is_exchange(named) else "receipt_broker_unknown",
        about,
        broker=receipt.broker,
        said_vi=said_vi,
        said=said,
        subject=subject(named),
        fingerprint=fingerprint(named),
    ).shown_by(*commands(about))


def about_document(receipts: Mapping[str, Receipt], content: bytes, document: str) -> list[Finding]:
    """Whether the receipts, by file, speak of exactly these bytes; one sentence for all that do."""
    digest = hashlib.sha256(content).hexdigest()
    subjects = {name: (each.subject.digest, each.subject.size) for name, each in receipts.items()}
    same = [name for name, subject in subjects.items() if subject == (digest, len(content))]
    values = {"document": document, "digest": digest}
    findings = [
        finding("receipt_of_other_bytes", name, expected=expected, **values)
        for name, (expected, _) in subjects.items()
        if name not in same
    ]
    if same:
        found = finding("receipt_of_these_bytes", same[0], names=", ".join(same), **values)
        findings.append(found.shown_by(f"sha256sum {quote(document)}    # {digest}"))
    return findings


def limits_of(receipt: Receipt) -> Finding:
    """What a receipt of this kind does not say."""
    match receipt.kind:
        case ReceiptKind.ACCEPTANCE:
            return finding("acceptance_is_no_delivery")
        case ReceiptKind.DELIVERED:
            return finding("nobody_need_have_read")
    return finding("receiver_may_have_it", attempts=receipt.attempts)


def facts(signed: Signed) -> dict[str, object]:
    """For machines: what the receipt says."""
    receipt = signed.receipt
    return {
        "broker": receipt.broker,
        "certificate": fingerprint(signed.certificate),
        "kind": receipt.kind.value,
        "at": receipt.at.isoformat(),
        "document_id": receipt.subject.document_id,
        "sender": receipt.subject.sender,
        "digest": receipt.subject.digest,
        "receivers": [delivery.receiver for delivery in receipt.deliveries],
        "reason_code": receipt.reason_code,
        "warnings": [{"code": each.code, "text": each.text} for each in receipt.warnings],
    }


def commands(about: str) -> tuple[str, ...]:
    """The same check with xmlsec1; broker.pem is the certificate that is trusted."""
    return (
        "xmlsec1 --verify --enabled-key-data key-name --id-attr:Id SignedProperties "
        f"--pubkey-cert-pem broker.pem {quote(about)}",
        "openssl x509 -in broker.pem -noout -subject -dates -fingerprint -sha256",
    )


def _said(receipt: Receipt) -> tuple[str, str]:
    """What it says, in a phrase: Vietnamese, English."""
    event, event_en = GONE_ON if receipt.reason_code == FORWARDED else RECEIPTS[receipt.kind]
    to = ", ".join(delivery.addressed_as for delivery in receipt.deliveries)
    why = f" ({receipt.reason or receipt.reason_code})" if receipt.reason_code else ""
    about = f"{receipt.subject.document_id}, {receipt.subject.sender} → {to}; {local(receipt.at)}"
    return f"{event}{why}: {about}", f"{event_en}{why}: {about}"


def _as_written(content: bytes) -> bool:
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    return content == _DECLARATION + etree.tostring(root, encoding="UTF-8")
