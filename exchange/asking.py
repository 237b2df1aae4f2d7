"""Asking: one question to a CA over plain http, within limits of time and size, and only where it is allowed.

What comes back is bytes of anybody; who believes them checks their signature.
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from random import random

import structlog
from cryptography import x509

from exchange.context import Context
from exchange.core.delivery import Backoff
from exchange.core.distribution import host_of, hosts_of
from exchange.posting import NoAnswer, Post

log = structlog.get_logger(__name__)

AGAIN_FIRST_SECONDS = 30.0  # doubled with every failure
AGAIN_MOST_SECONDS = 1800.0
REQUEST = "application/ocsp-request"  # RFC 6960 A.1


class NotAnswered(Exception):
    """There is no answer now; the message says why."""


class Asking:
    """Asks from one thread. A host that fails is left alone for a while, whatever is to be asked there."""

    def __init__(self, context: Context, authorities: list[x509.Certificate]) -> None:
        settings = context.settings
        self._settings = settings
        self._allowed = hosts_of(authorities) | {each.lower() for each in settings.revocation_hosts}
        self._backoff = Backoff(
            first_seconds=AGAIN_FIRST_SECONDS,
            most_seconds=AGAIN_MOST_SECONDS,
            jitter=settings.backoff_jitter,
        )
        self._failing: dict[str, tuple[int, datetime]] = {}  # by host: how often, and until when it is left
        self._refused: set[str] = set()
        self._post: Post | None = None
        self._stopped = False

    def may_ask(self, url: str) -> bool:
        """Whether a setting or one of the configured CAs names the host."""
        host = host_of(url)
        if host in self._allowed:
            return True
        if host not in self._refused:
            self._refused.add(host)
            log.error("revocation_host_not_allowed", host=host, setting="revocation_hosts")
        return False

    def rests(self, url: str, now: datetime) -> bool:
        """Whether the host is left alone now, as it failed lately, or because everything stops."""
        return self._stopped or self._failing.get(host_of(url), (0, now))[1] > now

    def ask(self, url: str, body: bytes, now: datetime) -> bytes:
        """The answer to ``body``, or what lies there if that is empty; raises ``NotAnswered``."""
        self._post = post = Post(
            url,
            seconds=self._settings.revocation_timeout_seconds,
            answer_bytes_max=self._settings.revocation_bytes_max,
            proxy=self._settings.revocation_proxy,
        )
        if self._stopped:
            raise NotAnswered("the broker is stopping")
        try:
            answer = post.send(body, REQUEST) if body else post.get()
        except NoAnswer as error:
            failures = self._failing.get(host_of(url), (0, now))[0] + 1
            self._failing[host_of(url)] = failures, now + self.again(failures)
            why = str(error)
            raise NotAnswered(why if " " in why else f"it cannot be reached ({why})") from None
        finally:
            self._post = None
        self._failing.pop(host_of(url), None)
        if answer.status != HTTPStatus.OK:
            raise NotAnswered(f"the answer is {answer.status}")
        return answer.body

    def again(self, failures: int) -> timedelta:
        """How long to wait after so many failures."""
        return self._backoff.delay(failures, random())  # noqa: S311

    def stop(self) -> None:
        """Ask nothing more, and give up what is being asked."""
        self._stopped = True
        if (post := self._post) is not None:
            post.stop()
