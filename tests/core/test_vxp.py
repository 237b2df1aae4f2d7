"""The dialect of the axis' library: header signature, digests without zeros, milliseconds after the plus."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from exchange.core.vxp import Fault, hash_file, read_call, read_timestamp

TEXT = (
    '{"XroadVnpt-systemid":"H45.TEST","XroadVnpt-docId":"old","XroadVnpt-docid":"new",'
    '"XroadVnpt-timestamp":"24112026T103000+0007","XroadVnpt-Content-Type":"application/json"}'
)
# printf %s "$TEXT" | openssl dgst -sha256 -hmac test-key
MARK = "ddd36fe563c2b4c60bf6715a09c419d4081ec9b42165a38d06b85befd3e9e660"
HEADERS = [
    (b"xroadvnpt-systemid", b"H45.TEST"),
    (b"xroadvnpt-docid", b"old"),  # servers write all names in lower case
    (b"xroadvnpt-docid", b"new"),
    (b"xroadvnpt-timestamp", b"24112026T103000+0007"),
    (b"xroadvnpt-content-type", b"application/json"),
    (b"xroadvnpt-sign-header-key", b"systemid;docId;docid;timestamp;Content-Type"),
    (b"xroadvnpt-sign-header", TEXT.encode()),
    (b"xroadvnpt-hash-header", MARK.encode()),
]
AT = datetime(2026, 11, 24, 3, 30, 0, 7_000, tzinfo=UTC)


def test_a_call_is_verified_on_the_text_that_was_signed_and_keeps_both_spellings_apart() -> None:
    call = read_call(HEADERS)
    assert call.signed_by("test-key")
    assert not call.signed_by("test-kez")
    assert (call.system, call.values["docId"], call.values["docid"]) == ("H45.TEST", "old", "new")


def test_what_follows_the_plus_are_milliseconds_in_vietnam() -> None:
    assert read_timestamp("24112026T103000+0007") == AT
    call = read_call(HEADERS)
    assert call.is_recent(AT + timedelta(seconds=300), 300)
    assert call.is_recent(AT - timedelta(seconds=300), 300)
    assert not call.is_recent(AT + timedelta(seconds=300.1), 300)


@pytest.mark.parametrize("text", ["", "24112026T103000", "24112026T103000+", "24112026T103000+07x", "x+1"])
def test_other_timestamps_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a timestamp|time data"):
        read_timestamp(text)


def test_a_digest_is_taken_with_and_without_the_zeros_that_the_library_drops() -> None:
    content = next(
        each for each in (b"%d" % n for n in range(99)) if b"\x0c" in hashlib.sha256(each).digest()
    )
    digest = hashlib.sha256(content).digest()
    assert len(hash_file(digest)) < 64
    for said in (hash_file(digest), digest.hex(), digest.hex().upper()):
        text = f'{{"XroadVnpt-hash-file":"{said}"}}'
        call = read_call(
            [
                (b"xroadvnpt-hash-file", said.encode()),
                (b"xroadvnpt-sign-header-key", b"hash-file"),
                (b"xroadvnpt-sign-header", text.encode()),
                (b"xroadvnpt-hash-header", b"0"),
            ]
        )
        assert call.covers(content)
        assert not call.covers(content + b" ")


def accepted(headers: list[tuple[bytes, bytes]]) -> bool:
    try:
        return read_call(headers).signed_by("test-key")
    except Fault:
        return False


@pytest.mark.parametrize("place", range(len(HEADERS)))
def test_no_header_that_was_signed_can_be_left_out_or_exchanged(place: int) -> None:
    before, (name, _), after = HEADERS[:place], HEADERS[place], HEADERS[place + 1 :]
    assert accepted(HEADERS)
    assert not accepted([*before, *after])
    assert not accepted([*before, (name, b"{}"), *after])
