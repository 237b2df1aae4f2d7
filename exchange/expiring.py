"""Expiring: how it stands with the registered certificates, in figures; those that end soon in the log."""

from collections import Counter
from datetime import date, datetime

import structlog

from exchange.context import Context, today
from exchange.core.expiry import Ending, end_of, ending
from exchange.core.receipt import instant
from exchange.core.standing import shown
from exchange.metrics import CERTIFICATES, CERTIFICATES_EXPIRING

log = structlog.get_logger(__name__)


class Expiring:
    """Steps of one thread; each process says it for itself."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._said: dict[str, date] = {}  # by fingerprint

    def step(self) -> int:
        """Count, and warn of what was not warned of today; of how many certificates."""
        now, current = self._context.now(), self._context.registry.current
        certificates = current.trust.certificates.values()
        in_use = [each for each in certificates if each.valid_from <= now < end_of(each)]
        found = ending(in_use, now, self._context.settings.certificate_warning_days)
        states = Counter(shown(current.verdicts.get(each.fingerprint), now) for each in in_use)
        for state in ("good", "revoked", "not_checked"):
            CERTIFICATES.labels(state).set(states[state])
        for followed in (True, False):
            count = sum(each.followed is followed for each in found)
            CERTIFICATES_EXPIRING.labels("yes" if followed else "no").set(count)
        return sum(self._warn(each, now) for each in found)

    def _warn(self, each: Ending, now: datetime) -> bool:
        day = today(now)
        if self._said.get(each.registered.fingerprint) == day:
            return False
        self._said[each.registered.fingerprint] = day
        log.warning(
            "certificate_ends_soon",
            agency=each.registered.agency,
            fingerprint=each.registered.fingerprint,
            ends_at=instant(each.at),
            days=(each.at - now).days,
            followed=each.followed,
        )
        return True
