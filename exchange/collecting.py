"""Collecting: what an agency's software handed over becomes a message that intake takes as everybody's.

A letter is composed and, where the site gave the broker the agency's key, signed. Both have moments of their
own in them, and a signature may be another each time: so what was made is kept before it is accepted, and
what is collected again after a crash is the very same message. Where that is kept no more (another worker was
faster, or the software was told only days later), what was accepted is looked at: it says the same, or not.
"""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta

from lxml import etree
from sqlalchemy.exc import IntegrityError

from exchange.adapter import StatusReport
from exchange.context import Context
from exchange.core import edxml, parsing
from exchange.core.delivery import FROM_RECEIVER
from exchange.core.directory import Agency
from exchange.core.edxml import DocumentMessage
from exchange.core.letter import Letter
from exchange.core.refusal import refuse
from exchange.core.signature import sign
from exchange.desk import composing, sending, status
from exchange.desk.keys import key_of
from exchange.intake import digest_of
from exchange.ledger import drafts, incoming_reading, statuses
from exchange.ledger.drafts import Draft
from exchange.ledger.record import Examined
from exchange.payloads import Missing, NotKept

AHEAD_MAX = timedelta(minutes=5)  # what the clock of an agency's software may be fast by


def message_of(context: Context, agency: Agency, key: str, made_of: bytes | Letter, now: datetime) -> bytes:
    """The message to be accepted: the bytes as they are if they are signed, else what the broker signs.

    Raises ``Refused``: what cannot be composed, ``receiver_unknown``, what is no XML.
    """
    if isinstance(made_of, bytes) and (_is_signed(context, made_of) or key_of(context, agency, now) is None):
        return made_of
    draft = _draft_id(agency, key, made_of)
    kept = _kept(context, agency, draft)
    if kept is not None:
        return kept
    content = _signed(context, agency, _composed(context, agency, made_of, now), now)
    try:
        _keep(context, agency, draft, content, now)
    except IntegrityError:  # another worker kept it meanwhile, and may be done with it by now
        return _kept(context, agency, draft) or content
    return content


def accepted_before(context: Context, sender: str, content: bytes) -> bool:
    """Whether the sender's document of this DocumentId was accepted, and says the same.

    Its signature and the moments of its way may be others: the broker made both. Only of a document that the
    broker composed or signed.
    """
    root = parsing.parse(content, context.limits)
    message = edxml.read(root)
    if not isinstance(message, DocumentMessage):
        return False
    found = statuses.find_accepted(
        context.database,
        sender=sender,
        document_id=message.document_id,
        business_type=message.business.doc_type.value,
    )
    if found is None:
        return False
    try:
        accepted = parsing.parse(context.payloads.read(found[1]), context.limits)
    except Missing:
        raise NotKept(f"what was accepted as {message.document_id} cannot be read") from None
    return _said(accepted) == _said(root)


def _said(root: etree._Element) -> bytes:
    """All that the document says, without its signature and the moments of its way."""
    for each in [*root.iter("{*}Signature"), *root.iter("{*}TraceHeader")]:
        parent = each.getparent()
        if parent is not None:
            parent.remove(each)
    return etree.tostring(root, method="c14n2", strip_text=True)


def _kept(context: Context, agency: Agency, draft: str) -> bytes | None:
    kept = drafts.find(context.database, agency.code, draft)
    if kept is None:
        return None
    return kept.body if kept.body is not None else context.payloads.read_file(kept.digest)


def done(context: Context, agency: Agency, key: str, made_of: bytes | Letter) -> None:
    """The agency's software knows that it was accepted: the message need not be kept for another time."""
    drafts.discard(context.database, agency.code, _draft_id(agency, key, made_of))


def report_of(context: Context, agency: Agency, report: StatusReport, now: datetime) -> Examined | None:
    """A status, ready to be recorded; None where the very same was recorded before. Raises ``Refused``."""
    _check_report(report, now)
    found = incoming_reading.incoming(context.database, agency.code, report.delivery)
    if found is None:
        raise refuse(
            "not_found",
            f"No document came to {agency.code} as {report.delivery[:100]}.",
            f"Không có văn bản {report.delivery[:100]} gửi đến {agency.code}.",
        )
    if statuses.is_known(context.database, report.delivery, agency.code, report.code, report.at):
        return None
    row, _ = found
    return status.report(
        context,
        agency,
        row,
        report.code,
        report.words,
        report.staff,
        now,
        happened_at=report.at,
        agencys_word=report.agencys_word,
    )


def _check_report(report: StatusReport, now: datetime) -> None:
    if report.code not in FROM_RECEIVER - {"01"}:
        raise refuse(
            "status_unknown_code",
            f"Software that was given a document may not report {report.code[:20]!r} of it.",
            f"Phần mềm nơi nhận không được báo mã {report.code[:20]!r}.",
            where="StatusCode",
        )
    if report.at.utcoffset() is None or report.at > now + AHEAD_MAX:
        raise refuse(
            "signing_time_implausible",
            f"The time {report.at.isoformat()} has no zone, or lies in the future.",
            f"Thời điểm {report.at.isoformat()} không có múi giờ, hoặc ở tương lai.",
            where="Timestamp",
        )


def _is_signed(context: Context, content: bytes) -> bool:
    root = parsing.parse(content, context.limits)
    return next(root.iter("{*}SignatureValue"), None) is not None


def _composed(context: Context, agency: Agency, made_of: bytes | Letter, now: datetime) -> bytes:
    if isinstance(made_of, bytes):
        return made_of
    return composing.compose(made_of, agency, context.registry.current.directory, now)


def _signed(context: Context, agency: Agency, content: bytes, now: datetime) -> bytes:
    key = key_of(context, agency, now)
    return content if key is None else sign(parsing.parse(content, context.limits), key)


def _draft_id(agency: Agency, key: str, made_of: bytes | Letter) -> str:
    if isinstance(made_of, bytes):
        text = made_of
    else:
        fields = asdict(made_of)
        fields["files"] = [(each.name, digest_of(each.content)) for each in made_of.files]
        text = json.dumps(fields, default=str, sort_keys=True).encode()
    return hashlib.sha256(json.dumps([agency.code, key]).encode() + text).hexdigest()


def _keep(context: Context, agency: Agency, draft: str, content: bytes, now: datetime) -> None:
    digest = digest_of(content)
    sending.keep_draft(
        context,
        Draft(
            id=draft,
            agency=agency.code,
            account="",
            created_at=now,
            digest=digest,
            size=len(content),
            body=context.payloads.keep(content, digest),
        ),
    )
