"""The client of agencies' software says what went wrong, and never a secret."""

import socket

import pytest

from exchange.http_client import HttpClient, NoAnswer

SECRET = "khóa-của-Sở"


@pytest.mark.parametrize("value", [f"Bearer {SECRET}\r\nX: y", f"Bearer {SECRET} ư"])
def test_a_secret_that_no_header_can_hold_is_told_without_it(value: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as peer:
        client = HttpClient(f"http://127.0.0.1:{peer.getsockname()[1]}/", secrets=[SECRET])
        with pytest.raises(NoAnswer, match="header") as caught:
            client.call("GET", headers={"Authorization": value}, timeout_seconds=5)
        client.close()
    assert SECRET not in repr(caught.value)
    assert caught.value.__context__ is None
