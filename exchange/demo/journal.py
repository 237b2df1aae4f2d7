"""What was done, as the agencies themselves wrote it down: the checks at the end ask nobody else."""

import threading
from dataclasses import dataclass
from typing import TypeVar

from exchange.client import Acceptance
from exchange.core.receipt import Receipt
from exchange.demo.papers import Letter

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A document that was accepted; the acceptance is proven."""

    letter: Letter
    acceptance: Acceptance
    seconds: float  # until the answer
    life: int  # of the exchange: 1 before the kill, 2 after
    open_end: bool = False  # sent to show what still waits when the demo ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A status message that was handed over, about a document that went from ``issuer`` to ``receiver``."""

    to: str
    document_id: str
    issuer: str
    receiver: str
    code: str
    digest: str
    heard: bool  # the other side is to get it; not where a document is taken back before it left


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A receipt that reached an agency through its own software; it is proven."""

    holder: str
    receipt: Receipt
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """Something that must not pass, and the answer it got."""

    what: str
    expected: str  # code of the refusal
    code: str  # empty: it passed
    status: int
    title: str
    title_vi: str
    complaint: str = ""  # beyond the code


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Something that was sent once more with the same bytes."""

    what: str
    same: bool  # the answer was the original acceptance


class Journal:
    """Grows only. Shared by all threads of the demo."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[type[object], list[object]] = {}

    def add(self, entry: Sent | Reported | Home | Attempted | Again | str) -> None:
        """Write down; a text is a fault that no check would see."""
        with self._lock:
            self._entries.setdefault(type(entry), []).append(entry)

    def of(self, kind: type[Entry]) -> list[Entry]:
        """All entries of one kind, oldest first."""
        with self._lock:
            return [entry for entry in self._entries.get(kind, ()) if isinstance(entry, kind)]

    @property
    def sent(self) -> list[Sent]:
        """Accepted documents."""
        return self.of(Sent)

    @property
    def reported(self) -> list[Reported]:
        """Status messages."""
        return self.of(Reported)

    @property
    def home(self) -> list[Home]:
        """Receipts that arrived."""
        return self.of(Home)

    @property
    def attempted(self) -> list[Attempted]:
        """What was refused at the door, or should have been."""
        return self.of(Attempted)
