"""edXML packages: what is sent in practice is read, what is built is strict, and the two agree."""

import base64
import dataclasses
import io
import re
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from exchange.core.codes import one_line
from exchange.core.edxml import (
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
    build_document,
    build_status,
    check_attachments,
    read,
)
from exchange.core.refusal import Refused
from exchange.core.schema import Schema
from tests.thorough import examples

SCHEMAS = Path(__file__).parents[2] / "schemas"
STRICT = Schema((SCHEMAS / "edxml-strict.xsd").read_bytes())
LENIENT = Schema((SCHEMAS / "edxml-lenient.xsd").read_bytes())
EXAMPLES = SCHEMAS / "examples/valid"
SHARED = Path(__file__).parents[3] / "shared/samples/edxml"
Q = f"{{{NAMESPACE}}}"
PDF = base64.b64decode(
    "JVBERi0xLjQKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZz4+ZW5kb2JqCnRyYWlsZXI8PC9Sb290IDEgMCBSPj4KJSVFT0YK"
)


def parsed(path: Path) -> etree._Element:
    return etree.parse(str(path)).getroot()


def document(name: str) -> DocumentMessage:
    message = read(parsed(EXAMPLES / f"{name}.edxml"))
    assert isinstance(message, DocumentMessage)
    return message


def status(name: str) -> StatusMessage:
    message = read(parsed(EXAMPLES / f"{name}.edxml"))
    assert isinstance(message, StatusMessage)
    return message


def changed(name: str, *replacements: tuple[str, str]) -> etree._Element:
    """An example with pieces of its text replaced."""
    text = (EXAMPLES / f"{name}.edxml").read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return etree.fromstring(text.encode())


