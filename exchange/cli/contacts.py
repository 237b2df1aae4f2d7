"""``exchange contact``: the e-mail addresses to which notices for an agency go."""

from typing import Annotated

import typer

from exchange import settings
from exchange.app import open_database
from exchange.cli.agencies import agency_named
from exchange.cli.say import fail, say, table
from exchange.core.mail import is_address
from exchange.core.notices import Kind
from exchange.ledger import contacts
from exchange.ledger.contacts import Contact, TooManyContacts

group = typer.Typer(help="E-mail addresses of agencies, for notices.", no_args_is_help=True)

Agency = Annotated[str, typer.Argument(help="Code of the agency, in any form.")]
Address = Annotated[str, typer.Argument(help="E-mail address.")]


@group.command("set")
def set_(
    agency: Agency,
    address: Address,
    kind: Annotated[
        list[Kind],
        typer.Option(help="waiting, daily (its own list), oversight (of those under it)."),
    ] = list(Kind),  # noqa: B006
) -> None:
    """Have notices for an agency sent to an address; what was set for it before no longer counts."""
    if not is_address(address):
        fail(f"{address} không phải địa chỉ thư điện tử / is no e-mail address, such as vanthu@tinh.gov.vn")
        raise typer.Exit(2)
    database = open_database(settings.load())
    contact = Contact(agency_named(database, agency), address, frozenset(kind))
    try:
        contacts.set_contact(database, contact)
    except TooManyContacts:
        fail(f"{contact.agency} has {contacts.CONTACTS_MAX} addresses already; remove one")
        raise typer.Exit(1) from None
    say(f"{contact.agency} → {address}: {_words(contact)}")


@group.command("list")
def list_(agency: Annotated[str, typer.Argument(help="Code of the agency; all if left out.")] = "") -> None:
    """Show addresses."""
    database = open_database(settings.load())
    code = agency_named(database, agency) if agency else ""
    found = (each for each in contacts.contacts(database) if code in ("", each.agency))
    table(("agency", "address", "kinds"), ((each.agency, each.address, _words(each)) for each in found))


@group.command()
def remove(agency: Agency, address: Address) -> None:
    """Send nothing to an address any more."""
    database = open_database(settings.load())
    # Of an agency that is gone from the directory too.
    known = {each.agency for each in contacts.contacts(database)}
    code = agency if agency in known else agency_named(database, agency)
    if not contacts.remove_contact(database, code, address):
        fail(f"{code} has no address {address} (exchange contact list {code})")
        raise typer.Exit(1)
    say(f"removed {address}")


def _words(contact: Contact) -> str:
    return " ".join(sorted(kind.value for kind in contact.kinds))
