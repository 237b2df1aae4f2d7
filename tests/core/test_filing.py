"""What software files of a message: the fields that a registry clerk looks for, and the files themselves."""

import base64
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

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
from exchange.core.filing import Filing, filing

AT = datetime(2026, 11, 24, 8, 30, tzinfo=VIETNAM)


def document(encoded: str = base64.b64encode(b"%PDF-1.7").decode()) -> bytes:
    message = DocumentMessage(
        sender=Organization(organ_id="000.00.05.H45", organ_name="Sở Tài chính"),
        receivers=(Organization(organ_id="000.20.30.H45"),),
        document_id="000.00.05.H45,2026/11/24,12/STC-VP",
        code_number="12",
        code_notation="STC-VP",
        promulgation_date=date(2026, 11, 24),
        type_name="Công văn",
        subject="V/v quyết toán",
        full_name="Trần Thị B",
        attachments=(
            Attachment(content_id="1", name="Công văn.pdf", content_type="application/pdf", encoded=encoded),
        ),
    )
    return etree.tostring(build_document(message), encoding="UTF-8", xml_declaration=True)


def test_a_document_is_filed_by_number_day_sender_and_subject_with_its_files() -> None:
    found = filing(document())
    assert (found.kind, found.code, found.promulgated_on) == ("document", "12/STC-VP", date(2026, 11, 24))
    assert (found.sender_name, found.subject, found.signer) == (
        "Sở Tài chính",
        "V/v quyết toán",
        "Trần Thị B",
    )
    assert [(each.name, each.content) for each in found.files] == [("Công văn.pdf", b"%PDF-1.7")]


def test_a_status_says_what_it_reports_of_which_document() -> None:
    message = StatusMessage(
        sender=Organization(organ_id="000.20.30.H45", organ_name="UBND xã"),
        response_for=ResponseFor(
            organ_id="000.00.05.H45",
            code="12/STC-VP",
            document_id="000.00.05.H45,2026/11/24,12/STC-VP",
            promulgation_date=date(2026, 11, 24),
        ),
        status_code="03",
        description="Đã tiếp nhận",
        timestamp=AT,
    )
    found = filing(etree.tostring(build_status(message), encoding="UTF-8", xml_declaration=True))
    assert (found.kind, found.status_code, found.code, found.words, found.at) == (
        *("status", "03", "12/STC-VP", "Đã tiếp nhận"),
        AT,
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"<a/>", b"%PDF-1.7", document("***")],
    ids=["nothing", "another form", "no XML", "a broken file"],
)
def test_what_cannot_be_read_is_filed_as_it_is(content: bytes) -> None:
    assert filing(content) == Filing(kind="")


@given(st.binary(max_size=200))
def test_nothing_that_was_accepted_breaks_the_filing(content: bytes) -> None:
    assert filing(content).files == ()