def through_bytes(root: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


# --- reading the examples and samples ---


def test_a_new_document_is_read_in_full() -> None:
    message = document("new")
    assert message.sender.organ_id == "000.00.00.H45"
    assert message.sender.organ_name == "Ủy ban nhân dân tỉnh Phú Yên"
    assert [each.organ_id for each in message.receivers] == [
        "000.00.10.H45",
        "000.00.30.H45",
        "000.20.30.H45",
    ]
    assert message.document_id == "000.00.00.H45,2024,1204"
    assert message.number == "1204/UBND-KSTT"
    assert (message.place, message.promulgation_date, message.due_date) == (
        "Phú Yên",
        date(2024, 11, 5),
        date(2024, 11, 29),
    )
    assert (message.type, message.type_detail, message.type_name) == (1, 0, "Công văn")
    assert message.subject == message.content == "V/v liên thông văn bản điện tử giữa các cơ quan trong tỉnh"
    assert (message.competence, message.position, message.full_name) == (
        "TM. ỦY BAN NHÂN DÂN",
        "Chủ tịch",
        "",
    )
    assert message.to_places == ("Như trên", "Lưu: VT, KSTT")
    assert (message.priority, message.promulgation_amount, message.page_amount) == (0, 3, 1)
    assert (message.sphere, message.typer_notation, message.direction) == (
        "Liên thông văn bản trong tỉnh",
        "VT",
        False,
    )
    assert message.appendixes == ("Danh mục hệ thống kết nối",)
    assert message.steering_type == 1
    assert message.trace == (
        TraceHeader(organ_id="000.00.00.H45", timestamp=datetime(2024, 11, 5, 8, tzinfo=VIETNAM)),
    )
    assert message.signed_at == datetime(2024, 11, 5, 1, tzinfo=UTC)
    assert message.business.doc_type is BusinessType.NEW
    assert message.business.paper is False
    assert message.business.staff[0].department == "Phòng Hành chính"
    assert [each.content_id for each in message.attachments] == ["1"]
    assert message.attachments[0].content(expanded_bytes_max=10_000) == PDF
    assert (message.earlier, message.missing, message.unknown) == ((), (), ())


def test_an_answer_names_the_documents_it_answers() -> None:
    message = document("new-answer-urgent")
    assert message.response_for == (
        ResponseFor(
            organ_id="000.00.10.H45",
            code="45/SNV-VP",
            document_id="000.00.10.H45,2024,45",
            promulgation_date=date(2024, 10, 28),
        ),
        ResponseFor(organ_id="000.00.10.H45", code="46/SNV-VP"),
    )
    assert (message.priority, message.task_code, message.business.paper) == (3, "NV-2024-17", True)
    assert message.subject == "V/v trả lời đề nghị của Sở Nội vụ & các đơn vị <khẩn>"


def test_an_update_says_what_changed() -> None:
    business = document("update").business
    assert (business.doc_type, business.document_changed, business.receivers_changed) == (
        BusinessType.UPDATE,
        True,
        True,
    )
    assert [(each.organ_id, each.receiver_type) for each in business.receivers] == [
        ("000.00.30.H45", 0),
        ("000.20.30.H45", 1),
    ]


@pytest.mark.parametrize(
    ("name", "earlier"),
    [
        ("update", ("000.00.00.H45,2024,1204",)),
        ("revoke", ("000.00.00.H45,2024,1204",)),
        ("replace", ("000.00.00.H45,2024,1204", "000.00.00.H45,2024,1208")),
    ],
)
def test_a_changing_document_names_the_earlier_ones(name: str, earlier: tuple[str, ...]) -> None:
    assert document(name).earlier == earlier


def test_a_new_document_that_mentions_an_earlier_one_changes_nothing() -> None:
    message = document("new")
    business = dataclasses.replace(message.business, document_id="000.00.00.H45,2023,1")
    assert dataclasses.replace(message, business=business).earlier == ()


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06", "13", "15", "16"])
def test_each_status_message_is_read(code: str) -> None:
    [path] = EXAMPLES.glob(f"status-{code}-*.edxml")
    message = status(path.stem)
    assert message.status_code == code
    assert message.sender.organ_id == ("000.00.00.H45" if code == "13" else "000.00.10.H45")
    assert message.response_for.document_id == "000.00.00.H45,2024,1204"
    assert message.response_for.promulgation_date == date(2024, 11, 5)
    assert message.staff is not None
    assert message.staff.staff == "Văn thư cơ quan"
    assert message.timestamp is not None
    assert message.timestamp.utcoffset() == timedelta(hours=7)
    assert message.description


@pytest.mark.parametrize(
    "name", ["new-in-other-order", "new-without-prefix", "new-from-other-software", "new-with-extension"]
)
def test_order_prefixes_and_marks_of_other_software_change_nothing_that_is_read(name: str) -> None:
    message, plain = document(name), document("new")
    assert (
        dataclasses.replace(
            message, document_id=plain.document_id, code_number=plain.code_number, unknown=plain.unknown
        )
        == plain
    )


def test_the_dialects_of_the_axis_are_read() -> None:
    message, plain = document("axis-dialects"), document("new")
    assert message.promulgation_date == plain.promulgation_date
    assert message.due_date == plain.due_date
    assert message.business == plain.business
    assert message.signed_at == plain.signed_at
    assert message.priority == 0
    assert message.response_for == ()
    assert [each.organ_id for each in message.receivers] == ["000.00.10.H45", "000.00.30.H45", ""]
    assert message.trace[0] == TraceHeader(timestamp=datetime(2024, 11, 5, 7, 59, tzinfo=VIETNAM))


def test_stray_text_a_zipped_attachment_and_a_signature_out_of_place_are_read() -> None:
    message = document("axis-zip-and-stray-text")
    assert message.position == "Chủ tịch"
    assert message.attachments[0].content(expanded_bytes_max=10_000) == PDF
    assert message.unknown == ()


def test_a_status_that_lost_its_zero_is_read() -> None:
    assert status("axis-status-as-number").status_code == "03"


def test_every_shared_sample_is_read_and_can_be_built_again() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared samples of the axis are not beside this repository")
    samples = sorted(SHARED.glob("*.edxml"))
    assert samples
    for path in samples:
        message = read(parsed(path))
        assert message.unknown == ()
        if isinstance(message, StatusMessage):
            assert read(build_status(message)) == message
            assert STRICT.check(build_status(message)) == ()
            continue
        check_attachments(message, most=10)
        content = message.attachments[0].content(expanded_bytes_max=1_000_000)
        assert len(content) == 388_347
        assert read(build_document(message)) == message
        assert STRICT.check(build_document(message)) == ()


# --- what cannot be understood is refused with its place ---


@pytest.mark.parametrize(
    "text",
    [
        "<edXML/>",
        '<edXML xmlns="http://www.e-doc.vn/Schema/"/>',
        f'<edXML xmlns="{NAMESPACE}"/>',
        f'<edXML xmlns="{NAMESPACE}"><edXMLEnvelope><edXMLHeader/></edXMLEnvelope></edXML>',
        f'<MessageHeader xmlns="{NAMESPACE}"/>',
    ],
)
def test_what_is_no_package_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read(etree.fromstring(text))
    assert [each.code for each in refused.value.refusals] == ["not_edxml"]


HEADER = "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("<edXML:DueDate>2024/11/29", "<edXML:DueDate>2024/02/30", f"{HEADER}/DueDate"),
        ("<edXML:DueDate>2024/11/29", "<edXML:DueDate>cuối tháng", f"{HEADER}/DueDate"),
        ("<edXML:DueDate>2024/11/29", "<edXML:DueDate>٢٠٢٤/11/29", f"{HEADER}/DueDate"),
        ("<edXML:Priority>0", "<edXML:Priority>9", f"{HEADER}/OtherInfo/Priority"),
        ("<edXML:PageAmount>1", "<edXML:PageAmount>-1", f"{HEADER}/OtherInfo/PageAmount"),
        ("<edXML:Direction>false", "<edXML:Direction>không", f"{HEADER}/OtherInfo/Direction"),
        ("<edXML:Subject>", "<edXML:Subject>V/v</edXML:Subject><edXML:Subject>", f"{HEADER}/Subject"),
        ("<edXML:Subject>", "<edXML:Subject>V/v <edXML:b/>", f"{HEADER}/Subject"),
        ("<edXML:From>", "<edXML:From><edXML:OrganId>H45</edXML:OrganId>", f"{HEADER}/From/OrganId"),
        ("<edXML:DocumentId>000.00.00.H45,2024,1204", "<edXML:DocumentId>", f"{HEADER}/DocumentId"),
        ("edXML:From>", "edXML:Sender>", f"{HEADER}/From"),
        (
            "<edXML:BussinessDocType>0",
            "<edXML:BussinessDocType>4",
            "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness/BussinessDocType",
        ),
        (
            "<edXML:Bussiness>",
            "<edXML:Business/><edXML:Bussiness>",
            "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness",
        ),
        ("<AttachmentEncoded>", "<AttachmentEncoded/><AttachmentEncoded>", "/edXML/AttachmentEncoded"),
    ],
)
def test_a_doubled_missing_or_unreadable_value_is_refused_with_its_place(
    old: str, new: str, where: str
) -> None:
    with pytest.raises(Refused) as refused:
        read(changed("new", (old, new)))
    [refusal] = refused.value.refusals
    assert (refusal.code, refusal.where) == ("schema_violated", where)
    assert refusal.detail
    assert refusal.detail_vi


