"""Bytes from outside become a tree here, and only here: hardened parsing within limits.

Nothing of a DTD is ever interpreted, nothing is fetched, and what the parser builds is bounded
before it is built. Comments are not part of what a signature covers: they vanish, and one that
cuts a value in two is refused, so that no reader sees another value than we do.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import cast

from lxml import etree

from exchange.core.refusal import Refused, refuse

# libxml2 refuses a longer text without XML_PARSE_HUGE (XML_MAX_TEXT_LENGTH), and signxml parses like that.
TEXT_BYTES_MAX = 10_000_000
# A node costs some hundred bytes of memory for four bytes of markup: number and size are both bounded.
NODES_MAX = 100_000
# Exclusive C14N repeats the URI of a namespace on each element that uses it: a long one multiplies.
NAMESPACE_CHARS_MAX = 128
ATTRIBUTE_CHARS_MAX = 4096
# Sorting many attributes and looking up many namespaces takes C14N quadratic time.
ATTRIBUTES_MAX = 64  # of one element
NAMESPACES_MAX = 500  # declarations in one document


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseLimits:
    """What a document may cost: bytes as a whole, depth of elements, bytes of one text."""

    document_bytes_max: int = 16_000_000
    depth_max: int = 32
    text_bytes_max: int = TEXT_BYTES_MAX


# XML 1.0 [22] prolog: before the root stand only the declaration, comments, instructions, white space.
_DOCTYPE = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?.*?\?>|<!--.*?-->|[ \t\r\n])*+<!DOCTYPE", re.DOTALL)
_ENCODING = re.compile(
    rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["']([^"'>]*)""", re.DOTALL
)
_LONG_ATTRIBUTE = etree.XPath(f"boolean(//@*[string-length() > {ATTRIBUTE_CHARS_MAX}])")


def _parser(*, comments: bool) -> etree.XMLParser[etree._Element]:
    """A parser that resolves, loads and repairs nothing, and reads UTF-8 whatever is declared.

    Making one costs half a microsecond; a shared one would make threads wait for each other.
    """
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=not comments,
        remove_pis=False,  # refused, not dropped
        strip_cdata=False,  # likewise, inside a signature
    )


def parse(document: bytes, limits: ParseLimits) -> etree._Element:
    """Parse one document from outside and return its root, without comments.

    Refused: ``xml_malformed``; ``xml_forbidden`` (DOCTYPE, entities, processing instructions,
    encodings other than UTF-8, XML other than 1.0, a comment inside a value, too deep, too many
    nodes, overlong names and attributes); ``document_too_large`` (the document or one text).
    """
    _check_size(document, limits)
    _check_prolog(document)
    root = _tree(document, limits, comments=True)
    _check_tree(root, limits)
    _check_namespaces(root)
    _check_attributes(root)
    if _has(root, etree.Comment):
        _check_comments(root)
        root = _tree(document, limits, comments=False)
    if len(document) > limits.text_bytes_max:  # no text is longer than its document
        _check_texts(root, limits.text_bytes_max)
    return root


def _tree(document: bytes, limits: ParseLimits, *, comments: bool) -> etree._Element:
    try:
        return etree.fromstring(document, _parser(comments=comments))
    except etree.XMLSyntaxError as error:
        raise _refused_by_parser(error, limits) from None


def _check_size(document: bytes, limits: ParseLimits) -> None:
    size = len(document)
    if size > limits.document_bytes_max:
        raise refuse(
            "document_too_large",
            f"The document has {size} bytes; the limit is {limits.document_bytes_max}.",
            f"Văn bản có {size} byte; giới hạn là {limits.document_bytes_max}.",
            bytes=size,
            document_bytes_max=limits.document_bytes_max,
        )
    # An element takes four bytes at least, an attribute five: below that size counting is needless.
    if size > 4 * NODES_MAX and document.count(b"<") + document.count(b"=") > 2 * NODES_MAX:
        raise refuse(
            "xml_forbidden",
            f"The XML has more than {NODES_MAX} elements and attributes.",
            f"XML có hơn {NODES_MAX} phần tử và thuộc tính.",
            nodes_max=NODES_MAX,
        )


def _check_prolog(document: bytes) -> None:
    """Refuse by the first bytes what the parser should not even begin to read."""
    if document.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in document[:4]:
        raise _encoding_forbidden("UTF-16")
    declared = _ENCODING.match(document)
    if declared and declared[1].lower() != b"utf-8":
        raise _encoding_forbidden(declared[1].decode("latin-1")[:40])
    if _DOCTYPE.match(document):
        raise _doctype_forbidden()


def _encoding_forbidden(name: str) -> Refused:
    return refuse(
        "xml_forbidden",
        f"The encoding is {name}; only UTF-8 is taken.",
        f"Bảng mã là {name}; chỉ nhận UTF-8.",
        where="line 1",
        encoding=name,
    )


def _doctype_forbidden() -> Refused:
    return refuse("xml_forbidden", "The XML has a DOCTYPE.", "XML có khai báo DOCTYPE.", where="DOCTYPE")


