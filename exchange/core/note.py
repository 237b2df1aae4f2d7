"""Signed notes: a text and who signed it, as logs and witnesses exchange them (C2SP signed-note,
tlog-checkpoint, tlog-cosignature).

One text has one form: what is not written canonically is no note. A signature says nothing until
``verify`` or ``cosigned_at`` has checked it against a key that is trusted beforehand.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ED25519 = 0x01  # a signature over the text
COSIGNATURE = 0x04  # a witness's, over the time and the text
KEY_BYTES = 32
KEY_HASH_BYTES = 4
SIGNATURE_BYTES = 64
TIME_BYTES = 8
ROOT_BYTES = 32
NOTE_BYTES_MAX = 131_072  # 16 signatures of the longest kind, which a reader has to accept, and more
SIGNATURES_MAX = 100
NUMBER_MAX = 2**63 - 1  # of leaves and of seconds

_MARK = "\N{EM DASH} "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class NotANote(Exception):
    """A text that is not in the form of a note, a checkpoint or a key; the message says what is wrong."""


class BadSignature(Exception):
    """The key did not sign this note; the message says whether it is missing or wrong."""


def is_name(text: str) -> bool:
    """Whether a key may have this name: not empty, without space, plus or control character."""
    return bool(text) and not any(each.isspace() or each < " " or each == "+" for each in text)


def decoded(text: str) -> bytes:
    """The bytes of canonical base64; raises ``NotANote`` for any other way of writing them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotANote("not base64") from None
    if encoded(data) != text:
        raise NotANote("base64 in another form than the canonical one")
    return data


def encoded(data: bytes) -> str:
    """Base64 of RFC 4648 section 4."""
    return base64.b64encode(data).decode()


def number(text: str) -> int:
    """A size in decimal digits; raises ``NotANote`` for signs, leading zeros and more than 63 bits."""
    if not _DECIMAL.fullmatch(text) or int(text) > NUMBER_MAX:
        raise NotANote("a number must be decimal, without leading zeros, of at most 63 bits")
    return int(text)


@dataclass(frozen=True, slots=True)
class Vkey:
    """A public key under its name: what somebody trusts, in one line of text."""

    name: str
    algorithm: int
    """``ED25519`` or ``COSIGNATURE``."""
    key: bytes

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise NotANote("a key's name must not be empty nor have a space or plus")
        if self.algorithm not in (ED25519, COSIGNATURE):
            raise NotANote(f"keys of the kind {self.algorithm} are not supported")
        if len(self.key) != KEY_BYTES:
            raise NotANote(f"a key has {KEY_BYTES} bytes")

    @classmethod
    def parse(cls, text: str) -> "Vkey":
        """Read ``name+hash+key``; raises ``NotANote``, also where the hash is not that of the key."""
        parts = text.split("+", 2)  # base64 may have a plus; names and hashes have none
        if len(parts) != 3:
            raise NotANote("a key is written name+hash+key")
        name, written_hash, material = parts[0], parts[1], decoded(parts[2])
        if not material:
            raise NotANote("the key is missing")
        vkey = cls(name, material[0], material[1:])
        if vkey.key_hash.hex() != written_hash:
            raise NotANote("the hash in the key's text is not that of the key")
        return vkey

    @property
    def text(self) -> str:
        """As ``parse`` reads it."""
        return f"{self.name}+{self.key_hash.hex()}+{encoded(bytes([self.algorithm]) + self.key)}"

    @property
    def key_hash(self) -> bytes:
        """What signatures name the key by, beside its name."""
        material = f"{self.name}\n".encode() + bytes([self.algorithm]) + self.key
        return hashlib.sha256(material).digest()[:KEY_HASH_BYTES]


