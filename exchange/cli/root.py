"""The command's root: what runs the broker. The groups beside it are one file each."""

import signal
import sys
import threading
from typing import Annotated

import structlog
import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from exchange import logs, server, settings
from exchange.app import Broker
from exchange.cli import agencies, certificates, dead, desk, tokens
from exchange.cli.demo import demo
from exchange.cli.say import fail
from exchange.core.refusal import Refused, sentence

log = structlog.get_logger(__name__)

root = typer.Typer(
    help="The exchange: signed official documents from one agency to many, with receipts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
root.add_typer(agencies.group, name="directory")
root.add_typer(certificates.group, name="certificate")
root.add_typer(tokens.group, name="token")
root.add_typer(dead.group, name="dead")
desk.register(root)
root.command()(demo)

Port = Annotated[int | None, typer.Option(help="Listen on this port instead of the configured one.")]


@root.command()
def serve(port: Port = None) -> None:
    """Run the whole broker in one process: HTTP, worker and sweep."""
    chosen = settings.load() if port is None else settings.load(port=port)
    logs.configure()
    listening = server.listen(chosen.host, chosen.port)
    broker = Broker(chosen)
    application = broker.with_api()
    broker.with_worker()
    siblings = server.start_siblings(chosen.api_processes - 1, listening)
    log.info("serving", address=f"http://{chosen.host}:{chosen.port}", database=_engine(chosen))
    try:
        server.run(application, listening, chosen.stop_seconds)
    finally:
        server.stop_siblings(siblings, chosen.stop_seconds)
        broker.close()
        log.info("stopped")


@root.command()
def api(
    port: Port = None,
    descriptor: Annotated[int, typer.Option(hidden=True, help="An inherited listening socket.")] = -1,
) -> None:
    """Run the HTTP side alone; any number of these beside any number of workers."""
    chosen = settings.load() if port is None else settings.load(port=port)
    logs.configure()
    if descriptor >= 0:
        listening = server.inherited(descriptor)
        server.stop_with_parent()
    else:
        listening = server.listen(chosen.host, chosen.port)
    broker = Broker(chosen)
    application = broker.with_api()
    log.info("serving", address=f"http://{chosen.host}:{chosen.port}", database=_engine(chosen))
    try:
        server.run(application, listening, chosen.stop_seconds)
    finally:
        broker.close()
        log.info("stopped")


@root.command()
def worker() -> None:
    """Run a worker alone: it delivers, expires and collects."""
    chosen = settings.load()
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    broker = Broker(chosen)
    broker.with_worker()
    log.info("working", database=_engine(chosen), queue=chosen.queue_url.split("@")[-1])
    stop.wait()
    broker.close()
    log.info("stopped")


def _engine(chosen: settings.Settings) -> str:
    return chosen.resolved_database_url.split(":")[0]


def main() -> None:
    """Run the command; what is wrong is said in a sentence, without a traceback."""
    try:
        root()
    except ValidationError as error:
        for each in error.errors():
            name = ".".join(str(part) for part in each["loc"])
            fail(f"setting {name}: {each['msg']} (EXCHANGE_{name.upper()})")
        sys.exit(2)
    except Refused as refused:
        for refusal in refused.refusals:
            fail(sentence(refusal))
        sys.exit(1)
    except OperationalError as error:
        fail(f"the database does not answer: {str(error.orig).strip()}")
        sys.exit(1)
    except OSError as error:
        fail(str(error))
        sys.exit(1)
