"""The edXML package of QCVN 102: reading document and status messages, leniently.

Taken is what is sent in practice: any order, both spellings Bussiness and Business, several forms
of dates, empty elements, "null", stray text between elements, white space and composition of any
kind. Unknown elements are kept. A value that cannot be understood, or one that is there twice, is
refused with its place, never dropped.

Building is strict, see ``edxml_build``; the values are those of ``edxml_values``.
"""

from typing import Final

from lxml import etree

from exchange.core.edxml_build import build_document, build_status
from exchange.core.edxml_reading import (
    Fields,
    as_business_type,
    as_content_id,
    as_day,
    as_flag,
    as_moment,
    as_number,
    as_priority,
    as_status_code,
    as_text,
    encoded,
    leaf,
    leaves,
    lines,
    record,
    records,
    section,
    settled,
    spare,
    table_of,
    walk,
)
from exchange.core.edxml_values import (
    NAMESPACE,
    VIETNAM,
    Attachment,
    Business,
    BusinessType,
    DocumentMessage,
    Organization,
    ReceiverChange,
    Replacement,
    ResponseFor,
    StaffInfo,
    StatusMessage,
    TraceHeader,
    check_attachments,
)
from exchange.core.refusal import Refused, refuse

__all__ = [
    "NAMESPACE",
    "VIETNAM",
    "Attachment",
    "Business",
    "BusinessType",
    "DocumentMessage",
    "Organization",
    "ReceiverChange",
    "Replacement",
    "ResponseFor",
    "StaffInfo",
    "StatusMessage",
    "TraceHeader",
    "build_document",
    "build_status",
    "check_attachments",
    "read",
]

_Q: Final = "{" + NAMESPACE + "}"
_SIGNATURES: Final = (
    "Signature",  # so written by the axis' SDK, out of reach of any verifier
    "DigitalSignature",
    "{http://www.w3.org/2000/09/xmldsig#}Signature",
)


def read(root: etree._Element) -> DocumentMessage | StatusMessage:
    """The message in ``root``, whether its signature is still in it or not.

    Attachments stay encoded, see ``check_attachments``. Raises ``Refused``: not_edxml for anything
    that is no edXML message, schema_violated for what is missing, doubled or not understood.
    """
    header = _message_header(root)
    found: Fields = {}
    kept: list[str] = []
    if next(header.iterchildren(_Q + "StatusCode"), None) is not None:
        walk(root, _STATUS, found, kept)
        _require(found, sender="From", response_for="ResponseFor")
        return StatusMessage(**settled(found), unknown=tuple(kept))
    walk(root, _DOCUMENT, found, kept)
    _require(found, sender="From", document_id="DocumentId")
    return _document(found, kept)


def _document(found: Fields, kept: list[str]) -> DocumentMessage:
    carried = {attachment.content_id for attachment in found.get("attachments", ())}
    missing = tuple(name for name in found.pop("named", ()) if name not in carried)
    receivers = tuple(found.pop("receivers", ()))
    return DocumentMessage(**settled(found), receivers=receivers, missing=missing, unknown=tuple(kept))


def _message_header(root: etree._Element) -> etree._Element:
    element: etree._Element | None = root if root.tag == _Q + "edXML" else None
    for name in ("edXMLEnvelope", "edXMLHeader", "MessageHeader"):
        if element is not None:
            element = next(element.iterchildren(_Q + name), None)
    if element is None:
        raise refuse(
            "not_edxml",
            f"No edXML/edXMLEnvelope/edXMLHeader/MessageHeader in the namespace {NAMESPACE}.",
            f"Không có edXML/edXMLEnvelope/edXMLHeader/MessageHeader trong không gian tên {NAMESPACE}.",
        )
    return element


def _require(found: Fields, **names: str) -> None:
    for field, name in names.items():
        if not found.get(field):
            raise _absent(name)


def _absent(name: str) -> Refused:
    return refuse(
        "schema_violated",
        f"{name} is missing or empty.",
        f"Thiếu {name} hoặc {name} không có nội dung.",
        where=f"/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/{name}",
    )


# --- the format: element name, and how it is read into which field ---

