"""What every adapter promises, as tests: a test file of an adapter subclasses what applies to it.

- ``AdapterConformance``: every adapter.
- ``HandsOverConformance``: adapters whose ``deliver`` brings the bytes to the agency's software.
- ``NetworkConformance``: adapters that speak HTTP to it.
- ``LineConformance`` (in ``lines.py``): adapters that speak another protocol over TCP to it.
- ``CollectsConformance``: adapters that also fetch what the agency sends.

A subclass sets the class attributes and gives the fixtures that raise ``NotImplementedError`` here.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.adapter import AgencyAdapter, Delivered, Outcome, Outgoing, Refused, Retry
from tests.adapters import peers
from tests.adapters.peers import Peer, answer
from tests.thorough import examples

Options = Mapping[str, object]
Held = Callable[[], Mapping[str, str]]

ABSENT = object()  # in ``wrong_options``: take this option away
VIETNAMESE = "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT về việc Ứng dụng chữ ký số ở cấp huyện"
CUT_SECONDS = 0.25  # the time limit of tests with slow peers
LATE_SECONDS = 0.5  # how much later the answer may come, on a busy machine


def outgoing(
    content: bytes = b"<edXML/>",
    *,
    key: str = "019a0000000070008000000000000001",
    kind: Literal["document", "status", "receipt"] = "document",
    document_id: str = "000.00.00.H45,2026/11/24,12/UBND-VX",
) -> Outgoing:
    """One document on its way."""
    return Outgoing(
        key=key,
        kind=kind,
        content=content,
        digest=hashlib.sha256(content).hexdigest(),
        sender="000.00.00.H45",
        receiver="H45.01",
        document_id=document_id,
        subject="V/v báo cáo tình hình thực hiện",
        priority=0,
        accepted_at=datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC),
    )


def many(count: int) -> list[Outgoing]:
    """Different documents with keys of their own."""
    return [outgoing(b"<edXML>%d</edXML>" % n, key=f"019a00000000700080000000{n:08x}") for n in range(count)]


def at_once(adapter: AgencyAdapter, documents: list[Outgoing]) -> list[Outcome]:
    """One thread for each document, all let go in the same moment."""
    start = threading.Barrier(len(documents))

    def deliver(document: Outgoing) -> Outcome:
        start.wait()
        return adapter.deliver(document)

    with ThreadPoolExecutor(len(documents)) as pool:
        return list(pool.map(deliver, documents))


def timed(adapter: AgencyAdapter, document: Outgoing) -> tuple[Outcome, float]:
    start = time.monotonic()
    outcome = adapter.deliver(document)
    return outcome, time.monotonic() - start


class AdapterConformance:
    """The promises of the port."""

    adapter_class: ClassVar[type[AgencyAdapter]]
    success: ClassVar[type[Outcome]] = Delivered  # the verdict when all is well
    wrong_options: ClassVar[tuple[tuple[Options, str], ...]] = ()  # a change, and the option that is named
    secrets: ClassVar[tuple[str, ...]] = ()  # option values that nobody may ever read in a message
    timeout_seconds: ClassVar[float] = 20.0
    large_bytes: ClassVar[int] = 20_000_000
    crowd: ClassVar[int] = 200

    @pytest.fixture
    def options(self) -> Options:
        """Options with which everything works."""
        raise NotImplementedError

    @pytest.fixture
    def adapter(self, options: Options) -> Iterator[AgencyAdapter]:
        made = self.adapter_class(options, self.timeout_seconds)
        yield made
        made.close()

    def test_the_registry_finds_the_class_under_its_name(self) -> None:
        assert issubclass(self.adapter_class, AgencyAdapter)
        assert self.adapter_class.__name__ == "Adapter"
        assert self.adapter_class.__module__.startswith("adapters.")

    def test_a_pulling_adapter_says_so_and_only_such_a_one(self, adapter: AgencyAdapter) -> None:
        available = type(adapter.deliver(outgoing())).__name__ == "Available"
        assert adapter.pull is available

    @pytest.mark.parametrize("kind", ["document", "status", "receipt"])
    def test_each_kind_of_message_is_taken(
        self, adapter: AgencyAdapter, kind: Literal["document", "status", "receipt"]
    ) -> None:
        assert isinstance(adapter.deliver(outgoing(kind=kind)), self.success)

    def test_vietnamese_names_are_taken(self, adapter: AgencyAdapter) -> None:
        document = replace(outgoing(document_id=VIETNAMESE), subject="Tờ trình Đề án sắp xếp xã")
        assert isinstance(adapter.deliver(document), self.success)

    def test_an_empty_document_is_taken(self, adapter: AgencyAdapter) -> None:
        assert isinstance(adapter.deliver(outgoing(b"")), self.success)

    def test_a_large_document_is_taken(self, adapter: AgencyAdapter) -> None:
        assert isinstance(adapter.deliver(outgoing(b"x" * self.large_bytes)), self.success)

    def test_a_crowd_of_threads_is_served(self, adapter: AgencyAdapter) -> None:
        outcomes = at_once(adapter, many(self.crowd))
        assert [type(each) for each in outcomes] == [self.success] * self.crowd

    def test_a_wrong_option_is_named(self, options: Options) -> None:
        for change, name in self.wrong_options:
            wrong = {key: value for key, value in {**options, **change}.items() if value is not ABSENT}
            with pytest.raises(ValueError, match=f"'{name}'") as caught:
                self.adapter_class(wrong, self.timeout_seconds)
            assert not any(secret in str(caught.value) for secret in self.secrets)

    def test_an_unknown_option_is_named(self, options: Options) -> None:
        with pytest.raises(ValueError, match="'tuy_chon'"):
            self.adapter_class({**options, "tuy_chon": 1}, self.timeout_seconds)

    def test_secrets_are_not_shown(self, adapter: AgencyAdapter) -> None:
        shown = f"{adapter!r} {adapter} {vars(adapter)!r}"
        assert not any(secret in shown for secret in self.secrets)

    def test_there_is_nothing_to_collect_at_first(self, adapter: AgencyAdapter) -> None:
        assert list(adapter.collect()) == []


class HandsOverConformance(AdapterConformance):
    """``deliver`` brings the exact bytes over, once for each key."""

    @pytest.fixture
    def held(self, adapter: AgencyAdapter) -> Held:
        """Reads what the agency's software has: SHA-256 of the bytes, by key."""
        raise NotImplementedError

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\xef\xbb\xbf<?xml version='1.0'?>\r\n<a>\r\n</a>\r\n\r\n",
            "<a>Ủy ban nhân dân tỉnh Phú Yên</a>".encode(),
            bytes(range(256)) * 3,
        ],
        ids=["nothing", "line ends", "Vietnamese", "every byte"],
    )
    def test_the_bytes_arrive_unchanged(self, adapter: AgencyAdapter, held: Held, content: bytes) -> None:
        document = outgoing(content)
        adapter.deliver(document)
        assert held() == {document.key: document.digest}

    def test_a_large_document_arrives_unchanged(self, adapter: AgencyAdapter, held: Held) -> None:
        document = outgoing(bytes(range(251)) * (self.large_bytes // 251))
        adapter.deliver(document)
        assert held() == {document.key: document.digest}

    @pytest.mark.parametrize("kind", ["document", "status", "receipt"])
    def test_each_kind_of_message_arrives(
        self, adapter: AgencyAdapter, held: Held, kind: Literal["document", "status", "receipt"]
    ) -> None:
        document = outgoing(kind=kind)
        adapter.deliver(document)
        assert held() == {document.key: document.digest}

    def test_the_same_key_twice_arrives_once(self, adapter: AgencyAdapter, held: Held) -> None:
        document = outgoing()
        assert isinstance(adapter.deliver(document), self.success)
        assert isinstance(adapter.deliver(document), self.success)
        assert held() == {document.key: document.digest}

    def test_the_same_key_in_two_threads_arrives_once(self, adapter: AgencyAdapter, held: Held) -> None:
        document = outgoing()
        outcomes = at_once(adapter, [document] * 2)
        assert [type(each) for each in outcomes] == [self.success] * 2
        assert held() == {document.key: document.digest}

    def test_after_a_restart_it_may_be_delivered_again(
        self, options: Options, adapter: AgencyAdapter
    ) -> None:
        adapter.deliver(outgoing())
        again = self.adapter_class(options, self.timeout_seconds)
        assert isinstance(again.deliver(outgoing()), self.success)
        again.close()

    def test_two_deliveries_of_one_document_are_two(self, adapter: AgencyAdapter, held: Held) -> None:
        first, second = outgoing(), outgoing(key="019a0000000070008000000000000002")
        adapter.deliver(first)
        adapter.deliver(second)
        assert held() == {first.key: first.digest, second.key: second.digest}

    def test_what_a_crowd_delivers_is_not_mixed_up(self, adapter: AgencyAdapter, held: Held) -> None:
        documents = many(self.crowd)
        at_once(adapter, documents)
        assert held() == {each.key: each.digest for each in documents}


# What must never count as an answer. Each is followed by the end of the line.
NO_ANSWER = {
    "nothing": b"",
    "noise": bytes(range(256)) * 8,
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a status of words": b"HTTP/1.1 khong biet\r\n\r\n",
    "a status of five digits": b"HTTP/1.1 20000 OK\r\nContent-Length: 0\r\n\r\n",
    "an endless status line": b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n",
    "an endless header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "broken chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
    "chunks without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    "early hints only": b"HTTP/1.1 103 Early Hints\r\n\r\n",
}


# Of a test with examples that several classes inherit, and that gets a fixture for all of them.
SUBCLASSED = (HealthCheck.function_scoped_fixture, HealthCheck.differing_executors)


class NetworkConformance(HandsOverConformance):
    """Whatever a network or the software behind it does is a verdict, within the time limit."""

    timeout_seconds = 20.0

    @pytest.fixture
    def peer(self) -> Iterator[Peer]:
        made = Peer()
        yield made
        made.close()

    def options_for(self, options: Options, url: str) -> Options:
        """The same options, for software at another address."""
        raise NotImplementedError

    @pytest.fixture
    def hurried(self, options: Options) -> Iterator[AgencyAdapter]:
        """An adapter with little time and one connection, so that a lost one is noticed."""
        made = self.adapter_class({**options, **self.one_connection}, CUT_SECONDS)
        yield made
        made.close()

    one_connection: ClassVar[Mapping[str, object]] = {}

    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
    def test_a_failing_server_is_tried_again(self, adapter: AgencyAdapter, peer: Peer, status: int) -> None:
        peer.reply = lambda request: answer(status, b"overloaded")
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert str(status) in outcome.reason

    @pytest.mark.parametrize("status", [400, 406, 410, 413, 415, 422])
    def test_a_refusal_has_a_code_and_their_words(
        self, adapter: AgencyAdapter, peer: Peer, status: int
    ) -> None:
        peer.reply = lambda request: answer(status, "Không nhận\tvăn bản\r\nnày".encode())
        outcome = adapter.deliver(outgoing())
        assert outcome == Refused(f"http_{status}", "Không nhận văn bản này")

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed(self, adapter: AgencyAdapter, peer: Peer, status: int) -> None:
        peer.reply = lambda request: answer(status, location=f"{peer.url}/elsewhere")
        assert isinstance(adapter.deliver(outgoing()), Retry)
        assert len(peer.requests) == 1

    @pytest.mark.parametrize("sent", NO_ANSWER.values(), ids=NO_ANSWER)
    def test_what_is_no_answer_is_tried_again(self, hurried: AgencyAdapter, peer: Peer, sent: bytes) -> None:
        peer.talk = peers.says(sent)
        assert isinstance(hurried.deliver(outgoing()), Retry)

    @settings(
        max_examples=examples(30, 60),
        deadline=None,
        suppress_health_check=SUBCLASSED,
    )
    @given(
        start=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 429 Slow down\r\nRetry-After: "]),
        rest=st.binary(max_size=200),
    )
    def test_no_answer_of_any_kind_breaks_the_adapter(
        self, hurried: AgencyAdapter, peer: Peer, start: bytes, rest: bytes
    ) -> None:
        peer.talk = peers.says(start, rest)
        assert isinstance(hurried.deliver(outgoing()), Outcome)

    @pytest.mark.parametrize(
        "talk",
        [
            peers.silent,
            peers.drips(b"", b"H"),
            peers.drips(b"HTTP/1.1 200 OK\r\nX: "),
            peers.drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            peers.drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
            peers.drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
            peers.drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            peers.drips(b"HTTP/1.1 200 OK\r\n\r\n"),
        ],
        ids=["silent", "status", "header", "headers", "body", "chunks", "continues", "unmeasured body"],
    )
    def test_a_slow_answer_is_cut_at_the_time_limit(
        self, hurried: AgencyAdapter, peer: Peer, talk: peers.Talk
    ) -> None:
        peer.talk = talk
        outcome, seconds = timed(hurried, outgoing())
        assert isinstance(outcome, Retry)
        assert CUT_SECONDS * 0.9 < seconds < CUT_SECONDS + LATE_SECONDS

    def test_a_slow_reader_is_cut_at_the_time_limit(self, hurried: AgencyAdapter, peer: Peer) -> None:
        peer.talk = peers.sips
        outcome, seconds = timed(hurried, outgoing(b"x" * self.large_bytes))
        assert isinstance(outcome, Retry)
        assert seconds < CUT_SECONDS + LATE_SECONDS

    def test_a_port_that_takes_no_connection_is_cut_at_the_time_limit(self, options: Options) -> None:
        with peers.deaf() as url:
            adapter = self.adapter_class(self.options_for(options, url), CUT_SECONDS)
            outcome, seconds = timed(adapter, outgoing())
            adapter.close()
        assert isinstance(outcome, Retry)
        assert seconds < CUT_SECONDS + LATE_SECONDS

    @pytest.mark.parametrize("talk", [peers.closes, peers.resets])
    def test_a_broken_line_is_tried_again(self, adapter: AgencyAdapter, peer: Peer, talk: peers.Talk) -> None:
        peer.talk = talk
        assert isinstance(adapter.deliver(outgoing()), Retry)

    def test_nobody_there_is_tried_again_and_named(self, options: Options) -> None:
        with peers.nobody() as url:
            adapter = self.adapter_class(self.options_for(options, url), self.timeout_seconds)
            outcome = adapter.deliver(outgoing())
            adapter.close()
        assert isinstance(outcome, Retry)
        assert "ConnectionRefusedError" in outcome.reason
        assert "127.0.0.1" in outcome.reason

    def test_a_refusal_before_the_whole_document_was_sent_is_heard(
        self, adapter: AgencyAdapter, peer: Peer
    ) -> None:
        peer.talk = peers.refuses_early(answer(413, b"too large", connection="close"))
        outcome = adapter.deliver(outgoing(b"x" * self.large_bytes))
        assert outcome == Refused("http_413", "too large")

    def test_a_flood_of_words_is_cut(self, options: Options, peer: Peer) -> None:
        peer.reply = lambda request: answer(400, b"x" * 10_000_000)
        with closing(self.adapter_class({**options, **self.one_connection}, 10)) as adapter:
            for _ in range(2):  # what was not read must not be taken for the next answer
                assert adapter.deliver(outgoing()) == Refused("http_400", "x" * 200)

    def test_after_every_failure_the_next_delivery_succeeds(
        self, hurried: AgencyAdapter, peer: Peer, held: Held
    ) -> None:
        peer.reply = peers.and_closes(peer.reply)
        failures = [peers.closes, peers.resets, peers.silent, *map(peers.says, NO_ANSWER.values())]
        for talk in failures:
            peer.talk = talk
            assert isinstance(hurried.deliver(outgoing()), Retry)
            peer.talk = Peer.serve
            assert isinstance(hurried.deliver(outgoing()), self.success)

    def test_a_line_that_the_peer_gave_up_meanwhile_is_not_used(
        self, adapter: AgencyAdapter, peer: Peer
    ) -> None:
        for _ in range(3):
            assert isinstance(adapter.deliver(outgoing()), self.success)
            peer.hang_up()
            time.sleep(0.05)

    def test_secrets_that_a_peer_repeats_are_not_passed_on(self, adapter: AgencyAdapter, peer: Peer) -> None:
        words = " ".join(self.secrets)
        for status in (200, 202, 302, 400, 500):
            headers = {"exchange_reference": words, "location": words}
            peer.talk = peers.says(answer(status, words.encode(), **headers))
            shown = repr(adapter.deliver(outgoing()))
            assert not any(secret in shown for secret in self.secrets)


class CollectsConformance(AdapterConformance):
    """What the agency's software has ready is read, and marked only when the broker says so."""

    @pytest.fixture
    def ready(self) -> Callable[[Mapping[str, bytes]], None]:
        """Makes the agency's software have these messages ready to send."""
        raise NotImplementedError

    def test_what_is_ready_is_collected_unchanged(
        self, adapter: AgencyAdapter, ready: Callable[[Mapping[str, bytes]], None]
    ) -> None:
        messages = {"một": bytes(range(256)), "hai": b"", "ba": b"x" * self.large_bytes}
        ready(messages)
        found = sorted(each.content for each in adapter.collect())
        assert found == sorted(messages.values())

    def test_what_was_not_confirmed_is_collected_again(
        self, adapter: AgencyAdapter, ready: Callable[[Mapping[str, bytes]], None]
    ) -> None:
        ready({"một": b"1", "hai": b"2"})
        assert list(adapter.collect()) == list(adapter.collect())

    def test_what_was_confirmed_is_not_collected_again(
        self, adapter: AgencyAdapter, ready: Callable[[Mapping[str, bytes]], None]
    ) -> None:
        ready({"một": b"1", "hai": b"2"})
        for each in adapter.collect():
            adapter.collected(each.key)
            adapter.collected(each.key)  # a worker that died after the first call is followed by another
        assert list(adapter.collect()) == []

    def test_what_was_refused_is_not_collected_again(
        self, adapter: AgencyAdapter, ready: Callable[[Mapping[str, bytes]], None]
    ) -> None:
        ready({"một": b"1", "hai": b"2"})
        for each in adapter.collect():
            adapter.refused(each.key, ["Chữ ký không hợp lệ.", "The signature is not valid."])
        assert list(adapter.collect()) == []
