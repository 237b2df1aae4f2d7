"""The XSDs and what is said about a message that breaks them."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exchange.core.edxml import NAMESPACE
from exchange.core.schema import Reason, Schema
from tests.thorough import examples

SCHEMAS = Path(__file__).parents[2] / "schemas"
STRICT = Schema((SCHEMAS / "edxml-strict.xsd").read_bytes())
LENIENT = Schema((SCHEMAS / "edxml-lenient.xsd").read_bytes())
LIBXML2 = {
    name: etree.XMLSchema(etree.parse(str(SCHEMAS / f"edxml-{name}.xsd"))) for name in ("strict", "lenient")
}
VALID = sorted((SCHEMAS / "examples/valid").glob("*.edxml"))
INVALID = sorted((SCHEMAS / "examples/invalid").glob("*.edxml"))
SHARED = Path(__file__).parents[3] / "shared/samples/edxml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DS = "http://www.w3.org/2000/09/xmldsig#"

# What is wrong in each invalid example: line, path below the root, reason.
WRONG = {
    "answered-document-empty": (
        70,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/ResponseFor/OrganId",
        "missing",
    ),
    "attachment-name-with-slash": (107, "/edXML/AttachmentEncoded/Attachment/AttachmentName", "wrong_form"),
    "attachment-without-content": (
        105,
        "/edXML/AttachmentEncoded/Attachment/ContentTransferEncoded",
        "missing",
    ),
    "attachments-twice": (113, "/edXML/AttachmentEncoded[2]", "too_many"),
    "attribute-unknown": (52, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Subject", "attribute"),
    "business-misspelled": (81, "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Business", "unexpected"),
    "business-type-unknown": (
        82,
        "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness/BussinessDocType",
        "not_in_list",
    ),
    "code-notation-missing": (
        39,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Code/CodeNotation",
        "missing",
    ),
    "code-notation-too-long": (
        41,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Code/CodeNotation",
        "too_long",
    ),
    "code-number-too-long": (
        40,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Code/CodeNumber",
        "too_long",
    ),
    "date-day-first": (
        45,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/PromulgationInfo/PromulgationDate",
        "wrong_form",
    ),
    "date-not-in-calendar": (
        45,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/PromulgationInfo/PromulgationDate",
        "wrong_form",
    ),
    "document-id-missing": (5, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/DocumentId", "missing"),
    "document-id-too-long": (38, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/DocumentId", "too_long"),
    "due-date-empty": (58, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/DueDate", "empty"),
    "element-inside-subject": (52, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Subject/b", "unexpected"),
    "element-unknown": (70, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/OtherInformation", "unexpected"),
    "email-malformed": (11, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/From/Email", "wrong_form"),
    "header-missing": (3, "/edXML/edXMLEnvelope/edXMLHeader", "missing"),
    "legacy-namespace": (2, "/edXML", "unexpected"),
    "message-header-missing": (4, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader", "missing"),
    "organ-id-missing": (14, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To[1]/OrganId", "missing"),
    "organ-id-with-spaces": (7, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/From/OrganId", "wrong_form"),
    "page-amount-no-number": (
        64,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/OtherInfo/PageAmount",
        "wrong_form",
    ),
    "priority-out-of-range": (
        60,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/OtherInfo/Priority",
        "not_in_list",
    ),
    "receiver-missing": (5, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To", "missing"),
    "replacement-without-agencies": (
        82,
        "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness/ReplacementInfoList/ReplacementInfo[1]/OrganIdList",
        "missing",
    ),
    "sender-missing": (5, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/From", "missing"),
    "sender-twice": (14, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/From[2]", "too_many"),
    "status-code-unknown": (25, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/StatusCode", "not_in_list"),
    "status-code-without-zero": (
        25,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/StatusCode",
        "not_in_list",
    ),
    "status-with-attachment": (31, "/edXML/AttachmentEncoded", "unexpected"),
    "status-with-subject": (26, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Subject", "unexpected"),
    "status-without-document-id": (
        14,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/ResponseFor/DocumentId",
        "missing",
    ),
    "status-without-document": (5, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/ResponseFor", "missing"),
    "status-without-time": (5, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Timestamp", "missing"),
    "stray-text": (54, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/SignerInfo", "stray_text"),
    "subject-empty": (52, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Subject", "empty"),
    "subject-too-long": (52, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Subject", "too_long"),
    "subject-twice": (53, "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Subject[2]", "too_many"),
    "time-of-trace-without-seconds": (
        79,
        "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/TraceHeader/Timestamp",
        "wrong_form",
    ),
    "trace-missing": (4, "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList", "missing"),
    "trace-without-time": (
        77,
        "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/TraceHeader/Timestamp",
        "missing",
    ),
    "type-name-missing": (
        47,
        "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/DocumentType/TypeName",
        "missing",
    ),
}


def parsed(path: Path) -> etree._Element:
    return etree.parse(str(path)).getroot()


def new() -> etree._Element:
    return parsed(SCHEMAS / "examples/valid/new.edxml")


def inside(root: etree._Element, name: str) -> etree._Element:
    return next(root.iter(f"{{{NAMESPACE}}}{name}"))


# --- what passes ---


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_examples_pass_and_those_of_the_axis_only_the_lenient_schema(path: Path) -> None:
    root = parsed(path)
    assert LENIENT.check(root) == ()
    assert bool(STRICT.check(root)) is path.stem.startswith("axis-")


def test_every_sample_of_the_axis_passes_the_lenient_schema() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared samples of the axis are not beside this repository")
    samples = sorted(SHARED.glob("*.edxml"))
    assert samples
    assert {path.name: LENIENT.check(parsed(path)) for path in samples} == {path.name: () for path in samples}


@pytest.mark.parametrize("place", ["edXMLHeader", "edXML"])
def test_a_signature_may_stand_last_in_the_header_or_under_the_root(place: str) -> None:
    root = new()
    etree.SubElement(inside(root, place), f"{{{DS}}}Signature")
    assert STRICT.check(root) == ()
    assert LENIENT.check(root) == ()


def test_a_signature_elsewhere_in_the_package_is_refused() -> None:
    root = new()
    inside(root, "edXMLHeader").insert(0, etree.Element(f"{{{DS}}}Signature"))
    assert [(each.reason, each.value) for each in STRICT.check(root)] == [(Reason.UNEXPECTED, "Signature")]


def test_large_attachments_are_no_concern_of_the_schema() -> None:
    root = new()
    inside(root, "ContentTransferEncoded").text = "QUJD" * 500_000
    assert STRICT.check(root) == ()


# --- what is refused, where, and in which words ---


def test_every_invalid_example_is_expected_here() -> None:
    assert {path.stem for path in INVALID} == set(WRONG)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_example_is_refused_with_its_line_path_and_reason(path: Path) -> None:
    violations = STRICT.check(parsed(path))
    line, where, reason = WRONG[path.stem]
    assert [(each.line, each.path, str(each.reason)) for each in violations] == [(line, where, reason)]


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_a_refusal_speaks_to_people_in_both_languages(path: Path) -> None:
    for violation in STRICT.check(parsed(path)):
        for message in (violation.message, violation.message_vi):
            assert re.fullmatch(r"[A-ZĐÀ-Ỹ].{10,300}\.", message)
            assert "{http" not in message
        assert violation.message != violation.message_vi


def test_a_refusal_names_the_element_as_clerks_know_it() -> None:
    [violation] = STRICT.check(parsed(SCHEMAS / "examples/invalid/date-day-first.edxml"))
    assert violation.message == (
        "Date of issue (PromulgationDate) holds “05/11/2024”, which is not a date of the calendar, "
        "year/month/day, such as 2024/11/05."
    )
    assert violation.message_vi == (
        "Ngày ban hành (PromulgationDate) ghi “05/11/2024”, cần là ngày có thật, dạng năm/tháng/ngày, "
        "ví dụ 2024/11/05."
    )
    assert violation.value == "05/11/2024"


def test_all_faults_of_a_message_are_told_at_once_in_the_order_of_its_lines() -> None:
    root = new()
    inside(root, "Priority").text = "9"
    inside(root, "CodeNumber").text = ""
    inside(root, "MessageHeader").remove(inside(root, "DocumentId"))
    reasons = [each.reason for each in STRICT.check(root)]
    assert reasons == [Reason.MISSING, Reason.EMPTY, Reason.NOT_IN_LIST]


def test_one_of_several_receivers_is_told_by_its_position() -> None:
    root = new()
    second = root.findall(f".//{{{NAMESPACE}}}To")[1]
    second[0].text = "?"
    [violation] = STRICT.check(root)
    assert violation.path == "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To[2]/OrganId"


def test_lines_are_those_of_the_message_as_received() -> None:
    source = new()
    inside(source, "Subject").text = ""
    etree.SubElement(inside(source, "edXMLHeader"), f"{{{DS}}}Signature")
    signed = etree.fromstring(etree.tostring(source, method="c14n").replace(b"\n", b" "))
    signature = next(signed.iter(f"{{{DS}}}Signature"))
    parent = signature.getparent()
    assert parent is not None
    parent.remove(signature)
    assert [each.line for each in STRICT.check(signed)] == [1]
    assert [each.line for each in STRICT.check(signed, source)] == [inside(source, "Subject").sourceline]


def test_at_most_fifty_violations_are_told() -> None:
    root = new()
    header = inside(root, "MessageHeader")
    for _ in range(200):
        etree.SubElement(etree.SubElement(header, f"{{{NAMESPACE}}}To"), f"{{{NAMESPACE}}}OrganId").text = "?"
    assert len(STRICT.check(root)) == 50


def test_a_message_too_large_to_be_explained_is_refused_in_the_words_of_libxml2() -> None:
    root = new()
    places = inside(root, "ToPlaces")
    for _ in range(2_001):
        etree.SubElement(places, f"{{{NAMESPACE}}}Place").text = "Như trên"
    inside(root, "Priority").text = "9"
    violations = STRICT.check(root)
    assert {each.reason for each in violations} == {Reason.OTHER}
    assert {each.path.rsplit("/", 1)[1] for each in violations} == {"Priority"}
    assert all(each.line == inside(root, "Priority").sourceline for each in violations)


def test_a_message_of_too_many_elements_is_refused_with_the_limit_before_anything_is_looked_at() -> None:
    root = new()
    places = inside(root, "ToPlaces")
    for _ in range(20_001):
        etree.SubElement(places, "wrong")
    [violation] = STRICT.check(root)
    assert (violation.reason, violation.path) == (Reason.TOO_MANY, "/edXML")
    assert "20000" in violation.message
    assert "20000" in violation.message_vi


@pytest.mark.parametrize("named", ["Foo", "zz:Foo", ":", "xs:string", ""])
def test_a_message_that_xmlschema_cannot_cope_with_is_refused_all_the_same(named: str) -> None:
    subject = (
        f'<edXML:Subject xmlns:xsi="{XSI}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xsi:type="{named}">'
    )
    text = etree.tostring(new(), encoding="unicode").replace("<edXML:Subject>", subject)
    violations = STRICT.check(etree.fromstring(text))
    assert "Subject" in {each.path.rsplit("/", 1)[1] for each in violations}


@pytest.mark.parametrize("schema", [STRICT, LENIENT], ids=["strict", "lenient"])
def test_a_schema_location_in_a_message_is_never_fetched(schema: Schema) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        root = new()
        location = f"http://127.0.0.1:{server.getsockname()[1]}/x.xsd"
        root.set(f"{{{XSI}}}schemaLocation", f"{NAMESPACE} {location} urn:other {location}")
        root.set(f"{{{XSI}}}noNamespaceSchemaLocation", location)
        inside(root, "BussinessDocType").text = "7"
        assert [each.reason for each in schema.check(root)] == [Reason.NOT_IN_LIST]
        with pytest.raises(BlockingIOError):
            server.accept()


def test_one_schema_serves_many_threads() -> None:
    roots = [parsed(path) for path in (*VALID, *INVALID)]
    alone = [STRICT.check(root) for root in roots]
    with ThreadPoolExecutor(4) as pool:
        rounds = list(pool.map(lambda _: [STRICT.check(root) for root in roots], range(8)))
    assert rounds == [alone] * 8


# --- the lenient schema still refuses what cannot be kept or is ambiguous ---


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sender-twice", Reason.TOO_MANY),
        ("sender-missing", Reason.MISSING),
        ("receiver-missing", Reason.MISSING),
        ("document-id-missing", Reason.MISSING),
        ("document-id-too-long", Reason.TOO_LONG),
        ("subject-twice", Reason.TOO_MANY),
        ("business-type-unknown", Reason.NOT_IN_LIST),
        ("attachments-twice", Reason.TOO_MANY),
        ("status-without-document", Reason.MISSING),
        ("status-without-document-id", Reason.MISSING),
        ("message-header-missing", Reason.MISSING),
    ],
)
def test_the_lenient_schema_refuses(name: str, reason: Reason) -> None:
    violations = LENIENT.check(parsed(SCHEMAS / f"examples/invalid/{name}.edxml"))
    assert [each.reason for each in violations] == [reason]


@pytest.mark.parametrize(
    "name",
    [
        "date-day-first",
        "stray-text",
        "element-unknown",
        "business-misspelled",
        "trace-missing",
        "due-date-empty",
    ],
)
def test_the_lenient_schema_takes_what_occurs_on_the_axis(name: str) -> None:
    assert LENIENT.check(parsed(SCHEMAS / f"examples/invalid/{name}.edxml")) == ()


# --- anything at all ---


@st.composite
def damaged(draw: st.DrawFn) -> etree._Element:
    """An example in which a few elements are dropped, doubled, renamed, moved or refilled."""
    root = parsed(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 4))):
        elements = [each for each in root.iter() if each.getparent() is not None]
        if not elements:
            break
        element = draw(st.sampled_from(elements))
        parent = element.getparent()
        assert parent is not None
        match draw(st.sampled_from(["drop", "double", "rename", "move", "refill", "attribute"])):
            case "drop":
                parent.remove(element)
            case "double":
                parent.append(etree.fromstring(etree.tostring(element, with_tail=False)))
            case "rename":
                element.tag = draw(st.sampled_from([each.tag for each in elements] + ["x", "{urn:x}y"]))
            case "move":
                root.append(element)
            case "refill":
                element.text = draw(st.sampled_from(["", " ", "null", "0", "x" * 600, "Việt & <Nam>"]))
            case _:
                element.set(draw(st.sampled_from(["x", f"{{{XSI}}}nil", f"{{{XSI}}}type"])), "true")
    return root


@settings(max_examples=examples(60, 150), deadline=None)
@given(damaged())
def test_whatever_is_damaged_libxml2_decides_and_every_refusal_is_explained(root: etree._Element) -> None:
    for name, schema in (("strict", STRICT), ("lenient", LENIENT)):
        violations = schema.check(root)
        assert violations or LIBXML2[name].validate(root)
        for violation in violations:
            assert violation.message
            assert violation.message_vi
            assert violation.path.startswith("/")