def _refused_by_parser(error: etree.XMLSyntaxError, limits: ParseLimits) -> Refused:
    """Say in our words what libxml2 refused: its limits are refusals of size, the rest is bad XML."""
    message = str(error.msg)
    line = f"line {error.lineno}"
    if "depth" in message and error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        return _too_deep(limits.depth_max)
    if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT or "too big" in message:
        return _text_too_long(min(limits.text_bytes_max, TEXT_BYTES_MAX), line)
    if error.code == etree.ErrorTypes.ERR_NAME_TOO_LONG:
        return refuse("xml_forbidden", "A name is too long.", "Tên phần tử hoặc thuộc tính quá dài.", line)
    reason = message.splitlines()[0][:200] if message else ""
    return refuse("xml_malformed", reason, f"Lỗi XML ở dòng {error.lineno}: {reason}", line)


def _too_deep(depth_max: int) -> Refused:
    return refuse(
        "xml_forbidden",
        f"Elements are nested deeper than {depth_max}.",
        f"Phần tử lồng nhau sâu hơn {depth_max} cấp.",
        depth_max=depth_max,
    )


def _text_too_long(text_bytes_max: int, where: str) -> Refused:
    return refuse(
        "document_too_large",
        f"One text is longer than {text_bytes_max} bytes; an attachment in base64 is one text.",
        f"Một nội dung dài hơn {text_bytes_max} byte; mỗi tệp đính kèm base64 là một nội dung.",
        where,
        text_bytes_max=text_bytes_max,
    )


@lru_cache(maxsize=16)
def _deeper_than(depth_max: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth_max + 1) + ")")


def _check_tree(root: etree._Element, limits: ParseLimits) -> None:
    declaration = root.getroottree().docinfo
    if declaration.internalDTD is not None or declaration.externalDTD is not None:
        raise _doctype_forbidden()
    if declaration.xml_version != "1.0":
        raise refuse("xml_forbidden", "Only XML 1.0 is taken.", "Chỉ nhận XML 1.0.", "line 1")
    if _deeper_than(limits.depth_max)(root):
        raise _too_deep(limits.depth_max)
    if _has(root, etree.ProcessingInstruction):
        raise refuse(
            "xml_forbidden",
            "The XML has a processing instruction.",
            "XML có chỉ thị xử lý (processing instruction).",
        )


def _check_namespaces(root: etree._Element) -> None:
    """Look at declarations, for each use of a namespace would be another copy of a long name."""
    for number, (_, declared) in enumerate(etree.iterwalk(root, events=("start-ns",)), 1):
        _, uri = cast(tuple[str, str], declared)
        if number > NAMESPACES_MAX or len(uri) > NAMESPACE_CHARS_MAX:
            raise refuse(
                "xml_forbidden",
                f"A namespace has more than {NAMESPACE_CHARS_MAX} characters,"
                f" or more than {NAMESPACES_MAX} are declared.",
                f"Một không gian tên dài hơn {NAMESPACE_CHARS_MAX} ký tự,"
                f" hoặc khai báo hơn {NAMESPACES_MAX} không gian tên.",
                namespace_chars_max=NAMESPACE_CHARS_MAX,
                namespaces_max=NAMESPACES_MAX,
            )


def _check_attributes(root: etree._Element) -> None:
    many = any(len(element.keys()) > ATTRIBUTES_MAX for element in root.iter())
    if many or _LONG_ATTRIBUTE(root):
        raise refuse(
            "xml_forbidden",
            f"An attribute has more than {ATTRIBUTE_CHARS_MAX} characters,"
            f" or an element more than {ATTRIBUTES_MAX} attributes.",
            f"Một thuộc tính dài hơn {ATTRIBUTE_CHARS_MAX} ký tự,"
            f" hoặc một phần tử có hơn {ATTRIBUTES_MAX} thuộc tính.",
            attribute_chars_max=ATTRIBUTE_CHARS_MAX,
            attributes_max=ATTRIBUTES_MAX,
        )


def _has(root: etree._Element, kind: Callable[..., etree._Element]) -> bool:
    """Whether a node of this kind stands in the root or beside it.

    Not by XPath: libxml2 merges node-sets of non-elements in quadratic time.
    """
    nodes = chain(root.iter(kind), root.itersiblings(kind), root.itersiblings(kind, preceding=True))
    return next(nodes, None) is not None


def _check_comments(root: etree._Element) -> None:
    """Refuse a comment that touches text. No signature covers comments (C14N without them).

    A receiver's software that reads a value only up to the comment would see another value than
    the signed one, as SAML libraries did in 2018.
    """
    for comment in root.iter(etree.Comment):
        previous, parent = comment.getprevious(), comment.getparent()
        before = parent.text if previous is None and parent is not None else getattr(previous, "tail", "")
        if (before or "").strip() or (comment.tail or "").strip():
            raise refuse(
                "xml_forbidden",
                "A comment stands inside a value.",
                "Có chú thích XML nằm giữa một giá trị.",
                f"line {comment.sourceline}",
            )


def _check_texts(root: etree._Element, text_bytes_max: int) -> None:
    for element in root.iter():
        longest = max(len((text or "").encode()) for text in (element.text, element.tail))
        if longest > text_bytes_max:
            raise _text_too_long(text_bytes_max, f"line {element.sourceline}")
