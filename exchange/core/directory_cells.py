"""The cells of the directory's CSV file: each read strictly, and written so that it reads back the same."""

import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import NoReturn, TypeVar

from exchange.core.codes import QD20_CHARACTERS_MAX, CodeForm, form_of, normalise
from exchange.core.directory import Agency, Alias, Level

QD20_IN_FORCE = date(2020, 9, 15)  # QĐ 20/2020/QĐ-TTg
NAME_CHARACTERS_MAX = 200  # OrganName (NĐ 30/2020, App. VI)

# Codes of neither form are in use (hubs, test systems): digits and capitals in groups between dots,
# the characters and the length of QĐ 20/2020/QĐ-TTg.
_CODE = re.compile(r"[0-9A-Z]+(\.[0-9A-Z]+)*")
# But four groups, three of them digits, mean the QCVN 102 form; its last group is seen as "TT2" too.
_MEANS_QCVN102 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9A-Z]+")
_QCVN102_WIDTHS = re.compile(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[0-9A-Z]{3}")
# Levels run from the right; one is filled only where the one above it is.
_QCVN102_HOLE = re.compile(r"(?!000)[0-9]{3}\.00\.|[0-9]{3}\.(?!00)[0-9]{2}\.00\.")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1900, 2201)  # outside lie slips such as 0216, and 9999 for "no end"
_BYTES = re.compile(r"[1-9][0-9]{0,14}")
_ADAPTER = re.compile(r"[a-z][a-z0-9_]*")
_ATTACHMENT_TYPE = re.compile(r"[a-z0-9][a-z0-9.+_-]*(/[a-z0-9][a-z0-9.+_-]*)?")
_FORMULA_STARTS = ("=", "+", "-", "@")  # a spreadsheet would run them

T = TypeVar("T")


class Unreadable(ValueError):
    """A cell cannot be read; one sentence in each language says why."""

    def __init__(self, message: str, message_vi: str) -> None:
        super().__init__(message)
        self.message = message
        self.message_vi = message_vi


def optional(reader: Callable[[str], T]) -> Callable[[str], T | None]:
    """The same reader, for a cell that may be empty."""
    return lambda text: reader(text) if text else None


# --- codes ---


def read_code(text: str) -> str:
    """A well-formed agency code of any form, normalised."""
    code = normalise(text)
    if not code:
        raise Unreadable("the code is missing.", "thiếu mã định danh.")
    if not _CODE.fullmatch(code) or len(code) > QD20_CHARACTERS_MAX:
        _not_a_code(code, "such as 000.00.01.H45 or H45.01", "ví dụ 000.00.01.H45 hoặc H45.01")
    if _MEANS_QCVN102.fullmatch(code):
        if not _QCVN102_WIDTHS.fullmatch(code):
            _not_a_code(code, "QCVN 102: groups of 3, 2, 2 and 3", "QCVN 102: các nhóm 3, 2, 2, 3 ký tự")
        if _QCVN102_HOLE.match(code):
            _not_a_code(code, "a level is filled above an empty one", "có cấp bị bỏ trống ở giữa")
    return code


def _not_a_code(code: str, why: str, why_vi: str) -> NoReturn:
    raise Unreadable(
        f"{code!r} is not a well-formed code ({why}).", f"{code!r} không đúng dạng mã ({why_vi})."
    )


def qd20_alias(code: str, first: date, last: date | None) -> Alias:
    """The code of the column ``code_qd20``: for life, but not before QĐ 20/2020 was in force."""
    return Alias(code=code, form=CodeForm.QD20, valid_from=max(first, QD20_IN_FORCE), valid_to=last)


def read_qd20(text: str, first: date, last: date | None) -> tuple[Alias, ...]:
    """No alias or one, of the form of QĐ 20/2020."""
    if not text:
        return ()
    code = read_code(text)
    if form_of(code) is not CodeForm.QD20:
        raise Unreadable(
            f"{code!r} is not of the form of QĐ 20/2020, such as H45.01.",
            f"{code!r} không đúng dạng QĐ 20/2020, ví dụ H45.01.",
        )
    return (qd20_alias(code, first, last),)


def read_aliases(text: str, first: date, last: date | None) -> tuple[Alias, ...]:
    """The aliases between semicolons; ``first`` and ``last`` are the agency's own days."""
    parts = (part.strip() for part in text.split(";"))
    return tuple(_read_alias(part, first, last) for part in parts if part)


