"""Leaves: one canonical form, and nothing is told that is only committed to."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.leaf import (
    Leaf,
    NotALeaf,
    NotCommitted,
    canonical,
    check_details,
    commitment,
    decode,
    encode,
)
from exchange.ledger import values

SALT = bytes(range(16))
DETAILS: dict[str, object] = {
    "agency": "000.00.01.H45",
    "document_id": "1" * 32,
    "body": {"receiver": "000.00.05.H45", "signed": True},
}
LEAF = Leaf(
    at=datetime(2026, 11, 24, 3, 0, 0, 120, tzinfo=UTC),
    event="accepted",
    exchange="2" * 32,
    exchange_class="electronic",
    document="ab" * 32,
    details=commitment(SALT, DETAILS),
)
WRITTEN = encode(LEAF)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.builds(
        Leaf,
        at=st.datetimes(timezones=st.just(UTC)),
        event=st.text(min_size=1),
        exchange=st.text(),
        exchange_class=st.text(),
        document=DIGESTS,
        details=DIGESTS,
    )
)
def test_a_leaf_is_canonical_json_and_read_as_it_was_written(leaf: Leaf) -> None:
    written = encode(leaf)
    assert canonical(json.loads(written)) == written
    assert decode(written) == leaf


def test_a_leaf_is_written_in_utc_wherever_its_time_was_taken() -> None:
    hanoi = timezone(timedelta(hours=7))
    there = Leaf(
        at=LEAF.at.astimezone(hanoi),
        event=LEAF.event,
        exchange=LEAF.exchange,
        exchange_class=LEAF.exchange_class,
        document=LEAF.document,
        details=LEAF.details,
    )
    assert encode(there) == WRITTEN
    assert b'"at":"2026-11-24T03:00:00.000120Z"' in WRITTEN


def replaced(old: bytes, new: bytes) -> bytes:
    assert WRITTEN.count(old) == 1
    return WRITTEN.replace(old, new)


OTHER_FORMS = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "cut off": WRITTEN[:-1],
    "followed by a newline": WRITTEN + b"\n",
    "with a blank": replaced(b'"v":1', b'"v": 1'),
    "keys in another order": b'{"v":1,' + replaced(b',"v":1', b"")[1:],
    "a key twice": replaced(b'"v":1', b'"v":1,"v":1'),
    "a key more": replaced(b'"v":1', b'"v":1,"w":""'),
    "a key less": replaced(b',"v":1', b""),
    "another version": replaced(b'"v":1', b'"v":2'),
    "true for 1": replaced(b'"v":1', b'"v":true'),
    "1.0 for 1": replaced(b'"v":1', b'"v":1.0'),
    "no text": replaced(b'"event":"accepted"', b'"event":1'),
    "null": replaced(b'"event":"accepted"', b'"event":null'),
    "no event": replaced(b'"accepted"', b'""'),
    "escaped": replaced(b"accepted", b"\\u0061ccepted"),
    "half a surrogate": replaced(b"accepted", b"\\ud800"),
    "not UTF-8": replaced(b"accepted", b"\xff"),
    "with a byte order mark": b"\xef\xbb\xbf" + WRITTEN,
    "UTF-16": WRITTEN.decode().encode("utf-16-le"),
    "a digest in capitals": replaced(b"ab" * 32, b"AB" * 32),
    "a digest too short": replaced(b"ab" * 32, b"ab" * 31),
    "no fraction": replaced(b"03:00:00.000120Z", b"03:00:00Z"),
    "milliseconds": replaced(b"03:00:00.000120Z", b"03:00:00.000Z"),
    "an offset": replaced(b"03:00:00.000120Z", b"10:00:00.000120+07:00"),
    "no zone": replaced(b"03:00:00.000120Z", b"03:00:00.000120"),
    "no time": replaced(b"2026-11-24T03:00:00.000120Z", b"today"),
    "a time before all times": replaced(b"2026-11-24T03:00:00.000120Z", b"0001-01-01T00:00:00.000000+07:00"),
    "nested too deeply": b"[" * 100_000,
}


@pytest.mark.parametrize("content", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_any_other_form_is_no_leaf(content: bytes) -> None:
    with pytest.raises(NotALeaf):
        decode(content)


def test_whoever_was_given_salt_and_details_can_check_them() -> None:
    check_details(LEAF, SALT, DETAILS)


@pytest.mark.parametrize(
    ("salt", "details"),
    [
        (bytes(range(1, 17)), DETAILS),
        (SALT[:15], DETAILS),
        (b"", DETAILS),
        (SALT, {}),
        (SALT, {**DETAILS, "agency": "000.00.02.H45"}),
        (SALT, {**DETAILS, "body": {}}),
        (SALT, {**DETAILS, "more": ""}),
    ],
)
def test_other_salt_or_details_are_not_those_that_were_entered(
    salt: bytes, details: dict[str, object]
) -> None:
    with pytest.raises(NotCommitted):
        check_details(LEAF, salt, details)


@given(JSON)
def test_the_ledger_and_its_auditors_write_json_in_one_form(value: object) -> None:
    assert canonical(value).decode() == values.canonical(value)
