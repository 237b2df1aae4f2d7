"""The door-bell rings on every transport, and no fault of it reaches the caller."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from exchange import queue
from exchange.queue import IDS_WAITING_MAX, Bell, Listener
from tests.processes import until
from tests.proxy import proxy


class Ears:
    """Remembers what was heard."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.heard = threading.Event()

    def __call__(self, ids: Sequence[str]) -> None:
        self.ids += ids
        self.heard.set()


def ring(url: str) -> list[str]:
    name, ears = f"test.{uuid4().hex}", Ears()
    bell = Bell(url, name)
    listener = Listener(url, ears, name)
    bell.heard()
    try:
        bell.announce(["a", "b"])
        assert ears.heard.wait(10), "the bell was not heard"
        return ears.ids
    finally:
        listener.close()
        bell.close()


def test_a_bell_is_heard_within_one_process() -> None:
    assert ring("memory://") == ["a", "b"]


@pytest.mark.servers
def test_a_bell_is_heard_through_a_quorum_queue_with_confirms(amqp_url: str) -> None:
    assert ring(amqp_url) == ["a", "b"]


@pytest.fixture
def hung() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"amqp://guest:guest@127.0.0.1:{listening.getsockname()[1]}//"


def test_a_server_that_is_away_or_hangs_costs_the_caller_nothing(hung: str) -> None:
    for url in ("amqp://guest:guest@127.0.0.1:1//", hung):
        bell = Bell(url)
        begun = time.monotonic()
        for number in range(50):
            bell.announce([f"delivery-{number}"])
        assert time.monotonic() - begun < 0.5
        bell.close()
        assert time.monotonic() - begun < 4


@pytest.mark.parametrize("url", ["nonsense://127.0.0.1", "amqp://guest:guest@127.0.0.1:port//"])
def test_no_fault_of_whatever_kind_reaches_the_caller(url: str) -> None:
    bell = Bell(url)
    bell.announce(["a"])
    bell.close()
    bell.announce(["b"])


@pytest.mark.servers
def test_a_password_that_is_wrong_reaches_the_log_and_not_the_caller(amqp_url: str) -> None:
    address = urlsplit(amqp_url)
    bell = Bell(f"amqp://{address.username}:wrong@{address.hostname}:{address.port}//")
    with capture_logs() as logs:
        bell.announce(["a"])
        bell.close()
    assert [each["event"] for each in logs] == ["bell_not_rung"]


def test_bells_that_are_not_rung_do_not_pile_up(hung: str) -> None:
    bell = Bell(hung)
    bell.announce(["first"])
    for _ in range(3):
        bell.announce([f"delivery-{number}" for number in range(IDS_WAITING_MAX)])
    assert len(bell._waiting) <= IDS_WAITING_MAX + 1
    bell.close()


def test_nothing_due_rings_no_bell() -> None:
    bell = Bell("amqp://guest:guest@127.0.0.1:1//")
    bell.announce([])
    bell.close()


BASIC_PUBLISH = b"\x00\x3c\x00\x28"  # AMQP 0-9-1: class 60, method 40
QUEUE_DECLARE = b"\x00\x32\x00\x0a"  # class 50, method 10


@pytest.mark.servers
@pytest.mark.parametrize("heard_last", [BASIC_PUBLISH, QUEUE_DECLARE], ids=["publish", "declare"])
def test_a_server_that_falls_silent_before_it_confirms_costs_a_bell_and_not_the_thread(
    amqp_url: str, heard_last: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_ANSWER_TIMEOUT_SECONDS", 0.3)
    address = urlsplit(amqp_url)
    server = (address.hostname or "", address.port or 5672)
    with proxy(server, lambda sent: heard_last in sent) as between:
        bell = Bell(f"amqp://{address.username}:{address.password}@127.0.0.1:{between.port}//")
        with capture_logs() as logs:
            bell.announce(["a"])
            until(lambda: logs, 10, "given up")
        assert logs[0]["event"] == "bell_not_rung"
        bell.close()
        assert bell._thread is not None
        bell._thread.join(5)
        assert not bell._thread.is_alive()
