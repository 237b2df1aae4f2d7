"""The hardened parser: what it takes, what it refuses, and that it refuses quickly."""

import contextlib
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from exchange.core import parsing
from exchange.core.parsing import ParseLimits, parse
from exchange.core.refusal import Refused
from tests.core.hostile import message, signed

LIMITS = ParseLimits()


def code_of(document: bytes, limits: ParseLimits = LIMITS) -> str:
    with pytest.raises(Refused) as refused:
        parse(document, limits)
    return refused.value.refusals[0].code


def test_a_document_is_read_with_its_lines_and_texts() -> None:
    root = parse(signed(), LIMITS)
    subject = next(root.iter("{*}Subject"))
    assert subject.text == "V/v họp & báo cáo <quý IV>"
    assert subject.sourceline == 9


def test_a_byte_order_mark_and_a_comment_between_elements_are_tolerated() -> None:
    root = parse(b"\xef\xbb\xbf<!-- x --><a><!-- y --><b>c</b>\n<!-- z --></a><!-- w -->", LIMITS)
    assert etree.tostring(root.getroottree()) == b"<a><b>c</b>\n</a>"


@pytest.mark.parametrize("value", ["1<!-- -->2", "<!-- -->12", "12<!-- -->", "1<!----><!-- -->2"])
def test_a_comment_that_touches_a_value_is_refused(value: str) -> None:
    assert code_of(f"<a><b/>\n<c>{value}</c></a>".encode()) == "xml_forbidden"


def test_character_references_and_cdata_sections_make_one_value() -> None:
    root = parse(b"<a>x<![CDATA[<y>]]>&amp;&#x111;</a>", LIMITS)
    assert root.text == "x<y>&đ"


@pytest.mark.parametrize("declaration", ["UTF-16", "ISO-8859-1", "UTF-7", "us-ascii", "x"])
def test_other_encodings_than_utf_8_are_refused(declaration: str) -> None:
    assert code_of(f'<?xml version="1.0" encoding="{declaration}"?><a/>'.encode()) == "xml_forbidden"


def test_utf_8_may_be_declared_in_any_case_or_not_at_all() -> None:
    for declaration in (
        "",
        '<?xml version="1.0"?>',
        "<?xml version='1.0' encoding='utf-8' standalone='no' ?>",
    ):
        assert parse(f"{declaration}<a>đ</a>".encode(), LIMITS).text == "đ"


def test_no_external_entity_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("bí mật")
    document = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'
    assert code_of(document.encode()) == "xml_forbidden"


def test_the_word_doctype_in_a_text_is_no_doctype() -> None:
    assert parse(b"<!-- <!DOCTYPE a> --><a><![CDATA[<!DOCTYPE a>]]></a>", LIMITS).text == "<!DOCTYPE a>"


def test_limits_are_exact() -> None:
    limits = ParseLimits(document_bytes_max=60, depth_max=3, text_bytes_max=20)
    assert parse(b"<a><b><c/></b></a>", limits).tag == "a"
    assert code_of(b"<a><b><c><d/></c></b></a>", limits) == "xml_forbidden"
    assert parse(b"<a><b>" + b"x" * 20 + b"</b></a>", limits).tag == "a"
    assert code_of(b"<a><b>" + b"x" * 21 + b"</b></a>", limits) == "document_too_large"
    assert code_of(b"<a><b/>" + "đ".encode() * 11 + b"</a>", limits) == "document_too_large"
    assert parse(b"<a>" + b" " * 53 + b"</a>", ParseLimits(document_bytes_max=60)).tag == "a"
    assert code_of(b"<a>" + b" " * 54 + b"</a>", limits) == "document_too_large"


def test_numbers_of_nodes_attributes_and_namespaces_are_limited() -> None:
    attributes = [f'a{number}=""' for number in range(parsing.ATTRIBUTES_MAX + 1)]
    namespaces = [f'<b xmlns:n{number}="urn:n"/>' for number in range(parsing.NAMESPACES_MAX + 1)]
    assert parse(f"<a {' '.join(attributes[1:])}/>".encode(), LIMITS).tag == "a"
    assert code_of(f"<a {' '.join(attributes)}/>".encode()) == "xml_forbidden"
    assert parse(f"<a>{''.join(namespaces[1:])}</a>".encode(), LIMITS).tag == "a"
    assert code_of(f"<a>{''.join(namespaces)}</a>".encode()) == "xml_forbidden"
    assert parse(b"<a>" + b"<b/>" * 90_000 + b"</a>", LIMITS).tag == "a"


def test_the_answer_names_the_limit() -> None:
    with pytest.raises(Refused) as refused:
        parse(b" " * 100, ParseLimits(document_bytes_max=50))
    assert refused.value.refusals[0].values == {"bytes": 100, "document_bytes_max": 50}


def test_malformed_xml_names_the_line() -> None:
    with pytest.raises(Refused) as refused:
        parse(b"<a>\n<b></a>", LIMITS)
    assert refused.value.refusals[0].code == "xml_malformed"
    assert refused.value.refusals[0].where == "line 2"


SLOW = {
    "comments": b"<a>" + b"<!--x--> " * 40_000 + b"</a>",
    "comments in a value": b"<a>" + b"<!--x-->y" * 40_000 + b"</a>",
    "instructions": b"<a>" + b"<?x?> " * 60_000 + b"</a>",
    "comments before the root": b"<!-- <!DOCTYPE -->" * 20_000 + b"<a/>",
    "unfinished comments": b"<!-- " * 200_000,
    "unfinished instructions": b"<?x " * 200_000,
    "attributes of one element": b"<a " + b"".join(b'b%d="" ' % number for number in range(90_000)) + b"/>",
    "namespaces of one element": b"<a "
    + b"".join(b'xmlns:b%d="u" ' % number for number in range(40_000))
    + b"/>",
    "a long namespace": b'<a xmlns:p="urn:' + b"x" * 100_000 + b'">' + b"<p:b/>" * 60_000 + b"</a>",
    "a long namespace on one element": b'<a xmlns:p="urn:'
    + b"x" * 1_000_000
    + b'" '
    + b" ".join(b'p:c%d=""' % number for number in range(50_000))
    + b"/>",
    "a long namespace of attributes": b'<a xmlns:p="urn:'
    + b"x" * 99_999
    + b'">'
    + b'<b p:c=""/>' * 30_000
    + b"</a>",
    "elements": b"<a>" + b"<b/>" * 99_000 + b"</a>",
    "nested entities": b"<!DOCTYPE a [" + b'<!ENTITY a "aaaa">' * 50_000 + b"]><a/>",
}


@pytest.mark.parametrize("document", SLOW.values(), ids=SLOW.keys())
def test_no_document_keeps_the_parser_busy(document: bytes) -> None:
    begin = time.process_time()
    with contextlib.suppress(Refused):
        parse(document, LIMITS)
    assert time.process_time() - begin < 1  # some of them took minutes in XPath


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(document: bytes) -> None:
    with contextlib.suppress(Refused):
        parse(document, LIMITS)


def test_threads_parse_at_the_same_time() -> None:
    documents = [etree.tostring(message(subject=f"số {number}")) for number in range(8)]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(200):
            subject = next(parse(documents[number], LIMITS).iter("{*}Subject"))
            if subject.text != f"số {number}":
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
