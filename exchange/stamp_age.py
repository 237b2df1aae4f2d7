"""Stamp age: for how long the ledger has had entries whose time nobody outside has confirmed.

Kept in memory, so that the door asks nobody; each process looks at the database once a second.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from exchange.core.refusal import refuse
from exchange.ledger import stamps
from exchange.ledger.database import Database
from exchange.metrics import STAMP_AGE

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
RETRY_AFTER_SECONDS = 300
_HOUR = timedelta(hours=1)


class Standing(StrEnum):
    """How it stands with the proof of time."""

    PROVEN = "proven"  # or not for long
    LATE = "late"
    REFUSING = "refusing"


class StampAge:
    """Knows since when something is unproven. Where no authority is asked, nothing is late or refused."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        *,
        asked: bool,
        alarm_hours: float,
        refuse_hours: float,
    ) -> None:
        self._database = database
        self._now = now
        self._alarm = alarm_hours * _HOUR
        self._refuse = refuse_hours * _HOUR if asked else timedelta()
        self._since: datetime | None = None
        self._stop = threading.Event()
        self.asked = asked
        self._thread = threading.Thread(target=self._run, name="stamp-age", daemon=True)
        if asked:
            self.look()
            self._thread.start()

    def look(self) -> None:
        """Ask the database now, whatever was found last."""
        self._since = stamps.unproven_since(self._database)
        self._measure()

    def _measure(self) -> None:
        STAMP_AGE.set(self.age(self._now()).total_seconds())

    def age(self, now: datetime) -> timedelta:
        """For how long something has been unproven; nothing when all is proven."""
        return timedelta() if self._since is None else max(timedelta(), now - self._since)

    def standing(self, now: datetime) -> Standing:
        """How it stands at ``now``."""
        age = self.age(now)
        if self._refuse and age > self._refuse:
            return Standing.REFUSING
        return Standing.LATE if self.asked and age > self._alarm else Standing.PROVEN

    def check(self, now: datetime) -> None:
        """Raise ``Refused`` where too much is unproven already for anything new to be added."""
        if self._refuse and self.age(now) > self._refuse:
            hours = self._refuse / _HOUR
            raise refuse(
                "time_not_proven",
                f"No time-stamp was had for more than {hours:g} hours.",
                f"Chưa lấy được dấu thời gian trong hơn {hours:g} giờ.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )

    def alive(self) -> bool:
        """Whether it still looks."""
        return not self.asked or self._thread.is_alive()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self.asked:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.look()
            # What was found last stays true; its age grows by itself.
            except Exception:
                log.exception("stamp_age_not_known")
                self._measure()
