"""Payload files: bytes by their SHA-256, beside the database, for documents too large for a row.

A file is written under another name, synced, renamed, and its folder synced, before anything refers
to it. A crash leaves at most a file that nothing refers to.
"""

import hashlib
import os
from pathlib import Path

from exchange.ids import new_id
from exchange.ledger import reading
from exchange.ledger.database import Database


class Missing(Exception):
    """The bytes of a digest that the ledger knows are not where they must be."""


def check(document: bytes, digest: str) -> bytes:
    """``document``, if these are the bytes of ``digest``; raises ``Missing`` where they were altered."""
    if hashlib.sha256(document).hexdigest() != digest:
        raise Missing(f"the payload of {digest} was altered")
    return document


class Payloads:
    """Reads and writes payload files; small payloads it finds in the database."""

    def __init__(self, folder: Path, database: Database, inline_bytes_max: int) -> None:
        self._folder = folder
        self._database = database
        self._synced: set[Path] = set()
        self.inline_bytes_max = inline_bytes_max
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, document: bytes, digest: str) -> bytes | None:
        """Make the bytes durable. Returns them when they are to lie in the row, None when in a file."""
        if len(document) <= self.inline_bytes_max:
            return document
        self._write(document, self._path(digest))
        return None

    def read(self, digest: str) -> bytes:
        """The exact bytes; raises ``Missing``, never gives other bytes."""
        known, body = reading.payload(self._database, digest)
        if not known:
            raise Missing(f"no payload has the digest {digest}")
        return self.read_file(digest) if body is None else check(body, digest)

    def read_file(self, digest: str) -> bytes:
        """The bytes of a payload file, checked against its name; raises ``Missing``."""
        try:
            document = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise Missing(f"the payload file of {digest} is gone") from None
        return check(document, digest)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _write(self, document: bytes, path: Path) -> None:
        if path.exists() and path.stat().st_size == len(document):
            # Whole and synced, or it had no name; but who wrote it may not have synced the name yet.
            _sync_folder(path.parent)
            return
        if path.parent not in self._synced:  # another process may have made it and not synced it yet
            path.parent.mkdir(exist_ok=True)
            _sync_folder(self._folder)
            self._synced.add(path.parent)
        temporary = path.parent / f".{new_id()}"
        try:
            with temporary.open("xb") as file:
                file.write(document)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
