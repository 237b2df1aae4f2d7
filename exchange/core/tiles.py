"""Tiles: the hashes of a log's tree in pieces of 256, and its entries in bundles of as many (C2SP
tlog-tiles). A full tile never changes; the rightmost one of each level grows.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from exchange.core.merkle import HASH_BYTES, Hashes, node_hash

TILE_WIDTH = 256
TILE_HEIGHT = 8  # levels of the tree from one level of tiles to the next
LEVEL_MAX = 63
NUMBER_MAX = 2**63 - 1
ENTRY_BYTES_MAX = 65_535
TILES_REMEMBERED = 256

# The hashes of the tile of this level and number, one behind the other, as many as there are.
ReadTile = Callable[[int, int], bytes]

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<number>(x[0-9]{3}/){0,6}[0-9]{3})(\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class NotATile(Exception):
    """A path or content that is not that of a tile or bundle; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which tile or bundle of entries: where it stands, and how many it holds."""

    level: int | None
    """None: a bundle of entries."""
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """As ``parse_path`` reads it."""
        if self.level is None:
            return entries_path(self.number, self.width)
        return tile_path(self.level, self.number, self.width)


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """``tile/<level>/<number>[.p/<width>]``; raises ``ValueError`` if there is no such tile."""
    if not 0 <= level <= LEVEL_MAX:
        raise ValueError(f"there is no level {level}")
    return f"tile/{level}/{_ending(number, width)}"


def entries_path(number: int, width: int = TILE_WIDTH) -> str:
    """``tile/entries/<number>[.p/<width>]``; raises ``ValueError`` if there is no such bundle."""
    return f"tile/entries/{_ending(number, width)}"


def _ending(number: int, width: int) -> str:
    if not 0 <= number <= NUMBER_MAX or not 0 < width <= TILE_WIDTH:
        raise ValueError(f"there is no tile {number} of width {width}")
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "/".join([*(f"x{each}" for each in groups[:-1]), groups[-1]])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def parse_path(path: str) -> Place:
    """Read the path of a tile or bundle; raises ``NotATile`` for any but the one way to write it."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise NotATile("not the path of a tile")
    level = None if found["level"] == "entries" else int(found["level"])
    number = int(found["number"].replace("x", "").replace("/", ""))
    place = Place(level=level, number=number, width=int(found["width"] or TILE_WIDTH))
    if number > NUMBER_MAX or place.width > TILE_WIDTH or (level or 0) > LEVEL_MAX or place.path != path:
        raise NotATile("not the path of a tile")
    return place


def width_at(level: int, number: int, size: int) -> int:
    """How many hashes this tile holds in a tree of ``size`` leaves; a bundle holds what tile 0 does."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - number * TILE_WIDTH))


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries with their lengths before them. Raises ``ValueError`` for what no bundle can hold."""
    listed = list(entries)
    if not 0 < len(listed) <= TILE_WIDTH or any(len(each) > ENTRY_BYTES_MAX for each in listed):
        raise ValueError(f"a bundle holds 1 to {TILE_WIDTH} entries of at most {ENTRY_BYTES_MAX} bytes")
    return b"".join(len(each).to_bytes(2, "big") + each for each in listed)


def decode_bundle(bundle: bytes) -> list[bytes]:
    """The entries of a bundle; raises ``NotATile`` if it is cut off, empty or holds too many."""
    entries, at = [], 0
    while at < len(bundle):
        begin = at + 2
        at = begin + int.from_bytes(bundle[at:begin], "big")
        entries.append(bundle[begin:at])
    if at != len(bundle) or not 0 < len(entries) <= TILE_WIDTH:
        raise NotATile(f"a bundle holds 1 to {TILE_WIDTH} whole entries")
    return entries


def hashes_from(read_tile: ReadTile) -> Hashes:
    """Any hash of the tree from its tiles; what lies between two levels of tiles is computed.

    It remembers what it read: make one for each proof of a tree that grows. It raises ``NotATile``
    where a tile does not hold the hash.
    """
    remembered = lru_cache(maxsize=TILES_REMEMBERED)(read_tile)

    def hashes(level: int, number: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_number, begin = divmod(number << height, TILE_WIDTH)
        tile = remembered(tile_level, tile_number)
        end = begin + (1 << height)
        if len(tile) % HASH_BYTES or not end * HASH_BYTES <= len(tile) <= TILE_WIDTH * HASH_BYTES:
            raise NotATile(f"tile {tile_level}/{tile_number} of {len(tile)} bytes has no {end} hashes")
        row = [tile[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(begin, end)]
        while len(row) > 1:
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    return hashes
