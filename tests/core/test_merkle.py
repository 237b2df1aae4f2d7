"""The Merkle tree: against a plain recursive reading of RFC 9162, and broken proofs of every kind."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exchange.core import merkle
from exchange.core.merkle import Broken, Growing, leaf_hash

ENTRIES = [b"entry %d" % number for number in range(130)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
SIZES = st.integers(1, len(LEAVES))


# --- the standard's own definitions, read literally ---


def split(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def plain_root(entries: Sequence[bytes]) -> bytes:
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    k = split(len(entries))
    return hashlib.sha256(b"\1" + plain_root(entries[:k]) + plain_root(entries[k:])).digest()


def plain_inclusion(index: int, entries: Sequence[bytes]) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if index < k:
        return [*plain_inclusion(index, entries[:k]), plain_root(entries[k:])]
    return [*plain_inclusion(index - k, entries[k:]), plain_root(entries[:k])]


def plain_consistency(first: int, entries: Sequence[bytes], whole: bool = True) -> list[bytes]:
    if first == len(entries):
        return [] if whole else [plain_root(entries)]
    k = split(len(entries))
    if first <= k:
        return [*plain_consistency(first, entries[:k], whole), plain_root(entries[k:])]
    return [*plain_consistency(first - k, entries[k:], False), plain_root(entries[:k])]


def hashes(level: int, number: int) -> bytes:
    return plain_root(ENTRIES[number << level : (number + 1) << level])


# --- what is made ---


def test_the_hashes_are_those_of_the_published_test_vectors() -> None:
    # The first leaves of the Certificate Transparency reference tests (RFC 6962).
    entries = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243")]
    roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    ]
    growing = Growing()
    for entry, root in zip(entries, roots, strict=True):
        growing.add(leaf_hash(entry))
        assert growing.root.hex() == root
    assert Growing().root == plain_root([])


@given(st.integers(0, len(LEAVES)))
def test_the_root_is_the_recursive_one_however_it_is_made(size: int) -> None:
    growing = Growing()
    for leaf in LEAVES[:size]:
        growing.add(leaf)
    assert growing.root == merkle.root(size, hashes) == plain_root(ENTRIES[:size])
    resumed = Growing(size, [hashes(*each) for each in merkle.subtrees(0, size)])
    assert resumed.root == growing.root


@given(SIZES)
def test_a_growing_tree_tells_every_subtree_that_it_completes(size: int) -> None:
    growing = Growing()
    told = {}
    for number, leaf in enumerate(LEAVES[:size]):
        for level, found in growing.append(leaf):
            told[level, number >> level] = found
    assert told == {
        (level, number): hashes(level, number)
        for level in range(size.bit_length())
        for number in range(size >> level)
    }
    assert growing.root == plain_root(ENTRIES[:size])


@given(st.data(), SIZES)
def test_an_inclusion_proof_is_the_recursive_one_and_verifies(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, hashes)
    assert proof == plain_inclusion(index, ENTRIES[:size])
    merkle.verify_inclusion(LEAVES[index], index, size, proof, plain_root(ENTRIES[:size]))


@given(st.data(), SIZES)
def test_a_consistency_proof_is_the_recursive_one_and_verifies(data: st.DataObject, second: int) -> None:
    first = data.draw(st.integers(1, second))
    proof = merkle.consistency_proof(first, second, hashes)
    assert proof == plain_consistency(first, ENTRIES[:second])
    roots = plain_root(ENTRIES[:first]), plain_root(ENTRIES[:second])
    merkle.verify_consistency(first, roots[0], second, roots[1], proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (7, 2)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_proof(index, size, hashes)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3), (-1, 3)])
def test_there_is_no_proof_between_trees_that_do_not_follow_each_other(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="not the beginning"):
        merkle.consistency_proof(first, second, hashes)


# --- what is broken ---


def broken(data: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """The proof with one thing wrong: a bit, a part missing, doubled, added, or two exchanged."""
    kinds = ["longer"] + (["bit", "missing", "doubled"] if proof else [])
    kinds += ["exchanged"] if len(set(proof)) > 1 else []
    kind, changed = data.draw(st.sampled_from(kinds)), list(proof)
    place = data.draw(st.integers(0, max(0, len(proof) - 1)))
    if kind == "longer":
        changed.insert(place, data.draw(st.sampled_from(LEAVES)))
    elif kind == "bit":
        changed[place] = flipped(data, changed[place])
    elif kind == "missing":
        del changed[place]
    elif kind == "doubled":
        changed.insert(place, changed[place])
    else:
        other = next(number for number, each in enumerate(proof) if each != proof[place])
        changed[place], changed[other] = changed[other], changed[place]
    return changed


def flipped(data: st.DataObject, text: bytes) -> bytes:
    bit = data.draw(st.integers(0, len(text) * 8 - 1))
    changed = bytearray(text)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@given(st.data(), SIZES)
def test_a_broken_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, hashes)
    root = plain_root(ENTRIES[:size])
    with pytest.raises(Broken):
        merkle.verify_inclusion(LEAVES[index], index, size, broken(data, proof), root)
    with pytest.raises(Broken):
        merkle.verify_inclusion(flipped(data, LEAVES[index]), index, size, proof, root)
    with pytest.raises(Broken):
        merkle.verify_inclusion(LEAVES[index], index, size, proof, flipped(data, root))


@given(st.data(), SIZES)
def test_a_leaf_is_not_proven_at_another_place(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    elsewhere = data.draw(st.integers(-1, size))
    assume(elsewhere != index)
    proof = merkle.inclusion_proof(index, size, hashes)
    with pytest.raises(Broken):
        merkle.verify_inclusion(LEAVES[index], elsewhere, size, proof, plain_root(ENTRIES[:size]))


@given(st.data(), SIZES)
def test_a_broken_consistency_proof_is_refused(data: st.DataObject, second: int) -> None:
    first = data.draw(st.integers(1, second))
    roots = plain_root(ENTRIES[:first]), plain_root(ENTRIES[:second])
    proof = merkle.consistency_proof(first, second, hashes)
    with pytest.raises(Broken):
        merkle.verify_consistency(first, roots[0], second, roots[1], broken(data, proof))
    with pytest.raises(Broken):
        merkle.verify_consistency(first, flipped(data, roots[0]), second, roots[1], proof)
    with pytest.raises(Broken):
        merkle.verify_consistency(first, roots[0], second, flipped(data, roots[1]), proof)


@given(st.data(), st.integers(2, len(LEAVES)))
def test_a_history_with_one_entry_changed_is_no_continuation(data: st.DataObject, second: int) -> None:
    first = data.draw(st.integers(1, second))
    changed = data.draw(st.integers(0, first - 1))
    rewritten = [*ENTRIES[:changed], b"another", *ENTRIES[changed + 1 : second]]
    proof = plain_consistency(first, rewritten)
    with pytest.raises(Broken):
        merkle.verify_consistency(first, plain_root(ENTRIES[:first]), second, plain_root(rewritten), proof)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_hash_of_another_length_is_refused(length: int) -> None:
    odd = b"x" * length
    root = plain_root(ENTRIES[:2])
    with pytest.raises(Broken, match="32 bytes"):
        merkle.verify_inclusion(LEAVES[0], 0, 2, [odd], root)
    with pytest.raises(Broken, match="32 bytes"):
        merkle.verify_consistency(1, LEAVES[0], 2, odd, [LEAVES[1]])
