"""Making messages: from what a clerk knows to a signed edXML package, with defaults that are right.

For anything that ``compose`` has no word for, change the message with ``dataclasses.replace``
before signing it.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import PurePath

import pybase64

from exchange.core.codes import (
    ABBREVIATIONS,
    COPY_ABBREVIATIONS,
    TypeGroup,
    document_types,
    normalise,
    number_and_symbol,
)
from exchange.core.edxml import (
    VIETNAM,
    Attachment,
    Business,
    BusinessType,
    DocumentMessage,
    Organization,
    Replacement,
    ResponseFor,
    StaffInfo,
    StatusMessage,
    TraceHeader,
    build_document,
    build_status,
)
from exchange.core.parsing import TEXT_BYTES_MAX
from exchange.core.signature import SigningKey, sign

ATTACHMENT_BYTES_MAX = TEXT_BYTES_MAX // 4 * 3  # base64 of it is one text of the document
OFFICIAL_LETTER = "Công văn"
_CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
_TYPES = {abbreviation: name for name, abbreviation in {**ABBREVIATIONS, **COPY_ABBREVIATIONS}.items()}


def compose(
    *,
    sender: str | Organization,
    receivers: Sequence[str | Organization],
    number: str | int,
    symbol: str,
    subject: str,
    attachments: Sequence[tuple[str, bytes]] = (),
    type_name: str = "",
    promulgated_on: date | None = None,
    place: str = "",
    priority: int = 0,
    paper: bool = False,
    position: str = "",
    full_name: str = "",
    document_id: str = "",
    revokes: str = "",
    updates: str = "",
    replaces: str = "",
    reason: str = "",
    signed_at: datetime | None = None,
) -> DocumentMessage:
    """A document message, ready to sign.

    Left out, they are: ``promulgated_on`` today in Vietnam; ``type_name`` what the symbol begins
    with ("QĐ-UBND": Quyết định), else Công văn; ``document_id`` agency, date and number with symbol
    (QĐ 28/2018/QĐ-TTg art. 10.2); ``signed_at`` now, so sign soon. ``paper`` says that it travels on
    paper too. At most one of ``revokes``, ``updates``, ``replaces`` names an earlier document's id.
    Raises ``ValueError`` for what cannot be a document.
    """
    moment = signed_at or datetime.now(UTC)
    day = promulgated_on or moment.astimezone(VIETNAM).date()
    from_ = _organization(sender)
    to = tuple(_organization(each) for each in receivers)
    if not to:
        raise ValueError("name at least one receiver")
    symbol = _clean(symbol)
    named = number_and_symbol(str(number), symbol)
    digits = named.partition("/")[0] if symbol else named
    kind = _clean(type_name) or _type_of(symbol)
    group, detail = _type_numbers(kind)
    return DocumentMessage(
        sender=from_,
        receivers=to,
        document_id=_clean(document_id) or f"{from_.organ_id},{day:%Y/%m/%d},{named}",
        code_number=digits,
        code_notation=symbol.lstrip("/"),
        place=_clean(place),
        promulgation_date=day,
        type=group,
        type_detail=detail,
        type_name=kind,
        subject=_clean(subject),
        position=_clean(position),
        full_name=_clean(full_name),
        priority=priority,
        trace=(TraceHeader(organ_id=from_.organ_id, timestamp=moment.replace(microsecond=0)),),
        business=_business(revokes, updates, replaces, to, reason=_clean(reason), paper=paper),
        attachments=_attachments(attachments),
    )


def compose_status(
    *,
    sender: str | Organization,
    other: str,
    document_id: str,
    code: str,
    description: str = "",
    staff: StaffInfo | None = None,
    signed_at: datetime | None = None,
) -> StatusMessage:
    """A status message, ready to sign: ``sender`` reports ``code`` ("03") on ``document_id`` to ``other``.

    A receiver reports 01 to 06, 15 and 16 to the agency that sent the document; its sender asks for
    it back with 13, to one receiver (QCVN 102).
    """
    moment = signed_at or datetime.now(UTC)
    return StatusMessage(
        sender=_organization(sender),
        response_for=_response_for(other, _clean(document_id)),
        status_code=code,
        staff=staff,
        description=_clean(description),
        timestamp=moment.replace(microsecond=0),
    )


def sign_message(message: DocumentMessage | StatusMessage, key: SigningKey) -> bytes:
    """The signed package: keep these very bytes, receipts speak of their digest.

    Raises ``ValueError`` for text that XML cannot hold.
    """
    root = build_document(message) if isinstance(message, DocumentMessage) else build_status(message)
    return sign(root, key)


def same_but_for_time(one: DocumentMessage, other: DocumentMessage) -> bool:
    """Whether both say the same and were only signed at different times."""
    return replace(one, trace=()) == replace(other, trace=())


def _organization(named: str | Organization) -> Organization:
    organization = Organization(organ_id=normalise(named)) if isinstance(named, str) else named
    if not organization.organ_id:
        raise ValueError("an agency without its code")
    return organization


def _clean(text: str) -> str:
    """As it is compared and shown: composed characters, single spaces, one line."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _type_of(symbol: str) -> str:
    """NĐ 30/2020 App. I: the symbol begins with the type's abbreviation; an official letter has none."""
    return _TYPES.get(symbol.lstrip("/").partition("-")[0], OFFICIAL_LETTER)


