"""A whole ledger folded in little memory: what is known of each exchange lies in a temporary file.

The sums that a report needs are kept, and a batch of events; the rest is written down and looked up again.
"""

import pickle
import sqlite3
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from exchange.core.counting import Event, Exchange
from exchange.core.opened import Reading
from exchange.core.report_fold import Gathering
from exchange.core.report_slices import Gathered, Slice
from exchange.core.tallies import Key, Parts, fold, key_of
from exchange.core.working_days import Calendar

BATCH = 10_000  # events that are folded at once

T = TypeVar("T")


class Kept(MutableMapping[str, T]):
    """A table of a temporary database as a mapping."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._database, self._name = database, name
        database.execute(f"CREATE TABLE {name} (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")

    def __getitem__(self, key: str) -> T:
        found = self._database.execute(f"SELECT value FROM {self._name} WHERE key = ?", (key,)).fetchone()  # noqa: S608
        if found is None:
            raise KeyError(key)
        value: T = _read(found[0])
        return value

    def __setitem__(self, key: str, value: T) -> None:
        statement = f"INSERT OR REPLACE INTO {self._name} VALUES (?, ?)"  # noqa: S608
        self._database.execute(statement, (key, pickle.dumps(value)))

    def __delitem__(self, key: str) -> None:
        self._database.execute(f"DELETE FROM {self._name} WHERE key = ?", (key,))  # noqa: S608

    def __iter__(self) -> Iterator[str]:
        for (key,) in self._database.execute(f"SELECT key FROM {self._name}"):  # noqa: S608
            yield key

    def __len__(self) -> int:
        number: int = self._database.execute(f"SELECT count(*) FROM {self._name}").fetchone()[0]  # noqa: S608
        return number

    def each(self) -> Iterator[T]:
        """All values, one at a time."""
        for (value,) in self._database.execute(f"SELECT value FROM {self._name}"):  # noqa: S608
            yield _read(value)


def _read(value: bytes) -> Any:
    return pickle.loads(value)  # noqa: S301  this process wrote it, where nobody else may


class Folding:
    """Takes events in the order of their leaves, and gives the slices that are wanted."""

    def __init__(self, database: sqlite3.Connection, wanted: Iterable[Slice], calendar: Calendar) -> None:
        self.reading = Reading(Kept(database, "subject"), Kept(database, "receiver"))
        self.events = 0
        self._exchanges: Kept[Exchange] = Kept(database, "exchange")
        self._documents: Kept[Parts] = Kept(database, "document")
        self._gathering = Gathering(wanted)
        self._calendar = calendar
        self._batch: list[Event] = []

    def add(self, event: Event) -> None:
        """The next one."""
        self.events += 1
        self._batch.append(event)
        if len(self._batch) >= BATCH:
            self._fold()

    def gathered(self) -> Gathered:
        """After the last one."""
        self._fold()
        return self._gathering.gathered(self._exchanges.each())

    def _fold(self) -> None:
        keys = {key for event in self._batch if (key := key_of(event)) is not None}
        known = {key: each for key in keys if (each := self._exchanges.get(_text(key))) is not None}
        identities = {identity for identity, _ in keys}
        documents = {key: parts for key in identities if (parts := self._documents.get(key)) is not None}
        changes = fold(self._batch, known, documents, self._calendar)
        self._batch = []
        self._gathering.add(changes)
        for key, exchange in changes.exchanges.items():
            self._exchanges[_text(key)] = exchange
        self._documents.update(changes.documents)


def _text(key: Key) -> str:
    return "\0".join(key)


@contextmanager
def folding(wanted: Iterable[Slice], calendar: Calendar) -> Iterator[Folding]:
    """A fold whose file is removed at the end. It is never synced: after a crash one begins again."""
    with TemporaryDirectory(prefix="recount-") as folder:
        database = sqlite3.connect(Path(folder) / "known.sqlite", isolation_level=None)
        try:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"):
                database.execute(f"PRAGMA {pragma}")
            database.execute("BEGIN")
            yield Folding(database, wanted, calendar)
        finally:
            database.close()
