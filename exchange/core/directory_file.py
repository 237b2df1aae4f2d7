"""A file about agencies as bytes: its encoding, separators and header, up to lines of cells."""

import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exchange.core.directory_problems import Kind, Problem, Words, problem

COLUMNS = (
    *("code", "code_qd20", "aliases", "name", "level", "parent", "valid_from", "valid_to", "successor"),
    *("adapter", "options", "document_bytes_max", "attachment_types"),
)
ALLOWANCE = "unsigned_until"

_SEPARATORS = ",;\t"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .xls
_CHARACTERS_SHOWN = 20
_SAVE_AS_UTF8 = Words(
    "Save it from the spreadsheet as “CSV UTF-8 (Comma delimited)”.",
    "Trong bảng tính, lưu lại (Save As) với kiểu “CSV UTF-8 (Comma delimited)”.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of a kind of file. Those that are ``optional`` may be left out, and read as empty."""

    columns: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    add: Words  # what to do where one is missing


# Read as empty, a missing column would erase what is there. That is right of an allowance alone: nobody is
# allowed what no file says.
DIRECTORY = Layout(
    columns=(*COLUMNS, ALLOWANCE),
    optional=frozenset({ALLOWANCE}),
    add=Words(
        "Add it, with the cells that “exchange directory export” writes.",
        "Thêm cột, với các ô như lệnh “exchange directory export” ghi ra.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The lines that are not blank, each with the number of its first one, up to where CSV ends.

    Without a header that can be used there are no lines.
    """

    columns: tuple[str, ...] = ()
    lines: tuple[tuple[int, tuple[str, ...]], ...] = ()
    problems: tuple[Problem, ...] = ()


def read_table(content: bytes, layout: Layout = DIRECTORY) -> Table:
    """Read UTF-8, with or without BOM; between commas, semicolons or tabs, as spreadsheets write them."""
    if content.startswith(_WORKBOOKS):
        wrong = Words("this is a workbook and not a CSV file.", "đây là tệp bảng tính, không phải tệp CSV.")
        return Table(problems=(problem(Kind.FILE, [], "", wrong, _SAVE_AS_UTF8),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Table(problems=(_not_utf8(content, error.start),))
    lines, broken = _split(text)
    if not lines:
        wrong = Words("there is no header line.", "không có dòng tiêu đề.")
        return Table(problems=(problem(Kind.HEADER, [], "", wrong, _put_header(layout)), *broken))
    line, header = lines[0]
    columns = tuple(name.strip("\ufeff \t\u00a0").lower() for name in header)
    if wrong_header := tuple(_header_problems(line, columns, layout)):
        return Table(problems=(*wrong_header, *broken))
    return Table(columns=columns, lines=tuple(lines[1:]), problems=broken)


def _not_utf8(content: bytes, at: int) -> Problem:
    begin = content.rfind(b"\n", 0, at) + 1
    before = content[begin:at].decode("utf-8")[-_CHARACTERS_SHOWN:]
    after, after_vi = (f", after {before!r}", f", sau {before!r}") if before else ("", "")
    wrong = Words(f"the file is not UTF-8{after}.", f"tệp không phải mã UTF-8{after_vi}.")
    return problem(Kind.FILE, [content.count(b"\n", 0, at) + 1], "", wrong, _SAVE_AS_UTF8)


def _split(text: str) -> tuple[list[tuple[int, tuple[str, ...]]], tuple[Problem, ...]]:
    header = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[tuple[int, tuple[str, ...]]] = []
    start = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                lines.append((start, tuple(values)))
            start = reader.line_num + 1
    except csv.Error as error:
        return lines, (_not_csv(start, error),)
    return lines, ()


def _not_csv(line: int, error: csv.Error) -> Problem:
    wrong = Words(
        f"from here on the file is not CSV: a quotation mark is not closed, or stands alone ({error}).",
        "từ đây tệp không đúng định dạng CSV: dấu nháy kép chưa đóng hoặc đứng lẻ.",
    )
    do = Words(
        'Put a cell with quotation marks between quotation marks, and double those inside: "a ""b"" c".',
        'Đặt ô có dấu nháy kép trong cặp dấu nháy kép và viết đôi dấu bên trong: "a ""b"" c".',
    )
    return problem(Kind.FILE, [line], "", wrong, do)


# --- the header ---


def _put_header(layout: Layout) -> Words:
    listed = ",".join(layout.columns)
    return Words(f"Put this line first: {listed}", f"Ghi dòng đầu tiên là: {listed}")


def _header_problems(line: int, columns: Sequence[str], layout: Layout) -> Iterator[Problem]:
    if not set(columns) & set(layout.columns):
        wrong = Words("this is not the header line.", "đây không phải dòng tiêu đề.")
        yield problem(Kind.HEADER, [line], "", wrong, _put_header(layout))
        return
    missing = [name for name in layout.columns if name not in columns]
    for place, name in enumerate(columns, start=1):
        if not name:
            yield problem(Kind.HEADER, [line], "", *_nameless(place))
        elif name not in layout.columns:
            near = difflib.get_close_matches(name, missing, n=1, cutoff=0.5)
            missing = [each for each in missing if each not in near]
            yield problem(Kind.HEADER, [line], name, *_unknown(near))
    for name in missing:
        if name not in layout.optional:
            yield problem(Kind.HEADER, [line], name, _MISSING, layout.add)
    for name in layout.columns:
        if columns.count(name) > 1:
            yield problem(Kind.HEADER, [line], name, *_REPEATED)


_MISSING = Words("the column is missing.", "thiếu cột này.")
_REPEATED = (
    Words("the column stands more than once.", "cột này xuất hiện hơn một lần."),
    Words("Delete one of them.", "Xóa bớt, chỉ giữ một cột."),
)


def _nameless(place: int) -> tuple[Words, Words]:
    wrong = Words(f"cell {place} has no name of a column.", f"ô {place} không ghi tên cột.")
    do = Words("Delete this column, or the separator too many.", "Xóa cột này, hoặc dấu ngăn cách thừa.")
    return wrong, do


def _unknown(near: Sequence[str]) -> tuple[Words, Words]:
    wrong = Words("there is no such column.", "không có cột này.")
    if not near:
        return wrong, Words("Delete it.", "Xóa cột này.")
    return wrong, Words(f"Call it {near[0]!r}.", f"Đổi tên thành {near[0]!r}.")


def wrong_width(line: int, width: int, expected: int) -> Problem:
    """A line that has more or fewer cells than the header."""
    wrong = Words(
        f"the line has {width} cells, the header {expected}.",
        f"dòng có {width} ô, tiêu đề có {expected} ô.",
    )
    too_many = Words(
        "Put a cell that holds the separator between quotation marks.",
        "Đặt ô có chứa dấu ngăn cách trong cặp dấu nháy kép.",
    )
    too_few = Words(
        "Write a separator for each empty cell too, also at the end of the line.",
        "Ghi dấu ngăn cách cho cả các ô trống, kể cả ở cuối dòng.",
    )
    return problem(Kind.VALUE, [line], "", wrong, too_many if width > expected else too_few)
