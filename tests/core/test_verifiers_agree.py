"""The differential corpus: whatever is done to a signed document, all verifiers say the same."""

import copy
import random
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exchange.core.enveloped import DSIG, EDXML, canonical
from exchange.core.refusal import Refused
from exchange.core.signature import ParseLimits, verifier, verify
from exchange.core.verifiers import Name
from tests.core.hostile import NOW, Hostile, cast, hostile, message, signed
from tests.thorough import examples

NAMES: tuple[Name, ...] = ("signxml", "bergshamra", "both")


def verdict(document: bytes, name: Name) -> str | bytes:
    """The code of the refusal, or the canonical form of the tree that goes on."""
    try:
        return canonical(verify(document, cast().trust, NOW, verifier(name), ParseLimits()).root)
    except Refused as refused:
        return refused.refusals[0].code


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", hostile(), ids=lambda case: case.name)
def test_each_hostile_document_is_refused_with_its_code_by_each_verifier(case: Hostile, name: Name) -> None:
    assert verdict(case.document, name) == case.code


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("name", NAMES)
def test_a_valid_document_is_accepted_by_each_verifier(name: Name, kind: str) -> None:
    assert verdict(originals()[kind], name) == canonical(message())


HARMLESS: dict[str, Callable[[bytes], bytes]] = {
    "a byte order mark": lambda document: b"\xef\xbb\xbf" + document,
    "no declaration": lambda document: document.split(b"\n", 1)[1],
    "a declaration in lower case": lambda document: document.replace(b"UTF-8", b"utf-8"),
    "line ends of Windows": lambda document: document.replace(b"\n", b"\r\n"),
    "white space behind the root": lambda document: document + b"\n \n",
    "a comment between elements": lambda document: document.replace(b"<edXML:To>", b"<!-- x --><edXML:To>"),
    "a comment before the root": lambda document: document.replace(b"<edXML ", b"<!-- x --><edXML ", 1),
    "a CDATA section": lambda document: document.replace(b"12/UBND-VX", b"<![CDATA[12/UBND-VX]]>"),
    "a character reference": lambda document: document.replace(b"12/UBND-VX", b"&#x31;2/UBND-V&#88;"),
    "white space in tags": lambda document: document.replace(b'version="1.0"', b"version\n=  '1.0' "),
    "an unused namespace": lambda document: document.replace(b"<edXML:To>", b'<edXML:To xmlns:u="urn:u">'),
    "white space in base64": lambda document: document.replace(
        b"<ds:SignatureValue>", b"<ds:SignatureValue>\n "
    ),
    "a subject beside the certificate": lambda document: document.replace(
        b"<ds:X509Certificate>", b"<ds:X509SubjectName>CN=x</ds:X509SubjectName><ds:X509Certificate>"
    ),
    "an Id on the signature": lambda document: document.replace(
        b"<ds:SignatureValue>", b'<ds:SignatureValue Id="v">'
    ),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_the_signature_does_not_cover_may_change_and_is_not_read(
    change: Callable[[bytes], bytes], name: Name
) -> None:
    changed = change(originals()["rsa"])
    assert changed != originals()["rsa"]
    assert verdict(changed, name) == canonical(message())


@cache
def originals() -> dict[str, bytes]:
    return {"rsa": signed(cast().rsa), "ec": signed(cast().ec)}


def agree(document: bytes) -> None:
    """All three say the same, and what is accepted is what was signed."""
    said = {name: verdict(document, name) for name in NAMES}
    assert len(set(said.values())) == 1, said
    if isinstance(said["both"], bytes):
        assert said["both"] == canonical(message())


MARKUP = tuple(
    snippet.encode()
    for snippet in (
        *(
            " ",
            "\n",
            "\r",
            "\t",
            "\0",
            "\u00a0",
            "\ufeff",
            "\ufffe",
            "\U0001f600",
            "đ",
            "A",
            "/",
            "=",
            '"',
            "'",
        ),
        *(
            "<",
            ">",
            "<x>",
            "</x>",
            "<x/>",
            "<edXML:x/>",
            "<ds:Object/>",
            "ds:",
            "edXML:",
            "<!-- x -->",
            "<?p x?>",
        ),
        *("&amp;", "&lt;", "&#65;", "&#13;", "&x;", "%x;", "<![CDATA[x]]>", "<![CDATA[]]>", "<!DOCTYPE x>"),
        *(' xmlns:q="urn:q"', ' xmlns=""', ' xmlns="urn:q"', ' xmlns:edXML="urn:q"', ' xmlns:ds="urn:q"'),
        *(' xmlns:q="a"', ' Id="x"', ' id="x"', ' xml:id="x"', ' xml:lang="vi"', ' xml:base="x"', ' q:a="x"'),
    )
)


@settings(max_examples=examples(80, 300), deadline=None)
@given(
    kind=st.sampled_from(["rsa", "ec"]),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_flipped_bytes_are_judged_alike(kind: str, flips: list[tuple[int, int]]) -> None:
    document = bytearray(originals()[kind])
    for place, byte in flips:
        document[place % len(document)] = byte
    agree(bytes(document))


@settings(max_examples=examples(80, 300), deadline=None)
@given(
    kind=st.sampled_from(["rsa", "ec"]),
    edits=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 3), st.sampled_from(MARKUP)), min_size=1, max_size=3
    ),
)
def test_inserted_markup_is_judged_alike(kind: str, edits: list[tuple[int, int, bytes]]) -> None:
    document = originals()[kind]
    for place, removed, inserted in edits:
        at = place % len(document)
        document = document[:at] + inserted + document[at + removed :]
    agree(document)


