"""The signed headers of a push: what the broker writes, the receiver can prove, and nobody can change."""

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.push import SIGNED, Push, PushInvalid, sign_headers, verify_headers

SECRET, OTHER = "a secret of thirty-two characters", "another secret of the same length"
BODY = "<edXML>Tờ trình</edXML>".encode()
NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
PUSH = Push(
    key="019a0000000070008000000000000001",
    kind="document",
    digest=hashlib.sha256(BODY).hexdigest(),
    sender="000.00.00.H45",
    receiver="H45.01",
    document_id="000.00.00.G22,2015/09/30,7816/VPCP-TTĐT",
    sent_at=NOW,
)


def test_a_receiver_in_another_language_can_follow_the_text() -> None:
    text = "\n".join(
        [
            "v1",
            "1795482123",
            "019a0000000070008000000000000001",
            PUSH.digest,
            "document",
            "000.00.00.H45",
            "H45.01",
            "000.00.00.G22,2015/09/30,7816/VPCP-TT%C4%90T",
            "application/edxml+xml",
        ]
    )
    mac = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    headers = sign_headers(PUSH, SECRET)
    assert headers["Exchange-Signature"] == f"v1={mac}"
    assert headers["Exchange-Document-Id"] == "000.00.00.G22,2015/09/30,7816/VPCP-TT%C4%90T"


def test_a_receipt_is_of_another_type() -> None:
    assert sign_headers(replace(PUSH, kind="receipt"), SECRET)["Content-Type"] == "application/xml"


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(key=text, sender=text, receiver=text, document_id=text)
def test_what_was_signed_reads_back_the_same_and_fits_in_headers(
    key: str, sender: str, receiver: str, document_id: str
) -> None:
    push = replace(PUSH, key=key, sender=sender, receiver=receiver, document_id=document_id)
    headers = sign_headers(push, SECRET)
    assert all(value.isascii() and (value.isprintable() or not value) for value in headers.values())
    assert verify_headers(headers, BODY, secrets=[SECRET], now=NOW) == push


def test_names_of_headers_may_come_in_any_case() -> None:
    headers = {name.upper(): value for name, value in sign_headers(PUSH, SECRET).items()}
    assert verify_headers(headers, BODY, secrets=[SECRET], now=NOW) == PUSH


def test_a_secret_can_be_replaced_while_both_are_held() -> None:
    assert verify_headers(sign_headers(PUSH, SECRET), BODY, secrets=[OTHER, SECRET], now=NOW) == PUSH


@pytest.mark.parametrize("secrets", [[OTHER], []])
def test_another_secret_proves_nothing(secrets: list[str]) -> None:
    with pytest.raises(PushInvalid, match="Exchange-Signature"):
        verify_headers(sign_headers(PUSH, SECRET), BODY, secrets=secrets, now=NOW)


@pytest.mark.parametrize("name", [*SIGNED, "Exchange-Signature"])
@pytest.mark.parametrize("change", [None, "", "x", "1795482124", "v1=", "đ", "v0=00"])
def test_no_header_can_be_changed_or_left_out(name: str, change: str | None) -> None:
    headers = sign_headers(PUSH, SECRET)
    if change is None:
        del headers[name]
    else:
        headers[name] = change
    with pytest.raises(PushInvalid):
        verify_headers(headers, BODY, secrets=[SECRET], now=NOW)


def test_values_cannot_be_moved_from_one_header_to_the_next() -> None:
    headers = sign_headers(PUSH, SECRET)
    sender, receiver = headers["Exchange-Sender"], headers["Exchange-Receiver"]
    headers |= {"Exchange-Sender": receiver, "Exchange-Receiver": sender}
    with pytest.raises(PushInvalid):
        verify_headers(headers, BODY, secrets=[SECRET], now=NOW)


def test_another_body_is_noticed() -> None:
    with pytest.raises(PushInvalid, match="Exchange-Digest"):
        verify_headers(sign_headers(PUSH, SECRET), BODY + b" ", secrets=[SECRET], now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_request_cannot_be_sent_again(seconds: int) -> None:
    with pytest.raises(PushInvalid, match="Exchange-Timestamp"):
        verify_headers(
            sign_headers(PUSH, SECRET), BODY, secrets=[SECRET], now=NOW + timedelta(seconds=seconds)
        )


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    verify_headers(sign_headers(PUSH, SECRET), BODY, secrets=[SECRET], now=NOW + timedelta(seconds=seconds))