def test_a_status_about_nothing_is_refused() -> None:
    root = changed("status-01-arrived")
    answered = next(root.iter(Q + "ResponseFor"))
    answered[:] = []
    with pytest.raises(Refused) as refused:
        read(root)
    assert [each.where for each in refused.value.refusals] == [f"{HEADER}/ResponseFor"]


# --- signing time ---


def test_the_time_of_signing_is_that_of_the_senders_own_trace_header() -> None:
    message = document("new")
    hub = TraceHeader(organ_id="000.00.00.G22", timestamp=datetime(2024, 11, 5, 9, tzinfo=VIETNAM))
    assert dataclasses.replace(message, trace=(hub, *message.trace)).signed_at == message.signed_at
    assert dataclasses.replace(message, trace=(hub,)).signed_at is None
    assert dataclasses.replace(message, trace=()).signed_at is None


# --- unknown elements ---


def test_unknown_elements_are_kept_wherever_they_stand_and_can_be_sent_on() -> None:
    message = document("new-with-extension")
    assert message.unknown == ('<mau:SoHoSo xmlns:mau="urn:example:phu-yen:mo-rong">HS-2024-9</mau:SoHoSo>',)
    built = through_bytes(build_document(message))
    assert STRICT.check(built) == ()
    assert read(built) == message
    root = changed("new", ("<edXML:OtherInfo>", '<edXML:OtherInfo><x xmlns="urn:x">1</x>'))
    assert read(root).unknown == ('<x xmlns="urn:x">1</x>',)


