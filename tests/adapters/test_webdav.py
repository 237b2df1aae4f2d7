"""WebDAV, against WsgiDAV in this process, and against servers that misbehave."""

import hashlib
import re
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from adapters.webdav import Adapter
from exchange.adapter import AgencyAdapter, Delivered, Reached, Refused, Retry, Unreachable
from exchange.core.multistatus import read_multistatus
from exchange.core.refusal import Refused as Unreadable
from tests.adapters import peers
from tests.adapters.conformance import ABSENT, Held, NetworkConformance, Options, many, outgoing
from tests.adapters.dav import PASSWORD, USER, dav_server
from tests.adapters.drop_folder import DropFolderConformance
from tests.adapters.peers import Peer, Request, answer, identity

NOTHING = b'<multistatus xmlns="DAV:"/>'


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with dav_server(tmp_path_factory.getbasetemp()) as listening:
        yield listening


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EXCHANGE_TEST_DAV_PASSWORD", PASSWORD)
    return "env:EXCHANGE_TEST_DAV_PASSWORD"


class TestWebdav(DropFolderConformance):
    adapter_class = Adapter
    large_bytes = 3_000_000
    crowd = 40
    secrets = (PASSWORD,)
    wrong_options = (
        ({"url": ABSENT}, "url"),
        ({"url": "ftp://127.0.0.1/"}, "url"),
        ({"url": "http://files.example/"}, "url"),
        ({"url": f"http://{USER}:x@127.0.0.1/"}, "url"),
        ({"user": ABSENT}, "user"),
        ({"password": ABSENT}, "password"),
        ({"password": PASSWORD}, "password"),
        ({"url": "https://127.0.0.1/", "ca_file": "/khong/co"}, "ca_file"),
        ({"path": ""}, "path"),
        ({"bytes_max": 0}, "bytes_max"),
        ({"connections": 0}, "connections"),
    )

    @pytest.fixture
    def options(self, port: int, password: str, incoming: Path, sending: Path, tmp_path: Path) -> Options:
        return {
            "url": f"http://127.0.0.1:{port}/{tmp_path.name}",
            "user": USER,
            "password": password,
            "path": incoming.name,
            "outgoing": sending.name,
            "quiet_seconds": 0,
        }

    def test_without_tls_only_where_it_is_said(self, options: Options) -> None:
        Adapter({**options, "url": "http://files.example/", "plain_http": True}, 5.0).close()

    def test_a_wrong_password_is_tried_again_and_not_shown(
        self, options: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EXCHANGE_TEST_DAV_PASSWORD", "sai")
        adapter = Adapter(options, 20.0)
        outcome, reached = adapter.deliver(outgoing()), adapter.check()
        adapter.close()
        assert isinstance(outcome, Retry)
        assert "http_401" in outcome.reason
        assert isinstance(reached, Unreachable)
        assert "sai" not in f"{outcome}{reached}"

    def test_the_server_says_what_it_is(self, adapter: AgencyAdapter) -> None:
        reached = adapter.check()
        assert isinstance(reached, Reached)
        assert "Cheroot" in reached.words

    def test_over_tls_the_server_is_known_by_its_ca(
        self, options: Options, incoming: Path, tmp_path: Path
    ) -> None:
        known = identity(tmp_path)
        with dav_server(tmp_path, known.ca_file) as listening:
            changed = {**options, "url": f"https://127.0.0.1:{listening}/"}
            stranger = Adapter(changed, 20.0)
            assert isinstance(stranger.deliver(outgoing()), Retry)
            assert list(incoming.iterdir()) == []
            adapter = Adapter({**changed, "ca_file": str(known.ca_file)}, 20.0)
            assert isinstance(adapter.deliver(outgoing()), Delivered)
            stranger.close()
            adapter.close()


class Careless(Peer):
    """A WebDAV server in memory that knows neither ``If-None-Match`` nor ``Overwrite``.

    ``reply`` is what it answers to ``PUT`` and ``MOVE``; what was put is kept all the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}

    def respond(self, request: Request) -> bytes | None:
        path = unquote(request.target)
        if request.method == "PROPFIND":
            return answer(207, NOTHING)
        if request.method == "GET":
            found = self.files.get(path)
            return answer(404 if found is None else 200, found or b"", connection="close")
        if request.method in ("PUT", "MOVE"):
            reply = self.reply(request)
            if reply is not None and b" 20" in reply[:12]:
                self._keep(request, path)
            return reply
        self.files.pop(path, None)
        return answer(204)

    def _keep(self, request: Request, path: str) -> None:
        if request.method == "PUT":
            self.files[path] = request.body
        else:
            self.files[unquote(urlsplit(request.headers["destination"]).path)] = self.files.pop(path)


def one_delivery(peer: Peer, line: socket.socket) -> None:
    """Answers until a document is where it should be, and hangs up without a word."""
    with line.makefile("rb") as reader:
        while request := peers.read_request(reader):
            line.sendall(peer.respond(request) or b"")
            if request.method == "MOVE":
                return


class TestCarelessWebdav(NetworkConformance):
    adapter_class = Adapter
    large_bytes = 3_000_000
    crowd = 20
    secrets = (PASSWORD,)
    one_connection = {"connections": 1}  # noqa: RUF012

    @pytest.fixture
    def peer(self) -> Iterator[Careless]:
        made = Careless()
        yield made
        made.close()

    @pytest.fixture
    def options(self, peer: Careless, password: str) -> Options:
        url = f"http://127.0.0.1:{peer.port}/"
        return {"url": url, "user": USER, "password": password, "path": "đến"}

    def options_for(self, options: Options, url: str) -> Options:
        return {**options, "url": url}

    @pytest.fixture
    def held(self, peer: Careless) -> Held:
        def read() -> Mapping[str, str]:
            found = {}
            for path, content in peer.files.items():
                key = re.search(r"-([^-]*)\.(ed)?xml$", path)
                assert key, path
                found[key[1]] = hashlib.sha256(content).hexdigest()
            return found

        return read

    def test_a_redirect_is_not_followed(self, adapter: AgencyAdapter, peer: Careless) -> None:  # type: ignore[override]
        peer.reply = lambda request: answer(307, location=f"{peer.url}/elsewhere")
        assert isinstance(adapter.deliver(outgoing()), Retry)
        assert not any("elsewhere" in request.target for request in peer.requests)

    def test_a_refusal_before_the_whole_document_was_sent_is_heard(
        self, adapter: AgencyAdapter, peer: Peer
    ) -> None:
        peer.reply = lambda request: answer(200, connection="close")
        adapter.deliver(outgoing(key="0"))  # the folder is swept at the first one
        peer.talk = peers.refuses_early(answer(413, b"too large", connection="close"))
        assert adapter.deliver(outgoing(b"x" * self.large_bytes)) == Refused("http_413", "too large")

    def test_a_line_that_the_peer_gave_up_meanwhile_is_not_used(
        self, adapter: AgencyAdapter, peer: Peer
    ) -> None:
        peer.talk = one_delivery
        for document in many(3):
            assert isinstance(adapter.deliver(document), Delivered)
            time.sleep(0.05)

    @pytest.mark.parametrize("status", [409, 423, 507])
    def test_what_says_nothing_of_the_document_is_tried_again(
        self, adapter: AgencyAdapter, peer: Peer, status: int
    ) -> None:
        peer.reply = lambda request: answer(status, b"for now")
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert str(status) in outcome.reason

    def test_nothing_is_overwritten_there_either(self, adapter: AgencyAdapter, peer: Careless) -> None:
        adapter.deliver(outgoing())
        [path] = peer.files
        peer.files[path] = b"changed by somebody"
        assert isinstance(adapter.deliver(outgoing()), Retry)
        assert peer.files == {path: b"changed by somebody"}

    def test_what_was_half_written_is_taken_away(self, adapter: AgencyAdapter, peer: Careless) -> None:
        peer.reply = lambda request: answer(201 if request.method == "PUT" else 500)
        assert isinstance(adapter.deliver(outgoing()), Retry)
        assert peer.files == {}


@pytest.mark.parametrize("content", [b"", b"<html>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_is_no_listing_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_multistatus(content)


def test_a_listing_of_little_is_read() -> None:
    listing = """<D:multistatus xmlns:D="DAV:"><D:response>
        <D:href>http://a/b/c%C3%B4ng%20v%C4%83n.edxml</D:href>
        <D:propstat><D:prop><D:getcontentlength>nhiều</D:getcontentlength></D:prop>
            <D:status>HTTP/1.1 200 OK</D:status></D:propstat>
        <D:propstat><D:prop><D:getlastmodified>hôm qua</D:getlastmodified></D:prop>
            <D:status>HTTP/1.1 200 OK</D:status></D:propstat>
        <D:propstat><D:prop><D:getetag>x</D:getetag></D:prop>
            <D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>
        </D:response></D:multistatus>"""
    [found] = read_multistatus(listing.encode())
    assert (found.name, found.is_folder, found.size) == ("công văn.edxml", False, -1)
    assert (found.last_modified, found.etag) == ("hôm qua", "")
