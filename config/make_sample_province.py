"""Makes the sample province, ``sample/phu-yen.csv``: Phú Yên before the reform of 2025.

Names of districts and communes come from the package ``vietnam-provinces`` 0.6.0, a tree from before
2025-07-01. The codes are allotted here after the pattern of a real province (level 2: offices of the
province 01 to 21, districts from 30; level 3: communes from 20), as the real list was not found.

Run from the project's root: ``python -m config.make_sample_province``.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from vietnam_provinces import NESTED_DIVISIONS_JSON_PATH

from exchange.core.directory import Agency, Directory, Level
from exchange.core.directory_codes import qd20_alias
from exchange.core.directory_csv import render

PATH = Path(__file__).parent / "sample" / "phu-yen.csv"

PROVINCE_NAME = "Tỉnh Phú Yên"
LEVEL_1 = "H45"
VALID_FROM = date(2016, 4, 1)  # TT 10/2016/TT-BTTTT, which gave agencies these codes
ADAPTER = "inbox"

OFFICE = "Văn phòng Ủy ban nhân dân tỉnh Phú Yên"
# The departments that NĐ 24/2014/NĐ-CP sets up in every province, and Sở Ngoại vụ.
DEPARTMENTS = (
    "Sở Công Thương",
    "Sở Giáo dục và Đào tạo",
    "Sở Giao thông vận tải",
    "Sở Kế hoạch và Đầu tư",
    "Sở Khoa học và Công nghệ",
    "Sở Lao động - Thương binh và Xã hội",
    "Sở Ngoại vụ",
    "Sở Nội vụ",
    "Sở Nông nghiệp và Phát triển nông thôn",
    "Sở Tài chính",
    "Sở Tài nguyên và Môi trường",
    "Sở Thông tin và Truyền thông",
    "Sở Tư pháp",
    "Sở Văn hóa, Thể thao và Du lịch",
    "Sở Xây dựng",
    "Sở Y tế",
)
INSPECTORATE = "Thanh tra tỉnh"
BOARDS = (
    "Ban Dân tộc",
    "Ban Quản lý Khu kinh tế Phú Yên",
    "Ban Quản lý Khu nông nghiệp ứng dụng công nghệ cao Phú Yên",
)
DISTRICTS_FROM, COMMUNES_FROM = 30, 20

_ALPHABET = " 0123456789aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}


def sample_province() -> str:
    """The CSV text."""
    return render(Directory(agencies()))


def agencies() -> Iterator[Agency]:
    """The province's People's Committee, its departments, its districts, each followed by its communes."""
    province = _agency(0, 0, "Ủy ban nhân dân tỉnh Phú Yên", Level.PROVINCE, "")
    yield province
    for number, name in enumerate((OFFICE, *DEPARTMENTS, INSPECTORATE, *BOARDS), start=1):
        yield _agency(number, 0, name, Level.DEPARTMENT, province.code)
    for number, division in enumerate(in_order(_phu_yen()["districts"]), start=DISTRICTS_FROM):
        district = _agency(number, 0, committee(division), Level.DISTRICT, province.code)
        yield district
        for place, ward in enumerate(in_order(division["wards"]), start=COMMUNES_FROM):
            yield _agency(number, place, committee(ward), Level.COMMUNE, district.code)


def _phu_yen() -> Mapping[str, Any]:
    provinces = json.loads(NESTED_DIVISIONS_JSON_PATH.read_text(encoding="utf-8"))
    found: Mapping[str, Any] = next(each for each in provinces if each["name"] == PROVINCE_NAME)
    return found


def _agency(second: int, third: int, name: str, level: Level, parent: str) -> Agency:
    qd20 = ".".join([LEVEL_1, *(f"{group:02}" for group in (second, third) if group)])
    return Agency(
        code=f"000.{third:02}.{second:02}.{LEVEL_1}",
        name=name,
        level=level,
        parent=parent,
        valid_from=VALID_FROM,
        aliases=(qd20_alias(qd20, VALID_FROM, None),),
        adapter=ADAPTER,
    )


def committee(division: Mapping[str, Any]) -> str:
    """The People's Committee of a district or commune: "Ủy ban nhân dân xã An Phú"."""
    name = one_spelling(division["name"])
    return f"Ủy ban nhân dân {name[0].lower()}{name[1:]}"


def one_spelling(name: str) -> str:
    """The package writes "Hoà" and "Hòa"; the latter is the spelling of the province's documents."""
    return unicodedata.normalize("NFC", name).replace("oà", "òa")


def in_order(divisions: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By the alphabet, without the words for the kind of division."""
    return sorted(divisions, key=lambda division: _alphabetical(_bare(one_spelling(division["name"]))))


def _bare(name: str) -> str:
    for kind in ("Thành phố", "Thị xã", "Thị trấn", "Huyện", "Phường", "Xã"):
        if name.startswith(kind + " "):
            return name.removeprefix(kind + " ")
    raise ValueError(f"of what kind is {name!r}?")


def _alphabetical(name: str) -> tuple[list[int], str]:
    """Vietnamese order: letters first (ă, â, đ, ê, ô, ơ, ư are their own), tones only between equals."""
    letters = unicodedata.normalize("NFD", name.lower())
    toneless = unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in _TONES))
    return [_ALPHABET.index(letter) for letter in toneless], name


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(sample_province(), encoding="utf-8", newline="")
