"""``exchange token``: bearer tokens of agencies."""

import hashlib
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
from exchange.ledger import directory_store
from exchange.ledger.directory_store import Token, TooManyTokens

group = typer.Typer(help="Bearer tokens of agencies: make, list, revoke.", no_args_is_help=True)


@group.command()
def create(
    agency: Annotated[str, typer.Argument(help="Code of the agency.")],
    scope: Annotated[list[str], typer.Option(help=f"One or more of: {', '.join(SCOPES)}.")] = list(SCOPES),  # noqa: B006
    days: Annotated[int, typer.Option(min=1, help="Valid for so many days.")] = 365,
) -> None:
    """Make a token and print it, once: only its hash is kept. Two may be active, for changing over."""
    unknown = set(scope) - set(SCOPES)
    if unknown:
        fail(f"unknown scope {sorted(unknown)[0]}; there are: {', '.join(SCOPES)}")
        raise typer.Exit(2)
    database = open_database(settings.load())
    agency = agency_named(database, agency)
    secret, now = new_secret(), clock()
    token = Token(
        id=new_id(),
        agency=agency,
        hash=hashlib.sha256(secret.encode()).hexdigest(),
        scopes=frozenset(scope),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    try:
        directory_store.add_token(database, token, now)
    except TooManyTokens:
        fail(f"{agency} has two active tokens already; revoke one (exchange token list {agency})")
        raise typer.Exit(1) from None
    say(secret)


@group.command("list")
def list_(agency: Annotated[str, typer.Argument(help="Code of the agency; all if left out.")] = "") -> None:
    """Show tokens; never the tokens themselves."""
    database = open_database(settings.load())
    now = clock()
    table(
        ("id", "agency", "scopes", "created", "expires", "state"),
        (
            (
                each.id,
                each.agency,
                " ".join(sorted(each.scopes)),
                local(each.created_at),
                local(each.expires_at),
                "active" if each.active(now) else "revoked" if each.revoked_at else "expired",
            )
            for each in directory_store.load(database)[2]
            if agency in ("", each.agency)
        ),
    )


@group.command()
def revoke(token: Annotated[str, typer.Argument(help="Id of the token (exchange token list).")]) -> None:
    """End a token now; every process knows it within a second."""
    database = open_database(settings.load())
    if not directory_store.revoke_token(database, token, clock()):
        fail(f"there is no active token {token}")
        raise typer.Exit(1)
    say(f"revoked {token}")
