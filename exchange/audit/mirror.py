"""Mirror a ledger over plain HTTP: fetch what is new, and notice when history was rewritten.

The order of a visit: the checkpoint, whether its log signed it, whether it continues the last one, the new
entries, the root with them. ``checkpoint`` is written last, and only if all of this holds: a crash before
leaves the mirror of the last visit. What contradicts it is kept as evidence in ``conflicts/``.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from exchange.audit import checkpoints, ledger
from exchange.audit.anchors import Anchors
from exchange.audit.checkpoints import Signed
from exchange.audit.finding import Finding, Report, refuses
from exchange.audit.ledger import CHECKPOINT, Tally
from exchange.audit.tiling import Tiling
from exchange.audit.words import finding
from exchange.core.leaf import NotALeaf
from exchange.core.merkle import Broken, consistency_proof, leaf_hash, verify_consistency
from exchange.core.note import Checkpoint, NotANote, Vkey
from exchange.core.tiles import TILE_WIDTH, NotATile, Place, entries_path, hashes_from, tile_path, width_at

KEY = "key"
CONFLICTS = "conflicts"
LEAF_BYTES_MAX = 1_000
ENTRY_BYTES = 400  # that one takes in a mirror, with its hashes

# Gives what lies at a path below the ledger's address; raises ``OSError``.
Fetch = Callable[[str], bytes]


def mirror(fetch: Fetch, folder: Path, anchors: Anchors) -> Report:
    """Bring the mirror in ``folder`` up to the newest checkpoint; raises ``OSError`` if nobody answers."""
    folder.mkdir(parents=True, exist_ok=True)
    text = fetch(CHECKPOINT).decode(errors="replace")
    # (1) the checkpoint and its signatures, under the key that is trusted or was pinned at the first visit
    anchors, pinned = _with_key(fetch, folder, anchors, text)
    signed, findings = checkpoints.check(text, CHECKPOINT, anchors)
    if signed is None or refuses(findings):
        return Report(kind="mirror", findings=tuple(findings), readable=signed is not None)
    findings += pinned
    last = _last(folder)
    tiling = _tiling(folder, last)
    tally = Tally()
    try:
        # (2) does it continue what was seen last; (3) what is new, and the root with it
        findings += _continues(fetch, last, signed.checkpoint)
        findings += _grow(fetch, folder, tiling, signed.checkpoint, tally)
    except (Broken, NotATile, NotALeaf) as error:
        kept = _keep_conflict(folder, text)
        return Report(kind="mirror", findings=(*findings, _contradicts(last, signed, kept, error)))
    # A crash before: the mirror of the last visit stands, and what was fetched is fetched again.
    _write(folder / CHECKPOINT, text.encode())
    return Report(kind="mirror", findings=tuple(findings), facts=ledger.facts(signed.checkpoint, tally))


def _with_key(fetch: Fetch, folder: Path, anchors: Anchors, text: str) -> tuple[Anchors, list[Finding]]:
    """The anchors with the ledger's own key, where nobody gave one: pinned, and said to be no anchor."""
    try:
        origin = checkpoints.read(text).checkpoint.origin
        if anchors.log(origin) is not None:
            return anchors, []
        path = folder / KEY
        content = path.read_bytes() if path.exists() else fetch(KEY)
        key = Vkey.parse(content.decode().strip())
    except (NotANote, UnicodeDecodeError):
        return anchors, []
    if not path.exists():
        _write(path, content)
    return replace(anchors, logs=(*anchors.logs, key)), [finding("log_key_pinned", KEY, key=key.text)]


def _last(folder: Path) -> Checkpoint | None:
    """The checkpoint of the last visit; raises ``OSError`` if it is there and cannot be read."""
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        return checkpoints.read(path.read_bytes().decode()).checkpoint
    except (NotANote, UnicodeDecodeError) as error:
        raise OSError(f"{path}: {error}") from None


