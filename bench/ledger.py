"""The ledger's tree: what sequencing costs, whether accepting waits for it, proofs, and re-hashing offline.

All in this process, on SQLite, without HTTP and signatures of documents: what is measured is T1 (accepting)
and T4 (sequencing) alone.
"""

import hashlib
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from exchange.core import leaf, merkle
from exchange.core.delivery import State
from exchange.core.merkle import HASH_BYTES, Growing, leaf_hash, node_hash
from exchange.core.note import Checkpoint
from exchange.core.tiles import TILE_WIDTH, decode_bundle, encode_bundle, hashes_from
from exchange.keys import log_key
from exchange.ledger import bulk, tree
from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate
from exchange.ledger.prove import prove
from exchange.ledger.record import Examined, record
from exchange.ledger.sequence import Sign, sequence
from exchange.ledger.settle import Ended
from exchange.ledger.tree import CHECKPOINT, LEAF, TILE
from exchange.ledger.values import NewDelivery, NewDocument
from exchange.tables import EntryRow

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]

BATCH = 64  # documents in one T1, as `commit_batch_max`
SEQUENCE_BATCH = 1024
SEQUENCE_SECONDS = 1.0
PROOFS = 200
TILE_BYTES = TILE_WIDTH * HASH_BYTES
_ORIGIN = "bench.example/ledger"
_BUNDLES = 64  # distinct ones, of those that are re-hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    rounds: int
    seconds: float  # of accepting in each round
    tree: int  # entries of the tree from which proofs are built
    rehashed: int  # entries


FULL = Scale(rounds=3, seconds=4.0, tree=10_000_000, rehashed=1_000_000)
QUICK = Scale(rounds=1, seconds=3.0, tree=1_000_000, rehashed=200_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """One round of T1, one batch after the other."""

    rate: float  # documents a second
    most_ms: float  # of one T1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was found."""

    scale: Scale
    alone: tuple[Accepting, ...]
    beside: tuple[Accepting, ...]  # with sequencing in a thread beside it
    sequenced: int
    sequence_us: float  # processor time of T4 for an entry, of all that was sequenced
    proof_ms: float  # median
    proof_most_ms: float
    proof_hashes: int
    tiles_bytes: int
    rehashed_rate: float  # entries a second


def measure(folder: Path, scale: Scale, say: Callable[[str], None]) -> Figures:
    """Measure everything, in databases of its own below ``folder``."""
    sign, costs = _signer(folder), _Costs()
    alone, beside = [], []
    for number in range(scale.rounds):
        alone.append(_accepting(folder / f"alone-{number}.sqlite", scale.seconds, None))
        beside.append(_accepting(folder / f"beside-{number}.sqlite", scale.seconds, (sign, costs)))
        say(f"T1: {alone[-1].rate:,.0f}/s alone, {beside[-1].rate:,.0f}/s with sequencing beside it")
    say(f"T4: {costs.us:.1f} us of processor time for each of {costs.entries:,} entries")
    proofs, hashes, size = _proofs(folder / "tree.sqlite", scale.tree, sign, say)
    rate = _rehashed(scale.rehashed)
    say(f"re-hashed: {rate:,.0f} entries a second")
    return Figures(
        scale=scale,
        alone=tuple(alone),
        beside=tuple(beside),
        sequenced=costs.entries,
        sequence_us=costs.us,
        proof_ms=statistics.median(proofs),
        proof_most_ms=max(proofs),
        proof_hashes=hashes,
        tiles_bytes=size,
        rehashed_rate=rate,
    )


# --- T1 with and without T4 beside it ---


@dataclass(slots=True)
class _Costs:
    entries: int = 0
    seconds: float = 0.0

    @property
    def us(self) -> float:
        return self.seconds / max(1, self.entries) * 1e6


def _accepting(path: Path, seconds: float, sequencing: tuple[Sign, _Costs] | None) -> Accepting:
    with _database(path) as database:
        _record(database, 0)  # nothing is done for the first time later
        with _sequencing(database, *sequencing) if sequencing else nullcontext():
            times = _until(seconds, lambda number: _record(database, number + 1))
    return Accepting(rate=len(times) * BATCH / sum(times), most_ms=max(times) * 1000)


@contextmanager
def _sequencing(database: Database, sign: Sign, costs: _Costs) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=_sequence, args=(database, sign, stop, costs))
    thread.start()
    yield
    stop.set()
    thread.join()


