"""What every adapter that speaks a protocol of its own over TCP promises, as tests."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from exchange.adapter import AgencyAdapter, Retry, Unreachable
from tests.adapters import peers
from tests.adapters.conformance import (
    CUT_SECONDS,
    LATE_SECONDS,
    HandsOverConformance,
    Held,
    Options,
    at_once,
    many,
    outgoing,
    timed,
)
from tests.adapters.peers import Peer
from tests.proxy import Proxy, proxy


class StrangerConformance:
    """Whatever listens there instead of the server is a verdict, within the time limit."""

    adapter_class: ClassVar[type[AgencyAdapter]]

    def options_at(self, options: Options, port: int) -> Options:
        """The same options, for a server on another port of 127.0.0.1."""
        return {**options, "port": port}

    def hurried_at(self, options: Options, port: int) -> AgencyAdapter:
        changed = {**self.options_at(options, port), "connections": 1}
        return self.adapter_class(changed, self.cut_seconds)

    cut_seconds: ClassVar[float] = CUT_SECONDS

    @pytest.fixture
    def peer(self) -> Iterator[Peer]:
        made = Peer()
        yield made
        made.close()

    @pytest.mark.parametrize("talk", [peers.silent, peers.babbles_on(b"S"), peers.babbles_on(b"\n")])
    def test_a_server_that_says_nothing_to_the_point_is_cut_at_the_time_limit(
        self, options: Options, peer: Peer, talk: peers.Talk
    ) -> None:
        peer.talk = talk
        adapter = self.hurried_at(options, peer.port)
        outcome, seconds = timed(adapter, outgoing())
        adapter.close()
        assert isinstance(outcome, Retry)
        assert seconds < self.cut_seconds + LATE_SECONDS

    @pytest.mark.parametrize("talk", [peers.closes, peers.hangs_up, peers.babbles(bytes(range(256)) * 40)])
    def test_a_server_that_is_none_of_this_protocol_is_tried_again(
        self, options: Options, peer: Peer, talk: peers.Talk
    ) -> None:
        peer.talk = talk
        adapter = self.hurried_at(options, peer.port)
        assert isinstance(adapter.deliver(outgoing()), Retry)
        adapter.close()

    def test_a_port_that_takes_no_connection_is_cut_at_the_time_limit(self, options: Options) -> None:
        with peers.deaf() as url:
            adapter = self.hurried_at(options, peers.port_of(url))
            outcome, seconds = timed(adapter, outgoing())
            adapter.close()
        assert isinstance(outcome, Retry)
        assert seconds < self.cut_seconds + LATE_SECONDS

    def test_nobody_there_is_tried_again_and_named(self, options: Options) -> None:
        with peers.nobody() as url:
            adapter = self.hurried_at(options, peers.port_of(url))
            outcome = adapter.deliver(outgoing())
            reached = adapter.check()
            adapter.close()
        assert isinstance(outcome, Retry)
        assert "127.0.0.1" in outcome.reason
        assert isinstance(reached, Unreachable)


class LineConformance(StrangerConformance, HandsOverConformance):
    """Whatever the line to the server does is a verdict, within the time limit."""

    @pytest.fixture
    def between(self, options: Options) -> Iterator[Proxy]:
        """A proxy before the server."""
        with proxy(("127.0.0.1", int(str(options["port"])))) as made:
            yield made

    def test_a_server_that_falls_silent_is_cut_and_the_next_delivery_has_a_new_line(
        self, options: Options, between: Proxy, held: Held
    ) -> None:
        adapter = self.hurried_at(options, between.port)
        adapter.timeout_seconds = self.timeout_seconds
        assert isinstance(adapter.deliver(outgoing()), self.success)
        adapter.timeout_seconds = self.cut_seconds
        between.silent.set()
        second = outgoing(key="019a0000000070008000000000000002")
        outcome, seconds = timed(adapter, second)
        assert isinstance(outcome, Retry)
        assert self.cut_seconds * 0.9 < seconds < self.cut_seconds + LATE_SECONDS
        between.silent.clear()
        adapter.timeout_seconds = self.timeout_seconds
        assert isinstance(adapter.deliver(second), self.success)
        adapter.close()
        assert held().keys() == {outgoing().key, second.key}
        assert between.connections == 2

    def test_a_slow_reader_is_cut_at_the_time_limit(self, options: Options, between: Proxy) -> None:
        between.bytes_per_second = 200_000
        adapter = self.hurried_at(options, between.port)
        adapter.timeout_seconds = 4 * self.cut_seconds
        outcome, seconds = timed(adapter, outgoing(b"x" * self.large_bytes))
        adapter.close()
        assert isinstance(outcome, Retry)
        assert seconds < 4 * self.cut_seconds + LATE_SECONDS

    def test_a_line_that_the_server_gave_up_meanwhile_is_not_used(
        self, options: Options, between: Proxy
    ) -> None:
        adapter = self.hurried_at(options, between.port)
        adapter.timeout_seconds = self.timeout_seconds
        for number in range(1, 3):
            assert isinstance(adapter.deliver(outgoing()), self.success)
            assert between.connections == number
            between.cut()
            time.sleep(0.1)
        adapter.close()

    def test_lines_are_kept_and_bounded(self, options: Options, between: Proxy) -> None:
        adapter = self.adapter_class({**self.options_at(options, between.port), "connections": 2}, 20.0)
        assert [type(each) for each in at_once(adapter, many(20))] == [self.success] * 20
        adapter.close()
        assert between.connections <= 2

    def test_all_lines_being_busy_is_said_in_time(self, options: Options, between: Proxy) -> None:
        adapter = self.hurried_at(options, between.port)
        between.silent.set()
        adapter.timeout_seconds = 4 * self.cut_seconds
        with ThreadPoolExecutor(1) as pool:
            pool.submit(adapter.deliver, outgoing())
            while not between.connections:
                time.sleep(0.01)
            adapter.timeout_seconds = self.cut_seconds
            outcome = adapter.deliver(outgoing())
        adapter.close()
        assert isinstance(outcome, Retry)
        assert "busy" in outcome.reason
