"""The command's root. Each command lies in a file of its own, loaded when it is called for: most
of them need the whole broker, and a clerk who sends a document needs none of it.
"""

import gc
import importlib
import sys
from collections.abc import Mapping
from types import ModuleType

import typer
from pydantic import ValidationError
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from exchange.cli.say import fail
from exchange.core.dated_lines import UnusableFile
from exchange.core.refusal import Refused, sentence

PLACES: Mapping[str, str] = {
    "demo": "demo",
    "serve": "running",
    "api": "running",
    "worker": "running",
    "directory": "agencies",
    "adapter": "adapters",
    "agency": "adapters",
    "certificate": "certificates",
    "token": "tokens",
    "axis": "axis",
    "account": "accounts",
    "dead": "dead",
    "paper": "paper",
    "share": "share",
    "alarm": "alarms",
    "contact": "contacts",
    "send": "desk",
    "inbox": "desk",
    "status": "desk",
    "verify": "audit",
    "audit": "audit",
    "evidence": "evidence",
    "report": "reports",
    "witness": "witness",
}


class Commands(TyperGroup):
    """Finds a command in its place."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002
        """All, in the order in which a newcomer meets them."""
        return list(PLACES)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
        """Load one; None if there is none of this name."""
        if cmd_name not in PLACES:
            return None
        place = _loaded(f"exchange.cli.{PLACES[cmd_name]}")
        command = get_command(place.group)
        inner = getattr(command, "commands", {})
        found: TyperCommand | TyperGroup = inner.get(cmd_name, command)
        found.name = cmd_name
        return found


def _loaded(name: str) -> ModuleType:
    """The module. Nothing of what is loaded goes: looking for what does would be a quarter of the time."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


root = typer.Typer(
    cls=Commands,
    help="The exchange: signed official documents from one agency to many, with receipts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@root.callback()
def _root() -> None:
    """The exchange: signed official documents from one agency to many, with receipts."""


def main() -> None:
    """Run the command; what is wrong is said in a sentence, without a traceback."""
    try:
        root()
    except ValidationError as error:
        for each in error.errors():
            name = ".".join(str(part) for part in each["loc"])
            fail(f"setting {name}: {each['msg']} (EXCHANGE_{name.upper()})")
        sys.exit(2)
    except UnusableFile as error:
        fail(str(error))
        sys.exit(2)
    except Refused as refused:
        for refusal in refused.refusals:
            fail(sentence(refusal))
        sys.exit(1)
    except Exception as error:
        fail(_known(error))
        sys.exit(1)


def _known(error: Exception) -> str:
    """A sentence for what the world may do to a command; a fault of ours is raised again."""
    if isinstance(error, OSError):
        return str(error)
    # Looked up by name: most commands never load the database.
    if type(error).__name__ == "OperationalError":
        return f"the database does not answer: {str(getattr(error, 'orig', error)).strip()}"
    raise error
