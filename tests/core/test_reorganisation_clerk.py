"""Plans as tired people write them: with words in Vietnamese, spreadsheets' dates and separators."""

from datetime import date

import pytest

from exchange.core.reorganisation import reorganise
from exchange.core.reorganisation_file import COLUMNS, Action, read_plan
from tests.core.plan_file import DISTRICT, HERE, REFORM, THERE, only, plan, small, step, taken

CELLS = {
    Action.CREATE: {"name": "Xã Mới", "level": "commune"},
    Action.RENAME: {"name": "Xã Đây"},
    Action.MOVE: {"parent": DISTRICT},
    Action.MERGE: {"successors": THERE, "waiting": "forward"},
    Action.SPLIT: {"successors": f"{THERE};{DISTRICT}", "waiting": "return"},
    Action.CLOSE: {"waiting": "return"},
}


@pytest.mark.parametrize(
    ("written", "action"),
    [
        ("Sáp nhập", Action.MERGE),
        ("sap nhap", Action.MERGE),
        ("HỢP NHẤT", Action.MERGE),
        ("Hợp nhất", Action.MERGE),  # decomposed
        ("gộp", Action.MERGE),
        ("chia  tách", Action.SPLIT),
        ("Đổi tên", Action.RENAME),
        ("doi ten", Action.RENAME),
        ("chuyển", Action.MOVE),
        ("Giải thể", Action.CLOSE),
        ("đóng", Action.CLOSE),
        ("Thành lập", Action.CREATE),
        ("Create", Action.CREATE),
    ],
)
def test_actions_may_be_written_in_vietnamese_with_or_without_marks(written: str, action: Action) -> None:
    steps, problems = read_plan(plan(step(written, HERE, **CELLS[action])), None)
    assert problems == ()
    assert [each.action for each in steps] == [action]


def test_what_waits_may_be_said_in_vietnamese() -> None:
    done = taken(plan(step("sáp nhập", HERE, successors=THERE, waiting="Chuyển tiếp")))
    assert done.closings[0].waiting.value == "forward"


@pytest.mark.parametrize(
    ("written", "meant"), [("sáp nhâp xã", "merge"), ("mergee", "merge"), ("tach ra", "split")]
)
def test_an_unknown_action_is_told_with_the_one_that_is_meant(written: str, meant: str) -> None:
    problem = only(step(written, HERE))
    assert problem.column == "action"
    assert f"Write {meant}, if that is meant." in problem.message
    assert f"Nếu đúng ý thì ghi {meant}." in problem.message_vi


def test_an_action_like_no_other_is_answered_with_all_that_there_are() -> None:
    problem = only(step("xyz", HERE))
    assert "merge (sáp nhập), split (tách), close (giải thể)" in problem.message_vi


@pytest.mark.parametrize("written", ["1/7/2025", "01.07.2025", "2025/07/01", "45839"])
def test_a_spreadsheets_date_is_told_with_the_day_that_is_meant(written: str) -> None:
    problem = only(step("rename", HERE, date=written, name="Xã Đây"))
    assert (problem.lines, problem.column) == ((2,), "date")
    assert "write 2025-07-01" in problem.message
    assert "ghi 2025-07-01" in problem.message_vi


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_plan_between_semicolons_with_a_mark_of_utf8_is_the_same_plan(separator: str) -> None:
    text = REFORM.decode().replace(",", separator).replace(";", separator)
    quoted = text.replace(f"H45{separator}000", "H45;000")  # within quotation marks
    assert taken(("\ufeff" + quoted.replace("\n", "\r\n")).encode()).changes == taken(REFORM).changes


def test_columns_that_say_nothing_may_be_left_out_and_stand_in_any_order() -> None:
    content = "level,action,date,agency,successors,parent,name,waiting\n"
    content += f",sáp nhập,2025-07-01,{HERE},{THERE},,,trả lại\n"
    done = taken(content.encode())
    assert [each.agency for each in done.closings] == [HERE]


def test_a_missing_column_is_told() -> None:
    content = "date,action,agency,successors,name,parent,level\n2025-07-01,close,000.20.30.H45,,,,\n"
    (problem,) = reorganise(content.encode(), small()).problems
    assert "column waiting: the column is missing. Add it; its cells may be empty." in problem.message


def test_every_line_that_cannot_be_read_is_told_and_no_fault_that_only_follows_from_it() -> None:
    found = reorganise(
        plan(
            step("close", DISTRICT, waiting="return"),
            step("mov", HERE, parent="000.00.00.H45"),
            step("move", THERE, date="30/6/2025", parent="000.00.00.H45"),
        ),
        small(),
    ).problems
    assert [(each.lines, each.column) for each in found] == [((3,), "action"), ((4,), "date")]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"PK\x03\x04", b'date\n"', b"\x00", ",".join(COLUMNS).encode()]
)
def test_what_is_no_plan_is_refused_with_a_sentence(content: bytes) -> None:
    done = reorganise(content, small(), date(2025, 7, 1))
    assert done.problems
    assert done.changed == ()
