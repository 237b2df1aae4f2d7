"""Makes the worked example of ``2025``: Phú Yên (H45) is joined to Đắk Lắk (H15) on 2025-07-01.

- ``communes.csv``: which commune became part of which. From the package ``vietnam-provinces``: names of
  before out of 0.6.0, what became of them out of 2026.9.0, which cannot be installed beside it. Made
  anew only if told where that was unpacked.
- ``dak-lak.csv``: the province that Phú Yên is joined to, a file of the directory
- ``reorganisation.csv``: the plan

What is real and what is allotted here says ``2025/README.md``. Run from the project's root:
``python -m config.make_reorganisation_2025 [FOLDER OF THE PACKAGE]``.
"""

import csv
import io
import json
import runpy
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from vietnam_provinces import NESTED_DIVISIONS_JSON_PATH

from config.make_sample_province import PATH as SAMPLE
from config.make_sample_province import committee, in_order, one_spelling
from exchange.core.closing import Waiting
from exchange.core.directory import Agency, Directory, Level
from exchange.core.directory_codes import qd20_alias
from exchange.core.directory_csv import parse, render
from exchange.core.reorganisation_file import COLUMNS, Action

FOLDER = Path(__file__).parent / "2025"
COMMUNES, DAK_LAK, PLAN = FOLDER / "communes.csv", FOLDER / "dak-lak.csv", FOLDER / "reorganisation.csv"

DAY = "2025-07-01"
QCVN102 = date(2016, 4, 1)
NEW_DEPARTMENTS = date(2025, 3, 1)  # NĐ 45/2025/NĐ-CP
PROVINCES = "NQ 202/2025/QH15"
UNITS = "QĐ 19/2025/QĐ-TTg"
OWN = "mã do ví dụ này cấp"  # the code is allotted by this example

PROVINCE = "000.00.00.H15"
OFFICE = "Văn phòng Ủy ban nhân dân tỉnh Đắk Lắk"
DEPARTMENTS = (
    "Sở Công Thương",
    "Sở Dân tộc và Tôn giáo",
    "Sở Giáo dục và Đào tạo",
    "Sở Khoa học và Công nghệ",
    "Sở Nội vụ",
    "Sở Nông nghiệp và Môi trường",
    "Sở Tài chính",
    "Sở Tư pháp",
    "Sở Văn hóa, Thể thao và Du lịch",
    "Sở Xây dựng",
    "Sở Y tế",
)
INSPECTORATE = "Thanh tra tỉnh"
BOARDS_FROM, COMMUNES_FROM = 20, 60

# Those of Phú Yên whose names are not found again, and the departments that took over their work.
TAKEN_OVER: Mapping[str, tuple[str, ...]] = {
    "Văn phòng Ủy ban nhân dân tỉnh Phú Yên": (OFFICE,),
    "Sở Ngoại vụ": (OFFICE,),
    "Sở Giao thông vận tải": ("Sở Xây dựng",),
    "Sở Kế hoạch và Đầu tư": ("Sở Tài chính",),
    "Sở Lao động - Thương binh và Xã hội": ("Sở Nội vụ", "Sở Giáo dục và Đào tạo", "Sở Y tế"),
    "Sở Nông nghiệp và Phát triển nông thôn": ("Sở Nông nghiệp và Môi trường",),
    "Sở Tài nguyên và Môi trường": ("Sở Nông nghiệp và Môi trường",),
    "Sở Thông tin và Truyền thông": ("Sở Khoa học và Công nghệ",),
    "Ban Dân tộc": ("Sở Dân tộc và Tôn giáo",),
}


# --- what became of the communes ---


def communes(package: Path) -> str:
    """The CSV text, from the package of after in this folder; one line for each pair of old and new."""
    became = runpy.run_path(str(package / "_ward_conversion_2025.py"))["OLD_TO_NEW"]
    after = json.loads((package / "data" / "nested-divisions.json").read_text(encoding="utf-8"))
    names = {ward["code"]: _spelled(ward["name"]) for province in after for ward in province["wards"]}
    before = json.loads(NESTED_DIVISIONS_JSON_PATH.read_text(encoding="utf-8"))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("district", "old_code", "old_name", "new_code", "new_name"))
    for district in next(each for each in before if each["name"] == "Tỉnh Phú Yên")["districts"]:
        for ward in district["wards"]:
            for new in became[ward["code"]].new_wards:
                new_name = names[new.code]
                line = (_spelled(district["name"]), ward["code"], _spelled(ward["name"]), new.code, new_name)
                writer.writerow(line)
    return out.getvalue()


