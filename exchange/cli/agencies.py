"""``exchange directory``: agencies in and out as CSV."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from exchange import settings
from exchange.app import open_database
from exchange.cli.agency_files import adapter_problems, refuse, sentence
from exchange.cli.outside import outside
from exchange.cli.reorganisation import reorganise
from exchange.cli.say import fail, say, table
from exchange.context import clock, today
from exchange.core import directory_csv
from exchange.core.directory import Agency, Directory
from exchange.core.directory_changes import compare
from exchange.core.directory_days import shown
from exchange.ledger import directory_store
from exchange.ledger.acts import OPERATOR, Act
from exchange.ledger.database import Database

group = typer.Typer(help="Agencies: import, export, reorganise, show.", no_args_is_help=True)
group.command()(reorganise)
group.command()(outside)


def _day(on: datetime | None) -> date:
    return on.date() if on is not None else today(clock())


def agency_named(database: Database, code: str) -> str:
    """The key of the agency that ``code``, in any form, names today; ends the command if there is none."""
    agency = Directory(directory_store.load(database)[1]).find(code, today(clock()))
    if agency is None:
        fail(f"{code} không có trong danh bạ / is not in the directory (exchange directory show)")
        raise typer.Exit(1)
    return agency.code


@group.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
) -> None:
    """Take agencies from a CSV file, all or none. Agencies that it leaves out stay as they are."""
    database = open_database(settings.load())
    version, known, _ = directory_store.load(database)
    existing = Directory(known)
    content = file.read_bytes()
    parsed = directory_csv.parse(content)
    against = [*directory_csv.problems(parsed, existing), *adapter_problems(parsed.rows)]
    if against:
        refuse(file.name, sorted(against, key=lambda each: each.lines))
    agencies = {row.agency.code: row.agency for row in parsed.rows}
    changes = compare(existing, Directory(agencies.values()))
    for change in changes:
        say(sentence(change))
    if changes and not dry_run:
        _save(database, list(agencies.values()), version, _act(content, len(changes)))
    left_out = sum(agency.code not in agencies for agency in existing)
    done = "sẽ thay đổi / would change" if dry_run else "đã thay đổi / changed"
    say(f"{done}: {len(changes)}")
    say(f"cơ quan trong tệp / agencies in the file: {len(agencies)}")
    say(f"ngoài tệp, giữ nguyên / not in the file, left as they are: {left_out}")


def _act(content: bytes, changes: int) -> Act:
    what = {"changes": changes, "file": hashlib.sha256(content).hexdigest()}
    return Act(event="directory_changed", at=clock(), person=OPERATOR, role=OPERATOR, what=what)


def _save(database: Database, agencies: Sequence[Agency], version: int, act: Act) -> None:
    try:
        directory_store.save(database, agencies, version, act)
    except directory_store.Changed:
        fail("danh bạ vừa được thay đổi ở nơi khác, chưa nhập gì: hãy chạy lại lệnh")
        fail("the directory was changed meanwhile, nothing was imported: run the command again")
        raise typer.Exit(1) from None


@group.command()
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="CSV file to write.")],
) -> None:
    """Write all agencies as CSV; importing it again changes nothing."""
    database = open_database(settings.load())
    directory = Directory(directory_store.load(database)[1])
    # With the mark of UTF-8, without which spreadsheets take it for something else.
    file.write_text(directory_csv.render(directory), encoding="utf-8-sig")
    say(f"đã ghi / wrote {len(directory)} cơ quan / agencies: {file}")


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
            near = ", ".join(directory.nearest(code, day))
            fail(
                f"không có cơ quan nào mang mã {code} vào ngày {day}"
                + (f"; gần giống: {near}" if near else "")
            )
            fail(f"no agency has the code {code} on {day}" + (f"; near: {near}" if near else ""))
            raise typer.Exit(1)
        agencies = [agency]
    else:
        agencies = [agency for agency in directory if directory.is_open(agency, day)]
    table(
        ("code", "other codes", "name", "level", "parent", "days", "successors", "adapter", "certificates"),
        (_shown(each, day) for each in agencies),
    )


def _shown(agency: Agency, day: date) -> Sequence[object]:
    standing = agency.as_of(day)
    return (
        agency.code,
        " ".join(alias.code for alias in agency.aliases),
        standing.name,
        standing.level.value,
        standing.parent,
        shown(agency.valid_from, agency.valid_to),
        " ".join(agency.successors),
        agency.adapter or "not connected",
        len(agency.certificates),
    )
