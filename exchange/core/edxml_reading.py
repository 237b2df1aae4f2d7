"""How elements are read into fields: readers that tables are made of, and single values.

A table says for each element name which reader takes it, and whether it may be there many times.
A reader puts what it finds into a dict of fields, and serialises unknown elements into a list.

Values of one line are read collapsed and composed, whatever white space and composition they were
signed in; texts of several lines keep both.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from lxml import etree

from exchange.core.codes import collapsed, one_line
from exchange.core.edxml_values import NAMESPACE, VIETNAM, BusinessType
from exchange.core.refusal import Refused, refuse

Fields = dict[str, Any]
Reader = Callable[[etree._Element, Fields, list[str]], None]
Table = Mapping[object, tuple[Reader, bool]]  # by tag; True: may be there many times

TEXT_CHARACTERS_MAX = 4_000  # of any text but the content of an attachment; the schemas allow less

_Q = "{" + NAMESPACE + "}"


def table_of(
    one: Mapping[str, Reader] | None = None,
    many: Mapping[str, Reader] | None = None,
    unused: tuple[str, ...] = (),
) -> Table:
    """A table of elements that may be there once, many times, or are known and not needed.

    Both spellings, Bussiness and Business, lead to the same reader.
    """
    entries = {name: (reader, False) for name, reader in (one or {}).items()}
    entries |= {name: (reader, True) for name, reader in (many or {}).items()}
    entries |= dict.fromkeys(unused, (_nothing, True))
    return {tag: entry for name, entry in entries.items() for tag in _tags(name)}


def _tags(name: str) -> tuple[str, ...]:
    if name.startswith("{"):
        return (name,)
    return (_Q + name, _Q + name.replace("Bussiness", "Business"))


def walk(element: etree._Element, table: Table, found: Fields, kept: list[str]) -> None:
    """Read each child into ``found`` as ``table`` says; serialise the unknown ones into ``kept``.

    Raises ``Refused`` if something is there twice that may be there once.
    """
    seen = set()
    for child in element:
        entry = table.get(child.tag)
        if entry is None:
            _keep(child, kept)
            continue
        reader, many = entry
        if not many:
            if reader in seen:
                raise _wrong(child, "it is there twice", "xuất hiện hai lần")
            seen.add(reader)
        reader(child, found, kept)


def _keep(element: etree._Element, kept: list[str]) -> None:
    if isinstance(element.tag, str):  # comments and processing instructions have no name
        kept.append(etree.tostring(element, method="c14n", exclusive=True, with_comments=False).decode())


def _nothing(element: etree._Element, found: Fields, kept: list[str]) -> None:
    pass


def settled(found: Fields) -> Fields:
    """The fields with tuples for lists."""
    return {field: tuple(held) if type(held) is list else held for field, held in found.items()}


# --- readers ---


def leaf(field: str, convert: Callable[[str], Any]) -> Reader:
    """One text of one line."""

    def reader(element: etree._Element, found: Fields, _kept: list[str]) -> None:
        found[field] = _converted(element, convert)

    return reader


def leaves(field: str, convert: Callable[[str], str]) -> Reader:
    """A text that may be there many times; an empty one says nothing."""

    def reader(element: etree._Element, found: Fields, _kept: list[str]) -> None:
        if text := _converted(element, convert):
            found.setdefault(field, []).append(text)

    return reader


def spare(field: str, convert: Callable[[str], str]) -> Reader:
    """A text that counts where another element left the field empty."""

    def reader(element: etree._Element, found: Fields, _kept: list[str]) -> None:
        found[field] = found.get(field) or _converted(element, convert)

    return reader


def lines(field: str) -> Reader:
    """One text that may have several lines; only its outer white space is dropped."""

    def reader(element: etree._Element, found: Fields, _kept: list[str]) -> None:
        text = _text(element).strip()
        _check_length(element, text)
        found[field] = _unless_null(text)

    return reader


def encoded(field: str) -> Reader:
    """One text of any length that only machines read."""

    def reader(element: etree._Element, found: Fields, _kept: list[str]) -> None:
        found[field] = _unless_null(_text(element).strip())

    return reader


def section(table: Table) -> Reader:
    """An element whose content goes into the fields of its parent."""

    def reader(element: etree._Element, found: Fields, kept: list[str]) -> None:
        walk(element, table, found, kept)

    return reader


def record(field: str, kind: Callable[..., Any], table: Table) -> Reader:
    """An element that becomes a value of its own; an empty one says nothing."""

    def reader(element: etree._Element, found: Fields, kept: list[str]) -> None:
        inner = _inner(element, table, kept)
        if inner is not None:
            found[field] = kind(**inner)

    return reader


def records(field: str, kind: Callable[..., Any], table: Table) -> Reader:
    """The same for an element that may be there many times."""

    def reader(element: etree._Element, found: Fields, kept: list[str]) -> None:
        inner = _inner(element, table, kept)
        if inner is not None:
            found.setdefault(field, []).append(kind(**inner))

    return reader


def _inner(element: etree._Element, table: Table, kept: list[str]) -> Fields | None:
    inner: Fields = {}
    walk(element, table, inner, kept)
    if all(held == "" or held is None for held in inner.values()):
        return None
    return settled(inner)


def _converted(element: etree._Element, convert: Callable[[str], Any]) -> Any:
    text = _text(element)
    if len(text) > TEXT_CHARACTERS_MAX:  # white space may make it so; composing must not see more
        text = collapsed(text)
        _check_length(element, text)
    text = _unless_null(one_line(text))
    try:
        return convert(text)
    except ValueError as reason:
        raise _wrong(element, f"it holds {text[:100]!r}: {reason}", f"giá trị “{text[:100]}” sai") from None


def _text(element: etree._Element) -> str:
    if len(element):
        raise _wrong(element, "it holds elements where a text belongs", "chứa phần tử con thay vì giá trị")
    return element.text or ""


def _unless_null(text: str) -> str:
    return "" if text == "null" else text


def _check_length(element: etree._Element, text: str) -> None:
    if len(text) > TEXT_CHARACTERS_MAX:
        raise _wrong(
            element,
            f"it has {len(text)} characters; at most {TEXT_CHARACTERS_MAX} are allowed",
            f"có {len(text)} ký tự; tối đa {TEXT_CHARACTERS_MAX} ký tự",
        )


def _wrong(element: etree._Element, reason: str, reason_vi: str) -> Refused:
    name = etree.QName(element).localname
    steps = [etree.QName(each).localname for each in (element, *element.iterancestors())]
    return refuse(
        "schema_violated",
        f"{name} cannot be read: {reason}.",
        f"Không đọc được {name}: {reason_vi}.",
        where="/" + "/".join(reversed(steps)),
    )


# --- single values; each raises ValueError for a text that it cannot understand ---


def as_text(text: str) -> str:
    """The text itself."""
    return text


def as_number(text: str) -> int | None:
    """A whole number."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError("a whole number belongs here")
    return int(text)


