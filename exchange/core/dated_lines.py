"""Small data files of days, such as holidays and targets: CSV, one line for one day, remarks allowed."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

LINES_MAX = 10_000
_YEARS = range(1900, 2201)  # outside lie slips such as 0216


class BadLine(ValueError):
    """A file that cannot be used: the line, what is wrong and what to do, in Vietnamese and English."""

    def __init__(self, line: int, vi: str, en: str) -> None:
        super().__init__(f"dòng {line}: {vi} / line {line}: {en}")


class UnusableFile(Exception):
    """A file that a setting names and that cannot be used: which, what is wrong, and what to do."""

    def __init__(self, setting: str, path: str, why: object) -> None:
        super().__init__(
            f"thiết lập {setting}: không dùng được tệp {path} / the file cannot be used: {why}."
            f" Sửa tệp, hoặc bỏ thiết lập để dùng tệp đi kèm / mend it, or leave out the setting"
            f" to use the file that ships (EXCHANGE_{setting.upper()})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedLine:
    """One line: its number, its day, and its other cells by the name of their column."""

    number: int
    day: date
    cells: dict[str, str]


def read(content: bytes, columns: tuple[str, ...]) -> Iterator[DatedLine]:
    """The lines of a CSV file (UTF-8, commas) with a column ``day`` and at least these; raises ``BadLine``.

    Blank lines are passed over. Further columns are remarks and not read.
    """
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadLine(1, "không phải CSV, mã UTF-8", f"not CSV in UTF-8 ({error})") from None
    header = [name.strip() for name in rows[0]] if rows else []
    for name in ("day", *columns):
        if name not in header:
            raise BadLine(1, f"thiếu cột “{name}”", f"the column “{name}” is missing")
    if len(rows) > LINES_MAX:
        raise BadLine(LINES_MAX + 1, f"quá {LINES_MAX} dòng", f"more than {LINES_MAX} lines")
    for number, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in row):
            yield _line(number, dict(zip(header, (cell.strip() for cell in row), strict=False)), columns)


def _line(number: int, cells: dict[str, str], columns: tuple[str, ...]) -> DatedLine:
    missing = [name for name in columns if name not in cells]
    if missing:
        raise BadLine(number, f"thiếu ô “{missing[0]}”", f"there is no cell for “{missing[0]}”")
    try:
        day = date.fromisoformat(cells["day"])
    except ValueError:
        day = date.min
    if day.year not in _YEARS:
        raise BadLine(
            number,
            f"{cells['day'][:40]!r} không phải ngày: ghi năm-tháng-ngày, 2016-04-01",
            f"{cells['day'][:40]!r} is no day: write year-month-day, 2016-04-01",
        )
    return DatedLine(number=number, day=day, cells={name: cells[name] for name in columns})
