"""``exchange verify``: what a receipt or a document proves, and what it does not; offline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from exchange.cli.desk.options import certificates, plainly
from exchange.cli.desk.words import RECEIPTS, STATUSES, both
from exchange.cli.say import fail, local, say
from exchange.client import ProvenDocument, verify_message, verify_receipt
from exchange.client.proving import LIMITS, named_certificate
from exchange.core import receipt as receipts
from exchange.core.edxml import DocumentMessage
from exchange.core.receipt import Receipt, ReceiptKind
from exchange.core.signature import parse
from exchange.core.trust import fingerprint

File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="Biên nhận hoặc văn bản / a receipt, or an .edxml."),
]
Trust = Annotated[
    Path | None,
    typer.Option(
        "--trust",
        envvar="EXCHANGE_TRUST",
        exists=True,
        dir_okay=False,
        help="Chứng thư số tin cậy / certificates that you trust, PEM: of the exchange for a receipt, "
        "of agencies or their CAs for a document.",
    ),
]
Original = Annotated[
    Path | None,
    typer.Option(
        "--document",
        exists=True,
        dir_okay=False,
        help="Văn bản mà biên nhận nói tới / the document that the receipt speaks of.",
    ),
]


Sentence = tuple[str, str]  # Vietnamese, English


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is proven and what is not. ``holds``: somebody whom the caller trusts vouches for it."""

    proven: Sequence[Sentence]
    open: Sequence[Sentence]
    holds: bool = True


def verify(file: File, trust: Trust = None, document: Original = None) -> None:
    """Kiểm tra / what a receipt or a document proves, by whom, since when, and what it does not.

    Needs no network. Ends with 0 if it is proven, else with 1.
    """
    content = file.read_bytes()
    trusted = certificates(trust) if trust is not None else []
    with plainly():
        named = named_certificate(content)
        if parse(content, LIMITS).tag == f"{{{receipts.NAMESPACE}}}Receipt":
            verdict = _about_receipt(content, named, trusted, document)
        else:
            verdict = _about_document(content, named, trusted)
    _say("✓ Đã chứng minh / proven", verdict.proven)
    _say("– Chưa chứng minh / not proven", verdict.open)
    if not verdict.holds:
        fail("Chưa ai mà bạn tin cậy bảo đảm / nobody whom you trust vouches for it")
        raise typer.Exit(1)


def _say(heading: str, sentences: Sequence[Sentence]) -> None:
    say(heading)
    for vietnamese, english in sentences:
        say(f"  {vietnamese}")
        say(f"  {english}")


def _about_receipt(
    content: bytes, named: x509.Certificate, trusted: Sequence[x509.Certificate], original: Path | None
) -> Verdict:
    ours = next((each for each in trusted if fingerprint(each) == fingerprint(named)), None)
    expected = ours or (trusted[0] if trusted else named)
    receipt = verify_receipt(content, expected, None if original is None else original.read_bytes())
    return Verdict(
        proven=[*_unchanged(named), *_said(receipt, known=ours is not None), *_bytes(receipt, original)],
        open=[
            *([] if ours is not None else _nobody(named)),
            *(_which_document(receipt) if original is None else []),
            *_not_said(receipt),
        ],
        holds=ours is not None,
    )


def _about_document(content: bytes, named: x509.Certificate, trusted: Sequence[x509.Certificate]) -> Verdict:
    proven = verify_message(content, trusted or [named])
    return Verdict(
        proven=[*_unchanged(named), *(_vouched(proven) if trusted else []), _content(proven)],
        open=[
            *([] if trusted else _nobody(named)),
            _time(proven),
            *_not_shown(proven.message.sender.organ_id),
        ],
        holds=bool(trusted),
    )


def _not_shown(sender: str) -> list[Sentence]:
    return [
        (
            f"Chứng thư số thuộc {sender}: trục đối chiếu với danh bạ khi tiếp nhận.",
            f"That the certificate belongs to {sender}: the exchange asks its directory when it accepts.",
        ),
        (
            "Chứng thư số có bị thu hồi hay không: không kiểm tra ở đây.",
            "Whether the certificate was revoked: that is not asked here.",
        ),
        (
            "Trục đã tiếp nhận hay đã chuyển văn bản: điều đó do biên nhận chứng minh.",
            "That the exchange accepted or delivered it: receipts prove that.",
        ),
    ]


