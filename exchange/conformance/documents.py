"""What is sent in a conformance run: well-formed packages that say in every field that they are a test."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from exchange.adapter import Kind, Outgoing
from exchange.core.edxml import (
    VIETNAM,
    Attachment,
    DocumentMessage,
    Organization,
    ResponseFor,
    StatusMessage,
    build_document,
    build_status,
)
from exchange.ids import new_id

SENDER = "000.00.00.H45"
RECEIVER = "H45.01"
SUBJECT = "[THỬ NGHIỆM, KHÔNG XỬ LÝ] V/v kiểm tra kết nối của phần mềm"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class Documents:
    """Makes as many as are asked for, each with a key of its own."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._numbers = iter(range(1, 1_000_000))

    def document(self, *, name: str = "Công văn thử.pdf", subject: str = SUBJECT, size: int = 0) -> Outgoing:
        """A document with one file, of ``size`` bytes if it is given."""
        file = PDF.ljust(size, b"\n") if size else PDF
        number = next(self._numbers)
        document_id = f"{SENDER},{self._now.astimezone(VIETNAM):%Y/%m/%d},{number}/THU-{new_id()[:8]}"
        message = DocumentMessage(
            sender=Organization(organ_id=SENDER, organ_name="Trục liên thông (thử nghiệm)"),
            receivers=(Organization(organ_id=RECEIVER, organ_name="Cơ quan được thử"),),
            document_id=document_id,
            code_number=str(number),
            code_notation="THU",
            promulgation_date=self._now.astimezone(VIETNAM).date(),
            type_name="Công văn",
            subject=subject,
            attachments=(
                Attachment(
                    content_id="1",
                    name=name,
                    content_type="application/pdf",
                    encoded=base64.b64encode(file).decode(),
                ),
            ),
        )
        return self.of("document", _bytes(build_document(message)), document_id, subject)

    def status(self) -> Outgoing:
        """A status message."""
        document_id = f"{SENDER},{self._now.astimezone(VIETNAM):%Y/%m/%d},1/THU"
        message = StatusMessage(
            sender=Organization(organ_id=SENDER, organ_name="Trục liên thông (thử nghiệm)"),
            response_for=ResponseFor(
                organ_id=RECEIVER,
                code="1/THU",
                document_id=document_id,
                promulgation_date=self._now.astimezone(VIETNAM).date(),
            ),
            status_code="03",
            description=SUBJECT,
            timestamp=self._now,
        )
        return self.of("status", _bytes(build_status(message)), document_id, SUBJECT)

    def many(self, count: int) -> Iterator[Outgoing]:
        """Different documents."""
        return (self.document() for _ in range(count))

    def of(self, kind: Kind, content: bytes, document_id: str = "THU", subject: str = SUBJECT) -> Outgoing:
        """These bytes under a new key."""
        return Outgoing(
            key=new_id(),
            kind=kind,
            content=content,
            digest=hashlib.sha256(content).hexdigest(),
            sender=SENDER,
            receiver=RECEIVER,
            document_id=document_id,
            subject=subject,
            priority=0,
            accepted_at=self._now,
        )


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
