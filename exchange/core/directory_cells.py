"""The cells of the directory's CSV file beside codes and days: read strictly, and written to be read back."""

import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar

from exchange.core.directory import Level
from exchange.core.directory_codes import between_semicolons, write_instead
from exchange.core.directory_problems import Unreadable, Words

NAME_CHARACTERS_MAX = 200  # OrganName (NĐ 30/2020, App. VI)

_BYTES = re.compile(r"[1-9][0-9]{0,14}")
_ADAPTER = re.compile(r"[a-z][a-z0-9_]*")
_ATTACHMENT_TYPE = re.compile(r"[a-z0-9][a-z0-9.+_-]*(/[a-z0-9][a-z0-9.+_-]*)?")
_FORMULA_STARTS = ("=", "+", "-", "@")  # a spreadsheet would run them
_CURLY_QUOTES = "“”„‟«»"

LEVELS_VI: Mapping[Level, str] = {
    Level.NATIONAL: "trung ương",
    Level.PROVINCE: "tỉnh",
    Level.DEPARTMENT: "sở, ban, ngành",
    Level.DISTRICT: "huyện",
    Level.COMMUNE: "xã",
    Level.UNIT: "đơn vị trực thuộc",
}
_LEVEL_WORDS = {word: level for level, words in LEVELS_VI.items() for word in words.split(", ")}
_LEVELS_LISTED = ", ".join(f"{level} ({words})" for level, words in LEVELS_VI.items())

T = TypeVar("T")


def optional(reader: Callable[[str], T]) -> Callable[[str], T | None]:
    """The same reader, for a cell that may be empty."""
    return lambda text: reader(text) if text else None


def read_name(text: str) -> str:
    """A name of printable characters, composed (NFC), with single spaces between words."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        wrong = Words("the name is missing.", "thiếu tên cơ quan.")
        raise Unreadable(wrong, Words("Write the agency's name.", "Ghi tên cơ quan."))
    if len(name) > NAME_CHARACTERS_MAX:
        wrong = Words(f"the name has {len(name)} characters.", f"tên có {len(name)} ký tự.")
        most = NAME_CHARACTERS_MAX
        raise Unreadable(wrong, Words(f"Write {most} at most.", f"Ghi tối đa {most} ký tự."))
    _check_letters(name)
    return name


def _check_letters(name: str) -> None:
    meant = _misread(name)
    if meant or "?" in name or "\ufffd" in name:
        example = meant or "Sở Y tế"
        raise Unreadable(
            Words(f"letters of the name {name!r} were lost.", f"tên {name!r} bị mất chữ."),
            Words(
                f"Write the name in full, such as {example!r}, and save the file as UTF-8.",
                f"Ghi đủ chữ, ví dụ {example!r}, và lưu tệp theo mã UTF-8.",
            ),
        )
    if not name.isprintable() or name.startswith(_FORMULA_STARTS):
        raise Unreadable(
            Words(
                f"the name {name!r} has invisible characters, or begins like a formula.",
                f"tên {name!r} có ký tự không nhìn thấy hoặc bắt đầu như công thức.",
            ),
            Words("Delete the cell and type the name again.", "Xóa ô và gõ lại tên."),
        )


def _misread(name: str) -> str:
    """The name whose UTF-8 was read as a code page of the West; "" if it was not."""
    for code_page in ("cp1252", "latin-1"):
        try:
            meant = name.encode(code_page).decode("utf-8")
        except UnicodeError:
            continue
        if meant != name:
            return meant
    return ""


def read_level(text: str) -> Level:
    """One of the levels, whatever its case."""
    word = unicodedata.normalize("NFC", text).lower()
    try:
        return Level(word)
    except ValueError:
        near = difflib.get_close_matches(word, list(Level), n=1)
        meant = _LEVEL_WORDS.get(word) or (near[0] if near else "")
        wrong = Words(f"unknown level {text!r}.", f"không có cấp {text!r}.")
        listed = Words(f"Write one of: {_LEVELS_LISTED}.", f"Ghi một trong các cấp: {_LEVELS_LISTED}.")
        raise Unreadable(wrong, write_instead(meant) if meant else listed) from None


def read_adapter(text: str) -> str:
    """An adapter's name, whatever its case, or "" for an agency that is not connected."""
    name = text.lower()
    if name and not _ADAPTER.fullmatch(name):
        letters = re.sub(r"[^a-z0-9_]", "", name)
        raise Unreadable(
            Words(f"{text!r} is not the name of an adapter.", f"{text!r} không phải tên bộ kết nối."),
            write_instead(letters)
            if _ADAPTER.fullmatch(letters)
            else Words(
                "Write a name such as inbox, or nothing if the agency is not connected.",
                "Ghi tên như inbox; chưa kết nối thì để trống.",
            ),
        )
    return name


def read_options(text: str) -> Mapping[str, object]:
    """The adapter's options: a JSON object, empty for none."""
    try:
        options = json.loads(text, parse_constant=_no_constant) if text else {}
        write_options(options).encode()  # a lone surrogate cannot be written
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        curly = any(quote in text for quote in _CURLY_QUOTES)
        raise Unreadable(
            Words("not a JSON object.", "không phải đối tượng JSON."),
            Words(
                "Replace the curly quotation marks by straight ones.",
                "Thay dấu nháy cong bằng dấu nháy thẳng.",
            )
            if curly
            else Words('Write it like {"folder": "in"}.', 'Ghi theo dạng {"folder": "in"}.'),
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
        digits = re.sub(r"[.,\s]", "", text)
        example = digits if _BYTES.fullmatch(digits) else "20000000"
        raise Unreadable(
            Words(f"{text!r} is not a number of bytes.", f"{text!r} không phải số byte."),
            Words(
                f"Write digits alone, such as {example}, or nothing for no limit.",
                f"Chỉ ghi chữ số, ví dụ {example}; không giới hạn thì để trống.",
            ),
        )
    return int(text)


def read_attachment_types(text: str) -> frozenset[str]:
    """The types that a receiver takes, lower case, between semicolons; none: all."""
    types = {part.lower() for part in between_semicolons(text)}
    wrong = sorted(kind for kind in types if not _ATTACHMENT_TYPE.fullmatch(kind))
    if wrong:
        raise Unreadable(
            Words(f"{wrong[0]!r} is not an attachment type.", f"{wrong[0]!r} không phải loại tệp."),
            Words(
                "Write types between semicolons: application/pdf;application/zip.",
                "Ghi các loại, ngăn bằng dấu chấm phẩy: application/pdf;application/zip.",
            ),
        )
    return frozenset(types)
