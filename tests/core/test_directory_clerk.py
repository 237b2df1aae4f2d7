"""What a tired clerk's file is told: in which line and column, what is wrong, and what to do."""

import re
import unicodedata
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.directory_csv import parse
from exchange.core.directory_file import COLUMNS
from exchange.core.directory_problems import Kind
from tests.core.directory_file import EMPTY, HEADER, PROVINCE, TOP, file, found, kinds, line, only, read

OFFICE = "000.00.01.H45"
SAVE_AS = "CSV UTF-8 (Comma delimited)"


class Slip(NamedTuple):
    """A file, and what is to be said of it; the texts stand in both languages' messages, or in each one's."""

    content: bytes
    kind: Kind
    lines: tuple[int, ...]
    column: str
    both: str = ""
    en: str = ""
    vi: str = ""


def cell(column: str, text: str, both: str = "", en: str = "", vi: str = "") -> Slip:
    content = file(TOP, line(OFFICE, **{column: text}))
    return Slip(content, Kind.VALUE, (3,), column, both, en, vi)


# --- how the file was saved ---

AS_SAVED = {
    "the spreadsheet itself": Slip(
        b"PK\x03\x04\x14\x00", Kind.FILE, (), "", SAVE_AS, "workbook", "bảng tính"
    ),
    "Unicode text": Slip(file(TOP).decode().encode("utf-16"), Kind.FILE, (1,), "", SAVE_AS),
    "an old code page": Slip(
        file(TOP) + "000.00.01.H45,,,Văn phòng".encode("cp1258", "replace"), Kind.FILE, (3,), "", SAVE_AS
    ),
    "nothing": Slip(b"", Kind.HEADER, (), "", HEADER),
    "no header": Slip(f"{TOP}\n{line(OFFICE)}\n".encode(), Kind.HEADER, (1,), "", HEADER),
    "one column less": Slip(
        file(TOP).replace(b",successor", b""), Kind.HEADER, (1,), "successor", "exchange directory export"
    ),
    "a column of another name": Slip(
        file(TOP).replace(b"valid_to", b"valid to"), Kind.HEADER, (1,), "valid to", "'valid_to'"
    ),
    "a column of its own": Slip(
        (HEADER + ",ghi chú\n").encode(), Kind.HEADER, (1,), "ghi chú", "", "Delete it", "Xóa cột"
    ),
    "a separator too many": Slip((HEADER + ",\n").encode(), Kind.HEADER, (1,), "", "14"),
    "a comma in a name": Slip(
        file(TOP, f"{OFFICE},,,Sở Văn hóa, Thể thao,department,{PROVINCE},2016-04-01,,,inbox,,,"),
        Kind.VALUE,
        (3,),
        "",
        "14",
        "quotation marks",
        "dấu nháy kép",
    ),
    "empty cells left out": Slip(
        file(TOP, f"{OFFICE},,,Văn phòng,department,{PROVINCE},2016-04-01,,,inbox"),
        Kind.VALUE,
        (3,),
        "",
        "10",
        "separator for each empty cell",
        "các ô trống",
    ),
    "a lone quotation mark": Slip(
        file(TOP, f'{OFFICE},,,"Phòng "Một"",department,,,,,,,,'), Kind.FILE, (3,), "", '"a ""b"" c"'
    ),
}


# --- what was typed ---