def _spelled(name: str) -> str:
    return " ".join(one_spelling(name).split())


# --- the province that is joined ---


def dak_lak() -> str:
    """The CSV text of the directory's file."""
    return render(Directory(agencies()))


def agencies() -> Iterator[Agency]:
    """Đắk Lắk's People's Committee and its departments; its districts and communes are left out."""
    yield _agency(0, "Ủy ban nhân dân tỉnh Đắk Lắk", Level.PROVINCE, "", QCVN102)
    for number, name in enumerate((OFFICE, *DEPARTMENTS, INSPECTORATE), start=1):
        since = NEW_DEPARTMENTS if name in DEPARTMENTS else QCVN102
        yield _agency(number, name, Level.DEPARTMENT, PROVINCE, since)


def _agency(number: int, name: str, level: Level, parent: str, since: date) -> Agency:
    return Agency(
        code=_code(number),
        name=name,
        level=level,
        parent=parent,
        valid_from=since,
        aliases=(qd20_alias(_qd20(number), since, None),),
        adapter="inbox",
    )


def _code(number: int) -> str:
    return f"000.00.{number:02}.H15"


def _qd20(number: int) -> str:
    return f"H15.{number:02}" if number else "H15"


# --- the plan ---


def plan() -> str:
    """The CSV text of the plan, from the sample province and the files beside it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for step in _steps(_read(SAMPLE), _read_communes()):
        writer.writerow({"date": DAY} | step)
    return out.getvalue()


def _read(path: Path) -> Directory:
    return Directory(row.agency for row in parse(path.read_bytes()).rows)


def _read_communes() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(COMMUNES.read_text(encoding="utf-8"))))


Cells = dict[str, str]


def _steps(before: Directory, pairs: list[dict[str, str]]) -> Iterator[Cells]:
    """The new communes and boards, then each of the old agencies, in the order of the sample's file."""
    new = _new_communes(pairs)
    boards = {
        agency.name: _code(number)
        for number, agency in enumerate(
            (each for each in before if each.name.startswith("Ban Quản lý")), start=BOARDS_FROM
        )
    }
    yield from (_create(code, name, Level.DEPARTMENT) for name, code in boards.items())
    yield from (_create(code, committee({"name": name}), Level.COMMUNE) for name, code in new.items())
    after = {agency.name: agency.code for agency in agencies()} | boards
    for agency in before:
        yield _end(agency, *_following(before, agency, pairs, new, after))


def _new_communes(pairs: Iterable[dict[str, str]]) -> dict[str, str]:
    """The codes allotted to the new communes, by their names, in the order of the alphabet."""
    names = {pair["new_name"] for pair in pairs}
    ordered = in_order([{"name": name} for name in names])
    return {each["name"]: _code(number) for number, each in enumerate(ordered, start=COMMUNES_FROM)}


def _create(code: str, name: str, level: Level) -> Cells:
    return {
        "action": Action.CREATE,
        "agency": code,
        "name": name,
        "level": level,
        "parent": PROVINCE,
        "code_qd20": _qd20(int(code[7:9])),
        "adapter": "inbox",
        "note": f"{UNITS}; {OWN}",
    }


def _following(
    before: Directory,
    agency: Agency,
    pairs: Iterable[dict[str, str]],
    new: Mapping[str, str],
    after: Mapping[str, str],
) -> tuple[tuple[str, ...], str]:
    """Who follows an agency of Phú Yên, and on what ground."""
    if agency.level is Level.PROVINCE:
        return (PROVINCE,), PROVINCES
    if agency.level is Level.DEPARTMENT:
        names = TAKEN_OVER.get(agency.name, (agency.name,))
        return tuple(after[name] for name in names), PROVINCES
    district = agency if agency.level is Level.DISTRICT else before.get(agency.parent)
    assert district is not None
    within = [pair for pair in pairs if committee({"name": pair["district"]}) == district.name]
    if agency is not district:
        within = [pair for pair in within if committee({"name": pair["old_name"]}) == agency.name]
    return tuple(sorted({new[pair["new_name"]] for pair in within})), UNITS


def _end(agency: Agency, successors: tuple[str, ...], note: str) -> Cells:
    several = len(successors) > 1
    return {
        "action": Action.SPLIT if several else Action.MERGE,
        "agency": agency.code,
        "successors": ";".join(successors),
        "waiting": Waiting.RETURN if several else Waiting.FORWARD,
        "note": note,
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    if len(sys.argv) > 1:
        _write(COMMUNES, communes(Path(sys.argv[1])))
    _write(DAK_LAK, dak_lak())
    _write(PLAN, plan())
