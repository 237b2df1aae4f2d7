"""The composition root: puts the broker together from its settings, and is the only place that does."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

import structlog

from exchange import metrics, resources
from exchange.adapter import Takes
from exchange.api.application import Application
from exchange.connections import Connections, adapter_class, load_adapter
from exchange.context import Context, clock
from exchange.core.delivery import State
from exchange.core.directory import Directory
from exchange.core.schema import Schema
from exchange.core.sealing import Seal
from exchange.core.signature import verifier
from exchange.dispatch import Dispatch, Worker
from exchange.keys import broker_key, log_key
from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate
from exchange.liveness import Liveness
from exchange.payloads import Payloads
from exchange.pdf_evidence import PdfEvidence
from exchange.pdfs import Limits, Pdfs
from exchange.pulse import Beating
from exchange.queue import Bell, Listener
from exchange.receipts import Issuer
from exchange.receiving import Receiving
from exchange.registry import Registry
from exchange.settings import Settings
from exchange.stamp_age import StampAge
from exchange.sweep import Sweep
from exchange.targets import load_targets
from exchange.working_days import load_calendar

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 2.0  # of the time to stop, kept for committing and closing when attempts take the rest
AT_LEAST_SECONDS = 0.05  # for a part that only has to look up


def open_database(settings: Settings) -> Database:
    """The database in its newest form."""
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(
        settings.resolved_database_url, settings.database_statement_seconds, settings.database_lock_seconds
    )
    migrate(database)
    return database


def build_context(settings: Settings, database: Database, now: Callable[[], datetime] = clock) -> Context:
    """All parts that use cases need."""
    registry = Registry(database, _takes)
    liveness = Liveness(database)
    liveness.watch("registry", registry.alive)
    stamp_age = StampAge(
        database,
        now,
        asked=bool(settings.tsa_url),
        alarm_hours=settings.stamp_age_alarm_hours,
        refuse_hours=settings.stamp_age_refuse_hours,
    )
    liveness.watch("stamp age", stamp_age.alive)
    issuer = Issuer(
        seal=Seal(broker_key(settings.data, settings.broker_name)),
        broker=settings.broker_name,
        expiry=timedelta(hours=settings.receipt_expiry_hours),
        first_state=lambda agency, _at: _first_state(registry.current.directory, agency),
    )
    return Context(
        settings=settings,
        database=database,
        payloads=Payloads(settings.data / "payloads", database, settings.payload_inline_bytes_max),
        pdfs=Pdfs(_pdf_limits(settings), PdfEvidence(settings, registry, database)),
        registry=registry,
        issuer=issuer,
        log_key=log_key(settings.data, settings.resolved_log_origin),
        stamp_age=stamp_age,
        verifier=verifier(settings.verifier),
        schema=Schema(resources.read("schemas", settings.schema_name)),
        lenient_schema=Schema(resources.read("schemas", "edxml-lenient.xsd")),
        bell=Bell(settings.queue_url),
        receiving=Receiving(
            max(settings.receiving_bytes_max, settings.document_bytes_max), settings.body_seconds
        ),
        liveness=liveness,
        now=now,
    )


def _pdf_limits(settings: Settings) -> Limits:
    return Limits(
        processes=settings.pdf_processes,
        seconds_max=settings.pdf_seconds_max,
        memory_bytes_max=settings.pdf_memory_bytes_max,
        document_bytes_max=settings.document_bytes_max,
        depth_max=settings.depth_max,
    )


def _takes(adapter: str) -> Takes:
    try:
        return adapter_class(adapter).takes
    # Not connected, or wrong: told where it is used. Nobody else's documents wait for that.
    except Exception:
        return Takes()


def _first_state(directory: Directory, code: str) -> State:
    # For an agency that pulls, and for one that is not connected and can only fetch its receipts, a
    # delivery needs no attempt: it lies ready from the first moment.
    agency = directory.get(code)
    if agency is not None and agency.hub:
        agency = directory.get(agency.hub)
    if agency is None or not agency.adapter:
        return State.AVAILABLE
    try:
        pull = adapter_class(agency.adapter).pull
    # Whatever is wrong with an adapter: documents for its agency wait, and nobody else notices.
    except Exception:
        pull = False
    return State.AVAILABLE if pull else State.READY


class Broker:
    """One process: its HTTP side, its worker, or both; closed in the order that loses nothing."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = clock) -> None:
        """Raise ``UnusableFile`` before anything is opened."""
        load_calendar(settings)
        load_targets(settings)
        self.database = open_database(settings)
        self.context = build_context(settings, self.database, now)
        self.connections = Connections(self.context.registry, load_adapter, settings.adapter_timeout_seconds)
        self.application: Application | None = None
        self._stopping: list[Callable[[], None]] = []
        self._closing: list[tuple[str, Callable[[], None]]] = []
        self._until: float | None = None
        self._kept_seconds = min(CLOSE_SECONDS, settings.stop_seconds / 4)

    def with_api(self) -> Application:
        """Add the HTTP side."""
        self.application = Application(self.context)
        self.context.liveness.watch("commit", self.application.alive)
        # Closed before the worker: what it still accepts is attempted by the next one.
        self._closing.insert(0, ("api", self.application.close))
        self._stopping.append(self.application.stopping)
        return self.application

    def with_worker(self) -> Worker:
        """Add a worker with its sweep."""
        dispatch = Dispatch(self.context, self.connections)
        worker = Worker(self.context, dispatch)
        sweep = Sweep(self.context, self.connections, worker.wake)
        listener = Listener(self.context.settings.queue_url, worker.wake)
        self.context.bell.heard()
        sweep.start()
        for part, alive in (("settle", dispatch.alive), ("worker", worker.alive), ("sweep", sweep.alive)):
            self.context.liveness.watch(part, alive)
        self._stopping.append(worker.stop)
        self._closing += [
            ("listener", listener.close),
            ("sweep", lambda: sweep.close(self.left(self._kept_seconds))),
            ("worker", lambda: worker.close(self.left(self._kept_seconds))),
            ("settle", dispatch.close),
        ]
        return worker

    def with_pulse(self) -> None:
        """Let others notice when this process is killed; one with a worker says so by itself."""
        beating = Beating(self.context)
        self.context.liveness.watch("pulse", beating.alive)
        self._closing.append(("pulse", beating.close))

    def with_metrics(self) -> None:
        """Answer with this process's figures on ``metrics_port``; raises ``OSError`` when it is taken."""
        settings = self.context.settings
        if settings.metrics_port:
            close = metrics.serve(settings.host, settings.metrics_port, self.database)
            self._closing.append(("metrics", close))

    def stop(self) -> None:
        """Begin nothing new from now on; there are ``stop_seconds`` in all."""
        if self._until is None:
            self._until = monotonic() + self.context.settings.stop_seconds
        for stop in self._stopping:
            stop()

    @property
    def working_seconds(self) -> float:
        """Of the time to stop, what requests and attempts under way get; the rest is for committing."""
        return self.context.settings.stop_seconds - self._kept_seconds

    def left(self, kept_seconds: float = 0.0) -> float:
        """What is left of the time to stop, without what is kept for the last."""
        return max(0.0, (self._until or 0.0) - kept_seconds - monotonic())

    def close(self) -> None:
        """Finish what is under way, as far as it ends in time, and close everything.

        A part that hangs is left to the end of the process: what it did not commit is as after a kill.
        """
        self.stop()
        for part, close in self._closing:
            self._close(part, close)
        self._close("adapters", self.connections.close)
        self._close("pdfs", self.context.pdfs.close)
        self._close("bell", self.context.bell.close)
        self._close("registry", self.context.registry.close)
        self._close("stamp age", self.context.stamp_age.close)
        self._close("database", self.database.close)

    def _close(self, part: str, close: Callable[[], None]) -> None:
        closing = threading.Thread(target=_logged, args=(part, close), name=f"close-{part}", daemon=True)
        closing.start()
        closing.join(max(AT_LEAST_SECONDS, self.left()))
        if closing.is_alive():
            log.warning("not_closed_in_time", part=part)


def _logged(part: str, close: Callable[[], None]) -> None:
    try:
        close()
    # One part that cannot be closed keeps no other from it.
    except Exception:
        log.exception("not_closed", part=part)
