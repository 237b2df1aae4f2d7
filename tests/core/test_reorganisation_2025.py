"""The worked example of 2025: the sample province becomes part of Đắk Lắk, and nobody is lost."""

import csv
import json
import runpy
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from vietnam_provinces import NESTED_DIVISIONS_JSON_PATH

from exchange.core.directory import Directory, Level, holdings
from exchange.core.directory_csv import parse
from exchange.core.directory_parents import MAY_STAND_ALONE
from exchange.core.reorganisation import Reorganised, reorganise
from exchange.core.structure import Structure, group

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLE = CONFIG / "2025"
DAY, BEFORE, LATER = date(2025, 7, 1), date(2025, 6, 30), date(2030, 1, 1)


@pytest.fixture(scope="module")
def maker() -> Mapping[str, Any]:
    return runpy.run_path(str(CONFIG / "make_reorganisation_2025.py"))


@pytest.fixture(scope="module")
def before() -> Directory:
    files = (CONFIG / "sample" / "phu-yen.csv", EXAMPLE / "dak-lak.csv")
    return Directory(row.agency for file in files for row in parse(file.read_bytes()).rows)


@pytest.fixture(scope="module")
def done(before: Directory) -> Reorganised:
    return reorganise((EXAMPLE / "reorganisation.csv").read_bytes(), before)


def old(before: Directory) -> list[str]:
    return [agency.code for agency in before if agency.code.endswith("H45")]


def test_making_the_example_again_gives_the_same_bytes(maker: Mapping[str, Any]) -> None:
    assert maker["plan"]().encode() == (EXAMPLE / "reorganisation.csv").read_bytes()
    assert maker["dak_lak"]().encode() == (EXAMPLE / "dak-lak.csv").read_bytes()


def test_every_commune_of_before_has_its_real_name_and_code(maker: Mapping[str, Any]) -> None:
    provinces = json.loads(NESTED_DIVISIONS_JSON_PATH.read_text(encoding="utf-8"))
    phu_yen = next(each for each in provinces if each["name"] == "Tỉnh Phú Yên")
    real = {
        (str(ward["code"]), maker["one_spelling"](ward["name"]))
        for district in phu_yen["districts"]
        for ward in district["wards"]
    }
    pairs = list(csv.DictReader((EXAMPLE / "communes.csv").read_text(encoding="utf-8").splitlines()))
    assert {(pair["old_code"], pair["old_name"]) for pair in pairs} == real
    assert len({pair["new_code"] for pair in pairs}) == len({pair["new_name"] for pair in pairs}) == 34


def test_the_plan_is_taken_as_it_is(done: Reorganised) -> None:
    assert [each.message for each in done.problems] == []
    assert len(done.closings) == 137


def test_two_tiers_are_left_the_province_with_its_departments_and_34_communes(done: Reorganised) -> None:
    open_ = [agency for agency in done.directory if done.directory.is_open(agency, DAY)]
    assert all(agency.code.endswith("H15") for agency in open_)
    assert Counter(agency.level for agency in open_) == {
        Level.PROVINCE: 1,
        Level.DEPARTMENT: 15,
        Level.COMMUNE: 34,
    }


@pytest.mark.parametrize("day", [BEFORE, DAY, LATER], ids=str)
def test_nobody_is_orphaned(done: Reorganised, day: date) -> None:
    directory = done.directory
    for agency in directory:
        if directory.is_open(agency, day) and agency.as_of(day).level not in MAY_STAND_ALONE:
            parent = directory.get(agency.as_of(day).parent)
            assert parent is not None
            assert directory.is_open(parent, day)


@pytest.mark.parametrize("day", [BEFORE, DAY, LATER], ids=str)
def test_every_old_code_is_found_in_both_forms_before_and_after(
    before: Directory, done: Reorganised, day: date
) -> None:
    for agency in before:
        for holding in holdings(agency):
            found = done.directory.find(holding.code, day)
            assert found is not None
            assert found.code == agency.code


def test_everybody_is_followed_by_agencies_that_are_open(before: Directory, done: Reorganised) -> None:
    for key in old(before):
        agency = done.directory.get(key)
        assert agency is not None
        heirs = done.directory.heirs(agency, DAY)
        assert heirs
        assert {heir.code for heir in heirs} == set(agency.successors)
        assert all(heir.adapter == "inbox" for heir in heirs)


def test_a_commune_is_followed_by_the_one_that_it_became_part_of(done: Reorganised) -> None:
    directory = done.directory
    (an_phu,) = (each for each in directory if each.name == "Ủy ban nhân dân xã An Phú")
    heir = directory.successor_of(an_phu, DAY)
    assert heir is not None
    assert heir.name == "Ủy ban nhân dân phường Bình Kiến"
    (ward_9,) = (each for each in directory if each.name == "Ủy ban nhân dân phường 9")
    assert {each.name for each in directory.heirs(ward_9, DAY)} == {
        "Ủy ban nhân dân phường Bình Kiến",
        "Ủy ban nhân dân phường Tuy Hòa",
    }


def test_figures_stand_under_old_codes_then_and_under_those_that_follow_now(
    before: Directory, done: Reorganised
) -> None:
    keys = old(before)
    then = {key: group(done.directory, key, DAY, Structure.THEN) for key in keys}
    now = {key: group(done.directory, key, DAY, Structure.NOW) for key in keys}
    assert all(key == code for key, code in then.items())
    assert now["000.00.00.H45"] == "000.00.00.H15"
    split = {key for key in keys if now[key] == key}
    assert len(split) == 1 + 9 + 7  # nobody can tell their parts apart
    assert all(code.endswith("H15") for key, code in now.items() if key not in split)


def test_taking_it_again_changes_nothing(done: Reorganised) -> None:
    again = reorganise((EXAMPLE / "reorganisation.csv").read_bytes(), done.directory)
    assert (again.problems, again.changes) == ((), ())
    assert again.closings == done.closings