@settings(max_examples=examples(100, 400), deadline=None)
@given(kind=st.sampled_from(["rsa", "ec"]), seed=st.integers(0, 2**32), edits=st.integers(1, 3))
def test_moved_doubled_and_renamed_elements_are_judged_alike(kind: str, seed: int, edits: int) -> None:
    chance = random.Random(seed)
    root = etree.fromstring(originals()[kind])
    for _ in range(edits):
        chance.choice(EDITS)(root, chance)
    agree(etree.tostring(root, encoding="UTF-8", xml_declaration=chance.random() < 0.5))


def _any(root: etree._Element, chance: random.Random) -> etree._Element:
    """An element; every other time one of the signature."""
    inside = f"{{{DSIG}}}*" if chance.random() < 0.5 else "*"
    return chance.choice([*root.iter(inside)] or [root])


def _below_root(root: etree._Element, chance: random.Random) -> etree._Element:
    element = _any(root, chance)
    return element if element is not root else root[0]


def _double(root: etree._Element, chance: random.Random) -> None:
    element = _below_root(root, chance)
    element.addnext(copy.deepcopy(element))


def _remove(root: etree._Element, chance: random.Random) -> None:
    element = _below_root(root, chance)
    parent = element.getparent()
    assert parent is not None
    if len(root) > 1 or parent is not root:
        parent.remove(element)


def _move(root: etree._Element, chance: random.Random) -> None:
    element, target = _below_root(root, chance), _any(root, chance)
    if element is not target and element not in target.iterancestors():
        target.insert(chance.randrange(len(target) + 1), element)


def _move_copy(root: etree._Element, chance: random.Random) -> None:
    element, target = copy.deepcopy(_any(root, chance)), _any(root, chance)
    target.insert(chance.randrange(len(target) + 1), element)


def _swap(root: etree._Element, chance: random.Random) -> None:
    element = _below_root(root, chance)
    following = element.getnext()
    if following is not None:
        following.addnext(element)


def _rename(root: etree._Element, chance: random.Random) -> None:
    namespace = chance.choice([f"{{{DSIG}}}", f"{{{EDXML}}}", "{urn:q}", ""])
    other = etree.QName(_any(root, chance)).localname
    _any(root, chance).tag = namespace + chance.choice([other, "Signature", "Object", "x", "đơn"])


def _text(root: etree._Element, chance: random.Random) -> None:
    element = _any(root, chance)
    value = chance.choice(
        ["", " ", "\n", "x", "\r", "<&>", "AAAA", "\u00a0", "đ", "]]>", "\U0001f600", element.text or ""]
    )
    if chance.random() < 0.5:
        element.text = value
    else:
        element.tail = value


def _attribute(root: etree._Element, chance: random.Random) -> None:
    xml = "{http://www.w3.org/XML/1998/namespace}"
    schema = "{http://www.w3.org/2001/XMLSchema-instance}"
    names = ["Id", "ID", "id", "URI", "Algorithm", "Type", "AssertionID", "{urn:q}Id", "{urn:q}a", "đ"]
    names += [
        f"{xml}id",
        f"{xml}lang",
        f"{xml}space",
        f"{schema}type",
        f"{schema}nil",
        f"{schema}schemaLocation",
    ]
    name = chance.choice(names)
    values = ["", "x", "y", "#x", "a b", " ", "\n", "true", EDXML, f"{DSIG}enveloped-signature"]
    _any(root, chance).set(name, chance.choice(values))


def _wrap(root: etree._Element, chance: random.Random) -> None:
    element = _below_root(root, chance)
    tag = chance.choice([element.tag, f"{{{DSIG}}}Object", f"{{{EDXML}}}edXMLHeader", "x"])
    wrapper = element.makeelement(tag)
    element.addprevious(wrapper)
    wrapper.append(element)


def _namespace(root: etree._Element, chance: random.Random) -> None:
    element = _below_root(root, chance)
    prefixes = {chance.choice(["q", "ds", "edXML", "đ"]): chance.choice(["urn:q", DSIG, EDXML, "relative"])}
    wrapper = element.makeelement(element.tag, dict(element.attrib), prefixes)
    wrapper.text, wrapper.tail = element.text, element.tail
    element.addprevious(wrapper)
    wrapper.extend(list(element))
    parent = element.getparent()
    assert parent is not None
    element.tail = None
    parent.remove(element)


def _unwrap(root: etree._Element, chance: random.Random) -> None:
    element = _below_root(root, chance)
    parent = element.getparent()
    assert parent is not None
    for child in list(element):
        element.addprevious(child)
    if len(parent) > 1:
        parent.remove(element)


EDITS = (
    _double, _remove, _move, _move_copy, _swap, _rename, _text, _attribute, _wrap, _namespace, _unwrap,
)  # fmt: skip
