"""Signed notes: published examples, round trips, and every way in which a note is not one."""

import base64
import hashlib
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange.core import note
from exchange.core.note import BadSignature, Checkpoint, NotANote, Note, NoteKey, Signature, Vkey

KEY = NoteKey("bac-ninh.vn/ledger", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
WITNESS = NoteKey("thanh-tra.vn/witness", Ed25519PrivateKey.from_private_bytes(b"\2" * 32))
TEXT = Checkpoint(KEY.vkey.name, 7, b"\3" * 32).text
SIGNED = f"{TEXT}\n{KEY.sign(TEXT)}"
COSIGNED = SIGNED + WITNESS.cosign(TEXT, 1_800_000_000)

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=80).map(
    lambda text: text + "\n"
)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1).filter(
    lambda name: "+" not in name
)
KEYS = st.builds(
    NoteKey, NAMES, st.binary(min_size=32, max_size=32).map(Ed25519PrivateKey.from_private_bytes)
)


# --- published examples ---


@pytest.mark.parametrize(
    ("vkey", "signed"),
    [
        (  # Go, golang.org/x/mod/sumdb/note
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "If you think cryptography is the answer to your problem,\n"
            "then you don't know what your problem is.\n"
            "\n"
            "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6K"
            "E6RyyBwJnAM=\n",
        ),
        (  # C2SP signed-note
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "This is an example message.\n"
            "\n"
            "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHj"
            "G1Yu72IneyaQM=\n",
        ),
    ],
)
def test_a_published_note_verifies(vkey: str, signed: str) -> None:
    key, read = Vkey.parse(vkey), note.read(signed)
    note.verify(read, key)
    assert key.text == vkey
    assert read.encoded == signed


