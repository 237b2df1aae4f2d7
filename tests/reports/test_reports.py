"""Reports out of a real ledger, on both databases: every figure, and the state of the ledger it rests on."""

from typing import Any

import pytest

from exchange import reports
from exchange.core import note, report_json
from exchange.core.period import Period
from exchange.core.report import ALLOWED, By, Kind, Question, Report
from exchange.core.share import Unit
from exchange.core.structure import Structure
from exchange.ledger import tree
from exchange.reports import Language
from exchange.reports.sheet import lay_out
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, PROVINCE
from tests.reports.history import NOVEMBER, YEAR, asked, count, play


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    house = make_house()
    play(house)
    return house


def ask(house: House, kind: Kind, by: By, **changes: object) -> Report:
    return reports.ask(house.context, asked(kind, by, **changes))


def lines(report: Report, *columns: str) -> dict[tuple[str, ...], tuple[Any, ...]]:
    places = [report.columns.index(column) for column in columns]
    return {row.key: tuple(row.values[place] for place in places) for row in report.rows}


def test_the_share_counts_every_exchange_once_and_says_what_it_rests_on(house: House) -> None:
    report = ask(house, Kind.SHARE, By.MONTH)
    assert lines(report, "electronic", "with_paper", "paper", "classified", "under_way", "expired") == {
        ("2026-11",): (4, 2, 0, 6, 1, 1)
    }
    assert lines(report, "share", "share_with_paper") == {("2026-11",): (0.666667, 1.0)}
    with house.context.database.read() as connection:
        newest = tree.newest(connection)
    assert newest is not None
    basis = report.basis
    assert (basis.leaves, basis.size, basis.root) == (newest.size, newest.size, newest.root.hex())
    note.verify(note.read(basis.note), house.context.log_key.vkey)


def test_documents_are_another_unit_and_are_named_so(house: House) -> None:
    report = ask(house, Kind.SHARE, By.MONTH, unit=Unit.DOCUMENTS)
    assert lines(report, "electronic", "with_paper", "under_way") == {("2026-11",): (3, 1, 1)}
    assert report_json.as_values(report)["question"]["unit"] == "documents"  # type: ignore[index]


def test_every_report_answers_by_everything_that_it_takes_and_reads_back(house: House) -> None:
    for kind, allowed in ALLOWED.items():
        for by in allowed:
            for structure in Structure:
                report = ask(house, kind, by, structure=structure)
                assert report.rows or kind is Kind.REFUSALS, (kind, by)
                assert report_json.read(report_json.write(report)) == report


def test_a_sum_is_the_same_by_whatever_it_is_cut(house: House) -> None:
    for by in ALLOWED[Kind.SHARE]:
        assert ask(house, Kind.SHARE, by).total[:4] == (4, 2, 0, 6), by


def test_by_agency_the_sender_has_the_line_and_without_word_of_paper_no_share(house: House) -> None:
    report = ask(house, Kind.SHARE, By.AGENCY)
    assert lines(report, "classified", "share", "paper_months") == {
        (OFFICE,): (3, None, 0),
        (FINANCE,): (3, None, 0),
        (DISTRICT,): (0, None, 0),
    }
    assert {each.code for each in report.not_reported} == {PROVINCE, OFFICE, FINANCE, DISTRICT, COMMUNE}


def test_by_level_parent_and_pair_it_goes_by_where_agencies_stand(house: House) -> None:
    assert lines(ask(house, Kind.SHARE, By.LEVEL), "classified") == {
        ("department",): (6,),
        ("district",): (0,),
    }
    assert lines(ask(house, Kind.SHARE, By.PARENT), "classified") == {(PROVINCE,): (6,)}
    assert lines(ask(house, Kind.SHARE, By.PAIR), "classified", "under_way") == {
        ("department", "commune"): (0, 0),
        ("department", "department"): (3, 0),
        ("department", "district"): (2, 0),
        ("department", "province"): (1, 0),
        ("district", "commune"): (0, 1),
    }


def test_by_type_and_urgency(house: House) -> None:
    assert lines(ask(house, Kind.SHARE, By.TYPE), "classified", "expired") == {
        ("Công văn",): (5, 0),
        ("Quyết định",): (1, 1),
    }
    assert lines(ask(house, Kind.SHARE, By.URGENCY), "classified") == {("0",): (6,)}


def test_a_year_has_its_months_also_where_nothing_was(house: House) -> None:
    report = ask(house, Kind.SHARE, By.MONTH, period=YEAR)
    assert len(report.rows) == 12
    assert lines(report, "classified", "share", "target")[("2026-01",)] == (0, None, 0.7)
    assert [row.key for row in ask(house, Kind.SHARE, By.QUARTER, period=YEAR).rows] == [
        (f"2026-Q{quarter}",) for quarter in range(1, 5)
    ]


