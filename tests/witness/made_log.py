"""A log as a witness sees it: signed checkpoints of entries that the test chooses, and proofs."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange.core import merkle
from exchange.core.merkle import leaf_hash
from exchange.core.note import Checkpoint, NoteKey
from exchange.core.witnessing import Addition

ORIGIN = "bac-ninh.vn/ledger"


class MadeLog:
    """The entries up to ``fork_at`` are those of every log here, those behind it are this one's own."""

    def __init__(self, fork_at: int = 1000, branch: str = "", origin: str = ORIGIN, seed: int = 1) -> None:
        self.key = NoteKey(origin, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))
        self.leaves = [
            leaf_hash(f"entry {number}{branch if number >= fork_at else ''}".encode())
            for number in range(300)
        ]

    def hashes(self, level: int, number: int) -> bytes:
        growing = merkle.Growing()
        for leaf in self.leaves[number << level : (number + 1) << level]:
            growing.add(leaf)
        return growing.root

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.key.vkey.name, size, merkle.root(size, self.hashes))

    def note(self, size: int) -> str:
        text = self.checkpoint(size).text
        return f"{text}\n{self.key.sign(text)}"

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        return tuple(merkle.consistency_proof(old, size, self.hashes)) if 0 < old <= size else ()

    def addition(self, old: int, size: int) -> bytes:
        """The body of a request."""
        return Addition(old, self.proof(old, size), self.note(size)).text.encode()
