"""Agencies are renamed, moved and raised in level; whoever asks as of a date hears what held then."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from exchange.core.directory import Agency, Directory, Former, Level, standings
from exchange.core.directory_changes import compare
from exchange.core.directory_csv import parse, render
from exchange.core.directory_problems import Kind
from tests.core.directory_file import PROVINCE, TOP, directory_of, file, found, kinds, line, only, read

OFFICE = "000.00.01.H45"
REFORM = date(2025, 7, 1)
LAST_DAY = date(2025, 6, 30)
DISTRICT, COMMUNE = "000.00.30.H45", "000.20.30.H45"
COMMUNE_MOVES = (
    line(COMMUNE, level="commune", parent=DISTRICT, name="Xã cũ", valid_to="2025-06-30"),
    line(COMMUNE, level="commune", parent=PROVINCE, name="Xã mới", valid_from="2025-07-01"),
)
DISTRICT_ENDS = line(DISTRICT, level="district", valid_to="2025-06-30")


def renamed(**later: str) -> tuple[str, str]:
    return (
        line(OFFICE, name="Tên cũ", valid_to="2025-06-30"),
        line(OFFICE, name="Tên mới", valid_from="2025-07-01", **later),
    )


# --- asked as of a date ---


def test_name_level_and_parent_are_those_of_the_day() -> None:
    directory = directory_of(TOP, DISTRICT_ENDS, *COMMUNE_MOVES)
    commune = directory.get(COMMUNE)
    assert commune is not None
    for day, name, parent in ((LAST_DAY, "Xã cũ", DISTRICT), (REFORM, "Xã mới", PROVINCE)):
        standing = commune.as_of(day)
        assert (standing.name, standing.level, standing.parent) == (name, Level.COMMUNE, parent)


def test_outside_its_life_an_agency_has_its_first_or_its_last_name() -> None:
    (office,) = read(*renamed(valid_to="2026-06-30"))
    assert office.as_of(date(2010, 1, 1)).name == "Tên cũ"
    assert office.as_of(date(2031, 1, 1)).name == "Tên mới"


def test_a_name_that_is_to_come_is_not_told_before_its_day() -> None:
    (office,) = read(*renamed())
    assert (office.name, office.as_of(LAST_DAY).name) == ("Tên mới", "Tên cũ")


def test_an_agency_stays_one_and_the_same_through_its_names() -> None:
    directory = directory_of(TOP, *renamed(code_qd20="H45.01"))
    assert directory.find("H45.01", LAST_DAY) is directory.find(OFFICE, REFORM) is directory.get(OFFICE)
    assert len(directory) == 2


def test_the_tree_is_that_of_the_day() -> None:
    directory = directory_of(TOP, DISTRICT_ENDS, *COMMUNE_MOVES)
    province, district, commune = (directory.get(code) for code in (PROVINCE, DISTRICT, COMMUNE))
    assert province is not None
    assert district is not None
    assert commune is not None
    assert directory.ancestors(commune, LAST_DAY) == (district, province)
    assert directory.ancestors(commune, REFORM) == (province,)
    assert directory.children(PROVINCE, LAST_DAY) == (district,)
    assert directory.children(PROVINCE, REFORM) == (commune,)
    assert directory.children(DISTRICT, LAST_DAY) == (commune,)
    assert directory.children(DISTRICT, REFORM) == ()


def test_former_standings_come_in_order_and_cover_the_life_without_a_gap() -> None:
    agency = Agency(
        code=OFFICE,
        name="Ba",
        level=Level.UNIT,
        valid_from=date(2016, 4, 1),
        valid_to=date(2026, 1, 31),
        former=(
            Former(until=date(2020, 2, 29), name="Hai", level=Level.UNIT),
            Former(until=date(2016, 4, 1), name="Một", level=Level.UNIT),
        ),
    )
    told = standings(agency)
    assert [each.name for each in told] == ["Một", "Hai", "Ba"]
    assert (told[0].since, told[-1].until) == (agency.valid_from, agency.valid_to)
    for one, other in pairwise(told):
        assert one.until is not None
        assert one.until + timedelta(days=1) == other.since


# --- as lines of the file ---


def test_a_renamed_agency_is_written_as_one_line_for_each_name() -> None:
    directory = directory_of(TOP, *renamed(code_qd20="H45.01", options='{"a": 1}'))
    assert render(directory).splitlines()[2:] == [
        f"{OFFICE},,,Tên cũ,department,{PROVINCE},2016-04-01,2025-06-30,,,,,",
        f'{OFFICE},H45.01,,Tên mới,department,{PROVINCE},2025-07-01,,,inbox,"{{""a"": 1}}",,',
    ]


def test_the_lines_of_an_agency_may_stand_anywhere_in_the_file() -> None:
    old, new = renamed()
    assert read(new, TOP, old)[0] == read(TOP, old, new)[1]


@pytest.mark.parametrize("holder", ["the old line", "the new line", "both"])
def test_what_holds_for_life_needs_to_stand_in_one_of_the_lines(holder: str) -> None:
    cells = {"code_qd20": "H45.01", "adapter": "webhook", "document_bytes_max": "5"}
    none = {"adapter": ""}
    old = line(OFFICE, valid_to="2025-06-30", **(none if holder == "the new line" else cells))
    new = line(OFFICE, valid_from="2025-07-01", **(none if holder == "the old line" else cells))
    (office,) = read(old, new)
    assert (office.adapter, office.limits.document_bytes_max) == ("webhook", 5)
    assert office.aliases[0].valid_to is None


def test_what_holds_for_life_and_differs_between_the_lines_is_refused_with_all_of_them() -> None:
    one = only(file(TOP, *renamed(adapter="webhook")))
    assert (one.kind, one.lines, one.column) == (Kind.VALUE, (3, 4), "adapter")


def test_a_wrong_cell_in_any_line_of_an_agency_is_told_with_its_own_line() -> None:
    old, new = (text.replace("department", "sở phụ") for text in renamed())
    assert kinds(file(TOP, old, new)) == [(Kind.VALUE, (3,)), (Kind.VALUE, (4,))]


def test_a_line_that_does_not_end_before_the_next_begins_is_refused_with_the_day_to_write() -> None:
    for end in ("", "2025-07-01", "2030-01-01"):
        old = line(OFFICE, name="Tên cũ", valid_to=end)
        one = only(file(TOP, renamed()[1], old))
        assert (one.kind, one.lines, one.column) == (Kind.OVERLAP, (3, 4), "valid_to")
        assert "Write 2025-06-30 as valid_to in line 4" in one.message
        assert "Ghi valid_to ở dòng 4 là 2025-06-30" in one.message_vi


def test_days_left_out_between_two_lines_are_refused() -> None:
    old = line(OFFICE, name="Tên cũ", valid_to="2024-12-31")
    one = only(file(TOP, old, renamed()[1]))
    assert (one.kind, one.lines, one.column) == (Kind.PERIOD, (3, 4), "valid_to")
    assert "2025-01-01..2025-06-30" in one.message


def test_every_pair_of_lines_that_share_days_is_told() -> None:
    lines = [line(OFFICE, name=f"Tên {year}", valid_from=f"{year}-01-01") for year in (2017, 2018, 2019)]
    assert kinds(file(TOP, *lines)) == [(Kind.OVERLAP, (3, 4)), (Kind.OVERLAP, (4, 5))]


def test_the_children_of_an_agency_with_overlapping_lines_are_not_called_orphans() -> None:
    doubled = line(PROVINCE, level="province", parent="", valid_from="2020-01-01")
    assert kinds(file(TOP, doubled, line(OFFICE))) == [(Kind.OVERLAP, (2, 3))]


# --- parents, day by day ---


def test_moving_from_a_parent_that_ends_to_one_that_is_there_is_taken() -> None:
    assert found(file(TOP, DISTRICT_ENDS, *COMMUNE_MOVES)) == []


def test_a_line_whose_parent_is_not_there_on_all_its_days_is_refused_with_that_line() -> None:
    late = (
        line(COMMUNE, level="commune", parent=DISTRICT, valid_to="2025-12-31"),
        line(COMMUNE, level="commune", parent=PROVINCE, valid_from="2026-01-01"),
    )
    one = only(file(TOP, DISTRICT_ENDS, *late))
    assert (one.kind, one.lines) == (Kind.ORPHAN, (3, 4))
    assert "no parent in 2025-07-01..2025-12-31" in one.message


def test_a_level_that_does_not_fit_on_some_days_is_refused_with_the_lines_of_those_days() -> None:
    rise = (
        line(DISTRICT, level="district", valid_to="2020-12-31"),
        line(DISTRICT, level="department", valid_from="2021-01-01"),
    )
    one = only(file(TOP, *rise, line(COMMUNE, level="commune", parent=DISTRICT)))
    assert (one.kind, one.lines) == (Kind.LEVEL, (4, 5))


def test_parents_that_are_in_a_circle_on_some_days_only_are_refused_with_the_lines_of_those_days() -> None:
    content = file(
        TOP,
        line("H45.01", level="unit", valid_to="2019-12-31"),
        line("H45.01", level="unit", parent="H45.02", valid_from="2020-01-01", valid_to="2020-12-31"),
        line("H45.01", level="unit", valid_from="2021-01-01"),
        line("H45.02", level="unit", parent="H45.01", valid_to="2020-06-30"),
        line("H45.02", level="unit", valid_from="2020-07-01"),
    )
    one = only(content)
    assert (one.kind, one.lines, one.column) == (Kind.PARENT_CYCLE, (4, 6), "parent")
    assert "as of 2020-01-01" in one.message
    assert "H45.01 → H45.02 → H45.01" in one.message


def test_two_agencies_that_change_places_on_a_day_are_taken() -> None:
    content = file(
        TOP,
        line("H45.01", level="unit", parent="H45.02", valid_to="2020-12-31"),
        line("H45.01", level="unit", valid_from="2021-01-01"),
        line("H45.02", level="unit", valid_to="2020-12-31"),
        line("H45.02", level="unit", parent="H45.01", valid_from="2021-01-01"),
    )
    assert found(content) == []


def test_a_circle_of_some_days_that_closes_through_the_directory_is_refused() -> None:
    existing = directory_of(TOP, line("H45.01", level="unit"), line("H45.02", level="unit", parent="H45.01"))
    moved = (
        line("H45.01", level="unit", valid_to="2025-06-30"),
        line("H45.01", level="unit", parent="H45.02", valid_from="2025-07-01"),
    )
    assert kinds(file(*moved), existing) == [(Kind.PARENT_CYCLE, (3,))]


# --- what an import would change ---


def changed(old: Directory, *lines: str) -> list[tuple[str, date | None, str, str]]:
    return [
        (change.column, change.since, change.before, change.after)
        for change in compare(old, directory_of(*lines))
    ]


def test_a_dry_run_tells_from_which_day_an_agency_has_another_name_or_parent() -> None:
    old = directory_of(TOP, line(DISTRICT, level="district"), line(OFFICE, name="Tên cũ"))
    assert changed(old, *renamed(parent=DISTRICT)) == [
        ("name", REFORM, "Tên cũ", "Tên mới"),
        ("parent", REFORM, PROVINCE, DISTRICT),
    ]


def test_a_name_that_is_overwritten_for_all_days_is_told_without_a_day() -> None:
    assert changed(directory_of(line(OFFICE)), line(OFFICE, name="Khác")) == [
        ("name", None, f"Cơ quan {OFFICE}", "Khác")
    ]


def test_a_file_from_before_a_renaming_is_told_to_overwrite_the_new_name() -> None:
    old = directory_of(*renamed())
    assert changed(old, line(OFFICE, name="Tên cũ")) == [("name", REFORM, "Tên mới", "Tên cũ")]


def test_splitting_a_line_in_two_that_say_the_same_changes_nothing() -> None:
    halves = (line(OFFICE, valid_to="2020-12-31"), line(OFFICE, valid_from="2021-01-01"))
    assert changed(directory_of(line(OFFICE)), *halves) == []


def test_a_file_with_one_line_for_each_agency_reads_as_ever() -> None:
    (row,) = parse(file(line(OFFICE))).rows
    assert (row.line, row.lines, row.agency.former) == (2, (2,), ())


def test_agencies_with_and_without_a_history_differ() -> None:
    (office,) = read(*renamed())
    assert replace(office, former=()) != office
    assert hash(office)
