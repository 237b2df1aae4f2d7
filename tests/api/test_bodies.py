"""Bodies have a time and share a budget: clients that are slow, or many, do not take the API from others."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from exchange.api.deadline import Disconnected, read_body
from exchange.core.refusal import Refused
from exchange.receiving import Receiving
from tests.client_broker import Running, running
from tests.processes import until
from tests.province import OFFICE

LIMIT = 1000
Message = dict[str, Any]


class Client:
    """What a client sends, each part after so many seconds; then it says nothing more."""

    def __init__(self, *parts: tuple[float, Message]) -> None:
        self._parts = iter(parts)

    async def __call__(self) -> Message:
        seconds, message = next(self._parts, (3600.0, {}))
        if seconds:
            await asyncio.sleep(seconds)
        return message


def part(body: bytes, seconds: float = 0.0, *, more: bool = True) -> tuple[float, Message]:
    return seconds, {"type": "http.request", "body": body, "more_body": more}


def read(client: Client, receiving: Receiving | None = None, **headers: str) -> bytes:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return asyncio.run(read_body(client, named, LIMIT, receiving or Receiving(10_000, 0.2)))


def refusal(client: Client, receiving: Receiving | None = None, **headers: str) -> str:
    with pytest.raises(Refused) as refused:
        read(client, receiving, **headers)
    return refused.value.refusals[0].code


@pytest.mark.parametrize(
    "parts",
    [
        [part(b"a"), part(b""), part(b"bc", more=False)],
        [part(b"ab", 0.02), part(b"c", 0.02, more=False)],
        [part(b"abc", 0.02, more=False)],
        [part(b"abc"), part(b"", 0.02, more=False)],
    ],
)
def test_a_body_in_parts_is_put_together_exactly(parts: list[tuple[float, Message]]) -> None:
    assert read(Client(*parts)) == b"abc"


@pytest.mark.parametrize(
    "parts",
    [[], [part(b"a")], [part(b"a", 0.05) for _ in range(100)], [part(b"a", 3.0, more=False)]],
    ids=["nothing", "a beginning", "drops", "too late"],
)
def test_a_body_that_is_not_complete_in_its_time_is_refused(parts: list[tuple[float, Message]]) -> None:
    begun = time.monotonic()
    assert refusal(Client(*parts)) == "body_too_slow"
    assert time.monotonic() - begun < 2


def test_a_body_is_taken_up_to_the_limit_and_not_a_byte_more() -> None:
    assert len(read(Client(part(b"x" * LIMIT, more=False)))) == LIMIT
    assert len(read(Client(part(b"x" * 600), part(b"x" * 400, more=False)))) == LIMIT
    assert refusal(Client(part(b"x" * (LIMIT + 1), more=False))) == "document_too_large"
    assert refusal(Client(part(b"x" * 600), part(b"x" * 401, more=False))) == "document_too_large"
    assert refusal(Client(), content_length=str(LIMIT + 1)) == "document_too_large"


@pytest.mark.parametrize("before", [[], [part(b"a")], [part(b"a", 0.02)]])
def test_a_client_that_goes_away_is_no_refusal(before: list[tuple[float, Message]]) -> None:
    for seconds in (0.0, 0.02):
        with pytest.raises(Disconnected):
            read(Client(*before, (seconds, {"type": "http.disconnect"})))


def test_bodies_on_their_way_share_a_budget_and_give_it_back_however_they_end() -> None:
    async def both() -> None:
        receiving = Receiving(1000, 0.2)
        slow = asyncio.create_task(read_body(Client(part(b"x" * 800)), {}, LIMIT, receiving))
        await asyncio.sleep(0.05)
        with pytest.raises(Refused) as refused:
            await read_body(Client(part(b"x" * 150), part(b"x" * 51)), {}, LIMIT, receiving)
        assert refused.value.refusals[0].code == "broker_busy"
        small = Client(part(b"x" * 100), part(b"x" * 100, more=False))
        assert len(await read_body(small, {}, LIMIT, receiving)) == 200
        with pytest.raises(Refused):
            await slow
        gone = Client(part(b"x" * 1000), (0.0, {"type": "http.disconnect"}))
        with pytest.raises(Disconnected):
            await read_body(gone, {}, LIMIT, receiving)
        assert receiving._bytes == 0

    asyncio.run(both())


# --- over a real socket ---


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("bodies")
    with running(folder, body_seconds=1.5, receiving_bytes_max=300_000, document_bytes_max=300_000) as site:
        yield site


@contextmanager
def posting(site: Running, path: str, announced: int) -> Iterator[socket.socket]:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {site.province.secrets[OFFICE]}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {announced}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        connection.sendall(head.encode())
        yield connection


@pytest.mark.parametrize("path", ["/v1/preflight", "/v1/inbox/lease", "/nothing"])
def test_a_client_that_stops_in_the_middle_is_told_so_and_hung_up_on(site: Running, path: str) -> None:
    with posting(site, path, 100) as connection:
        connection.sendall(b"{")
        answer = b""
        while received := connection.recv(65_536):
            answer += received
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"body_too_slow"' in answer


def test_a_crowd_of_slow_clients_is_refused_before_it_fills_the_memory(site: Running) -> None:
    receiving = site.broker.context.receiving
    with posting(site, "/v1/preflight", 280_000) as slow, posting(site, "/v1/preflight", 280_000) as second:
        slow.sendall(b" " * 250_000)
        until(lambda: receiving._bytes == 250_000, 5, "received")
        second.sendall(b" " * 100_000)
        assert second.recv(65_536).startswith(b"HTTP/1.1 503")
    until(lambda: receiving._bytes == 0, 5, "given back")
