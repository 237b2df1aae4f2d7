"""Stamping: an authority outside confirms the time of the newest checkpoint, and so of all entries below it.

Nothing is queued: what waits is the newest checkpoint without a time-stamp, whatever was tried before.
"""

import hashlib
import socket
import ssl
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException
from random import random

import structlog
from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import parse_url

from exchange.context import Context
from exchange.core import stamp
from exchange.core.delivery import Backoff
from exchange.core.receipt import instant
from exchange.core.stamp import TOKEN_BYTES_MAX, BadStamp, Stamped
from exchange.ledger import stamps
from exchange.ledger.stamps import Stamp, Waiting
from exchange.metrics import STAMPS
from exchange.stamp_age import Standing

log = structlog.get_logger(__name__)

AGAIN_FIRST_SECONDS = 10.0  # doubled with every failure
AGAIN_MOST_SECONDS = 600.0
ALARM_EVERY = timedelta(minutes=10)
_HEADERS = {
    "Content-Type": "application/timestamp-query",  # RFC 3161 3.4
    "Accept": "application/timestamp-reply",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "exchange",
}


class NotStamped(Exception):
    """No time-stamp was had; the message says why."""


class Stamping:
    """Asks when something is due. Several at once do no harm: the first time-stamp of a checkpoint stays."""

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
        self._call = Call(settings.tsa_url, settings.stamp_timeout_seconds)

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
        return self._ask(waiting)

    def stop(self) -> None:
        """Ask for nothing more, and give up what is being asked."""
        self._call.stop()

    def _due(self, waiting: Waiting, now: datetime) -> bool:
        if waiting.last_asked_at is None:
            return True
        return abs(now - waiting.last_asked_at) >= self._every

    # Of both, the distance counts: a clock that was set back must not keep it from asking.

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
        token = self._call.post(request.as_bytes())
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


class Call:
    """One request to an authority at a time, bounded as a whole: one that drips holds nobody for ever."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = parse_url(url)
        self._seconds = seconds
        self._stopped = threading.Event()
        self._expired = False
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None

    def post(self, request: bytes) -> bytes:
        """The body of the answer; raises ``NotStamped`` with the reason. Redirects are not followed."""
        self._expired = False
        connection = self._connection = self._new_connection()
        timer = threading.Timer(self._seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            return self._posted(connection, request)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            late = self._expired or isinstance(error, TimeoutError | ReadTimeoutError)
            reason = f"no answer within {self._seconds:g} s" if late else type(error).__name__
            raise NotStamped(f"the authority cannot be reached: {reason}") from None
        finally:
            timer.cancel()
            self._connection = self._socket = None
            connection.close()

    def stop(self) -> None:
        """Give up what is being asked, and ask nothing more."""
        self._stopped.set()
        self._cut()

    def _new_connection(self) -> HTTPConnection:
        assert self._url.host is not None
        if self._url.scheme == "https":
            tls = ssl.create_default_context()
            return HTTPSConnection(self._url.host, self._url.port, timeout=self._seconds, ssl_context=tls)
        return HTTPConnection(self._url.host, self._url.port, timeout=self._seconds)

    def _posted(self, connection: HTTPConnection, request: bytes) -> bytes:
        connection.connect()
        self._socket = connection.sock
        if self._stopped.is_set():
            raise NotStamped("the broker is stopping")
        connection.request(
            "POST", self._url.request_uri, body=request, headers=_HEADERS, preload_content=False
        )
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            raise NotStamped(f"the authority answers {answer.status}")
        return answer.read(TOKEN_BYTES_MAX + 1, decode_content=False)

    def _expire(self) -> None:
        self._expired = True
        self._cut()

    def _cut(self) -> None:
        """Whoever waits for the socket hears at once that nothing comes any more."""
        connection, opened = self._connection, self._socket
        if opened is None and connection is not None:
            opened = connection.sock
        if opened is not None:
            with suppress(OSError):
                socket.socket.shutdown(opened, socket.SHUT_RDWR)
