"""How the command speaks: tables and sentences on standard output, faults on standard error."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from exchange.core.edxml import VIETNAM

console = Console(highlight=False)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line."""
    console.print(escape(text), soft_wrap=True)


def fail(text: str) -> None:
    """One line about a fault."""
    _errors.print(f"[bold red]✗[/] {escape(text)}")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; in a pipe the same cells between tabs, never cut."""
    if not console.is_terminal:
        for row in (columns, *rows):
            sys.stdout.write("\t".join(str(cell) for cell in row) + "\n")
        return
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(escape(str(cell)) for cell in row))
    console.print(shown)


def local(moment: datetime | None) -> str:
    """A moment as people in Vietnam read it."""
    return "" if moment is None else moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")
