"""The checks of steps 1 to 5: signature and form, who sends, what it is, where it goes.

Intake, confirm and preflight make the same ones. What fails the first two cannot be read further; the
others are independent, and the sender hears all their reasons at once.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ParamSpec, TypeVar

from lxml import etree

from exchange.context import Context, today
from exchange.core import edxml, parsing, routing, signature, unsigned
from exchange.core.codes import secret_mark
from exchange.core.directory import Agency
from exchange.core.edxml import BusinessType, DocumentMessage
from exchange.core.hub import for_us
from exchange.core.receipt import Notice
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.core.refusal_texts import CATALOGUE
from exchange.core.schema import Schema
from exchange.core.signature import Signed
from exchange.core.standing import NOTHING_SAID, Assurance
from exchange.core.unsigned import NOT_SIGNED, Lack
from exchange.ledger import reading
from exchange.ledger.directory_store import Token

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The earlier documents that one revokes, updates or replaces, and under whose keys they were sent."""

    document_ids: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message that may be read: its tree, and the signature over it, or why there is none that proves."""

    root: etree._Element
    digest: str
    signed: Signed | None
    lack: Lack | None = None

    @property
    def certificate(self) -> str:
        """The fingerprint of the signer's certificate; empty where nobody signed."""
        return "" if self.signed is None else self.signed.certificate.fingerprint

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the acceptance says of a signature that is not there."""
        if self.lack is None:
            return ()
        return (Notice(code=NOT_SIGNED, text=" / ".join(unsigned.words(self.lack))),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What steps 3 to 5 found out about a document that nothing is against."""

    sender: Agency
    earlier: Earlier
    plan: routing.Plan
    assurance: Assurance = NOTHING_SAID


class Reasons:
    """The refusals of independent checks, collected so that a sender hears all of them at once."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []

    def of(self, check: Callable[P, T], *args: P.args, **values: P.kwargs) -> T | None:
        """What ``check`` returns; None where it refuses, and its reasons are kept, each once."""
        try:
            return check(*args, **values)
        except Refused as refused:
            self.found += [each for each in refused.refusals if each not in self.found]
            return None

    def raise_if_any(self) -> None:
        """Raise ``Refused`` with everything that was found."""
        if self.found:
            # The first one is the answer's: what may pass by itself comes last.
            raise Refused(*sorted(self.found, key=lambda each: CATALOGUE[each.code].status >= 500))


def open_message(context: Context, content: bytes, token: Token, now: datetime) -> Opened:
    """The tree of a message that follows the schema; raises ``Refused``.

    Signed, unless the agency of ``token`` is allowed packages without a signature that proves anything.
    """
    try:
        signed = verify(context, content, now)
    except Refused as refused:
        return _open_unsigned(context, content, token, now, refused)
    check_form(context.schema, signed.root, signed.source)
    return Opened(root=signed.root, digest=signed.digest, signed=signed)


def _open_unsigned(context: Context, content: bytes, token: Token, now: datetime, refused: Refused) -> Opened:
    """By the allowance of the sender's agency, or else ``refused`` stands."""
    agency = context.registry.current.directory.get(token.agency)
    if agency is None or agency.unsigned_until is None or not _speaks_of_signature(refused):
        raise refused
    root = parsing.parse(content, context.limits)
    lack = unsigned.lack_of(root)
    if lack is None:
        raise refused
    if not may_send_unsigned(agency, now):
        raise _no_longer_allowed(agency, agency.unsigned_until)
    check_form(context.lenient_schema, root)
    return Opened(root=root, digest=hashlib.sha256(content).hexdigest(), signed=None, lack=lack)


def may_send_unsigned(agency: Agency, now: datetime) -> bool:
    """Whether the agency is allowed packages without a valid signature on this day, the last one included."""
    return agency.unsigned_until is not None and today(now) <= agency.unsigned_until


def _speaks_of_signature(refused: Refused) -> bool:
    return all(each.code.startswith("signature_") for each in refused.refusals)


def _no_longer_allowed(agency: Agency, until: date) -> Refused:
    return refuse(
        "signature_missing",
        f"{agency.code} was allowed packages without a valid signature until {until.isoformat()}.",
        f"{agency.code} chỉ được gửi gói tin không có chữ ký hợp lệ đến hết ngày {until.isoformat()}.",
        unsigned_until=until.isoformat(),
    )


def verify(context: Context, content: bytes, now: datetime) -> Signed:
    """The signed tree, whatever its form; raises ``Refused``."""
    return signature.verify(content, context.registry.current.trust, now, context.verifier, context.limits)


def check_form(schema: Schema, root: etree._Element, source: etree._Element | None = None) -> None:
    """Raise ``Refused`` with everything that is against the schema."""
    violations = schema.check(root, source)
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


def read_document(root: etree._Element) -> DocumentMessage:
    """The document in a message; raises ``Refused`` for any other message."""
    message = edxml.read(root)
    if not isinstance(message, DocumentMessage):
        raise refuse(
            "not_edxml",
            "This is a status message; post it to /v1/status.",
            "Đây là gói tin trạng thái; hãy gửi tới /v1/status.",
        )
    return message


