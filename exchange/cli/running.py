"""``exchange serve``, ``api`` and ``worker``: the processes of the broker."""

from typing import Annotated

import structlog
import typer

from exchange import logs, server, settings
from exchange.app import Broker
from exchange.cli.say import fail, say, table
from exchange.context import clock

log = structlog.get_logger(__name__)

group = typer.Typer()

Port = Annotated[int | None, typer.Option(help="Listen on this port instead of the configured one.")]


def _chosen(port: int | None, **changes: object) -> settings.Settings:
    return settings.load(**changes) if port is None else settings.load(port=port, **changes)


Sample = Annotated[
    bool,
    typer.Option("--sample", help="Open with a make-believe province and its history, made anew each time."),
]


@group.command()
def serve(port: Port = None, sample: Sample = False) -> None:
    """Run the whole broker: HTTP, worker and sweep; in one process, or with API_PROCESSES beside it."""
    chosen = _chosen(port)
    listening = server.listen(chosen.host, chosen.port)
    if sample:
        chosen = _with_sample(chosen, port)
    logs.configure()
    asked = server.on_signal(chosen.stop_seconds)
    broker = Broker(chosen)
    broker.with_worker()
    whole, siblings = True, []
    address = f"http://{chosen.host}:{chosen.port}"
    if chosen.api_processes == 1:
        application = broker.with_api()
        application.fastapi.state.sample = sample
        log.info("serving", address=address, database=_engine(chosen))
        server.run(application, listening, broker.working_seconds, asked, broker.stop)
    else:
        broker.with_metrics()
        siblings = server.start_siblings(chosen.api_processes, listening, asked)
        log.info("serving", address=address, database=_engine(chosen), processes=len(siblings))
        whole = server.keep(siblings, asked, broker.context.liveness.dead)
        server.ask_siblings(siblings)
    broker.close()
    server.await_siblings(siblings, broker.left() + server.SIBLING_SECONDS)
    server.end(0 if whole else 1)


def _with_sample(site: settings.Settings, port: int | None) -> settings.Settings:
    """Make the sample in a folder of its own; the settings with which it is served."""
    # Here, so that the exchange itself runs without a line of the demo loaded.
    try:
        from exchange.demo.sample import building
    except ModuleNotFoundError as missing:
        fail(f"the sample needs {missing.name}: make serve installs it, and so does exchange[demo]")
        raise typer.Exit(2) from None

    logs.quiet()
    folder = site.data / "sample"
    building.clear(folder)
    chosen = _chosen(port, **building.changes(folder))
    say("Đang viết dữ liệu mẫu, khoảng 15 giây / writing the sample, about 15 seconds")
    persons = building.build(chosen, clock())
    say(f"Trang web / pages: http://{chosen.host}:{chosen.port}/web/")
    table(
        ("đăng nhập / login", "mật khẩu / password", "vai trò / role", "cơ quan / agency"),
        ((each.login, each.password, each.role, each.agency) for each in persons),
    )
    return chosen


@group.command()
def api(
    port: Port = None,
    descriptor: Annotated[int, typer.Option(hidden=True, help="An inherited listening socket.")] = -1,
    ready: Annotated[int, typer.Option(hidden=True, help="Where to say that it answers.")] = -1,
) -> None:
    """Run the HTTP side alone; any number of these beside any number of workers."""
    chosen = _chosen(port)
    logs.configure()
    asked = server.on_signal(chosen.stop_seconds)
    if descriptor >= 0:
        listening = server.inherited(descriptor)
        server.stop_with_parent()
    else:
        listening = server.listen(chosen.host, chosen.port)
    broker = Broker(chosen)
    application = broker.with_api()
    broker.with_pulse()
    if ready >= 0:
        server.say_ready(ready)
    log.info("serving", address=f"http://{chosen.host}:{chosen.port}", database=_engine(chosen))
    server.run(application, listening, broker.working_seconds, asked, broker.stop)
    broker.close()
    server.end(0)


@group.command()
def worker() -> None:
    """Run a worker alone: it delivers, expires and collects."""
    chosen = settings.load()
    logs.configure()
    asked = server.on_signal(chosen.stop_seconds)
    broker = Broker(chosen)
    broker.with_worker()
    broker.with_metrics()
    log.info("working", database=_engine(chosen), queue=chosen.queue_url.split("@")[-1])
    whole = server.keep([], asked, broker.context.liveness.dead)
    broker.close()
    server.end(0 if whole else 1)


def _engine(chosen: settings.Settings) -> str:
    return chosen.resolved_database_url.split(":")[0]