def test_a_published_checkpoint_is_read() -> None:
    read = note.read(
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        "\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gG"
        "zGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin"
        "1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    found = Checkpoint.parse(read.text)
    assert (found.origin, found.size, found.root[:2].hex()) == (
        "example.com/behind-the-sofa",
        20852163,
        "0ac5",
    )
    assert found.text == read.text
    assert [each.name for each in read.signatures] == [
        "example.com/behind-the-sofa",
        "witness.example.com/w1",
    ]
    assert int.from_bytes(read.signatures[1].content[:8], "big") == 1679315147


# --- round trips ---


@given(KEYS, TEXTS)
def test_what_was_signed_is_read_and_verifies(key: NoteKey, text: str) -> None:
    signed = f"{text}\n{key.sign(text)}"
    read = note.read(signed)
    assert read.text == text
    assert read.encoded == signed
    note.verify(read, key.vkey)
    assert Vkey.parse(key.vkey.text) == key.vkey


@given(KEYS, TEXTS, st.integers(1, 2**63 - 1))
def test_what_was_cosigned_tells_its_time(key: NoteKey, text: str, at_seconds: int) -> None:
    read = note.read(f"{text}\n{key.cosign(text, at_seconds)}")
    assert note.cosigned_at(read, key.cosigner_vkey) == at_seconds
    note.verify(read, key.cosigner_vkey)
    assert Vkey.parse(key.cosigner_vkey.text) == key.cosigner_vkey


@given(NAMES, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    assert Checkpoint.parse(checkpoint.text) == checkpoint


_PEM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_key_is_loaded_from_its_file() -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(*_PEM)
    assert NoteKey.load("a", pem).vkey == NoteKey("a", private).vkey
    with pytest.raises(ValueError):
        NoteKey.load("a", b"nothing")


def test_a_key_of_another_kind_is_not_loaded() -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        NoteKey.load("a", X25519PrivateKey.generate().private_bytes(*_PEM))


# --- who did not sign ---


def verify_both(text: str) -> None:
    read = note.read(text)
    note.verify(read, KEY.vkey)
    note.cosigned_at(read, WITNESS.cosigner_vkey)


@given(st.data())
def test_a_note_with_a_bit_changed_does_not_verify(data: st.DataObject) -> None:
    changed = bytearray(COSIGNED.encode())
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises((NotANote, BadSignature)):
        verify_both(changed.decode(errors="surrogateescape"))


@given(st.data(), st.sampled_from([0, 1]))
def test_a_signature_with_a_bit_changed_is_wrong_or_by_nobody_known(data: st.DataObject, place: int) -> None:
    read = note.read(COSIGNED)
    signature = read.signatures[place]
    content = bytearray(signature.key_hash + signature.content)
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    changed = [*read.signatures]
    changed[place] = Signature(signature.name, bytes(content[:4]), bytes(content[4:]))
    with pytest.raises(BadSignature):
        note.verify(Note(read.text, tuple(changed)), (KEY.vkey, WITNESS.cosigner_vkey)[place])


def test_a_key_that_did_not_sign_is_said_to_be_missing() -> None:
    with pytest.raises(BadSignature, match="has not signed"):
        note.verify(note.read(SIGNED), WITNESS.cosigner_vkey)
    with pytest.raises(BadSignature, match="has not signed"):
        note.verify(note.read(SIGNED), KEY.cosigner_vkey)
    with pytest.raises(BadSignature, match="not the key of a witness"):
        note.cosigned_at(note.read(SIGNED), KEY.vkey)


def test_a_cosignature_does_not_pass_for_a_signature_of_the_same_key() -> None:
    cosignature = Signature.parse(KEY.cosign(TEXT, 5).rstrip("\n"))
    read = Note(TEXT, (Signature.of(KEY.vkey, cosignature.content[8:]),))
    with pytest.raises(BadSignature, match="wrong"):
        note.verify(read, KEY.vkey)
    signature = Signature.parse(KEY.sign(TEXT).rstrip("\n"))
    read = Note(TEXT, (Signature.of(KEY.cosigner_vkey, cosignature.content[:8] + signature.content),))
    with pytest.raises(BadSignature, match="wrong"):
        note.cosigned_at(read, KEY.cosigner_vkey)


@pytest.mark.parametrize("length", [1, 7, 8, 63, 65, 71, 73])
def test_a_signature_of_another_length_is_wrong(length: int) -> None:
    for vkey in (KEY.vkey, KEY.cosigner_vkey):
        with pytest.raises(BadSignature):
            note.verify(Note(TEXT, (Signature.of(vkey, b"\1" * length),)), vkey)


@pytest.mark.parametrize("at_seconds", [0, 2**63])
def test_a_cosignature_has_a_time(at_seconds: int) -> None:
    with pytest.raises(NotANote):
        WITNESS.cosign(TEXT, at_seconds)
    content = at_seconds.to_bytes(8, "big") + b"\1" * 64
    with pytest.raises(BadSignature, match="no time"):
        note.cosigned_at(Note(TEXT, (Signature.of(KEY.cosigner_vkey, content),)), KEY.cosigner_vkey)


def test_signatures_of_unknown_keys_and_kinds_do_not_disturb() -> None:
    read = note.read(f"{SIGNED}{Signature('unknown.vn', b'abcd', b'x' * 2428).line}{KEY.cosign(TEXT, 9)}")
    note.verify(read, KEY.vkey)


# --- what is no note ---

LINE = KEY.sign(TEXT)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        LINE,
        f"\n{LINE}",
        f"{TEXT}{LINE}",  # no empty line
        f"{TEXT}\n",  # no signature
        f"{TEXT}\n{LINE}".rstrip("\n"),
        f"{TEXT}\n{LINE}\n",
        f"{TEXT}\n{LINE}{LINE}",
        f"{TEXT}\n{LINE}{Signature.of(KEY.vkey, b'x' * 64).line}",
        f"{TEXT}\r\n{LINE}",
        f"{TEXT}\n{LINE}".replace("\n", "\r\n"),
        f"tab\t{TEXT}\n{LINE}",
        f"null\0{TEXT}\n{LINE}",
        f"surrogate\ud800{TEXT}\n{LINE}",
        f"{TEXT}\n{LINE}".replace("—", "-"),
        f"{TEXT}\n{LINE}".replace("—", "–"),
        f"{TEXT}\n{LINE}".replace("— ", "—"),
        f"{TEXT}\n{LINE}".replace("— ", "—  "),
        f"{TEXT}\n{LINE}".replace("— ", "—\xa0"),
        f"{TEXT}\n {LINE}",
        f"{TEXT}\n{LINE}".replace("bac-ninh.vn/ledger ", "bac-ninh.vn/ledger  "),
        f"{TEXT}\n— bac+ninh {LINE.rsplit(' ')[-1]}",
        f"{TEXT}\n— bac ninh {LINE.rsplit(' ')[-1]}",
        f"{TEXT}\n— bac\u3000ninh {LINE.rsplit(' ')[-1]}",
        f"{TEXT}\n— bac\x85ninh {LINE.rsplit(' ')[-1]}",
        f"{TEXT}\n—  {LINE.rsplit(' ')[-1]}",
        f"{TEXT}\n— name",
        f"{TEXT}\n— name \n",
        f"{TEXT}\n— name AAAAAA==\n",  # the hash alone
        f"{TEXT}\n— name AAAAAAA\n",  # no padding
        f"{TEXT}\n— name AAAAAAE=\n ",
        f"{TEXT}\n— name AAAAAAF=\n",  # bits that are thrown away
        f"{TEXT}\n— name AAAA-AE=\n",
        f"{TEXT}\n— name AAAA AAE=\n",
        f"{TEXT}\n— name AAAAAAE=AAAA\n",
        f"{TEXT}\n— name AAAAÀAE=\n",
        f"{TEXT}\n{''.join(Signature(str(number), b'hash', b'x').line for number in range(101))}",
        f"{'x' * note.NOTE_BYTES_MAX}\n\n{LINE}",
        f"{'ế' * (note.NOTE_BYTES_MAX // 2)}\n\n{LINE}",
    ],
)
def test_what_is_not_in_the_form_of_a_note_is_refused(broken: str) -> None:
    with pytest.raises(NotANote):
        note.read(broken)