def _unchanged(named: x509.Certificate) -> list[Sentence]:
    subject = named.subject.rfc4514_string()
    return [
        (
            f"Nội dung nguyên vẹn từ khi được ký bằng khóa của chứng thư số {subject}.",
            f"Nothing was changed since it was signed with the key of the certificate {subject}.",
        ),
        (f"Dấu vân tay SHA-256: {fingerprint(named)}", f"Its fingerprint, SHA-256: {fingerprint(named)}"),
    ]


def _said(receipt: Receipt, *, known: bool) -> list[Sentence]:
    name = receipt.broker
    by = f"Trục “{name}”" if known else f"Bên tự xưng là trục “{name}”"
    by_en = f"The exchange “{name}”" if known else f"Who calls itself the exchange “{name}”"
    event, event_en = RECEIPTS[receipt.kind]
    to = ", ".join(delivery.addressed_as for delivery in receipt.deliveries)
    why = f" ({receipt.reason or receipt.reason_code})" if receipt.reason_code else ""
    about = f"{receipt.subject.document_id}, {receipt.subject.sender} → {to}"
    return [
        (f"{by} xác nhận: {event}{why}.", f"{by_en} says: {event_en}{why}."),
        (f"Văn bản: {about}", f"The document: {about}"),
        (f"Lúc: {local(receipt.at)} (giờ Việt Nam)", f"At: {local(receipt.at)} (Vietnam time)"),
    ]


def _bytes(receipt: Receipt, original: Path | None) -> list[Sentence]:
    if original is None:
        return []
    return [
        (
            f"Biên nhận nói về đúng tệp {original.name} (SHA-256 {receipt.subject.digest}).",
            f"It speaks of exactly the file {original.name} (SHA-256 {receipt.subject.digest}).",
        )
    ]


def _which_document(receipt: Receipt) -> list[Sentence]:
    return [
        (
            f"Nội dung văn bản: chỉ biết SHA-256 {receipt.subject.digest}; đối chiếu bằng --document TỆP.",
            f"What the document says: only its SHA-256 is known, {receipt.subject.digest}; --document FILE.",
        )
    ]


def _not_said(receipt: Receipt) -> list[Sentence]:
    sentences = [
        ("Thời điểm: theo đồng hồ của trục.", "The time: it is the exchange's own clock that says it."),
    ]
    if receipt.kind is ReceiptKind.ACCEPTANCE:
        sentences.append(
            (
                "Nơi nhận đã có văn bản: biên nhận tiếp nhận không nói điều này.",
                "That any receiver has the document: an acceptance does not say so.",
            )
        )
    if receipt.kind is ReceiptKind.DELIVERED:
        sentences.append(
            (
                "Có người đã đọc hoặc xử lý văn bản: điều đó do trạng thái của nơi nhận báo.",
                "That anybody read or handled it: the receiver's status messages say that.",
            )
        )
    return sentences


def _nobody(named: x509.Certificate) -> list[Sentence]:
    return [
        (
            f"Chứng thư số này là của ai: hỏi quản trị dấu vân tay {fingerprint(named)}, "
            "rồi dùng --trust CHỨNG_THƯ_SỐ.",
            f"Whose certificate this is: compare the fingerprint {fingerprint(named)} with its owner's word, "
            "then use --trust CERTIFICATE.",
        )
    ]


def _vouched(proven: ProvenDocument) -> list[Sentence]:
    if proven.issuer is None:
        return [
            (
                "Chứng thư số là một trong các chứng thư số bạn tin cậy.",
                "The certificate is one of those that you trust.",
            )
        ]
    issuer = proven.issuer.subject.rfc4514_string()
    return [
        (
            f"Chứng thư số do CA bạn tin cậy cấp: {issuer}.",
            f"The certificate was issued by a CA that you trust: {issuer}.",
        )
    ]


def _content(proven: ProvenDocument) -> Sentence:
    message = proven.message
    if isinstance(message, DocumentMessage):
        about = f"{message.document_id}  {message.number}  {message.subject}"
        return (
            f"Văn bản của {message.sender.organ_id}: {about}",
            f"A document of {message.sender.organ_id}: {about}",
        )
    about = f"{both(STATUSES, message.status_code)}: {message.response_for.document_id}"
    return (
        f"Trạng thái do {message.sender.organ_id} báo: {about}",
        f"A status reported by {message.sender.organ_id}: {about}",
    )


def _time(proven: ProvenDocument) -> Sentence:
    said = local(proven.signed_at) or "—"
    return (
        f"Thời điểm ký {said}: chỉ là lời của người ký.",
        f"The time of signing, {said}: it is the signer's word.",
    )
