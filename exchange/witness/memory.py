"""What the witness remembers: the last checkpoint of each log, and what contradicts it, as files.

``checkpoints/<hash of the origin>`` is a note that the log signed and this witness cosigned.
``forks/<hash of the origin>/`` holds what was refused: evidence against a log, or against whoever
sent a proof that proves nothing.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from exchange.core import note
from exchange.core.note import Checkpoint, NotANote, Note
from exchange.core.witnessing import Claim, Inconsistent
from exchange.witness import files

LOCK_FILE = ".witness.lock"
EVIDENCE_MAX = 1000  # of each kind and log: with a published checkpoint anybody can be refused


class Damaged(Exception):
    """What is remembered cannot be read. Nothing is cosigned then: to forget is to help a fork."""


class InUse(Exception):
    """Another process is the witness that has this folder: two memories would be none."""


def origin_hash(origin: str) -> str:
    """How a log is named in paths: hex of the SHA-256 of its origin."""
    return hashlib.sha256(origin.encode()).hexdigest()


class Memory:
    """The files in one folder. Not for two threads at once, nor for two processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checkpoints = folder / "checkpoints"
        self._forks = folder / "forks"
        for each in (self._checkpoints, self._forks):
            files.make_folder(each)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process uses the folder meanwhile; raises ``InUse``."""
        try:
            with files.locked(self._folder / LOCK_FILE, wait=False):
                yield
        except BlockingIOError:
            raise InUse(f"another witness runs in {self._folder}") from None

    def last(self, origin: str) -> Note | None:
        """The note that was cosigned last; raises ``Damaged``."""
        text = self.shown(origin_hash(origin))
        if text is None:
            return None
        try:
            found = note.read(text)
            checkpoint = Checkpoint.parse(found.text)
        except NotANote as error:
            raise Damaged(f"the last checkpoint of {origin} cannot be read: {error}") from None
        if checkpoint.origin != origin:
            raise Damaged(f"the last checkpoint of {origin} is one of {checkpoint.origin}")
        return found

    def shown(self, hashed_origin: str) -> str | None:
        """The text of that note, by the hash of its origin. Raises ``Damaged``."""
        try:
            return (self._checkpoints / hashed_origin).read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise Damaged(f"the last checkpoint of {hashed_origin} is not text") from None

    def keep(self, origin: str, cosigned: Note) -> None:
        """Remember this note as the last one. Raises ``OSError``: then either may be the last one."""
        files.write(self._checkpoints / origin_hash(origin), cosigned.encoded.encode())

    def keep_evidence(
        self, claim: Claim, last: Note | None, denied: Inconsistent, at: datetime
    ) -> Path | None:
        """Write down what was refused, once for each checkpoint; None where there is enough of it.

        Raises ``OSError``.
        """
        folder = self._forks / origin_hash(claim.checkpoint.origin)
        files.make_folder(folder)
        kind = "fork" if denied.fork else "unproven"
        path = folder / f"{kind}-{hashlib.sha256(claim.note.text.encode()).hexdigest()}.json"
        if not path.exists():
            if sum(1 for _ in folder.glob(f"{kind}-*.json")) >= EVIDENCE_MAX:
                return None
            files.write(path, _evidence(claim, last, denied, at))
        return path


def _evidence(claim: Claim, last: Note | None, denied: Inconsistent, at: datetime) -> bytes:
    content = {
        "at": at.astimezone(UTC).isoformat(),
        "cosigned": last.encoded if last else "",
        "proof": [each.hex() for each in claim.addition.proof],
        "reason": denied.reason,
        "refused": claim.note.encoded,
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()
