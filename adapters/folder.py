"""Folders: documents are exchanged as files, on a disk or a share that both sides see.

Towards the agency (``options["path"]``)::

    path/<document id>-<key>.edxml             documents
    path/status/<document id>-<key>.edxml      status messages
    path/receipts/<receipt id>-<key>.xml       receipts

A file appears under its name whole and synced to disk (written as ``.<name>.<random>.tmp``, then
renamed). The name depends on the delivery alone, so a second attempt finds the first one's file:

===========================================  ====================================================
what is found or happens                     verdict
===========================================  ====================================================
no file of that name                         it is written: ``Delivered``, reference: its name
a file with the same bytes                   ``Delivered``
a file with other bytes                      ``Retry``: never overwritten; a person must look at it
no folder ``path`` (a share not mounted),    ``Retry``; ``path`` itself is never created
disk full, no permission, any other failure
===========================================  ====================================================

If the agency's software takes a file away before the broker has recorded its delivery (a crash lies
between), it comes once more under the same name.

From the agency (``options["outgoing"]``, where set): every ``*.edxml`` that has not changed for
``quiet_seconds`` is read. What the broker has taken moves to ``sent/``; what it refuses moves to
``refused/``, with the reasons beside it in ``<name>.txt``. Software that writes under another name
and renames is safe at any speed.

No time limit can be put on a disk: a share that hangs holds the worker until the system gives up.
"""

import hashlib
import logging
import os
import re
import secrets
import stat
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import Field, NonNegativeFloat, field_validator

from exchange.adapter import AgencyAdapter, Collected, Delivered, Options, Outcome, Outgoing, Retry

log = logging.getLogger(__name__)

SUBFOLDER = {"document": "", "status": "status", "receipt": "receipts"}
READABLE_MAX = 80  # characters of the document id that a file name shows
LEFT_OVER_SECONDS = 3600  # a temporary file this old belongs to nobody any more

_Mark = tuple[int, int, int]  # device-wide number, size and time of change of a file


