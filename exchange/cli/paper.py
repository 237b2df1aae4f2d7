"""``exchange paper``: what agencies sent on paper, so that the share has its denominator."""

import re
from pathlib import Path
from typing import Annotated

import typer

from exchange import paper, settings
from exchange.app import build_context, open_database
from exchange.cli.agencies import agency_named
from exchange.cli.say import fail, local, say, table
from exchange.context import Context
from exchange.core.paper import Declaration, Withdrawal
from exchange.core.paper_csv import BadFile
from exchange.core.refusal import sentence
from exchange.core.share import Reason
from exchange.paper_import import take

group = typer.Typer(help="Paper: what was sent beside the exchange, or without it.", no_args_is_help=True)

BY = "command"
REFUSED_SHOWN = 200
Agency = Annotated[str, typer.Option(help="Code of the agency that sent it, in any form.")]


def _context() -> Context:
    chosen = settings.load()
    return build_context(chosen, open_database(chosen))


@group.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file.")],
    agency: Agency,
    reason: Annotated[Reason | None, typer.Option(help="Of lines that name none.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would happen.")] = False,
) -> None:
    """Register what an agency's outgoing register says went on paper; the same file twice counts once."""
    context = _context()
    sender = agency_named(context.database, agency)
    try:
        taken = list(take(context, sender, file.read_bytes(), by=BY, reason=reason, dry_run=dry_run))
    except BadFile as error:
        fail(f"{file.name}: {error}")
        raise typer.Exit(1) from None
    refused = sorted((each for each in taken if each.refusals), key=lambda each: each.line)
    for each in refused[:REFUSED_SHOWN]:
        for refusal in each.refusals:
            fail(f"dòng / line {each.line} {each.receiver}: {sentence(refusal)}")
    if len(refused) > REFUSED_SHOWN:
        fail(f"… +{len(refused) - REFUSED_SHOWN}")
    done = "sẽ đăng ký / would be registered" if dry_run else "đã đăng ký / registered"
    fresh = sum(each.fresh for each in taken)
    say(f"{done}: {fresh}")
    say(f"đã có từ trước / known before: {len(taken) - fresh - len(refused)}")
    say(f"từ chối / refused: {len(refused)}")
    raise typer.Exit(1 if refused else 0)


@group.command()
def none(
    month: Annotated[str, typer.Argument(help="A month that is over: 2013-05.")], agency: Agency
) -> None:
    """Say for an agency that it sent nothing on paper in a month."""
    found = re.fullmatch(r"(\d{4})-(\d{1,2})", month)
    if found is None:
        fail(f"{month}: ghi dạng 2013-05 / write it as 2013-05")
        raise typer.Exit(1)
    context = _context()
    sender = agency_named(context.database, agency)
    declaration = Declaration(agency=sender, year=int(found[1]), month=int(found[2]), by=BY)
    say(paper.declare_none(context, declaration).mark)


@group.command()
def withdraw(
    id: Annotated[str, typer.Argument(help="The registration (exchange paper list).")],
    agency: Agency,
    why: Annotated[str, typer.Option(help="Why it was wrong.")],
) -> None:
    """Take a registration or declaration back; it stays on record."""
    context = _context()
    sender = agency_named(context.database, agency)
    found = paper.withdraw(context, Withdrawal(agency=sender, id=id, why=why, by=BY))
    say(f"{found.mark}: đã hủy / withdrawn")


@group.command("list")
def list_(agency: Agency, limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100) -> None:
    """Show what an agency registered and declared, the newest first."""
    context = _context()
    sender = agency_named(context.database, agency)
    table(
        ("registration", "registered", "by", "document", "sent on", "receivers", "reason", "stands"),
        (
            (
                each.mark,
                local(each.registered_at),
                each.by,
                f"{each.content.get('number', '')}/{each.content.get('notation', '')}",
                each.content.get("sent_on", each.content.get("none_sent_in", "")),
                " ".join(copy.receiver for copy in each.copies),
                each.content.get("reason", ""),
                "yes" if each.stands else "no",
            )
            for each in paper.registrations(context, sender, most=limit)
        ),
    )
