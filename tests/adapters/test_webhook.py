"""HTTP push: real sockets on 127.0.0.1."""

import hashlib
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.webhook import Adapter
from exchange.adapter import Accepted, Delivered, Refused, Retry
from exchange.core.push import verify_headers
from tests.adapters import peers
from tests.adapters.conformance import (
    ABSENT,
    CUT_SECONDS,
    LATE_SECONDS,
    VIETNAMESE,
    HandsOverConformance,
    Held,
    NetworkConformance,
    Options,
    at_once,
    many,
    outgoing,
    timed,
)
from tests.adapters.peers import Identity, Peer, answer

SECRET = "khoa-bi-mat-cua-So-Tai-chinh"


def digests(peer: Peer) -> Held:
    return lambda: {key: hashlib.sha256(body).hexdigest() for key, body in peer.held.items()}


class TestWebhook(NetworkConformance):
    adapter_class = Adapter
    secrets = (SECRET,)
    one_connection: ClassVar[Options] = {"connections": 1}
    wrong_options = (
        ({"url": ABSENT}, "url"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": "ftp://agency.example/"}, "url"),
        ({"url": "https:///inbox"}, "url"),
        ({"url": "https://agency.example:banana/"}, "url"),
        ({"url": f"https://{'a' * 64}.example/"}, "url"),
        ({"url": f"https://user:{SECRET}@agency.example/"}, "url"),
        ({"secret": ABSENT}, "secret"),
        ({"secret": "too short"}, "secret"),
        ({"secret": [SECRET]}, "secret"),
        ({"secret_file": "secret.txt"}, "secret"),
        ({"secret": ABSENT, "secret_file": "/nowhere/secret.txt"}, "secret_file"),
        ({"url": "https://127.0.0.1/", "ca_file": "/nowhere/ca.pem"}, "ca_file"),
        ({"url": "https://127.0.0.1/", "ca_file": __file__}, "ca_file"),
        ({"connections": 0}, "connections"),
        ({"connections": 11}, "connections"),
        ({"connections": "many"}, "connections"),
    )

    @pytest.fixture
    def options(self, peer: Peer) -> Options:
        return {"url": peer.url, "secret": SECRET}

    @pytest.fixture
    def held(self, adapter: Adapter, peer: Peer) -> Held:
        return digests(peer)

    def options_for(self, options: Options, url: str) -> Options:
        return {**options, "url": url}

    # --- the request ---

    @pytest.mark.parametrize(
        ("kind", "content_type"),
        [
            ("document", "application/edxml+xml"),
            ("status", "application/edxml+xml"),
            ("receipt", "application/xml"),
        ],
    )
    def test_the_request_says_what_it_brings(
        self, adapter: Adapter, peer: Peer, kind: str, content_type: str
    ) -> None:
        document = outgoing(kind=kind)  # type: ignore[arg-type]
        adapter.deliver(document)
        [request] = peer.requests
        assert (request.method, request.target) == ("POST", "/nhan?kenh=1")
        assert request.headers["content-type"] == content_type
        assert request.headers["idempotency-key"] == document.key
        assert request.headers["exchange-kind"] == kind
        assert request.headers["exchange-digest"] == document.digest
        assert request.headers["content-length"] == str(len(document.content))

    def test_the_receiver_can_prove_who_calls(self, adapter: Adapter, peer: Peer) -> None:
        document = outgoing(document_id=VIETNAMESE)
        adapter.deliver(document)
        [request] = peer.requests
        push = verify_headers(request.headers, request.body, secrets=[SECRET], now=datetime.now(UTC))
        assert push.document_id == VIETNAMESE
        assert (push.sender, push.receiver) == (document.sender, document.receiver)

    def test_line_ends_in_an_id_do_not_become_headers(self, adapter: Adapter, peer: Peer) -> None:
        adapter.deliver(outgoing(document_id="7\r\nExchange-Kind: receipt\r\n\r\n"))
        [request] = peer.requests
        assert request.headers["exchange-kind"] == "document"

    def test_connections_are_kept(self, adapter: Adapter, peer: Peer) -> None:
        replies = iter(
            [answer(200, b"x"), answer(204), answer(422, b"no"), answer(503, b"later"), answer(202)] * 5
        )
        peer.reply = lambda request: next(replies)
        for document in many(25):
            adapter.deliver(document)
        assert peer.lines == 1

    def test_no_more_connections_are_opened_than_allowed(self, peer: Peer) -> None:
        adapter = Adapter({"url": peer.url, "secret": SECRET, "connections": 3}, 20.0)
        for document in many(5):
            adapter.deliver(document)
        assert 1 <= peer.lines <= 3
        adapter.close()

    def test_a_crowd_shares_the_connections(self, adapter: Adapter, peer: Peer) -> None:
        self.test_a_crowd_of_threads_is_served(adapter)
        assert peer.lines <= 4

    def test_waiting_for_a_connection_is_cut_at_the_time_limit(self, hurried: Adapter, peer: Peer) -> None:
        peer.talk = peers.silent
        start = time.monotonic()
        outcomes = at_once(hurried, many(10))  # for one connection
        assert time.monotonic() - start < CUT_SECONDS + LATE_SECONDS
        assert [type(each) for each in outcomes] == [Retry] * 10

    # --- the verdict ---

    @pytest.mark.parametrize("status", [200, 201, 204, 206])
    def test_success_is_delivered(self, adapter: Adapter, peer: Peer, status: int) -> None:
        peer.reply = lambda request: answer(status)
        assert adapter.deliver(outgoing()) == Delivered()

    def test_accepted_is_not_delivered(self, adapter: Adapter, peer: Peer) -> None:
        peer.reply = lambda request: answer(202, b"so 77")
        assert adapter.deliver(outgoing()) == Accepted("so 77")

    def test_the_receivers_own_mark_comes_from_the_header_or_the_first_line(
        self, adapter: Adapter, peer: Peer
    ) -> None:
        peer.reply = lambda request: answer(200, b"body", exchange_reference="s%E1%BB%91 77")
        assert adapter.deliver(outgoing()) == Delivered("số 77")
        peer.reply = lambda request: answer(200, "\n số 78 \r\nmore".encode())
        assert adapter.deliver(outgoing()) == Delivered("số 78")
        peer.reply = lambda request: answer(200, b"y" * 5000)
        assert adapter.deliver(outgoing()) == Delivered("y" * 200)

    def test_a_peer_that_holds_other_bytes_is_tried_again(self, adapter: Adapter, peer: Peer) -> None:
        peer.reply = lambda request: answer(200, exchange_digest="0" * 64)
        assert isinstance(adapter.deliver(outgoing()), Retry)
        peer.reply = lambda request: answer(200, exchange_digest=outgoing().digest.upper())
        assert isinstance(adapter.deliver(outgoing()), Delivered)

    def test_a_conflict_is_delivered_only_if_they_have_these_bytes(
        self, adapter: Adapter, peer: Peer
    ) -> None:
        peer.reply = lambda request: answer(409, exchange_digest=outgoing().digest)
        assert isinstance(adapter.deliver(outgoing()), Delivered)
        peer.reply = lambda request: answer(409, exchange_digest="0" * 64)
        assert adapter.deliver(outgoing()) == Refused("http_409", "no reason given")
        peer.reply = lambda request: answer(409)
        assert isinstance(adapter.deliver(outgoing()), Retry)

    @pytest.mark.parametrize("status", [401, 403, 404, 405, 407, 421])
    def test_a_wrong_address_or_secret_does_not_refuse_the_document(
        self, adapter: Adapter, peer: Peer, status: int
    ) -> None:
        peer.reply = lambda request: answer(status)
        assert isinstance(adapter.deliver(outgoing()), Retry)

    @pytest.mark.parametrize("status", [429, 503])
    def test_retry_after_is_honoured(self, adapter: Adapter, peer: Peer, status: int) -> None:
        peer.reply = lambda request: answer(status, retry_after="120")
        self.expect(adapter, timedelta(seconds=120))
        date = datetime.now(UTC) + timedelta(minutes=30)
        peer.reply = lambda request: answer(status, retry_after=format_datetime(date, usegmt=True))
        self.expect(adapter, timedelta(minutes=30))

    @pytest.mark.parametrize("value", ["864000", "9" * 5000, "Fri, 31 Dec 2100 23:59:59 GMT"])
    def test_retry_after_is_a_day_at_most(self, adapter: Adapter, peer: Peer, value: str) -> None:
        peer.reply = lambda request: answer(503, retry_after=value)
        self.expect(adapter, timedelta(days=1))

    @pytest.mark.parametrize(
        "value", ["", "soon", "-5", "0", "1.5", "٣", "Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 99 Foo 1 1:1:1"]
    )
    def test_a_senseless_retry_after_is_ignored(self, adapter: Adapter, peer: Peer, value: str) -> None:
        peer.reply = lambda request: answer(503, retry_after=value)
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert outcome.not_before is None

    def expect(self, adapter: Adapter, wait: timedelta) -> None:
        before = datetime.now(UTC)
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert outcome.not_before is not None
        assert before + wait - timedelta(seconds=2) <= outcome.not_before <= datetime.now(UTC) + wait

    # --- addresses and secrets ---

    def test_the_next_address_of_a_host_is_tried(self, peer: Peer) -> None:
        # Where localhost is ::1 first, nobody listens there.
        adapter = Adapter({"url": peer.url.replace("127.0.0.1", "localhost"), "secret": SECRET}, 5.0)
        assert isinstance(adapter.deliver(outgoing()), Delivered)
        adapter.close()

    def test_an_unknown_host_is_tried_again(self) -> None:
        adapter = Adapter({"url": "http://co-quan.invalid/", "secret": SECRET}, 5.0)
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert "co-quan.invalid" in outcome.reason

    def test_the_secret_may_stand_in_a_file(self, peer: Peer, tmp_path: Path) -> None:
        file = tmp_path / "secret"
        file.write_text(f"{SECRET}\n", "utf-8")
        adapter = Adapter({"url": peer.url, "secret_file": str(file)}, 5.0)
        adapter.deliver(outgoing())
        [request] = peer.requests
        verify_headers(request.headers, request.body, secrets=[SECRET], now=datetime.now(UTC))
        adapter.close()

    def test_the_secret_and_the_signature_are_not_logged(
        self, adapter: Adapter, peer: Peer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for reply in (answer(200), answer(500), b"noise\r\n\r\n"):
            peer.reply = lambda request, reply=reply: reply  # type: ignore[misc]
            adapter.deliver(outgoing())
        assert SECRET not in caplog.text
        assert all(request.headers["exchange-signature"] not in caplog.text for request in peer.requests)

    def test_a_closed_adapter_answers_with_a_verdict(self, adapter: Adapter) -> None:
        adapter.deliver(outgoing())
        adapter.close()
        assert isinstance(adapter.deliver(outgoing()), Retry)


class TestWebhookOverTls(HandsOverConformance):
    adapter_class = Adapter
    secrets = (SECRET,)

    @pytest.fixture
    def identity(self, tmp_path: Path) -> Identity:
        return peers.identity(tmp_path)

    @pytest.fixture
    def peer(self, identity: Identity) -> Iterator[Peer]:
        made = Peer(identity.context)
        yield made
        made.close()

    @pytest.fixture
    def options(self, peer: Peer, identity: Identity) -> Options:
        return {"url": peer.url, "secret": SECRET, "ca_file": str(identity.ca_file)}

    @pytest.fixture
    def held(self, adapter: Adapter, peer: Peer) -> Held:
        return digests(peer)

    def test_a_server_that_is_not_trusted_gets_nothing(self, peer: Peer) -> None:
        adapter = Adapter({"url": peer.url, "secret": SECRET}, 5.0)
        outcome = adapter.deliver(outgoing())
        adapter.close()
        assert isinstance(outcome, Retry)
        assert "self-signed certificate" in outcome.reason
        assert peer.requests == []

    @pytest.mark.parametrize(
        "talk",
        [
            peers.silent,
            peers.drips(b"HTTP/1.1 200 OK\r\nX: "),
            peers.drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ],
        ids=["silent", "header", "body"],
    )
    def test_a_slow_answer_is_cut_at_the_time_limit(
        self, options: Options, peer: Peer, talk: peers.Talk
    ) -> None:
        peer.talk = talk
        self.expect_cut(options)

    def test_a_slow_reader_is_cut_at_the_time_limit(self, options: Options, peer: Peer) -> None:
        peer.talk = peers.sips
        self.expect_cut(options, b"x" * self.large_bytes)

    def test_a_slow_handshake_is_cut_at_the_time_limit(self, options: Options) -> None:
        plain = Peer()
        plain.talk = peers.handshakes_for_ever
        self.expect_cut({**options, "url": plain.url.replace("http:", "https:")})
        plain.close()

    def expect_cut(self, options: Options, content: bytes = b"<edXML/>") -> None:
        adapter = Adapter(options, CUT_SECONDS)
        outcome, seconds = timed(adapter, outgoing(content))
        adapter.close()
        assert isinstance(outcome, Retry)
        assert "no answer within" in outcome.reason
        assert seconds < CUT_SECONDS + LATE_SECONDS
