"""Proof, offline: does a receipt, or a document, show what it seems to show?

Nothing here asks the network: a certificate that is trusted comes in by a way of its own.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from exchange.client.problems import Damaged, NotProven
from exchange.core import edxml, trust, xades
from exchange.core import receipt as receipts
from exchange.core.edxml import DocumentMessage, StatusMessage
from exchange.core.receipt import Receipt
from exchange.core.refusal import Refused
from exchange.core.refusal_texts import CATALOGUE
from exchange.core.signature import (
    ParseLimits,
    SignxmlVerifier,
    Trust,
    parse,
    verify,
    verify_own,
)
from exchange.core.trust import check_chain, fingerprint, is_valid_at, load_certificate

# An agency's own limits were applied when the document was accepted; these keep a hostile file bounded.
LIMITS = ParseLimits(document_bytes_max=128_000_000, depth_max=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenDocument:
    """A document or status message whose signature holds under a trusted certificate.

    ``signed_at`` is the signer's word. Without ``issuer`` the certificate itself was trusted.
    """

    message: DocumentMessage | StatusMessage
    certificate: x509.Certificate
    digest: str
    signed_at: datetime | None
    issuer: x509.Certificate | None


def verify_receipt(
    xml: bytes, broker_certificate: x509.Certificate, document: bytes | None = None
) -> Receipt:
    """The receipt, proven: the holder of ``broker_certificate`` signed it, and nothing was changed since.

    With ``document`` also that it speaks of exactly these bytes. Raises ``NotProven``. The time in
    it is the word of the exchange.
    """
    try:
        receipt = receipts.read(verify_own(xml, broker_certificate, limits=LIMITS))
    except Refused as refused:
        raise _not_signed(refused, broker_certificate) from None
    except (ValueError, TypeError) as error:
        raise NotProven(f"It is no receipt: {error}.", f"Không phải biên nhận: {error}.") from None
    if not is_valid_at(broker_certificate, receipt.at):
        raise NotProven(
            f"The certificate of the exchange was not valid at {receipt.at.isoformat()}.",
            f"Chứng thư số của trục không có hiệu lực lúc {receipt.at.isoformat()}.",
        )
    if document is not None:
        _check_subject(receipt, document)
    return receipt


def read_receipt(xml: bytes, document: bytes) -> Receipt:
    """The receipt as it reads, its signature not checked; ``Damaged`` if it speaks of other bytes."""
    try:
        receipt = receipts.read(parse(xml, LIMITS))
        _check_subject(receipt, document)
    except (Refused, ValueError, TypeError, NotProven) as error:
        raise Damaged(f"the answer is not the acceptance of this document: {error}") from None
    return receipt


def verify_message(message: bytes, trusted: Sequence[x509.Certificate]) -> ProvenDocument:
    """The document or status message, proven: it is unchanged since a trusted certificate's holder signed it.

    ``trusted`` are certificates of agencies, or of CAs that issue them. Raises ``NotProven``.
    """
    named = named_certificate(message)
    try:
        # (1) the signature: when the certificate was valid is asked in (3), of the time of signing
        signed = verify(message, Trust.only(named), named.not_valid_before_utc, SignxmlVerifier(), LIMITS)
        # (2) what it says, from the signed tree alone
        read = edxml.read(signed.root)
    except Refused as refused:
        raise _refused(refused) from None
    signed_at = read.signed_at if isinstance(read, DocumentMessage) else read.timestamp
    # (3) who vouches for the signer
    issuer = _issuer(named, trusted, signed_at)
    return ProvenDocument(
        message=read, certificate=named, digest=signed.digest, signed_at=signed_at, issuer=issuer
    )


def named_certificate(signed: bytes) -> x509.Certificate:
    """The certificate that a signature names; nothing is verified yet. Raises ``NotProven``."""
    try:
        return load_certificate(xades.find(parse(signed, LIMITS)).signature.certificate_der)
    except Refused as refused:
        raise _refused(refused) from None


def _check_subject(receipt: Receipt, document: bytes) -> None:
    digest = hashlib.sha256(document).hexdigest()
    if receipt.subject.digest != digest:
        raise NotProven(
            f"The receipt speaks of a document with SHA-256 {receipt.subject.digest}; this one has {digest}.",
            f"Biên nhận nói về văn bản có SHA-256 {receipt.subject.digest}; tệp này có {digest}.",
        )


def _issuer(
    named: x509.Certificate, trusted: Sequence[x509.Certificate], signed_at: datetime | None
) -> x509.Certificate | None:
    at = signed_at or datetime.now(UTC)
    if not is_valid_at(named, at):
        raise NotProven(
            f"The signer's certificate was not valid at {at.isoformat()}.",
            f"Chứng thư số của người ký không có hiệu lực lúc {at.isoformat()}.",
        )
    if fingerprint(named) in {fingerprint(each) for each in trusted}:
        return None
    for authority in trusted:
        try:
            check_chain(named, [authority], at)
        except Refused:
            continue
        return authority
    subject = trust.named(named.subject)
    raise NotProven(
        f"Nobody you trust vouches for the signer's certificate ({subject}, SHA-256 {fingerprint(named)}).",
        f"Chứng thư số của người ký ({subject}, SHA-256 {fingerprint(named)}) "
        "không do bên nào bạn tin cậy bảo đảm.",
    )


def _not_signed(refused: Refused, expected: x509.Certificate) -> NotProven:
    if refused.refusals[0].code == "certificate_unknown":
        digest = fingerprint(expected)
        return NotProven(
            f"It names another certificate than the one you trust (SHA-256 {digest}).",
            f"Biên nhận ghi chứng thư số khác với chứng thư số bạn tin cậy (SHA-256 {digest}).",
        )
    return _refused(refused)


def _refused(refused: Refused) -> NotProven:
    """The title and the detail; the remedies of refusals are for senders."""
    first = refused.refusals[0]
    text = CATALOGUE[first.code]
    return NotProven(f"{text.title}. {first.detail}".strip(), f"{text.title_vi}. {first.detail_vi}".strip())
