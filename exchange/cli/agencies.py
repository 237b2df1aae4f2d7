"""``exchange directory``: agencies in and out as CSV."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from exchange import settings
from exchange.app import adapter_class, open_database
from exchange.cli.say import fail, say, table
from exchange.context import clock, today
from exchange.core import directory_csv
from exchange.core.directory import Directory
from exchange.core.directory_problems import Row
from exchange.ledger import directory_store
from exchange.ledger.database import Database

group = typer.Typer(help="Agencies: import, export, show.", no_args_is_help=True)


def _day(on: datetime | None) -> date:
    return on.date() if on is not None else today(clock())


def agency_named(database: Database, code: str) -> str:
    """The key of the agency that ``code``, in any form, names today; ends the command if there is none."""
    agency = Directory(directory_store.load(database)[1]).find(code, today(clock()))
    if agency is None:
        fail(f"{code} is not in the directory (exchange directory show)")
        raise typer.Exit(1)
    return agency.code


@group.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
) -> None:
    """Take agencies from a CSV file, all or none. Agencies that it leaves out stay as they are."""
    database = open_database(settings.load())
    existing = Directory(directory_store.load(database)[1])
    parsed = directory_csv.parse(file.read_bytes())
    problems = directory_csv.problems(parsed, existing)
    for problem in problems:
        fail(f"{file.name}: {problem.message} / {problem.message_vi}")
    agencies = [row.agency for row in parsed.rows]
    wrong = [*problems, *_unknown_adapters(file.name, parsed.rows)]
    if wrong:
        fail(f"nothing was imported: {len(wrong)} problem(s)")
        raise typer.Exit(1)
    incoming = {agency.code: agency for agency in agencies}
    merged = Directory([*(each for each in existing if each.code not in incoming), *agencies])
    changes = directory_csv.compare(existing, merged)
    for change in changes:
        say(f"{change.kind:8} {change.code} {change.column} {change.before} → {change.after}".rstrip(" →"))
    if not dry_run:
        directory_store.save(database, agencies)
    say(f"{'would change' if dry_run else 'changed'}: {len(changes)}; agencies in the file: {len(agencies)}")


def _unknown_adapters(file: str, rows: Sequence[Row]) -> list[str]:
    wrong = []
    for row in rows:
        agency = row.agency
        try:
            if agency.adapter:
                adapter_class(agency.adapter)(dict(agency.options), 1.0).close()
        except ValueError as error:
            wrong.append(agency.code)
            fail(f"{file}: line {row.line}: {agency.code}: {error} / dòng {row.line}: {agency.code}: {error}")
    return wrong


@group.command()
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="CSV file to write.")],
) -> None:
    """Write all agencies as CSV; importing it again changes nothing."""
    database = open_database(settings.load())
    directory = Directory(directory_store.load(database)[1])
    file.write_text(directory_csv.render(directory), encoding="utf-8")
    say(f"wrote {len(directory)} agencies to {file}")


@group.command()
def show(
    code: Annotated[str, typer.Argument(help="A code in any form; all agencies if left out.")] = "",
    on: Annotated[datetime | None, typer.Option(help="As of this date.", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Show agencies as of a date."""
    database = open_database(settings.load())
    directory = Directory(directory_store.load(database)[1])
    day = _day(on)
    if code:
        agency = directory.find(code, day)
        if agency is None:
            near = directory.nearest(code, day)
            fail(f"no agency has the code {code} on {day}" + (f"; near: {', '.join(near)}" if near else ""))
            raise typer.Exit(1)
        shown = [agency]
    else:
        shown = [agency for agency in directory if directory.is_open(agency, day)]
    table(
        ("code", "other codes", "name", "level", "parent", "adapter", "certificates"),
        (
            (
                each.code,
                " ".join(alias.code for alias in each.aliases),
                each.name,
                each.level.value,
                each.parent,
                each.adapter or "not connected",
                len(each.certificates),
            )
            for each in shown
        ),
    )
