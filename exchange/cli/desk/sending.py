"""``exchange send``: build, sign and hand over a document, or hand over one that is ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.desk.options import (
    AgencyCode,
    CaFile,
    CertificateFile,
    KeyFile,
    KeyPassword,
    Resend,
    Token,
    TrustFile,
    Url,
    connect,
    missing,
    plainly,
    signing_key,
    stop,
)
from exchange.cli.say import fail, local, say
from exchange.client import (
    Acceptance,
    Client,
    Problem,
    Unreachable,
    compose,
    safe_name,
    same_but_for_time,
    sign_message,
    write_file,
)
from exchange.client.proving import LIMITS
from exchange.core import edxml
from exchange.core.edxml import BusinessType, DocumentMessage, StatusMessage
from exchange.core.signature import SigningKey, parse

Files = Annotated[list[Path], typer.Argument(help="Tệp văn bản / files (PDF …), or one ready .edxml.")]
To = Annotated[
    list[str] | None, typer.Option(help="Mã nơi nhận / code of a receiver; repeat, or separate by commas.")
]
Number = Annotated[str, typer.Option(help="Số văn bản / number: 12")]
Symbol = Annotated[str, typer.Option(help="Ký hiệu / symbol: UBND-VX")]
Subject = Annotated[str, typer.Option(help="Trích yếu / subject.")]
Type = Annotated[str, typer.Option("--type", help="Loại văn bản / type; else by the symbol, or Công văn.")]
Day = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%d/%m/%Y", "%Y-%m-%d"], help="Ngày ban hành / date; else today."),
]
Place = Annotated[str, typer.Option(help="Nơi ban hành / place.")]
Signer = Annotated[str, typer.Option(help="Người ký văn bản / who signed it.")]
Position = Annotated[str, typer.Option(help="Chức vụ người ký / the signer's position.")]
Priority = Annotated[
    int,
    typer.Option(
        min=0, max=4, help="Độ khẩn / urgency: 0 thường, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc, 4 hẹn giờ."
    ),
]
Paper = Annotated[bool, typer.Option("--paper", help="Gửi kèm bản giấy / it goes on paper too.")]
Revoke = Annotated[str, typer.Option(metavar="ID", help="Thu hồi / the document that it revokes.")]
Update = Annotated[str, typer.Option(metavar="ID", help="Cập nhật / the document that it updates.")]
Replace = Annotated[str, typer.Option(metavar="ID", help="Thay thế / the document that it replaces.")]
Reason = Annotated[str, typer.Option(help="Lý do / reason of --revoke, --update or --replace.")]
Save = Annotated[Path | None, typer.Option(help="Lưu biên nhận / file for the signed acceptance.")]
Keep = Annotated[
    Path | None, typer.Option(help="Thư mục lưu văn bản đã ký / folder for the signed document; else FILE's.")
]

# Refused for what it is. Other refusals (token, rate) may follow an answer that got lost.
ABOUT_THE_DOCUMENT = frozenset({409, 413, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the clerk said."""

    files: Sequence[Path]
    agency: str
    to: Sequence[str]
    number: str
    symbol: str
    subject: str
    type_name: str
    promulgated_on: date | None
    place: str
    signer: str
    position: str
    priority: int
    paper: bool
    revoke: str
    update: str
    replace: str
    reason: str


def send(
    files: Files,
    to: To = None,
    number: Number = "",
    symbol: Symbol = "",
    subject: Subject = "",
    type_: Type = "",
    day: Day = None,
    place: Place = "",
    signer: Signer = "",
    position: Position = "",
    priority: Priority = 0,
    paper: Paper = False,
    revoke: Revoke = "",
    update: Update = "",
    replace: Replace = "",
    reason: Reason = "",
    save: Save = None,
    keep: Keep = None,
    agency: AgencyCode = "",
    key: KeyFile = None,
    certificate: CertificateFile = None,
    key_password: KeyPassword = "",
    url: Url = "",
    token: Token = "",
    ca: CaFile = None,
    resend: Resend = 4,
    trust: TrustFile = None,
) -> None:
    """Gửi văn bản / send a document: build it, sign it, hand it over, show the acceptance.

    A ready .edxml file is handed over as it is, so it can be sent again when in doubt.
    """
    ready = _is_ready(files)
    draft = Draft(
        files=files, agency=agency, to=_codes(to or ()), number=number, symbol=symbol, subject=subject,
        type_name=type_, promulgated_on=day.date() if day else None, place=place, signer=signer,
        position=position, priority=priority, paper=paper, revoke=revoke, update=update, replace=replace,
        reason=reason,
    )  # fmt: skip
    with plainly(), connect(url, token, ca, resend, trust) as client:
        if ready:
            acceptance = _hand_over(client, files[0], files[0].read_bytes())
        else:
            message = _message(draft)
            acceptance = _send(
                client, message, signing_key(key, certificate, key_password), keep or files[0].parent
            )
        _show(acceptance)
        if save is not None:
            say(f"  Đã lưu biên nhận / acceptance kept: {write_file(save, acceptance.xml)}")