def _until(seconds: float, work: Callable[[int], None]) -> list[float]:
    times: list[float] = []
    while sum(times) < seconds:
        began = time.perf_counter()
        work(len(times))
        times.append(time.perf_counter() - began)
    return times


def _sequence(database: Database, sign: Sign, stop: threading.Event, costs: _Costs) -> None:
    """As the broker's sweep does it; at the end what is left."""
    while True:
        last = stop.wait(SEQUENCE_SECONDS)
        began = time.thread_time()
        done = SEQUENCE_BATCH
        while done == SEQUENCE_BATCH:
            done = sequence(database, sign, datetime.now(UTC), SEQUENCE_BATCH)
            costs.entries += done
        costs.seconds += time.thread_time() - began
        if last:
            return


def _record(database: Database, number: int) -> None:
    now = datetime.now(UTC)
    batch = [_examined(number * BATCH + each, now) for each in range(BATCH)]
    record(database, batch, _acceptance, _never)


def _examined(number: int, now: datetime) -> Examined:
    body = number.to_bytes(8, "big") * 400  # 3.2 KB, as a document with an attachment of 2 KB has
    document = _document(f"{number:032x}", "document", body, now)
    delivery = NewDelivery(
        id=f"{number:032x}",
        document=document.id,
        kind="document",
        receiver="000.00.05.H45",
        addressed_as="000.00.05.H45",
        state=State.AVAILABLE,
        priority=0,
        rank_at=now,
        next_attempt_at=now,
        expires_at=now,
        created_at=now,
        exchange_class="electronic",
    )
    return Examined(document=document, deliveries=(delivery,))


def _acceptance(examined: Examined, _twin: str | None) -> NewDocument:
    document = examined.document
    body = document.id.encode() * 80  # 2.5 KB, as a signed acceptance has
    return _document(f"a{document.id[1:]}", "receipt", body, document.accepted_at, receipt_of=document.id)


def _document(
    identity: str, kind: str, body: bytes, at: datetime, receipt_of: str | None = None
) -> NewDocument:
    return NewDocument(
        id=identity,
        kind=kind,
        sender="000.00.01.H45",
        document_id=identity,
        digest=hashlib.sha256(body).hexdigest(),
        size=len(body),
        body=body,
        accepted_at=at,
        receipt_of=receipt_of,
    )


def _never(_ended: Ended) -> tuple[NewDocument, NewDelivery]:
    raise AssertionError("nothing ends here")


# --- proofs out of a large tree ---


