"""A plan makes a new directory of an old one: who exists, who follows, and what it is refused for."""

from datetime import date

import pytest

from exchange.core.closing import Closing, Waiting
from exchange.core.directory import Directory, Level
from exchange.core.directory_problems import Kind
from exchange.core.reorganisation import reorganise
from tests.core.directory_file import line, read
from tests.core.plan_file import (
    DISTRICT,
    FAR,
    HERE,
    NEW,
    OTHER,
    PROVINCE,
    REFORM,
    THERE,
    against,
    only,
    plan,
    small,
    step,
    taken,
)

DAY, BEFORE = date(2025, 7, 1), date(2025, 6, 30)


def test_a_plan_closes_creates_moves_and_renames_on_its_day() -> None:
    directory = taken(REFORM).directory
    here, far = directory.find(HERE, DAY), directory.find(FAR, DAY)
    assert here is not None
    assert far is not None
    assert (here.valid_to, here.successors) == (BEFORE, (NEW,))
    assert (far.as_of(DAY).name, far.as_of(DAY).parent) == ("UBND phường Xa", PROVINCE)
    assert (far.as_of(BEFORE).name, far.as_of(BEFORE).parent) == (f"Cơ quan {FAR}", OTHER)
    assert {each.code for each in directory.children(PROVINCE, DAY)} == {NEW, FAR}
    assert {each.code for each in directory.children(PROVINCE, BEFORE)} == {DISTRICT, OTHER}


def test_what_waits_is_said_for_every_agency_that_is_closed() -> None:
    assert taken(REFORM).closings == (
        Closing(agency=HERE, day=DAY, waiting=Waiting.FORWARD),
        Closing(agency=THERE, day=DAY, waiting=Waiting.RETURN),
        Closing(agency=OTHER, day=DAY, waiting=Waiting.RETURN),
        Closing(agency=DISTRICT, day=DAY, waiting=Waiting.RETURN, note="NQ 202/2025/QH15"),
    )


def test_old_codes_in_both_forms_are_found_before_and_after() -> None:
    directory = taken(REFORM).directory
    for code in (HERE, "H45.30.20", DISTRICT, "H45.30"):
        for day in (BEFORE, DAY, date(2040, 1, 1)):
            assert directory.find(code, day) is not None


def test_the_changes_are_those_of_the_agencies_named_and_say_nothing_of_codes_that_stay() -> None:
    changes = taken(REFORM).changes
    assert {each.code for each in changes} == {NEW, HERE, THERE, FAR, DISTRICT, OTHER}
    assert {each.column for each in changes} == {"", "valid_to", "successor", "name", "parent"}


def test_a_plan_that_was_taken_changes_nothing_when_it_is_taken_again() -> None:
    once = taken(REFORM)
    twice = taken(REFORM, once.directory)
    assert twice.changes == ()
    assert twice.changed == ()
    assert twice.closings == once.closings


def test_codes_of_either_form_and_any_case_may_be_written() -> None:
    directory = taken(plan(step("merge", "h45.30.20", successors=THERE, waiting="forward"))).directory
    here = directory.get(HERE)
    assert here is not None
    assert here.successors == (THERE,)


def test_steps_of_a_later_day_build_on_those_of_an_earlier_one() -> None:
    directory = taken(
        plan(
            step("merge", NEW, date="2026-01-01", successors=FAR, waiting="forward"),
            step("create", NEW, name="Xã Mới", level="commune", parent=DISTRICT, code_qd20="H45.50"),
            step("rename", "H45.50", date="2025-10-01", name="Xã Mới hơn"),
            step("merge", HERE, successors=NEW, waiting="return"),
        )
    ).directory
    new, here = directory.get(NEW), directory.get(HERE)
    assert new is not None
    assert here is not None
    assert (new.valid_from, new.valid_to, new.level) == (DAY, date(2025, 12, 31), Level.COMMUNE)
    assert new.as_of(date(2025, 11, 1)).name == "Xã Mới hơn"
    assert [each.code for each in directory.heirs(here, date(2026, 2, 1))] == [FAR]


def test_a_day_that_the_command_names_holds_for_lines_without_one() -> None:
    content = plan(step("rename", HERE, date="", name="Xã Đây"))
    done = reorganise(content, small(), DAY)
    assert done.problems == ()
    here = done.directory.get(HERE)
    assert here is not None
    assert here.former[0].until == BEFORE
    (problem,) = reorganise(content, small()).problems
    assert "Line 2, column date: the day is missing." in problem.message


# --- what a plan is refused for ---


@pytest.mark.parametrize("action", ["merge", "split", "close"])
def test_an_agency_cannot_be_closed_without_a_word_on_what_waits(action: str) -> None:
    following = {"merge": THERE, "split": f"{THERE};{FAR}", "close": ""}[action]
    problem = only(step(action, HERE, successors=following))
    assert (problem.lines, problem.column) == ((2,), "waiting")
    assert "forward (chuyển tiếp tới đơn vị kế thừa)" in problem.message_vi


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        pytest.param("agency", {"agency": "000.29.30.H45"}, id="agency"),
        pytest.param("successors", {"successors": "000.29.30.H45"}, id="successor"),
    ],
)
def test_an_unknown_code_is_told_with_its_line(column: str, cells: dict[str, str]) -> None:
    problem = only(step("merge", HERE, **{"successors": THERE, "waiting": "forward"} | cells))
    assert (problem.lines, problem.column) == ((2,), column)
    assert "000.29.30.H45 is not in the directory" in problem.message
    assert "không có trong danh bạ" in problem.message_vi


