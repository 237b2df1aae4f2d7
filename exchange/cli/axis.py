"""``exchange axis``: keys of software that speaks to us as to the national axis (docs/axis.md)."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from exchange import settings
from exchange.api.access import SCOPES
from exchange.app import open_database
from exchange.cli.agencies import agency_named
from exchange.cli.say import fail, local, say, table
from exchange.context import clock
from exchange.ids import new_id, new_secret
from exchange.ledger import axis_keys
from exchange.ledger.axis_keys import AxisKey, TooManyKeys
from exchange.people.secrets import sealed

group = typer.Typer(
    help="Keys of software that speaks as to the national axis: make, list, revoke.", no_args_is_help=True
)
SYSTEM = re.compile(r"[A-Za-z0-9._-]{1,64}")


@group.command()
def create(
    system: Annotated[
        str, typer.Argument(help="The system id that the software sends, such as H45.VOFFICE.")
    ],
    agency: Annotated[list[str], typer.Argument(help="Codes of the agencies that it acts for.")],
    scope: Annotated[list[str], typer.Option(help=f"One or more of: {', '.join(SCOPES)}.")] = list(SCOPES),  # noqa: B006
    days: Annotated[int, typer.Option(min=1, help="Valid for so many days.")] = 365,
) -> None:
    """Make a key and print it, once: the database holds it encrypted. Two of a system may be active."""
    unknown = set(scope) - set(SCOPES)
    if unknown or not SYSTEM.fullmatch(system):
        fail(f"scopes: {', '.join(SCOPES)}; a system id has letters, digits, dot, dash, up to 64")
        raise typer.Exit(2)
    site = settings.load()
    database = open_database(site)
    secret, now = new_secret(), clock()
    key = AxisKey(
        id=new_id(),
        system=system,
        agencies=tuple(dict.fromkeys(agency_named(database, each) for each in agency)),
        scopes=frozenset(scope),
        sealed=sealed(site, secret),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    try:
        axis_keys.add(database, key, now)
    except TooManyKeys:
        fail(f"{system} has two active keys already; revoke one (exchange axis list)")
        raise typer.Exit(1) from None
    say(secret)


@group.command("list")
def list_() -> None:
    """Show keys; never the keys themselves."""
    database, now = open_database(settings.load()), clock()
    table(
        ("id", "system", "agencies", "scopes", "created", "expires", "state"),
        (
            (
                each.id,
                each.system,
                " ".join(each.agencies),
                " ".join(sorted(each.scopes)),
                local(each.created_at),
                local(each.expires_at),
                "active" if each.active(now) else "revoked" if each.revoked_at else "expired",
            )
            for each in axis_keys.keys_of(database)
        ),
    )


@group.command()
def revoke(key: Annotated[str, typer.Argument(help="Id of the key (exchange axis list).")]) -> None:
    """End a key now."""
    if not axis_keys.revoke(open_database(settings.load()), key, clock()):
        fail(f"there is no active key {key}")
        raise typer.Exit(1)
    say(f"revoked {key}")
