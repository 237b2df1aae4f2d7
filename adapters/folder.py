"""Folders: documents are exchanged as files, on a disk or a share that both sides see.

``options["path"]`` has what comes to the agency, ``options["outgoing"]`` what it sends. What lies where
under which name, and what each thing that is found means: the table in ``exchange.software.drop_folder``.

Files and folders are synced to disk before they count. No time limit can be put on a disk: a share that
hangs holds the worker until the system gives up.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import field_validator

from exchange.software.drop_folder import DropFolder, DropOptions, Entry, Files


class FolderOptions(DropOptions):
    """Absolute folders; they may be missing for a while, as shares are."""

    path: Path
    outgoing: Path | None = None

    @field_validator("path", "outgoing")
    @classmethod
    def _is_absolute(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_absolute():
            raise ValueError("must be an absolute path")
        return path


class Adapter(DropFolder):
    """Folders that this machine has."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        read = FolderOptions.read(options)
        outgoing = str(read.outgoing) if read.outgoing else None
        super().__init__(options, timeout_seconds, read, incoming=str(read.path), outgoing=outgoing)

    @contextmanager
    def _files(self) -> Iterator[Files]:
        yield _Disk()


class _Disk:
    """``Files`` of this machine."""

    def greeting(self, folder: str) -> str:
        return f"{len(list(Path(folder).iterdir()))} files and folders"

    def entries(self, folder: str) -> list[Entry]:
        with os.scandir(folder) as found:
            return list(_entries(found))

    def entry(self, path: str) -> Entry:
        return _entry(Path(path).name, Path(path).lstat())

    def read(self, path: str, bytes_max: int) -> bytes:
        # A link could point at any file of the broker's machine; a pipe would never end.
        with open(path, "rb", opener=_open_unlinked) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError("is no file")
            return file.read(bytes_max + 1)

    def write(self, path: str, content: bytes) -> None:
        with Path(path).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, source: str, target: str) -> None:
        if os.path.lexists(target):
            raise FileExistsError(target)
        # Whoever takes the name in between is a worker with the same delivery, and the same bytes.
        Path(source).rename(target)

    def remove(self, path: str) -> None:
        Path(path).unlink()

    def make_folder(self, path: str) -> None:
        Path(path).mkdir(exist_ok=True)

    def sync(self, folder: str) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open_unlinked(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _entries(found: Iterable[os.DirEntry[str]]) -> Iterator[Entry]:
    """Links and pipes too: that they cannot be read is said."""
    for each in found:
        with suppress(FileNotFoundError):  # moved away meanwhile
            if not each.is_dir(follow_symlinks=False):
                yield _entry(each.name, each.stat(follow_symlinks=False))


def _entry(name: str, status: os.stat_result) -> Entry:
    mark = f"{status.st_ino}.{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}"
    return Entry(name, status.st_size, status.st_mtime, mark)
