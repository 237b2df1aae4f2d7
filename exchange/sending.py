"""Sending: notices that were written down go out, by e-mail and to the webhook, each on a thread of its own.

Nothing waits for it. A server that is dead, slow or refuses costs its own notices and nothing else.
"""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from random import random

import structlog

from exchange.context import Context
from exchange.core.delivery import Backoff
from exchange.core.push import Push, sign_headers
from exchange.ledger import notices
from exchange.ledger.notices import Channel, Notice
from exchange.mailing import Mailer, NotMailed, Undeliverable, secret
from exchange.metrics import NOTICES
from exchange.posting import NoAnswer, Post

log = structlog.get_logger(__name__)

AGAIN_FIRST_SECONDS = 60.0  # doubled with every failure
AGAIN_MOST_SECONDS = 3600.0
LEASE_FACTOR = 3  # times the time for one: connecting and closing have limits of their own
WEBHOOK_SECONDS = 10.0
ANSWER_BYTES_MAX = 65_536
SECRET_BYTES_MIN = 16


class NotSent(Exception):
    """It did not go out, or nobody knows whether it did; the message says why."""


class Line:
    """One way out. Raises ``NotSent``, and ``Undeliverable`` where trying again is of no use."""

    channel: Channel
    seconds: float

    def send(self, notice: Notice, at: datetime) -> None:
        """Send one notice under its id."""
        raise NotImplementedError

    def stop(self) -> None:
        """Give up what is under way, and send nothing more."""
        raise NotImplementedError


class MailLine(Line):
    """By the mail server of the settings."""

    channel: Channel = "mail"

    def __init__(self, context: Context) -> None:
        self._mailer = Mailer(context.settings)
        self.seconds = context.settings.mail_timeout_seconds

    def send(self, notice: Notice, at: datetime) -> None:
        """One e-mail; the notice's id is its Message-ID."""
        letter = notice.letter
        try:
            self._mailer.send(notice.target.address, letter.subject, letter.body, id_=notice.id, at=at)
        except NotMailed as error:
            raise NotSent(str(error)) from None

    def stop(self) -> None:
        """Give up."""
        self._mailer.stop()


class HookLine(Line):
    """One POST of JSON, signed as pushes to agencies are (``exchange.core.push``), kind ``alarm``."""

    channel: Channel = "webhook"
    seconds = WEBHOOK_SECONDS

    def __init__(self, context: Context) -> None:
        self._settings = context.settings
        self._post = Post(
            context.settings.alarm_webhook_url, seconds=WEBHOOK_SECONDS, answer_bytes_max=ANSWER_BYTES_MAX
        )

    def send(self, notice: Notice, at: datetime) -> None:
        """Whatever 2xx means taken; the notice's id is the Idempotency-Key."""
        body = notice.letter.body.encode()
        push = Push(
            key=notice.id,
            kind="alarm",
            digest=hashlib.sha256(body).hexdigest(),
            sender=self._settings.broker_name,
            receiver="",
            document_id=notice.id,
            sent_at=at,
        )
        headers = sign_headers(push, self._secret())
        try:
            answer = self._post.send(body, headers["Content-Type"], headers)
        except NoAnswer as error:
            raise NotSent(str(error)) from None
        if not 200 <= answer.status < 300:
            raise NotSent(f"the webhook answers {answer.status}")

    def stop(self) -> None:
        """Give up."""
        self._post.stop()

    def _secret(self) -> str:
        settings = self._settings
        try:
            text = secret(settings.alarm_webhook_secret, settings.alarm_webhook_secret_file)
        except (OSError, ValueError) as error:
            raise NotSent(f"alarm_webhook_secret_file cannot be read ({type(error).__name__})") from None
        if len(text.encode()) < SECRET_BYTES_MIN:
            raise NotSent(f"the secret of the webhook needs {SECRET_BYTES_MIN} bytes or more")
        return text


def lines(context: Context) -> list[Line]:
    """The ways out that the settings name."""
    found: list[Line] = []
    if context.settings.mail_host:
        found.append(MailLine(context))
    if context.settings.alarm_webhook_url:
        found.append(HookLine(context))
    return found


class Sending:
    """Steps of one thread for one way out. Several processes at once share the notices."""

    def __init__(self, context: Context, line: Line) -> None:
        settings = context.settings
        self._context = context
        self._line = line
        self._stop = threading.Event()
        self._given_up_after = timedelta(hours=settings.notice_hours_max)
        self._backoff = Backoff(
            first_seconds=AGAIN_FIRST_SECONDS,
            most_seconds=AGAIN_MOST_SECONDS,
            jitter=settings.backoff_jitter,
        )

    @property
    def channel(self) -> str:
        """The way out."""
        return self._line.channel

    def step(self) -> int:
        """Send what is due, until something fails: the rest may fail for the same reason. How many left."""
        count = 0
        while not self._stop.is_set() and (notice := self._claim()) is not None:
            if not self._sent(notice):
                break
            count += 1
        return count

    def stop(self) -> None:
        """Send nothing more, and give up what is under way."""
        self._stop.set()
        self._line.stop()

    def _claim(self) -> Notice | None:
        now = self._context.now()
        return notices.claim(self._context.database, self._line.channel, now, self._next_try(now))

    def _next_try(self, now: datetime) -> Callable[[int], datetime]:
        """When a notice claimed ``now`` is due again if it does not leave: lease and back-off in one."""
        lease = timedelta(seconds=LEASE_FACTOR * self._line.seconds)
        return lambda attempts: now + lease + self._backoff.delay(attempts, random())  # noqa: S311

    def _sent(self, notice: Notice) -> bool:
        database, now = self._context.database, self._context.now()
        try:
            if self._is_old(notice, now):
                raise Undeliverable("it is too old to be of use")
            self._line.send(notice, now)  # no transaction is open
        except Undeliverable as error:
            self._give_up(notice, str(error))
            return True
        except NotSent as error:
            if self._is_old(notice, self._context.now()):
                self._give_up(notice, str(error))
                return False
            NOTICES.labels(self._line.channel, "failed").inc()
            log.warning("notice_not_sent", notice=notice.id, channel=self._line.channel, reason=str(error))
            notices.failed(database, notice.id, str(error))
            return False
        notices.sent(database, notice.id, self._context.now())
        NOTICES.labels(self._line.channel, "sent").inc()
        return True

    def _is_old(self, notice: Notice, now: datetime) -> bool:
        return now - notice.created_at >= self._given_up_after

    def _give_up(self, notice: Notice, reason: str) -> None:
        NOTICES.labels(self._line.channel, "given_up").inc()
        log.error("notice_given_up", notice=notice.id, channel=self._line.channel, reason=reason)
        notices.give_up(self._context.database, notice.id, reason, self._context.now())
