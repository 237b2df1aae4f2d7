"""``exchange status``: what became of a document; or a signed report on one."""

import re
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
from exchange.cli.desk.words import STATUSES, both, urgency
from exchange.cli.say import local, say
from exchange.client import Client, Delivery, Document, Event, compose_status, sign_message
from exchange.core.codes import number_and_symbol
from exchange.core.delivery import STATUS_CODES
from exchange.core.delivery_texts import stands
from exchange.core.edxml import StatusMessage
from exchange.core.signature import SigningKey

NEED_A_REASON = frozenset({"02", "13", "16"})
_ID_OF_THE_EXCHANGE = re.compile(r"[0-9a-f]{32}")

DocumentId = Annotated[
    str, typer.Argument(help="Mã văn bản (DocumentId), hoặc mã tại trục / or its id at the exchange.")
]
Report = Annotated[
    str,
    typer.Option(
        metavar="CODE",
        help="Báo trạng thái / report a status: 01 đã đến, 02 từ chối, 03 vào sổ, 04 phân công, "
        "05 đang xử lý, 06 hoàn thành; 13 lấy lại; 15 đồng ý, 16 không đồng ý.",
    ),
]
To = Annotated[
    str, typer.Option(help="Với --report: cơ quan gửi văn bản (13: nơi nhận) / the agency to report to.")
]
Description = Annotated[str, typer.Option(help="Với --report: nội dung, lý do / words, reason.")]


def status(
    document_id: DocumentId,
    report: Report = "",
    to: To = "",
    description: Description = "",
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
    """Theo dõi văn bản / receivers and history of a document; with --report a signed status on it."""
    with plainly(), connect(url, token, ca, resend, trust) as client:
        if not report:
            _show(_found(client, document_id))
            return
        message = _message(document_id, report, to, description, agency)
        _report(client, message, signing_key(key, certificate, key_password))


def _found(client: Client, document_id: str) -> Document:
    if _ID_OF_THE_EXCHANGE.fullmatch(document_id):
        return client.document(document_id)
    return client.document(client.find(document_id))


def _show(document: Document) -> None:
    number = number_and_symbol(document.number, document.notation)
    say(f"{urgency(document.priority)} {number}  {document.subject}".strip())
    say(f"  Mã văn bản / DocumentId: {document.document_id}")
    say(f"  Mã tại trục / id at the exchange: {document.id}")
    say(f"  Bên gửi / from: {document.sender}; trục tiếp nhận / accepted: {local(document.accepted_at)}")
    say("Nơi nhận / receivers")
    for delivery in document.deliveries:
        _show_delivery(delivery)
    say("Diễn biến / history")
    for event in document.timeline:
        _show_event(event)


def _show_delivery(delivery: Delivery) -> None:
    when = f" {local(delivery.final_at)}" if delivery.final_at else ""
    why = f": {delivery.reason or delivery.cause}" if delivery.reason or delivery.cause else ""
    stand = " / ".join(dict.fromkeys(stands(delivery.state, delivery.cause)))
    say(f"  {delivery.addressed_as}  {stand}{when}{why}")
    say(f"      xử lý / handling: {both(STATUSES, delivery.business)}")
    if delivery.take_back != "none":
        say(f"      lấy lại / take-back: {both(STATUSES, delivery.take_back)}")


def _show_event(event: Event) -> None:
    say(f"  {local(event.at)}  {event.text_vi} / {event.text}")


def _message(document_id: str, code: str, to: str, description: str, agency: str) -> StatusMessage:
    if code not in STATUS_CODES:
        stop(f"--report {code}: chỉ có / there are {', '.join(sorted(STATUS_CODES))}", code=2)
    if code in NEED_A_REASON and not description.strip():
        missing(f"--description (lý do / a reason, for {code})")
    if not to:
        missing("--to")
    if not agency:
        missing("--agency (EXCHANGE_AGENCY)")
    return compose_status(
        sender=agency, other=to, document_id=document_id, code=code, description=description
    )


def _report(client: Client, message: StatusMessage, key: SigningKey) -> None:
    try:
        signed = sign_message(message, key)
    except ValueError as error:
        stop(f"không lập được gói tin / this cannot be a status message: {error}")
    acceptance = client.report(signed)
    about = message.response_for
    say(f"Trục đã tiếp nhận trạng thái / status taken over: {both(STATUSES, message.status_code)}")
    say(f"  {about.document_id} → {about.organ_id}")
    say(f"  Mã tại trục / id at the exchange: {acceptance.id}")
