"""Counting: what the ledger's leaves say of the share is added up, as far as they were sequenced."""

import threading

import structlog

from exchange.context import Context
from exchange.ledger.counting import OtherRules, count
from exchange.metrics import COUNTED
from exchange.working_days import load_calendar

log = structlog.get_logger(__name__)


class Counting:
    """Runs in rounds. Several at once, in any processes, do no harm: each leaf is counted by one of them.

    Each process brings its rules in once, so that two with different days off do not count anew for ever.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calendar = load_calendar(context.settings)
        self._adopt = True
        self._stop = threading.Event()

    def round(self) -> int:
        """Count all leaves that there are; how many."""
        total, most = 0, self._context.settings.sequence_batch_max
        while not self._stop.is_set():
            done = self._count(most)
            total += done
            if done < most:
                break
        COUNTED.inc(total)
        return total

    def _count(self, most: int) -> int:
        database = self._context.database
        try:
            done = count(database, self._calendar, most, adopt=self._adopt)
        except OtherRules:
            log.error("counted_by_other_rules", remedy="the same days off for all processes")
            self._stop.set()
            return 0
        self._adopt = False
        return done

    def stop(self) -> None:
        """Begin no further batch."""
        self._stop.set()
