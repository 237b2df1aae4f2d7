"""Periods of whole months, as reports have them: months are numbers such as 201311."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

MONTHS_MAX = 240
_TEXT = re.compile(r"(?P<year>(19|20|21)[0-9]{2})(-(?P<month>0[1-9]|1[0-2])|-[Qq](?P<quarter>[1-4]))?")
_QUARTER = 3
_YEAR = 12


class NotAPeriod(ValueError):
    """A text or pair of months that is no period; the message says why, in Vietnamese and English."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")
        self.vi, self.en = vi, en


class Step(StrEnum):
    """Into what a period is cut."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


def month_of(day: date) -> int:
    """The month of a day: 201311."""
    return day.year * 100 + day.month


def last_day(month: int) -> date:
    """The last day of a month."""
    return _first_day(_later(month, 1)) - timedelta(days=1)


def _first_day(month: int) -> date:
    return date(month // 100, month % 100, 1)


def _later(month: int, months: int) -> int:
    year, index = divmod(month // 100 * _YEAR + month % 100 - 1 + months, _YEAR)
    return year * 100 + index + 1


def label(month: int, step: Step) -> str:
    """2013-11, 2013-Q4 or 2013: in which part of the calendar the month lies."""
    year, of_year = divmod(month, 100)
    if step is Step.YEAR:
        return f"{year}"
    if step is Step.QUARTER:
        return f"{year}-Q{(of_year - 1) // _QUARTER + 1}"
    return f"{year}-{of_year:02}"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From the first day of ``first`` to the last day of ``last``, at most ``MONTHS_MAX`` months."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise NotAPeriod("kỳ kết thúc trước khi bắt đầu", "the period ends before it begins")
        if len(self) > MONTHS_MAX:
            raise NotAPeriod(
                f"kỳ dài hơn {MONTHS_MAX} tháng", f"the period is longer than {MONTHS_MAX} months"
            )

    @classmethod
    def between(cls, begin: str, end: str) -> "Period":
        """From the begin of one to the end of the other: 2013, 2013-Q4 or 2013-11; raises ``NotAPeriod``."""
        return cls(_read(begin)[0], _read(end)[1])

    def __len__(self) -> int:
        return (self.last // 100 - self.first // 100) * _YEAR + self.last % 100 - self.first % 100 + 1

    def __iter__(self) -> Iterator[int]:
        """The months."""
        return (_later(self.first, number) for number in range(len(self)))

    @property
    def first_day(self) -> date:
        """Its first day."""
        return _first_day(self.first)

    @property
    def last_day(self) -> date:
        """Its last day."""
        return last_day(self.last)

    def back(self, months: int) -> "Period":
        """The same, begun so many months earlier, or as early as a period may."""
        return Period(_later(self.first, -min(months, MONTHS_MAX - len(self))), self.last)

    def cut(self, borders: frozenset[int]) -> tuple["Period", ...]:
        """Cut before each of these months that lies within."""
        begins = [self.first, *sorted(month for month in borders if self.first < month <= self.last)]
        ends = [*(_later(month, -1) for month in begins[1:]), self.last]
        return tuple(Period(*each) for each in zip(begins, ends, strict=True))


def _read(text: str) -> tuple[int, int]:
    """First and last month."""
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        shown = text[:20]
        raise NotAPeriod(
            f"{shown!r} không phải kỳ: ghi 2013, 2013-Q4 hoặc 2013-11",
            f"{shown!r} is no period: write 2013, 2013-Q4 or 2013-11",
        )
    year = int(found["year"]) * 100
    if found["quarter"]:
        last = int(found["quarter"]) * _QUARTER
        return year + last - _QUARTER + 1, year + last
    if found["month"]:
        return (year + int(found["month"]),) * 2
    return year + 1, year + _YEAR
