"""Intake: a signed document comes in, and is refused at the door or accepted for good."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from exchange import checks, findings
from exchange.context import Context, plan_delivery, ready_ids
from exchange.core import routing
from exchange.core.delivery import rank
from exchange.core.edxml import BusinessType, DocumentMessage
from exchange.core.receipt import Notice
from exchange.core.refusal import Refusal
from exchange.core.share import classify, second_key
from exchange.ids import new_id
from exchange.ledger import record
from exchange.ledger.directory_store import Token
from exchange.ledger.earlier import Revocation
from exchange.ledger.record import Examined, Recorded
from exchange.ledger.values import NewDelivery, NewDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sender is told: the acceptance, the original one if it was here before."""

    id: str
    acceptance: bytes
    fresh: bool


def examine(context: Context, content: bytes, token: Token, now: datetime) -> Examined:
    """Steps 1 to 5 of a document's way; raises ``Refused`` with every reason that is known."""
    # (1) the signature; from here on only what it covers is seen, or everything where none is asked for
    opened = checks.open_message(context, content, token, now)
    # (2) the form; what breaks it cannot be read further
    message = checks.read_document(opened.root)
    # (3) to (5) who sends, what it is, where it goes
    checked = checks.check_all(context, message, opened.signed, token, len(content), now)
    # and the signatures in what is attached, where a receiver or the site wants them looked at before
    looked_at = findings.at_the_door(context, content, message, checked.plan, now)
    document = _document(context, content, opened, message, checked, now)
    return Examined(
        document=document,
        deliveries=_deliveries(context, document, checked.plan),
        notices=(*opened.notices, *checked.earlier.notices, *checked.plan.notices, *looked_at),
        assurance=checked.assurance,
        revocation=_revocation(context, document, checked, now),
    )


def _document(
    context: Context,
    content: bytes,
    opened: checks.Opened,
    message: DocumentMessage,
    checked: checks.Checked,
    now: datetime,
) -> NewDocument:
    sender = checked.sender
    return NewDocument(
        id=new_id(),
        kind="document",
        sender=sender.code,
        document_id=message.document_id,
        digest=opened.digest,
        size=len(content),
        body=context.payloads.keep(content, opened.digest),
        accepted_at=now,
        subject=message.subject,
        priority=message.priority,
        second_key=_second_key(message, sender.code),
        number=message.code_number,
        notation=message.code_notation,
        promulgated_on=message.promulgation_date,
        type_name=message.type_name,
        business_type=message.business.doc_type.value,
        earlier=checked.earlier.document_ids,
        paper=bool(message.business.paper),
        signed=opened.signed is not None,
        signer=message.full_name,
        copies=message.promulgation_amount,
        certificate=opened.certificate,
    )


def _second_key(message: DocumentMessage, sender: str) -> str | None:
    if message.business.doc_type is not BusinessType.NEW:
        return None
    return second_key(sender, message.code_number, message.code_notation, message.promulgation_date)


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


def _revocation(
    context: Context, document: NewDocument, checked: checks.Checked, now: datetime
) -> Revocation | None:
    # A revoked document that has not left yet does not leave any more: not to a receiver that is
    # named, and not to a closed one that it follows.
    if document.business_type != BusinessType.REVOKE:
        return None
    receivers = [
        key for route in checked.plan.routes for key in checks.acts_for(context, route.receiver, now)
    ]
    return Revocation(
        senders=checks.acts_for(context, checked.sender, now),
        document_ids=checked.earlier.document_ids,
        receivers=tuple(dict.fromkeys(receivers)),
    )


def accepted_before(context: Context, content: bytes, sender: str) -> Answer | None:
    """The original acceptance of these very bytes, if this sender ever got one.

    Asked when a submission is refused: what was accepted stays accepted (promise 5), though its
    certificate has expired since, its receiver is closed, or its time of signing lies far back.
    """
    before = record.known_by_digest(context.database, sender, digest_of(content))
    return None if before is None else Answer(id=before.id, acceptance=before.acceptance, fresh=False)


def accept(context: Context, batch: Sequence[Examined]) -> list[Answer | Refusal]:
    """Steps 6 and 7 for a batch: one commit, one bell; the answers in the order of the batch."""
    # What waited here for long is not taken for forgotten: its file is relied on from now on.
    in_files = [each.document.digest for each in batch if each.document.body is None]
    if in_files:
        context.payloads.renew(in_files)
    sign = partial(_acceptance, context)
    recorded = record.record(context.database, batch, sign, context.issuer.end)
    pairs = list(zip(batch, recorded, strict=True))
    fresh = [(examined, known) for examined, known in pairs if known.fresh]
    context.bell.announce(
        [each for examined, known in fresh for each in (*ready_ids(examined.deliveries), *known.ready)]
    )
    return [_answer(examined, known) for examined, known in pairs]


def _acceptance(context: Context, examined: Examined, twin: str | None) -> NewDocument:
    notices = examined.notices
    if twin is not None:
        text = f"{twin} has the same issuer, number, symbol and date"
        notices += (Notice(code="number_used_before", text=text),)
    return context.issuer.acceptance(examined.document, examined.deliveries, notices, examined.assurance)


def _answer(examined: Examined, known: Recorded) -> Answer | Refusal:
    document = examined.document
    if known.digest == document.digest:
        return Answer(id=known.id, acceptance=known.acceptance, fresh=known.fresh)
    return conflict(document.document_id, document.digest, known.id, known.digest)


def conflict(document_id: str, digest: str, accepted: str, accepted_digest: str) -> Refusal:
    """What is said of a document whose DocumentId stands for other bytes already."""
    return Refusal(
        code="document_id_conflict",
        where="MessageHeader/DocumentId",
        detail=f"{document_id} was accepted with SHA-256 {accepted_digest}; this document has {digest}.",
        detail_vi=f"{document_id} đã được tiếp nhận với SHA-256 {accepted_digest}; văn bản này có {digest}.",
        values={"accepted_digest": accepted_digest, "digest": digest, "id": accepted},
    )


def digest_of(content: bytes) -> str:
    """SHA-256 of exact bytes, lower-case hex."""
    return hashlib.sha256(content).hexdigest()
