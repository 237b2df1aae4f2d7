"""Who follows a closed agency, and whom an agency follows: chains, merges, splits."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.directory import Agency, Directory, Level
from exchange.core.directory_problems import Kind
from tests.core.directory_file import TOP, file, found, kinds, line, only

FROM = date(2016, 4, 1)
DAYS = [date(year, 7, 1) for year in range(2018, 2027)]


def agency(code: str, closed: date | None = None, *successors: str, since: date = FROM) -> Agency:
    """Open from ``since`` until the day before ``closed``."""
    return Agency(
        code=code,
        name=f"Cơ quan {code}",
        level=Level.UNIT,
        valid_from=since,
        valid_to=None if closed is None else closed - timedelta(days=1),
        successors=successors,
    )


def codes(agencies: tuple[Agency, ...]) -> list[str]:
    return [each.code for each in agencies]


# A closed in 2019 for B, B in 2021 for C, C in 2023 for D.
CHAIN = [
    agency("A", DAYS[1], "B"),
    agency("B", DAYS[3], "C"),
    agency("C", DAYS[5], "D"),
    agency("D"),
]


# --- chains ---


def test_the_whole_chain_follows_whether_open_or_not_the_nearest_first() -> None:
    directory = Directory(CHAIN)
    assert [codes(directory.successors(each)) for each in CHAIN] == [["B", "C", "D"], ["C", "D"], ["D"], []]


@pytest.mark.parametrize(
    ("day", "heir"),
    [
        (DAYS[0], "B"),
        (DAYS[1], "B"),
        (DAYS[3] - timedelta(days=1), "B"),
        (DAYS[3], "C"),
        (DAYS[5] - timedelta(days=1), "C"),
        (DAYS[5], "D"),
        (date(2040, 1, 1), "D"),
    ],
)
def test_the_heir_along_a_chain_is_the_one_open_on_the_day(day: date, heir: str) -> None:
    directory = Directory(CHAIN)
    assert codes(directory.heirs(CHAIN[0], day)) == [heir]
    assert directory.successor_of(CHAIN[0], day) is directory.get(heir)


@pytest.mark.parametrize(
    ("day", "predecessors"),
    [
        (DAYS[0], [[], [], [], []]),
        (DAYS[1], [[], ["A"], [], []]),
        (DAYS[3], [[], [], ["B", "A"], []]),
        (DAYS[5], [[], [], [], ["C", "B", "A"]]),
    ],
)
def test_an_agency_follows_those_before_it_from_the_day_after_the_last_one_closed(
    day: date, predecessors: list[list[str]]
) -> None:
    directory = Directory(CHAIN)
    assert [codes(directory.predecessors(each, day)) for each in CHAIN] == predecessors


def test_a_chain_is_passed_over_where_it_is_not_open_yet() -> None:
    late = agency("B", None, since=DAYS[4])
    directory = Directory([agency("A", DAYS[1], "B"), late])
    assert directory.heirs(CHAIN[0], DAYS[3]) == ()
    assert directory.heirs(CHAIN[0], DAYS[4]) == (late,)


def test_a_chain_ends_at_a_code_of_nobody() -> None:
    lost = agency("A", DAYS[1], "X")
    directory = Directory([lost])
    assert directory.successors(lost) == directory.heirs(lost, DAYS[2]) == ()
    assert directory.successor_of(lost, DAYS[2]) is None


def test_a_closed_agency_follows_nobody_itself() -> None:
    directory = Directory(CHAIN)
    assert directory.predecessors(CHAIN[1], DAYS[4]) == ()


# --- merges ---


def test_an_agency_that_several_were_merged_into_follows_all_of_them_in_the_directorys_order() -> None:
    merged = [agency("M2", DAYS[2], "M"), agency("M1", DAYS[1], "M"), agency("M3", DAYS[4], "M"), agency("M")]
    directory = Directory(merged)
    assert codes(directory.predecessors(merged[-1], DAYS[1])) == ["M1"]
    assert codes(directory.predecessors(merged[-1], DAYS[4])) == ["M2", "M1", "M3"]
    assert [codes(directory.heirs(each, DAYS[4])) for each in merged[:-1]] == [["M"]] * 3


# --- splits ---

SPLIT = [agency("S", DAYS[1], "S2", "S1"), agency("S1"), agency("S2")]


def test_several_follow_an_agency_that_was_split_in_the_order_in_which_they_are_named() -> None:
    directory = Directory(SPLIT)
    assert codes(directory.successors(SPLIT[0])) == codes(directory.heirs(SPLIT[0], DAYS[1])) == ["S2", "S1"]


def test_nobody_is_the_one_successor_of_an_agency_that_was_split() -> None:
    assert Directory(SPLIT).successor_of(SPLIT[0], DAYS[1]) is None


def test_each_part_of_a_split_agency_follows_it() -> None:
    directory = Directory(SPLIT)
    assert [codes(directory.predecessors(each, DAYS[1])) for each in SPLIT[1:]] == [["S"], ["S"]]


def test_parts_that_come_together_again_leave_one_heir() -> None:
    parts = [agency("S", DAYS[1], "S1", "S2"), agency("S1", DAYS[2], "T"), agency("S2", DAYS[3], "T")]
    whole = agency("T", since=DAYS[1])
    directory = Directory([*parts, whole])
    assert codes(directory.heirs(parts[0], DAYS[1])) == ["S1", "S2"]
    assert codes(directory.heirs(parts[0], DAYS[2])) == ["S2", "T"]
    assert directory.successor_of(parts[0], DAYS[3]) is whole
    assert codes(directory.predecessors(whole, DAYS[3])) == ["S1", "S2", "S"]


def test_of_a_split_agency_the_part_that_is_left_is_the_heir() -> None:
    parts = [agency("S", DAYS[1], "S1", "S2"), agency("S1", DAYS[2]), agency("S2")]
    assert Directory(parts).successor_of(parts[0], DAYS[2]) is parts[2]


# --- whatever the directory holds ---

keys = st.sampled_from("ABCDEF")


@st.composite
def tangled(draw: st.DrawFn) -> list[Agency]:
    """Agencies that follow each other in any way, circles and codes of nobody not excepted."""
    return [
        agency(
            key,
            draw(st.none() | st.sampled_from(DAYS)),
            *draw(st.lists(keys, max_size=3, unique=True)),
            since=draw(st.sampled_from(DAYS)) if draw(st.booleans()) else FROM,
        )
        for key in draw(st.lists(keys, unique=True, min_size=1))
    ]


@given(tangled(), st.sampled_from(DAYS))
def test_heirs_and_predecessors_are_the_two_ends_of_one_relation(agencies: list[Agency], day: date) -> None:
    directory = Directory(agencies)
    closed = [each for each in agencies if not directory.is_open(each, day)]
    forward = {(one.code, heir.code) for one in closed for heir in directory.heirs(one, day)}
    backward = {(one.code, each.code) for each in agencies for one in directory.predecessors(each, day)}
    assert forward == backward


@given(tangled(), st.sampled_from(DAYS))
def test_heirs_are_open_and_among_all_that_follow(agencies: list[Agency], day: date) -> None:
    directory = Directory(agencies)
    for one in agencies:
        heirs = directory.heirs(one, day)
        assert all(directory.is_open(heir, day) for heir in heirs)
        assert one not in heirs
        assert set(codes(heirs)) <= set(codes(directory.successors(one)))


# --- in the file ---


def test_several_successors_stand_between_semicolons() -> None:
    content = file(
        TOP,
        line("H45.01", valid_to="2025-06-30", successor="h45.03; H45.02;H45.03"),
        line("H45.02"),
        line("H45.03"),
    )
    assert found(content) == []


def test_each_of_several_successors_must_be_there() -> None:
    content = file(
        TOP,
        line("H45.01", valid_to="2025-06-30", successor="H45.02;H45.03;H45.94"),
        line("H45.02", valid_from="2025-07-02"),
        line("H45.03"),
    )
    assert kinds(content) == [(Kind.SUCCESSOR, (3,)), (Kind.SUCCESSOR, (3, 4))]


def test_a_circle_through_one_of_several_successors_is_refused() -> None:
    content = file(
        TOP,
        line("H45.01", valid_to="2020-01-01", successor="H45.02;H45.03"),
        line("H45.02"),
        line("H45.03", valid_to="2020-01-02", successor="H45.01"),
    )
    circle = [each for each in found(content) if each.kind is Kind.SUCCESSOR_CYCLE]
    assert [each.lines for each in circle] == [(3, 5)]
    assert "H45.01 → H45.03 → H45.01" in circle[0].message


def test_an_agency_that_follows_itself_is_refused() -> None:
    one = only(file(TOP, line("H45.01", valid_to="2020-01-01", successor="H45.01")))
    assert (one.kind, one.lines) == (Kind.SUCCESSOR_CYCLE, (3,))


def test_agencies_of_one_life_with_and_without_successors_differ() -> None:
    assert replace(SPLIT[0], successors=("S1", "S2")) != SPLIT[0]
