"""Counting: what the ledger's leaves say of the share is added up, as far as they were sequenced."""

import threading
from datetime import date, datetime

from exchange.context import Context
from exchange.ledger.counting import count
from exchange.metrics import COUNTED


class Unjudged:
    """Says of nothing whether it was in time."""

    def sent(self, promulgated_on: date | None, accepted_at: datetime) -> bool | None:  # noqa: ARG002
        """Nobody can say."""
        return None

    def noticed(self, delivered_at: datetime, noticed_at: datetime) -> bool | None:  # noqa: ARG002
        """Nobody can say."""
        return None


class Counting:
    """Runs in rounds. Several at once, in any processes, do no harm: each leaf is counted by one of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = threading.Event()

    def round(self) -> int:
        """Count all leaves that there are; how many."""
        total, most = 0, self._context.settings.sequence_batch_max
        while not self._stop.is_set():
            done = count(self._context.database, Unjudged(), "", most)
            total += done
            if done < most:
                break
        COUNTED.inc(total)
        return total

    def stop(self) -> None:
        """Begin no further batch."""
        self._stop.set()
