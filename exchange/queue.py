"""The door-bell: kombu messages that say "something is due", and nothing more.

The database is the truth. A bell carries some ids; losing it costs at most
``poll_seconds``, doubling it costs a look. This is the only module that knows kombu.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence

import structlog
from kombu import Connection, Exchange, Message, Queue

log = structlog.get_logger(__name__)

NAME = "exchange.due"
IDS_PER_BELL_MAX = 64
IDS_WAITING_MAX = 10_000  # beyond these, bells are dropped
BELL_SECONDS = 60
_CONNECT_TIMEOUT_SECONDS = 5
_ANSWER_TIMEOUT_SECONDS = 5.0  # of a server that is connected
_LISTEN_SECONDS = 1.0
_CLOSE_SECONDS = 2.0


def _connection(url: str) -> Connection:
    options: dict[str, object] = {"polling_interval": 0.02}  # of the transports that poll
    if url.startswith(("amqp", "pyamqp")):
        # Without confirms a publisher loses messages when its link breaks, and never learns of it.
        options = {
            "confirm_publish": True,
            "read_timeout": _ANSWER_TIMEOUT_SECONDS,
            "write_timeout": _ANSWER_TIMEOUT_SECONDS,
        }
    if url == "memory://":
        url = "memory://localhost"  # kombu warns of an address without a host
    return Connection(url, transport_options=options, connect_timeout=_CONNECT_TIMEOUT_SECONDS, heartbeat=10)


def _queue(url: str, name: str) -> Queue:
    quorum = url.startswith(("amqp", "pyamqp"))
    return Queue(
        name,
        Exchange(name, type="direct", durable=True),
        routing_key=name,
        durable=True,
        queue_arguments={"x-queue-type": "quorum"} if quorum else None,
    )


class Bell:
    """Rings for what became ready, from a thread of its own: the caller never waits and never fails."""

    def __init__(self, url: str, name: str = NAME) -> None:
        self._url = url
        self._queue = _queue(url, name)
        # Within one process nobody hears a bell unless a worker is there; bells would pile up.
        self._rings = not url.startswith("memory:")
        self._waiting: dict[str, None] = {}  # a set that keeps the order
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        # The thread's own from here on.
        self._connection: Connection | None = None
        self._quiet = False

    def heard(self) -> None:
        """A listener is in this process."""
        self._rings = True

    def announce(self, ids: Sequence[str]) -> None:
        """Say soon that these deliveries are due. Called after the commit that made them so."""
        if not ids or not self._rings:
            return
        with self._changed:
            if self._closed or len(self._waiting) >= IDS_WAITING_MAX:
                return  # workers look by themselves
            self._waiting.update(dict.fromkeys(ids))
            self._begin()
            self._changed.notify()

    def close(self) -> None:
        """Ring what waits, but not for long; a server that hangs is left to the end of the process."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while ids := self._next():
            try:
                self._ring(ids)
                self._quiet = False
            # Of whatever kind (a server away, a wrong password, another queue): a lost bell is harmless.
            except Exception as error:
                self._hang_up()
                if not self._quiet:  # once per outage
                    log.warning("bell_not_rung", error=str(error), kind=type(error).__name__)
                self._quiet = True
        self._hang_up()

    def _next(self) -> list[str]:
        """The ids for one bell, as soon as there are any; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            ids = list(self._waiting)[:IDS_PER_BELL_MAX]
            for each in ids:
                del self._waiting[each]
            if self._closed and self._quiet:
                return []  # in an outage, the end does not wait for one bell after the other
            return ids

    def _ring(self, ids: list[str]) -> None:
        if self._connection is None:
            self._connection = _connection(self._url)
        with self._connection.Producer() as producer:
            producer.publish(
                {"due": ids},
                exchange=self._queue.exchange,
                routing_key=self._queue.routing_key,
                declare=[self._queue],
                serializer="json",
                confirm_timeout=_ANSWER_TIMEOUT_SECONDS,
                expiration=BELL_SECONDS,  # nobody needs to hear an old bell
                retry=True,
                retry_policy={"max_retries": 1, "interval_start": 0},
            )

    def _hang_up(self) -> None:
        with contextlib.suppress(Exception):
            if self._connection is not None:
                self._connection.release()
        self._connection = None


class Listener:
    """Hears bells on a thread of its own and calls ``heard`` with their ids."""

    def __init__(self, url: str, heard: Callable[[Sequence[str]], None], name: str = NAME) -> None:
        self._url = url
        self._heard = heard
        self._name = name
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bell-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; a server that hangs is left to the end of the process."""
        self._stop.set()
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            # Of whatever kind: workers look by themselves until bells are heard again.
            except Exception as error:
                log.warning("bell_unheard", error=str(error), kind=type(error).__name__)
                self._stop.wait(_LISTEN_SECONDS)

    def _listen(self) -> None:
        with _connection(self._url) as connection:
            queue = _queue(self._url, self._name)
            with connection.Consumer([queue], callbacks=[self._hear], accept=["json"], prefetch_count=256):
                while not self._stop.is_set():
                    try:
                        connection.drain_events(timeout=_LISTEN_SECONDS)
                    except TimeoutError:
                        connection.heartbeat_check()

    def _hear(self, body: dict[str, list[str]], message: Message) -> None:
        # Acknowledged before the work: a lost bell is harmless, a repeated one is noise.
        message.ack()
        self._heard(body.get("due", []))
