"""What an edXML package says, as values; and the content of its attachments."""

import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import IntEnum
from io import BytesIO

import pybase64

from exchange.core.codes import normalise, number_and_symbol
from exchange.core.refusal import Refusal, Refused, refuse

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
VIETNAM = timezone(timedelta(hours=7))  # Vietnam time has no daylight saving


class BusinessType(IntEnum):
    """BussinessDocType: what a document message does."""

    NEW = 0
    REVOKE = 1
    UPDATE = 2
    REPLACE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An agency as a message names it. Only ``organ_id`` matters for routing; it is kept as written."""

    organ_id: str = ""
    organization_in_charge: str = ""
    organ_name: str = ""
    organ_add: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffInfo:
    """Who handled the message."""

    department: str = ""
    department_id: str = ""
    staff: str = ""
    staff_id: str = ""
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFor:
    """A document that is answered or reported on; ``code`` is number and symbol, "267/VPCP-TTĐT"."""

    organ_id: str = ""
    code: str = ""
    document_id: str = ""
    promulgation_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceHeader:
    """One hop of the message; on the axis either part may be missing."""

    organ_id: str = ""
    timestamp: datetime | None = None  # aware


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverChange:
    """A receiver that an update adds or removes; which of the types 0 and 1 does what is not confirmed."""

    organ_id: str = ""
    receiver_type: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """An earlier document that is replaced, and the agencies for which it is."""

    document_id: str = ""
    organ_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """TraceHeaderList/Bussiness; a message without one is a new document."""

    doc_type: BusinessType = BusinessType.NEW
    document_id: str = ""  # of the earlier document
    reason: str = ""
    paper: bool | None = None
    staff: tuple[StaffInfo, ...] = ()
    document_changed: bool | None = None  # of an update: DocumentInfo
    receivers_changed: bool | None = None  # of an update: DocumentReceiver
    receivers: tuple[ReceiverChange, ...] = ()
    replacements: tuple[Replacement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attachment, its content still as the text that was sent; ``content_id`` is without ``cid:``."""

    content_id: str = ""
    name: str = ""
    description: str = ""
    content_type: str = ""
    encoded: str = ""  # base64 of the file, or of a ZIP around it

    def content(self, expanded_bytes_max: int) -> bytes:
        """The file: decoded, and taken out of the ZIP that the axis' SDK puts around it.

        That ZIP has exactly one entry, named ``<uuid>.<ext>``; a real .zip, .docx or .xlsx stays as
        it is. Raises ``Refused`` (attachment_invalid) if the content cannot be decoded or expanded,
        or if more than ``expanded_bytes_max`` bytes come out of the ZIP, whatever its header says.
        """
        try:
            return _unwrapped(_decoded(self.encoded), expanded_bytes_max)
        except (ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as reason:
            raise Refused(_invalid(self.name or self.content_id, str(reason))) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMessage:
    """A document message."""

    sender: Organization
    receivers: tuple[Organization, ...]
    document_id: str
    code_number: str = ""
    code_notation: str = ""
    place: str = ""
    promulgation_date: date | None = None
    type: int | None = None  # as received: senders disagree about it, type_name is what counts
    type_detail: int | None = None
    type_name: str = ""
    subject: str = ""
    content: str = ""
    competence: str = ""
    position: str = ""
    full_name: str = ""
    due_date: date | None = None
    to_places: tuple[str, ...] = ()
    priority: int = 0  # 0..4, see codes.PRIORITIES
    sphere: str = ""  # SphereOfPromulgation, the circulation mark
    typer_notation: str = ""
    promulgation_amount: int | None = None
    page_amount: int | None = None
    direction: bool | None = None
    reply_fors: str = ""
    reference_codes: str = ""
    appendixes: tuple[str, ...] = ()
    response_for: tuple[ResponseFor, ...] = ()
    steering_type: int | None = None
    task_code: str = ""
    application_type: str = ""
    trace: tuple[TraceHeader, ...] = ()
    business: Business = Business()
    attachments: tuple[Attachment, ...] = ()
    missing: tuple[str, ...] = ()  # ContentIds that the manifest names and no attachment bears
    unknown: tuple[str, ...] = ()  # unknown elements, in exclusive C14N

    @property
    def signed_at(self) -> datetime | None:
        """When the sender says it signed: the first TraceHeader that bears the sender's own code."""
        own = normalise(self.sender.organ_id)
        return next((hop.timestamp for hop in self.trace if normalise(hop.organ_id) == own), None)

    @property
    def earlier(self) -> tuple[str, ...]:
        """Ids of the earlier documents that this one revokes, updates or replaces; () for a new one."""
        if self.business.doc_type is BusinessType.NEW:
            return ()
        named = (self.business.document_id, *(each.document_id for each in self.business.replacements))
        return tuple(dict.fromkeys(document_id for document_id in named if document_id))

    @property
    def number(self) -> str:
        """Number and symbol, "12/UBND-VX"."""
        return number_and_symbol(self.code_number, self.code_notation)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMessage:
    """A status message: ``sender`` reports on the document named in ``response_for``."""

    sender: Organization
    response_for: ResponseFor
    status_code: str  # two digits, "01"
    staff: StaffInfo | None = None
    description: str = ""
    timestamp: datetime | None = None  # aware
    unknown: tuple[str, ...] = ()  # unknown elements, in exclusive C14N


def check_attachments(message: DocumentMessage, most: int) -> None:
    """Raise ``Refused`` with every reason why the attachments cannot be taken.

    There are more than ``most``; one is empty, not base64, or shares its ContentId with another; or
    the manifest names one that is not there. Nothing is unzipped here.
    """
    if len(message.attachments) > most:
        raise refuse(
            "too_many_attachments",
            f"The document carries {len(message.attachments)} attachments; at most {most} are taken.",
            f"Văn bản có {len(message.attachments)} tệp đính kèm; tối đa {most} tệp.",
            where="AttachmentEncoded",
            count=len(message.attachments),
            limit=most,
        )
    problems = [*_undecodable(message), *_unmatched(message)]
    if problems:
        raise Refused(*problems)


def _undecodable(message: DocumentMessage) -> list[Refusal]:
    problems = []
    for position, attachment in enumerate(message.attachments, start=1):
        where = f"AttachmentEncoded/Attachment[{position}]"
        try:
            if not _decoded(attachment.encoded):
                problems.append(_invalid(attachment.name, "it is empty", where))
        except ValueError as reason:
            problems.append(_invalid(attachment.name, str(reason), where))
    return problems


def _unmatched(message: DocumentMessage) -> list[Refusal]:
    problems = [
        _invalid(content_id, "the manifest names it and it is not there", "edXMLManifest")
        for content_id in message.missing
    ]
    seen: set[str] = set()
    for attachment in message.attachments:
        if attachment.content_id in seen:
            problems.append(_invalid(attachment.content_id, "two attachments bear this ContentId"))
        seen.add(attachment.content_id)
    return problems


_REASONS_VI = {
    "it is empty": "tệp rỗng",
    "the manifest names it and it is not there": "có trong danh mục nhưng không có tệp",
    "two attachments bear this ContentId": "hai tệp trùng ContentId",
    "it expands beyond the limit": "dung lượng sau giải nén vượt giới hạn",
}


def _invalid(name: str, reason: str, where: str = "AttachmentEncoded") -> Refusal:
    return Refusal(
        code="attachment_invalid",
        where=where,
        detail=f"Attachment {name!r} cannot be taken: {reason.rstrip('.')}.",
        detail_vi=f"Không nhận được tệp “{name}”: {_REASONS_VI.get(reason, 'nội dung mã hóa bị sai')}.",
        values={"attachment": name},
    )


def _decoded(encoded: str) -> bytes:
    """The bytes of base64; ``ValueError`` if it is none. White space inside is legal in XML, and rare."""
    try:
        return pybase64.b64decode(encoded, validate=True)
    except ValueError:
        return pybase64.b64decode("".join(encoded.split()), validate=True)


_ZIP_MAGIC = b"PK\x03\x04"
_UUID_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\w{1,10}", re.IGNORECASE)


def _unwrapped(content: bytes, expanded_bytes_max: int) -> bytes:
    if not content.startswith(_ZIP_MAGIC):
        return content
    try:
        archive = zipfile.ZipFile(BytesIO(content))
    except zipfile.BadZipFile:
        return content
    with archive:
        entries = archive.infolist()
        if len(entries) != 1 or not _UUID_NAME.fullmatch(entries[0].filename):
            return content
        return _expanded(archive, entries[0], expanded_bytes_max)


def _expanded(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, expanded_bytes_max: int) -> bytes:
    # Only these two are expanded piece by piece; the others may blow up a single piece.
    if entry.flag_bits & 1 or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ValueError("its ZIP is encrypted or of an unusual kind")
    with archive.open(entry) as stream:
        expanded = stream.read(expanded_bytes_max + 1)
    if len(expanded) > expanded_bytes_max:
        raise ValueError("it expands beyond the limit")
    return expanded
