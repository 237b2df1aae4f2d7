"""The file of opened entries, read line by line in the order of the leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from exchange.core.opened import LINE_BYTES_MAX, NotOpened, Opened, read_line


class EntryMissing(Exception):
    """A leaf that counts, and nobody opened it."""

    def __init__(self, index: int, event: str) -> None:
        super().__init__(index)
        self.index, self.event = index, event


class Entries:
    """Opened entries, each taken once, in the order of their leaves."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._next: Opened | None = None
        self.line = 0

    @classmethod
    @contextmanager
    def opened(cls, path: Path | None) -> Iterator["Entries | None"]:
        """Those of a file; None without one. Raises ``OSError``."""
        if path is None:
            yield None
            return
        with path.open("rb") as file:
            yield cls(file)

    def take(self, index: int, event: str) -> Opened:
        """What opens the leaf ``index``; raises ``EntryMissing`` or ``NotOpened``."""
        found = self._peek()
        if found is None or found.index > index:
            raise EntryMissing(index, event)
        if found.index < index:
            raise NotOpened(f"an entry for the leaf {found.index}, which none is wanted for here")
        self._next = None
        return found

    def end(self) -> None:
        """That nothing is left over; raises ``NotOpened``."""
        if self._peek() is not None:
            raise NotOpened("more entries than the report rests on")

    def _peek(self) -> Opened | None:
        if self._next is None:
            line = self._file.readline(LINE_BYTES_MAX)
            if line:
                self.line += 1
                self._next = read_line(line)
        return self._next