def _proofs(path: Path, size: int, sign: Sign, say: Callable[[str], None]) -> tuple[list[float], int, int]:
    """The time of each proof in ms, the most hashes in one, and the bytes of the tree's tiles."""
    with _database(path) as database:
        for number in range(-(-PROOFS // BATCH)):
            _record(database, number)
        with database.read() as connection:
            entries = list(connection.execute(select(ENTRY.c.id).limit(PROOFS)).scalars())
        places = dict(zip(random.Random(size).sample(range(size), PROOFS), entries, strict=True))
        began = time.monotonic()
        written, root = _plant(database, size, places, sign)
        say(f"a tree of {size:,} entries, {written >> 20} MiB of tiles, in {time.monotonic() - began:.0f} s")
        times, most = [], 0
        for index, entry in places.items():
            started = time.perf_counter()
            [proof] = prove(database, [entry])
            times.append((time.perf_counter() - started) * 1000)
            inclusion = [bytes.fromhex(each) for each in proof["inclusion"]]
            merkle.verify_inclusion(leaf_hash(proof["leaf"].encode()), index, size, inclusion, root)
            most = max(most, len(inclusion))
    say(f"proofs: {statistics.median(times):.2f} ms in the middle, {max(times):.2f} ms at most")
    return times, most, written


def _plant(database: Database, size: int, places: dict[int, int], sign: Sign) -> tuple[int, bytes]:
    """Write the tiles of a tree of random leaves but for ``places``, which are entries; bytes and root."""
    contents = {index: b"leaf %d" % index for index in places}
    with database.write() as connection:
        rows = [{"index": index, "entry": places[index], "content": contents[index]} for index in places]
        bulk.insert(connection, LEAF, rows)
    tiles = _leaf_tiles(size, {index: leaf_hash(content) for index, content in contents.items()})
    written, level, above = 0, 0, b""
    while level == 0 or above:
        width, above = _write_level(database, level, tiles)
        written, tiles, level = written + width, _cut(above), level + 1
    with database.write() as connection:
        root = merkle.root(size, hashes_from(lambda level, number: tree.tile(connection, level, number)))
        signed = {"size": size, "root": root, "note": sign(size, root), "signed_at": datetime.now(UTC)}
        bulk.insert(connection, CHECKPOINT, [signed])
    return written, root


def _leaf_tiles(size: int, known: dict[int, bytes]) -> Iterator[bytes]:
    by_tile: dict[int, dict[int, bytes]] = {}
    for index, hashed in known.items():
        by_tile.setdefault(index // TILE_WIDTH, {})[index % TILE_WIDTH] = hashed
    for number in range(-(-size // TILE_WIDTH)):
        tile = bytearray(os.urandom(HASH_BYTES * min(TILE_WIDTH, size - number * TILE_WIDTH)))
        for at, hashed in by_tile.get(number, {}).items():
            tile[at * HASH_BYTES : (at + 1) * HASH_BYTES] = hashed
        yield bytes(tile)


def _write_level(database: Database, level: int, tiles: Iterable[bytes]) -> tuple[int, bytes]:
    """How many bytes were written, and the hashes over the full tiles: the level above."""
    written, above = 0, bytearray()
    numbered = enumerate(tiles)
    while part := list(islice(numbered, bulk.ROWS_MAX)):
        rows = [{"level": level, "number": number, "hashes": tile} for number, tile in part]
        with database.write() as connection:
            bulk.insert(connection, TILE, rows)
        for _, tile in part:
            written += len(tile)
            above += _whole(tile) if len(tile) == TILE_BYTES else b""
    return written, bytes(above)


def _cut(hashes: bytes) -> list[bytes]:
    return [hashes[begin : begin + TILE_BYTES] for begin in range(0, len(hashes), TILE_BYTES)]


def _whole(tile: bytes) -> bytes:
    row = [tile[begin : begin + HASH_BYTES] for begin in range(0, len(tile), HASH_BYTES)]
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


# --- re-hashing offline ---


def _rehashed(count: int) -> float:
    """Entries a second: taken out of their bundles, hashed, and put into one tree."""
    bundles = [
        encode_bundle([_leaf(number, each) for each in range(TILE_WIDTH)]) for number in range(_BUNDLES)
    ]
    growing, began, number = Growing(), time.perf_counter(), 0
    while growing.size < count:
        for entry in decode_bundle(bundles[number % _BUNDLES]):
            growing.add(leaf_hash(entry))
        number += 1
    assert len(growing.root) == HASH_BYTES
    return growing.size / (time.perf_counter() - began)


def _leaf(bundle: int, number: int) -> bytes:
    digest = hashlib.sha256(b"%d %d" % (bundle, number)).hexdigest()
    return leaf.encode(
        leaf.Leaf(
            at=datetime.now(UTC),
            event="accepted",
            exchange=digest[:32],
            exchange_class="electronic",
            document=digest,
            details=digest,
        )
    )


# --- around it ---


@contextmanager
def _database(path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{path}")
    migrate(database)
    try:
        yield database
    finally:
        database.close()
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()


def _signer(folder: Path) -> Sign:
    key = log_key(folder, _ORIGIN)

    def sign(size: int, root: bytes) -> str:
        text = Checkpoint(_ORIGIN, size, root).text
        return f"{text}\n{key.sign(text)}"

    return sign
