"""``exchange witness``: cosign the checkpoints of logs that others run."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer

from exchange import logs as log_lines
from exchange.cli.say import fail, say
from exchange.core.note import NotANote
from exchange.core.witnessing import Logs, logs_of
from exchange.witness import serving
from exchange.witness.application import Application
from exchange.witness.key import WrongKey, witness_key
from exchange.witness.memory import Damaged, InUse, Memory
from exchange.witness.witness import Witness

log = structlog.get_logger(__name__)

group = typer.Typer(invoke_without_command=True, add_completion=False)

Data = Annotated[Path, typer.Option(help="Folder of the key and of what is remembered; never lose it.")]
Name = Annotated[
    str,
    typer.Option(help="What the key is called, such as thanh-tra.gov.vn/witness; set at the first start."),
]
FOLDER = Path("witness")


@group.callback()
def witness(
    context: typer.Context,
    data: Data = FOLDER,
    name: Name = "",
    log_key: Annotated[
        list[str], typer.Option("--log", help="Key of a log to cosign for, as <broker>/ledger/key shows it.")
    ] = [],  # noqa: B006
    logs: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File of such keys, one a line.")
    ] = None,
    host: Annotated[str, typer.Option(help="Listen on this address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Listen on this port.")] = 8090,
) -> None:
    """Be a witness: cosign the checkpoints of other offices' ledgers while they do not rewrite history."""
    if context.invoked_subcommand is not None:
        return
    known = _known(log_key, logs)
    memory = Memory(data)
    try:
        key = witness_key(data, name)
        with memory.alone():
            application = Application(Witness(key, known, memory, _now))
            listening = serving.listen(host, port)
            log_lines.configure()
            log.info("witnessing", address=f"http://{host}:{port}", key=key.cosigner_vkey.text, logs=[*known])
            serving.serve(application, listening)
    except (WrongKey, InUse, Damaged) as error:
        fail(str(error))
        raise typer.Exit(1) from None


@group.command()
def key(data: Data = FOLDER, name: Name = "") -> None:
    """Show the key that logs and auditors verify this witness by; it is made if there is none."""
    try:
        say(witness_key(data, name).cosigner_vkey.text)
    except WrongKey as error:
        fail(str(error))
        raise typer.Exit(1) from None


def _now() -> datetime:
    return datetime.now(UTC)


def _known(log_keys: list[str], file: Path | None) -> Logs:
    lines = [*log_keys, *(file.read_text("utf-8").splitlines() if file else [])]
    texts = [text for line in lines if (text := line.strip()) and not text.startswith("#")]
    try:
        known = logs_of(texts)
    except NotANote as error:
        fail(f"the key of a log cannot be read: {error}")
        raise typer.Exit(2) from None
    if not known:
        fail("no log to cosign for: give its key with --log")
        raise typer.Exit(2)
    return known
