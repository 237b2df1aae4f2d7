"""Witnessing: what a log asks of a witness, and how a witness decides (C2SP tlog-witness).

A witness signs a checkpoint only if every checkpoint that it signed before is its beginning. So a log
that tells two histories, or rewrites one, does not get both of them signed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from exchange.core import merkle, note
from exchange.core.note import COSIGNATURE, ED25519, BadSignature, Checkpoint, NotANote, Note, Vkey

PROOF_MAX = 63
REQUEST_BYTES_MAX = note.NOTE_BYTES_MAX + 4096  # beside the note: 63 hashes of 45 bytes and a number
SIZE_TYPE = "text/x.tlog.size"

# The keys under which each log, named by its origin, may sign.
Logs = Mapping[str, tuple[Vkey, ...]]


@dataclass(frozen=True, slots=True)
class Addition:
    """The body of ``add-checkpoint``: this checkpoint follows that of ``old_size``, which proves it."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    @property
    def text(self) -> str:
        """As ``parse`` reads it."""
        lines = [f"old {self.old_size}", *(note.encoded(each) for each in self.proof)]
        return "".join(f"{line}\n" for line in lines) + f"\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> "Addition":
        """Read a body; raises ``NotANote``. The note in it is not read yet."""
        head, _, signed = text.partition("\n\n")
        first, *rest = head.split("\n")
        if not first.startswith("old "):
            raise NotANote("the first line must be: old <size>")
        if len(rest) > PROOF_MAX:
            raise NotANote(f"a proof has at most {PROOF_MAX} lines")
        proof = tuple(note.decoded(line) for line in rest)
        if any(len(each) != merkle.HASH_BYTES for each in proof):
            raise NotANote("a line of a proof is one hash")
        return cls(note.number(first.removeprefix("old ")), proof, signed)


class Denied(Exception):
    """A checkpoint that is not cosigned: the HTTP status that says so, and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Elsewhere(Denied):
    """The log thinks that the witness stands at another size than it does."""

    def __init__(self, size: int) -> None:
        super().__init__(409, f"the last checkpoint that was cosigned has the size {size}")
        self.size = size


class Inconsistent(Denied):
    """The log does not prove that this checkpoint continues what was cosigned."""

    def __init__(self, reason: str, *, fork: bool) -> None:
        super().__init__(422, reason)
        self.fork = fork
        """Two signed trees of one size differ. Else it may be that only the proof is wrong: anybody can
        send a checkpoint that is published together with a proof that proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a known log says, signed by it."""

    addition: Addition
    checkpoint: Checkpoint
    note: Note
    """With the signatures of the log alone."""


def examine(body: bytes, logs: Logs) -> Claim:
    """Who says what; raises ``Denied``: 400 malformed, 404 for an unknown log, 403 for its signature."""
    try:
        addition = Addition.parse(body.decode())
        signed = note.read(addition.note)
        checkpoint = Checkpoint.parse(signed.text)
    except UnicodeDecodeError:
        raise Denied(400, "not UTF-8") from None
    except NotANote as error:
        raise Denied(400, str(error)) from None
    if checkpoint.origin not in logs:
        raise Denied(404, "this log is not known here")
    return Claim(addition=addition, checkpoint=checkpoint, note=_by_the_log(signed, logs[checkpoint.origin]))


def _by_the_log(signed: Note, vkeys: tuple[Vkey, ...]) -> Note:
    """The note with the signatures of these keys alone, of which every one must be right."""
    known = {(each.name, each.key_hash): each for each in vkeys}
    signatures = tuple(each for each in signed.signatures if each.key in known)
    if not signatures:
        raise Denied(403, "the checkpoint is not signed by a key of this log that is known here")
    try:
        for each in signatures:
            note.verify(signed, known[each.key])
    except BadSignature as error:
        raise Denied(403, str(error)) from None
    return Note(signed.text, signatures)


def check(claim: Claim, last: Checkpoint | None) -> None:
    """Whether the claim continues ``last``, the checkpoint that was cosigned last, if any.

    Raises ``Denied`` (400), ``Elsewhere`` or ``Inconsistent``.
    """
    old_size, proof, new = claim.addition.old_size, claim.addition.proof, claim.checkpoint
    size = last.size if last else 0
    if old_size > new.size:
        raise Denied(400, "the old size is larger than that of the checkpoint")
    if old_size != size:
        raise Elsewhere(size)
    if new.size == 0 and new.root != merkle.EMPTY_ROOT:
        raise Inconsistent("an empty tree has another root", fork=False)
    if last is None or old_size == 0:
        if proof:
            raise Inconsistent("from an empty tree there is nothing to prove", fork=False)
        return
    try:
        merkle.verify_consistency(old_size, last.root, new.size, new.root, proof)
    except merkle.Broken as error:
        raise Inconsistent(str(error), fork=new.size == last.size and new.root != last.root) from None


def logs_of(vkeys: Iterable[str]) -> Logs:
    """Logs by their keys' texts; several keys of one name are keys of one log. Raises ``NotANote``."""
    logs: dict[str, tuple[Vkey, ...]] = {}
    for text in vkeys:
        vkey = Vkey.parse(text)
        if vkey.algorithm != ED25519:
            raise NotANote(f"{vkey.name} is the key of a witness, not of a log")
        logs[vkey.name] = (*logs.get(vkey.name, ()), vkey)
    return logs


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness as a log knows it: its key, and where it is asked."""

    vkey: Vkey
    url: str

    @classmethod
    def parse(cls, text: str) -> "Cosigner":
        """Read ``<vkey> <url>``; raises ``NotANote``."""
        key, _, url = text.strip().partition(" ")
        vkey = Vkey.parse(key)
        if vkey.algorithm != COSIGNATURE:
            raise NotANote(f"{vkey.name} is the key of a log, not of a witness")
        if not _is_address(url.strip()):
            raise NotANote(f"{url.strip()!r} is not an address like https://witness.example.vn")
        return cls(vkey, url.strip().rstrip("/"))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
        (parts.hostname or "").encode("idna")  # or the look-up of the name would fail each time
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or any(each.isspace() for each in url))
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain
