"""The circuit breakers of all agencies, as one process sees them."""

import threading
from collections.abc import Mapping
from datetime import datetime

import structlog

from exchange.core import breaker
from exchange.core.breaker import Breaker, Circuit, Rule
from exchange.metrics import OPEN_CIRCUITS

log = structlog.get_logger(__name__)


class Breakers:
    """One breaker for each agency. Shared by threads."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._breakers: dict[str, Breaker] = {}  # of those alone whose last attempt failed
        self._lock = threading.Lock()

    def record(self, agency: str, now: datetime, *, answered: bool) -> None:
        """An attempt has ended."""
        with self._lock:
            before = self._breakers.get(agency, breaker.CLOSED)
            after = before.after(answered=answered, now=now, rule=self._rule)
            if answered:
                self._breakers.pop(agency, None)
            else:
                self._breakers[agency] = after
            OPEN_CIRCUITS.set(sum(each.open_until is not None for each in self._breakers.values()))
        if after.openings > before.openings:
            log.warning("circuit_opened", agency=agency, failures=after.failures, until=after.open_until)
        elif answered and before.openings:
            log.info("circuit_closed", agency=agency)

    def taken(self, under_way: Mapping[str, int], share: int, now: datetime) -> dict[str, int]:
        """How much of its share each agency has no room for: attempts under way, or its circuit."""
        with self._lock:
            failing = dict(self._breakers)
        taken = dict(under_way)
        for agency, each in failing.items():
            if each.circuit(now) is not Circuit.CLOSED:
                room = each.room(now, share=share, under_way=under_way.get(agency, 0))
                taken[agency] = share - room
        return taken
