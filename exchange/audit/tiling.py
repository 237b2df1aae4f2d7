"""The hash tiles of a mirror, computed from its entries: the next visit hashes only what is new."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from exchange.core.merkle import HASH_BYTES, Growing, subtrees
from exchange.core.tiles import TILE_HEIGHT, TILE_WIDTH, Place, hashes_from, width_at


class Tiling:
    """Grows the tree of a mirror that held ``size`` leaves, from its last whole bundle on."""

    def __init__(self, folder: Path, size: int) -> None:
        """Raise ``OSError`` or ``NotATile`` if the mirror's tiles are not there."""
        self._folder, self.before = folder, size
        self.begin = size // TILE_WIDTH * TILE_WIDTH
        hashes = hashes_from(self._read)
        self._tree = Growing(self.begin, [hashes(*each) for each in subtrees(0, self.begin)])
        self._rows: dict[int, tuple[int, bytearray]] = {}
        """By level: the tile that is being filled, and its hashes so far."""
        level = 0
        while self.begin >> TILE_HEIGHT * level:
            number, width = divmod(self.begin >> TILE_HEIGHT * level, TILE_WIDTH)
            row = self._read(level, number)[: width * HASH_BYTES] if width else b""
            self._rows[level] = number, bytearray(row)
            level += 1

    @property
    def root(self) -> bytes:
        """The root over everything so far."""
        return self._tree.root

    def add(self, leaves: Sequence[bytes]) -> Iterator[tuple[Place, bytes]]:
        """Add a bundle of leaf hashes; gives the tiles that it fills. Only the last may be incomplete."""
        if len(leaves) < TILE_WIDTH:
            for leaf in leaves:
                yield from self._grow(leaf, 0)
            return
        number, _ = self._rows.get(0, (0, None))
        self._rows[0] = number + 1, bytearray()
        yield Place(level=0, number=number), b"".join(leaves)
        yield from self._grow(_folded(leaves), TILE_HEIGHT)

    def begun(self) -> Iterator[tuple[Place, bytes]]:
        """The rightmost tile of each level, as far as it is filled."""
        for level, (number, row) in self._rows.items():
            if row:
                yield Place(level=level, number=number, width=len(row) // HASH_BYTES), bytes(row)

    def _grow(self, whole: bytes, height: int) -> Iterator[tuple[Place, bytes]]:
        for level, hash_ in self._tree.append(whole, height):
            if level % TILE_HEIGHT == 0:
                yield from self._put(level // TILE_HEIGHT, hash_)

    def _put(self, level: int, hash_: bytes) -> Iterator[tuple[Place, bytes]]:
        number, row = self._rows.setdefault(level, (0, bytearray()))
        row += hash_
        if len(row) == TILE_WIDTH * HASH_BYTES:
            self._rows[level] = number + 1, bytearray()
            yield Place(level=level, number=number), bytes(row)

    def _read(self, level: int, number: int) -> bytes:
        place = Place(level=level, number=number, width=width_at(level, number, self.before))
        return (self._folder / place.path).read_bytes()


def _folded(row: Sequence[bytes]) -> bytes:
    """The hash over a whole bundle; as ``merkle.node_hash``, a million times."""
    while len(row) > 1:
        row = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)
        ]
    return row[0]