def _type_numbers(name: str) -> tuple[int, int | None]:
    types = document_types(name)
    if not types:
        return TypeGroup.ADMINISTRATIVE.value, None
    # Of a name that both lists have the administrative one: normative documents are few, and named by hand.
    return types[-1].group.value, types[-1].number


def _business(
    revokes: str,
    updates: str,
    replaces: str,
    receivers: tuple[Organization, ...],
    *,
    reason: str,
    paper: bool,
) -> Business:
    revokes, updates, replaces = (_clean(each) for each in (revokes, updates, replaces))
    if sum(map(bool, (revokes, updates, replaces))) > 1:
        raise ValueError("a document revokes, updates or replaces: one of them")
    if revokes:
        return Business(doc_type=BusinessType.REVOKE, document_id=revokes, reason=reason, paper=paper)
    if updates:
        return Business(
            doc_type=BusinessType.UPDATE,
            document_id=updates,
            reason=reason,
            paper=paper,
            document_changed=True,
            receivers_changed=False,
        )
    if replaces:
        codes = tuple(receiver.organ_id for receiver in receivers)
        replaced = (Replacement(document_id=replaces, organ_ids=codes),)
        return Business(doc_type=BusinessType.REPLACE, reason=reason, paper=paper, replacements=replaced)
    return Business(doc_type=BusinessType.NEW, paper=paper)


def _attachments(files: Sequence[tuple[str, bytes]]) -> tuple[Attachment, ...]:
    return tuple(_attachment(number, name, content) for number, (name, content) in enumerate(files, start=1))


def _attachment(position: int, name: str, content: bytes) -> Attachment:
    if not content:
        raise ValueError(f"{name} is empty")
    if len(content) > ATTACHMENT_BYTES_MAX:
        raise ValueError(f"{name} has {len(content)} bytes; one attachment may have {ATTACHMENT_BYTES_MAX}")
    return Attachment(
        content_id=str(position),
        name=_clean(name),  # some systems decompose the names of files
        description=_clean(name),
        content_type=_CONTENT_TYPES.get(PurePath(name).suffix.lower(), "application/octet-stream"),
        encoded=pybase64.b64encode(content).decode(),
    )


def _response_for(organ_id: str, document_id: str) -> ResponseFor:
    """With number and date, where the id is made of them: people read those."""
    parts = document_id.split(",", 2)
    issued = _day(parts[1]) if len(parts) == 3 else None
    return ResponseFor(
        organ_id=normalise(organ_id),
        document_id=document_id,
        code=parts[2] if issued else "",
        promulgation_date=issued,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
