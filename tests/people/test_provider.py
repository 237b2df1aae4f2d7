"""A provider that is hostile, slow or away costs the exchange little, and gets nothing of it."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest
from authlib.oauth2.client import OAuth2Client
from joserfc.jwk import ECKey

from exchange.http_client import NoAnswer
from exchange.people.provider import NotProven, _Provider
from exchange.people.provider_calls import BYTES_MAX, ProviderSession

MEGABYTE = bytes(1_000_000)


@contextmanager
def provider(answer: Callable[[str, str], bytes | Iterable[bytes]]) -> Iterator[str]:
    """Its issuer; ``answer`` is called with the issuer and the path, and may come in parts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = answer(issuer, self.path)
            with suppress(ConnectionError):  # who asked has heard enough
                self.send_response(200)
                self.end_headers()
                for part in [body] if isinstance(body, bytes) else body:
                    self.wfile.write(part)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def metadata(issuer: str, **changes: object) -> bytes:
    named = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    return orjson.dumps({"issuer": issuer, **{each: f"{issuer}/{each}" for each in named}, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": ["http://127.0.0.1"]},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"filling": "x" * BYTES_MAX},
    ],
    ids=["script", "list", "file", "none", "long"],
)
def test_what_is_no_address_or_no_end_is_not_believed(changes: dict[str, object]) -> None:
    with provider(lambda issuer, _: metadata(issuer, **changes)) as issuer, pytest.raises(NotProven):
        _Provider(issuer).known()


def test_while_one_waits_for_the_provider_nobody_else_does() -> None:
    asked, go_on = threading.Event(), threading.Event()
    keys = orjson.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]})

    def slow(issuer: str, path: str) -> bytes:
        asked.set()
        go_on.wait(10)
        return metadata(issuer) if "well-known" in path else keys

    with provider(slow) as issuer:
        slowly = _Provider(issuer)
        first = threading.Thread(target=slowly.known)
        first.start()
        asked.wait(10)
        with pytest.raises(NotProven, match="somebody else"):
            slowly.known()
        go_on.set()
        first.join()
        assert slowly.known()[0]["issuer"] == issuer


def test_a_provider_that_was_away_is_not_asked_again_at_once() -> None:
    asked: list[str] = []

    def broken(_issuer: str, path: str) -> bytes:
        asked.append(path)
        return b"[]"

    with provider(broken) as issuer:
        away = _Provider(issuer)
        for _ in range(3):
            with pytest.raises(NotProven):
                away.known()
    assert len(asked) == 1


def fetch_keys(issuer: str, session: ProviderSession) -> None:
    session.get(f"{issuer}/jwks_uri")


def fetch_token(issuer: str, session: ProviderSession) -> None:
    client = OAuth2Client(session, client_id="exchange", client_secret="secret")
    client.fetch_token(f"{issuer}/token", code="code", grant_type="authorization_code")


BOTH = pytest.mark.parametrize("ask", [fetch_keys, fetch_token])


@BOTH
def test_a_provider_that_drips_is_left_when_the_time_is_over(
    ask: Callable[[str, ProviderSession], None],
) -> None:
    def drip() -> Iterator[bytes]:
        yield b"{"
        while not left.wait(0.02):
            yield b" "

    left = threading.Event()
    with provider(lambda *_: drip()) as issuer:
        begin = time.monotonic()
        with pytest.raises(NoAnswer, match=r"no answer within 0\.3 s"):
            ask(issuer, ProviderSession(timeout_seconds=0.3))
        left.set()
    assert time.monotonic() - begin < 5


@BOTH
def test_of_a_hundred_megabytes_no_more_than_the_bound_is_read(
    ask: Callable[[str, ProviderSession], None],
) -> None:
    sent: list[int] = []

    def pour() -> Iterator[bytes]:
        for number in range(100):
            yield MEGABYTE
            sent.append(number)

    with provider(lambda *_: pour()) as issuer, pytest.raises(NoAnswer, match="more than 1000000 bytes"):
        ask(issuer, ProviderSession())
    assert len(sent) < 20  # what lies in the sockets' buffers
