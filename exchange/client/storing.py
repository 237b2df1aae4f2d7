"""Keeping what was fetched, so that a crash or a power cut after the acknowledgement loses nothing.

Names of files come from outside: they are made harmless, and never lead out of the folder.
"""

import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from exchange.core.edxml import DocumentMessage
from exchange.core.refusal import Refused, sentence

NAME_BYTES_MAX = 180  # file systems take 255; room is left for what is added
EXPANDED_BYTES_MAX = 400_000_000  # all attachments of one document together
MESSAGE_NAME = "message.edxml"
_FORBIDDEN = re.compile(r'[/\\<>:"|?*]')
_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\.|$)", re.IGNORECASE)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # among them what turns text around


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The attachments of a document as files; ``unreadable`` says in sentences what could not be unpacked."""

    files: tuple[tuple[str, bytes], ...]
    unreadable: tuple[str, ...]


def unpack(message: DocumentMessage) -> Unpacked:
    """The attachments under safe names, each once, taken out of the ZIP that some senders put around them."""
    taken = {MESSAGE_NAME.casefold()}
    files: list[tuple[str, bytes]] = []
    unreadable: list[str] = []
    room = EXPANDED_BYTES_MAX
    for attachment in message.attachments:
        try:
            content = attachment.content(room)
        except Refused as refused:
            unreadable += [sentence(refusal) for refusal in refused.refusals]
            continue
        name = _unused(safe_name(attachment.name or attachment.content_id, "attachment"), taken)
        files.append((name, content))
        room = max(0, room - len(content))
    return Unpacked(files=tuple(files), unreadable=tuple(unreadable))


def safe_name(text: str, otherwise: str = "_") -> str:
    """A file name made of ``text``: visible characters, no path, no device, not hidden, not too long."""
    visible = "".join(
        " " if each.isspace() else each
        for each in text
        if each.isspace() or unicodedata.category(each) not in _INVISIBLE
    )
    text = " ".join(unicodedata.normalize("NFC", visible).split())
    text = _FORBIDDEN.sub("-", text).strip(" .")
    if _DEVICES.match(text):
        text = "_" + text
    return _shortened(text) or otherwise


def write_folder(folder: Path, files: Sequence[tuple[str, bytes]]) -> Path:
    """A new folder with these files: there as a whole, durably, or not at all. Raises ``OSError``.

    A folder that is there already came from an earlier fetch of the same message: it stays if its
    first file has the same bytes, else ``FileExistsError`` is raised.
    """
    first, content = files[0]
    if folder.exists():
        if _same(folder / first, content):
            return folder
        raise FileExistsError(f"{folder} holds something else")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was cut off
    unfinished.mkdir()
    for name, part in files:
        _write(unfinished / name, part)
    _sync(unfinished)
    unfinished.rename(folder)
    _sync(folder.parent)
    return folder


def write_file(path: Path, content: bytes) -> Path:
    """A file with this content, durably, or none. Raises ``FileExistsError`` if it holds something else."""
    if path.exists():
        if _same(path, content):
            return path
        raise FileExistsError(f"{path} holds something else")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    _write(unfinished, content)
    unfinished.rename(path)
    _sync(path.parent)
    return path


def _shortened(name: str) -> str:
    """Within the limit in bytes; the end of it, by which programs know the kind of file, is kept."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not ending.isalnum() or len(ending.encode()) > 16:
        stem, ending = name, ""
    room = NAME_BYTES_MAX - len(ending.encode()) - 1
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return f"{stem}.{ending}" if ending else stem


def _unused(name: str, taken: set[str]) -> str:
    for candidate in _candidates(name):
        if candidate.casefold() not in taken:
            taken.add(candidate.casefold())
            return candidate
    raise AssertionError("there is always a further candidate")


def _candidates(name: str) -> Iterable[str]:
    yield name
    path = Path(name)
    number = 2
    while True:
        yield f"{path.stem} ({number}){path.suffix}"
        number += 1


def _same(path: Path, content: bytes) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(content).digest()


def _write(path: Path, content: bytes) -> None:
    # O_EXCL: never through a link that somebody put there.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
