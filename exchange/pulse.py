"""The pulse: what this process says of itself, so that another one tells when it is killed."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Collection
from datetime import datetime

import structlog

from exchange.context import Context
from exchange.core.processes import ProcessReading
from exchange.ids import new_id
from exchange.ledger import alarm_readings

log = structlog.get_logger(__name__)

API, WORKER = "api", "worker"  # roles: answers alone; delivers, whether or not it answers too
CLOSE_SECONDS = 2.0


class Pulse:
    """Of one process: an instance with an id of its own, because hosts give their numbers again."""

    def __init__(
        self, context: Context, role: str, contradicted: Callable[[], Collection[str]] = tuple
    ) -> None:
        """``contradicted`` names the witnesses that saw another history, as far as this process knows."""
        self._context = context
        self._role = role
        self._contradicted = contradicted
        self._host = socket.gethostname()
        self._instance = new_id()
        self._started_at = context.now()

    def beat(self, now: datetime) -> None:
        """Say how this process is."""
        said = ProcessReading(
            name=f"{self._host}:{os.getpid()}",
            role=self._role,
            host=self._host,
            started_at=self._started_at,
            heard_at=now,
            ended=tuple(self._context.liveness.dead()),
            contradicted=tuple(self._contradicted()),
            disk_free_share=self._disk_free_share(),
        )
        alarm_readings.beat(self._context.database, self._instance, said)

    def stop(self) -> None:
        """This process stops as asked: nobody is to miss it."""
        alarm_readings.stop(self._context.database, self._instance, self._context.now())

    def _disk_free_share(self) -> float | None:
        try:
            usage = shutil.disk_usage(self._context.settings.data)
        except OSError:
            log.warning("disk_not_measured", exc_info=True)
            return None
        # What is kept for the system's own account is of no use to the broker: free, not the rest.
        return usage.free / usage.total if usage.total else None


class Beating:
    """Beats on a thread of its own, in a process that has no sweep."""

    def __init__(self, context: Context) -> None:
        self._pulse = Pulse(context, API)
        self._now = context.now
        self._every_seconds = context.settings.alarm_every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive()

    def close(self) -> None:
        """This process stops as asked."""
        self._stop.set()
        self._thread.join(CLOSE_SECONDS)
        self._pulse.stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._pulse.beat(self._now())
            # Whatever it was, the next beat may succeed.
            except Exception:
                log.exception("pulse_failed")
            self._stop.wait(self._every_seconds)