def test_an_unknown_code_is_told_with_the_nearest_one() -> None:
    assert f"Write {OTHER}" in only(step("move", HERE, parent="000.00.31.H46")).message


def test_children_of_a_closed_agency_are_orphans_until_the_plan_moves_them() -> None:
    problems = against(step("close", DISTRICT, waiting="return"))
    assert {each.kind for each in problems} == {Kind.ORPHAN}
    assert {each.lines for each in problems} == {(2,)}
    assert {HERE, THERE} == {code for code in (HERE, THERE) for each in problems if code in each.message}


def test_successors_in_a_circle_are_refused() -> None:
    problems = against(
        step("merge", HERE, successors=THERE, waiting="forward"),
        step("merge", THERE, successors=HERE, waiting="forward"),
    )
    assert Kind.SUCCESSOR_CYCLE in {each.kind for each in problems}


def test_a_circle_of_parents_is_refused() -> None:
    unit = line("000.22.30.H45", level="unit", parent=HERE)
    existing = Directory([*small(), *read(unit, line("000.23.30.H45", level="unit", parent="000.22.30.H45"))])
    problems = against(step("move", "000.22.30.H45", parent="000.23.30.H45"), existing=existing)
    assert Kind.PARENT_CYCLE in {each.kind for each in problems}


def test_a_gap_before_the_one_that_follows_is_refused() -> None:
    problem = only(
        step("create", NEW, date="2025-07-02", name="Xã Mới", level="commune", parent=DISTRICT),
        step("merge", HERE, successors=NEW, waiting="return"),
    )
    assert problem.kind is Kind.SUCCESSOR
    assert "does not exist on the day after" in problem.message


def test_documents_cannot_be_forwarded_to_an_agency_without_a_connection() -> None:
    problem = only(
        step("create", NEW, name="Xã Mới", level="commune", parent=DISTRICT),
        step("merge", HERE, successors=NEW, waiting="forward"),
    )
    assert (problem.lines, problem.column) == ((3,), "waiting")


@pytest.mark.parametrize(
    ("lines", "kind", "said"),
    [
        pytest.param(
            [
                step("merge", HERE, successors=THERE, waiting="forward"),
                step("close", HERE, waiting="return"),
            ],
            Kind.OVERLAP,
            "line 2 has a word on 000.20.30.H45 already",
            id="closed twice",
        ),
        pytest.param(
            [step("rename", HERE, name="A"), step("rename", HERE, name="B")],
            Kind.OVERLAP,
            "line 2 has a word",
            id="renamed twice",
        ),
        pytest.param(
            [step("create", HERE, name="Khác", level="commune", parent=DISTRICT)],
            Kind.OVERLAP,
            "exists already",
            id="created though it exists",
        ),
        pytest.param(
            [
                step("close", HERE, waiting="return"),
                step("rename", HERE, date="2025-08-01", name="Xã Đây"),
            ],
            Kind.PERIOD,
            "ended on 2025-06-30",
            id="renamed after its end",
        ),
        pytest.param(
            [step("rename", HERE, date="2010-01-01", name="Xã Đây")],
            Kind.PERIOD,
            "begins on 2016-04-01",
            id="renamed before its beginning",
        ),
        pytest.param(
            [step("rename", HERE, name="Xã Đây"), step("close", HERE, waiting="return")],
            Kind.PERIOD,
            "changes after that day",
            id="renamed on the day of its end",
        ),
        pytest.param(
            [step("move", FAR, parent=HERE)], Kind.LEVEL, "cannot stand under", id="under a commune"
        ),
        pytest.param(
            [step("split", OTHER, successors=f"{HERE};{THERE}", waiting="forward")],
            Kind.VALUE,
            "no one agency to forward to",
            id="forward to several",
        ),
        pytest.param(
            [step("merge", HERE, successors=f"{FAR};{THERE}", waiting="return")],
            Kind.SUCCESSOR,
            "that is a split",
            id="a merger into several",
        ),
        pytest.param(
            [step("split", HERE, successors=THERE, waiting="return")],
            Kind.SUCCESSOR,
            "that is a merger",
            id="a split into one",
        ),
        pytest.param(
            [step("rename", HERE, name="Xã Đây", waiting="return")],
            Kind.VALUE,
            "says nothing here",
            id="a word too many",
        ),
        pytest.param([], Kind.FILE, "there is no line in it", id="empty"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(lines: list[str], kind: Kind, said: str) -> None:
    problem = only(*lines)
    assert problem.kind is kind
    assert said in problem.message


def test_with_a_problem_nothing_changes() -> None:
    existing = small()
    done = reorganise(
        plan(step("rename", HERE, name="Xã Đây"), step("close", "X", waiting="return")), existing
    )
    assert done.problems
    assert done.directory is existing
    assert (done.changed, done.changes, done.closings) == ((), (), ())


def test_an_agency_that_is_closed_otherwise_already_is_told_how() -> None:
    closed = taken(plan(step("merge", HERE, successors=THERE, waiting="forward"))).directory
    problem = only(step("merge", HERE, successors=FAR, waiting="forward"), existing=closed)
    assert f"ends on 2025-06-30, followed by {THERE}" in problem.message
