"""Recounting: every night, and when somebody asks, the counters are held against the ledger."""

import threading
from datetime import datetime, timedelta

import structlog

from exchange.context import Context
from exchange.core.edxml import VIETNAM
from exchange.ledger.counting import OtherRules
from exchange.ledger.recount import (
    Recount,
    Stopped,
    begin_recount,
    end_recount,
    recount,
    recounted,
)
from exchange.metrics import SHARE_DIFFERENCES
from exchange.working_days import load_calendar

log = structlog.get_logger(__name__)

TOLD_MAX = 20  # differences in the log, one by one


class Recounting:
    """Looks whether it is time; of several processes one recounts."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calendar = load_calendar(context.settings)
        self._stop = threading.Event()

    def step(self) -> Recount | None:
        """Recount if this night's has not begun; None if it is not due, or was given up."""
        now = self._context.now()
        since = _due(now, self._context.settings.recount_hour)
        begun = recounted(self._context.database).recount_begun_at
        if begun is not None and begun >= since:
            return None
        if not begin_recount(self._context.database, now, since):
            return None
        try:
            return self.recount()
        except Stopped:
            return None
        except OtherRules:
            log.warning("recount_given_up", reason="counted anew by other rules meanwhile")
            return None

    def recount(self) -> Recount:
        """Recount now. A difference goes to the log and the figures, and is left as it is.

        Raises ``OtherRules`` where the counters are by other days off than this process has.
        """
        settings = self._context.settings
        settings.data.mkdir(parents=True, exist_ok=True)
        done = recount(
            self._context.database,
            self._calendar,
            settings.data,
            settings.sequence_batch_max,
            self._stop.is_set,
        )
        end_recount(self._context.database, done, self._context.now())
        SHARE_DIFFERENCES.set(done.found)
        _tell(done)
        return done

    def stop(self) -> None:
        """Give up what is under way; the next night does it."""
        self._stop.set()


def _due(now: datetime, hour: int) -> datetime:
    """The newest moment at which a recount was to begin; ``hour`` is Vietnam's."""
    local = now.astimezone(VIETNAM)
    begins = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return begins if begins <= local else begins - timedelta(days=1)


def _tell(done: Recount) -> None:
    if not done.found:
        log.info("share_recounted", leaves=done.leaves, exchanges=done.exchanges)
        return
    log.error("share_differs", leaves=done.leaves, differences=done.found)
    for each in done.differences[:TOLD_MAX]:
        log.error("share_difference", table=each.table, key=list(map(str, each.key)))
