"""Containers: equal files give equal bytes; what could harm its reader, or mean two things, is not opened."""

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.container import ContainerLimits, NotAContainer, pack, unpack

TYPE = "application/vnd.etsi.asic-e+zip"
FILES = {"a.txt": b"first", "folder/b.txt": b"second" * 100}
PACKED = pack(TYPE, FILES.items())
LIMITS = ContainerLimits(bytes_max=100_000, files_max=20)


def zipped(*files: tuple[str, bytes], first: str = "mimetype", method: int = zipfile.ZIP_STORED) -> bytes:
    """What another program may write: as it is asked, with its own times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(first, TYPE)
        for name, content in files:
            info = zipfile.ZipInfo(name, (2026, 11, 24, 10, 0, 0))
            archive.writestr(info, content, compress_type=method)
    return buffer.getvalue()


def test_what_is_packed_is_unpacked() -> None:
    container = unpack(PACKED, LIMITS)
    assert (container.media_type, dict(container.files), container.plain) == (TYPE, FILES, True)
    assert container.damaged == ()


def test_equal_files_give_equal_bytes() -> None:
    assert pack(TYPE, FILES.items()) == PACKED
    assert pack(TYPE, reversed(FILES.items())) != PACKED


def test_the_type_stands_in_the_first_bytes() -> None:
    assert PACKED[30:69] == b"mimetype" + TYPE.encode()


def test_a_container_of_another_program_is_read_and_said_to_be_one() -> None:
    container = unpack(zipped(*FILES.items(), method=zipfile.ZIP_DEFLATED), LIMITS)
    assert dict(container.files) == FILES
    assert not container.plain


@pytest.mark.parametrize(
    "name",
    [
        "../a", "a/../b", "/a", "a//b", "a/", "./a", "C:/a", "a\\b", "a\nb", "a\u202eb", "a.", "a /b",
        "x" * 201, "a\x00b", "*",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_not_opened(name: str) -> None:
    content = zipped((name.replace("\x00", "z"), b"x"))
    if "\x00" in name:
        content = content.replace(name.replace("\x00", "z").encode(), name.encode())
    with pytest.raises(NotAContainer, match="name"):
        unpack(content, LIMITS)


@pytest.mark.parametrize("second", ["a.txt", "A.TXT"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_names_are_not_opened(second: str) -> None:
    with pytest.raises(NotAContainer, match="twice"):
        unpack(zipped(("a.txt", b"1"), (second, b"2")), LIMITS)


def test_a_container_that_unpacks_to_too_much_is_not_opened() -> None:
    content = zipped(("zeros", bytes(200_000)), method=zipfile.ZIP_DEFLATED)
    assert len(content) < 1000
    with pytest.raises(NotAContainer, match="larger than"):
        unpack(content, LIMITS)


def test_a_file_that_holds_more_than_it_declares_is_damaged_and_never_unpacked_whole() -> None:
    content = zipped(("zeros", bytes(50_000_000)), method=zipfile.ZIP_DEFLATED)
    size = struct.pack("<I", 50_000_000)
    assert content.count(size) == 2
    container = unpack(content.replace(size, struct.pack("<I", 10)), LIMITS)
    assert container.damaged == ("zeros",)


def test_files_that_overlap_are_not_opened() -> None:
    content = zipped(("a", b"1" * 50), ("b", b"1" * 50))
    second = content.rindex(b"PK\x01\x02")
    offset = content.index(b"PK\x03\x04", 40)  # where the first of them lies
    moved = content[: second + 42] + struct.pack("<I", offset) + content[second + 46 :]
    with pytest.raises(NotAContainer, match="overlap"):
        unpack(moved, LIMITS)


def test_too_many_files_are_not_opened() -> None:
    with pytest.raises(NotAContainer, match="more than 20 files"):
        unpack(zipped(*((str(number), b"") for number in range(20))), LIMITS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: b"x" + content, "does not begin with its type"),
        (lambda content: zipped(*FILES.items(), first="type"), "does not begin with its type"),
        (lambda content: content[:-30], "cannot be read"),
        (lambda content: b"", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_container_is_said_to_be_none(change: Callable[[bytes], bytes], reason: str) -> None:
    with pytest.raises(NotAContainer, match=reason):
        unpack(change(PACKED), LIMITS)


@given(st.data())
def test_every_flipped_bit_is_noticed(data: st.DataObject) -> None:
    changed = bytearray(PACKED)
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    try:
        container = unpack(bytes(changed), LIMITS)
    except NotAContainer:
        return
    assert not container.plain or dict(container.files) != FILES or container.media_type != TYPE


@given(st.binary(max_size=300))
def test_any_other_bytes_are_no_container(content: bytes) -> None:
    with pytest.raises(NotAContainer):
        unpack(content, LIMITS)