_ORGANIZATION: Final = table_of(
    {
        "OrganId": leaf("organ_id", as_text),
        "OrganizationInCharge": leaf("organization_in_charge", as_text),
        "OrganName": leaf("organ_name", as_text),
        "OrganAdd": leaf("organ_add", as_text),
        "Email": leaf("email", as_text),
        "Telephone": leaf("telephone", as_text),
        "Fax": leaf("fax", as_text),
        "Website": leaf("website", as_text),
    }
)
_STAFF: Final = table_of(
    {
        "Department": leaf("department", as_text),
        "DepartmentId": leaf("department_id", as_text),
        "Staff": leaf("staff", as_text),
        "StaffId": leaf("staff_id", as_text),
        "Email": leaf("email", as_text),
        "Mobile": leaf("mobile", as_text),
    }
)
_RESPONSE_FOR: Final = table_of(
    {
        "OrganId": leaf("organ_id", as_text),
        "Code": leaf("code", as_text),
        "DocumentId": leaf("document_id", as_text),
        "PromulgationDate": leaf("promulgation_date", as_day),
    }
)
_OTHER_INFO: Final = table_of(
    {
        "Priority": leaf("priority", as_priority),
        "SphereOfPromulgation": lines("sphere"),  # a secrecy mark may stand on a line of its own
        "TyperNotation": leaf("typer_notation", as_text),
        "PromulgationAmount": leaf("promulgation_amount", as_number),
        "PageAmount": leaf("page_amount", as_number),
        "Direction": leaf("direction", as_flag),
        "ReplyFors": leaf("reply_fors", as_text),
        "ReferenceCodes": leaf("reference_codes", as_text),
        "Appendixes": section(table_of(many={"Appendix": leaves("appendixes", as_text)})),
    }
)
_DOCUMENT_HEADER: Final = table_of(
    {
        "From": record("sender", Organization, _ORGANIZATION),
        "DocumentId": leaf("document_id", as_text),
        "Code": section(
            table_of(
                {"CodeNumber": leaf("code_number", as_text), "CodeNotation": leaf("code_notation", as_text)}
            )
        ),
        "PromulgationInfo": section(
            table_of({"Place": leaf("place", as_text), "PromulgationDate": leaf("promulgation_date", as_day)})
        ),
        "DocumentType": section(
            table_of(
                {
                    "Type": leaf("type", as_number),
                    "TypeDetail": leaf("type_detail", as_number),
                    "TypeName": leaf("type_name", as_text),
                }
            )
        ),
        "Subject": leaf("subject", as_text),
        "Content": lines("content"),
        "SignerInfo": section(
            table_of(
                {
                    "Competence": leaf("competence", as_text),
                    "Position": leaf("position", as_text),
                    "FullName": leaf("full_name", as_text),
                }
            )
        ),
        "DueDate": leaf("due_date", as_day),
        "OtherInfo": section(_OTHER_INFO),
        "SteeringType": leaf("steering_type", as_number),
        "ResponseForTask": section(table_of({"TaskCode": leaf("task_code", as_text)})),
        "ApplicationType": leaf("application_type", as_text),
        "ToPlaces": section(table_of(many={"Place": leaves("to_places", as_text)})),
    },
    {
        "To": records("receivers", Organization, _ORGANIZATION),
        "ResponseFor": records("response_for", ResponseFor, _RESPONSE_FOR),
    },
)
_STATUS_HEADER: Final = table_of(
    {
        "From": record("sender", Organization, _ORGANIZATION),
        "ResponseFor": record("response_for", ResponseFor, _RESPONSE_FOR),
        "StaffInfo": record("staff", StaffInfo, _STAFF),
        "StatusCode": leaf("status_code", as_status_code),
        "Description": lines("description"),
        "Timestamp": leaf("timestamp", as_moment),
    }
)
_RECEIVER: Final = table_of(
    {"OrganId": leaf("organ_id", as_text), "ReceiverType": leaf("receiver_type", as_number)}
)
_REPLACEMENT: Final = table_of(
    {
        "DocumentId": leaf("document_id", as_text),
        "OrganIdList": section(table_of(many={"OrganId": leaves("organ_ids", as_text)})),
    }
)
_BUSINESS: Final = table_of(
    {
        "DocumentId": leaf("document_id", as_text),
        "BussinessDocType": leaf("doc_type", as_business_type),
        "BussinessDocReason": lines("reason"),
        "Paper": leaf("paper", as_flag),
        "BussinessDocumentInfo": section(
            table_of(
                {
                    "DocumentInfo": leaf("document_changed", as_flag),
                    "DocumentReceiver": leaf("receivers_changed", as_flag),
                    "ReceiverList": section(
                        table_of(many={"Receiver": records("receivers", ReceiverChange, _RECEIVER)})
                    ),
                }
            )
        ),
        "ReplacementInfoList": section(
            table_of(many={"ReplacementInfo": records("replacements", Replacement, _REPLACEMENT)})
        ),
    },
    {"StaffInfo": records("staff", StaffInfo, _STAFF)},
)
_TRACE: Final = table_of(
    {"Bussiness": record("business", Business, _BUSINESS)},
    {
        "TraceHeader": records(
            "trace",
            TraceHeader,
            table_of({"OrganId": leaf("organ_id", as_text), "Timestamp": leaf("timestamp", as_moment)}),
        )
    },
)
_ATTACHMENT: Final = table_of(
    {
        "ContentId": leaf("content_id", as_content_id),
        "AttachmentName": leaf("name", as_text),
        "Description": lines("description"),
        "ContentType": spare("content_type", as_text),
        "MimeType": spare("content_type", as_text),
        "ContentTransferEncoded": encoded("encoded"),
    },
    unused=("FieldName", "Format"),
)
_REFERENCE: Final = table_of(
    {"ContentId": leaves("named", as_content_id)},
    unused=("ContentType", "Description", "AttachmentName"),
)
_MANIFEST: Final = table_of(many={"Reference": section(_REFERENCE)})
_STATUS: Final = table_of(
    {
        "edXMLEnvelope": section(
            table_of(
                {
                    "edXMLHeader": section(
                        table_of({"MessageHeader": section(_STATUS_HEADER)}, unused=_SIGNATURES)
                    )
                }
            )
        )
    },
    unused=_SIGNATURES,
)
_DOCUMENT: Final = table_of(
    {
        "edXMLEnvelope": section(
            table_of(
                {
                    "edXMLHeader": section(
                        table_of(
                            {
                                "MessageHeader": section(_DOCUMENT_HEADER),
                                "TraceHeaderList": section(_TRACE),
                            },
                            unused=_SIGNATURES,
                        )
                    ),
                    "edXMLBody": section(table_of({"edXMLManifest": section(_MANIFEST)})),
                }
            )
        ),
        "AttachmentEncoded": section(
            table_of(many={"Attachment": records("attachments", Attachment, _ATTACHMENT)})
        ),
    },
    unused=_SIGNATURES,
)
