"""``exchange share``: how far was counted, and whether the counters are what the ledger says."""

import typer

from exchange import settings
from exchange.app import open_database
from exchange.cli.say import say
from exchange.ledger import tree
from exchange.ledger.counting import counted

group = typer.Typer(help="The share done electronically: its counters.", no_args_is_help=True)


@group.command()
def state() -> None:
    """Show how many leaves of the ledger were counted, and how many there are."""
    database = open_database(settings.load())
    with database.read() as connection:
        newest = tree.newest(connection)
        done = counted(connection).leaves
    say(f"đã đếm / counted: {done}")
    say(f"trong sổ cái / in the ledger: {newest.size if newest else 0}")


@group.callback()
def _group() -> None:
    """The share done electronically: its counters."""
