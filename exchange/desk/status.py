"""The status messages of a desk: signed with the agency's key where the broker keeps one, else unproven.

They go both ways: what became of a document that came in, and the request to have back one that was sent.

Nobody's signature is made up. Without the agency's key the message carries the broker's seal, as receipts
do: it says that a person set the status on the agency's page, and the ledger keeps it as not proven.
"""

from datetime import datetime

import structlog

from exchange import confirm
from exchange.context import Context, today
from exchange.core.codes import number_and_symbol
from exchange.core.delivery import TakeBack
from exchange.core.directory import Agency
from exchange.core.edxml import VIETNAM, Organization, ResponseFor, StaffInfo, StatusMessage, build_status
from exchange.core.refusal import Refused
from exchange.core.signature import sign
from exchange.core.trust import fingerprint
from exchange.desk.keys import key_of
from exchange.ids import new_id
from exchange.intake import digest_of
from exchange.ledger.directory_store import Token
from exchange.ledger.reading import Record
from exchange.ledger.record import Examined
from exchange.ledger.statuses import Report, Target
from exchange.ledger.values import NewDocument

log = structlog.get_logger(__name__)

DESCRIPTIONS = {
    "02": "Từ chối tiếp nhận",
    "03": "Đã tiếp nhận",
    "04": "Phân công xử lý",
    "05": "Đang xử lý",
    "06": "Hoàn thành",
    "13": "Đề nghị lấy lại văn bản",
    "15": "Đồng ý yêu cầu cập nhật, lấy lại",
    "16": "Từ chối yêu cầu cập nhật, lấy lại",
}
UNSIGNED = "(ghi trên trang của trục, cơ quan không ký số)"


def as_token(agency: str, now: datetime) -> Token:
    """What stands for the agency where its software would show a token: its person is signed in."""
    return Token(id="", agency=agency, hash="", scopes=frozenset(), created_at=now, expires_at=now)


def report(
    context: Context,
    agency: Agency,
    row: Record,
    code: str,
    words: str,
    staff: str,
    now: datetime,
    *,
    happened_at: datetime | None = None,
    agencys_word: bool = True,
) -> Examined:
    """The status ``code`` of the agency about the delivery ``row`` to it, ready to be recorded.

    ``happened_at``: what its software says of the time, if it was not just now. ``agencys_word``: whether it
    is sure that the agency said so; only then may its key sign.
    """
    message = _message(
        Organization(organ_id=_code(context, agency, row, now), organ_name=agency.name),
        row["sender"],
        row,
        code,
        words,
        happened_at or now,
        staff=staff,
    )
    target = _target(row, agency.code)
    if not agencys_word:
        return _unproven(context, agency, message, target, now)
    return _told(context, agency, message, target, now)


def request(context: Context, agency: Agency, row: Record, words: str, now: datetime) -> Examined:
    """The agency's request (13) to have back what it sent by the delivery ``row``, ready to be recorded."""
    own = Organization(organ_id=agency.code, organ_name=agency.name)
    code = TakeBack.REQUESTED.value
    message = _message(own, row["addressed_as"], row, code, words, now)
    return _told(context, agency, message, _target(row, row["receiver"]), now)


def _target(row: Record, receiver: str) -> Target:
    return Target(
        document=row["document"],
        sender=row["sender"],
        receiver=receiver,
        addressed_as=row["addressed_as"],
    )


def _told(
    context: Context, agency: Agency, message: StatusMessage, target: Target, now: datetime
) -> Examined:
    key = key_of(context, agency, now)
    if key is not None:
        try:
            content = sign(build_status(message), key)
            return confirm.examine(context, content, as_token(agency.code, now), now)
        except Refused as refused:  # its certificate was revoked, say: the clerk's work goes on, unproven
            log.error("desk_status_not_signed", agency=agency.code, code=refused.refusals[0].code)
    return _unproven(context, agency, message, target, now)


def _code(context: Context, agency: Agency, row: Record, now: datetime) -> str:
    """The code by which the sender named the agency, as long as it names it."""
    named: str = row["addressed_as"]
    found = context.registry.current.directory.find(named, today(now))
    return named if found is not None and found.code == agency.code else agency.code


def _message(
    own: Organization,
    other: str,
    row: Record,
    code: str,
    words: str,
    now: datetime,
    *,
    staff: str = "",
) -> StatusMessage:
    description = DESCRIPTIONS[code]
    return StatusMessage(
        sender=own,
        response_for=ResponseFor(
            organ_id=other,
            code=number_and_symbol(row["number"], row["notation"]),
            document_id=row["document_id"],
            promulgation_date=row["promulgated_on"],
        ),
        status_code=code,
        staff=StaffInfo(staff=staff) if staff else None,
        description=f"{description}: {words}" if words else description,
        timestamp=now.astimezone(VIETNAM).replace(microsecond=0),
    )


def _unproven(
    context: Context, agency: Agency, message: StatusMessage, target: Target, now: datetime
) -> Examined:
    told = StatusMessage(
        sender=message.sender,
        response_for=message.response_for,
        status_code=message.status_code,
        staff=message.staff,
        description=f"{message.description} {UNSIGNED}",
        timestamp=message.timestamp,
    )
    content = context.issuer.seal.sign(build_status(told), now)
    document = _document(context, agency, target, told, content, now)
    return Examined(
        document=document,
        deliveries=confirm.carried_by(context, document, told, target, now),
        report=Report(
            document=target.document,
            receiver=target.receiver,
            code=told.status_code,
            reported_by=agency.code,
            reported_at=told.timestamp,
            message=None,
            description=message.description,
        ),
    )


def _document(
    context: Context, agency: Agency, target: Target, message: StatusMessage, content: bytes, now: datetime
) -> NewDocument:
    digest = digest_of(content)
    return NewDocument(
        id=new_id(),
        kind="status",
        sender=agency.code,
        document_id=f"status:{digest}",
        digest=digest,
        size=len(content),
        body=context.payloads.keep(content, digest),
        accepted_at=now,
        subject=f"{message.status_code} {message.response_for.document_id}",
        signed=False,
        certificate=fingerprint(context.issuer.seal.certificate),
        about=target.document,
    )
