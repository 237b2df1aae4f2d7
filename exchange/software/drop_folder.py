"""A drop folder: documents are exchanged as files, in folders that both sides see.

What adapters of files share; each gives ``Files``, in the words of its protocol.

Towards the agency (``incoming``)::

    incoming/<document id>-<key>.edxml             documents
    incoming/status/<document id>-<key>.edxml      status messages
    incoming/receipts/<receipt id>-<key>.xml       receipts

A file appears under its name whole (written as ``.<name>.<random>.tmp``, on disk where the protocol
can say so, then renamed). The name depends on the delivery alone, so a second attempt finds the first
one's file:

===========================================  ====================================================
what is found or happens                     verdict
===========================================  ====================================================
no file of that name                         it is written: ``Delivered``, reference: its name
a file with the same bytes                   ``Delivered``
a file with other bytes                      ``Retry``: never overwritten; a person must look at it
no folder ``incoming``, disk full, no        ``Retry``; ``incoming`` itself is never created
permission, no connection, time is up
===========================================  ====================================================

If the agency's software takes a file away before the broker has recorded its delivery (a crash lies
between), it comes once more under the same name.

From the agency (``outgoing``, where set): every ``*.edxml`` that two looks, ``quiet_seconds`` or more
apart, find unchanged is read: by the broker's clock, so that of the other side may be wrong. What the
broker has taken moves to ``sent/``; what it refuses moves to ``refused/``, with the reasons beside it
in ``<name>.txt``. Software that writes under another name and renames is safe at any speed.
"""

import logging
import secrets
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field, NonNegativeFloat

from exchange.adapter import (
    AgencyAdapter,
    Collected,
    Delivered,
    Options,
    Outcome,
    Outgoing,
    Reached,
    Refused,
    Retry,
    Unreachable,
)
from exchange.core.drop_names import (
    SUBFOLDER,
    file_name,
    free_names,
    is_left_over,
    is_message,
    is_of,
    reasons_text,
    temporary_name,
)

log = logging.getLogger(__name__)

LEFT_OVER_SECONDS = 3600  # a temporary file this old belongs to nobody any more
SIZE_UNKNOWN = -1


class DropOptions(Options):
    """What every drop folder can be told."""

    quiet_seconds: NonNegativeFloat = 2.0
    bytes_max: int = Field(default=100_000_000, gt=0)  # larger outgoing files are refused unread


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as a listing shows it. ``mark`` is another one as soon as the file was changed or replaced."""

    name: str
    size: int  # bytes, or SIZE_UNKNOWN
    changed_at: float  # POSIX seconds, by the clock of the other side
    mark: str = ""


class Declined(Exception):
    """The other side said no to a document in its protocol's own words."""

    def __init__(self, outcome: Retry | Refused) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class Files(Protocol):
    """What a protocol does with files, within the time limit of one call. Paths are joined by ``/``.

    Each raises ``FileNotFoundError`` and ``FileExistsError`` where it is that, and ``OSError`` for all else.
    """

    def greeting(self, folder: str) -> str:
        """What the other side says that it is; raises where there is no such folder."""

    def entries(self, folder: str) -> list[Entry]:
        """The regular files that lie directly in it."""

    def entry(self, path: str) -> Entry:
        """The same of one file."""

    def read(self, path: str, bytes_max: int) -> bytes:
        """The content; of a larger file more than ``bytes_max`` of it."""

    def write(self, path: str, content: bytes) -> None:
        """A new file, on disk when this returns, if the protocol can say that."""

    def rename(self, source: str, target: str) -> None:
        """Never onto a file that is there."""

    def remove(self, path: str) -> None:
        """One file."""

    def make_folder(self, path: str) -> None:
        """One level; a folder that is there already is as good."""

    def sync(self, folder: str) -> None:
        """What was renamed in this folder survives a power cut, if the protocol can say that."""


