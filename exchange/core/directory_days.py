"""Days as the directory's CSV file has them, and what spreadsheets make of them."""

import re
from datetime import date, timedelta

from exchange.core.directory_problems import Unreadable, Words

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.\- ]([0-9]{1,2})[/.\- ]([0-9]{4})(?: [0:]+)?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.\- ]([0-9]{1,2})[/.\- ]([0-9]{1,2})(?:[ T][0:]+)?")
_NUMBER = re.compile(r"[0-9]{5}")  # a spreadsheet's own count of days
_NUMBER_ZERO = date(1899, 12, 30)
_YEARS = range(1900, 2201)  # outside lie slips such as 0216, and 9999 for "no end"


def read_day(text: str) -> date:
    """A day, only as 2016-04-01: with slashes nobody knows which number is the month."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        wrong = Words(f"{text!r} is not a date.", f"{text!r} không phải ngày hợp lệ.")
        raise Unreadable(wrong, _what_to_write(text))
    return day


def write_day(day: date | None) -> str:
    """A day that may be open, in which case the cell is empty."""
    return "" if day is None else day.isoformat()


def shown(first: date, last: date | None) -> str:
    """Days from the first to the last: 2016-04-01..2025-06-30, or 2016-04-01.. where no end is known."""
    return f"{first}..{'' if last in (None, date.max) else last}"


def _what_to_write(text: str) -> Words:
    meant = _meant(text)
    if meant is None:
        return Words(
            "Write year-month-day, 2016-04-01, and nothing where no last day is known.",
            "Ghi năm-tháng-ngày, 2016-04-01; chưa biết ngày cuối thì để trống.",
        )
    return Words(
        f"If {meant.day} {meant:%B} {meant.year} is meant, write {meant}: in a spreadsheet,"
        " give the columns of days the format yyyy-mm-dd before you save.",
        f"Nếu là ngày {meant:%d} tháng {meant:%m} năm {meant.year} thì ghi {meant}: trong bảng tính,"
        " đặt định dạng yyyy-mm-dd cho các cột ngày rồi lưu lại.",
    )


def _meant(text: str) -> date | None:
    """What the text most likely means in Vietnam, where the day stands before the month."""
    try:
        if found := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, found.groups())
        elif found := _YEAR_FIRST.fullmatch(text):
            year, month, day = map(int, found.groups())
        elif _NUMBER.fullmatch(text):
            return _NUMBER_ZERO + timedelta(days=int(text))
        else:
            return None
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None
