"""The door-bell rings on every transport, and no fault of it reaches the caller."""

import threading
from collections.abc import Sequence
from uuid import uuid4

import pytest

from exchange.queue import Bell, Listener


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


def test_a_broker_that_is_away_costs_the_caller_nothing_but_a_moment() -> None:
    bell = Bell("amqp://guest:guest@127.0.0.1:1//")
    bell.announce(["a"])
    bell.close()


def test_nothing_due_rings_no_bell() -> None:
    bell = Bell("amqp://guest:guest@127.0.0.1:1//")
    bell.announce([])
    bell.close()
