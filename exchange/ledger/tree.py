"""The ledger's tree as it stands in the database: its checkpoints, tiles and leaves. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, RowMapping, func, select

from exchange.core.merkle import HASH_BYTES
from exchange.core.note import with_cosignatures
from exchange.core.tiles import TILE_HEIGHT, TILE_WIDTH, Place, encode_bundle
from exchange.ledger.database import Database
from exchange.tables import CheckpointRow, CosignatureRow, LeafRow, TileRow

LEAF = LeafRow.__table__  # type: ignore[attr-defined]
TILE = TileRow.__table__  # type: ignore[attr-defined]
CHECKPOINT = CheckpointRow.__table__  # type: ignore[attr-defined]
COSIGNATURE = CosignatureRow.__table__  # type: ignore[attr-defined]

Tiles = dict[tuple[int, int], bytes]  # by level and number


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A checkpoint: the tree of ``size`` leaves, in a note that the log signed; without cosignatures."""

    size: int
    root: bytes
    note: str
    signed_at: datetime


_NEWEST = select(CHECKPOINT).order_by(CHECKPOINT.c.size.desc()).limit(1)
_HASHES = select(TILE.c.hashes)
_LINES = select(COSIGNATURE.c.line).order_by(COSIGNATURE.c.at, COSIGNATURE.c.name)


def newest(connection: Connection) -> Signed | None:
    """The newest checkpoint; None before the first."""
    row = connection.execute(_NEWEST).mappings().first()
    return None if row is None else Signed(**row)


def best(connection: Connection, index: int) -> Signed | None:
    """The newest checkpoint over the leaf ``index`` that a witness cosigned, else the newest."""
    cosigned = connection.execute(
        select(func.max(COSIGNATURE.c.size)).where(COSIGNATURE.c.size > index)
    ).scalar()
    if cosigned is None:
        return newest(connection)
    row = connection.execute(select(CHECKPOINT).where(CHECKPOINT.c.size == cosigned)).mappings().one()
    return Signed(**row)


def with_witnesses(connection: Connection, signed: Signed) -> str:
    """The checkpoint's note with the cosignatures that there are of it."""
    lines = connection.execute(_LINES.where(COSIGNATURE.c.size == signed.size)).scalars()
    return with_cosignatures(signed.note, lines)


def published(database: Database) -> str | None:
    """The newest checkpoint's note with its cosignatures; None before the first."""
    with database.read() as connection:
        signed = newest(connection)
        return None if signed is None else with_witnesses(connection, signed)


def tile(connection: Connection, level: int, number: int) -> bytes:
    """The hashes of a tile, as many as there are; none of a tile that is not there."""
    found: bytes | None = connection.execute(
        _HASHES.where(TILE.c.level == level, TILE.c.number == number)
    ).scalar()
    return found or b""


def rightmost(connection: Connection, size: int) -> Tiles:
    """The tile of each level that a tree of ``size`` leaves has begun and not filled."""
    tiles, level = {}, 0
    while size:
        number, begun = divmod(size, TILE_WIDTH)
        if begun:
            tiles[level, number] = tile(connection, level, number)
        size >>= TILE_HEIGHT
        level += 1
    return tiles


def served(database: Database, place: Place) -> bytes | None:
    """The tile or bundle of entries as it is served; None where the tree does not reach so far."""
    with database.read() as connection:
        if place.level is None:
            return _bundle(connection, place)
        hashes = tile(connection, place.level, place.number)
    length = place.width * HASH_BYTES
    return hashes[:length] if len(hashes) >= length else None


def _bundle(connection: Connection, place: Place) -> bytes | None:
    begin = place.number * TILE_WIDTH
    statement = (
        select(LEAF.c.content)
        .where(LEAF.c.index >= begin, LEAF.c.index < begin + place.width)
        .order_by(LEAF.c.index)
    )
    entries = connection.execute(statement).scalars().all()
    return encode_bundle(entries) if len(entries) == place.width else None


def details(entry: RowMapping) -> dict[str, object]:
    """What an entry's leaf commits to, beside what stands in the leaf; empty once the entry is erased."""
    if not entry["salt"]:
        return {}
    body = orjson.loads(entry["body"])
    return {"agency": entry["agency"], "body": body, "document_id": entry["document"]}
