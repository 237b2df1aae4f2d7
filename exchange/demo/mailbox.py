"""What an agency's software has received: every message once, however often it is brought."""

import threading
from dataclasses import dataclass
from time import monotonic

from exchange.demo.papers import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One message as it arrived. Of documents only the digest is kept."""

    key: str  # of the delivery: the same on every attempt
    kind: str  # document, status or receipt
    digest: str
    content: bytes
    priority: int
    program: str  # of the agency, that took it
    at: float  # monotonic


class Mailbox:
    """The pieces in the order of their arrival."""

    def __init__(self) -> None:
        self._pieces: dict[str, Piece] = {}
        self._lock = threading.Lock()
        self.brought_again: list[str] = []  # keys
        self.faults: list[str] = []
        self.lost_leases: set[str] = set()  # keys: fetched, and acknowledged too late

    def take(self, key: str, kind: str, content: bytes, *, priority: int = 0, program: str = "") -> bool:
        """Keep a message; False if it was here already, as after an answer that got lost."""
        piece = Piece(
            key=key,
            kind=kind,
            digest=digest_of(content),
            content=b"" if kind == "document" else content,
            priority=priority,
            program=program,
            at=monotonic(),
        )
        with self._lock:
            before = self._pieces.setdefault(key, piece)
            if before is piece:
                return True
            self.brought_again.append(key)
            if before.digest != piece.digest:
                self.faults.append(f"{key} came again with other bytes")
            return False

    def fault(self, text: str) -> None:
        """Something arrived that a receiver must not take."""
        with self._lock:
            self.faults.append(text)

    def of(self, kind: str) -> list[Piece]:
        """The pieces of one kind so far."""
        with self._lock:
            return [piece for piece in self._pieces.values() if piece.kind == kind]
