"""The door-bell: kombu messages that say "something is due", and nothing more.

The database is the truth. A bell carries the ids of one commit; losing it costs at most
``poll_seconds``, doubling it costs a look. This is the only module that knows kombu.
"""

import threading
from collections.abc import Callable, Sequence

import structlog
from kombu import Connection, Exchange, Message, Queue
from kombu.exceptions import OperationalError
from kombu.pools import ProducerPool

log = structlog.get_logger(__name__)

NAME = "exchange.due"
IDS_PER_BELL_MAX = 64
POOL_CONNECTIONS_MAX = 8
BELL_SECONDS = 60
_CONNECT_TIMEOUT_SECONDS = 5
_CONFIRM_TIMEOUT_SECONDS = 5
_LISTEN_SECONDS = 1.0


def _connection(url: str) -> Connection:
    options: dict[str, object] = {"polling_interval": 0.02}  # of the transports that poll
    if url.startswith(("amqp", "pyamqp")):
        # Without confirms a publisher loses messages when its link breaks, and never learns of it.
        options = {"confirm_publish": True, "confirm_timeout": _CONFIRM_TIMEOUT_SECONDS}
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
    """Rings for what became ready. Ringing is best effort: it never fails the caller."""

    def __init__(self, url: str, name: str = NAME) -> None:
        # A pool of our own: kombu's shared ones stay closed for whoever comes later.
        self._connections = _connection(url).Pool(POOL_CONNECTIONS_MAX)
        self._producers = ProducerPool(self._connections, POOL_CONNECTIONS_MAX)
        self._queue = _queue(url, name)
        self._quiet = threading.Event()
        # Within one process nobody hears a bell unless a worker is there; bells would pile up.
        self._rings = not url.startswith("memory:")

    def heard(self) -> None:
        """A listener is in this process."""
        self._rings = True

    def announce(self, ids: Sequence[str]) -> None:
        """Say that these deliveries are due. Called after the commit that made them so."""
        if not ids or not self._rings:
            return
        try:
            with self._producers.acquire(block=True, timeout=_CONNECT_TIMEOUT_SECONDS) as producer:
                producer.publish(
                    {"due": list(ids[:IDS_PER_BELL_MAX])},
                    exchange=self._queue.exchange,
                    routing_key=self._queue.routing_key,
                    declare=[self._queue],
                    serializer="json",
                    expiration=BELL_SECONDS,  # nobody needs to hear an old bell
                    retry=True,
                    retry_policy={"max_retries": 1, "interval_start": 0},
                )
            self._quiet.clear()
        except (OperationalError, OSError, TimeoutError) as error:
            if not self._quiet.is_set():  # once per outage: workers look by themselves
                log.warning("bell_not_rung", error=str(error))
                self._quiet.set()

    def close(self) -> None:
        """Give back the connections."""
        self._producers.force_close_all()
        self._connections.force_close_all()


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
        """Stop listening."""
        self._stop.set()
        self._thread.join()

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
