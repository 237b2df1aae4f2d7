"""Documents for adapters that read what they file."""

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime

from lxml import etree

from exchange.core.edxml import Attachment, DocumentMessage, Organization, TraceHeader, build_document

PDF = {"Công văn.pdf": b"%PDF-1.7 noi dung"}


def document(*, number: str = "12", files: Mapping[str, bytes] = PDF) -> bytes:
    """The package of one document, the same bytes each time."""
    message = DocumentMessage(
        sender=Organization(organ_id="000.00.00.H45", organ_name="Ủy ban nhân dân tỉnh"),
        receivers=(Organization(organ_id="H45.01", organ_name="Sở Tài chính"),),
        document_id=f"000.00.00.H45,2026/11/24,{number}/UBND-VX",
        code_number=number,
        code_notation="UBND-VX",
        promulgation_date=date(2026, 11, 24),
        type=2,
        type_detail=18,
        type_name="Công văn",
        subject="V/v báo cáo tình hình thực hiện",
        full_name="Nguyễn Văn A",
        trace=(TraceHeader(organ_id="000.00.00.H45", timestamp=datetime(2026, 11, 24, 1, tzinfo=UTC)),),
        attachments=tuple(
            Attachment(
                content_id=str(place),
                name=name,
                content_type="application/octet-stream",
                encoded=base64.b64encode(content).decode(),
            )
            for place, (name, content) in enumerate(files.items(), 1)
        ),
    )
    return etree.tostring(build_document(message), encoding="UTF-8", xml_declaration=True)
