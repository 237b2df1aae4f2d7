"""Intake: a signed document comes in, and is refused at the door or accepted for good."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from exchange.context import Context, plan_delivery, ready_ids, today
from exchange.core import edxml, routing, signature
from exchange.core.codes import number_and_symbol, secret_mark
from exchange.core.delivery import Step, rank
from exchange.core.directory import Agency
from exchange.core.edxml import BusinessType, DocumentMessage
from exchange.core.receipt import Notice
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.core.share import classify
from exchange.core.signature import Signed
from exchange.ids import new_id
from exchange.ledger import reading, record
from exchange.ledger.directory_store import Token
from exchange.ledger.record import Examined, Recorded
from exchange.ledger.settle import Settlement
from exchange.ledger.values import NewDelivery, NewDocument

REVOKED = "Bên gửi đã thu hồi / Revoked by its sender"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sender is told: the acceptance, the original one if it was here before."""

    id: str
    acceptance: bytes
    fresh: bool


def examine(context: Context, content: bytes, token: Token, now: datetime) -> Examined:
    """Steps 1 to 5 of a document's way; raises ``Refused`` with every reason that is known."""
    # (1) the signature; from here on only what it covers is seen
    signed = open_signed(context, content, now)
    # (2) the form
    message = edxml.read(signed.root)
    if not isinstance(message, DocumentMessage):
        raise refuse(
            "not_edxml",
            "This is a status message; post it to /v1/status.",
            "Đây là gói tin trạng thái; hãy gửi tới /v1/status.",
        )
    edxml.check_attachments(message, context.settings.attachments_max)
    # (3) who sends
    sender = check_sender(context, signed, message.sender.organ_id, token, now)
    check_time(context, signed, message.signed_at, now)
    # (4) what it is
    check_not_secret(context, message)
    notices, earlier = _check_earlier(context, message, sender)
    # (5) where it goes
    plan = _plan(context, message, sender, len(content), now)
    document = _document(context, content, signed, message, sender, earlier, now)
    return Examined(
        document=document,
        deliveries=_deliveries(context, document, plan),
        notices=notices,
        withdrawals=_withdrawals(context, document, plan, now),
    )


def open_signed(context: Context, content: bytes, now: datetime) -> Signed:
    """The signed tree of a message that follows the schema; raises ``Refused``."""
    signed = signature.verify(content, context.registry.current.trust, now, context.verifier, context.limits)
    violations = context.schema.check(signed.root, signed.source)
    if violations:
        raise Refused(
            *(
                Refusal(
                    code="schema_violated",
                    where=f"line {violation.line}: {violation.path}",
                    detail=violation.message,
                    detail_vi=violation.message_vi,
                    values={"line": violation.line, "path": violation.path, "value": violation.value},
                )
                for violation in violations
            )
        )
    return signed


def check_sender(context: Context, signed: Signed, organ_id: str, token: Token, now: datetime) -> Agency:
    """The sender is the signer and the holder of the token; raises ``Refused``."""
    directory = context.registry.current.directory
    sender = directory.find(organ_id, today(now))
    if sender is None or not directory.is_open(sender, today(now)):
        raise refuse(
            "sender_unknown",
            f"{organ_id or '(empty)'} is not an agency that is open today.",
            f"{organ_id or '(trống)'} không phải cơ quan đang hoạt động.",
            where="From/OrganId",
        )
    if signed.certificate.agency != sender.code or token.agency != sender.code:
        raise refuse(
            "signer_not_sender",
            f"From names {organ_id}, the certificate belongs to {signed.certificate.agency}, "
            f"the token to {token.agency}.",
            f"From ghi {organ_id}, chứng thư số thuộc {signed.certificate.agency}, "
            f"mã truy cập thuộc {token.agency}.",
            where="From/OrganId",
        )
    return sender


def check_time(context: Context, signed: Signed, signed_at: datetime | None, now: datetime) -> None:
    """The certificate was valid for the agency when it signed; raises ``Refused``."""
    signature.check_signing_time(
        signed,
        signed_at,
        now,
        skew_seconds=context.settings.clock_skew_seconds,
        age_days_max=context.settings.signing_age_days_max,
    )


def check_not_secret(context: Context, message: DocumentMessage) -> None:
    """Raise ``Refused`` if the document is marked secret."""
    # QĐ 28/2018/QĐ-TTg art. 1.2
    mark = secret_mark((message.sphere,), frozenset(context.settings.secret_marks))
    if mark is not None:
        raise refuse(
            "secret_document",
            f"The document is marked “{mark}”.",
            f"Văn bản có dấu “{mark}”.",
            where="OtherInfo/SphereOfPromulgation",
        )


def _check_earlier(
    context: Context, message: DocumentMessage, sender: Agency
) -> tuple[tuple[Notice, ...], tuple[str, ...]]:
    kind = message.business.doc_type
    if kind is BusinessType.NEW:
        return (), ()
    earlier = message.earlier
    if not earlier and kind is BusinessType.REVOKE:
        earlier = (message.document_id,)  # as the axis' own sample of a revocation does
    if not earlier:
        raise refuse("reference_missing", where="Bussiness/DocumentId")
    senders = reading.senders_of(context.database, earlier)
    foreign = [each for each in earlier if each in senders and sender.code not in senders[each]]
    if foreign:
        raise refuse(
            "reference_not_allowed",
            f"{foreign[0]} was sent by another agency.",
            f"{foreign[0]} do cơ quan khác gửi.",
            where="Bussiness",
            document_ids=foreign,
        )
    notices = tuple(
        Notice(code="earlier_unknown", text=f"{each} did not pass through this exchange")
        for each in earlier
        if each not in senders
    )
    return notices, tuple(dict.fromkeys(earlier))


