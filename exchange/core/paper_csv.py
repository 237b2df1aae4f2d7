"""An agency's outgoing register as CSV: each line and receiver is a registration of paper."""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from exchange.core.codes import normalise
from exchange.core.paper import Registration, invalid, one_line
from exchange.core.refusal import Refusal
from exchange.core.share import Reason, second_key

BYTES_MAX = 20_000_000
LINES_MAX = 100_000
_CELL_MAX = 5_000

# What registers call their columns, without accents and signs.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": ("number", "so ky hieu", "so ky hieu van ban", "so va ky hieu"),
    "promulgated_on": ("promulgated on", "date", "ngay ban hanh", "ngay van ban", "ngay thang van ban"),
    "sent_on": ("sent on", "ngay gui", "ngay chuyen"),
    "type_name": ("type name", "type", "ten loai", "loai van ban", "ten loai van ban"),
    "subject": ("subject", "trich yeu", "trich yeu noi dung"),
    "receivers": ("receivers", "receiver", "noi nhan", "noi nhan van ban"),
    "reason": ("reason", "ly do", "ly do gui giay"),
    "remark": ("remark", "ghi chu"),
}
NEEDED = ("number", "promulgated_on", "receivers")
REASONS: Mapping[str, Reason] = {
    **{one.value.replace("_", " "): one for one in Reason},
    "chua ket noi": Reason.NOT_CONNECTED,
    "mat": Reason.SECRET,
    "chu ky tuoi": Reason.WET_SIGNATURE,
    "ky tuoi": Reason.WET_SIGNATURE,
    "dung luong lon": Reason.TOO_LARGE,
    "ngoai le 7.2": Reason.EXCEPTION_7_2,
    "khac": Reason.OTHER,
}
_DAY = re.compile(r"(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}))")


class BadFile(Exception):
    """A file that is no outgoing register at all; the message says why, in both languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the register: what it registers, or why it cannot be read."""

    number: int
    registrations: tuple[Registration, ...]
    refusals: tuple[Refusal, ...] = ()


def parse(content: bytes, agency: str, by: str, reason: Reason | None) -> Iterator[Line]:
    """The lines of a register. ``reason`` is that of lines that name none. Raises ``BadFile``.

    UTF-8 with or without a mark, commas, semicolons or tabs; dates as 2013-05-20 or 20/05/2013.
    """
    rows = _rows(content)
    header = next(rows, (0, []))[1]
    places = _places(header)
    for number, row in rows:
        if number > LINES_MAX:
            raise BadFile(f"quá {LINES_MAX} dòng / more than {LINES_MAX} lines")
        if any(cell.strip() for cell in row):
            cells = {name: row[place] if place < len(row) else "" for name, place in places.items()}
            yield _line(number, cells, agency, by, reason)


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    if len(content) > BYTES_MAX:
        raise BadFile(f"tệp quá {BYTES_MAX} byte / the file has more than {BYTES_MAX} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(
            "tệp không phải UTF-8; hãy lưu dạng CSV UTF-8 / not UTF-8: save it as CSV UTF-8"
            f" (byte {error.start})"
        ) from None
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise BadFile(f"dòng {reader.line_num} không phải CSV / line {reader.line_num}: {error}") from None


def _places(header: list[str]) -> dict[str, int]:
    names = [plain(cell) for cell in header]
    places = {
        column: next(place for place, name in enumerate(names) if name in known)
        for column, known in COLUMNS.items()
        if any(name in known for name in names)
    }
    missing = [column for column in NEEDED if column not in places]
    if missing:
        known = "; ".join(f"{column}: {', '.join(COLUMNS[column])}" for column in missing)
        raise BadFile(f"thiếu cột / columns are missing: {known}")
    return places


def plain(text: str) -> str:
    """Without accents, signs and case: "Số, ký hiệu" is "so ky hieu"."""
    marked = unicodedata.normalize("NFD", text[:_CELL_MAX].casefold().replace("đ", "d"))
    kept = "".join(" " if not (sign.isalnum() or sign == ".") else sign for sign in marked if not _mark(sign))
    return " ".join(kept.split())


def _mark(sign: str) -> bool:
    return unicodedata.combining(sign) != 0


def _line(number: int, cells: Mapping[str, str], agency: str, by: str, reason: Reason | None) -> Line:
    refusals: list[Refusal] = []
    signed = _day("promulgated_on", cells["promulgated_on"], refusals)
    sent = _day("sent_on", cells["sent_on"], refusals) if cells.get("sent_on", "").strip() else signed
    why = _reason(cells.get("reason", ""), reason, refusals)
    codes = [code for code in re.split(r"[;,\s]+", cells["receivers"][:_CELL_MAX]) if code]
    if not codes:
        refusals.append(invalid("receivers", "No receiver is named.", "Chưa ghi nơi nhận."))
    if refusals or signed is None or sent is None or why is None:
        return Line(number=number, registrations=(), refusals=tuple(refusals))
    figure, _, symbol = one_line(cells["number"]).partition("/")
    registrations = tuple(
        Registration(
            agency=agency,
            id=_mark_of(second_key(agency, figure, symbol, signed), normalise(code)),
            number=figure.strip(),
            notation=symbol.strip(),
            promulgated_on=signed,
            sent_on=sent,
            receivers=(code,),
            reason=why,
            subject="" if why is Reason.SECRET else cells.get("subject", ""),
            type_name=cells.get("type_name", ""),
            remark=cells.get("remark", ""),
            by=by,
        )
        for code in dict.fromkeys(codes)
    )
    return Line(number=number, registrations=registrations)


def _mark_of(key: str, code: str) -> str:
    """The mark of a line: a document to a receiver is registered once, whatever file it is in."""
    return f"register:{hashlib.sha256(f'{key}|{code}'.encode()).hexdigest()[:32]}"


def _day(name: str, cell: str, refusals: list[Refusal]) -> date | None:
    found = _DAY.fullmatch(cell.strip())
    try:
        if found is not None:
            year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
            return date(int(year), int(month), int(day))
    except ValueError:
        pass
    shown = cell.strip()[:40]
    refusals.append(
        invalid(
            name,
            f"“{shown}” is no day: write 2013-05-20 or 20/05/2013.",
            f"“{shown}” không phải ngày: ghi 20/05/2013 hoặc 2013-05-20.",
        )
    )
    return None


def _reason(cell: str, otherwise: Reason | None, refusals: list[Refusal]) -> Reason | None:
    found = REASONS.get(plain(cell)) if cell.strip() else otherwise
    if found is None:
        known = ", ".join(one.value for one in Reason)
        refusals.append(
            invalid(
                "reason",
                f"“{cell.strip()[:40]}” is none of {known}.",
                f"“{cell.strip()[:40]}” không thuộc các lý do {known}.",
            )
        )
    return found
