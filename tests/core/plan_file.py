"""Plans of reorganisations for tests: lines by their cells, and a small district to reorganise."""

from exchange.core.directory import Directory
from exchange.core.directory_problems import Problem
from exchange.core.reorganisation import Reorganised, reorganise
from exchange.core.reorganisation_file import COLUMNS
from tests.core.directory_file import TOP, directory_of, line

HEADER = ",".join(COLUMNS)
DAY = "2025-07-01"
PROVINCE = "000.00.00.H45"
DISTRICT, OTHER = "000.00.30.H45", "000.00.31.H45"
HERE, THERE, FAR = "000.20.30.H45", "000.21.30.H45", "000.20.31.H45"
NEW = "000.00.50.H45"


def small() -> Directory:
    """A province of two districts; two communes in the one, one in the other."""
    return directory_of(
        TOP,
        line(DISTRICT, level="district", code_qd20="H45.30"),
        line(OTHER, level="district"),
        line(HERE, level="commune", parent=DISTRICT, code_qd20="H45.30.20"),
        line(THERE, level="commune", parent=DISTRICT),
        line(FAR, level="commune", parent=OTHER),
    )


def step(action: str, agency: str, /, **cells: str) -> str:
    merged = {"date": DAY, "action": action, "agency": agency} | cells
    return ",".join('"' + merged.get(column, "").replace('"', '""') + '"' for column in COLUMNS)


def plan(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


# The districts are abolished: two communes become one, the third moves up to the province.
REFORM = plan(
    step("create", NEW, name="UBND xã Mới", level="commune", parent=PROVINCE, adapter="inbox"),
    step("merge", HERE, successors=NEW, waiting="forward"),
    step("merge", THERE, successors=NEW, waiting="return"),
    step("move", FAR, parent=PROVINCE),
    step("rename", FAR, name="UBND phường Xa"),
    step("close", DISTRICT, waiting="return", note="NQ 202/2025/QH15"),
    step("split", OTHER, successors=f"{FAR};{NEW}", waiting="return"),
)


def taken(content: bytes, existing: Directory | None = None) -> Reorganised:
    done = reorganise(content, existing or small())
    assert done.problems == (), [each.message for each in done.problems]
    return done


def against(*lines: str, existing: Directory | None = None) -> list[Problem]:
    found = reorganise(plan(*lines), existing or small()).problems
    assert all(each.message and each.message_vi for each in found)
    return list(found)


def only(*lines: str, existing: Directory | None = None) -> Problem:
    (one,) = against(*lines, existing=existing)
    return one
