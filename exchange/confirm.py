"""Confirm: an agency says, signed, what it did with a document, or asks to have it back."""

from collections.abc import Sequence
from datetime import datetime

from exchange.checks import Opened, Reasons, acts_for, check_sender, check_time, open_message
from exchange.context import Context, plan_delivery, today
from exchange.core import edxml
from exchange.core.codes import normalise
from exchange.core.delivery import FROM_SENDER, STATUS_CODES, rank
from exchange.core.directory import Agency
from exchange.core.edxml import StatusMessage
from exchange.core.refusal import Refused, refuse
from exchange.core.standing import NOTHING_SAID, Assurance
from exchange.ids import new_id
from exchange.ledger.directory_store import Token
from exchange.ledger.record import Examined
from exchange.ledger.statuses import Report, Target, find_target
from exchange.ledger.values import NewDelivery, NewDocument


def examine(context: Context, content: bytes, token: Token, now: datetime) -> Examined:
    """A status message, ready to be accepted; raises ``Refused``.

    One that nobody signed, of an agency that is allowed that, is kept as unproven and moves no delivery.
    """
    # (1) the signature and the form
    opened = open_message(context, content, token, now)
    message = edxml.read(opened.root)
    if not isinstance(message, StatusMessage):
        raise refuse(
            "not_edxml",
            "This is a document; post it to /v1/documents.",
            "Đây là văn bản; hãy gửi tới /v1/documents.",
        )
    # (2) who reports, and about what
    reasons = Reasons()
    reporter = reasons.of(check_sender, context, opened.signed, message.sender.organ_id, token, now)
    assurance: Assurance | None = NOTHING_SAID
    if opened.signed is not None:
        assurance = reasons.of(check_time, context, opened.signed, message.timestamp, now)
    reasons.of(_check_code, message)
    reasons.raise_if_any()
    assert reporter is not None
    assert assurance is not None
    target = _target(context, message, reporter, now)
    # (3) the message travels to the other side like a document
    document = _document(context, content, opened, message, reporter, target, now)
    deliveries = carried_by(context, document, message, target, now)
    return Examined(
        document=document,
        deliveries=deliveries,
        notices=opened.notices,
        assurance=assurance,
        report=Report(
            document=target.document,
            receiver=target.receiver,
            code=message.status_code,
            reported_by=reporter.code,
            reported_at=message.timestamp,
            message=None if opened.signed is None else document.id,
            description=message.description,
        ),
    )


def _check_code(message: StatusMessage) -> None:
    if message.status_code not in STATUS_CODES:
        raise refuse(
            "status_unknown_code",
            f"{message.status_code or '(empty)'} is not a status code.",
            f"{message.status_code or '(trống)'} không phải mã trạng thái.",
            where="StatusCode",
        )


def _target(context: Context, message: StatusMessage, reporter: Agency, now: datetime) -> Target:
    own, others = acts_for(context, reporter, now), _others(context, message.response_for.organ_id, now)
    by_sender = message.status_code in FROM_SENDER
    target = _find(context, message, own, others, by_sender=by_sender)
    if target is not None:
        return target
    if _find(context, message, own, others, by_sender=not by_sender) is not None:
        raise _not_allowed(message, reporter.code)
    raise _unknown(message, reporter.code)


def _find(
    context: Context,
    message: StatusMessage,
    own: Sequence[str],
    others: Sequence[str],
    *,
    by_sender: bool,
) -> Target | None:
    """The delivery between the reporter and the other side, the reporter being the sender or not."""
    document_id = message.response_for.document_id
    if by_sender:
        written = normalise(message.response_for.organ_id)
        return find_target(
            context.database, senders=own, document_id=document_id, receivers=others, written=written
        )
    return find_target(context.database, senders=others, document_id=document_id, receivers=own)


def _others(context: Context, code: str, now: datetime) -> tuple[str, ...]:
    """The keys under which the agency that ``code`` names may stand at a delivery, the likeliest first.

    A status comes long after its document: the code may be withdrawn or another's since, the agency
    closed. So: who has the code today, who ever had it, who follows them, and whom they follow.
    """
    directory, day = context.registry.current.directory, today(now)
    found = [each for each in (directory.find(code, day),) if each is not None]
    found += [holding.agency for holding in directory.history(code)]
    found += [each for agency in found for each in directory.successors(agency)]
    keys = [agency.code for agency in found]
    keys += [key for agency in found for key in acts_for(context, agency, now)]
    return tuple(dict.fromkeys(keys))


def _not_allowed(message: StatusMessage, reporter: str) -> Refused:
    document_id, code = message.response_for.document_id, message.status_code
    return refuse(
        "status_not_allowed",
        f"{reporter} stands on the other side of {document_id}: it may not report {code}.",
        f"{reporter} ở phía bên kia của {document_id}: không được báo {code}.",
        where="StatusCode",
    )


def _unknown(message: StatusMessage, reporter: str) -> Refused:
    document_id, other = message.response_for.document_id, message.response_for.organ_id
    return refuse(
        "status_document_unknown",
        f"No document {document_id} went between {reporter} and {other}.",
        f"Không có văn bản {document_id} giữa {reporter} và {other}.",
        where="ResponseFor",
    )


def carried_by(
    context: Context, document: NewDocument, message: StatusMessage, target: Target, now: datetime
) -> tuple[NewDelivery, ...]:
    """The status goes to the other side; where that is closed by now, to all agencies that follow it.

    Each part of a split agency acts for it, and so has to hear what became of what it sent.
    """
    directory, day = context.registry.current.directory, today(now)
    other = target.receiver if message.status_code in FROM_SENDER else target.sender
    agency = directory.get(other)
    closed = agency is not None and not directory.is_open(agency, day)
    heirs = [each.code for each in directory.heirs(agency, day)] if agency is not None and closed else []
    return tuple(
        plan_delivery(
            context,
            document,
            receiver=receiver,
            addressed_as=receiver,
            forwarded_from=other if heirs else "",
            rank_at=rank(now, 0, 0.0),
        )
        for receiver in heirs or [other]
    )


def _document(
    context: Context,
    content: bytes,
    opened: Opened,
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
        document_id=f"status:{opened.digest}",
        digest=opened.digest,
        size=len(content),
        body=context.payloads.keep(content, opened.digest),
        accepted_at=now,
        subject=f"{message.status_code} {message.response_for.document_id}",
        signed=opened.signed is not None,
        certificate=opened.certificate,
        about=target.document,
    )