def check_receivers(context: Context, count: int) -> None:
    """Raise ``Refused`` if there are more receivers than a document may have."""
    limit = context.settings.receivers_max
    if count > limit:
        raise refuse(
            "too_many_receivers",
            f"{count} receivers; the limit is {limit}.",
            f"{count} nơi nhận; giới hạn là {limit}.",
            where="To",
            limit=limit,
        )


def _plan(
    context: Context, message: DocumentMessage, sender: Agency, size: int, now: datetime
) -> routing.Plan:
    check_receivers(context, len(message.receivers))
    plan = routing.plan(
        sender,
        [receiver.organ_id for receiver in message.receivers],
        context.registry.current.directory,
        today(now),
        document_bytes=size,
        attachment_types=[attachment.content_type for attachment in message.attachments],
    )
    if plan.refusals:
        raise Refused(*plan.refusals)
    return plan


def _document(
    context: Context,
    content: bytes,
    signed: Signed,
    message: DocumentMessage,
    sender: Agency,
    earlier: tuple[str, ...],
    now: datetime,
) -> NewDocument:
    return NewDocument(
        id=new_id(),
        kind="document",
        sender=sender.code,
        document_id=message.document_id,
        digest=signed.digest,
        size=len(content),
        body=context.payloads.keep(content, signed.digest),
        accepted_at=now,
        subject=message.subject,
        priority=message.priority,
        second_key=_second_key(message, sender) if message.business.doc_type is BusinessType.NEW else None,
        number=message.code_number,
        notation=message.code_notation,
        promulgated_on=message.promulgation_date,
        type_name=message.type_name,
        business_type=message.business.doc_type.value,
        earlier=earlier,
        paper=bool(message.business.paper),
        signed=True,
        certificate=signed.certificate.fingerprint,
    )


def _second_key(message: DocumentMessage, sender: Agency) -> str:
    # NĐ 30/2020/NĐ-CP App. VI §III.1h: warn on equal number, symbol and issuing body.
    return "|".join(
        (
            sender.code,
            number_and_symbol(message.code_number, message.code_notation),
            str(message.promulgation_date),
        )
    )


def _deliveries(context: Context, document: NewDocument, plan: routing.Plan) -> tuple[NewDelivery, ...]:
    rank_at = rank(document.accepted_at, document.priority, context.settings.head_start_seconds)
    return tuple(
        plan_delivery(
            context,
            document,
            receiver=route.receiver.code,
            addressed_as=route.addressed_as,
            forwarded_from=route.forwarded_from,
            rank_at=rank_at,
            exchange_class=classify(paper=document.paper).value,
        )
        for route in plan.routes
    )


def _withdrawals(
    context: Context, document: NewDocument, plan: routing.Plan, now: datetime
) -> tuple[Settlement, ...]:
    # A revoked document that has not left yet does not leave any more.
    if document.business_type != BusinessType.REVOKE:
        return ()
    receivers = [route.receiver.code for route in plan.routes]
    waiting = reading.undelivered_of(context.database, document.sender, document.earlier, receivers)
    return tuple(withdrawal(delivery, "revoked", REVOKED, now) for delivery in waiting)


def withdrawal(delivery: str, cause: str, reason: str, now: datetime) -> Settlement:
    """End a delivery that nobody is working at; one that is under way is left alone."""
    return Settlement(delivery=delivery, step=Step.REJECT, at=now, unclaimed=True, cause=cause, reason=reason)


def accepted_before(context: Context, content: bytes, sender: str) -> Answer | None:
    """The original acceptance of these very bytes, if this sender ever got one.

    Asked when a submission is refused: what was accepted stays accepted (promise 5), though its
    certificate has expired since, its receiver is closed, or its time of signing lies far back.
    """
    before = record.known_by_digest(context.database, sender, digest_of(content))
    return None if before is None else Answer(id=before.id, acceptance=before.acceptance, fresh=False)


def accept(context: Context, batch: Sequence[Examined]) -> list[Answer | Refusal]:
    """Steps 6 and 7 for a batch: one commit, one bell; the answers in the order of the batch."""
    sign = partial(_acceptance, context)
    recorded = record.record(context.database, batch, sign, context.issuer.end)
    pairs = list(zip(batch, recorded, strict=True))
    context.bell.announce(
        [each for examined, known in pairs if known.fresh for each in ready_ids(examined.deliveries)]
    )
    return [_answer(examined, known) for examined, known in pairs]


def _acceptance(context: Context, examined: Examined, twin: str | None) -> NewDocument:
    notices = examined.notices
    if twin is not None:
        text = f"{twin} has the same issuer, number, symbol and date"
        notices += (Notice(code="number_used_before", text=text),)
    return context.issuer.acceptance(examined.document, examined.deliveries, notices)


def _answer(examined: Examined, known: Recorded) -> Answer | Refusal:
    document = examined.document
    if known.digest == document.digest:
        return Answer(id=known.id, acceptance=known.acceptance, fresh=known.fresh)
    return Refusal(
        code="document_id_conflict",
        where="MessageHeader/DocumentId",
        detail=f"{document.document_id} was accepted with SHA-256 {known.digest}; "
        f"this document has {document.digest}.",
        detail_vi=f"{document.document_id} đã được tiếp nhận với SHA-256 {known.digest}; "
        f"văn bản này có {document.digest}.",
        values={"accepted_digest": known.digest, "digest": document.digest, "id": known.id},
    )


def digest_of(content: bytes) -> str:
    """SHA-256 of exact bytes, lower-case hex."""
    return hashlib.sha256(content).hexdigest()