_FLAGS = {"": None, "0": False, "1": True, "false": False, "true": True}


def as_flag(text: str) -> bool | None:
    """A mark, yes or no."""
    if text.lower() not in _FLAGS:
        raise ValueError("0, 1, true or false belongs here")
    return _FLAGS[text.lower()]


def as_priority(text: str) -> int:
    """A priority 0..4; 5 is Thường, normal, in one hub's table."""
    priority = as_number(text) or 0
    if priority > 5:
        raise ValueError("a number from 0 to 4 belongs here")
    return 0 if priority == 5 else priority


def as_business_type(text: str) -> BusinessType:
    """A kind of business; new where nothing stands."""
    return BusinessType(as_number(text) or 0)


def as_status_code(text: str) -> str:
    """A status code of two digits; some software keeps it as a number and drops the zero."""
    return text.rjust(2, "0") if text else ""


def as_content_id(text: str) -> str:
    """A ContentId without its scheme, which some write and some do not."""
    return text.removeprefix("cid:").lstrip()


_MOMENT = re.compile(
    r"(?:(\d{4})[/-](\d{1,2})[/-](\d{1,2})|(\d{1,2})[/-](\d{1,2})[/-](\d{4}))"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)? *(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)


def as_moment(text: str) -> datetime | None:
    """A time as yyyy/MM/dd HH:mm:ss, dd/MM/yyyy or ISO 8601; of Vietnam where it names no zone."""
    if not text:
        return None
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError("a date such as 2024/11/05 belongs here")
    year, month, day, day_2, month_2, year_2, hour, minute, second, zone = found.groups()
    moment = datetime(
        int(year or year_2),
        int(month or month_2),
        int(day or day_2),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        tzinfo=_zone(zone) if zone else VIETNAM,
    )
    _in_zone(moment, UTC)  # one that is outside the calendar in UTC could not be compared or kept
    return moment


def _in_zone(moment: datetime, zone: timezone) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise ValueError("a date within the calendar belongs here, such as 2024/11/05") from None


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def as_day(text: str) -> date | None:
    """The day in Vietnam."""
    moment = as_moment(text)
    if moment is None:
        return None
    return moment.date() if moment.tzinfo is VIETNAM else _in_zone(moment, VIETNAM).date()
