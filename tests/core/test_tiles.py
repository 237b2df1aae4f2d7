"""Tiles: paths and bundles round and strictly, and the tree's hashes out of them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core import merkle, tiles
from exchange.core.merkle import Growing, leaf_hash
from exchange.core.tiles import NotATile, Place

NUMBERS = st.integers(0, 2**63 - 1) | st.integers(0, 2000)
WIDTHS = st.integers(1, 256)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("tile/0/000", Place(level=0, number=0)),
        ("tile/0/x001/x234/067", Place(level=0, number=1_234_067)),  # C2SP tlog-tiles
        ("tile/1/x001/000.p/17", Place(level=1, number=1000, width=17)),
        ("tile/63/999", Place(level=63, number=999)),
        ("tile/entries/x273/112.p/1", Place(level=None, number=273_112, width=1)),
    ],
)
def test_a_tile_has_one_path(path: str, place: Place) -> None:
    assert place.path == path
    assert tiles.parse_path(path) == place


@given(st.none() | st.integers(0, 63), NUMBERS, WIDTHS)
def test_a_path_is_read_as_it_was_written(level: int | None, number: int, width: int) -> None:
    place = Place(level=level, number=number, width=width)
    written = tiles.entries_path(number, width) if level is None else tiles.tile_path(level, number, width)
    assert tiles.parse_path(written) == place


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/x01/002",
        "tile/00/001",
        "tile/64/001",
        "tile/100/001",
        "tile/-1/001",
        "tile/x/001",
        "/tile/0/001",
        "tile/0/001/",
        "tile/0/001\n",
        "tile/0/001.p",
        "tile/0/001.p/",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/999",
        "tile/0/001.p/1000",
        "tile/0/٠٠١",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        f"tile/0/{'x999/' * 5000}001",
        "tile/data/001",
        "tile/0/../0/001",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(NotATile):
        tiles.parse_path(path)


@pytest.mark.parametrize(
    ("level", "number", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_there_is_no_path_to_what_cannot_be(level: int, number: int, width: int) -> None:
    with pytest.raises(ValueError):
        tiles.tile_path(level, number, width)


@pytest.mark.parametrize(
    ("level", "number", "width"),
    [
        (0, 0, 256),
        (0, 272, 256),
        (0, 273, 112),
        (0, 274, 0),
        (1, 0, 256),
        (1, 1, 17),
        (1, 2, 0),
        (2, 0, 1),
        (3, 0, 0),
    ],
)
def test_a_tree_of_70000_has_the_tiles_that_the_standard_tells(level: int, number: int, width: int) -> None:
    assert tiles.width_at(level, number, 70_000) == width


# --- bundles ---


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_holds_its_entries(entries: list[bytes]) -> None:
    assert tiles.decode_bundle(tiles.encode_bundle(entries)) == entries


@given(st.binary(max_size=600))
def test_any_other_content_is_refused_or_is_that_bundle(content: bytes) -> None:
    with suppress(NotATile):
        assert tiles.encode_bundle(tiles.decode_bundle(content)) == content


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=5), st.data())
def test_a_bundle_that_is_cut_off_holds_no_other_entries(entries: list[bytes], data: st.DataObject) -> None:
    whole = tiles.encode_bundle(entries)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with suppress(NotATile):
        found = tiles.decode_bundle(cut)
        assert found == entries[: len(found)]


def test_a_bundle_has_bounds() -> None:
    assert tiles.decode_bundle(tiles.encode_bundle([b"x" * 65_535] * 256)) == [b"x" * 65_535] * 256
    for entries in ([], [b""] * 257, [b"x" * 65_536]):
        with pytest.raises(ValueError):
            tiles.encode_bundle(entries)
    for content in (b"", b"\0", b"\0\1", b"\0\0" * 257):
        with pytest.raises(NotATile):
            tiles.decode_bundle(content)


# --- hashes ---

SIZE = 70_000
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(SIZE)]


class Tiles:
    """All tiles of the tree of ``SIZE``; counts the readings."""

    def __init__(self) -> None:
        self.levels = [LEAVES]
        while len(self.levels[-1]) >= 256:
            row = self.levels[-1]
            self.levels.append([self._whole(row[at : at + 256]) for at in range(0, len(row) - 255, 256)])
        self.readings = 0

    @staticmethod
    def _whole(row: list[bytes]) -> bytes:
        growing = Growing()
        for each in row:
            growing.add(each)
        return growing.root

    def read(self, level: int, number: int) -> bytes:
        self.readings += 1
        return b"".join(self.levels[level][number * 256 : number * 256 + 256])


TILES = Tiles()


def test_the_root_comes_out_of_the_tiles() -> None:
    growing = Growing()
    for size, leaf in enumerate(LEAVES, 1):
        growing.add(leaf)
        if size in (1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 69_999, SIZE):
            assert merkle.root(size, tiles.hashes_from(TILES.read)) == growing.root


@given(st.data())
def test_proofs_are_made_of_a_handful_of_tiles(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, SIZE))
    index = data.draw(st.integers(0, size - 1))
    before = TILES.readings
    hashes = tiles.hashes_from(TILES.read)
    root = merkle.root(size, hashes)
    merkle.verify_inclusion(LEAVES[index], index, size, merkle.inclusion_proof(index, size, hashes), root)
    first = index + 1
    proof = merkle.consistency_proof(first, size, hashes)
    merkle.verify_consistency(first, merkle.root(first, hashes), size, root, proof)
    assert TILES.readings - before <= 8


@pytest.mark.parametrize("tile", [b"", b"x" * 31, b"x" * 64, b"x" * 33, b"x" * 8193, b"x" * 8224])
def test_a_tile_that_does_not_hold_the_hash_is_refused(tile: bytes) -> None:
    with pytest.raises(NotATile):
        tiles.hashes_from(lambda level, number: tile)(1, 1)
