"""Working days: holidays and days worked instead, and what the law measures by them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import resources
from exchange.core.dated_lines import LINES_MAX, BadLine
from exchange.core.edxml import VIETNAM
from exchange.core.working_days import Calendar, noticed_on_time, read_calendar, sent_on_time
from exchange.settings import load
from exchange.working_days import load_calendar

SHIPPED = read_calendar(resources.read("config", "holidays.csv"))
TET_2013 = [date(2013, 2, day) for day in range(11, 16)]


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM)


def test_weekends_and_holidays_are_no_working_days() -> None:
    assert not SHIPPED.is_working(date(2013, 9, 2))  # a Monday, National Day
    assert not SHIPPED.is_working(date(2013, 9, 7))
    assert SHIPPED.is_working(date(2013, 9, 3))
    assert not any(SHIPPED.is_working(day) for day in TET_2013)


def test_a_saturday_that_is_worked_instead_is_a_working_day() -> None:
    assert not SHIPPED.is_working(date(2013, 4, 29))
    assert SHIPPED.is_working(date(2013, 5, 4))


def test_after_the_last_day_before_tet_comes_the_first_day_after_it() -> None:
    assert SHIPPED.next_working(date(2013, 2, 8)) == date(2013, 2, 18)


@pytest.mark.parametrize("year", range(2013, 2028))
def test_every_year_that_ships_has_its_eleven_days_but_for_what_is_not_announced(year: int) -> None:
    assert SHIPPED.knows(year)
    off = [day for day in SHIPPED.holidays if day.year == year]
    assert 7 <= len(off) <= 15
    for fixed in (date(year, 1, 1), date(year, 4, 30), date(year, 5, 1), date(year, 9, 2)):
        assert not SHIPPED.is_working(fixed)


def test_a_year_without_a_line_is_not_known() -> None:
    assert not SHIPPED.knows(2028)
    assert SHIPPED.is_working(date(2028, 9, 1))


@pytest.mark.parametrize(
    ("sent_at", "on_time"),
    [
        pytest.param(at(date(2013, 2, 8), 23, 59), True, id="the-day-of-signing"),
        pytest.param(at(date(2013, 2, 12), 15), True, id="during-the-holidays"),
        pytest.param(at(date(2013, 2, 18), 12), True, id="noon-of-the-next-working-day"),
        pytest.param(at(date(2013, 2, 18), 12, 1), False, id="after-noon"),
        pytest.param(at(date(2013, 2, 19), 8), False, id="a-day-later"),
        pytest.param(at(date(2013, 2, 7), 8), True, id="before-the-day-that-it-bears"),
    ],
)
def test_sent_on_time_is_until_noon_of_the_next_working_day(sent_at: datetime, on_time: bool) -> None:
    assert sent_on_time(SHIPPED, date(2013, 2, 8), sent_at) is on_time
    assert sent_on_time(SHIPPED, date(2013, 2, 8), sent_at.astimezone(UTC)) is on_time


def test_without_a_day_of_signing_nobody_can_say() -> None:
    assert sent_on_time(SHIPPED, None, at(date(2013, 2, 18), 9)) is None


@pytest.mark.parametrize("signed_on", [date.min, date.max])
def test_a_document_may_bear_any_day(signed_on: date) -> None:
    assert sent_on_time(SHIPPED, signed_on, at(date(2013, 2, 18), 9)) is (signed_on == date.max)


def test_noticed_on_time_is_within_the_day_of_the_arrival_in_vietnam() -> None:
    arrived = datetime(2013, 9, 3, 17, 30, tzinfo=UTC)  # half past midnight of the 4th in Vietnam
    assert noticed_on_time(SHIPPED, arrived, at(date(2013, 9, 4), 23, 59))
    assert not noticed_on_time(SHIPPED, arrived, at(date(2013, 9, 5), 0))


def test_what_arrives_on_a_day_off_is_noticed_on_time_on_the_next_working_day() -> None:
    arrived = at(date(2013, 8, 31), 10)  # a Saturday; Monday is National Day
    assert noticed_on_time(SHIPPED, arrived, at(date(2013, 9, 3), 16))
    assert not noticed_on_time(SHIPPED, arrived, at(date(2013, 9, 4), 8))


DAYS = st.dates(date(2012, 12, 1), date(2028, 2, 1))


@given(day=DAYS)
def test_the_next_working_day_is_the_first_one_that_is_worked(day: date) -> None:
    following = SHIPPED.next_working(day)
    assert SHIPPED.is_working(following)
    between = (following - day).days
    assert not any(SHIPPED.is_working(day + timedelta(days=each)) for each in range(1, between))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param("", "“day” is missing", id="empty"),
        pytest.param("day,name\n", "“kind” is missing", id="no-kind"),
        pytest.param("day,kind,name\n30/04/2013,holiday,x", "line 2: '30/04/2013' is no day", id="day-first"),
        pytest.param("day,kind,name\n0213-04-30,holiday,x", "is no day", id="year-slip"),
        pytest.param("day,kind,name\n2013-04-30,off,x", "line 2: kind is holiday or working", id="kind"),
        pytest.param("day,kind,name\n2013-04-30", "line 2: there is no cell for “kind”", id="short"),
        pytest.param("day,kind,name\n2013-04-30,working,x", "no day of rest", id="worked-anyway"),
        pytest.param("day,kind,name\n2013-04-30,holiday,x\n2013-04-30,holiday,y", "line 3", id="twice"),
        pytest.param("day,kind,name\n" + "\n" * LINES_MAX, "more than", id="too-long"),
    ],
)
def test_a_file_that_cannot_be_used_says_which_line_and_why(lines: str, said: str) -> None:
    with pytest.raises(BadLine, match=said):
        read_calendar(lines.encode())


def test_a_year_of_nothing_but_holidays_is_a_slip() -> None:
    days = (date(2013, 1, 1) + timedelta(days=each) for each in range(365))
    lines = "day,kind,name\n" + "".join(f"{day},holiday,x\n" for day in days)
    with pytest.raises(BadLine, match="days off in a row"):
        read_calendar(lines.encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadLine, match="not CSV in UTF-8"):
        read_calendar(b"day,kind,name\n\xff\xfe")


def test_a_site_may_have_a_file_of_its_own(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "holidays.csv"
    file.write_text("\ufeffday,kind,name,remark\n\n2013-03-05,holiday,of the province,\n", encoding="utf-8")
    calendar = load_calendar(load(holidays=file))
    assert calendar == Calendar(holidays=frozenset({date(2013, 3, 5)}))
    assert load_calendar(load()) == SHIPPED
