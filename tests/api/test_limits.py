"""No single request may stop the API: tokens come before bodies, bodies have limits, work has its thread."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3
from sqlalchemy import text

from tests.api.test_http import Caller, code
from tests.client_broker import running
from tests.province import FINANCE, OFFICE

MANY = 4_000_000


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("limits")
    with running(folder, receivers_max=300, document_bytes_max=1_000_000) as site:
        http = urllib3.PoolManager(retries=False)
        yield Caller(site, http)
        http.clear()


def begin(call: Caller, path: str, secret: str = "wrong") -> bytes:
    """The answer to a request that announces a large body and sends none of it."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {MANY}\r\n\r\n"
    )
    return answer_to(call, head.encode())


def answer_to(call: Caller, *parts: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", call.site.port), timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        return connection.recv(65_536)


@pytest.mark.parametrize("path", ["/v1/inbox/lease", "/v1/inbox/x/acknowledge", "/v1/preflight"])
def test_without_a_token_no_byte_of_the_body_is_awaited(call: Caller, path: str) -> None:
    assert begin(call, path).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("path", ["/v1/inbox/lease", "/v1/inbox/x/release", "/v1/preflight", "/nothing"])
def test_a_body_that_is_announced_too_large_is_refused_at_once(call: Caller, path: str) -> None:
    assert begin(call, path, call.site.province.secrets[OFFICE]).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/v1/inbox/lease", "/v1/preflight"])
def test_a_body_that_says_no_length_is_taken_up_to_the_limit_only(call: Caller, path: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {call.site.province.secrets[OFFICE]}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    assert answer_to(call, head.encode(), *[chunk] * 17).startswith(b"HTTP/1.1 413")


def test_a_body_too_large_is_refused_as_a_problem_that_names_the_limit(call: Caller) -> None:
    body = {"receivers": [FINANCE], "bytes": 1, "attachment_types": ["x" * 1_000_001]}
    answer = call("POST", "/v1/preflight", body=body)
    assert code(answer) == "document_too_large"
    assert answer.json()["refusals"][0]["values"] == {"limit": 1_000_000}


def test_more_receivers_than_a_document_may_have_are_not_looked_up(call: Caller) -> None:
    begun = time.monotonic()
    answer = call("POST", "/v1/preflight", body={"receivers": [f"000.00.{n}.H45" for n in range(20_000)]})
    assert time.monotonic() - begun < 2
    assert answer.json()["would_go"] is False
    assert [each["code"] for each in answer.json()["refusals"]] == ["too_many_receivers"]


def test_while_a_preflight_is_worked_on_others_are_answered(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = threading.Event(), threading.Event()
    registry = call.site.broker.context.registry
    current = registry.current

    class Slow:
        """The snapshot, whose directory takes its time."""

        def __getattribute__(self, name: str) -> object:
            if name == "directory":
                entered.set()
                leave.wait(3)
            return getattr(current, name)

    monkeypatch.setattr(registry, "current", Slow())
    asking = threading.Thread(target=call, args=("POST", "/v1/preflight", OFFICE, {"receivers": [FINANCE]}))
    asking.start()
    try:
        assert entered.wait(10)
        begun = time.monotonic()
        assert call("GET", "/health/live", agency=None).status == 200
        assert time.monotonic() - begun < 2
    finally:
        leave.set()
        asking.join()


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_while_the_database_makes_one_message_wait_others_are_answered(
    tmp_path: Path, postgresql_url: str
) -> None:
    with running(tmp_path, database_url=postgresql_url) as site:
        http = urllib3.PoolManager(maxsize=4, retries=False)
        call = Caller(site, http)
        answers: list[urllib3.BaseHTTPResponse] = []
        status = site.province.status(FINANCE, OFFICE, "no such document", "03", at=datetime.now(UTC))
        # A refused one too: it is looked up whether these bytes were accepted before.
        bodies = [("/v1/status", FINANCE, status), ("/v1/documents", OFFICE, call.document("000.00.77.H45"))]
        posts = [
            threading.Thread(
                target=lambda path, agency, body: answers.append(call("POST", path, agency, body)), args=each
            )
            for each in bodies
        ]
        with site.broker.database.write() as connection:
            connection.execute(text("LOCK TABLE document IN ACCESS EXCLUSIVE MODE"))
            for post in posts:
                post.start()
            time.sleep(0.3)
            begun = time.monotonic()
            assert call("GET", "/health/live", agency=None).status == 200
            assert time.monotonic() - begun < 2
            assert not answers
        for post in posts:
            post.join()
        assert {code(answer) for answer in answers} == {"status_document_unknown", "receiver_unknown"}
        http.clear()


def test_preflights_are_counted_as_submissions_are(tmp_path: Path) -> None:
    with running(tmp_path, rate_per_minute=2) as site:
        http = urllib3.PoolManager(retries=False)
        call = Caller(site, http)
        answers = [call("POST", "/v1/preflight", body={"receivers": [FINANCE]}) for _ in range(4)]
        http.clear()
    assert code(answers[-1]) == "rate_exceeded"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
