"""T4: entries become leaves of the ledger's tree, as they are found, and its new root is signed.

What takes time is done before the transaction begins, so that whoever appends entries never waits for it
longer than for any other writer. An entry is found by having no leaf yet, above a floor. A server gives
out ids in order, but shows what is committed: an entry can appear below others that were sequenced long
ago. The floor is where that cannot happen any more: all transactions are over that had begun to write
entries when an id up to it was given out (migration 0006 sees to it that a transaction has its number
before its entries have theirs).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    exists,
    func,
    literal_column,
    select,
    true,
)

from exchange.core.leaf import Leaf, commitment, encode
from exchange.core.merkle import Growing, leaf_hash, subtrees
from exchange.core.tiles import TILE_HEIGHT, TILE_WIDTH, hashes_from
from exchange.ledger import bulk, tree
from exchange.ledger.database import Database
from exchange.ledger.tree import CHECKPOINT, LEAF, TILE, Tiles
from exchange.tables import DocumentRow, EntryRow, SequencedRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
SEQUENCED = SequencedRow.__table__  # type: ignore[attr-defined]

# Makes the signed note of a tree of so many leaves under this root.
Sign = Callable[[int, bytes], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """How far sequencing has come."""

    size: int | None  # None: nothing was ever signed
    floor: int
    reached: int
    over: bool  # all transactions are over that could bring an entry up to ``reached``
    last: int  # the highest id that has a leaf

    @property
    def rises(self) -> bool:
        """Whether the floor can be raised though there is nothing to sequence."""
        return self.over and self.floor < self.last


def sequence(database: Database, sign: Sign, at: datetime, most: int) -> int:
    """Give up to ``most`` entries their leaf and sign the tree; how many. 0, too, if another was faster.

    Crash before the commit: nothing is sequenced, and nobody has seen the note. Crash after it: the
    leaves, the tiles and the checkpoint are there, all of them.
    """
    with database.read() as connection:
        seen = _look(database, connection)
        entries = _waiting(connection, seen.floor, most)
        if not (entries or seen.rises or seen.size is None):
            return 0
        tiles = tree.rightmost(connection, seen.size or 0)
    grown = _grow(seen.size or 0, tiles, entries)
    signed = {"size": grown.size, "root": grown.root, "note": sign(grown.size, grown.root), "signed_at": at}
    with database.write() as connection:
        if not _still(connection, seen):
            return 0
        if entries or seen.size is None:
            _write(connection, grown, signed)
        _write_floor(database, connection, seen, entries, most)
    return len(entries)


_LAST = select(func.coalesce(func.max(LEAF.c.entry), 0)).scalar_subquery()
_SIZE = select(func.max(CHECKPOINT.c.size)).scalar_subquery()
# The numbers of transactions between which those lie that may be under way. One beyond is of another
# server: the database was brought here from there.
_OVER: ColumnElement[bool] = literal_column(
    "transaction_id <= CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
    " OR transaction_id >= CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"
)
_OWN = "CAST(CAST(pg_current_xact_id() AS text) AS bigint)"
_PROGRESS = (
    SEQUENCED.c.floor,
    SEQUENCED.c.reached,
    _LAST.label("last"),
    _SIZE.label("size"),
)


def _look(database: Database, connection: Connection) -> _Seen:
    # Before the entries are looked for: what ends in between is not over yet.
    over = true() if database.embedded else _OVER
    row = connection.execute(select(*_PROGRESS, over.label("over"))).mappings().one()
    return _Seen(**{**row, "over": bool(row["over"])})


def _waiting(connection: Connection, floor: int, most: int) -> Sequence[RowMapping]:
    sequenced = exists().where(LEAF.c.entry == ENTRY.c.id, LEAF.c.entry > floor)
    statement = (
        select(ENTRY, DOCUMENT.c.digest)
        .join(DOCUMENT, DOCUMENT.c.id == ENTRY.c.document)
        .where(ENTRY.c.id > floor, ~sequenced)
        .order_by(ENTRY.c.id)
        .limit(most)
    )
    return connection.execute(statement).mappings().all()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grown:
    """The tree with its new leaves, and what of it is to be written."""

    size: int
    root: bytes
    leaves: list[bulk.Row]
    tiles: list[bulk.Row]  # that are begun now
    longer: list[bulk.Row]  # that were begun before


def _grow(size: int, begun: Tiles, entries: Sequence[RowMapping]) -> _Grown:
    hashes = hashes_from(lambda level, number: begun.get((level, number), b""))
    growing = Growing(size, [hashes(level, number) for level, number in subtrees(0, size)])
    tiles = {place: bytearray(content) for place, content in begun.items()}
    leaves: list[bulk.Row] = []
    for entry in entries:
        content = _content(entry)
        leaves.append({"index": growing.size, "entry": entry["id"], "content": content})
        _add(tiles, growing, leaf_hash(content))
    rows = {place: _tile(place, content) for place, content in tiles.items()}
    return _Grown(
        size=growing.size,
        root=growing.root,
        leaves=leaves,
        tiles=[row for place, row in rows.items() if place not in begun],
        longer=[rows[place] for place, content in begun.items() if len(tiles[place]) > len(content)],
    )


def _tile(place: tuple[int, int], hashes: bytearray) -> bulk.Row:
    return {"level": place[0], "number": place[1], "hashes": bytes(hashes)}


def _add(tiles: dict[tuple[int, int], bytearray], growing: Growing, leaf: bytes) -> None:
    index = growing.size
    for level, whole in growing.append(leaf):
        tile_level, height = divmod(level, TILE_HEIGHT)
        if not height:
            place = tile_level, (index >> level) // TILE_WIDTH
            tiles.setdefault(place, bytearray()).extend(whole)


def _content(entry: RowMapping) -> bytes:
    return encode(
        Leaf(
            at=entry["at"],
            event=entry["event"],
            exchange=entry["delivery"] or "",
            exchange_class=entry["exchange_class"],
            document=entry["digest"],
            details=commitment(bytes.fromhex(entry["salt"]), tree.details(entry)),
        )
    )


def _still(connection: Connection, seen: _Seen) -> bool:
    """Whether nobody has sequenced since we looked; nobody else can until we are done."""
    connection.execute(select(SEQUENCED.c.id).with_for_update())
    return connection.execute(select(_SIZE)).scalar() == seen.size


def _write(connection: Connection, grown: _Grown, signed: bulk.Row) -> None:
    bulk.insert(connection, LEAF, grown.leaves)
    bulk.insert(connection, TILE, grown.tiles)
    bulk.update(connection, TILE, ["level", "number"], grown.longer)
    bulk.insert(connection, CHECKPOINT, [signed])


def _write_floor(
    database: Database, connection: Connection, seen: _Seen, entries: Sequence[RowMapping], most: int
) -> None:
    last = max(seen.last, entries[-1]["id"] if entries else 0)
    if database.embedded:  # one writer: ids appear in their order
        values = {"floor": last, "reached": last}
    elif seen.over:
        # Whatever can ever come up to there has a leaf now, or did not fit into this round.
        floor = min(seen.reached, entries[-1]["id"]) if len(entries) == most else seen.reached
        own = connection.execute(select(literal_column(_OWN, BigInteger))).scalar()
        values = {"floor": floor, "reached": last, "transaction_id": own}
    else:
        return
    connection.execute(SEQUENCED.update().values(**values))
