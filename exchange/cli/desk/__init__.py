"""The clerk's desk: ``exchange send``, ``inbox``, ``status``, ``verify``.

These commands talk to an exchange over HTTP like any agency's software, through
``exchange.client``; they need neither its database nor its settings.
"""

import typer

from exchange.cli.desk import fetching, following, sending, verifying

__all__ = ["register"]


def register(root: typer.Typer) -> None:
    """Add the commands to the root of the command."""
    root.command()(sending.send)
    root.command()(fetching.inbox)
    root.command()(following.status)
    root.command()(verifying.verify)
