"""How a value is written, its white space and its composition, is no part of what it says."""

import dataclasses
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exchange.core.codes import SECRET_MARKS, collapsed, normalise, one_line, secret_mark
from exchange.core.edxml import DocumentMessage, StatusMessage, build_document, build_status, read
from exchange.core.edxml_reading import TEXT_CHARACTERS_MAX
from exchange.core.refusal import Refused
from tests.core.test_edxml import HEADER, LENIENT, STRICT, Q, document, status, through_bytes
from tests.thorough import examples

BLANKS = " " * 1_000_000
NAME = "Ủy ban nhân dân"
SEVERAL_LINES = {"content", "sphere"}
# Every text of a document that is not inside another value.
ONE_LINE = sorted(
    field.name
    for field in dataclasses.fields(DocumentMessage)
    if field.type in (str, "str") and field.name not in SEVERAL_LINES
)

COLLAPSE = etree.XMLSchema(
    etree.fromstring(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="v"><xs:simpleType>'
        '<xs:restriction base="xs:token"><xs:enumeration value="a b"/></xs:restriction>'
        "</xs:simpleType></xs:element></xs:schema>"
    )
)


def written(field: str, text: str) -> DocumentMessage:
    """The new document with one value written so, as it is read."""
    message = dataclasses.replace(document("new"), **{field: text})
    found = read(through_bytes(build_document(message)))
    assert isinstance(found, DocumentMessage)
    return found


# Words, marks that compose, all white space that XML knows and some that it does not.
WRITINGS = st.text(
    st.sampled_from(" \t\n\r\u00a0\u2003\u0085") | st.sampled_from("aeouAOUDd\u0131đĐ\u212b\u1ee7\ufb2c")
    | st.characters(categories=["Mn"]) | st.characters(exclude_categories=["Cs", "Cc", "Cn"]),
    max_size=40,
).map(lambda text: f"x{text}")  # fmt: skip


@settings(max_examples=examples(60, 150), deadline=None)
@given(field=st.sampled_from(ONE_LINE), text=WRITINGS, form=st.sampled_from(["NFC", "NFD"]))
def test_a_value_of_one_line_reads_the_same_however_it_is_written(field: str, text: str, form: str) -> None:
    first = written(field, unicodedata.normalize(form, text))  # type: ignore[arg-type]
    assert getattr(first, field) == one_line(text)
    again = read(through_bytes(build_document(first)))
    assert again == first
    assert unicodedata.is_normalized("NFC", getattr(first, field))


@settings(max_examples=examples(100, 300), deadline=None)
@given(WRITINGS)
def test_reading_a_value_twice_changes_nothing_more(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)
    assert collapsed(collapsed(text)) == collapsed(text)
    assert normalise(normalise(text)) == normalise(text)


@settings(max_examples=examples(100, 300), deadline=None)
@given(st.text("ab \t\r\n", max_size=12))
def test_white_space_is_collapsed_as_the_schema_collapses_it(text: str) -> None:
    element = etree.Element("v")
    element.text = text
    assert COLLAPSE.validate(element) == (collapsed(text) == "a b")


def test_a_blank_that_does_not_break_is_no_white_space_of_xml_inside_a_value() -> None:
    assert one_line("số\u00a012  VB\u00a0") == "số\u00a012 VB"


@pytest.mark.parametrize("field", ["subject", "document_id", "code_number", "full_name"])
def test_a_million_blanks_inside_a_value_are_one(field: str) -> None:
    root = build_document(dataclasses.replace(document("new"), **{field: f"7{BLANKS}\n8"}))  # type: ignore[arg-type]
    assert STRICT.check(root) == LENIENT.check(root) == ()
    message = read(root)
    assert getattr(message, field) == "7 8"


def test_the_names_and_codes_of_agencies_and_persons_are_read_so_too() -> None:
    message = document("new")
    sender = dataclasses.replace(message.sender, organ_name=unicodedata.normalize("NFD", NAME) + " \n tỉnh")
    staff = dataclasses.replace(message.business.staff[0], staff="Lê\t\tVăn  A", staff_id=" 1 \r\n 2 ")
    business = dataclasses.replace(message.business, staff=(staff,))
    places = ("Như \n trên",)
    changed = dataclasses.replace(message, sender=sender, business=business, to_places=places)
    found = read(through_bytes(build_document(changed)))
    assert isinstance(found, DocumentMessage)
    assert found.sender.organ_name == f"{NAME} tỉnh"
    assert (found.business.staff[0].staff, found.business.staff[0].staff_id) == ("Lê Văn A", "1 2")
    assert found.to_places == ("Như trên",)


def test_a_status_names_its_document_however_it_is_written() -> None:
    message = status("status-03-registered")
    about = dataclasses.replace(
        message.response_for, document_id=unicodedata.normalize("NFD", f" {NAME}\n 7")
    )
    found = read(through_bytes(build_status(dataclasses.replace(message, response_for=about))))
    assert isinstance(found, StatusMessage)
    assert found.response_for.document_id == f"{NAME} 7"


# --- texts of several lines ---


