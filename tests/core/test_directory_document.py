"""docs/directory.md is true: its examples can be taken, and its tables name every column."""

import re
from pathlib import Path

from exchange.core.directory import Directory
from exchange.core.directory_csv import parse, render
from exchange.core.directory_file import DIRECTORY
from exchange.core.directory_lines import FOR_LIFE
from exchange.core.reorganisation import reorganise
from exchange.core.reorganisation_file import COLUMNS as PLAN_COLUMNS
from tests.core.directory_file import found

PAGE = (Path(__file__).parents[2] / "docs" / "directory.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
PLAN_ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| [^|]+ \|$", re.MULTILINE)
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| (life|the line|every line) \|", re.MULTILINE)


def test_the_example_imports_and_is_what_an_export_writes() -> None:
    example = EXAMPLES[0]
    assert found(example.encode()) == []
    assert render(Directory(row.agency for row in parse(example.encode()).rows)) == example


def test_every_column_is_described_with_the_days_for_which_it_holds() -> None:
    told = {name: scope for names, scope in ROW.findall(PAGE) for name in re.findall(r"\w+", names)}
    assert set(told) == set(DIRECTORY.columns)
    assert {name for name, scope in told.items() if scope == "life"} == set(FOR_LIFE)


def test_the_plan_is_taken_by_the_directory_of_the_example_and_every_column_of_plans_is_described() -> None:
    example, plan = EXAMPLES
    done = reorganise(plan.encode(), Directory(row.agency for row in parse(example.encode()).rows))
    assert done.problems == ()
    assert [each.agency for each in done.closings] == ["000.00.04.H45"]
    told = re.findall(r"\w+", " ".join(PLAN_ROW.findall(PAGE.partition("## Reorganisation")[2])))
    assert set(told) == set(PLAN_COLUMNS)
