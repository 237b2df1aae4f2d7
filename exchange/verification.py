"""Verification: what the signatures in a document, a PDF or a receipt prove now. Nothing is kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from exchange import checks
from exchange.audit import bundle
from exchange.audit.anchors import Anchors
from exchange.audit.finding import Exit
from exchange.context import Context
from exchange.core import edxml, parsing, receipt, signature
from exchange.core.closing import FORWARDED
from exchange.core.edxml import DocumentMessage, StatusMessage
from exchange.core.edxml_values import NAMESPACE
from exchange.core.pdf_document import is_pdf
from exchange.core.pdf_findings import DocumentFindings, PdfFindings, Sentence
from exchange.core.receipt import Receipt, ReceiptKind
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.core.refusal_texts import CATALOGUE
from exchange.core.signature import verify_own
from exchange.core.trust import fingerprint
from exchange.core.witnessing import Cosigner
from exchange.pdf_evidence import read_certificates
from exchange.pdfs import Busy

RETRY_SECONDS = 10
ZIP = b"PK\x03\x04"
AGE_DAYS_MAX = 36_500.0  # a document may be of any age: it is not being handed in
# A refusal of one of these kinds is what was found; any other says that there is nothing to find.
_FOUND = ("signature_", "certificate_", "revocation_", "signing_time_")
SEALED = Sentence(
    vi="Trục ký thông báo trạng thái này; cơ quan báo trạng thái không ký số.",
    en="This exchange sealed the status message; the agency that reports it did not sign it.",
)
_KINDS = {
    ReceiptKind.ACCEPTANCE: ("trục đã tiếp nhận văn bản", "the exchange accepted the document"),
    ReceiptKind.DELIVERED: ("văn bản đã được chuyển tới nơi nhận", "the document was delivered"),
    ReceiptKind.REFUSED: ("văn bản không chuyển được", "the document was not delivered"),
    ReceiptKind.EXPIRED: ("văn bản quá hạn chuyển", "the document was not delivered in time"),
}
_GONE_ON = (
    "văn bản đã được chuyển tiếp tới cơ quan kế thừa",
    "the document was forwarded to the agency that follows",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at in a bundle: ``proven``, ``refused``, ``unchecked`` or ``open``."""

    status: str
    code: str
    about: str
    text: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found. ``holds``: nothing is wrong with any signature; one that is not there is not wrong."""

    kind: Literal["pdf", "document", "status", "receipt", "bundle"]
    digest: str
    bytes: int
    at: datetime
    holds: bool
    text: tuple[Sentence, ...]
    agency: str = ""  # whose registered certificate signed the message
    certificate: str = ""  # its fingerprint
    pdf: PdfFindings | None = None
    attachments: DocumentFindings | None = None
    receipt: Receipt | None = None
    checks: tuple[Check, ...] = ()  # of a bundle, as an auditor makes them who trusts this exchange
    refusals: tuple[Refusal, ...] = ()  # why the message's own signature does not hold


def verify(context: Context, content: bytes, now: datetime) -> Verification:
    """What can be said of these bytes at ``now``.

    Refused: ``nothing_to_verify``; what cannot be read as XML or as edXML; ``broker_busy``.
    """
    try:
        if is_pdf(content):
            return _pdf(context, content, now)
        if content.startswith(ZIP):
            return _bundle(context, content, now)
        root = parsing.parse(content, context.limits)
        if root.tag == f"{{{receipt.NAMESPACE}}}Receipt":
            return _receipt(context, content, now)
        if root.tag == f"{{{NAMESPACE}}}edXML":
            return _message(context, content, edxml.read(root), now)
    except Busy:
        raise refuse(
            "broker_busy",
            "It could not be examined now.",
            "Tạm thời chưa kiểm tra được.",
            retry_after_seconds=RETRY_SECONDS,
        ) from None
    raise refuse("nothing_to_verify")


def _pdf(context: Context, content: bytes, now: datetime) -> Verification:
    found = context.pdfs.of_pdf(content, now)
    return Verification(
        kind="pdf",
        digest=_digest(content),
        bytes=len(content),
        at=now,
        holds=not found.wrong,
        text=found.text,
        pdf=found,
    )


def _receipt(context: Context, content: bytes, now: datetime) -> Verification:
    read: Receipt | None = None
    refusals: tuple[Refusal, ...] = ()
    try:
        read = receipt.read(verify_own(content, context.issuer.seal.certificate, limits=context.limits))
    except Refused as refused:
        refusals = _found(refused)
    except ValueError:  # signed by us, and not as this release reads receipts
        raise refuse("nothing_to_verify") from None
    return Verification(
        kind="receipt",
        digest=_digest(content),
        bytes=len(content),
        at=now,
        holds=not refusals,
        text=_told(refusals) if read is None else _of_receipt(read),
        receipt=read,
        refusals=refusals,
    )


def _bundle(context: Context, content: bytes, now: datetime) -> Verification:
    report = bundle.check(content, _anchors(context), now, strangers=False)
    if not report.readable:
        raise refuse("nothing_to_verify", report.findings[0].text, report.findings[0].text_vi)
    found = tuple(
        Check(
            status=each.status.value,
            code=each.code,
            about=each.about,
            text=Sentence(vi=each.text_vi, en=each.text),
        )
        for each in report.findings
    )
    return Verification(
        kind="bundle",
        digest=_digest(content),
        bytes=len(content),
        at=now,
        holds=report.exit is not Exit.REFUSED,
        text=tuple(each.text for each in found),
        checks=found,
    )


def _anchors(context: Context) -> Anchors:
    settings = context.settings
    return Anchors(
        authorities=(*read_certificates(settings.authorities), *read_certificates(settings.tsa_certificates)),
        exchanges=(context.issuer.seal.certificate,),
        logs=(context.log_key.vkey,),
        witnesses=tuple(Cosigner.parse(each).vkey for each in settings.witnesses),
    )


def _of_receipt(read: Receipt) -> tuple[Sentence, ...]:
    vi, en = _GONE_ON if read.reason_code == FORWARDED else _KINDS[read.kind]
    subject, at = read.subject, receipt.instant(read.at)
    signed = Sentence(
        vi=f"Biên nhận do {read.broker} ký, nguyên vẹn: {vi}, lúc {at}.",
        en=f"A receipt signed by {read.broker}, intact: {en}, at {at}.",
    )
    about = Sentence(
        vi=f"Văn bản {subject.document_id} của {subject.sender}, SHA-256 {subject.digest}.",
        en=f"The document is {subject.document_id} of {subject.sender}, SHA-256 {subject.digest}.",
    )
    return signed, about


def _message(
    context: Context, content: bytes, message: DocumentMessage | StatusMessage, now: datetime
) -> Verification:
    if isinstance(message, StatusMessage) and _sealed(context, content):
        return Verification(
            kind="status",
            digest=_digest(content),
            bytes=len(content),
            at=now,
            holds=True,
            text=(SEALED,),
            certificate=fingerprint(context.issuer.seal.certificate),
        )
    refusals: tuple[Refusal, ...] = ()
    agency, certificate = "", ""
    try:
        signed = checks.verify(context, content, now)
        agency, certificate = signed.certificate.agency, signed.certificate.fingerprint
        _check_time(context, signed, message, now)
    except Refused as refused:
        refusals = _found(refused)
    attachments = context.pdfs.of_document(content, now) if isinstance(message, DocumentMessage) else None
    wrong = attachments is not None and any(
        each.pdf is not None and each.pdf.wrong for each in attachments.attachments
    )
    own = _told(refusals) if refusals else (_signed_by(agency),)
    return Verification(
        kind="status" if attachments is None else "document",
        digest=_digest(content),
        bytes=len(content),
        at=now,
        holds=not refusals and not wrong,
        text=own if attachments is None else (*own, *attachments.text),
        agency=agency,
        certificate=certificate,
        attachments=attachments,
        refusals=refusals,
    )


def _sealed(context: Context, content: bytes) -> bool:
    """Whether this exchange itself signed the message (docs/desk.md)."""
    try:
        verify_own(content, context.issuer.seal.certificate, limits=context.limits)
    except Refused:
        return False
    return True


def _check_time(
    context: Context, signed: signature.Signed, message: DocumentMessage | StatusMessage, now: datetime
) -> None:
    signature.check_signing_time(
        signed,
        message.signed_at if isinstance(message, DocumentMessage) else message.timestamp,
        now,
        skew_seconds=context.settings.clock_skew_seconds,
        age_days_max=AGE_DAYS_MAX,
        verdict=context.registry.current.verdicts.get(signed.certificate.fingerprint),
        mode=context.settings.revocation,
    )


def _signed_by(agency: str) -> Sentence:
    return Sentence(
        vi=f"Gói tin nguyên vẹn, do {agency} ký bằng chứng thư số đã đăng ký.",
        en=f"The message is intact, signed by {agency} with its registered certificate.",
    )


def _found(refused: Refused) -> tuple[Refusal, ...]:
    """The refusals, if they speak of the signature; raises them if not."""
    if not all(each.code.startswith(_FOUND) for each in refused.refusals):
        raise refused
    return refused.refusals


def _told(refusals: Sequence[Refusal]) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(
            vi=f"{CATALOGUE[each.code].title_vi}. {each.detail_vi}".strip(),
            en=f"{CATALOGUE[each.code].title}. {each.detail}".strip(),
        )
        for each in refusals
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
