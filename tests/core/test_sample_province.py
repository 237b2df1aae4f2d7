"""The sample province: made from its source, sound, and of the size it claims."""

import json
import runpy
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from vietnam_provinces import NESTED_DIVISIONS_JSON_PATH

from exchange.core.codes import CodeForm, form_of, level_of
from exchange.core.directory import Directory, Level
from exchange.core.directory_csv import parse, problems

CONFIG = Path(__file__).parents[2] / "config"
FILE = CONFIG / "sample" / "phu-yen.csv"
TODAY = date(2024, 6, 3)
EMPTY = Directory(())


@pytest.fixture(scope="module")
def maker() -> Mapping[str, Any]:
    return runpy.run_path(str(CONFIG / "make_sample_province.py"))


@pytest.fixture(scope="module")
def province() -> Directory:
    return Directory(row.agency for row in parse(FILE.read_bytes()).rows)


def test_making_the_sample_again_gives_the_same_bytes(maker: Mapping[str, Any]) -> None:
    assert maker["sample_province"]().encode() == FILE.read_bytes()


def test_the_sample_has_no_problems() -> None:
    assert problems(parse(FILE.read_bytes()), EMPTY) == ()


def test_the_sample_has_one_province_with_21_departments_9_districts_and_106_communes(
    province: Directory,
) -> None:
    assert Counter(agency.level for agency in province) == {
        Level.PROVINCE: 1,
        Level.DEPARTMENT: 21,
        Level.DISTRICT: 9,
        Level.COMMUNE: 106,
    }


def test_departments_have_the_codes_from_01_and_districts_from_30(province: Directory) -> None:
    under = province.children("000.00.00.H45", TODAY)
    assert [agency.code for agency in under] == [
        f"000.00.{number:02}.H45" for number in (*range(1, 22), *range(30, 39))
    ]
    assert under[0].name.startswith("Văn phòng")
    assert under[17].name == "Thanh tra tỉnh"


def test_departments_and_districts_stand_by_the_alphabet(
    maker: Mapping[str, Any], province: Directory
) -> None:
    names = [agency.name for agency in province.children("000.00.00.H45", TODAY)]
    departments = list(maker["DEPARTMENTS"])
    assert names[1:17] == departments
    assert departments == sorted(
        departments, key=lambda name: maker["_alphabetical"](name.replace(",", "").replace("-", ""))
    )
    assert [name.rpartition("Ủy ban nhân dân ")[2] for name in names[21:]] == [
        "thị xã Đông Hòa",
        "huyện Đồng Xuân",
        "huyện Phú Hòa",
        "thị xã Sông Cầu",
        "huyện Sông Hinh",
        "huyện Sơn Hòa",
        "huyện Tây Hòa",
        "huyện Tuy An",
        "thành phố Tuy Hòa",
    ]


def test_every_commune_has_its_real_name_in_its_real_district(province: Directory) -> None:
    provinces = json.loads(NESTED_DIVISIONS_JSON_PATH.read_text(encoding="utf-8"))
    phu_yen = next(each for each in provinces if each["name"] == "Tỉnh Phú Yên")
    real = {
        (spelled(district["name"]), spelled(ward["name"]))
        for district in phu_yen["districts"]
        for ward in district["wards"]
    }
    sample = {
        (spelled(parent.name), spelled(agency.name))
        for agency in province
        if agency.level is Level.COMMUNE
        for parent in province.ancestors(agency, TODAY)[:1]
    }
    assert sample == real


def spelled(name: str) -> str:
    return name.removeprefix("Ủy ban nhân dân ").lower().replace("oà", "òa")


def test_communes_have_the_codes_from_20_inside_their_district(province: Directory) -> None:
    for district in province.children("H45", TODAY)[21:]:
        communes = province.children(district.code, TODAY)
        second = district.code[7:9]
        assert [agency.code for agency in communes] == [
            f"000.{number}.{second}.H45" for number in range(20, 20 + len(communes))
        ]


def test_the_depth_of_each_code_fits_the_level_in_both_forms(province: Directory) -> None:
    depth = {Level.PROVINCE: 1, Level.DEPARTMENT: 2, Level.DISTRICT: 2, Level.COMMUNE: 3}
    for agency in province:
        assert form_of(agency.code) is CodeForm.QCVN102
        assert level_of(agency.code) == depth[agency.level]
        code = province.code_for(agency, CodeForm.QD20, TODAY)
        assert level_of(code) == depth[agency.level]
        assert province.find(code, TODAY) is agency


def test_every_sample_agency_is_connected_by_its_inbox(province: Directory) -> None:
    assert {(agency.adapter, len(agency.options)) for agency in province} == {("inbox", 0)}
