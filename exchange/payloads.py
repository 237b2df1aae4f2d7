"""Payload files: bytes by their SHA-256, beside the database, for documents too large for a row.

A file is written under another name, synced, renamed, and its folder synced, before anything refers
to it. A crash or a refusal leaves at most a file that nothing refers to; ``discard`` removes it.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from time import monotonic, sleep

from exchange.ids import new_id
from exchange.ledger import reading
from exchange.ledger.database import Database


class Missing(Exception):
    """The bytes of a digest that the ledger knows are not where they must be."""


class NotKept(Exception):
    """The bytes could not be made durable now: the disk is full, or away. Nothing may refer to them."""


DIGEST = re.compile(r"[0-9a-f]{64}")
TEMPORARY = re.compile(r"\.[0-9a-f]{32}")
LOCK_SECONDS = 5.0


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
        """Make the bytes durable. Returns them when they are to lie in the row, None when in a file.

        Raises ``NotKept`` where that cannot be done now.
        """
        if len(document) <= self.inline_bytes_max:
            return document
        try:
            self._write(document, self._path(digest))
        except OSError as error:
            raise NotKept(f"{type(error).__name__}: {error.strerror or error}") from error
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

    def folders(self) -> list[Path]:
        """Where the files lie."""
        return sorted(path for path in self._folder.iterdir() if path.is_dir())

    def discard(self, digest: str, before: float) -> bool:
        """Remove a file that nothing refers to, unless ``keep`` has relied on it since ``before``."""
        path = self._path(digest)
        # ``keep`` came before, and the file counts as new; or it waits, and will write the file again.
        with self._locked(LOCK_EX), suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()
                return True
        return False

    def owner(self, found: Callable[[], str]) -> str:
        """Whose files these are: what was ``found`` when this was asked for the first time."""
        with self._locked(LOCK_EX) as descriptor:
            if not (owner := os.pread(descriptor, 256, 0).decode()):
                owner = found()
                os.pwrite(descriptor, owner.encode(), 0)
            return owner

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    @contextmanager
    def _locked(self, how: int) -> Iterator[int]:
        """Shared for who relies on files, exclusive for who removes them; among threads and processes."""
        descriptor = os.open(f"{self._folder}-owner", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            until = monotonic() + LOCK_SECONDS
            while True:
                try:
                    flock(descriptor, how | LOCK_NB)
                    break
                except BlockingIOError:
                    if monotonic() > until:
                        raise
                    sleep(0.005)
            yield descriptor
        finally:
            os.close(descriptor)

    def _write(self, document: bytes, path: Path) -> None:
        with self._locked(LOCK_SH):
            there = _relied_on(path, len(document))
        if there:
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
            with self._locked(LOCK_SH):
                temporary.rename(path)
        finally:
            with suppress(OSError):
                temporary.unlink()
        _sync_folder(path.parent)


def _relied_on(path: Path, size: int) -> bool:
    """Whether the file is there and whole; from now on it counts as new."""
    with suppress(FileNotFoundError):
        if path.stat().st_size == size:
            os.utime(path)
            return True
    return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