def _is_ready(files: Sequence[Path]) -> bool:
    """Whether the one file is a signed message already; says what is wrong with the files, and exits."""
    for file in files:
        if not file.is_file():
            stop(f"không có tệp / there is no file {file} (nhiều nơi nhận / several receivers: --to A,B)")
    ready = [file for file in files if file.suffix.lower() == ".edxml"]
    if ready and len(files) > 1:
        stop(f"{ready[0]} đã là văn bản hoàn chỉnh, phải gửi riêng / is a whole document: send it alone")
    return bool(ready)


def _codes(to: Sequence[str]) -> tuple[str, ...]:
    return tuple(code.strip() for each in to for code in each.split(",") if code.strip())


def _message(draft: Draft) -> DocumentMessage:
    needed = {
        "--to": draft.to,
        "--number": draft.number,
        "--symbol": draft.symbol,
        "--subject": draft.subject,
        "--agency (EXCHANGE_AGENCY)": draft.agency,
    }
    for name, value in needed.items():
        if not value:
            missing(name)
    try:
        return compose(
            sender=draft.agency,
            receivers=draft.to,
            number=draft.number,
            symbol=draft.symbol,
            subject=draft.subject,
            attachments=[(file.name, file.read_bytes()) for file in draft.files],
            type_name=draft.type_name,
            promulgated_on=draft.promulgated_on,
            place=draft.place,
            full_name=draft.signer,
            position=draft.position,
            priority=draft.priority,
            paper=draft.paper,
            revokes=draft.revoke,
            updates=draft.update,
            replaces=draft.replace,
            reason=draft.reason,
        )
    except ValueError as error:
        stop(f"không lập được văn bản / this cannot be a document: {error}")


def _send(client: Client, message: DocumentMessage, key: SigningKey, folder: Path) -> Acceptance:
    """Sign, keep, hand over: in this order, so that in doubt the same bytes can be sent again."""
    path = folder / f"{_name(message)}.edxml"
    fresh = not path.exists()
    signed = _sign(message, key) if fresh else _signed_before(path, message)
    if fresh:
        write_file(path, signed)
    try:
        return _hand_over(client, path, signed)
    except Problem as problem:
        if fresh and problem.status in ABOUT_THE_DOCUMENT:
            path.unlink()  # nothing was taken over: once mended, it is signed anew
        else:
            fail(f"Văn bản đã ký còn ở {path}; muốn ký lại thì xóa tệp này")
            fail(f"The signed document stays in {path}; to sign it anew, remove the file")
        raise


def _sign(message: DocumentMessage, key: SigningKey) -> bytes:
    try:
        return sign_message(message, key)
    except ValueError as error:
        stop(f"không lập được văn bản / this cannot be a document: {error}")


def _signed_before(path: Path, message: DocumentMessage) -> bytes:
    """The bytes that an earlier run of the same command signed and could not hand over."""
    signed = path.read_bytes()
    before = edxml.read(parse(signed, LIMITS))
    if not isinstance(before, DocumentMessage) or not same_but_for_time(before, message):
        stop(
            f"{path} là văn bản khác cùng số / holds another document of this number; gửi nó bằng / send it "
            f"with: exchange send '{path}', or remove it"
        )
    say(f"Gửi lại đúng văn bản đã ký / sending the very document that was signed before: {path}")
    return signed


def _name(message: DocumentMessage) -> str:
    kind = message.business.doc_type
    mark = "" if kind is BusinessType.NEW else f".{kind.name.lower()}"
    return safe_name(message.document_id + mark)


def _hand_over(client: Client, path: Path, signed: bytes) -> Acceptance:
    try:
        if isinstance(edxml.read(parse(signed, LIMITS)), StatusMessage):
            return client.report(signed)
        return client.submit(signed)
    except Unreachable:
        fail("Chưa rõ trục đã tiếp nhận hay chưa. Hãy gửi lại ĐÚNG tệp này, không ký lại.")
        fail(f"Whether the exchange took it is not known. Send exactly this again: exchange send '{path}'")
        raise


def _show(acceptance: Acceptance) -> None:
    receipt = acceptance.receipt
    say("Trục đã tiếp nhận, CHƯA chuyển tới nơi nhận / accepted by the exchange, NOT delivered yet")
    say(f"  Mã văn bản / DocumentId: {receipt.subject.document_id}")
    say(f"  Mã tại trục / id at the exchange: {acceptance.id}")
    say(f"  SHA-256: {receipt.subject.digest}")
    say(f"  Lúc / at: {local(receipt.at)}")
    for delivery in receipt.deliveries:
        forwarded = f" (thay cho / instead of {delivery.forwarded_from})" if delivery.forwarded_from else ""
        until = local(delivery.expires_at)
        say(f"  → {delivery.addressed_as}{forwarded}: chuyển trước / to be delivered before {until}")
    for warning in receipt.warnings:
        say(f"  ! {warning.code}: {warning.text}")