class DropFolder(AgencyAdapter):
    """Writes what is delivered, reads what is ready to be sent."""

    def __init__(
        self,
        options: Mapping[str, object],
        timeout_seconds: float,
        read: DropOptions,
        *,
        incoming: str,
        outgoing: str | None,
    ) -> None:
        super().__init__(options, timeout_seconds)
        self._incoming, self._outgoing = incoming, outgoing
        self._quiet_seconds, self._bytes_max = read.quiet_seconds, read.bytes_max
        self._made: set[str] = set()
        self._swept: set[str] = set()
        self._seen: dict[str, tuple[str, float]] = {}  # name: mark, and since when it is that
        self._offered: dict[str, str] = {}  # key: mark
        self._unreadable: set[str] = set()

    @abstractmethod
    def _files(self) -> AbstractContextManager[Files]:
        """One call: what is done inside ends within ``timeout_seconds``. Raises ``OSError``."""

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """Put the file in place, once per key."""
        subfolder = SUBFOLDER[outgoing.kind]
        folder = f"{self._incoming}/{subfolder}" if subfolder else self._incoming
        name = file_name(outgoing.document_id, outgoing.key, outgoing.kind)
        try:
            with self._files() as files:
                self._prepare(files, folder)
                if not _put(files, folder, name, outgoing.content):
                    return Retry(f"another file of the name {name} lies in the folder")
        except Declined as declined:
            return declined.outcome
        except OSError as error:
            self._made.discard(folder)  # somebody may have removed it
            return Retry(self._sentence(error))
        return Delivered(name)

    def collect(self) -> Iterator[Collected]:
        """Every outgoing message that is complete; one that cannot be read is passed over and logged."""
        if self._outgoing is None:
            return
        try:
            with self._files() as files:
                found = [entry for entry in files.entries(self._outgoing) if is_message(entry.name)]
        except (OSError, Declined) as error:
            log.warning("folder %s cannot be listed: %s", self._outgoing, self._sentence(error))
            return
        for entry in self._quiet(found):
            content = self._content(entry)
            if content is not None:
                yield Collected(key=entry.name, content=content)

    def collected(self, key: str) -> None:
        """Move the file to ``sent/``; one that was replaced since it was read stays, and is read again."""
        self._move(key, "sent")

    def refused(self, key: str, reasons: Sequence[str]) -> None:
        """Move the file to ``refused/``, and write the reasons beside it."""
        self._move(key, "refused", reasons)

    def check(self) -> Reached | Unreachable:
        """Whether the folders are there."""
        try:
            with self._files() as files:
                words = [files.greeting(folder) for folder in (self._incoming, self._outgoing) if folder]
        except (OSError, Declined) as error:
            return Unreachable(self._sentence(error))
        return Reached(words[0])

    def stored(self, key: str) -> bytes | None:
        """The bytes of the delivery's file, read back."""
        for subfolder in SUBFOLDER.values():
            folder = f"{self._incoming}/{subfolder}" if subfolder else self._incoming
            with suppress(FileNotFoundError), self._files() as files:
                for entry in files.entries(folder):
                    if is_of(entry.name, key):
                        return files.read(f"{folder}/{entry.name}", self._bytes_max)
        return None

    def _sentence(self, error: Exception) -> str:
        """What went wrong, for people in other agencies."""
        if isinstance(error, TimeoutError):
            return str(error) or f"no answer within {self.timeout_seconds:g} s"
        if type(error) is OSError and not error.strerror:
            return str(error)
        return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"

    def _prepare(self, files: Files, folder: str) -> None:
        """Make the subfolder, and once per folder remove what a crash left half written."""
        if folder not in self._made and folder != self._incoming:
            files.make_folder(folder)
        self._made.add(folder)
        if folder not in self._swept:
            self._swept.add(folder)  # first: a folder too large to be listed must not be tried for ever
            try:
                _sweep(files, folder)
            except FileNotFoundError:
                return  # no folder, which is said below; or another worker sweeps too
            except TimeoutError:
                raise
            except OSError as error:
                log.warning("folder %s cannot be swept: %s", folder, self._sentence(error))

    def _quiet(self, found: Sequence[Entry]) -> list[Entry]:
        """What has not changed for long enough, by name."""
        now = time.monotonic()
        before, self._seen = self._seen, {}
        for entry in found:
            mark, since = before.get(entry.name, ("", now))
            self._seen[entry.name] = (entry.mark, since if mark == entry.mark else now)
        quiet = [each for each in found if now - self._seen[each.name][1] >= self._quiet_seconds]
        return sorted(quiet, key=lambda entry: entry.name)

    def _content(self, entry: Entry) -> bytes | None:
        """The bytes of a complete message; None where it is not one, or cannot be read now."""
        name = entry.name
        try:
            content = self._read(entry) if entry.size <= self._bytes_max else None
        except FileNotFoundError:
            return None  # taken by another worker, or by the agency
        except (OSError, Declined) as error:
            # Said once, and not at every look; it may become readable.
            level = logging.DEBUG if name in self._unreadable else logging.WARNING
            log.log(level, "file %s cannot be read: %s", name, self._sentence(error))
            self._unreadable.add(name)
            return None
        self._unreadable.discard(name)
        self._offered[name] = entry.mark
        if content is None or len(content) > self._bytes_max:
            self.refused(name, [f"The file has more than {self._bytes_max} bytes."])
            return None
        # Of another size than listed: it changed since.
        return content if entry.size in (SIZE_UNKNOWN, len(content)) else None

    def _read(self, entry: Entry) -> bytes:
        with self._files() as files:
            return files.read(f"{self._outgoing}/{entry.name}", self._bytes_max)

    def _move(self, key: str, where: str, reasons: Sequence[str] = ()) -> None:
        if self._outgoing is None or not is_message(key):
            raise ValueError(f"{key!r} was not collected here")
        source, folder = f"{self._outgoing}/{key}", f"{self._outgoing}/{where}"
        offered = self._offered.pop(key, None)
        try:
            with self._files() as files:
                if offered not in (None, files.entry(source).mark):
                    return
                name = self._moved(files, source, folder, key)
                if reasons:
                    _replace(files, f"{folder}/{name}.txt", reasons_text(reasons))
        except FileNotFoundError:
            self._made.discard(folder)
            return  # moved already: by another worker, or by the agency
        except (OSError, Declined) as error:
            self._made.discard(folder)
            # It will be collected again, and known; the messages after it must not wait.
            log.warning("file %s cannot be moved to %s: %s", key, where, self._sentence(error))

    def _moved(self, files: Files, source: str, folder: str, key: str) -> str:
        """The name that the file has now: nothing that was sent before is overwritten."""
        if folder not in self._made:
            files.make_folder(folder)
            self._made.add(folder)
        for name in free_names(key):
            with suppress(FileExistsError):
                files.rename(source, f"{folder}/{name}")
                return name
        raise AssertionError("there is always another name")


