"""A provider that is hostile, slow or away costs the exchange little, and gets nothing of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest
from joserfc.jwk import ECKey

from exchange.people.provider import BYTES_MAX, NotProven, _Provider


@contextmanager
def provider(answer: Callable[[str, str], bytes]) -> Iterator[str]:
    """Its issuer; ``answer`` is called with the issuer and the path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer(issuer, self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

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
