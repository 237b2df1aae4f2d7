"""Merkle tree: hashes, inclusion and consistency proofs of a log that only grows (RFC 9162 section 2.1).

Leaves and inner nodes are hashed under different prefixes, so that none passes for the other. A tree of
any size is made of perfect subtrees: what stands below a hash never changes once it is full.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

# The hash of the perfect subtree number ``number`` of height ``level``: 0 is a leaf's.
Hashes = Callable[[int, int], bytes]


class Broken(Exception):
    """A proof that does not prove it; the message says why."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def subtrees(begin: int, end: int) -> list[tuple[int, int]]:
    """The perfect subtrees, as (level, number) from the left, that make up the leaves ``begin`` to ``end``.

    ``begin`` is where a subtree of a tree begins: a multiple of the largest power of two below its size.
    """
    parts = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        parts.append((level, begin >> level))
        begin += 1 << level
    return parts


def root(size: int, hashes: Hashes) -> bytes:
    """The root hash of the first ``size`` leaves."""
    return _folded(0, size, hashes) if size else EMPTY_ROOT


def _folded(begin: int, end: int, hashes: Hashes) -> bytes:
    """The hash over the leaves ``begin`` to ``end``, which are one node of the tree."""
    parts = [hashes(level, number) for level, number in subtrees(begin, end)]
    whole = parts.pop()
    while parts:
        whole = node_hash(parts.pop(), whole)
    return whole


def _split(size: int) -> int:
    """The largest power of two below ``size`` (RFC 9162 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """That the leaf ``index`` is in the tree of ``size`` leaves, from its sibling up (RFC 9162 2.1.3.1).

    Raises ``ValueError`` if there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(_folded(middle, end, hashes))
            end = middle
        else:
            proof.append(_folded(begin, middle, hashes))
            begin = middle
    return proof[::-1]


def consistency_proof(first: int, second: int, hashes: Hashes) -> list[bytes]:
    """That the tree of ``first`` leaves is the beginning of the one of ``second`` (RFC 9162 2.1.4.1).

    Raises ``ValueError`` unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise ValueError(f"a tree of {first} is not the beginning of one of {second}")
    proof: list[bytes] = []
    begin, end = 0, second
    whole = True  # whether the part of the first tree that is looked at is the first tree itself
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            proof.append(_folded(middle, end, hashes))
            end = middle
        else:
            proof.append(_folded(begin, middle, hashes))
            begin, whole = middle, False
    if not whole:
        proof.append(_folded(begin, end, hashes))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> None:
    """Check that the leaf with this hash stands at ``index`` (RFC 9162 2.1.3.2); raises ``Broken``."""
    if not 0 <= index < size:
        raise Broken(f"leaf {index} is not in a tree of {size}")
    _check_lengths([leaf, expected_root, *proof])
    whole = leaf
    for sibling, left in _climb(index, size - 1, proof):
        whole = node_hash(sibling, whole) if left else node_hash(whole, sibling)
    if whole != expected_root:
        raise Broken("the proof leads to another root")


def verify_consistency(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the first tree is the beginning of the second (RFC 9162 2.1.4.2); raises ``Broken``."""
    _check_lengths([first_root, second_root, *proof])
    if not 0 < first <= second:
        raise Broken(f"a tree of {first} is not the beginning of one of {second}")
    if first == second and first_root != second_root:
        raise Broken("two trees of one size have different roots")
    if first == second and proof:
        raise Broken("the proof is too long")
    old, new = _climbed(first, first_root, second, proof) if first < second else (first_root, second_root)
    if old != first_root:
        raise Broken("the proof leads to another root of the first tree: history was rewritten")
    if new != second_root:
        raise Broken("the proof leads to another root of the second tree")


def _climbed(first: int, first_root: bytes, second: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of both trees that the proof leads to."""
    path = list(proof)
    if first & (first - 1) == 0:  # a perfect tree is itself the first part of the proof
        path.insert(0, first_root)
    if not path:
        raise Broken("the proof is too short")
    number, last = first - 1, second - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = path[0]
    for sibling, left in _climb(number, last, path[1:]):
        old = node_hash(sibling, old) if left else old
        new = node_hash(sibling, new) if left else node_hash(new, sibling)
    return old, new


def _climb(number: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each part of the proof, and whether it stands left of what was hashed before."""
    for sibling in proof:
        if last == 0:
            raise Broken("the proof is too long")
        left = bool(number & 1) or number == last
        yield sibling, left
        while left and number and not number & 1:
            number, last = number >> 1, last >> 1
        number, last = number >> 1, last >> 1
    if last:
        raise Broken("the proof is too short")


def _check_lengths(hashes: Iterable[bytes]) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise Broken(f"a hash does not have {HASH_BYTES} bytes")


class Growing:
    """The edge of a growing tree: the perfect subtrees it is made of. Takes leaves in order.

    32 bytes for each bit of the size, so that millions of entries can be re-hashed in little memory.
    """

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        """``edge``: the hashes of ``subtrees(0, size)``."""
        if len(edge) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} subtrees at its edge")
        self.size = size
        self._edge = list(edge)

    def append(self, leaf: bytes, level: int = 0) -> Iterator[tuple[int, bytes]]:
        """Add one leaf's hash; gives the perfect subtrees that it completes, as (level, hash), it first.

        With ``level`` it is the hash of a perfect subtree of that height, and so many leaves are added; the
        size must be a multiple of them: ``ValueError``.
        """
        leaves = 1 << level
        if self.size % leaves:
            raise ValueError(f"{leaves} leaves do not follow {self.size} as one subtree")
        yield level, leaf
        whole = leaf
        while self.size >> level & 1:
            whole = node_hash(self._edge.pop(), whole)
            level += 1
            yield level, whole
        self._edge.append(whole)
        self.size += leaves

    def add(self, leaf: bytes) -> None:
        """Add one leaf's hash."""
        size, edge = self.size, self._edge
        while size & 1:
            leaf = hashlib.sha256(b"\x01" + edge.pop() + leaf).digest()
            size >>= 1
        edge.append(leaf)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root hash of all leaves so far."""
        if not self._edge:
            return EMPTY_ROOT
        whole = self._edge[-1]
        for left in self._edge[-2::-1]:
            whole = node_hash(left, whole)
        return whole