def check_all(
    context: Context,
    message: DocumentMessage,
    signed: Signed | None,
    token: Token,
    size: int,
    now: datetime,
) -> Checked:
    """Steps 3 to 5; raises ``Refused`` with the reasons of all of them.

    ``signed`` is None for a draft, and for what comes unsigned by an allowance.
    Where From is refused, the rest is judged for the holder of the token: no reason is held back, and
    nobody learns what another agency may do.
    """
    reasons = Reasons()
    # (3) who sends
    named = reasons.of(check_sender, context, signed, message.sender.organ_id, token, now)
    assurance = None
    if signed is not None:
        assurance = reasons.of(check_time, context, signed, message.signed_at, now)
    sender = named or context.registry.current.directory.get(token.agency)
    # (4) what it is
    reasons.of(edxml.check_attachments, message, context.settings.attachments_max)
    reasons.of(check_not_secret, context, message)
    if sender is None:
        raise Refused(*reasons.found)
    earlier = reasons.of(_check_earlier, context, message, sender, now)
    # (5) where it goes
    to = [receiver.organ_id for receiver in message.receivers]
    if token.brought_by:  # nothing goes back to the hub that it came from
        to = for_us(context.registry.current.directory, to, token.brought_by, today(now))
    types = [attachment.content_type for attachment in message.attachments]
    plan = reasons.of(plan_routes, context, sender, to, size, types, now)
    # What is against the document itself comes first: it is more than a matter of waiting.
    reasons.of(context.stamp_age.check, now)
    reasons.raise_if_any()
    assert earlier is not None
    assert plan is not None
    return Checked(sender=sender, earlier=earlier, plan=plan, assurance=assurance or NOTHING_SAID)


def check_sender(
    context: Context, signed: Signed | None, organ_id: str, token: Token, now: datetime
) -> Agency:
    """The sender is open, the signer and the holder of the token; raises ``Refused``.

    ``signed`` is None for a draft, and for what may come unsigned: then the token alone says who sends.
    """
    directory = context.registry.current.directory
    sender = directory.find(organ_id, today(now))
    if sender is None:
        raise refuse(
            "sender_unknown",
            f"{organ_id or '(empty)'} is not an agency that is open today.",
            f"{organ_id or '(trống)'} không phải cơ quan đang hoạt động.",
            where="From/OrganId",
        )
    reasons = []
    if not directory.is_open(sender, today(now)):
        reasons.append(routing.closed_sender(sender, today(now)))
    signer = sender.code if signed is None else signed.certificate.agency
    if signer != sender.code or token.agency != sender.code:
        reasons.append(_not_sender(organ_id, "" if signed is None else signer, token.agency))
    if reasons:
        raise Refused(*reasons)
    return sender


def _not_sender(organ_id: str, signer: str, holder: str) -> Refusal:
    certificate = f"the certificate belongs to {signer}, " if signer else ""
    certificate_vi = f"chứng thư số thuộc {signer}, " if signer else ""
    return Refusal(
        code="signer_not_sender",
        where="From/OrganId",
        detail=f"From names {organ_id}, {certificate}the token belongs to {holder}.",
        detail_vi=f"From ghi {organ_id}, {certificate_vi}mã truy cập thuộc {holder}.",
    )


def check_time(context: Context, signed: Signed, signed_at: datetime | None, now: datetime) -> Assurance:
    """The certificate was valid for the agency when it signed; raises ``Refused``."""
    return signature.check_signing_time(
        signed,
        signed_at,
        now,
        skew_seconds=context.settings.clock_skew_seconds,
        age_days_max=context.settings.signing_age_days_max,
        verdict=context.registry.current.verdicts.get(signed.certificate.fingerprint),
        mode=context.settings.revocation,
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


def acts_for(context: Context, agency: Agency, now: datetime) -> tuple[str, ...]:
    """The keys under which an agency's documents stand: its own, and those of the closed ones it follows."""
    followed = context.registry.current.directory.predecessors(agency, today(now))
    return agency.code, *(each.code for each in followed)


def _check_earlier(context: Context, message: DocumentMessage, sender: Agency, now: datetime) -> Earlier:
    kind = message.business.doc_type
    if kind is BusinessType.NEW:
        return Earlier()
    earlier = message.earlier
    if not earlier and kind is BusinessType.REVOKE:
        earlier = (message.document_id,)  # as the axis' own sample of a revocation does
    if not earlier:
        raise refuse("reference_missing", where="Bussiness/DocumentId")
    senders = reading.senders_of(context.database, earlier)
    own = acts_for(context, sender, now)
    foreign = [each for each in earlier if each in senders and senders[each].isdisjoint(own)]
    if foreign:
        raise _foreign(foreign)
    return Earlier(
        document_ids=tuple(dict.fromkeys(earlier)),
        senders=tuple(key for key in own if any(key in keys for keys in senders.values())),
        notices=tuple(
            Notice(code="earlier_unknown", text=f"{each} did not pass through this exchange")
            for each in earlier
            if each not in senders
        ),
    )


def _foreign(document_ids: list[str]) -> Refused:
    return refuse(
        "reference_not_allowed",
        f"{document_ids[0]} was sent by another agency.",
        f"{document_ids[0]} do cơ quan khác gửi.",
        where="Bussiness",
        document_ids=document_ids,
    )


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


def plan_routes(
    context: Context,
    sender: Agency,
    receivers: Sequence[str],
    size: int,
    attachment_types: Sequence[str],
    now: datetime,
) -> routing.Plan:
    """Where a document would go; raises ``Refused`` unless it can go to everybody."""
    check_receivers(context, len(receivers))
    plan = routing.plan(
        sender,
        receivers,
        context.registry.current.directory,
        today(now),
        document_bytes=size,
        attachment_types=attachment_types,
    )
    if plan.refusals:
        raise Refused(*plan.refusals)
    return plan
