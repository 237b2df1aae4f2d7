"""``exchange serve``, ``api`` and ``worker``: the processes of the broker."""

import signal
import threading
from typing import Annotated

import structlog
import typer

from exchange import logs, server, settings
from exchange.app import Broker

log = structlog.get_logger(__name__)

group = typer.Typer()

Port = Annotated[int | None, typer.Option(help="Listen on this port instead of the configured one.")]


@group.command()
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


@group.command()
def api(
    port: Port = None,
    descriptor: Annotated[int, typer.Option(hidden=True, help="An inherited listening socket.")] = -1,
    ready: Annotated[int, typer.Option(hidden=True, help="Where to say that it answers.")] = -1,
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
    if ready >= 0:
        server.say_ready(ready)
    log.info("serving", address=f"http://{chosen.host}:{chosen.port}", database=_engine(chosen))
    try:
        server.run(application, listening, chosen.stop_seconds)
    finally:
        broker.close()
        log.info("stopped")


@group.command()
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
