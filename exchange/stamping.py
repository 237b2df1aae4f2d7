"""Stamping: an authority outside confirms the time of the newest checkpoint, and so of all entries below it.

Nothing is queued: what waits is the newest checkpoint without a time-stamp, whatever was tried before.
"""

import hashlib
from datetime import datetime, timedelta
from http import HTTPStatus
from random import random

import structlog
from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from exchange.context import Context
from exchange.core import stamp
from exchange.core.delivery import Backoff
from exchange.core.receipt import instant
from exchange.core.stamp import TOKEN_BYTES_MAX, BadStamp, Stamped
from exchange.ledger import revocations, stamps
from exchange.ledger.stamps import Stamp, Waiting
from exchange.metrics import STAMPS
from exchange.posting import NoAnswer, Post
from exchange.stamp_age import Standing

log = structlog.get_logger(__name__)

AGAIN_FIRST_SECONDS = 10.0  # doubled with every failure
AGAIN_MOST_SECONDS = 600.0
MARGIN = timedelta(seconds=10)  # beyond the authority's time, before another process may ask
ALARM_EVERY = timedelta(minutes=10)
_QUERY = "application/timestamp-query"  # RFC 3161 3.4


class NotStamped(Exception):
    """No time-stamp was had; the message says why."""


class Stamping:
    """Asks when something is due. Of several processes one asks at a time, and so one for a checkpoint."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._every = timedelta(seconds=settings.stamp_every_seconds)
        self._backoff = Backoff(
            first_seconds=AGAIN_FIRST_SECONDS,
            most_seconds=min(AGAIN_MOST_SECONDS, settings.stamp_every_seconds),
            jitter=settings.backoff_jitter,
        )
        self._failures = 0
        self._failed_at: datetime | None = None
        self._again = timedelta()
        self._warned_at: datetime | None = None
        self._post = Post(
            settings.tsa_url, seconds=settings.stamp_timeout_seconds, answer_bytes_max=TOKEN_BYTES_MAX
        )

    def step(self) -> bool:
        """Ask for a time-stamp if one is due; whether there is one more now."""
        if not self._context.settings.tsa_url:
            return False
        self._warn(self._context.now())
        now = self._context.now()
        if self._failed_at is not None and abs(now - self._failed_at) < self._again:
            return False
        waiting = stamps.waiting(self._context.database)
        if waiting is None or not self._due(waiting, now):
            return False
        return self._ask_alone()

    def stop(self) -> None:
        """Ask for nothing more, and give up what is being asked."""
        self._post.stop()

    def _due(self, waiting: Waiting, now: datetime) -> bool:
        if waiting.last_asked_at is None:
            return True
        # The distance counts: a clock that was set back must not keep it from asking.
        return abs(now - waiting.last_asked_at) >= self._every

    def _ask_alone(self) -> bool:
        """Crash meanwhile: nobody asks until the claim ends, a little after the authority's time is up."""
        database, now = self._context.database, self._context.now()
        place = revocations.Place(self._context.settings.tsa_url)
        until = now + timedelta(seconds=self._context.settings.stamp_timeout_seconds) + MARGIN
        if not revocations.claim(database, place, now, until, furthest=until):
            return False
        try:
            # Another one may have been stamped between our look and the claim.
            waiting = stamps.waiting(database)
            return waiting is not None and self._due(waiting, now) and self._ask(waiting)
        finally:
            revocations.settle(database, place, revocations.Asked(due_at=self._context.now()))

    def _ask(self, waiting: Waiting) -> bool:
        try:
            kept = self._stamped(waiting)
        except NotStamped as error:
            STAMPS.labels("failed").inc()
            self._failures += 1
            self._failed_at = self._context.now()
            self._again = self._backoff.delay(self._failures, random())  # noqa: S311
            log.warning(
                "not_stamped",
                size=waiting.size,
                reason=str(error),
                again_in_seconds=round(self._again.total_seconds()),
            )
            return False
        stamps.keep(self._context.database, kept)
        self._failures, self._failed_at = 0, None
        STAMPS.labels("stamped").inc()
        log.info("stamped", size=kept.size, at=instant(kept.stamped_at), authority=kept.authority)
        self._context.stamp_age.look()
        return True

    def _stamped(self, waiting: Waiting) -> Stamp:
        """The checkpoint's time-stamp, verified; raises ``NotStamped``. No transaction is open meanwhile."""
        roots = self._roots()
        text = waiting.text.encode()
        request = TimestampRequestBuilder().data(text).hash_algorithm(HashAlgorithm.SHA256).build()
        asked_at = self._context.now()
        token = self._asked(request.as_bytes())
        try:
            said = stamp.verify(hashlib.sha256(text).digest(), token, roots, request.nonce)
        except BadStamp as bad:
            raise NotStamped(bad.reason_en) from None
        self._check_clock(said, asked_at)
        return Stamp(
            size=waiting.size,
            token=token,
            authority=said.authority,
            stamped_at=said.at,
            asked_at=asked_at,
        )

    def _asked(self, request: bytes) -> bytes:
        try:
            answer = self._post.send(request, _QUERY)
        except NoAnswer as error:
            raise NotStamped(f"the authority cannot be reached: {error}") from None
        if answer.status != HTTPStatus.OK:
            raise NotStamped(f"the authority answers {answer.status}")
        return answer.body

    def _roots(self) -> list[x509.Certificate]:
        file = self._context.settings.tsa_certificates
        assert file is not None
        try:
            return x509.load_pem_x509_certificates(file.read_bytes())
        except (OSError, ValueError) as error:
            raise NotStamped(f"tsa_certificates cannot be read ({type(error).__name__})") from None

    def _check_clock(self, said: Stamped, asked_at: datetime) -> None:
        # One of the two clocks is wrong. A time-stamp from before its checkpoint, or long after we had
        # it, would contradict the entries that it is to prove.
        skew = timedelta(seconds=self._context.settings.clock_skew_seconds)
        now = self._context.now()
        if not asked_at - skew <= said.at <= now + skew:
            raise NotStamped(f"the authority says {instant(said.at)}, our clock says {instant(now)}")

    def _warn(self, now: datetime) -> None:
        age = self._context.stamp_age
        standing = age.standing(now)
        if standing is Standing.PROVEN:
            self._warned_at = None
        elif self._warned_at is None or now - self._warned_at >= ALARM_EVERY:
            self._warned_at = now
            hours = round(age.age(now) / timedelta(hours=1), 1)
            log.error("time_not_proven", hours=hours, refusing=standing is Standing.REFUSING)
