"""Confirm: an agency says, signed, what it did with a document, or asks to have it back."""

from datetime import datetime

from exchange.context import Context, plan_delivery, today
from exchange.core import edxml
from exchange.core.delivery import FROM_SENDER, STATUS_CODES, State, Step, rank
from exchange.core.directory import Agency
from exchange.core.edxml import StatusMessage
from exchange.core.refusal import refuse
from exchange.core.signature import Signed
from exchange.ids import new_id
from exchange.intake import check_sender, check_time, open_signed, withdrawal
from exchange.ledger.directory_store import Token
from exchange.ledger.record import Examined
from exchange.ledger.settle import Settlement
from exchange.ledger.statuses import Report, Target, find_target
from exchange.ledger.values import NewDocument

TAKEN_BACK = "Bên gửi đã lấy lại / Taken back by its sender"
LEFT_NOT = frozenset({State.READY, State.AVAILABLE, State.WAITING})
HANDED_BY_STATUS = frozenset({State.ACCEPTED})


def examine(context: Context, content: bytes, token: Token, now: datetime) -> Examined:
    """A signed status message, ready to be accepted; raises ``Refused``."""
    # (1) the signature and the form
    signed = open_signed(context, content, now)
    message = edxml.read(signed.root)
    if not isinstance(message, StatusMessage):
        raise refuse(
            "not_edxml",
            "This is a document; post it to /v1/documents.",
            "Đây là văn bản; hãy gửi tới /v1/documents.",
        )
    # (2) who reports, and about what
    reporter = check_sender(context, signed, message.sender.organ_id, token, now)
    check_time(context, signed, message.timestamp, now)
    target = _target(context, message, reporter, now)
    # (3) the message travels to the other side like a document
    document = _document(context, content, signed, message, reporter, target, now)
    other = target.receiver if message.status_code in FROM_SENDER else target.sender
    delivery = plan_delivery(context, document, receiver=other, addressed_as=other, rank_at=rank(now, 0, 0.0))
    return Examined(
        document=document,
        deliveries=(delivery,),
        report=Report(
            delivery=target.delivery,
            code=message.status_code,
            reported_by=reporter.code,
            reported_at=message.timestamp,
            message=document.id,
            description=message.description,
        ),
        withdrawals=_settlements(message, target, now),
    )


def _target(context: Context, message: StatusMessage, reporter: Agency, now: datetime) -> Target:
    if message.status_code not in STATUS_CODES:
        raise refuse(
            "status_unknown_code",
            f"{message.status_code or '(empty)'} is not a status code.",
            f"{message.status_code or '(trống)'} không phải mã trạng thái.",
            where="StatusCode",
        )
    other = context.registry.current.directory.find(message.response_for.organ_id, today(now))
    other_code = "" if other is None else other.code
    by_sender = message.status_code in FROM_SENDER
    sender, receiver = (reporter.code, other_code) if by_sender else (other_code, reporter.code)
    document_id = message.response_for.document_id
    target = find_target(context.database, sender=sender, document_id=document_id, receiver=receiver)
    if target is None:
        _refuse_unknown(context, message, reporter.code, other_code)
    assert target is not None
    return target


def _refuse_unknown(context: Context, message: StatusMessage, reporter: str, other: str) -> None:
    document_id = message.response_for.document_id
    by_sender = message.status_code in FROM_SENDER
    turned = (other, reporter) if by_sender else (reporter, other)
    reverse = find_target(context.database, sender=turned[0], document_id=document_id, receiver=turned[1])
    if reverse is not None:
        raise refuse(
            "status_not_allowed",
            f"{reporter} stands on the other side of {document_id}: it may not report {message.status_code}.",
            f"{reporter} ở phía bên kia của {document_id}: không được báo {message.status_code}.",
            where="StatusCode",
        )
    raise refuse(
        "status_document_unknown",
        f"No document {document_id} went between {reporter} and {message.response_for.organ_id}.",
        f"Không có văn bản {document_id} giữa {reporter} và {message.response_for.organ_id}.",
        where="ResponseFor",
    )


def _document(
    context: Context,
    content: bytes,
    signed: Signed,
    message: StatusMessage,
    reporter: Agency,
    target: Target,
    now: datetime,
) -> NewDocument:
    return NewDocument(
        id=new_id(),
        kind="status",
        sender=reporter.code,
        # A status message has no id of its own; its bytes are its id.
        document_id=f"status:{signed.digest}",
        digest=signed.digest,
        size=len(content),
        body=context.payloads.keep(content, signed.digest),
        accepted_at=now,
        subject=f"{message.status_code} {message.response_for.document_id}",
        certificate=signed.certificate.fingerprint,
        about=target.document,
    )


def _settlements(message: StatusMessage, target: Target, now: datetime) -> tuple[Settlement, ...]:
    if message.status_code in FROM_SENDER and target.state in LEFT_NOT:
        # Taken back before it left: it does not leave any more.
        return (withdrawal(target.delivery, "taken_back", TAKEN_BACK, now),)
    if message.status_code not in FROM_SENDER and target.state in HANDED_BY_STATUS:
        # Its software took it and would confirm later: this is the confirmation.
        return (
            Settlement(
                delivery=target.delivery,
                step=Step.HANDED,
                at=now,
                reference=f"status {message.status_code}",
            ),
        )
    return ()
