"""``exchange demo``: the whole exchange at work, with make-believe agencies, in under a minute."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.say import fail

group = typer.Typer()


@group.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Keep everything in this new folder; else it is thrown away."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer documents, and nobody is killed.")] = False,
) -> None:
    """Show the exchange at work: agencies, documents, receipts, proof. Ends with 0 if every promise held."""
    # Here, so that the exchange itself runs without a line of the demo loaded.
    try:
        from exchange.demo.play import run
        from exchange.demo.screen import Screen
        from exchange.demo.stage import QUICK, WHOLE
    except ModuleNotFoundError as missing:
        fail(f"the demo needs {missing.name}: make demo installs it, and so does exchange[demo]")
        raise typer.Exit(2) from None

    if data is not None and data.exists() and any(data.iterdir()):
        fail(f"{data} is not empty: the demo needs a folder of its own")
        raise typer.Exit(2)
    try:
        code = run(data, QUICK if quick else WHOLE, Screen())
    except KeyboardInterrupt:
        fail("stopped before the end; nothing is left running")
        raise typer.Exit(130) from None
    raise typer.Exit(code)
