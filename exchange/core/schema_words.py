"""What is wrong in a message, in words that a clerk understands, English and Vietnamese.

The names of elements and of the forms of values are the documentation in the XSD itself.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

VALUE_CHARACTERS_MAX = 100
REASON_CHARACTERS_MAX = 300
_XS = "{http://www.w3.org/2001/XMLSchema}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_NAMESPACE = re.compile(r"\{\w+:[^}]*\}")


class Reason(StrEnum):
    """Why a place breaks the schema."""

    MISSING = "missing"
    UNEXPECTED = "unexpected"
    TOO_MANY = "too_many"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    WRONG_FORM = "wrong_form"
    NOT_IN_LIST = "not_in_list"
    STRAY_TEXT = "stray_text"
    ATTRIBUTE = "attribute"
    OTHER = "other"  # in the words of the library


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, at ``element`` of the checked tree; ``child`` is missing inside it."""

    element: etree._Element
    reason: Reason
    message: str
    message_vi: str
    value: str = ""
    child: str = ""


def local(tag: object) -> str:
    """The name of an element without its namespace; "" for what has no name, like a comment."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The names of elements, by local name, and the forms of values, by the name of their type."""

    names: Mapping[str, tuple[str, str]]
    forms: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, xsd: etree._Element) -> "Words":
        """The words that stand in an XSD; an element that is declared in several places is named once."""
        return cls(names=_documented(xsd, "element"), forms=_documented(xsd, "simpleType"))

    def name(self, tag: object) -> tuple[str, str]:
        """How people are told of an element: "date of issue (PromulgationDate)", "ngày ban hành (…)"."""
        name = local(tag)
        english, vietnamese = self.names.get(name, ("element", "phần tử"))
        return english if english == name.lower() else f"{english} ({name})", f"{vietnamese} ({name})"

    def form(self, type_name: str | None) -> tuple[str, str] | None:
        """The form that values of a type must have, if the XSD tells."""
        return self.forms.get(local(type_name))


def _documented(xsd: etree._Element, kind: str) -> dict[str, tuple[str, str]]:
    words: dict[str, tuple[str, str]] = {}
    for declared in xsd.iter(_XS + kind):
        texts = {
            each.get(_LANGUAGE): " ".join((each.text or "").split())
            for each in declared.iterfind(f"{_XS}annotation/{_XS}documentation")
        }
        name = declared.get("name")
        if name and "en" in texts and "vi" in texts:
            words.setdefault(name, (texts["en"], texts["vi"]))
    return words


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _finding(
    element: etree._Element,
    reason: Reason,
    english: str,
    vietnamese: str,
    *,
    value: str = "",
    child: str = "",
) -> Finding:
    return Finding(
        element=element,
        reason=reason,
        message=_sentence(english),
        message_vi=_sentence(vietnamese),
        value=value[:VALUE_CHARACTERS_MAX],
        child=child,
    )


def missing(words: Words, parent: etree._Element, tag: object) -> Finding:
    """An element that must be there is not."""
    (name, name_vi), (inside, inside_vi) = words.name(tag), words.name(parent.tag)
    return _finding(
        parent,
        Reason.MISSING,
        f"{name} is missing in {inside}.",
        f"thiếu {name_vi} trong {inside_vi}.",
        value=local(tag),
        child=local(tag),
    )


def too_many(words: Words, element: etree._Element, most: int) -> Finding:
    """An element is there once more than it may; not at all where ``most`` is 0."""
    name, name_vi = words.name(element.tag)
    if most == 0:
        english, vietnamese = "does not belong in a message of this kind", "không dùng trong loại gói tin này"
    elif most == 1:
        english, vietnamese = "may be there only once", "chỉ được có một lần"
    else:
        english, vietnamese = f"may be there at most {most} times", f"chỉ được có tối đa {most} lần"
    return _finding(
        element,
        Reason.TOO_MANY if most else Reason.UNEXPECTED,
        f"{name} {english}.",
        f"{name_vi} {vietnamese}.",
        value=local(element.tag),
    )


def too_large(words: Words, root: etree._Element, elements: int, most: int) -> Finding:
    """The message has more elements than are looked at."""
    name, name_vi = words.name(root.tag)
    return _finding(
        root,
        Reason.TOO_MANY,
        f"{name} has {elements} elements; at most {most} are taken; split the receivers.",
        f"{name_vi} có {elements} phần tử; tối đa {most}: hãy chia nơi nhận thành nhiều lần gửi.",
        value=str(elements),
    )


