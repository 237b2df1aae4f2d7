"""What a registry clerk's software files of a message: who, what, when, and the files in it.

The signed original is filed beside it, unchanged; this is what people read and search by.
"""

from dataclasses import dataclass
from datetime import date, datetime

from exchange.core import edxml, parsing, receipt
from exchange.core.codes import number_and_symbol
from exchange.core.edxml import DocumentMessage, StatusMessage
from exchange.core.edxml_values import NAMESPACE
from exchange.core.receipt import Receipt
from exchange.core.refusal import Refused

EXPANDED_BYTES_MAX = 100_000_000  # of a file that came in a ZIP


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledFile:
    """One file of a document, decoded."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """The fields of a message, empty where it says nothing; ``code`` is number and symbol in one."""

    kind: str  # document, status, receipt; "": it cannot be read, and the original alone is filed
    document_id: str = ""
    number: str = ""
    notation: str = ""
    code: str = ""
    promulgated_on: date | None = None
    type_name: str = ""
    subject: str = ""
    sender_code: str = ""
    sender_name: str = ""
    receivers: tuple[str, ...] = ()  # codes
    priority: int = 0
    business_type: int = 0  # BussinessDocType: 0 new, 1 revoke, 2 update, 3 replace
    signer: str = ""
    status_code: str = ""  # of a status, what it reports
    words: str = ""  # of a status or a receipt
    at: datetime | None = None  # of a status
    files: tuple[FiledFile, ...] = ()


def filing(content: bytes) -> Filing:
    """What is to be filed of the message in ``content``. Nothing is refused here: it was accepted before."""
    try:
        root = parsing.parse(content, parsing.ParseLimits(document_bytes_max=len(content)))
        if root.tag == f"{{{NAMESPACE}}}edXML":
            message = edxml.read(root)
            return _of_status(message) if isinstance(message, StatusMessage) else _of_document(message)
        return _of_receipt(receipt.read(root))
    except (Refused, ValueError):
        return Filing(kind="")


def _of_document(message: DocumentMessage) -> Filing:
    return Filing(
        kind="document",
        document_id=message.document_id,
        number=message.code_number,
        notation=message.code_notation,
        code=number_and_symbol(message.code_number, message.code_notation),
        promulgated_on=message.promulgation_date,
        type_name=message.type_name,
        subject=message.subject,
        sender_code=message.sender.organ_id,
        sender_name=message.sender.organ_name,
        receivers=tuple(each.organ_id for each in message.receivers),
        priority=message.priority,
        business_type=int(message.business.doc_type),
        signer=message.full_name,
        files=tuple(
            FiledFile(
                name=each.name, content_type=each.content_type, content=each.content(EXPANDED_BYTES_MAX)
            )
            for each in message.attachments
        ),
    )


def _of_status(message: StatusMessage) -> Filing:
    about = message.response_for
    return Filing(
        kind="status",
        document_id=about.document_id,
        code=about.code,
        promulgated_on=about.promulgation_date,
        subject=f"{message.status_code} {about.code}".strip(),
        sender_code=message.sender.organ_id,
        sender_name=message.sender.organ_name,
        status_code=message.status_code,
        words=message.description,
        at=message.timestamp,
    )


def _of_receipt(receipt_: Receipt) -> Filing:
    subject = receipt_.subject
    return Filing(
        kind="receipt",
        document_id=subject.document_id,
        subject=f"{receipt_.kind.value} {subject.document_id}",
        sender_name=receipt_.broker,
        words=receipt_.reason,
        at=receipt_.at,
    )
