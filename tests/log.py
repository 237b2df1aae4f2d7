"""A ledger's log under test: entries are appended, sequenced, and everything is computed anew and compared.

``python -m tests.log URL FOLDER`` is a sequencer in a process of its own, until its standard input ends.
"""

import hashlib
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, select

from exchange.core import note
from exchange.core.merkle import Growing, leaf_hash
from exchange.core.note import Checkpoint
from exchange.keys import log_key
from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate
from exchange.ledger.sequence import sequence
from exchange.ledger.values import NewDocument, NewEntry
from exchange.tables import CheckpointRow, DocumentRow, EntryRow, LeafRow, PayloadRow, TileRow

PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]
DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
LEAF = LeafRow.__table__  # type: ignore[attr-defined]
TILE = TileRow.__table__  # type: ignore[attr-defined]
CHECKPOINT = CheckpointRow.__table__  # type: ignore[attr-defined]

AT = datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
CONTENT = b"<edXML/>"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
ORIGIN = "exchange.example/ledger"


class Log:
    """A migrated database with one document, and the key of its log."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.database = Database(url)
        migrate(self.database)
        self.key = log_key(folder, ORIGIN)
        with self.database.write() as connection:
            if connection.execute(select(DOCUMENT.c.id)).first() is None:
                row = {"digest": DIGEST, "size": len(CONTENT), "body": CONTENT}
                bulk.insert(connection, PAYLOAD, [row])
                bulk.insert(connection, DOCUMENT, [document().row()])

    def close(self) -> None:
        self.database.close()

    def append(self, count: int = 1, **changes: object) -> None:
        """Write entries in a transaction of their own."""
        with self.database.write() as connection:
            insert(connection, count, **changes)

    def sequence(self, most: int = 100) -> int:
        """One round; how many entries."""
        return sequence(self.database, self.sign, AT, most)

    def sequence_all(self, most: int = 100) -> int:
        count = 0
        while done := self.sequence(most):
            count += done
        return count

    def sign(self, size: int, root: bytes) -> str:
        text = Checkpoint(ORIGIN, size, root).text
        return f"{text}\n{self.key.sign(text)}"

    def entries(self) -> list[int]:
        with self.database.read() as connection:
            return list(connection.execute(select(ENTRY.c.id).order_by(ENTRY.c.id)).scalars())

    def sequenced(self) -> list[int]:
        """The entries that have a leaf, in the tree's order."""
        with self.database.read() as connection:
            return list(connection.execute(select(LEAF.c.entry).order_by(LEAF.c.index)).scalars())

    def size(self) -> int | None:
        with self.database.read() as connection:
            found: int | None = connection.execute(select(func.max(CHECKPOINT.c.size))).scalar()
            return found

    def check(self, *, whole: bool = True) -> int:
        """One tree without gap, in leaves, tiles and checkpoints; ``whole``: of all entries. Its size."""
        return check(self.database, note_key=self.key.vkey, whole=whole)


def document() -> NewDocument:
    return NewDocument(
        id="1" * 32,
        kind="document",
        sender="000.00.01.H45",
        document_id="12/UBND",
        digest=DIGEST,
        size=len(CONTENT),
        body=CONTENT,
        accepted_at=AT,
    )


def entry(**changes: object) -> NewEntry:
    values: dict[str, object] = {
        "at": AT,
        "event": "accepted",
        "document": "1" * 32,
        "delivery": "2" * 32,
        "agency": "000.00.01.H45",
        "exchange_class": "electronic",
        "body": {"digest": DIGEST, "receiver": "000.00.05.H45", "subject": "Kế hoạch số 12 “về”", "round": 1},
        **changes,
    }
    return NewEntry(**values)  # type: ignore[arg-type]


def insert(connection: Connection, count: int = 1, **changes: object) -> None:
    bulk.insert(connection, ENTRY, [entry(**changes).row() for _ in range(count)])


def check(database: Database, *, note_key: note.Vkey, whole: bool = True) -> int:
    with database.read() as connection:
        entries = set(connection.execute(select(ENTRY.c.id)).scalars())
        leaves = connection.execute(select(LEAF).order_by(LEAF.c.index)).mappings().all()
        tiles = {
            (row["level"], row["number"]): row["hashes"]
            for row in connection.execute(select(TILE)).mappings()
        }
        checkpoints = connection.execute(select(CHECKPOINT).order_by(CHECKPOINT.c.size)).mappings().all()
    assert [row["index"] for row in leaves] == list(range(len(leaves)))
    assert len({row["entry"] for row in leaves}) == len(leaves)
    assert not whole or {row["entry"] for row in leaves} == entries
    hashes = [leaf_hash(row["content"]) for row in leaves]
    assert tiles == tiles_of(hashes)
    roots = roots_of(hashes)
    for row in checkpoints:
        signed = note.read(row["note"])
        note.verify(signed, note_key)
        said = Checkpoint.parse(signed.text)
        assert (said.size, said.root) == (row["size"], row["root"])
        assert said.root == roots[said.size], f"checkpoint {said.size} is not the beginning of the tree"
    assert checkpoints[-1]["size"] == len(leaves)
    return len(leaves)


def tiles_of(hashes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """All tiles of a tree, by what C2SP tlog-tiles says of each."""
    tiles, level = {}, 0
    while hashes:
        for begin in range(0, len(hashes), 256):
            tiles[level, begin // 256] = b"".join(hashes[begin : begin + 256])
        full = range(0, len(hashes) - 255, 256)
        hashes = [whole(hashes[begin : begin + 256]) for begin in full]
        level += 1
    return tiles


def whole(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + whole(hashes[:middle]) + whole(hashes[middle:])).digest()


def roots_of(hashes: Sequence[bytes]) -> list[bytes]:
    growing = Growing()
    roots = [growing.root]
    for each in hashes:
        growing.add(each)
        roots.append(growing.root)
    return roots


def main() -> None:
    log = Log(sys.argv[1], Path(sys.argv[2]))
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print("ready", flush=True)
    count = 0
    while not ended.is_set():
        count += log.sequence(7)
    print(count, flush=True)


if __name__ == "__main__":
    main()
