"""From fields and files to an edXML document, unsigned; what it may say is checked as for everybody."""

import base64
from datetime import date, datetime

from lxml import etree

from exchange.context import today
from exchange.core.codes import document_types, number_and_symbol, one_line
from exchange.core.directory import Agency, Directory
from exchange.core.edxml import (
    VIETNAM,
    Attachment,
    Business,
    BusinessType,
    DocumentMessage,
    Organization,
    Replacement,
    TraceHeader,
    build_document,
)
from exchange.core.letter import File, Letter
from exchange.core.refusal import Refused, refuse
from exchange.core.routing import unknown_receiver


def compose(letter: Letter, own: Agency, directory: Directory, now: datetime) -> bytes:
    """The document, to be signed within the days that the broker allows.

    Refused: ``receiver_unknown``, for each; ``schema_violated`` for characters that no XML can hold.
    """
    day = today(now)
    parent = directory.get(own.as_of(day).parent)
    kinds = document_types(letter.type_name)
    code = number_and_symbol(letter.number, letter.notation)
    message = DocumentMessage(
        sender=Organization(
            organ_id=own.code,
            organization_in_charge=parent.as_of(day).name if parent else "",
            organ_name=own.as_of(day).name,
        ),
        receivers=_receivers(letter, directory, day),
        document_id=f"{own.code},{letter.promulgated_on:%Y/%m/%d},{code}",
        code_number=letter.number,
        code_notation=letter.notation,
        place=letter.place,
        promulgation_date=letter.promulgated_on,
        type=int(kinds[-1].group) if kinds else None,
        type_detail=kinds[-1].number if kinds else None,
        type_name=letter.type_name,
        subject=letter.subject,
        position=letter.signer_position,
        full_name=letter.signer_name,
        priority=letter.priority,
        promulgation_amount=letter.copies,
        trace=(TraceHeader(organ_id=own.code, timestamp=now.astimezone(VIETNAM).replace(microsecond=0)),),
        business=_business(letter),
        attachments=tuple(_attachment(place, each) for place, each in enumerate(letter.files, start=1)),
    )
    try:
        return etree.tostring(build_document(message), encoding="UTF-8", xml_declaration=True)
    except ValueError as error:
        raise refuse("schema_violated", str(error), "Có ký tự không ghi được vào XML.") from None


def _receivers(letter: Letter, directory: Directory, day: date) -> tuple[Organization, ...]:
    found = [(code, directory.find(code, day)) for code in letter.receivers]
    if unknown := [code for code, each in found if each is None]:
        where = "MessageHeader/To/OrganId"
        raise Refused(*(unknown_receiver(code, where, directory, day) for code in unknown))
    return tuple(
        Organization(organ_id=each.code, organ_name=each.as_of(day).name)
        for _, each in found
        if each is not None
    )


def _business(letter: Letter) -> Business:
    """QCVN 102 ``Bussiness``: an update says what is changed, a replacement for whom it is one."""
    change = letter.change
    if change is None:
        return Business(paper=letter.paper)
    receivers = letter.receivers
    update = change.kind is BusinessType.UPDATE
    replaced = Replacement(document_id=change.document_id, organ_ids=receivers)
    return Business(
        doc_type=change.kind,
        document_id="" if change.kind is BusinessType.REPLACE else change.document_id,
        reason=change.reason,
        paper=letter.paper,
        document_changed=True if update else None,
        receivers_changed=set(change.receivers) != set(receivers) if update else None,
        replacements=(replaced,) if change.kind is BusinessType.REPLACE else (),
    )


def _attachment(place: int, file: File) -> Attachment:
    name = one_line("".join(each if each.isprintable() and each not in "/\\" else "_" for each in file.name))
    pdf = file.content.startswith(b"%PDF")
    return Attachment(
        content_id=f"{place}",
        name=name[-200:] or f"{place}",
        content_type="application/pdf" if pdf else "application/octet-stream",
        encoded=base64.b64encode(file.content).decode(),
    )
