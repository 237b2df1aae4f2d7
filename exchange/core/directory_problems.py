"""What can stand against a directory file: one problem, and how it is said.

Each says in which lines and which column, what is wrong, and what to do, in English and Vietnamese.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from exchange.core.directory import Agency


class Kind(StrEnum):
    """What is wrong."""

    FILE = "file"  # not UTF-8, or not CSV
    HEADER = "header"  # a column is missing, unknown or named twice
    VALUE = "value"  # a cell cannot be read
    PERIOD = "period"  # ends before it begins, lies outside the agency's life, or leaves days out
    OVERLAP = "overlap"  # two lines for one agency, or two agencies for one code, on the same day
    ORPHAN = "orphan"  # no parent, or none during a part of the life
    LEVEL = "level"  # the level does not fit the parent's
    PARENT_CYCLE = "parent_cycle"
    SUCCESSOR = "successor"  # missing, or not there when it is needed
    SUCCESSOR_CYCLE = "successor_cycle"


class Words(NamedTuple):
    """One sentence in both languages."""

    en: str
    vi: str


class Unreadable(ValueError):
    """A cell cannot be read: what is wrong, and what to do."""

    def __init__(self, wrong: Words, do: Words) -> None:
        super().__init__(wrong.en)
        self.wrong = wrong
        self.do = do


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason not to import. Both texts begin with the lines; no line: the file as a whole."""

    kind: Kind
    lines: tuple[int, ...]
    column: str  # "": the lines as a whole
    message: str
    message_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An agency and the lines of the file where it stands: one for each of its ``standings``."""

    lines: tuple[int, ...]
    agency: Agency

    @property
    def line(self) -> int:
        """The line of the newest."""
        return self.lines[-1]


def problem(kind: Kind, lines: Iterable[int], column: str, wrong: Words, do: Words) -> Problem:
    """A problem that says what is wrong and what to do; 0 stands for no line and is left out."""
    numbers = tuple(sorted({line for line in lines if line}))
    listed = ", ".join(map(str, numbers))
    where = f"Line{'s' if len(numbers) > 1 else ''} {listed}" if numbers else "The file"
    where_vi = f"Dòng {listed}" if numbers else "Tệp"
    if column:
        where, where_vi = f"{where}, column {column}", f"{where_vi}, cột {column}"
    return Problem(
        kind=kind,
        lines=numbers,
        column=column,
        message=f"{where}: {wrong.en} {do.en}",
        message_vi=f"{where_vi}: {wrong.vi} {do.vi}",
    )