def test_whatever_a_period_is_summed_up_from_it_says_the_same(house: House) -> None:
    """A year, a quarter, a year less two months, and months: all that happened was in one of them."""
    for kind, by in ((kind, by) for kind, allowed in ALLOWED.items() for by in allowed):
        month = ask(house, kind, by)
        for begin, end in ((202601, 202612), (202610, 202612), (202602, 202611), (202608, 202611)):
            other = ask(house, kind, by, period=Period(begin, end))
            if not other.question.of_time:
                assert [(row.key, row.values) for row in other.rows] == [
                    (row.key, row.values) for row in month.rows
                ], (kind, by)
            assert other.total[:3] == month.total[:3], (kind, by)


def test_what_senders_make_up_as_types_is_one_line(house: House) -> None:
    for name in ("Giấy khen", "giấy khen!", "công văn"):
        house.submit(house.province.document(OFFICE, FINANCE, at=house.clock.now, type_name=name), OFFICE)
    house.fetch_all(FINANCE)
    count(house)
    report = ask(house, Kind.SHARE, By.TYPE)
    assert lines(report, "electronic")[("other",)] == (2,)
    assert lines(report, "classified")[("Công văn",)] == (6,)
    assert [row[0].value for row in lay_out(report, Language.VIETNAMESE).rows][-1] == "Loại khác"


def test_one_month_is_too_few_for_a_forecast(house: House) -> None:
    forecast = ask(house, Kind.SHARE, By.MONTH).forecast
    assert forecast is not None
    assert (forecast.months, forecast.slope) == (0, None)  # November is not over


def test_what_was_sent_and_noticed_in_time(house: House) -> None:
    report = ask(house, Kind.TIME, By.AGENCY)
    assert lines(report, "sent_on_time", "sent_late", "noticed_on_time", "noticed_late")[(OFFICE,)][:2] == (
        4,
        0,
    )
    assert lines(report, "noticed_on_time", "noticed_late")[(FINANCE,)] == (1, 0)
    assert report.calendar is not None


def test_how_long_delivery_and_registration_take_is_right_within_five_percent(house: House) -> None:
    report = ask(house, Kind.DURATION, By.RECEIVER)
    median, exchanges = "delivered_registered_median_seconds", "accepted_delivered_exchanges"
    found = lines(report, median, exchanges)
    assert found[(FINANCE,)][0] == pytest.approx(50, rel=0.05)
    assert found[(FINANCE,)][1] == 1
    assert report.rows[0].key == (FINANCE,)  # the slowest first: 100 s, the others at once
    assert ask(house, Kind.DURATION, By.MONTH).total == report.total


def test_what_did_not_arrive_and_what_waits(house: House) -> None:
    assert lines(ask(house, Kind.REFUSALS, By.RECEIVER), "refused", "expired", "part") == {
        (COMMUNE,): (0, 1, 1.0)
    }
    assert lines(ask(house, Kind.WAITING, By.RECEIVER), *("under_way", "oldest_accepted_at", "expired")) == {
        (COMMUNE,): (1, "2026-11-28T03:02:30+00:00", 1)
    }


def test_one_agency_s_own_figures_are_its_own_alone(house: House) -> None:
    assert lines(ask(house, Kind.SHARE, By.AGENCY, agency=FINANCE), "classified") == {(FINANCE,): (3,)}
    assert ask(house, Kind.SHARE, By.MONTH, agency=FINANCE).total[3] == 3
    assert ask(house, Kind.DURATION, By.MONTH, agency=FINANCE).total[0] == 3
    assert ask(house, Kind.REFUSALS, By.CAUSE, agency=FINANCE).total == (0, 0, 0, None)
    assert ask(house, Kind.TIME, By.MONTH, agency=FINANCE).total[3] == 1  # what came to it


def test_before_and_after_there_is_nothing(house: House) -> None:
    october = Period(202610, 202610)
    for kind, allowed in ALLOWED.items():
        report = ask(house, kind, allowed[0], period=october)
        assert not any(value for value in report.total if isinstance(value, int)), kind
    assert NOVEMBER.last == 202611


def test_a_ledger_in_which_nothing_was_counted_answers_too(make_house: MakeHouse) -> None:
    house = make_house()
    report = reports.ask(house.context, Question(kind=Kind.SHARE, by=By.MONTH, period=NOVEMBER))
    assert report.basis.leaves == 0
    assert report_json.read(report_json.write(report)) == report
