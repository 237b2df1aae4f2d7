"""``exchange evidence``: an administrator gathers everything that there is of one document."""

from pathlib import Path
from typing import Annotated

import typer

from exchange import settings
from exchange.app import build_context, open_database
from exchange.cli.say import say
from exchange.core.bundle import Role
from exchange.evidence import gather, pack

group = typer.Typer(add_completion=False)


@group.command()
def evidence(
    document: Annotated[str, typer.Argument(help="Mã của trục / the exchange's id of the document.")],
    out: Annotated[
        Path | None, typer.Option(help="Tệp / file to write; <document>.asice if not given.")
    ] = None,
) -> None:
    """Lập hồ sơ bằng chứng / gather a document's evidence into a bundle that anyone checks offline.

    For administrators: it names all receivers. Agencies ask GET /v1/documents/…/evidence.
    """
    values = settings.load()
    context = build_context(values, open_database(values))
    gathered = gather(context, document, Role.ADMINISTRATOR, "")
    bundle = pack(gathered, context.issuer.seal.key, context.now())
    file = out or Path(f"{document}.asice")
    file.write_bytes(bundle)
    say(f"{file}: exchange verify {file} --trust …")
    for each in gathered.contents.pending:
        seconds = gathered.contents.come_back_in_seconds
        say(f"chưa vào sổ cái, thử lại sau {seconds} s / not in the ledger yet: {each.event}, {each.at}")
