"""Periods, targets with dates, and the forecast by trend."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import resources
from exchange.core.dated_lines import BadLine
from exchange.core.forecast import MONTHS_MIN, forecast
from exchange.core.period import MONTHS_MAX, NotAPeriod, Period, Step, label, last_day
from exchange.core.report import BadQuestion, By, Kind, Question
from exchange.core.share import Unit
from exchange.core.targets import read_targets

SAMPLE = read_targets(resources.read("config", "targets.csv"))


@pytest.mark.parametrize(
    ("begin", "end", "months"),
    [
        ("2013", "2013", (201301, 201312)),
        ("2013-Q4", "2014-q1", (201310, 201403)),
        (" 2013-11 ", "2013-11", (201311, 201311)),
        ("2013", "2014-02", (201301, 201402)),
    ],
)
def test_a_period_goes_from_the_begin_of_one_to_the_end_of_the_other(
    begin: str, end: str, months: tuple[int, int]
) -> None:
    assert Period.between(begin, end) == Period(*months)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("2013-13", "2014"),
        ("2013-Q5", "2014"),
        ("11/2013", "2014"),
        ("", "2014"),
        ("2014", "2013"),
        ("1950", "2013"),
    ],
)
def test_what_is_no_period_is_said(begin: str, end: str) -> None:
    with pytest.raises(NotAPeriod):
        Period.between(begin, end)


MONTHS = st.dates(date(2000, 1, 1), date(2040, 1, 1)).map(lambda day: day.year * 100 + day.month)


@given(one=MONTHS, other=MONTHS, borders=st.frozensets(MONTHS, max_size=5))
def test_a_period_that_is_cut_has_the_same_months(one: int, other: int, borders: frozenset[int]) -> None:
    try:
        period = Period(min(one, other), max(one, other))
    except NotAPeriod:
        return
    parts = period.cut(borders)
    assert [month for part in parts for month in part] == list(period)
    assert {part.first for part in parts[1:]} <= borders
    assert len(period) == len(list(period)) <= MONTHS_MAX
    assert (last_day(period.last) - period.last_day).days == 0


def test_months_quarters_and_years_have_their_names() -> None:
    assert [label(201311, step) for step in Step] == ["2013-11", "2013-Q4", "2013"]


def test_the_sample_s_target_rises_from_15_percent_in_2013_to_70_by_the_end_of_2015() -> None:
    assert SAMPLE.at(date(2012, 12, 31)) is None
    assert SAMPLE.at(date(2013, 1, 1)) == 0.15
    assert SAMPLE.at(date(2014, 7, 2)) == pytest.approx(0.425, abs=0.001)  # half of the way
    assert SAMPLE.at(date(2015, 12, 31)) == 0.7
    assert SAMPLE.at(date(2020, 1, 1)) == 0.7


@given(
    days=st.tuples(st.dates(date(2013, 1, 1), date(2016, 1, 1)), st.dates(date(2013, 1, 1), date(2016, 1, 1)))
)
def test_between_two_targets_it_never_falls_where_they_rise(days: tuple[date, date]) -> None:
    earlier, later = (SAMPLE.at(day) for day in sorted(days))
    assert earlier is not None
    assert later is not None
    assert 0.15 <= earlier <= later <= 0.7


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("day,percent\n2013-01-01,x", "line 2: 'x' is no percentage"),
        ("day,percent\n2013-01-01,101", "is no percentage"),
        ("day,percent\n2013-01-01,nan", "is no percentage"),
        ("day,percent\n2013-01-01,15\n2013-01-01,20", "line 3"),
        ("day,ratio\n2013-01-01,15", "“percent” is missing"),
    ],
)
def test_targets_that_cannot_be_read_are_said(lines: str, said: str) -> None:
    with pytest.raises(BadLine, match=said):
        read_targets(lines.encode())


def test_without_targets_there_is_none() -> None:
    none = read_targets(b"day,percent\n")
    assert none.at(date(2013, 1, 1)) is None
    assert none.next(date(2013, 1, 1)) is None


def rising(months: int, by: float = 0.02) -> dict[int, float]:
    return {month: 0.15 + by * number for number, month in enumerate(list(Period(201301, 201412))[:months])}


def test_a_straight_line_is_carried_on_to_the_target() -> None:
    found = forecast(rising(12), 201512, 0.7)
    assert found.slope == pytest.approx(0.02)
    assert found.expected == pytest.approx(0.15 + 0.02 * 35)
    assert found.reached == 201505  # 28 months after January 2013 it passes 70 %


def test_one_month_that_is_far_off_does_not_move_it() -> None:
    ratios = rising(12)
    ratios[201306] = 0.0
    assert forecast(ratios, 201512, 0.7).slope == pytest.approx(0.02, abs=0.002)


def test_with_too_few_months_nothing_is_said() -> None:
    found = forecast(rising(MONTHS_MIN - 1), 201512, 0.7)
    assert (found.months, found.slope, found.expected, found.reached) == (MONTHS_MIN - 1, None, None, None)


def test_what_does_not_rise_never_meets_the_target() -> None:
    found = forecast(rising(12, by=-0.01), 201512, 0.7)
    assert found.reached is None
    assert found.expected == 0.0
    assert forecast(rising(12), None, None).expected is None


@given(ratios=st.dictionaries(st.sampled_from(list(Period(201301, 201512))), st.floats(0, 1)))
def test_a_forecast_is_a_share_whatever_the_months_say(ratios: dict[int, float]) -> None:
    found = forecast(ratios, 201612, 0.7)
    assert found.expected is None or 0 <= found.expected <= 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": Kind.WAITING, "by": By.MONTH},
        {"kind": Kind.SHARE, "by": By.CAUSE},
        {"kind": Kind.TIME, "by": By.MONTH, "unit": Unit.DOCUMENTS},
        {"kind": Kind.SHARE, "by": By.PAIR, "unit": Unit.DOCUMENTS},
        {"kind": Kind.DURATION, "by": By.RECEIVER, "agency": "000.00.01.H45"},
    ],
    ids=lambda wrong: f"{wrong['kind']}-{wrong['by']}",
)
def test_what_nobody_counts_cannot_be_asked(wrong: dict[str, object]) -> None:
    with pytest.raises(BadQuestion):
        Question(period=Period(201301, 201312), **wrong)  # type: ignore[arg-type]
