"""Building edXML packages of QCVN 102, in the one form that strict receivers take.

Inside the envelope every element bears the prefix ``edXML`` (some receivers refuse it otherwise),
in the order of the axis' SDK, with the official spellings; an empty value is left out. What comes
out is unsigned; whether it may be sent is for the strict schema to say.
"""

from datetime import date, datetime

from lxml import etree

from exchange.core.edxml_values import (
    NAMESPACE,
    VIETNAM,
    Attachment,
    Business,
    DocumentMessage,
    Organization,
    ResponseFor,
    StaffInfo,
    StatusMessage,
)

_Q = "{" + NAMESPACE + "}"
_STAFF_OF_DOCUMENT = ("Department", "DepartmentId", "Staff", "StaffId", "Email", "Mobile")
_STAFF_OF_STATUS = ("Department", "DepartmentId", "Staff", "StaffId", "Mobile", "Email")


def build_document(message: DocumentMessage) -> etree._Element:
    """The package of a document message, unsigned.

    ``unknown`` elements are put at the end of MessageHeader. Raises ``ValueError`` for text that
    XML cannot hold and for a time without a zone.
    """
    root, envelope, header = _package()
    _message_header(_inside(header, "MessageHeader"), message)
    _trace(_inside(header, "TraceHeaderList"), message)
    manifest = _inside(_inside(envelope, "edXMLBody"), "edXMLManifest")
    manifest.set("version", "1.0")
    attachments = _inside(root, "AttachmentEncoded")
    for attachment in message.attachments:
        _reference(_inside(manifest, "Reference"), attachment)
        _attachment(_inside(attachments, "Attachment"), attachment)
    return root


def build_status(message: StatusMessage) -> etree._Element:
    """The package of a status message, unsigned. Raises as ``build_document`` does."""
    root, _, header = _package()
    inside = _inside(header, "MessageHeader")
    _organization(_inside(inside, "From"), message.sender)
    _response_for(_inside(inside, "ResponseFor"), message.response_for)
    if message.staff is not None:
        _staff(_inside(inside, "StaffInfo"), message.staff, _STAFF_OF_STATUS)
    _put(inside, "StatusCode", message.status_code)
    _put(inside, "Description", message.description)
    _put(inside, "Timestamp", _time(message.timestamp))
    _unknown(inside, message.unknown)
    return root


def _package() -> tuple[etree._Element, etree._Element, etree._Element]:
    root = etree.Element(_Q + "edXML", nsmap={None: NAMESPACE})
    envelope = etree.SubElement(root, _Q + "edXMLEnvelope", nsmap={"edXML": NAMESPACE})
    return root, envelope, _inside(envelope, "edXMLHeader")


def _message_header(header: etree._Element, message: DocumentMessage) -> None:
    _organization(_inside(header, "From"), message.sender)
    for receiver in message.receivers:
        _organization(_inside(header, "To"), receiver)
    _put(header, "DocumentId", message.document_id)
    _group(header, "Code", CodeNumber=message.code_number, CodeNotation=message.code_notation)
    _group(header, "PromulgationInfo", Place=message.place, PromulgationDate=_date(message.promulgation_date))
    _group(
        header,
        "DocumentType",
        Type=message.type,
        TypeDetail=message.type_detail,
        TypeName=message.type_name,
    )
    _put(header, "Subject", message.subject)
    _put(header, "Content", message.content)
    _group(
        header,
        "SignerInfo",
        Competence=message.competence,
        Position=message.position,
        FullName=message.full_name,
    )
    _put(header, "DueDate", _date(message.due_date))
    _other_info(_inside(header, "OtherInfo"), message)
    for answered in message.response_for:
        _response_for(_inside(header, "ResponseFor"), answered)
    _put(header, "SteeringType", message.steering_type)
    _group(header, "ResponseForTask", TaskCode=message.task_code)
    _put(header, "ApplicationType", message.application_type)
    _group(header, "ToPlaces", Place=message.to_places)
    _unknown(header, message.unknown)


def _other_info(other: etree._Element, message: DocumentMessage) -> None:
    _put(other, "Priority", message.priority)
    _put(other, "SphereOfPromulgation", message.sphere)
    _put(other, "TyperNotation", message.typer_notation)
    _put(other, "PromulgationAmount", message.promulgation_amount)
    _put(other, "PageAmount", message.page_amount)
    if message.direction is not None:
        _put(other, "Direction", "true" if message.direction else "false")
    _put(other, "ReplyFors", message.reply_fors)
    _put(other, "ReferenceCodes", message.reference_codes)
    _group(other, "Appendixes", Appendix=message.appendixes)