def test_comments_are_no_unknown_elements() -> None:
    root = changed("new", ("<edXML:Subject>", "<!-- a --><!-- b --><edXML:Subject>"))
    assert read(root) == document("new")


# --- building ---


def test_what_is_built_bears_the_prefix_inside_the_envelope_and_none_outside() -> None:
    root = through_bytes(build_document(document("replace")))
    envelope, attachments = root
    assert root.prefix is None
    assert {each.prefix for each in envelope.iter()} == {"edXML"}
    assert {each.prefix for each in attachments.iter()} == {None}
    status_root = through_bytes(build_status(status("status-13-take-back-requested")))
    assert {each.prefix for each in status_root[0].iter()} == {"edXML"}


def test_what_is_built_has_the_order_of_the_official_software() -> None:
    message = dataclasses.replace(
        document("new-answer-urgent"), due_date=date(2024, 12, 1), application_type="X", full_name="Mẫu"
    )
    root = build_document(message)
    header = next(root.iter(Q + "MessageHeader"))
    assert [etree.QName(each).localname for each in header] == [
        *("From", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "Content"),
        *("SignerInfo", "DueDate", "OtherInfo", "ResponseFor", "ResponseFor", "SteeringType"),
        *("ResponseForTask", "ApplicationType", "ToPlaces"),
    ]
    parts = [etree.QName(each).localname for each in (*root, *root[0], *root[0][0], *root[0][0][1])]
    assert parts == [
        *("edXMLEnvelope", "AttachmentEncoded", "edXMLHeader", "edXMLBody", "MessageHeader"),
        *("TraceHeaderList", "TraceHeader", "Bussiness"),
    ]
    ids = [each.text for each in root.iter(Q + "ContentId")]
    assert ids == ["cid:1", "cid:1"]


def test_a_status_is_built_in_the_order_of_the_official_samples() -> None:
    header = next(build_status(status("status-02-rejected")).iter(Q + "MessageHeader"))
    assert [etree.QName(each).localname for each in header] == [
        *("From", "ResponseFor", "StaffInfo", "StatusCode", "Description", "Timestamp"),
    ]


def test_empty_values_are_left_out() -> None:
    sender = Organization(organ_id="H45")
    message = DocumentMessage(sender=sender, receivers=(), document_id="1")
    root = build_document(message)
    assert not [
        each for each in root.iter() if len(each) == 0 and each.text is None and "Id" in str(each.tag)
    ]
    assert next(root.iter(Q + "Code"), None) is None
    assert read(root) == message


def test_a_time_is_built_as_vietnam_time_and_needs_a_zone() -> None:
    message = status("status-01-arrived")
    moment = datetime(2024, 12, 31, 20, 30, tzinfo=UTC)
    root = build_status(dataclasses.replace(message, timestamp=moment))
    assert next(root.iter(Q + "Timestamp")).text == "2025/01/01 03:30:00"
    with pytest.raises(ValueError, match="zone"):
        build_status(dataclasses.replace(message, timestamp=datetime(2024, 1, 1)))  # noqa: DTZ001


def test_text_that_xml_cannot_hold_is_an_error_of_the_builder() -> None:
    with pytest.raises(ValueError, match="XML compatible"):
        build_document(dataclasses.replace(document("new"), subject="V/v \x00"))


# --- what is built validates and reads back the same ---

