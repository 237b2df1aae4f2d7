"""``exchange share``: how far was counted, and whether the counters are what the ledger says."""

import typer

from exchange import settings
from exchange.app import build_context, open_database
from exchange.cli.say import fail, local, say, table
from exchange.ledger import tree
from exchange.ledger.counting import OtherRules
from exchange.ledger.recount import Difference, recounted
from exchange.recounting import Recounting

group = typer.Typer(help="The share done electronically: its counters.", no_args_is_help=True)


@group.command()
def state() -> None:
    """Show how far the ledger was counted, and what the newest recount found."""
    database = open_database(settings.load())
    with database.read() as connection:
        newest = tree.newest(connection)
    found = recounted(database)
    say(f"đã đếm / counted: {found.leaves}")
    say(f"trong sổ cái / in the ledger: {newest.size if newest else 0}")
    say(f"kiểm đếm lại lúc / recounted at: {local(found.recounted_at) or '–'}")
    say(f"sai lệch / differences: {found.differences}")


@group.command()
def recount() -> None:
    """Count everything anew from the ledger, and compare; a difference is told, and left as it is."""
    chosen = settings.load()
    try:
        done = Recounting(build_context(chosen, open_database(chosen))).recount()
    except OtherRules:
        fail(
            "bộ đếm dùng lịch nghỉ khác; chạy exchange worker một lượt để đếm lại"
            " / the counters are by other days off: let a worker run, which counts anew"
        )
        raise typer.Exit(1) from None
    say(f"mục đã đếm lại / leaves recounted: {done.leaves}")
    say(f"lượt trao đổi / exchanges: {done.exchanges}")
    say(f"sai lệch / differences: {done.found}")
    if done.found:
        table(("table", "key", "counted", "recounted"), map(_shown, done.differences))
        raise typer.Exit(1)


def _shown(difference: Difference) -> tuple[str, str, str, str]:
    """Only what differs."""
    one, other = difference.counted or {}, difference.recounted or {}
    differ = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    key = " ".join(str(each) or "–" for each in difference.key)
    return (
        difference.table,
        key,
        ", ".join(f"{name}={one[name]}" for name in differ if name in one) or "–",
        ", ".join(f"{name}={other[name]}" for name in differ if name in other) or "–",
    )