@pytest.mark.parametrize("field", sorted(SEVERAL_LINES))
def test_a_text_of_several_lines_keeps_its_lines_and_its_composition(field: str) -> None:
    text = unicodedata.normalize("NFD", "Kính gửi:\n\n   1.  Sở Nội vụ\n\t2.  Sở Tài chính")
    assert getattr(written(field, f"\n {text}\n"), field) == text


def test_a_description_and_a_reason_keep_their_lines() -> None:
    message, told = document("revoke"), status("status-02-rejected")
    business = dataclasses.replace(message.business, reason="Sai số:\n  12")
    found = read(build_document(dataclasses.replace(message, business=business)))
    assert isinstance(found, DocumentMessage)
    assert found.business.reason == "Sai số:\n  12"
    answer = read(build_status(dataclasses.replace(told, description="Sai nơi nhận\n\nGửi lại")))
    assert isinstance(answer, StatusMessage)
    assert answer.description == "Sai nơi nhận\n\nGửi lại"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029"])
def test_a_secrecy_mark_on_a_line_of_its_own_is_found(end: str) -> None:
    sphere = written("sphere", f"Mật{end}Lưu hành nội bộ").sphere
    assert secret_mark([sphere], SECRET_MARKS) == "Mật"


# --- limits ---


@pytest.mark.parametrize(
    ("field", "element", "strict", "lenient"),
    [
        ("document_id", "DocumentId", 200, 200),
        ("subject", "Subject", 500, 4000),
        ("content", "Content", 500, 4000),
        ("code_number", "Code/CodeNumber", 11, 100),
        ("code_notation", "Code/CodeNotation", 30, 100),
        ("place", "PromulgationInfo/Place", 50, 500),
        ("type_name", "DocumentType/TypeName", 100, 500),
        ("full_name", "SignerInfo/FullName", 50, 200),
        ("position", "SignerInfo/Position", 100, 500),
        ("competence", "SignerInfo/Competence", 100, 500),
        ("sphere", "OtherInfo/SphereOfPromulgation", 100, 500),
        ("typer_notation", "OtherInfo/TyperNotation", 10, 100),
        ("reply_fors", "OtherInfo/ReplyFors", 500, 4000),
        ("reference_codes", "OtherInfo/ReferenceCodes", 500, 4000),
        ("task_code", "ResponseForTask/TaskCode", 200, 200),
        ("application_type", "ApplicationType", 100, 200),
    ],
)
def test_every_text_has_a_limit_and_a_refusal_says_it(
    field: str, element: str, strict: int, lenient: int
) -> None:
    for schema, limit in ((STRICT, strict), (LENIENT, lenient)):
        fits = dataclasses.replace(document("new"), **{field: "x" * limit})  # type: ignore[arg-type]
        assert schema.check(build_document(fits)) == ()
        longer = dataclasses.replace(document("new"), **{field: "x" * (limit + 1)})  # type: ignore[arg-type]
        [violation] = schema.check(build_document(longer))
        assert violation.path == f"{HEADER}/{element}"
        assert f"{limit + 1} characters; at most {limit} are" in violation.message
        assert f"{limit + 1} ký tự; tối đa {limit} ký tự" in violation.message_vi


def test_no_text_of_a_message_is_without_a_limit_in_either_schema() -> None:
    roots = [build_document(document(name)) for name in ("new-answer-urgent", "update", "replace", "revoke")]
    roots.append(build_status(status("status-13-take-back-requested")))
    machines = {Q + "ContentTransferEncoded"}
    section_in_lenient = {Q + "Code"}  # a section and a value share this name: the reader limits it
    for root in roots:
        for element in root.iter():
            if len(element) or element.tag in machines or not element.text:
                continue
            kept, element.text = element.text, "7" * 5_000
            assert STRICT.check(root), element.tag
            if element.tag in section_in_lenient:
                with pytest.raises(Refused):
                    read(root)
            else:
                assert LENIENT.check(root), element.tag
            element.text = kept


def test_a_text_is_refused_by_length_before_it_is_composed() -> None:
    marks = "a" + "\u0301\u0323" * 500_000  # composing this takes minutes
    root = build_document(document("new"))
    next(root.iter(Q + "Subject")).text = marks
    begun = time.process_time()
    with pytest.raises(Refused) as refused:
        read(root)
    assert time.process_time() - begun < 1
    [refusal] = refused.value.refusals
    assert (refusal.code, refusal.where) == ("schema_violated", f"{HEADER}/Subject")
    assert f"1000001 characters; at most {TEXT_CHARACTERS_MAX} are" in refusal.detail
    assert f"tối đa {TEXT_CHARACTERS_MAX} ký tự" in refusal.detail_vi


@pytest.mark.parametrize("writing", [str, lambda text: unicodedata.normalize("NFD", text)])
def test_a_code_is_found_in_either_composition(writing: Callable[[str], str]) -> None:
    assert normalise(writing(" H45.ĐẮK\n")) == "H45.ĐẮK"


def test_the_lenient_schema_takes_attributes_on_values() -> None:
    root = build_document(document("new"))
    for name in ("Subject", "OrganName", "Place", "Content"):
        next(root.iter(Q + name)).set("lang", "vi")
    assert LENIENT.check(root) == ()
