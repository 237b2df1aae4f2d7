"""Elements of a signature, read strictly: exactly the children, attributes and values that are expected.

What a reader may overlook, an attacker may use; so whatever is missing, unreadable or too much is refused.
"""

import base64
import re

from lxml import etree

from exchange.core.refusal import Refused, refuse

_SPACE = " \t\r\n"  # XML 1.0 [3]: str.strip() alone would take more
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_BASE64_SPACE = re.compile(r"[ \t\r\n]+")


def children(
    element: etree._Element, *tags: str, attributes: tuple[str, ...] = ("Id",)
) -> list[etree._Element]:
    """The children, which must be exactly these, with nothing but white space between them."""
    found = list(element)
    if [child.tag for child in found] != list(tags):
        wanted = ", ".join(etree.QName(tag).localname for tag in tags) or "nothing"
        raise malformed(
            f"{name(element)} must hold {wanted}.", f"{name(element)} phải chứa {wanted}.", element
        )
    check_plain(element, attributes)
    return found


def check_plain(element: etree._Element, attributes: tuple[str, ...]) -> None:
    """No text but white space between the children, and no attribute but these."""
    texts = [element.text, *(child.tail for child in element)]
    if any(text and text.strip(_SPACE) for text in texts):
        raise malformed(f"{name(element)} holds text.", f"{name(element)} chứa văn bản thừa.", element)
    check_attributes(element, attributes)


def check_attributes(element: etree._Element, attributes: tuple[str, ...]) -> None:
    """No attribute but these; an Id is a plain name."""
    for attribute, value in element.items():
        if attribute not in attributes or (attribute == "Id" and not _ID.fullmatch(value)):
            raise malformed(
                f"{name(element)} has the attribute {attribute[:60]}.",
                f"{name(element)} có thuộc tính {attribute[:60]}.",
                element,
            )


def check_algorithm(element: etree._Element, *allowed: str) -> None:
    """The algorithm is one of these and has no parameters (PrefixList, HMACOutputLength, XPath...)."""
    algorithm = element.get("Algorithm", "")
    if algorithm not in allowed:
        raise algorithm_refused(element, algorithm)
    if len(element):
        raise algorithm_refused(element, f"{algorithm} with parameters")
    children(element, attributes=("Algorithm",))


def text(element: etree._Element, attributes: tuple[str, ...] = ()) -> str:
    """The text of an element without children."""
    check_attributes(element, attributes)
    if len(element):
        raise malformed(f"{name(element)} must hold text.", f"{name(element)} phải chứa văn bản.", element)
    return element.text or ""


def decode(element: etree._Element, attributes: tuple[str, ...] = ("Id",)) -> bytes:
    """Decode strictly, so that no two readers decode the same text to different bytes (RFC 4648 3.5)."""
    check_attributes(element, attributes)
    encoded = _BASE64_SPACE.sub("", element.text or "")
    try:
        content = base64.b64decode(encoded, validate=True)
    except ValueError:
        content = b""
    if len(element) or not content or base64.b64encode(content).decode() != encoded:
        raise malformed(f"{name(element)} is not base64.", f"{name(element)} không phải base64.", element)
    return content


def wrapped(detail: str, detail_vi: str, element: etree._Element) -> Refused:
    """The signature covers something else than it seems to."""
    return refuse("signature_wrapped", detail, detail_vi, line(element))


def malformed(detail: str, detail_vi: str, element: etree._Element) -> Refused:
    """The signature is not built as required."""
    return refuse("signature_malformed", detail, detail_vi, line(element))


def algorithm_refused(element: etree._Element, algorithm: str) -> Refused:
    """An algorithm that is not taken."""
    named = algorithm[:200] or "none"
    return refuse(
        "signature_algorithm",
        f"{name(element)}: {named}.",
        f"{name(element)}: {named}.",
        line(element),
        algorithm=named,
    )


def line(element: etree._Element) -> str:
    """Where it stands in the document."""
    return f"line {element.sourceline}"


def name(element: etree._Element) -> str:
    """Its local name."""
    return etree.QName(element).localname
