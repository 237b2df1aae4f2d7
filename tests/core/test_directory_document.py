"""docs/directory.md is true: its example imports, and its table names every column."""

import re
from pathlib import Path

from exchange.core.directory import Directory
from exchange.core.directory_csv import parse, render
from exchange.core.directory_file import COLUMNS
from exchange.core.directory_lines import FOR_LIFE
from tests.core.directory_file import found

PAGE = (Path(__file__).parents[2] / "docs" / "directory.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| (life|the line|every line) \|", re.MULTILINE)


def test_the_example_imports_and_is_what_an_export_writes() -> None:
    (example,) = EXAMPLES
    assert found(example.encode()) == []
    assert render(Directory(row.agency for row in parse(example.encode()).rows)) == example


def test_every_column_is_described_with_the_days_for_which_it_holds() -> None:
    told = {name: scope for names, scope in ROW.findall(PAGE) for name in re.findall(r"\w+", names)}
    assert set(told) == set(COLUMNS)
    assert {name for name, scope in told.items() if scope == "life"} == set(FOR_LIFE)