@given(st.text())
def test_any_other_text_is_refused_or_reads_as_itself(text: str) -> None:
    with suppress(NotANote):
        assert note.read(text).encoded == text


def test_the_text_may_have_empty_lines_and_look_like_a_note() -> None:
    read = note.read(f"{SIGNED}\n{WITNESS.sign(SIGNED)}")
    assert read.text == SIGNED
    note.verify(read, WITNESS.vkey)


def test_sixteen_long_signatures_are_read() -> None:
    lines = [Signature(f"w{number}", b"hash", b"x" * 5000).line for number in range(16)]
    assert len(note.read(f"{TEXT}\n{''.join(lines)}").signatures) == 16


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "\x1f\n", "\ud800\n"])
def test_what_no_note_may_say_is_not_signed(text: str) -> None:
    with pytest.raises(NotANote):
        KEY.sign(text)
    with pytest.raises(NotANote):
        KEY.cosign(text, 5)


# --- keys ---

MATERIAL = KEY.vkey.text.split("+", 2)[2]
HASH = KEY.vkey.key_hash.hex()


def vkey_text(algorithm: int, key: bytes) -> str:
    """As it would be written, whatever it is."""
    digest = hashlib.sha256(b"name\n" + bytes([algorithm]) + key).hexdigest()[:8]
    return f"name+{digest}+{base64.b64encode(bytes([algorithm]) + key).decode()}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        f"{KEY.vkey.name}+{HASH}",
        f"{KEY.vkey.name}+{HASH}+",
        f"{KEY.vkey.name}+{HASH}+{MATERIAL}=",
        f"{KEY.vkey.name}+{HASH}+{MATERIAL} ",
        f"{KEY.vkey.name}+{HASH}+{MATERIAL}\n",
        f" {KEY.vkey.name}+{HASH}+{MATERIAL}",
        f"{KEY.vkey.name}+{HASH.upper()}+{MATERIAL}",
        f"{KEY.vkey.name}+00000000+{MATERIAL}",
        f"{KEY.vkey.name}+0{HASH}+{MATERIAL}",
        f"other+{HASH}+{MATERIAL}",
        f"+{HASH}+{MATERIAL}",
        f"a+b+{HASH}+{MATERIAL}",
        vkey_text(2, b"k" * 32),
        vkey_text(6, b"k" * 1312),
        vkey_text(1, b"k" * 31),
        vkey_text(1, b"k" * 33),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        Vkey.parse(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\xa0b", "a\u2028b", "\x00"])
def test_a_name_has_no_space_nor_plus(name: str) -> None:
    with pytest.raises(NotANote):
        NoteKey(name, Ed25519PrivateKey.generate())


@given(st.data())
def test_a_key_with_a_character_changed_is_refused(data: st.DataObject) -> None:
    text = KEY.vkey.text
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("abcXYZ019+/=. \n"))
    assume(other != text[at])
    with pytest.raises(NotANote):
        Vkey.parse(text[:at] + other + text[at + 1 :])


# --- checkpoints ---

ROOT = note.encoded(b"\3" * 32)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n7\n",
        f"log\n7\n{ROOT}",
        f"log\n7\n{ROOT}\nextension\n",
        f"log\n7\n{ROOT}\n\n",
        f"\n7\n{ROOT}\n",
        f"log\n07\n{ROOT}\n",
        f"log\n-7\n{ROOT}\n",
        f"log\n+7\n{ROOT}\n",
        f"log\n 7\n{ROOT}\n",
        f"log\n7.0\n{ROOT}\n",
        f"log\n٧\n{ROOT}\n",
        f"log\n\n{ROOT}\n",
        f"log\n{2**63}\n{ROOT}\n",
        f"log\n7\n{ROOT.rstrip('=')}\n",
        f"log\n7\n{ROOT[:-2]}N=\n",
        f"log\n7\n{note.encoded(b'x' * 31)}\n",
        f"log\n7\n{note.encoded(b'x' * 33)}\n",
        f"log\n7\n{'03' * 32}\n",
        f"lo\tg\n7\n{ROOT}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        Checkpoint.parse(text)


# --- cosignatures are added ---


def test_cosignatures_are_added_once_and_verify() -> None:
    line = WITNESS.cosign(TEXT, 5)
    whole = note.with_cosignatures(SIGNED, [line, WITNESS.cosign(TEXT, 6), line.rstrip("\n"), LINE])
    assert whole == SIGNED + line
    assert note.cosigned_at(note.read(whole), WITNESS.cosigner_vkey) == 5
    assert note.with_cosignatures(SIGNED, []) == SIGNED


@pytest.mark.parametrize("line", ["", "\n", f"{LINE}{LINE}", LINE.replace("—", "-")])
def test_what_is_no_signature_line_is_not_added(line: str) -> None:
    with pytest.raises(NotANote):
        note.with_cosignatures(SIGNED, [line])