AS_TYPED = {
    "a day as Vietnam writes it": cell(
        "valid_from", "01/04/2016", "2016-04-01", "1 April", "ngày 01 tháng 04"
    ),
    "a day with dots": cell("valid_to", "30.6.2025", "2025-06-30"),
    "a day with slashes": cell("valid_to", "2025/6/30", "2025-06-30"),
    "a day with its hour": cell("valid_from", "2016-04-01 00:00:00", "2016-04-01"),
    "a day as a number": cell("valid_from", "42461", "2016-04-01"),
    "the month first": cell("valid_from", "4/13/2016", "2016-04-01", "year-month-day", "năm-tháng-ngày"),
    "no end as a day": cell("valid_to", "31/12/9999", "", "nothing where", "để trống"),
    "a day of an alias": cell("aliases", "H45.01@15/09/2020..", "2020-09-15"),
    "an alias without an end": cell("aliases", "H45.01@2020-09-15", "H45.01@2020-09-15.."),
    "O for 0": cell("code", "OOO.00.O1.H45", OFFICE),
    "dashes in a code": cell("code", "000-00-01-H45", OFFICE),
    "an invisible character in a code": cell("code_qd20", "H45.01\u200b", "", "Write H45.01,", "ghi H45.01."),
    "too few digits": cell("code", "000.00.1.H45", "3, 2, 2"),
    "the other form": cell("code_qd20", "000.00.01.H45", "aliases"),
    "commas between codes": cell("aliases", "H45.01, H45.02", "H45.01;H45.02"),
    "a name for a code": cell("parent", "UBND tỉnh", "H45.01"),
    "a level in Vietnamese": cell("level", "Xã", "commune"),
    "a level in Vietnamese, decomposed": cell("level", unicodedata.normalize("NFD", "sở"), "department"),
    "no level": cell("level", "", "unit (đơn vị trực thuộc)"),
    "letters that were lost": cell("name", "S? Y t?", "", "UTF-8", "mất chữ"),
    "letters that were misread": cell("name", "VÄ\x83n phÃ²ng", "'Văn phòng'"),
    "a formula": cell("name", "+84 57", "", "type the name", "gõ lại tên"),
    "thousands": cell("document_bytes_max", "20.000.000", "20000000"),
    "curly quotation marks": cell("options", "{“url”: 1}", "", "straight", "nháy thẳng"),
    "commas between types": cell("attachment_types", "application/pdf, application/zip", "application/pdf;"),
    "two words for an adapter": cell("adapter", "in box", "inbox"),
    "a parent mistyped": Slip(
        file(TOP, line(OFFICE, parent="000.00.00.H54")),
        Kind.ORPHAN,
        (3,),
        "parent",
        f"{PROVINCE} (Cơ quan {PROVINCE})",
    ),
    "a successor mistyped": Slip(
        file(TOP, line(OFFICE, valid_to="2025-06-30", successor="000.00.00.H54")),
        Kind.SUCCESSOR,
        (3,),
        "successor",
        f"{PROVINCE} (Cơ quan {PROVINCE})",
    ),
    "a parent of nobody": Slip(
        file(TOP, line(OFFICE, parent="H99.77.66")),
        Kind.ORPHAN,
        (3,),
        "parent",
        "",
        "add a line",
        "thêm dòng",
    ),
    "one agency twice": Slip(
        file(TOP, line(OFFICE), line(OFFICE)), Kind.OVERLAP, (3, 4), "valid_from", "", "Delete one", "Xóa một"
    ),
}
SLIPS = AS_SAVED | AS_TYPED


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_once_with_its_place_and_its_remedy_in_both_languages(slip: Slip) -> None:
    one = only(slip.content)
    assert (one.kind, one.lines, one.column) == (slip.kind, slip.lines, slip.column)
    assert all(text in one.message for text in (slip.both, slip.en))
    assert all(text in one.message_vi for text in (slip.both, slip.vi))
    assert (f"column {one.column}: " in one.message) is bool(one.column)
    assert (f"cột {one.column}: " in one.message_vi) is bool(one.column)
    for message in (one.message, one.message_vi):
        assert re.search(r"[.:] [A-ZĐ][^.]", message), f"says nothing of what to do: {message}"


@given(st.fixed_dictionaries({}, optional={column: st.text(max_size=12) for column in COLUMNS}))
def test_whatever_is_typed_is_answered_in_whole_sentences_of_two_languages(cells: dict[str, str]) -> None:
    for each in found(file(TOP, line(OFFICE, **cells))):
        assert re.match(r"Lines? [\d, ]+(, column [a-z_0-9]+)?: ", each.message, re.DOTALL)
        assert re.match(r"Dòng [\d, ]+(, cột [a-z_0-9]+)?: ", each.message_vi, re.DOTALL)
        assert each.message != each.message_vi


# --- what is read all the same ---

SPREADSHEET = file(TOP, line(OFFICE, aliases="H45.01;H45.02", options='{"a": "x, y"}'))


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SPREADSHEET,
        b"\xef\xbb\xbf\xef\xbb\xbf" + SPREADSHEET,
        SPREADSHEET.replace(b"\n", b"\r\n"),
        SPREADSHEET.replace(b"\n", b"\r"),
        SPREADSHEET.replace(HEADER.encode(), HEADER.replace(",", ";").encode()).replace(b'","', b'";"'),
        SPREADSHEET.replace(HEADER.encode(), HEADER.replace(",", "\t").encode()).replace(b'","', b'"\t"'),
        b"\n" + SPREADSHEET.replace(HEADER.encode(), HEADER.upper().replace(",", " , ").encode()),
    ],
    ids=["BOM", "two BOMs", "CRLF", "CR", "semicolons", "tabs", "header in capitals with blanks"],
)
def test_what_a_spreadsheet_makes_of_the_file_reads_the_same(content: bytes) -> None:
    assert found(content) == []
    assert parse(content).rows[1].agency == parse(SPREADSHEET).rows[1].agency


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\u3000"])
def test_blanks_around_a_cell_are_nothing(blank: str) -> None:
    cells = {"name": "Sở Y tế", "parent": PROVINCE, "valid_from": "2016-04-01", "level": "department"}
    padded = {column: f"{blank}{text}{blank}" for column, text in cells.items()}
    assert read(line(OFFICE, **padded)) == read(line(OFFICE, **cells))


def test_an_adapter_in_capitals_is_the_same_adapter() -> None:
    assert read(line(OFFICE, adapter="Inbox")) == read(line(OFFICE, adapter="inbox"))


def test_departments_are_orphans_also_where_another_line_lost_its_code() -> None:
    content = file(TOP, line(OFFICE, parent=""), line("", name="Không mã"))
    assert kinds(content, EMPTY) == [(Kind.ORPHAN, (3,)), (Kind.VALUE, (4,))]