def unexpected(words: Words, element: etree._Element) -> Finding:
    """An element that has no place where it stands."""
    parent = element.getparent()
    if parent is None:
        english, vietnamese = "is not the root of such a message", "không phải phần tử gốc của gói tin"
    else:
        inside, inside_vi = words.name(parent.tag)
        english, vietnamese = f"does not belong here in {inside}", f"không được đặt ở đây trong {inside_vi}"
    name, name_vi = words.name(element.tag)
    return _finding(
        element,
        Reason.UNEXPECTED,
        f"{name} {english}; check its spelling and its namespace.",
        f"{name_vi} {vietnamese}; kiểm tra cách viết và không gian tên.",
        value=local(element.tag),
    )


def empty(words: Words, element: etree._Element) -> Finding:
    """A value that must be there is not."""
    name, name_vi = words.name(element.tag)
    return _finding(element, Reason.EMPTY, f"{name} must not be empty.", f"{name_vi} không được để trống.")


def too_long(words: Words, element: etree._Element, value: str, most: int) -> Finding:
    """A value has too many characters."""
    name, name_vi = words.name(element.tag)
    return _finding(
        element,
        Reason.TOO_LONG,
        f"{name} has {len(value)} characters; at most {most} are allowed.",
        f"{name_vi} có {len(value)} ký tự; tối đa {most} ký tự.",
        value=value,
    )


def wrong_form(words: Words, element: etree._Element, value: str, form: tuple[str, str] | None) -> Finding:
    """A value is not written as it must be; ``form`` says how."""
    name, name_vi = words.name(element.tag)
    english, vietnamese = form or ("in the form that the schema asks for", "đúng dạng lược đồ yêu cầu")
    shown = value[:VALUE_CHARACTERS_MAX]
    return _finding(
        element,
        Reason.WRONG_FORM,
        f"{name} holds “{shown}”, which is not {english}.",
        f"{name_vi} ghi “{shown}”, cần là {vietnamese}.",
        value=value,
    )


def not_in_list(words: Words, element: etree._Element, value: str, listed: Iterable[object]) -> Finding:
    """A value is none of those that are possible."""
    name, name_vi = words.name(element.tag)
    possible = ", ".join(str(each) for each in listed)
    shown = value[:VALUE_CHARACTERS_MAX]
    return _finding(
        element,
        Reason.NOT_IN_LIST,
        f"{name} holds “{shown}”, which is not one of: {possible}.",
        f"{name_vi} ghi “{shown}”, chỉ được là một trong: {possible}.",
        value=value,
    )


def _plain(reason: str) -> str:
    """The words of a library without namespaces and in a bearable length; they may quote whole values."""
    plain = _NAMESPACE.sub("", reason).strip().rstrip(".")
    return plain if len(plain) <= REASON_CHARACTERS_MAX else plain[:REASON_CHARACTERS_MAX] + "…"


def stray(element: etree._Element) -> str:
    """The first text that stands between the children of ``element``; "" if there is none."""
    texts = [element.text, *(child.tail for child in element)]
    return next((text.strip() for text in texts if text and text.strip()), "")


def stray_text(words: Words, element: etree._Element) -> Finding:
    """Text stands between elements."""
    name, name_vi = words.name(element.tag)
    text = stray(element)
    shown = text[:VALUE_CHARACTERS_MAX]
    return _finding(
        element,
        Reason.STRAY_TEXT,
        f"{name} holds the text “{shown}” outside its elements.",
        f"{name_vi} có chữ thừa “{shown}” nằm ngoài các phần tử con.",
        value=text,
    )


def attribute(words: Words, element: etree._Element, reason: str) -> Finding:
    """An attribute is missing, unknown or wrong; ``reason`` is the library's."""
    name, name_vi = words.name(element.tag)
    present = ", ".join(local(key) for key in element.attrib)
    return _finding(
        element,
        Reason.ATTRIBUTE,
        f"the attributes of {name} are wrong ({_plain(reason)}).",
        f"thuộc tính của {name_vi} không đúng: thiếu, thừa hoặc sai giá trị (đang có: {present or 'không'}).",
        value=present,
    )


def other(words: Words, element: etree._Element, reason: str) -> Finding:
    """Anything else, in the words of the library."""
    if any(key.startswith(_XSI) for key in element.attrib):
        return attribute(words, element, reason)
    name, name_vi = words.name(element.tag)
    clean = _plain(reason)
    return _finding(
        element,
        Reason.OTHER,
        f"{name} does not follow the schema: {clean}.",
        f"{name_vi} không đúng lược đồ: {clean}.",
        value=(element.text or "").strip(),
    )
