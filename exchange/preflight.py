"""Preflight: would this go through, to whom, and what stands in the way? Nothing is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from exchange import findings
from exchange.checks import (
    Reasons,
    check_all,
    check_form,
    may_send_unsigned,
    plan_routes,
    read_document,
    verify,
)
from exchange.context import Context, today
from exchange.core import parsing, unsigned
from exchange.core.codes import normalise
from exchange.core.directory import Agency, Directory
from exchange.core.edxml import DocumentMessage
from exchange.core.expiry import end_of
from exchange.core.pdf_findings import DocumentFindings
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.core.signature import Signed
from exchange.core.standing import shown
from exchange.intake import conflict, digest_of
from exchange.ledger import reading
from exchange.ledger.directory_store import Token
from exchange.ledger.statuses import find_accepted

LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """One receiver: ``would_go`` only says that nothing known is against it."""

    addressed_as: str
    receiver: str
    name: str
    would_go: bool
    forwarded: bool
    reachable_lately: bool | None  # None: nothing was sent there lately
    last_contact: datetime | None
    failing_since: datetime | None
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The answer for all receivers, and until when the sender's certificates are valid."""

    sender: str
    certificate_valid_to: datetime | None
    bytes_max: int
    too_large: bool
    prospects: tuple[Prospect, ...]
    refusals: tuple[Refusal, ...]  # what is against the document whoever receives it
    unsigned: bool = False  # nobody signed it, and the sender is allowed that
    findings: DocumentFindings | None = None  # on the signatures in attached PDFs; None: not examined

    @property
    def would_go(self) -> bool:
        """Whether the document as a whole would be accepted."""
        return (
            not self.too_large
            and not self.refusals
            and (self.unsigned or self.certificate_valid_to is not None)
            and bool(self.prospects)
            and all(prospect.would_go for prospect in self.prospects)
        )


def of_question(
    context: Context,
    token: Token,
    receivers: Sequence[str],
    *,
    size: int,
    attachment_types: Sequence[str],
    now: datetime,
) -> Preflight:
    """Answer for a document that is not made yet; raises ``Refused`` if nobody known asks."""
    sender = _holder(context, token)
    reasons = Reasons()
    reasons.of(plan_routes, context, sender, receivers, size, attachment_types, now)
    return _preflight(context, sender, receivers, size, reasons.found, now)


def of_document(context: Context, token: Token, content: bytes, now: datetime) -> Preflight:
    """Answer for a document, with all that intake would have against it.

    A draft carries no signature and is judged as if its sender had signed it. Raises ``Refused`` for
    what cannot be read as a document, or if nobody known asks.
    """
    sender = _holder(context, token)
    reasons = Reasons()
    root = parsing.parse(content, context.limits)
    allowed = may_send_unsigned(sender, now) and unsigned.lack_of(root) is not None
    signed = None if allowed else reasons.of(_signed, context, content, now)
    reasons.of(check_form, context.lenient_schema if allowed else context.schema, root)
    message = reasons.of(read_document, root)
    if message is None:
        raise Refused(*reasons.found)
    checked = reasons.of(check_all, context, message, signed, token, len(content), now)
    found = findings.look(context, content, now)
    if checked is not None and found is not None:
        reasons.of(findings.judge, found, message, checked.plan)
    reasons.of(_check_key, context, message, sender, content)
    receivers = [receiver.organ_id for receiver in message.receivers]
    answer = _preflight(context, sender, receivers, len(content), reasons.found, now)
    return replace(answer, findings=found, unsigned=allowed)


def _holder(context: Context, token: Token) -> Agency:
    sender = context.registry.current.directory.get(token.agency)
    if sender is None:
        raise refuse(
            "sender_unknown",
            f"{token.agency} is not in the directory.",
            f"{token.agency} không có trong danh bạ.",
            where="token",
        )
    return sender


def _signed(context: Context, content: bytes, now: datetime) -> Signed | None:
    """None for a draft."""
    try:
        return verify(context, content, now)
    except Refused as refused:
        if refused.refusals[0].code == "signature_missing":
            return None
        raise


def _check_key(context: Context, message: DocumentMessage, sender: Agency, content: bytes) -> None:
    accepted = find_accepted(
        context.database,
        sender=sender.code,
        document_id=message.document_id,
        business_type=message.business.doc_type.value,
    )
    digest = digest_of(content)
    if accepted is not None and accepted[1] != digest:
        raise Refused(conflict(message.document_id, digest, *accepted))


def _preflight(
    context: Context,
    sender: Agency,
    receivers: Sequence[str],
    size: int,
    refusals: Sequence[Refusal],
    now: datetime,
) -> Preflight:
    # Too many are not planned, so nothing can be said of each.
    receivers = receivers if len(receivers) <= context.settings.receivers_max else ()
    limit = context.settings.document_bytes_max
    return Preflight(
        sender=sender.code,
        certificate_valid_to=_valid_to(context, sender, now),
        bytes_max=limit,
        too_large=size > limit,
        prospects=_prospects(context, receivers, refusals, now),
        refusals=tuple(each for each in refusals if not each.where.startswith("To[")),
    )


def _prospects(
    context: Context, receivers: Sequence[str], refusals: Sequence[Refusal], now: datetime
) -> tuple[Prospect, ...]:
    directory, day = context.registry.current.directory, today(now)
    agencies = [_agency(directory, code, day) for code in receivers]
    keys = [agency.code for agency in agencies if agency is not None]
    contacts = reading.last_contact(context.database, keys)
    failing = reading.waiting_since(context.database, keys)
    return tuple(
        _prospect(
            code,
            agency,
            tuple(each for each in refusals if each.where.startswith(f"To[{position}]")),
            contacts.get(agency.code) if agency else None,
            failing.get(agency.code) if agency else None,
            now,
        )
        for position, (code, agency) in enumerate(zip(receivers, agencies, strict=True), 1)
    )


def _agency(directory: Directory, code: str, on: date) -> Agency | None:
    """Who would get it: the agency itself, or the one that follows it."""
    agency = directory.find(code, on)
    if agency is None or directory.is_open(agency, on):
        return agency
    return directory.successor_of(agency, on) or agency


def _prospect(
    code: str,
    agency: Agency | None,
    refusals: tuple[Refusal, ...],
    contact: datetime | None,
    failing_since: datetime | None,
    now: datetime,
) -> Prospect:
    return Prospect(
        addressed_as=code,
        receiver=agency.code if agency else "",
        name=agency.as_of(today(now)).name if agency else "",
        would_go=not refusals,
        forwarded=agency is not None and normalise(code) not in _codes(agency),
        reachable_lately=_reachable(contact, failing_since, now),
        last_contact=contact,
        failing_since=failing_since,
        refusals=refusals,
    )


def _codes(agency: Agency) -> set[str]:
    return {agency.code, *(alias.code for alias in agency.aliases)}


def _reachable(contact: datetime | None, failing_since: datetime | None, now: datetime) -> bool | None:
    if failing_since is not None and (contact is None or contact < failing_since):
        return False
    return True if contact is not None and now - contact <= LATELY else None


def _valid_to(context: Context, sender: Agency, now: datetime) -> datetime | None:
    looked_at = context.settings.revocation != "off"
    verdicts = context.registry.current.verdicts if looked_at else {}
    ends = [
        end_of(each)
        for each in sender.certificates
        if each.valid_from <= now and shown(verdicts.get(each.fingerprint), now) != "revoked"
    ]
    latest = max(ends, default=None)
    return latest if latest is not None and latest > now else None
