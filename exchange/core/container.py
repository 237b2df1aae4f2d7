"""A ZIP container of files: written one way, read with distrust (ETSI EN 319 162-1 clause A.1, APPNOTE 6.3).

Equal files give equal bytes: nothing is compressed, no time is kept. What comes from outside is bounded
before it is unpacked, and a name that two readers could take for different files is refused.
"""

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MIMETYPE = "mimetype"
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that ZIP knows
_MODE = 0o100644 << 16
_LOCAL_HEADER_BYTES = 30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError, ValueError,
    OverflowError,
)  # fmt: skip


class NotAContainer(Exception):
    """Bytes that are no container of ours, or one that must not be unpacked: why, in two languages."""

    def __init__(self, reason: str, reason_vi: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reason_vi = reason_vi


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLimits:
    """What a container may hold, unpacked."""

    bytes_max: int = 512_000_000
    files_max: int = 20_000
    name_chars_max: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The files of a container by name, in their order, without ``mimetype``."""

    media_type: str
    files: Mapping[str, bytes]
    damaged: tuple[str, ...] = field(default=())
    """Names of files that cannot be unpacked to what was packed."""
    plain: bool
    """Whether these are exactly the bytes that ``pack`` writes: nothing is hidden beside the files."""


def pack(media_type: str, files: Iterable[tuple[str, bytes]]) -> bytes:
    """The container: ``mimetype`` first, then the files in this order, all stored as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in ((MIMETYPE, media_type.encode()), *files):
            info = zipfile.ZipInfo(name, _NO_TIME)
            info.create_system = 3
            info.external_attr = _MODE
            archive.writestr(info, content)
    return buffer.getvalue()


def unpack(content: bytes, limits: ContainerLimits) -> Container:
    """Read a container; raises ``NotAContainer`` before anything large is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = archive.infolist()
            _check_sizes(listed, limits)
            _check_places(listed, len(content))
            _check_names(listed, limits)
            media_type = _media_type(content, listed, archive)
            files, damaged = _read(archive, listed[1:])
    except _UNREADABLE as error:
        raise _refused(f"it cannot be read as ZIP ({error})", f"không đọc được dạng ZIP ({error})") from None
    plain = not damaged and pack(media_type, files.items()) == content
    return Container(media_type=media_type, files=files, damaged=tuple(damaged), plain=plain)


def _read(archive: zipfile.ZipFile, listed: Iterable[zipfile.ZipInfo]) -> tuple[dict[str, bytes], list[str]]:
    files: dict[str, bytes] = {}
    damaged = []
    for info in listed:
        try:
            with archive.open(info) as file:
                # Not to its end: compressed bytes may hold more than they declare.
                files[info.filename] = file.read(info.file_size)
        except _UNREADABLE:
            damaged.append(info.filename)
    return files, damaged


def _check_sizes(listed: list[zipfile.ZipInfo], limits: ContainerLimits) -> None:
    if len(listed) > limits.files_max:
        raise _refused(f"it has more than {limits.files_max} files", f"có hơn {limits.files_max} tệp")
    if sum(info.file_size for info in listed) > limits.bytes_max:
        raise _refused(
            f"unpacked it is larger than {limits.bytes_max} bytes",
            f"dung lượng sau giải nén vượt {limits.bytes_max} byte",
        )
    for info in listed:
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
            raise _refused(
                f"{info.filename[:80]} is encrypted or compressed in an unknown way",
                f"{info.filename[:80]} bị mã hóa hoặc nén theo cách lạ",
            )


def _check_places(listed: list[zipfile.ZipInfo], size: int) -> None:
    """No two files share bytes: a small container could unpack to a huge one."""
    end = 0
    for info in sorted(listed, key=lambda each: each.header_offset):
        if info.header_offset < end:
            raise _refused("two files in it overlap", "hai tệp chồng lên nhau")
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size
    if end > size:
        raise _refused("it is cut off", "tệp bị cắt cụt")


def _check_names(listed: list[zipfile.ZipInfo], limits: ContainerLimits) -> None:
    seen = set()
    for info in listed:
        name = info.filename
        if not _is_plain(name, limits) or name != info.orig_filename:
            raise _refused(f"a file in it has the name {name[:80]!r}", f"tệp có tên {name[:80]!r}")
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise _refused(f"the name {name[:80]!r} stands twice in it", f"tên {name[:80]!r} bị lặp")
        seen.add(key)


def _is_plain(name: str, limits: ContainerLimits) -> bool:
    """A relative path that means one place on every system."""
    steps = name.split("/")
    return (
        len(name) <= limits.name_chars_max
        and name.isprintable()
        and not any(character in name for character in '\\:*?"<>|')
        and all(step and step.strip(" .") == step.strip(" ") == step for step in steps)
    )


def _media_type(content: bytes, listed: list[zipfile.ZipInfo], archive: zipfile.ZipFile) -> str:
    """What ``mimetype`` says; it must be the first file, and stored: so the first bytes show the type."""
    first = listed[0] if listed else None
    if (
        first is None
        or first.filename != MIMETYPE
        or first.header_offset != 0
        or first.compress_type != zipfile.ZIP_STORED
        or content[_LOCAL_HEADER_BYTES : _LOCAL_HEADER_BYTES + len(MIMETYPE)] != MIMETYPE.encode()
        or not 0 < first.file_size <= 100
    ):
        raise _refused(
            "it does not begin with its type (mimetype, stored)",
            "không bắt đầu bằng kiểu tệp (mimetype, không nén)",
        )
    try:
        return archive.read(first).decode("ascii")
    except UnicodeDecodeError:
        raise _refused("its type is not text", "kiểu tệp không phải văn bản") from None


def _refused(reason: str, reason_vi: str) -> NotAContainer:
    return NotAContainer(
        f"It is no container that can be opened: {reason}.", f"Không mở được gói: {reason_vi}."
    )