T = TypeVar("T")
SPECIAL = [
    '<khẩn> & "mật" \']]>',
    "Nghị quyết số 05/NQ-HĐND",
    "Ủy ban nhân dân tỉnh Phú Yên",
    "&amp;&lt;",
    "Ω…–“”",
]


def writings(most: int, least: int) -> st.SearchStrategy[str]:
    """Text of up to ``most`` characters: short and wild, telling, or as long as may be."""
    wild = st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("ưởẬđ<>&'\"\n\t"),
        min_size=least,
        max_size=min(most, 12),
    )
    return wild | st.sampled_from([each[:most] for each in SPECIAL] + ["Ữ" * most])


def texts(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Text of one line of ``least`` to ``most`` characters, as it is read."""
    found = writings(most, least).map(one_line)
    return found.filter(lambda text: text != "null" and least <= len(text) <= most)


def lines(most: int) -> st.SearchStrategy[str]:
    """Text of several lines, as it is read."""
    return writings(most, 0).map(str.strip).filter(lambda text: text != "null")


DATES = st.dates(date(1945, 9, 2), date(2099, 12, 31))
TIMES = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, VIETNAM))
CODES = st.sampled_from(
    ["000.00.00.H45", "000.20.30.H45", "H45", "H45.30.20", "000.00.00.G22", "vxp.saas.03"]
)
NUMBERS = st.integers(0, 999_999)
EMAILS = st.sampled_from(["", "vanthu@example.gov.vn", "một@ví.dụ"])
ORGANIZATIONS = st.builds(
    Organization,
    organ_id=CODES,
    organization_in_charge=texts(500),
    organ_name=texts(200),
    organ_add=texts(500),
    email=EMAILS,
    telephone=texts(50),
    fax=texts(50),
    website=texts(100),
)
STAFF = st.builds(
    StaffInfo,
    department=texts(200, least=1),
    department_id=texts(100),
    staff=texts(100),
    staff_id=texts(100),
    email=EMAILS,
    mobile=texts(50),
)
ANSWERED = st.builds(
    ResponseFor,
    organ_id=CODES,
    code=texts(50),
    document_id=texts(200, least=1),
    promulgation_date=st.none() | DATES,
)
FLAGS = st.sampled_from([None, True, False])


def tuples(of: st.SearchStrategy[T], least: int = 0) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(of, min_size=least, max_size=2).map(tuple)


def businesses(kind: BusinessType) -> st.SearchStrategy[Business]:
    changes = st.builds(ReceiverChange, organ_id=CODES, receiver_type=st.none() | st.integers(0, 1))
    replaced = st.builds(Replacement, document_id=texts(200, least=1), organ_ids=tuples(CODES, least=1))
    update = kind is BusinessType.UPDATE
    return st.builds(
        Business,
        doc_type=st.just(kind),
        document_id=texts(200),
        reason=lines(500),
        paper=FLAGS,
        staff=tuples(STAFF),
        document_changed=FLAGS if update else st.none(),
        receivers_changed=FLAGS if update else st.none(),
        receivers=tuples(changes) if update else st.just(()),
        replacements=tuples(replaced) if kind is BusinessType.REPLACE else st.just(()),
    )


def attachments() -> st.SearchStrategy[tuple[Attachment, ...]]:
    one = st.builds(
        Attachment,
        content_id=texts(100, least=1).filter(lambda text: not text.startswith("cid:")),
        name=texts(200, least=1).filter(lambda text: not set(text) & set("/\\")),
        description=lines(500),
        content_type=st.sampled_from(["application/pdf", "application/zip", ""]),
        encoded=st.binary(min_size=1, max_size=300).map(lambda content: base64.b64encode(content).decode()),
    )
    return st.lists(one, max_size=2, unique_by=lambda each: each.content_id).map(tuple)


def documents(kind: BusinessType) -> st.SearchStrategy[DocumentMessage]:
    return st.builds(
        DocumentMessage,
        sender=ORGANIZATIONS,
        receivers=tuples(ORGANIZATIONS, least=1),
        document_id=texts(200, least=1),
        code_number=texts(11, least=1),
        code_notation=texts(30, least=1),
        place=texts(50),
        promulgation_date=DATES,
        type=NUMBERS,
        type_detail=st.none() | NUMBERS,
        type_name=texts(100, least=1),
        subject=texts(500, least=1),
        content=lines(500),
        competence=texts(100),
        position=texts(100),
        full_name=texts(50),
        due_date=st.none() | DATES,
        to_places=tuples(texts(150, least=1)),
        priority=st.integers(0, 4),
        sphere=lines(100),
        typer_notation=texts(10),
        promulgation_amount=st.none() | NUMBERS,
        page_amount=st.none() | NUMBERS,
        direction=FLAGS,
        reply_fors=texts(500),
        reference_codes=texts(500),
        appendixes=tuples(texts(250, least=1)),
        response_for=tuples(ANSWERED),
        steering_type=st.none() | st.integers(0, 2),
        task_code=texts(200),
        application_type=texts(100),
        trace=tuples(st.builds(TraceHeader, organ_id=CODES, timestamp=TIMES), least=1),
        business=businesses(kind),
        attachments=attachments(),
        unknown=st.sampled_from([(), ('<x xmlns="urn:x">ưở &amp; &lt;</x>', '<y:y xmlns:y="urn:y"></y:y>')]),
    )


PROPERTY = settings(max_examples=examples(8, 25), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("kind", BusinessType)
@PROPERTY
@given(data=st.data())
def test_a_built_document_validates_and_reads_back_the_same(kind: BusinessType, data: st.DataObject) -> None:
    message = data.draw(documents(kind))
    root = through_bytes(build_document(message))
    assert STRICT.check(root) == ()
    assert LENIENT.check(root) == ()
    assert read(root) == message
    check_attachments(message, most=3)


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06", "13", "15", "16"])
@PROPERTY
@given(data=st.data())
def test_a_built_status_validates_and_reads_back_the_same(code: str, data: st.DataObject) -> None:
    message = data.draw(
        st.builds(
            StatusMessage,
            sender=ORGANIZATIONS,
            response_for=ANSWERED,
            staff=st.none() | STAFF,
            status_code=st.just(code),
            description=lines(500),
            timestamp=TIMES,
        )
    )
    root = through_bytes(build_status(message))
    assert STRICT.check(root) == ()
    assert LENIENT.check(root) == ()
    assert read(root) == message


# --- dialects ---

DATE_FORMS: list[Callable[[str, str, str], str]] = [
    lambda y, m, d: f"{y}/{m}/{d}",
    lambda y, m, d: f"{d}/{m}/{y}",
    lambda y, m, d: f"{int(d)}/{int(m)}/{y}",
    lambda y, m, d: f"{y}-{m}-{d}",
    lambda y, m, d: f"{d}-{m}-{y}",
]


def in_dialect(root: etree._Element, data: st.DataObject) -> etree._Element:
    """The same package as another sender might write it."""
    form = data.draw(st.sampled_from(DATE_FORMS))
    time_form = data.draw(st.sampled_from([" {}", "T{}", "T{}+07:00", "T{}.000", " {} +0700"]))
    for element in root.iter(
        Q + "MessageHeader", Q + "OtherInfo", Q + "Code", Q + "TraceHeader", Q + "Bussiness"
    ):
        kinds = data.draw(st.permutations(list(dict.fromkeys(each.tag for each in element))))
        element[:] = sorted(element, key=lambda each: kinds.index(each.tag))  # repeated ones keep their order
    for element in root.iter(Q + "PromulgationDate", Q + "DueDate", Q + "Timestamp"):
        day, _, clock = (element.text or "").partition(" ")
        element.text = form(*day.split("/")) + (time_form.format(clock) if clock else "")
    if data.draw(st.booleans()):
        etree.indent(root, "\t")
    for element in root.iter() if data.draw(st.booleans()) else ():
        element.tag = str(element.tag).replace("Bussiness", "Business")
    for element in root.iter(Q + "ContentId") if data.draw(st.booleans()) else ():
        element.text = (element.text or "").removeprefix("cid:")
    text = etree.tostring(root, encoding="unicode")
    return etree.fromstring(re.sub(r"(</?)edXML:", r"\1", text) if data.draw(st.booleans()) else text)


@PROPERTY
@given(data=st.data())
def test_the_same_document_is_read_in_every_dialect(data: st.DataObject) -> None:
    message = data.draw(documents(data.draw(st.sampled_from(list(BusinessType)))))
    message = dataclasses.replace(message, unknown=())
    root = in_dialect(build_document(message), data)
    assert LENIENT.check(root) == ()
    assert read(root) == message


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024/11/05 08:30:00", datetime(2024, 11, 5, 8, 30, tzinfo=VIETNAM)),
        ("05/11/2024 08:30:00", datetime(2024, 11, 5, 8, 30, tzinfo=VIETNAM)),
        ("05/11/2024", datetime(2024, 11, 5, tzinfo=VIETNAM)),
        ("2024-11-05T08:30", datetime(2024, 11, 5, 8, 30, tzinfo=VIETNAM)),
        ("2024-11-05T08:30:00.123+07:00", datetime(2024, 11, 5, 8, 30, tzinfo=VIETNAM)),
        ("2024-11-05T01:30:00Z", datetime(2024, 11, 5, 8, 30, tzinfo=VIETNAM)),
        ("2024-11-04T20:30:00-0500", datetime(2024, 11, 4, 20, 30, tzinfo=timezone(timedelta(hours=-5)))),
        ("null", None),
        ("", None),
    ],
)
def test_times_are_read_in_the_forms_in_use(text: str, moment: datetime | None) -> None:
    message = read(changed("status-01-arrived", ("2024/11/05 09:15:00", text)))
    assert isinstance(message, StatusMessage)
    assert message.timestamp == moment


def test_a_date_with_a_zone_is_the_day_in_vietnam() -> None:
    message = read(changed("new", ("2024/11/29", "2024-11-28T17:00:00Z")))
    assert isinstance(message, DocumentMessage)
    assert message.due_date == date(2024, 11, 29)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00", "9999-12-31T20:00:00Z"]
)
def test_a_day_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read(changed("new", ("2024/11/29", text)))


# --- attachments ---


def attached(content: bytes, name: str = "cong-van.pdf") -> Attachment:
    return Attachment(content_id="1", name=name, encoded=base64.b64encode(content).decode())


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


UUID_NAME = "0d1f8c52-7a3e-4b6f-9c21-5e8d7a4b3c10.pdf"


def reasons(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [f"{each.code}: {each.detail}" for each in refused.value.refusals]


def test_a_zip_of_one_uuid_named_entry_is_the_entry() -> None:
    assert attached(zipped({UUID_NAME: PDF})).content(expanded_bytes_max=1000) == PDF
    assert (
        attached(zipped({UUID_NAME.upper(): PDF}, zipfile.ZIP_STORED)).content(expanded_bytes_max=1000) == PDF
    )


@pytest.mark.parametrize(
    "content",
    [
        PDF,
        zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}),
        zipped({"bao-cao.pdf": PDF}),
        zipped({UUID_NAME: PDF, "0d1f8c52-7a3e-4b6f-9c21-5e8d7a4b3c11.pdf": PDF}),
        b"PK\x03\x04 that only begins like a zip",
        b"PK",
    ],
    ids=["pdf", "docx", "zip of a named file", "zip of two", "no zip", "short"],
)
def test_anything_else_stays_as_it_is(content: bytes) -> None:
    assert attached(content).content(expanded_bytes_max=10) == content


def test_a_zip_that_expands_beyond_the_cap_is_refused() -> None:
    bomb = attached(zipped({UUID_NAME: bytes(5_000_000)}))
    with pytest.raises(Refused) as refused:
        bomb.content(expanded_bytes_max=1_000_000)
    assert reasons(refused) == [
        "attachment_invalid: Attachment 'cong-van.pdf' cannot be taken: it expands beyond the limit."
    ]
    assert len(bomb.content(expanded_bytes_max=5_000_000)) == 5_000_000


def test_a_zip_that_lies_about_its_size_is_refused() -> None:
    honest = zipped({UUID_NAME: bytes(5_000_000)})
    lying = honest.replace(struct.pack("<L", 5_000_000), struct.pack("<L", 100))
    assert lying != honest
    with pytest.raises(Refused) as refused:
        attached(lying).content(expanded_bytes_max=1_000)
    assert [each.code for each in refused.value.refusals] == ["attachment_invalid"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_of_a_kind_whose_pieces_may_blow_up_is_refused(method: int) -> None:
    with pytest.raises(Refused):
        attached(zipped({UUID_NAME: PDF}, method)).content(expanded_bytes_max=1_000)


def test_a_damaged_zip_is_refused() -> None:
    content = bytearray(zipped({UUID_NAME: PDF}, zipfile.ZIP_STORED))
    content[80] ^= 0xFF
    with pytest.raises(Refused):
        attached(bytes(content)).content(expanded_bytes_max=1_000)


@settings(max_examples=examples(60, 200), deadline=None)
@given(st.data())
def test_no_bytes_of_an_attachment_lead_anywhere_but_to_content_or_a_refusal(data: st.DataObject) -> None:
    content = bytearray(zipped({UUID_NAME: PDF}))
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        expanded = attached(bytes(content)).content(expanded_bytes_max=1_000)
    except Refused:
        return
    assert len(expanded) <= max(1_000, len(content))


def test_white_space_inside_base64_is_legal() -> None:
    encoded = base64.encodebytes(PDF).decode().replace("\n", "\n\t ")
    message = dataclasses.replace(
        document("new"), attachments=(Attachment(content_id="1", name="a", encoded=encoded),)
    )
    check_attachments(message, most=1)
    assert message.attachments[0].content(expanded_bytes_max=1_000) == PDF


@pytest.mark.parametrize(
    "encoded", ["JVBE*i0xLjQK", "JVBERi0xLjQ", "công văn", "", "JVBERi0xLjQK====JVBE", "  "]
)
def test_an_attachment_that_is_empty_or_no_base64_is_refused_by_position_and_name(encoded: str) -> None:
    good, bad = attached(PDF), Attachment(content_id="2", name="phu-luc.pdf", encoded=encoded)
    with pytest.raises(Refused) as refused:
        check_attachments(dataclasses.replace(document("new"), attachments=(good, bad)), most=5)
    [refusal] = refused.value.refusals
    assert (refusal.code, refusal.where) == ("attachment_invalid", "AttachmentEncoded/Attachment[2]")
    assert refusal.values["attachment"] == "phu-luc.pdf"
    assert "phu-luc.pdf" in refusal.detail
    assert "phu-luc.pdf" in refusal.detail_vi


def test_all_faults_of_the_attachments_are_told_at_once() -> None:
    empty = Attachment(content_id="1", name="phu-luc.pdf")
    message = dataclasses.replace(document("new"), attachments=(attached(PDF), empty), missing=("7",))
    with pytest.raises(Refused) as refused:
        check_attachments(message, most=5)
    assert reasons(refused) == [
        "attachment_invalid: Attachment 'phu-luc.pdf' cannot be taken: it is empty.",
        "attachment_invalid: Attachment '7' cannot be taken: the manifest names it and it is not there.",
        "attachment_invalid: Attachment '1' cannot be taken: two attachments bear this ContentId.",
    ]


def test_an_attachment_that_the_manifest_names_and_nothing_carries_is_missing() -> None:
    root = changed("new")
    next(root.iter(Q + "AttachmentEncoded"))[:] = []
    message = read(root)
    assert isinstance(message, DocumentMessage)
    assert message.missing == ("1",)


def test_more_attachments_than_the_limit_are_refused_with_the_limit() -> None:
    message = document("new")
    with pytest.raises(Refused) as refused:
        check_attachments(message, most=0)
    [refusal] = refused.value.refusals
    assert (refusal.code, refusal.values) == ("too_many_attachments", {"count": 1, "limit": 0})