def _trace(trace: etree._Element, message: DocumentMessage) -> None:
    for hop in message.trace:
        _group(trace, "TraceHeader", OrganId=hop.organ_id, Timestamp=_time(hop.timestamp))
    _business(_inside(trace, "Bussiness"), message.business)


def _business(element: etree._Element, business: Business) -> None:
    _put(element, "DocumentId", business.document_id)
    _put(element, "BussinessDocType", int(business.doc_type))
    _put(element, "BussinessDocReason", business.reason)
    _put(element, "Paper", _flag(business.paper))
    _document_info(element, business)
    if business.replacements:
        replaced = _inside(element, "ReplacementInfoList")
        for replacement in business.replacements:
            info = _inside(replaced, "ReplacementInfo")
            _put(info, "DocumentId", replacement.document_id)
            _group(info, "OrganIdList", OrganId=replacement.organ_ids)
    for staff in business.staff:
        _staff(_inside(element, "StaffInfo"), staff, _STAFF_OF_DOCUMENT)


def _document_info(element: etree._Element, business: Business) -> None:
    if business.document_changed is None and business.receivers_changed is None and not business.receivers:
        return
    info = _inside(element, "BussinessDocumentInfo")
    _put(info, "DocumentInfo", _flag(business.document_changed))
    _put(info, "DocumentReceiver", _flag(business.receivers_changed))
    if business.receivers:
        changed = _inside(info, "ReceiverList")
        for receiver in business.receivers:
            _group(changed, "Receiver", OrganId=receiver.organ_id, ReceiverType=receiver.receiver_type)


def _organization(element: etree._Element, organization: Organization) -> None:
    _put(element, "OrganId", organization.organ_id)
    _put(element, "OrganizationInCharge", organization.organization_in_charge)
    _put(element, "OrganName", organization.organ_name)
    _put(element, "OrganAdd", organization.organ_add)
    _put(element, "Email", organization.email)
    _put(element, "Telephone", organization.telephone)
    _put(element, "Fax", organization.fax)
    _put(element, "Website", organization.website)


def _staff(element: etree._Element, staff: StaffInfo, order: tuple[str, ...]) -> None:
    values = {
        "Department": staff.department,
        "DepartmentId": staff.department_id,
        "Staff": staff.staff,
        "StaffId": staff.staff_id,
        "Email": staff.email,
        "Mobile": staff.mobile,
    }
    for name in order:
        _put(element, name, values[name])


def _response_for(element: etree._Element, answered: ResponseFor) -> None:
    _put(element, "OrganId", answered.organ_id)
    _put(element, "Code", answered.code)
    _put(element, "DocumentId", answered.document_id)
    _put(element, "PromulgationDate", _date(answered.promulgation_date))


def _reference(element: etree._Element, attachment: Attachment) -> None:
    _put(element, "ContentId", "cid:" + attachment.content_id)
    _put(element, "ContentType", attachment.content_type)
    _put(element, "Description", attachment.description)
    _put(element, "AttachmentName", attachment.name)


def _attachment(element: etree._Element, attachment: Attachment) -> None:
    _put(element, "ContentId", "cid:" + attachment.content_id)
    _put(element, "AttachmentName", attachment.name)
    _put(element, "Description", attachment.description)
    _put(element, "ContentType", attachment.content_type)
    _put(element, "ContentTransferEncoded", attachment.encoded)


# --- single elements ---


def _inside(parent: etree._Element, name: str) -> etree._Element:
    """A new last child; lxml gives it the nearest prefix of the namespace, which is the parent's."""
    return etree.SubElement(parent, _Q + name)


def _put(parent: etree._Element, name: str, value: str | int | None) -> None:
    if value is not None and value != "":
        _inside(parent, name).text = str(value)


def _group(parent: etree._Element, name: str, **values: str | int | tuple[str, ...] | None) -> None:
    """An element with the given children; left out where all of them are empty."""
    filled = {child: value for child, value in values.items() if value not in (None, "", ())}
    if not filled:
        return
    group = _inside(parent, name)
    for child, value in filled.items():
        for each in value if isinstance(value, tuple) else (value,):
            _put(group, child, each)


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _date(day: date | None) -> str:
    return f"{day.year:04}/{day.month:02}/{day.day:02}" if day else ""


def _time(moment: datetime | None) -> str:
    if moment is None:
        return ""
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    local = moment.astimezone(VIETNAM)
    return f"{_date(local)} {local.hour:02}:{local.minute:02}:{local.second:02}"


_FRAGMENT = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _unknown(header: etree._Element, unknown: tuple[str, ...]) -> None:
    for element in unknown:
        header.append(etree.fromstring(element, _FRAGMENT))
