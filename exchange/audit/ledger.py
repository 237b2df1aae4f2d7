"""A mirrored ledger: all its leaves in a folder, in the layout of C2SP tlog-tiles; every one hashed again.

``checkpoint`` is the newest that was checked, ``tile/entries/…`` the leaves, ``tile/<level>/…`` the hashes.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from exchange.audit import checkpoints
from exchange.audit.anchors import Anchors
from exchange.audit.finding import Finding, Report
from exchange.audit.tiling import Tiling
from exchange.audit.words import finding, unreadable
from exchange.core import leaf as leaves
from exchange.core.leaf import NotALeaf
from exchange.core.merkle import leaf_hash
from exchange.core.note import Checkpoint
from exchange.core.tiles import TILE_WIDTH, NotATile, Place, decode_bundle, entries_path, width_at

CHECKPOINT = "checkpoint"

# The canonical form of a leaf, so that a million of them take seconds; what does not fit is read slowly.
_LEAF = re.compile(
    rb'\{"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)","class":"([a-z_]*)","details":"[0-9a-f]{64}",'
    rb'"document":"[0-9a-f]{64}","event":"([a-z0-9_]+)","exchange":"([0-9a-z]*)","v":1\}'
)


@dataclass(slots=True)
class Tally:
    """What the leaves say in plain: counted, so that a share can be computed again."""

    entries: int = 0
    events: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    first_at: str = ""
    last_at: str = ""
    twice: int = 0
    """Exchanges that were counted more than once."""
    _counted: set[bytes] = field(default_factory=set)

    def add(self, content: bytes) -> None:
        """Count one leaf; raises ``NotALeaf``."""
        found = _LEAF.fullmatch(content)
        if found is not None:
            at, exchange_class, event, exchange = found.groups()
            self._count(at.decode(), exchange_class.decode(), event.decode(), exchange)
            return
        leaf = leaves.decode(content)
        self._count(leaf.at.isoformat(), leaf.exchange_class, leaf.event, leaf.exchange.encode())

    def _count(self, at: str, exchange_class: str, event: str, exchange: bytes) -> None:
        self.entries += 1
        self.events[event] += 1
        self.first_at = self.first_at or at
        self.last_at = at
        if exchange_class:
            self.classes[exchange_class] += 1
            before = len(self._counted)
            self._counted.add(exchange)
            self.twice += len(self._counted) == before


def check(folder: Path, anchors: Anchors) -> Report:
    """Whether the leaves in the folder are exactly those that the ledger signed for."""
    try:
        text = (folder / CHECKPOINT).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        return unreadable("mirror_without_checkpoint", why=error)
    signed, findings = checkpoints.check(text, CHECKPOINT, anchors)
    if signed is None:
        return Report(kind="ledger", findings=tuple(findings), readable=False)
    tally = Tally()
    findings += _rehashed(folder, signed.checkpoint, tally)
    return Report(kind="ledger", findings=tuple(findings), facts=facts(signed.checkpoint, tally))


def facts(checkpoint: Checkpoint, tally: Tally) -> dict[str, object]:
    """For machines: the tree, and what its leaves say in plain."""
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "events": dict(sorted(tally.events.items())),
        "classes": dict(sorted(tally.classes.items())),
        "first_at": tally.first_at,
        "last_at": tally.last_at,
    }


def read_bundle(content: bytes, number: int, size: int) -> list[bytes]:
    """The leaves of the bundle ``number`` in a tree of this size; raises ``NotATile``."""
    width = width_at(0, number, size)
    entries = decode_bundle(content)
    if len(entries) != width:
        raise NotATile(f"{entries_path(number, width)} holds {len(entries)} entries")
    return entries


def _rehashed(folder: Path, checkpoint: Checkpoint, tally: Tally) -> list[Finding]:
    tiling, size = Tiling(folder, 0), checkpoint.size
    try:
        for number in range(-(-size // TILE_WIDTH)):
            content = (folder / entries_path(number, width_at(0, number, size))).read_bytes()
            entries = read_bundle(content, number, size)
            for entry in entries:
                tally.add(entry)
            _compare(folder, tiling.add([leaf_hash(entry) for entry in entries]))
        _compare(folder, tiling.begun())
    except (OSError, NotATile, NotALeaf) as error:
        near = tally.entries
        return [
            finding("root_wrong", CHECKPOINT, why_vi=f"dòng {near}: {error}", why=f"entry {near}: {error}")
        ]
    if tiling.root != checkpoint.root:
        roots = f"{tiling.root.hex()} ≠ {checkpoint.root.hex()}"
        why_vi, why = f"gốc tính lại {roots}", f"the root computed again {roots}"
        return [finding("root_wrong", CHECKPOINT, why_vi=why_vi, why=why)]
    return [finding("root", CHECKPOINT, count=tally.entries).shown_by(*_COMMANDS), counted(tally)]


def _compare(folder: Path, tiles: Iterator[tuple[Place, bytes]]) -> None:
    """The tiles that lie there are those of these entries; others would mislead the next visit."""
    for place, hashes in tiles:
        if (folder / place.path).read_bytes() != hashes:
            raise NotATile(f"{place.path} does not hold the hashes of the entries")


_COMMANDS = (
    "# hash of a leaf: (printf '\\000'; printf %s LEAF) | sha256sum",
    "# hash of a node: (printf '\\001'; printf LEFT_RIGHT | xxd -r -p) | sha256sum    # docs/ledger.md",
)


def counted(tally: Tally) -> Finding:
    """Whether every exchange was counted once, and how many there are of each class."""
    if tally.twice:
        return finding("counted_twice", count=tally.twice)
    listed = ", ".join(f"{name} {count}" for name, count in sorted(tally.classes.items()))
    return finding("counted_once", classes=listed or "0")