def _sweep(files: Files, folder: str) -> None:
    oldest = time.time() - LEFT_OVER_SECONDS
    for entry in files.entries(folder):
        if is_left_over(entry.name) and 0 < entry.changed_at < oldest:
            files.remove(f"{folder}/{entry.name}")


def _put(files: Files, folder: str, name: str, content: bytes) -> bool:
    """Whether the file of this name has this content now."""
    path = f"{folder}/{name}"
    try:
        found = files.read(path, len(content)) == content
    except FileNotFoundError:
        found = _write(files, folder, name, content)
    if found:
        files.sync(folder)  # of a file found too: the attempt that wrote it may have died before this
    return found


def _write(files: Files, folder: str, name: str, content: bytes) -> bool:
    """The name appears only with all its bytes. A crash before the rename leaves a ``.tmp``."""
    temporary = f"{folder}/{temporary_name(name, secrets.token_hex(4))}"
    try:
        files.write(temporary, content)
        files.rename(temporary, f"{folder}/{name}")
    except Exception as error:
        with suppress(OSError, Declined):
            files.remove(temporary)
        if not isinstance(error, FileExistsError):
            raise
        return files.read(f"{folder}/{name}", len(content)) == content  # another worker was faster
    return True


def _replace(files: Files, path: str, content: bytes) -> None:
    with suppress(FileNotFoundError):
        files.remove(path)
    files.write(path, content)
