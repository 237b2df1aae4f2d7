"""Working days in Vietnam, and what the law measures by them: sent on time, receipt noticed on time.

Five days a week, but for public holidays (Labour Code 2019 art. 112; those on a rest day are made up
for on the next working day, art. 111.3) and with the rest days on which officials work in exchange. Both
are data, ``config/holidays.csv``: the government names them anew every year. Days are Vietnam's.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from exchange.core import dated_lines
from exchange.core.dated_lines import BadLine
from exchange.core.edxml_values import VIETNAM

MORNING_ENDS = time(12)  # Vietnam time; QĐ 28/2018/QĐ-TTg says "the morning"
_SATURDAY = 5
_DAYS_OFF_MAX = 60  # in a row; more is a slip in the file
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Which days are worked. The empty one knows Monday to Friday alone."""

    holidays: frozenset[date] = frozenset()
    """Days off from Monday to Friday; on a Saturday or Sunday they say nothing new."""
    substitutes: frozenset[date] = frozenset()
    """Saturdays and Sundays that are worked, in exchange for another day."""

    def is_working(self, day: date) -> bool:
        """Whether offices are open."""
        if day.weekday() >= _SATURDAY:
            return day in self.substitutes
        return day not in self.holidays

    def next_working(self, day: date) -> date:
        """The first working day after ``day``; after the calendar's last day there is none but itself."""
        while day < date.max:
            day += _DAY
            if self.is_working(day):
                break
        return day

    def knows(self, year: int) -> bool:
        """Whether any holiday of the year stands in the file: without, only weekends are left out."""
        return any(day.year == year for day in self.holidays)


@lru_cache(maxsize=4)  # several parts of a broker work by the same file
def read_calendar(content: bytes) -> Calendar:
    """Read the file: columns ``day``, ``kind`` (holiday or working), ``name``; raises ``BadLine``."""
    days: dict[str, set[date]] = {"holiday": set(), "working": set()}
    for line in dated_lines.read(content, ("kind", "name")):
        kind = line.cells["kind"]
        if kind not in days:
            raise BadLine(
                line.number,
                f"cột “kind” ghi holiday (nghỉ) hoặc working (làm bù), không phải {kind[:40]!r}",
                f"kind is holiday or working, not {kind[:40]!r}",
            )
        if any(line.day in known for known in days.values()):
            raise BadLine(line.number, f"ngày {line.day} đã có", f"{line.day} stands there already")
        if kind == "working" and line.day.weekday() < _SATURDAY:
            raise BadLine(
                line.number, f"ngày {line.day} không phải ngày nghỉ", f"{line.day} is no day of rest anyway"
            )
        days[kind].add(line.day)
    _check_length(days["holiday"])
    return Calendar(holidays=frozenset(days["holiday"]), substitutes=frozenset(days["working"]))


def _check_length(holidays: set[date]) -> None:
    """That work goes on at some time; raises ``BadLine``."""
    calendar = Calendar(holidays=frozenset(holidays))
    for day in holidays:
        if day - _DAY not in holidays and calendar.next_working(day) - day > timedelta(days=_DAYS_OFF_MAX):
            raise BadLine(
                1,
                f"nghỉ quá {_DAYS_OFF_MAX} ngày liền từ {day}",
                f"more than {_DAYS_OFF_MAX} days off in a row from {day}",
            )


def sent_on_time(calendar: Calendar, signed_on: date | None, sent_at: datetime) -> bool | None:
    """QĐ 28/2018/QĐ-TTg art. 6.2: on the day of signing, at the latest in the next working day's morning.

    ``signed_on`` is the day that the document bears; None, where it bears none: nobody can say.
    """
    if signed_on is None:
        return None
    latest = datetime.combine(calendar.next_working(signed_on), MORNING_ENDS, VIETNAM)
    return sent_at <= latest


def noticed_on_time(calendar: Calendar, arrived_at: datetime, noticed_at: datetime) -> bool:
    """NĐ 30/2020/NĐ-CP art. 21.2: the sender hears of the arrival within the same day.

    What arrives on a day off arrives, for the clerk, on the next working day.
    """
    arrived_on = arrived_at.astimezone(VIETNAM).date()
    if not calendar.is_working(arrived_on):
        arrived_on = calendar.next_working(arrived_on)
    return noticed_at.astimezone(VIETNAM).date() <= arrived_on
