"""``exchange dead``: what could not be delivered, why, and once more."""

from typing import Annotated

import typer

from exchange import settings
from exchange.app import build_context, open_database
from exchange.cli.say import fail, local, say, table
from exchange.ledger import reading
from exchange.retry import retry as send_again

group = typer.Typer(help="Dead letters: deliveries that ended refused or expired.", no_args_is_help=True)


@group.command("list")
def list_(limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100) -> None:
    """Show dead letters with their cause; their content stays with them."""
    database = open_database(settings.load())
    table(
        ("delivery", "ended", "state", "from", "to", "document", "attempts", "cause", "reason"),
        (
            (
                row["id"],
                local(row["final_at"]),
                row["state"],
                row["sender"],
                row["receiver"],
                row["document_id"],
                row["attempts"],
                row["cause"],
                row["reason"],
            )
            for row in reading.dead_letters(database, limit)
        ),
    )


@group.command()
def retry(
    deliveries: Annotated[
        list[str] | None, typer.Argument(help="Ids (exchange dead list); or --all.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    cause: Annotated[str, typer.Option(help="With --all: only those with this cause.")] = "",
) -> None:
    """Send dead letters again. The old end and its receipt stay; the new delivery gets its own."""
    chosen = settings.load()
    database = open_database(chosen)
    ids = list(deliveries or ())
    if all_:
        rows = reading.dead_letters(database, 10_000)
        ids += [row["id"] for row in rows if cause in ("", row["cause"])]
    if not ids:
        fail("nothing to send again")
        raise typer.Exit(1)
    context = build_context(chosen, database)
    wrong = 0
    for delivery in ids:
        new = send_again(context, delivery)
        wrong += new is None
        if new is None:
            fail(f"{delivery} is not a dead letter, or was sent again already")
        else:
            say(f"{delivery} → {new.id} (round {new.round}, to {new.receiver})")
    raise typer.Exit(1 if wrong else 0)