def _read_alias(text: str, first: date, last: date | None) -> Alias:
    code, at, days = (part.strip() for part in text.partition("@"))
    code = read_code(code)
    since, dots, until = (part.strip() for part in days.partition(".."))
    if not at:
        return Alias(code=code, form=form_of(code), valid_from=first, valid_to=last)
    if not dots:
        raise Unreadable(
            f"write {text!r} as CODE@from..to, such as H45.01@2020-09-15..",
            f"ghi {text!r} theo dạng MÃ@từ..đến, ví dụ H45.01@2020-09-15..",
        )
    return Alias(
        code=code,
        form=form_of(code),
        valid_from=read_day(since) if since else first,
        valid_to=read_day(until) if until else None,
    )


def write_aliases(agency: Agency) -> tuple[str, str]:
    """The cells ``code_qd20`` and ``aliases``."""
    first, last = agency.valid_from, agency.valid_to
    one = next((each for each in agency.aliases if each == qd20_alias(each.code, first, last)), None)
    more = (_write_alias(alias, first, last) for alias in agency.aliases if alias is not one)
    return one.code if one else "", ";".join(more)


def _write_alias(alias: Alias, first: date, last: date | None) -> str:
    if (alias.valid_from, alias.valid_to) == (first, last):
        return alias.code
    return f"{alias.code}@{alias.valid_from.isoformat()}..{write_day(alias.valid_to)}"


# --- the other cells ---


def read_day(text: str) -> date:
    """A day, only as 2016-04-01: with slashes nobody knows which number is the month."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise Unreadable(
            f"{text!r} is not a date; write year, month, day: 2016-04-01.",
            f"{text!r} không phải ngày hợp lệ; ghi năm-tháng-ngày: 2016-04-01.",
        )
    return day


def write_day(day: date | None) -> str:
    """A day that may be open, in which case the cell is empty."""
    return "" if day is None else day.isoformat()


def read_name(text: str) -> str:
    """A name of printable characters, composed (NFC), with single spaces between words."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise Unreadable("the name is missing.", "thiếu tên cơ quan.")
    if len(name) > NAME_CHARACTERS_MAX:
        raise Unreadable(
            f"the name has {len(name)} characters; the limit is {NAME_CHARACTERS_MAX}.",
            f"tên có {len(name)} ký tự; giới hạn là {NAME_CHARACTERS_MAX}.",
        )
    if not name.isprintable() or name.startswith(_FORMULA_STARTS):
        raise Unreadable(
            f"the name {name!r} has control characters, or begins like a formula.",
            f"tên {name!r} có ký tự điều khiển hoặc bắt đầu như công thức.",
        )
    return name


def read_level(text: str) -> Level:
    """One of the levels, whatever its case."""
    try:
        return Level(text.lower())
    except ValueError:
        known = ", ".join(Level)
        near = difflib.get_close_matches(text.lower(), list(Level), n=1)
        meant, meant_vi = (f" (meant: {near[0]}?)", f" (có phải: {near[0]}?)") if near else ("", "")
        raise Unreadable(
            f"unknown level {text!r}{meant}; the levels are {known}.",
            f"không có cấp {text!r}{meant_vi}; các cấp là {known}.",
        ) from None


def read_adapter(text: str) -> str:
    """An adapter's name, or "" for an agency that is not connected."""
    if text and not _ADAPTER.fullmatch(text):
        raise Unreadable(
            f"{text!r} is not the name of an adapter, such as inbox.",
            f"{text!r} không phải tên bộ kết nối, ví dụ inbox.",
        )
    return text


def read_options(text: str) -> Mapping[str, object]:
    """The adapter's options: a JSON object, empty for none."""
    try:
        options = json.loads(text, parse_constant=_no_constant) if text else {}
        write_options(options).encode()  # a lone surrogate cannot be written
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        raise Unreadable(
            'not a JSON object, such as {"folder": "in"}.',
            'không phải đối tượng JSON, ví dụ {"folder": "in"}.',
        )
    return options


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def write_options(options: Mapping[str, object]) -> str:
    """The options as JSON with sorted keys, nothing if there are none."""
    return json.dumps(options, ensure_ascii=False, sort_keys=True) if options else ""


def read_bytes_max(text: str) -> int:
    """A number of bytes, one or more."""
    if not _BYTES.fullmatch(text):
        raise Unreadable(
            f"{text!r} is not a number of bytes, such as 20000000.",
            f"{text!r} không phải số byte, ví dụ 20000000.",
        )
    return int(text)


def read_attachment_types(text: str) -> frozenset[str]:
    """The types that a receiver takes, lower case, between semicolons; none: all."""
    types = {part.strip().lower() for part in text.split(";")} - {""}
    wrong = sorted(kind for kind in types if not _ATTACHMENT_TYPE.fullmatch(kind))
    if wrong:
        raise Unreadable(
            f"{wrong[0]!r} is not an attachment type, such as application/pdf.",
            f"{wrong[0]!r} không phải loại tệp, ví dụ application/pdf.",
        )
    return frozenset(types)
