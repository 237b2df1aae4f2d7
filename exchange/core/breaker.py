"""The circuit breaker of one agency: software that does not answer is left alone for a while.

Without it every document for a dead agency takes a thread for the whole time limit, and documents for the
living wait for threads. After ``failures`` attempts in a row without a verdict the circuit is open, and
nothing is attempted; when its time is over it is half open: one attempt is made, which closes it or opens
it again, for twice as long. No delivery is lost or ended by it: what is ready stays ready.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from exchange.core.delivery import Backoff


class Circuit(StrEnum):
    """Whether attempts are made."""

    CLOSED = "closed"  # as many as the agency's share allows
    OPEN = "open"  # none
    HALF_OPEN = "half_open"  # one


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a circuit opens, and for how long: the back-off after its first, second, … opening in a row."""

    failures: int
    open_for: Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What the last attempts taught about one agency's software."""

    failures: int = 0  # in a row
    openings: int = 0  # in a row
    open_until: datetime | None = None

    def circuit(self, now: datetime) -> Circuit:
        """Its state."""
        if self.open_until is None:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self.open_until else Circuit.HALF_OPEN

    def after(self, *, answered: bool, now: datetime, rule: Rule) -> "Breaker":
        """What an attempt that ended ``now`` makes of it. ``answered``: with any verdict but to try again."""
        if answered:
            return CLOSED
        circuit, failures = self.circuit(now), self.failures + 1
        opens = circuit is Circuit.HALF_OPEN or (circuit is Circuit.CLOSED and failures >= rule.failures)
        if not opens:  # of several that were under way when it opened, only the first counts
            return Breaker(failures=failures, openings=self.openings, open_until=self.open_until)
        until = now + rule.open_for.delay(self.openings + 1, 0.0)
        return Breaker(failures=failures, openings=self.openings + 1, open_until=until)

    def room(self, now: datetime, *, share: int, under_way: int) -> int:
        """How many attempts may be begun, of ``share`` at a time."""
        match self.circuit(now):
            case Circuit.CLOSED:
                return max(0, share - under_way)
            case Circuit.OPEN:
                return 0
            case Circuit.HALF_OPEN:
                return 0 if under_way else 1


CLOSED = Breaker()