class NoteKey:
    """A private key under its name: signs notes as a log, or cosigns them as a witness."""

    def __init__(self, name: str, private_key: Ed25519PrivateKey) -> None:
        """Raise ``NotANote`` for what cannot be a name."""
        self._private_key = private_key
        public = private_key.public_key().public_bytes_raw()
        self.vkey = Vkey(name, ED25519, public)
        """Verifies what ``sign`` makes."""
        self.cosigner_vkey = Vkey(name, COSIGNATURE, public)
        """Verifies what ``cosign`` makes."""

    @classmethod
    def load(cls, name: str, private_key: bytes) -> "NoteKey":
        """From PEM without a password. ``ValueError`` or ``TypeError`` if it is no Ed25519 key."""
        key = load_pem_private_key(private_key, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the private key is not Ed25519")
        return cls(name, key)

    def sign(self, text: str) -> str:
        """The signature line of a log, with its newline. Raises ``NotANote`` for what no note may say."""
        check_text(text)
        return Signature.of(self.vkey, self._private_key.sign(text.encode())).line

    def cosign(self, text: str, at_seconds: int) -> str:
        """The line of a witness, with its newline: it saw this checkpoint, and none that contradicts it.

        Raises ``NotANote`` for what no note may say.
        """
        check_text(text)
        if not 0 < at_seconds <= NUMBER_MAX:
            raise NotANote("a cosignature must have a time")
        signed = self._private_key.sign(_cosigned(text, at_seconds))
        return Signature.of(self.cosigner_vkey, at_seconds.to_bytes(TIME_BYTES, "big") + signed).line


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note; nothing of it is checked but its form."""

    name: str
    key_hash: bytes
    content: bytes
    """The signature; a cosignature begins with its time."""

    @classmethod
    def of(cls, vkey: Vkey, content: bytes) -> "Signature":
        """What this key signed."""
        return cls(vkey.name, vkey.key_hash, content)

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """Read a line, given without its newline; raises ``NotANote``."""
        if not line.startswith(_MARK):
            raise NotANote("a signature line begins with an em dash and a space")
        name, _, content = line.removeprefix(_MARK).partition(" ")
        if not is_name(name):
            raise NotANote("a signature line names no key")
        data = decoded(content)
        if len(data) <= KEY_HASH_BYTES:
            raise NotANote("a signature line has no signature")
        return cls(name, data[:KEY_HASH_BYTES], data[KEY_HASH_BYTES:])

    @property
    def line(self) -> str:
        """As it stands in the note, with its newline."""
        return f"{_MARK}{self.name} {encoded(self.key_hash + self.content)}\n"

    @property
    def key(self) -> tuple[str, bytes]:
        """Name and hash: together they tell the key."""
        return self.name, self.key_hash


@dataclass(frozen=True)
class Note:
    """A text and the signatures below it, which are not checked yet."""

    text: str
    """With its last newline."""
    signatures: tuple[Signature, ...]

    @cached_property
    def encoded(self) -> str:
        """As ``read`` reads it."""
        return f"{self.text}\n{''.join(each.line for each in self.signatures)}"


def check_text(text: str) -> None:
    """Raise ``NotANote`` unless this may be the text of a note."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotANote("not Unicode") from None
    if not text.endswith("\n"):
        raise NotANote("the text must end with a newline")
    if _CONTROL.search(text):
        raise NotANote("control characters are not allowed")


def read(note: str) -> Note:
    """Take a note apart; raises ``NotANote``. No signature is checked."""
    if len(note) > NOTE_BYTES_MAX or len(note.encode(errors="replace")) > NOTE_BYTES_MAX:
        raise NotANote(f"a note has at most {NOTE_BYTES_MAX} bytes")
    check_text(note)
    end = note.rfind("\n\n")  # the last empty line: the text may have some of its own
    if end < 0:
        raise NotANote("no empty line between text and signatures")
    lines = note[end + 2 :].split("\n")[:-1]
    if not 0 < len(lines) <= SIGNATURES_MAX:
        raise NotANote(f"a note has 1 to {SIGNATURES_MAX} signatures")
    signatures = tuple(Signature.parse(line) for line in lines)
    if len({each.key for each in signatures}) != len(signatures):
        raise NotANote("two signatures by one key")
    return Note(note[: end + 1], signatures)


def verify(note: Note, vkey: Vkey) -> None:
    """Check that this key signed, or cosigned, the note; raises ``BadSignature``."""
    content = _signature(note, vkey).content
    if vkey.algorithm == COSIGNATURE:
        _cosigned_at(note.text, vkey, content)
    else:
        _check(vkey, content, note.text.encode())


def cosigned_at(note: Note, vkey: Vkey) -> int:
    """The second since 1970 at which this witness cosigned the note; raises ``BadSignature``."""
    if vkey.algorithm != COSIGNATURE:
        raise BadSignature(f"{vkey.name} is not the key of a witness")
    return _cosigned_at(note.text, vkey, _signature(note, vkey).content)


def _signature(note: Note, vkey: Vkey) -> Signature:
    key = vkey.name, vkey.key_hash
    found = next((each for each in note.signatures if each.key == key), None)
    if found is None:
        raise BadSignature(f"{vkey.name} has not signed this note")
    return found


def _cosigned_at(text: str, vkey: Vkey, content: bytes) -> int:
    at_seconds = int.from_bytes(content[:TIME_BYTES], "big")
    if len(content) != TIME_BYTES + SIGNATURE_BYTES or not 0 < at_seconds <= NUMBER_MAX:
        raise BadSignature(f"the cosignature by {vkey.name} has no time or another length")
    _check(vkey, content[TIME_BYTES:], _cosigned(text, at_seconds))
    return at_seconds


def _check(vkey: Vkey, signature: bytes, signed: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(vkey.key).verify(signature, signed)
    except (InvalidSignature, ValueError):  # ValueError: the key is no point of the curve
        raise BadSignature(f"the signature by {vkey.name} is wrong") from None


def _cosigned(text: str, at_seconds: int) -> bytes:
    """What a witness signs (C2SP tlog-cosignature, Ed25519 signed message)."""
    return f"cosignature/v1\ntime {at_seconds}\n{text}".encode()


def with_cosignatures(note: str, lines: Iterable[str]) -> str:
    """The note with these signature lines below its own, the first by each key.

    Raises ``NotANote`` if the note or a line is none.
    """
    bare = read(note)
    signatures = {each.key: each for each in bare.signatures}
    for line in lines:
        signature = Signature.parse(line.removesuffix("\n"))
        signatures.setdefault(signature.key, signature)
    return Note(bare.text, tuple(signatures.values())).encoded


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: so many leaves, under this root."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin or _CONTROL.search(self.origin):
            raise NotANote("a checkpoint's first line names the log")
        if not 0 <= self.size <= NUMBER_MAX:
            raise NotANote("a checkpoint's size must not be negative nor have more than 63 bits")
        if len(self.root) != ROOT_BYTES:
            raise NotANote(f"a root has {ROOT_BYTES} bytes")

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a note's text; raises ``NotANote``, also for extension lines: nobody could audit them."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise NotANote("a checkpoint has three lines: the log, its size, its root")
        return cls(lines[0], number(lines[1]), decoded(lines[2]))

    @property
    def text(self) -> str:
        """As the text of a note."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"
