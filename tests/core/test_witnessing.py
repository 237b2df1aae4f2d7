"""What a witness is asked, and what it decides."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core import merkle, note, witnessing
from exchange.core.note import Checkpoint, NotANote, NoteKey, Signature
from exchange.core.witnessing import (
    Addition,
    Cosigner,
    Denied,
    Elsewhere,
    Inconsistent,
    check,
    examine,
    logs_of,
)
from tests.witness.made_log import ORIGIN, MadeLog

LOG = MadeLog()
LOGS = logs_of([LOG.key.vkey.text])
SIZES = st.integers(0, 40)


def denied(body: bytes, logs: witnessing.Logs = LOGS, last: Checkpoint | None = None) -> Denied:
    with pytest.raises(Denied) as caught:
        check(examine(body, logs), last)
    return caught.value


# --- the body ---


def test_the_published_request_is_read() -> None:
    text = (  # C2SP tlog-witness
        "old 20852014\n"
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
        "\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        "\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gG"
        "zGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    addition = Addition.parse(text)
    assert (addition.old_size, len(addition.proof), addition.text) == (20852014, 4, text)
    assert Checkpoint.parse(note.read(addition.note).text).size == 20852163


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_a_request_is_read_as_it_was_written(old_size: int, proof: list[bytes]) -> None:
    addition = Addition(old_size, tuple(proof), LOG.note(3))
    assert Addition.parse(addition.text) == addition


@given(st.text())
def test_any_other_text_is_refused_or_is_that_request(text: str) -> None:
    with suppress(NotANote):
        assert Addition.parse(text).text == text


HASH = note.encoded(b"\1" * 32)
NOTE = LOG.note(3)
EXTENDED = f"{LOG.checkpoint(3).text}extension\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"\n\n",
        NOTE.encode(),
        f"\n{NOTE}".encode(),
        f"old\n\n{NOTE}".encode(),
        f"old \n\n{NOTE}".encode(),
        f"old 01\n\n{NOTE}".encode(),
        f"old -1\n\n{NOTE}".encode(),
        f"old  1\n\n{NOTE}".encode(),
        f"old 1 \n\n{NOTE}".encode(),
        f"old {2**63}\n\n{NOTE}".encode(),
        f"Old 1\n\n{NOTE}".encode(),
        f"old 1\r\n\r\n{NOTE}".encode(),
        f"old 1\n{NOTE}".encode(),
        f"old 1\n{HASH}\n{NOTE}".encode(),
        f"old 1\n{HASH[:-1]}\n\n{NOTE}".encode(),
        f"old 1\n {HASH}\n\n{NOTE}".encode(),
        f"old 1\n{note.encoded(b'x' * 31)}\n\n{NOTE}".encode(),
        f"old 1\n{note.encoded(b'')}\n\n{NOTE}".encode(),
        f"old 1\n{chr(10).join([HASH] * 64)}\n\n{NOTE}".encode(),
        b"old 1\n\n",
        f"old 1\n\n{LOG.checkpoint(3).text}".encode(),
        f"old 1\n\n{NOTE}\n".encode(),
        f"old 1\n\n{NOTE}".encode()[:-1],
        f"old 1\n\n{NOTE}".encode("utf-16"),
        f"old 1\n\n{NOTE}".encode() + b"\xff\n",
        f"old 1\n\n{EXTENDED}\n{LOG.key.sign(EXTENDED)}".encode(),
        f"old 4\n\n{NOTE}".encode(),  # older than what it follows
    ],
)
def test_a_malformed_request_is_answered_400(body: bytes) -> None:
    assert denied(body).status == 400


# --- who ---


def test_a_log_that_is_not_known_is_answered_404() -> None:
    assert denied(MadeLog(origin="elsewhere.vn/ledger").addition(0, 3)).status == 404


def test_a_checkpoint_signed_by_another_key_is_answered_403() -> None:
    assert denied(MadeLog(seed=9).addition(0, 3)).status == 403


def test_a_checkpoint_under_a_wrong_signature_is_answered_403() -> None:
    text = LOG.checkpoint(3).text
    wrong = Signature.of(LOG.key.vkey, b"x" * 64).line
    assert denied(f"old 0\n\n{text}\n{wrong}".encode()).status == 403
    signature = LOG.note(4).partition("\n\n")[2]
    assert denied(f"old 0\n\n{text}\n{signature}".encode()).status == 403


def test_of_two_known_keys_of_a_log_one_is_enough_and_none_may_be_wrong() -> None:
    second = MadeLog(seed=2).key
    logs = logs_of([LOG.key.vkey.text, second.vkey.text])
    text = LOG.checkpoint(3).text
    for signatures in (LOG.key.sign(text), second.sign(text), LOG.key.sign(text) + second.sign(text)):
        check(examine(f"old 0\n\n{text}\n{signatures}".encode(), logs), None)
    mixed = LOG.key.sign(text) + Signature.of(second.vkey, b"x" * 64).line
    assert denied(f"old 0\n\n{text}\n{mixed}".encode(), logs).status == 403


def test_signatures_by_others_are_left_out_of_what_is_remembered() -> None:
    text = LOG.checkpoint(3).text
    other = NoteKey("other.vn", LOG.key._private_key)
    claim = examine(f"old 0\n\n{text}\n{other.cosign(text, 5)}{LOG.key.sign(text)}".encode(), LOGS)
    assert [each.name for each in claim.note.signatures] == [ORIGIN]


def test_the_key_of_a_witness_is_not_taken_for_that_of_a_log() -> None:
    with pytest.raises(NotANote, match="witness"):
        logs_of([LOG.key.cosigner_vkey.text])


# --- what it continues ---


@given(SIZES, SIZES)
def test_what_continues_the_last_checkpoint_is_cosigned(first: int, more: int) -> None:
    last = LOG.checkpoint(first) if first else None
    check(examine(LOG.addition(first, first + more), LOGS), last)


@given(SIZES, SIZES, SIZES)
def test_another_size_than_the_last_one_is_answered_409_and_told(old: int, more: int, size: int) -> None:
    answer = check_or_denied(LOG.addition(old, old + more), LOG.checkpoint(size))
    if old == size:
        assert answer is None
    else:
        assert isinstance(answer, Elsewhere)
        assert (answer.status, answer.size) == (409, size)


def check_or_denied(body: bytes, last: Checkpoint | None) -> Denied | None:
    try:
        check(examine(body, LOGS), last)
    except Denied as denied_:
        return denied_
    return None


@given(st.data(), st.integers(1, 40), st.integers(0, 40))
def test_a_history_that_was_rewritten_is_never_cosigned(data: st.DataObject, first: int, more: int) -> None:
    rewritten = MadeLog(fork_at=data.draw(st.integers(0, first - 1)), branch=" rewritten")
    answer = denied(rewritten.addition(first, first + more), last=LOG.checkpoint(first))
    assert isinstance(answer, Inconsistent)
    assert answer.status == 422
    assert answer.fork == (more == 0)


@given(st.integers(1, 40), st.integers(0, 40), st.data())
def test_a_wrong_proof_is_answered_422(first: int, more: int, data: st.DataObject) -> None:
    proof = LOG.proof(first, first + more)
    wrong = (*proof[:-1], b"\1" * 32) if proof and data.draw(st.booleans()) else (*proof, b"\1" * 32)
    body = Addition(first, wrong, LOG.note(first + more)).text.encode()
    answer = denied(body, last=LOG.checkpoint(first))
    assert isinstance(answer, Inconsistent)
    assert not answer.fork


def test_the_first_checkpoint_of_a_log_needs_no_proof_and_may_have_none() -> None:
    body = Addition(0, (b"\1" * 32,), LOG.note(3)).text.encode()
    assert denied(body).status == 422
    assert denied(body, last=LOG.checkpoint(0)).status == 422
    check(examine(LOG.addition(0, 3), LOGS), LOG.checkpoint(0))


def test_an_empty_tree_has_its_root() -> None:
    text = Checkpoint(ORIGIN, 0, b"\1" * 32).text
    assert denied(f"old 0\n\n{text}\n{LOG.key.sign(text)}".encode()).status == 422
    assert LOG.checkpoint(0).root == merkle.EMPTY_ROOT
    check(examine(LOG.addition(0, 0), LOGS), None)


def test_a_request_of_the_largest_kind_is_within_its_limit() -> None:
    addition = Addition(2**63 - 1, (b"\1" * 32,) * 63, "x" * note.NOTE_BYTES_MAX)
    assert len(addition.text.encode()) <= witnessing.REQUEST_BYTES_MAX


# --- where a witness is asked ---

COSIGNER = LOG.key.cosigner_vkey.text


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (f"{COSIGNER} http://127.0.0.1:8090", "http://127.0.0.1:8090"),
        (f"  {COSIGNER}   https://w.example.vn/prefix/  ", "https://w.example.vn/prefix"),
        (f"{COSIGNER} http://[::1]:8090/", "http://[::1]:8090"),
    ],
)
def test_a_witness_is_named_by_its_key_and_address(text: str, url: str) -> None:
    cosigner = Cosigner.parse(text)
    assert (cosigner.vkey, cosigner.url) == (LOG.key.cosigner_vkey, url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        COSIGNER,
        f"{COSIGNER} ",
        f"{COSIGNER} w.example.vn",
        f"{COSIGNER} ftp://w.example.vn",
        f"{COSIGNER} http://",
        f"{COSIGNER} http://w:x",
        f"{COSIGNER} http://a b",
        f"{COSIGNER} http://user@w",
        f"{COSIGNER} http://w?a",
        f"{COSIGNER} http://{'a' * 64}.vn",
        f"{LOG.key.vkey.text} http://w",
        f"http://w {COSIGNER}",
    ],
)
def test_what_cannot_be_asked_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        Cosigner.parse(text)
