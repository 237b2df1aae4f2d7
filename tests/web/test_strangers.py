"""Strangers at the door: what they send costs little, and breaks nothing."""

import pytest
from structlog.testing import capture_logs

from exchange.web.visitor import _network
from tests.web.browser import Site
from tests.web.requests import ask

BOUNDARY = "x"


def parts(*named: tuple[str, bytes]) -> bytes:
    """The body of a form with files, as a browser writes it."""
    body = b""
    for name, value in named:
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        body += value + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize("charset", ["utf-7", "undefined", "punycode", "idna", "no-such-thing"])
def test_a_form_in_another_encoding_than_pages_ask_for_is_answered(site: Site, charset: str) -> None:
    answer = ask(
        site,
        "POST",
        "/web/sign-in",
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}; charset={charset}"},
        cookies={"guest": "t"},
        body=parts(("csrf", b"t"), ("login", b"+2AA-"), ("password", b"p")),
    )
    assert answer.status == 422
    assert "<html" in answer.text


def test_a_form_that_breaks_off_is_answered_in_words_of_forms(site: Site) -> None:
    header = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = ask(site, "POST", "/web/sign-in", headers=header, cookies={"guest": "t"}, body=b"broken")
    assert answer.status == 400
    assert "JSON" not in answer.text


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix", "unix"),
    ],
    ids=["IPv4", "IPv6", "mapped", "none"],
)
def test_a_stranger_with_a_network_of_addresses_counts_as_one(address: str, counted: str) -> None:
    assert _network(address) == counted


def test_an_address_that_is_too_long_to_come_back_to_does_not_keep_anybody_out(site: Site) -> None:
    answer = ask(site, "GET", f"/web/documents?q={'a' * 3_000}")
    assert answer.headers["location"] == "/web/sign-in?next=%2Fweb%2F"


def test_no_log_tells_the_secret_of_a_link(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.web.pages.invitation._invited", lambda *_: 1 / 0)
    with capture_logs() as logs:
        assert ask(site, "GET", "/web/invitation/a-secret-of-tests-alone").status == 500
    [line] = [each for each in logs if each["event"] == "request_failed"]
    assert line["path"] == "/web/invitation"