class FolderOptions(Options):
    """Absolute folders; they may be missing for a while, as shares are."""

    path: Path
    outgoing: Path | None = None
    quiet_seconds: NonNegativeFloat = 2.0
    bytes_max: int = Field(default=100_000_000, gt=0)  # larger outgoing files are refused unread

    @field_validator("path", "outgoing")
    @classmethod
    def _is_absolute(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_absolute():
            raise ValueError("must be an absolute path")
        return path


class Adapter(AgencyAdapter):
    """Writes what is delivered, reads what is ready to be sent."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        super().__init__(options, timeout_seconds)
        self._read = FolderOptions.read(options)
        self._swept: set[Path] = set()
        self._offered: dict[str, _Mark] = {}
        self._unreadable: set[str] = set()

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """Put the file in place, once per key."""
        folder = self._read.path / SUBFOLDER[outgoing.kind]
        name = file_name(outgoing)
        try:
            self._prepare(folder)
            found = _digest(folder / name)
            if found is None:
                _write(folder, name, outgoing.content)
            elif found != outgoing.digest:
                return Retry(f"another file of the name {name} lies in the folder")
            _sync(folder)  # of a file found too: the attempt that wrote it may have died before this
        except OSError as error:
            return Retry(_sentence(error))
        return Delivered(name)

    def collect(self) -> Iterator[Collected]:
        """Every outgoing message that is complete; one that cannot be read is passed over and logged."""
        folder = self._read.outgoing
        if folder is None:
            return
        try:
            names = sorted(entry.name for entry in folder.iterdir() if _is_message(entry.name))
        except OSError as error:
            log.warning("folder %s cannot be listed: %s", folder, _sentence(error))
            return
        for name in names:
            try:
                content = self._content(folder / name)
            except OSError as error:
                # Said once, and not at every look; it may become readable.
                level = logging.DEBUG if name in self._unreadable else logging.WARNING
                log.log(level, "file %s cannot be read: %s", folder / name, _sentence(error))
                self._unreadable.add(name)
                continue
            self._unreadable.discard(name)
            if content is not None:
                yield Collected(key=name, content=content)

    def collected(self, key: str) -> None:
        """Move the file to ``sent/``; one that was replaced since it was read stays, and is read again."""
        self._move(key, "sent")

    def refused(self, key: str, reasons: Sequence[str]) -> None:
        """Move the file to ``refused/``, and write the reasons beside it."""
        name = self._move(key, "refused")
        if name:
            self._explain(name, reasons)

    def _prepare(self, folder: Path) -> None:
        """Make the subfolder, and once per folder remove what a crash left half written."""
        if folder != self._read.path:
            folder.mkdir(exist_ok=True)
        if folder in self._swept:
            return
        oldest = time.time() - LEFT_OVER_SECONDS
        for left_over in folder.glob(".*.tmp"):
            with suppress(FileNotFoundError):  # another worker sweeps too
                if left_over.lstat().st_mtime < oldest:
                    left_over.unlink()
        self._swept.add(folder)

    def _content(self, path: Path) -> bytes | None:
        """The bytes of a complete message; None where it is not one, or not yet."""
        # A link could point at any file of the broker's machine; a pipe would never end.
        with open(path, "rb", opener=_open_unlinked) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or self._just_changed(status):
                return None
            content = file.read(self._read.bytes_max + 1)
        self._offered[path.name] = _mark(status)
        if len(content) > self._read.bytes_max:
            self.refused(path.name, [f"The file has more than {self._read.bytes_max} bytes."])
            return None
        return content

    def _just_changed(self, status: os.stat_result) -> bool:
        # Copying tools set the time of modification back; nobody sets the time of change.
        age = time.time() - max(status.st_mtime, status.st_ctime)
        # Not for ever, where the clock of the other side runs ahead.
        return 0 <= age < self._read.quiet_seconds

    def _move(self, key: str, where: str) -> str:
        """Rename into a subfolder; the name there, or "" where nothing was moved."""
        if self._read.outgoing is None or not _is_message(key):
            raise ValueError(f"{key!r} was not collected here")
        source, folder = self._read.outgoing / key, self._read.outgoing / where
        offered = self._offered.pop(key, None)
        try:
            if offered not in (None, _mark(source.lstat())):
                return ""
            folder.mkdir(exist_ok=True)
            name = _free_name(folder, key)
            source.rename(folder / name)
        except FileNotFoundError:
            return ""  # moved already: by another worker, or by the agency
        except OSError as error:
            # It will be collected again, and known; the messages after it must not wait.
            log.warning("file %s cannot be moved to %s: %s", source, folder, _sentence(error))
            return ""
        return name

    def _explain(self, name: str, reasons: Sequence[str]) -> None:
        assert self._read.outgoing is not None
        path = self._read.outgoing / "refused" / f"{name}.txt"
        try:
            path.write_text("".join(f"{reason}\n" for reason in reasons), "utf-8")
        except OSError as error:
            log.warning("file %s cannot be written: %s", path, _sentence(error))


def file_name(outgoing: Outgoing) -> str:
    """Readable, unique to the key, and harmless on every file system: ASCII letters, digits, ``.-_`` only."""
    folded = unicodedata.normalize("NFKD", outgoing.document_id.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    readable = re.sub(r"[^A-Za-z0-9._]+", "-", plain)[:READABLE_MAX].strip(".-_") or "document"
    key = outgoing.key
    if not re.fullmatch(r"[a-z0-9-]{1,64}", key):  # capitals: "A" and "a" are one file on some shares
        key = hashlib.sha256(key.encode()).hexdigest()
    return f"{readable}-{key}.{'xml' if outgoing.kind == 'receipt' else 'edxml'}"


def _write(folder: Path, name: str, content: bytes) -> None:
    """The name appears only with all its bytes, on disk. A crash before the rename leaves a ``.tmp``."""
    temporary = folder / f".{name}.{secrets.token_hex(4)}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(folder / name)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """A rename survives a power cut only once its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _open_unlinked(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _mark(status: os.stat_result) -> _Mark:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_message(name: str) -> bool:
    return name.endswith(".edxml") and not name.startswith(".") and Path(name).name == name


def _free_name(folder: Path, name: str) -> str:
    """The name, or with a number where an earlier file has it: nothing that was sent is overwritten."""
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{Path(name).stem}.{number}.edxml"
    return path.name


def _sentence(error: OSError) -> str:
    return f"{type(error).__name__}: {error.strerror or error}"
