"""Directory files for tests: lines by their cells, and what is found against a file."""

from exchange.core.directory import Agency, Directory
from exchange.core.directory_csv import parse, problems
from exchange.core.directory_file import COLUMNS
from exchange.core.directory_problems import Kind, Problem

EMPTY = Directory(())
HEADER = ",".join(COLUMNS)
PROVINCE = "000.00.00.H45"


def line(code: str, /, **cells: str) -> str:
    """One line of the file; a department of the province unless told otherwise."""
    plain = {
        "code": code,
        "name": f"Cơ quan {code}",
        "level": "department",
        "parent": PROVINCE,
        "valid_from": "2016-04-01",
        "adapter": "inbox",
    }
    merged = plain | cells
    return ",".join('"' + merged.get(column, "").replace('"', '""') + '"' for column in COLUMNS)


TOP = line(PROVINCE, level="province", parent="")


def file(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def read(*lines: str) -> list[Agency]:
    parsed = parse(file(*lines))
    assert parsed.problems == ()
    return [row.agency for row in parsed.rows]


def found(content: bytes, existing: Directory = EMPTY) -> list[Problem]:
    every = problems(parse(content), existing)
    assert all(each.message and each.message_vi for each in every)
    return list(every)


def only(content: bytes, existing: Directory = EMPTY) -> Problem:
    (one,) = found(content, existing)
    assert one.message.startswith(("Line ", "Lines ", "The file"))
    assert one.message_vi.startswith(("Dòng ", "Tệp"))
    return one


def kinds(content: bytes, existing: Directory = EMPTY) -> list[tuple[Kind, tuple[int, ...]]]:
    return [(each.kind, each.lines) for each in found(content, existing)]


def directory_of(*lines: str) -> Directory:
    return Directory(read(*lines))
