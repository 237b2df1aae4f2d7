"""Figures by the structure of then and of now: whoever follows an agency answers for its documents."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.directory import Agency, Directory, Former, Level
from exchange.core.structure import Structure, group, standing

DAY = date(2025, 7, 1)
BEFORE = DAY - timedelta(days=1)
THEN, NOW = Structure.THEN, Structure.NOW


def agency(key: str, *successors: str, closed: bool = False, level: Level = Level.UNIT) -> Agency:
    return Agency(
        code=key,
        name=f"Cơ quan {key}",
        level=level,
        valid_from=date(2016, 4, 1),
        valid_to=BEFORE if closed or successors else None,
        successors=successors,
    )


DIRECTORY = Directory(
    [
        *(agency("A", "C"), agency("B", "C"), agency("C", level=Level.COMMUNE)),
        *(agency("D", "C", "E"), agency("E")),
        agency("F", closed=True),
    ]
)


@pytest.mark.parametrize(
    ("key", "now"),
    [
        pytest.param("A", "C", id="merged"),
        pytest.param("C", "C", id="open"),
        pytest.param("D", "D", id="split"),
        pytest.param("F", "F", id="followed by nobody"),
        pytest.param("Z", "Z", id="unknown"),
    ],
)
def test_figures_stand_under_their_own_key_then_and_under_the_one_that_follows_now(
    key: str, now: str
) -> None:
    assert group(DIRECTORY, key, DAY, THEN) == key
    assert group(DIRECTORY, key, DAY, NOW) == now


def test_nobody_is_followed_before_the_day_of_the_merger() -> None:
    assert group(DIRECTORY, "A", BEFORE, NOW) == "A"


def test_level_and_parent_are_those_of_the_day_or_of_the_agency_that_answers_now() -> None:
    renamed = Agency(
        code="G",
        name="Phường G",
        level=Level.COMMUNE,
        parent="C",
        valid_from=date(2016, 4, 1),
        former=(Former(until=BEFORE, name="Xã G", level=Level.UNIT, parent="B"),),
    )
    directory = Directory([*DIRECTORY, renamed])
    then, now = standing(directory, "G", BEFORE, THEN), standing(directory, "G", DAY, NOW)
    assert then is not None
    assert now is not None
    assert (then.name, then.level, then.parent) == ("Xã G", Level.UNIT, "B")
    assert (now.name, now.level, now.parent) == ("Phường G", Level.COMMUNE, "C")
    merged = standing(directory, "A", DAY, NOW)
    assert merged is not None
    assert (merged.name, merged.level) == ("Cơ quan C", Level.COMMUNE)
    assert standing(directory, "Z", DAY, NOW) is None


@given(
    st.lists(st.sets(st.sampled_from("ABCDEFGH"), max_size=2), min_size=8, max_size=8),
    st.dates(date(2025, 6, 1), date(2025, 8, 1)),
)
def test_every_figure_has_one_place_that_answers_for_itself(follows: list[set[str]], day: date) -> None:
    directory = Directory(
        agency(key, *sorted(set(after) - {key})) for key, after in zip("ABCDEFGH", follows, strict=True)
    )
    for key in "ABCDEFGH":
        place = group(directory, key, day, NOW)
        assert group(directory, place, day, NOW) == place
