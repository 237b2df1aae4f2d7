"""``exchange inbox``: what lies ready for the agency; fetched, kept durably, then acknowledged.

Each name ends with the delivery: fetched once more, a message is kept under the same name, never twice.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from exchange.cli.desk.options import (
    CaFile,
    Resend,
    Token,
    TrustFile,
    Url,
    broker_certificate,
    connect,
    plainly,
)
from exchange.cli.desk.words import KINDS, RECEIPTS, both, urgency
from exchange.cli.say import fail, local, say
from exchange.client import (
    Client,
    Item,
    NotProven,
    Problem,
    Unreachable,
    safe_name,
    unpack,
    verify_receipt,
    write_file,
    write_folder,
)
from exchange.client.proving import LIMITS
from exchange.client.storing import MESSAGE_NAME
from exchange.core import edxml
from exchange.core.edxml import VIETNAM, DocumentMessage, StatusMessage
from exchange.core.receipt import Receipt
from exchange.core.refusal import Refused
from exchange.core.signature import parse

LEASE_SECONDS = 900

Fetch = Annotated[
    Path | None,
    typer.Option(
        "--fetch", file_okay=False, help="Nhận về thư mục này / fetch into this folder, and acknowledge."
    ),
]
Limit = Annotated[int, typer.Option(min=1, max=100, help="Nhiều nhất / at most so many.")]


def inbox(
    fetch: Fetch = None,
    limit: Limit = 20,
    url: Url = "",
    token: Token = "",
    ca: CaFile = None,
    resend: Resend = 4,
    trust: TrustFile = None,
) -> None:
    """Hộp đến / what lies ready for the agency; with --fetch it is stored here and then acknowledged."""
    with plainly(), connect(url, token, ca, resend) as client:
        if fetch is None:
            _list(client.look(limit), limit)
            return
        fetch.mkdir(parents=True, exist_ok=True)
        items = client.lease(limit, LEASE_SECONDS)
        proven_by = None
        if any(item.kind == "receipt" for item in items):
            proven_by = broker_certificate(client, trust)
        failed = sum(not _take(client, item, fetch, proven_by) for item in items)
        say(f"Đã nhận / fetched: {len(items) - failed}; lỗi / failed: {failed}")
        if len(items) == limit:
            say("Có thể còn nữa, chạy lại lệnh này / there may be more: run this again")
        raise typer.Exit(1 if failed else 0)


def _list(items: Sequence[Item], limit: int) -> None:
    if not items:
        say("Không có gì chờ nhận / nothing lies ready")
    for item in items:
        say(_line(item))
    if len(items) == limit:
        say(f"(… có thể còn nữa / there may be more: --limit {limit})")


def _line(item: Item) -> str:
    mark = urgency(item.priority)
    # The subject of a receipt or a status names the document that it is about.
    about = f"{item.document_id}  {item.subject}" if item.kind == "document" else item.subject
    head = f"{local(item.accepted_at)}  {both(KINDS, item.kind)}  {item.sender}"
    return f"{head}  {mark}  {about}" if mark else f"{head}  {about}"


def _take(client: Client, item: Item, folder: Path, proven_by: x509.Certificate | None) -> bool:
    """Fetch, keep, acknowledge one message; a fault sets this one aside and stops no other."""
    say(_line(item))
    try:
        content = client.fetch(item)
        if item.kind == "receipt":
            assert proven_by is not None, "receipts were among the items"
            kept = _keep_receipt(content, item, folder, proven_by)
        else:
            kept = _keep_message(content, item, folder)
        # Only now: whatever happens to this computer from here on, the message is on its disk.
        client.acknowledge(item)
    except (Problem, Unreachable, NotProven, OSError) as error:
        fail(f"  {getattr(error, 'reason_vi', '')} {error}".replace("   ", "  "))
        _give_back(client, item)
        return False
    say(f"  → {kept}")
    return True


def _give_back(client: Client, item: Item) -> None:
    try:
        client.release(item)
    except (Problem, Unreachable) as error:
        fail(f"  chưa trả lại được, trục tự thu hồi sau / not given back, its lease will run out: {error}")


def _keep_receipt(content: bytes, item: Item, folder: Path, proven_by: x509.Certificate) -> Path:
    receipt = verify_receipt(content, proven_by)
    say(f"  {both(RECEIPTS, receipt.kind)}: {_receivers(receipt)}")
    say(f"  {receipt.subject.document_id}  {local(receipt.at)}  {receipt.reason}".rstrip())
    name = f"{safe_name(f'{receipt.subject.document_id} {receipt.kind}')} {item.delivery}.xml"
    return write_file(folder / "receipts" / name, content)


def _receivers(receipt: Receipt) -> str:
    return ", ".join(delivery.addressed_as for delivery in receipt.deliveries)


def _keep_message(content: bytes, item: Item, folder: Path) -> Path:
    day = item.accepted_at.astimezone(VIETNAM).date().isoformat()
    try:
        message = edxml.read(parse(content, LIMITS))
    except Refused as refused:
        # It is kept as it came: the exchange took it, so it is the agency's to judge.
        say(f"  ! không đọc được nội dung / it cannot be read: {refused}")
        message = None
    if isinstance(message, DocumentMessage):
        return _keep_document(content, message, item, folder, day)
    if isinstance(message, StatusMessage):
        say(f"  {message.status_code} {message.response_for.document_id} {message.description}".rstrip())
    name = f"{safe_name(f'{day} {item.sender}')} {item.delivery}.edxml"
    return write_file(folder / "statuses" / name, content)


def _keep_document(content: bytes, message: DocumentMessage, item: Item, folder: Path, day: str) -> Path:
    unpacked = unpack(message)
    for sentence in unpacked.unreadable:
        say(f"  ! {sentence}")
    name = f"{safe_name(f'{day} {item.sender} {message.number}')} {item.delivery}"
    kept = write_folder(folder / name, [(MESSAGE_NAME, content), *unpacked.files])
    for file, part in unpacked.files:
        say(f"    {file} ({len(part)} byte)")
    return kept