def _continues(fetch: Fetch, last: Checkpoint | None, new: Checkpoint) -> list[Finding]:
    """That the new tree begins with the one of the last visit; raises ``Broken``."""
    if last is None or last.size == 0:
        return []
    if last.origin != new.origin:
        raise Broken(f"another ledger: {new.origin}, it was {last.origin}")
    if new.size < last.size:
        raise Broken(f"it had {last.size} entries and has {new.size}")

    def read_tile(level: int, number: int) -> bytes:
        return fetch(tile_path(level, number, width_at(level, number, new.size)))

    proof = consistency_proof(last.size, new.size, hashes_from(read_tile))
    verify_consistency(last.size, last.root, new.size, new.root, proof)
    return [finding("continues", CHECKPOINT, size=last.size)]


def _grow(fetch: Fetch, folder: Path, tiling: Tiling, new: Checkpoint, tally: Tally) -> list[Finding]:
    """Fetch the entries from the last whole bundle on, and compute the root with them."""
    before = tiling.before
    _check_room(folder, new.size - before)
    for number in range(before // TILE_WIDTH, -(-new.size // TILE_WIDTH)):
        path = entries_path(number, width_at(0, number, new.size))
        content = fetch(path)
        entries = ledger.read_bundle(content, number, new.size)
        if len(content) > TILE_WIDTH * LEAF_BYTES_MAX:
            raise NotATile(f"{path} has {len(content)} bytes: no leaves are so long")
        for entry in entries[max(0, before - number * TILE_WIDTH) :]:
            tally.add(entry)
        _write_all(folder, tiling.add([leaf_hash(entry) for entry in entries]))
        _write(folder / path, content)
    if tiling.root != new.root:
        raise Broken(f"its entries lead to the root {tiling.root.hex()}, it signed {new.root.hex()}")
    _write_all(folder, tiling.begun())
    return [finding("root", CHECKPOINT, count=new.size - before)]


def _check_room(folder: Path, entries: int) -> None:
    """Raise ``OSError`` where so many entries will not fit: a ledger names whatever size it likes."""
    needed, free = entries * ENTRY_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"{folder}: không đủ chỗ / not enough room: {entries} entries take {needed} bytes, "
            f"{free} are free"
        )


def _tiling(folder: Path, last: Checkpoint | None) -> Tiling:
    """The tree as the mirror holds it; a mirror that is damaged must not be taken for a ledger that lies."""
    tiling = Tiling(folder, 0 if last is None else last.size)
    if last is None or last.size == 0:
        return tiling
    try:
        old = Tiling(folder, last.size)
        width = last.size - old.begin
        if width:
            content = (folder / entries_path(old.begin // TILE_WIDTH, width)).read_bytes()
            entries = ledger.read_bundle(content, old.begin // TILE_WIDTH, last.size)
            list(old.add([leaf_hash(entry) for entry in entries]))
    except NotATile as error:
        raise OSError(f"{folder}: {error}") from None
    if old.root != last.root:
        raise OSError(f"{folder}: bản sao bị hỏng, sao lại từ đầu / the mirror is damaged, make it again")
    return tiling


def _write_all(folder: Path, tiles: Iterator[tuple[Place, bytes]]) -> None:
    for place, hashes in tiles:
        _write(folder / place.path, hashes)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    temporary.replace(path)


def _keep_conflict(folder: Path, text: str) -> Path:
    name = hashlib.sha256(text.encode()).hexdigest()
    path = folder / CONFLICTS / f"{name}.txt"
    _write(path, text.encode())
    return path


def _contradicts(last: Checkpoint | None, signed: Signed, kept: Path, error: Exception) -> Finding:
    new = signed.checkpoint
    if last is None:
        return finding("entries_wrong", CHECKPOINT, why=error, kept=kept)
    return finding(
        "history_rewritten",
        CHECKPOINT,
        before=f"{last.size} / {last.root.hex()}",
        after=f"{new.size} / {new.root.hex()}",
        why=error,
        kept=kept,
    )
