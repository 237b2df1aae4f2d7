"""The clerk's desk: ``exchange send``, ``inbox``, ``status``.

These commands talk to an exchange over HTTP like any agency's software, through
``exchange.client``; they need neither its database nor its settings.
"""

import typer

from exchange.cli.desk.fetching import inbox
from exchange.cli.desk.following import status
from exchange.cli.desk.sending import send

group = typer.Typer()
for command in (send, inbox, status):
    group.command()(command)
