"""The directory's CSV file: what is read, refused, written, and what an import would change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.codes import CodeForm, form_of
from exchange.core.directory import Agency, Alias, Directory, Former, Level, Limits
from exchange.core.directory_changes import Change, ChangeKind, compare
from exchange.core.directory_csv import Parsed, parse, problems, render
from exchange.core.directory_file import COLUMNS
from exchange.core.directory_problems import Kind
from tests.core.directory_file import (
    EMPTY,
    HEADER,
    PROVINCE,
    TOP,
    directory_of,
    file,
    found,
    kinds,
    line,
    only,
    read,
)

FROM = date(2016, 4, 1)
LAST_DAY = date(2025, 6, 30)


# --- what is read ---


def test_a_line_becomes_an_agency() -> None:
    (agency,) = read(
        line(
            "000.20.30.h45",
            code_qd20="H45.30.20",
            aliases="000.99.30.H45; H45.XA1@2021-01-01..2022-12-31 ;H45.XA2@2023-01-01..",
            name="Ủy ban nhân dân xã  An Phú",
            level="Commune",
            parent="000.00.30.H45",
            valid_to="2025-06-30",
            successor="000.00.50.h15",
            adapter="webhook",
            options='{"url": "https://example.org/hộp-thư", "retries": 3}',
            document_bytes_max="20000000",
            attachment_types="application/pdf; Application/ZIP",
        )
    )
    assert agency == Agency(
        code="000.20.30.H45",
        name="Ủy ban nhân dân xã An Phú",
        level=Level.COMMUNE,
        parent="000.00.30.H45",
        valid_from=FROM,
        valid_to=LAST_DAY,
        successors=("000.00.50.H15",),
        aliases=(
            Alias(code="000.99.30.H45", form=CodeForm.QCVN102, valid_from=FROM, valid_to=LAST_DAY),
            Alias(code="H45.30.20", form=CodeForm.QD20, valid_from=date(2020, 9, 15), valid_to=LAST_DAY),
            Alias(
                code="H45.XA1", form=CodeForm.QD20, valid_from=date(2021, 1, 1), valid_to=date(2022, 12, 31)
            ),
            Alias(code="H45.XA2", form=CodeForm.QD20, valid_from=date(2023, 1, 1), valid_to=None),
        ),
        adapter="webhook",
        options={"url": "https://example.org/hộp-thư", "retries": 3},
        limits=Limits(
            document_bytes_max=20_000_000, attachment_types=frozenset({"application/pdf", "application/zip"})
        ),
    )


def test_an_alias_without_a_first_day_begins_with_its_agency() -> None:
    (agency,) = read(line("000.00.01.H45", aliases="H45.01@..2022-12-31"))
    assert agency.aliases[0].valid_from == FROM


def test_a_line_number_is_that_of_the_first_line_of_a_cell_with_line_breaks() -> None:
    content = file(TOP, line("000.00.01.H45", options='{\n"a": 1\n}'), "", line("000.00.02.H45"))
    assert [row.line for row in parse(content).rows] == [2, 3, 7]


@pytest.mark.parametrize(
    "dress",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b",", b";"),
        lambda content: content.rstrip(b"\n"),
        lambda content: content + b"\n\n,,,,,,,,,,,,\n",
    ],
    ids=["with BOM", "line ends of Windows", "semicolons", "no last line end", "blank lines"],
)
def test_what_spreadsheets_make_of_the_file_is_read_the_same(dress: Any) -> None:
    content = file(TOP, line("000.00.01.H45", code_qd20="H45.01"))
    assert parse(dress(content)).problems == ()
    assert [row.agency for row in parse(dress(content)).rows] == [row.agency for row in parse(content).rows]


def test_columns_may_stand_in_any_order() -> None:
    header = ",".join(reversed(COLUMNS))
    cells = ",".join(reversed(line("000.00.01.H45").split(",")))
    parsed = parse(f"{header}\n{cells}\n".encode())
    assert [row.agency for row in parsed.rows] == read(line("000.00.01.H45"))


def test_names_are_composed_so_that_equal_names_are_equal() -> None:
    (one,) = read(line("000.00.01.H45", name="So\u031b\u0309 Y te\u0302\u0301"))
    assert one.name == "Sở Y tế"


def test_odd_codes_that_are_in_use_are_taken() -> None:
    codes = ["000.00.00.TT2", "00.22.W00", "VXP.SAAS.03", "000.00.00.A53", "H37.DN.001"]
    lines = [line(code, level="national", parent="") for code in codes]
    assert found(file(*lines)) == []


# --- what is refused in the file and its cells ---


def test_a_file_that_is_not_utf8_is_refused_at_the_line() -> None:
    one = only(file(TOP) + "tên cơ quan".encode("utf-16-le"))
    assert (one.kind, one.lines) == (Kind.FILE, (3,))


def test_an_empty_file_is_refused() -> None:
    assert only(b"").kind is Kind.HEADER
    assert only(b"\n\n").kind is Kind.HEADER


def test_a_quote_that_is_never_closed_is_refused_at_the_line_where_it_opens() -> None:
    one = only(file(TOP) + b'000.00.01.H45,"H45.01,\n\n')
    assert (one.kind, one.lines) == (Kind.FILE, (3,))


def test_an_unknown_column_is_refused_by_name_with_the_nearest_known() -> None:
    unknown = only(file().replace(b"adapter", b"adaptor"))
    assert (unknown.kind, unknown.column, unknown.lines) == (Kind.HEADER, "adaptor", (1,))
    assert "'adapter'" in unknown.message
    assert "'adapter'" in unknown.message_vi


def test_a_missing_column_is_refused_by_name() -> None:
    missing = only(file().replace(b",adapter", b""))
    assert (missing.kind, missing.column, missing.lines) == (Kind.HEADER, "adapter", (1,))
    assert "missing" in missing.message


def test_a_column_that_stands_twice_is_refused() -> None:
    one = only(HEADER.encode() + b",name\n")
    assert (one.kind, one.column) == (Kind.HEADER, "name")


def test_a_line_with_too_few_cells_is_refused() -> None:
    one = only(file(TOP, "000.00.01.H45,H45.01"))
    assert (one.kind, one.lines) == (Kind.VALUE, (3,))
    assert "2 cells" in one.message


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("code", ""),
        ("code", "null"),
        ("code", "000.00.1.H45"),
        ("code", "000.00.01.H4"),
        ("code", "000.00.01.H455"),
        ("code", "00.00.01.H45"),
        ("code", "000.20.00.H45"),
        ("code", "001.00.30.H45"),
        ("code", "000.00.01.H45."),
        ("code", "000..01.H45"),
        ("code", "H45-01"),
        ("code", "H45 01"),
        ("code", "SỞ.Y.TẾ"),
        ("code", "H" * 36),
        ("code_qd20", "000.00.01.H45"),
        ("code_qd20", "VXP.SAAS.03"),
        ("aliases", "H45.01@2020-09-15"),
        ("aliases", "H45.01@2020-02-30.."),
        ("aliases", "H45.01@..sau này"),
        ("aliases", "H45..01"),
        ("aliases", "@2020-09-15.."),
        ("name", ""),
        ("name", " \t "),
        ("name", "Sở\u200bY tế"),
        ("name", "Sở \x07"),
        ("name", "=HYPERLINK(1)"),
        ("name", "x" * 201),
        ("level", "departement"),
        ("level", ""),
        ("valid_from", ""),
        ("valid_from", "01/04/2016"),
        ("valid_from", "20160401"),
        ("valid_from", "2016-W13-5"),
        ("valid_from", "0216-04-01"),
        ("valid_from", "２０１６-04-01"),
        ("valid_to", "2025-06-31"),
        ("valid_to", "9999-12-31"),
        ("adapter", "In Box"),
        ("options", "[]"),
        ("options", "url=x"),
        ("options", '"text"'),
        ("options", "NaN"),
        ("options", '{"a": NaN}'),
        ("options", '{"a": "\\ud800"}'),
        ("options", "[" * 5000),
        ("document_bytes_max", "0"),
        ("document_bytes_max", "-5"),
        ("document_bytes_max", "20 MB"),
        ("document_bytes_max", "1e6"),
        ("attachment_types", "application/pdf, application/zip"),
        ("attachment_types", "*/*"),
    ],
)
def test_a_cell_that_cannot_be_read_is_refused_with_its_line_and_column(column: str, cell: str) -> None:
    one = only(file(TOP, line("000.00.01.H45", **{column: cell})))
    assert (one.kind, one.lines, one.column) == (Kind.VALUE, (3,), column)
    assert one.message.startswith(f"Line 3, column {column}: ")
    assert one.message_vi.startswith(f"Dòng 3, cột {column}: ")


def test_an_unknown_level_is_refused_with_the_one_that_was_meant() -> None:
    one = only(file(TOP, line("000.00.01.H45", level="departement")))
    assert "Write department" in one.message
    assert "ghi department" in one.message_vi


def test_every_wrong_cell_of_a_line_is_told_at_once() -> None:
    every = found(
        file(TOP, line("000.00.01", level="sở", valid_from="", document_bytes_max="x", options="["))
    )
    assert [each.column for each in every] == ["valid_from", "level", "options", "document_bytes_max"]


def test_the_children_of_a_line_that_cannot_be_read_are_not_called_orphans() -> None:
    content = file(line(PROVINCE, level="province", parent="", valid_from="?"), line("000.00.01.H45"))
    assert kinds(content) == [(Kind.VALUE, (2,))]


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: f"{HEADER}\n{text}".encode(errors="replace"))
)
def test_no_file_whatsoever_brings_the_reader_down(content: bytes) -> None:
    parsed = parse(content)
    assert isinstance(parsed, Parsed)
    problems(parsed, EMPTY)


@given(
    st.fixed_dictionaries({column: st.text(max_size=20) for column in COLUMNS}).map(
        lambda cells: file(line("x", **cells))
    )
)
def test_no_cell_whatsoever_brings_the_reader_down(content: bytes) -> None:
    for each in found(content):
        assert each.lines


# --- what is refused in the whole ---


def test_a_sound_file_has_no_problems() -> None:
    assert found(file(TOP, line("000.00.01.H45", code_qd20="H45.01"))) == []


def test_two_lines_for_one_agency_are_refused_with_both_numbers() -> None:
    one = only(file(TOP, line("000.00.01.H45"), line("000.00.02.H45"), line("000.00.01.h45", name="Khác")))
    assert (one.kind, one.lines) == (Kind.OVERLAP, (3, 5))
    assert one.message.startswith("Lines 3, 5, column valid_from: ")
    assert one.message_vi.startswith("Dòng 3, 5, cột valid_from: ")


def test_an_agency_that_ends_before_it_begins_is_refused() -> None:
    content = file(TOP, line("000.00.01.H45", valid_from="2020-01-02", valid_to="2020-01-01"))
    assert kinds(content) == [(Kind.PERIOD, (3,))]


def test_an_agency_of_one_day_is_taken() -> None:
    assert found(file(TOP, line("000.00.01.H45", valid_from="2020-01-02", valid_to="2020-01-02"))) == []


@pytest.mark.parametrize(
    "alias", ["H45.01@2030-01-01..", "H45.01@2019-05-02..2019-05-01", "H45.01@..2016-03-31"]
)
def test_an_alias_without_a_day_in_its_agencys_life_is_refused(alias: str) -> None:
    content = file(TOP, line("000.00.01.H45", aliases=alias, valid_to="2025-06-30"))
    assert kinds(content) == [(Kind.PERIOD, (3,))]


def test_a_qd20_code_for_an_agency_that_closed_before_that_decision_is_refused() -> None:
    content = file(TOP, line("000.00.01.H45", code_qd20="H45.01", valid_to="2020-09-14"))
    assert kinds(content) == [(Kind.PERIOD, (3,))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"code_qd20": "H45.01"}, {"code_qd20": "H45.01"}),
        ({"code_qd20": "H45.01"}, {"aliases": "H45.01@2022-01-01..2022-01-31"}),
        ({"aliases": "H45.01@2021-01-01..2022-01-01"}, {"aliases": "H45.01@2022-01-01.."}),
        ({}, {"aliases": "000.00.01.H45@2022-01-01..2022-01-01"}),
    ],
)
def test_one_code_for_two_agencies_on_one_day_is_refused(one: dict[str, str], other: dict[str, str]) -> None:
    problem = only(file(TOP, line("000.00.01.H45", **one), line("000.00.02.H45", **other)))
    assert (problem.kind, problem.lines) == (Kind.OVERLAP, (3, 4))
    assert "000.00.01.H45" in problem.message
    assert "000.00.02.H45" in problem.message


def test_one_code_for_two_agencies_one_after_the_other_is_taken() -> None:
    content = file(
        TOP,
        line("000.00.01.H45", valid_to="2025-06-30"),
        line("000.00.02.H45", aliases="000.00.01.H45@2025-07-01.."),
        line("000.00.03.H45", aliases="H45.77@2021-01-01..2021-12-31"),
        line("000.00.04.H45", aliases="H45.77@2022-01-01.."),
    )
    assert found(content) == []


def test_a_code_that_an_agency_has_twice_at_once_is_refused() -> None:
    one = only(file(TOP, line("000.00.01.H45", code_qd20="H45.01", aliases="H45.01@2021-01-01..")))
    assert (one.kind, one.lines) == (Kind.OVERLAP, (3,))


def test_a_missing_parent_is_refused() -> None:
    one = only(file(line("000.00.01.H45")))
    assert (one.kind, one.lines, one.column) == (Kind.ORPHAN, (2,), "parent")
    assert PROVINCE in one.message


def test_a_department_without_a_parent_is_refused_and_a_province_is_not() -> None:
    assert kinds(file(TOP, line("000.00.01.H45", parent=""))) == [(Kind.ORPHAN, (3,))]


def test_a_parent_named_by_an_alias_is_refused_with_the_key_to_write() -> None:
    top = line(PROVINCE, level="province", parent="", code_qd20="H45")
    one = only(file(top, line("000.00.01.H45", parent="H45")))
    assert one.kind is Kind.ORPHAN
    assert f"Write the key {PROVINCE}" in one.message


@pytest.mark.parametrize(
    ("life", "gap"),
    [
        ({"valid_from": "2010-01-01"}, "2010-01-01..2016-03-31, 2025-07-01.."),
        ({"valid_from": "2010-01-01", "valid_to": "2011-12-31"}, "2010-01-01..2011-12-31"),
        ({}, "2025-07-01.."),
        ({"valid_to": "2026-03-31"}, "2025-07-01..2026-03-31"),
        ({"valid_from": "2026-01-01"}, "2026-01-01.."),
    ],
)
def test_a_parent_that_is_missing_for_a_part_of_the_life_is_refused_with_the_days(
    life: dict[str, str], gap: str
) -> None:
    top = line(PROVINCE, level="province", parent="", valid_to="2025-06-30")
    one = only(file(top, line("000.00.01.H45", **life)))
    assert (one.kind, one.lines) == (Kind.ORPHAN, (2, 3))
    assert f"in {gap}:" in one.message
    assert gap in one.message_vi


@pytest.mark.parametrize(
    ("level", "parent_level"),
    [
        ("district", "department"),
        ("commune", "commune"),
        ("department", "district"),
        ("province", "province"),
    ],
)
def test_a_level_that_does_not_fit_the_parents_is_refused(level: str, parent_level: str) -> None:
    middle = {} if parent_level == "province" else {"level": parent_level}
    parent = PROVINCE if parent_level == "province" else "000.00.30.H45"
    content = file(TOP, line("000.00.30.H45", **middle), line("000.20.30.H45", level=level, parent=parent))
    assert kinds(content) == [(Kind.LEVEL, (2, 4) if parent_level == "province" else (3, 4))]


def test_communes_may_stand_under_a_district_or_since_the_two_tiers_under_the_province() -> None:
    content = file(
        TOP,
        line("000.00.30.H45", level="district", valid_to="2025-06-30"),
        line("000.20.30.H45", level="commune", parent="000.00.30.H45", valid_to="2025-06-30"),
        line("000.00.50.H45", level="commune", valid_from="2025-07-01"),
    )
    assert found(content) == []


def test_parents_in_a_circle_are_refused_once_with_every_line() -> None:
    content = file(
        line("H45.01", level="unit", parent="H45.02"),
        line("H45.02", level="unit", parent="H45.03"),
        line("H45.03", level="unit", parent="H45.01"),
        line("H45.04", level="unit", parent="H45.01"),
    )
    one = only(content)
    assert (one.kind, one.lines) == (Kind.PARENT_CYCLE, (2, 3, 4))
    assert "H45.01 → H45.02 → H45.03 → H45.01" in one.message


def test_an_agency_under_itself_is_refused() -> None:
    assert kinds(file(line("H45.01", level="unit", parent="H45.01"))) == [(Kind.PARENT_CYCLE, (2,))]


def test_successors_in_a_circle_are_refused() -> None:
    content = file(
        TOP,
        line("H45.01", valid_to="2020-01-01", successor="H45.02"),
        line("H45.02", valid_to="2020-01-01", successor="H45.01"),
        line("H45.03", valid_to="2020-01-01", successor="H45.03"),
    )
    assert (Kind.SUCCESSOR_CYCLE, (3, 4)) in kinds(content)
    assert (Kind.SUCCESSOR_CYCLE, (5,)) in kinds(content)


@pytest.mark.parametrize(
    "cells",
    [
        {"successor": "000.00.99.H45", "valid_to": "2025-06-30"},  # not there
        {"successor": "000.00.02.H45"},  # no last day
    ],
)
def test_a_successor_that_cannot_follow_is_refused(cells: dict[str, str]) -> None:
    content = file(TOP, line("000.00.01.H45", **cells), line("000.00.02.H45"))
    assert kinds(content) == [(Kind.SUCCESSOR, (3,))]


@pytest.mark.parametrize("life", [{"valid_from": "2025-07-02"}, {"valid_to": "2025-06-30"}])
def test_a_successor_that_is_not_there_on_the_day_after_is_refused(life: dict[str, str]) -> None:
    content = file(
        TOP,
        line("000.00.01.H45", valid_to="2025-06-30", successor="000.00.02.H45"),
        line("000.00.02.H45", **life),
    )
    assert kinds(content) == [(Kind.SUCCESSOR, (3, 4))]


# --- among what is there already ---


def test_a_parent_that_is_in_the_directory_already_need_not_be_in_the_file() -> None:
    assert found(file(line("000.00.01.H45")), directory_of(TOP)) == []


def test_closing_a_parent_is_refused_while_the_directory_has_open_children_of_it() -> None:
    existing = directory_of(TOP, line("000.00.01.H45"))
    one = only(file(line(PROVINCE, level="province", parent="", valid_to="2025-06-30")), existing)
    assert (one.kind, one.lines) == (Kind.ORPHAN, (2,))
    assert "000.00.01.H45" in one.message


def test_a_code_that_another_agency_of_the_directory_has_is_refused() -> None:
    existing = directory_of(TOP, line("000.00.01.H45", code_qd20="H45.01"))
    one = only(file(line("000.00.02.H45", code_qd20="H45.01")), existing)
    assert (one.kind, one.lines) == (Kind.OVERLAP, (2,))


def test_a_line_replaces_what_the_directory_has_under_its_code() -> None:
    existing = directory_of(TOP, line("000.00.01.H45", code_qd20="H45.01"))
    content = file(line("000.00.01.H45"), line("000.00.02.H45", code_qd20="H45.01"))
    assert found(content, existing) == []


def test_a_circle_that_closes_through_the_directory_is_refused_with_the_line_of_the_file() -> None:
    existing = directory_of(line("H45.01", level="unit", parent="H45.02"))
    assert kinds(file(line("H45.02", level="unit", parent="H45.01")), existing) == [(Kind.PARENT_CYCLE, (2,))]


def test_what_was_wrong_in_the_directory_before_does_not_stand_against_the_file() -> None:
    existing = directory_of(line("H44.01", parent="H44"), line("H43.01", parent="H43.01", level="unit"))
    assert found(file(TOP), existing) == []


# --- what an import would change ---


def test_the_dry_run_names_what_is_added_changed_and_closed() -> None:
    old = directory_of(TOP, line("000.00.01.H45"), line("000.00.02.H45"), line("000.00.03.H45"))
    new = directory_of(
        TOP,
        line("000.00.01.H45", name="Văn phòng", adapter="webhook", options='{"url": "x"}'),
        line("000.00.02.H45", valid_to="2025-06-30", successor="000.00.04.H45"),
        line("000.00.04.H45"),
    )
    assert compare(old, new) == (
        Change(
            kind=ChangeKind.CHANGED,
            code="000.00.01.H45",
            name="Văn phòng",
            column="name",
            before="Cơ quan 000.00.01.H45",
            after="Văn phòng",
        ),
        Change(
            kind=ChangeKind.CHANGED,
            code="000.00.01.H45",
            name="Văn phòng",
            column="adapter",
            before="inbox",
            after="webhook",
        ),
        Change(
            kind=ChangeKind.CHANGED,
            code="000.00.01.H45",
            name="Văn phòng",
            column="options",
            after='{"url": "x"}',
        ),
        Change(
            kind=ChangeKind.CLOSED,
            code="000.00.02.H45",
            name="Cơ quan 000.00.02.H45",
            column="valid_to",
            after="2025-06-30",
        ),
        Change(
            kind=ChangeKind.CHANGED,
            code="000.00.02.H45",
            name="Cơ quan 000.00.02.H45",
            column="successor",
            after="000.00.04.H45",
        ),
        Change(kind=ChangeKind.ADDED, code="000.00.04.H45", name="Cơ quan 000.00.04.H45"),
    )


def test_an_agency_that_the_file_leaves_out_is_neither_removed_nor_closed() -> None:
    assert compare(directory_of(TOP, line("000.00.01.H45")), directory_of(TOP)) == ()


def test_moving_a_last_day_or_opening_again_is_a_change_and_no_closing() -> None:
    closed = directory_of(line("000.00.01.H45", valid_to="2025-06-30"))
    moved = directory_of(line("000.00.01.H45", valid_to="2025-12-31"))
    opened = directory_of(line("000.00.01.H45"))
    for new in (moved, opened):
        assert [change.kind for change in compare(closed, new)] == [ChangeKind.CHANGED]


# --- there and back ---


def parse_name(name: str) -> str:
    """The name as it stands after reading: composed."""
    (agency,) = read(line("H45.01", name=name))
    return agency.name


dates = st.dates(date(2014, 1, 1), date(2030, 12, 31))
group = st.integers(1, 99).map("{:02}".format)
qcvn102_codes = st.builds("000.{}.{}.H{}".format, group, group, group)
qd20_codes = st.builds("H{}.{}.{}".format, group, group, group)
codes = st.one_of(qcvn102_codes, qd20_codes, st.builds("VXP.SAAS.{}".format, group))
# Without what follows a first byte of UTF-8 that was read as Windows' code page of the West.
continuing = bytes(range(0x80, 0xC0)).decode("cp1252", errors="ignore")
letters = st.characters(categories=("Lu", "Ll", "Nd", "Po", "Ps"), exclude_characters="?" + continuing)
words = st.text(letters, min_size=1, max_size=12)
names = (
    st.lists(words, min_size=1, max_size=5)
    .map(" ".join)
    .filter(lambda name: not name.startswith("@"))
    .map(parse_name)
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def periods(draw: st.DrawFn) -> tuple[date, date | None]:
    first = draw(dates)
    days = draw(st.none() | st.integers(0, 5000))
    return first, None if days is None else first + timedelta(days=days)


@st.composite
def formers(draw: st.DrawFn, life: tuple[date, date | None]) -> tuple[Former, ...]:
    """Up to three former standings, the last of which ends before the agency does."""
    days = ((life[1] or date(2040, 1, 1)) - life[0]).days
    ends = draw(st.sets(st.integers(0, days - 1), max_size=3)) if days else set()
    return tuple(
        Former(
            until=life[0] + timedelta(days=end),
            name=draw(names),
            level=draw(st.sampled_from(Level)),
            parent=draw(st.just("") | codes),
        )
        for end in ends
    )


@st.composite
def aliases(draw: st.DrawFn, life: tuple[date, date | None]) -> Alias:
    code = draw(codes)
    first, last = draw(st.just(life) | periods())
    if draw(st.booleans()):
        first = max(first, date(2020, 9, 15))
    return Alias(code=code, form=form_of(code), valid_from=first, valid_to=last)


@st.composite
def agencies(draw: st.DrawFn, code: str) -> Agency:
    life = draw(periods())
    return Agency(
        code=code,
        name=draw(names),
        level=draw(st.sampled_from(Level)),
        parent=draw(st.just("") | codes),
        valid_from=life[0],
        valid_to=life[1],
        former=draw(formers(life)),
        successors=tuple(draw(st.lists(codes, max_size=2, unique=True))),
        aliases=tuple(draw(st.lists(aliases(life), max_size=4))),
        adapter=draw(st.sampled_from(["", "inbox", "web_hook2"])),
        options=draw(st.dictionaries(st.text(max_size=5), json_values, max_size=3)),
        limits=Limits(
            document_bytes_max=draw(st.none() | st.integers(1, 10**12)),
            attachment_types=draw(st.frozensets(st.sampled_from(["application/pdf", "image/png", "docx"]))),
        ),
        unsigned_until=draw(st.none() | st.just(LAST_DAY)),
    )


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    keys = draw(st.lists(codes, unique=True, max_size=4))
    return Directory([draw(agencies(key)) for key in keys])


@given(directories())
def test_what_is_written_reads_back_as_equal_agencies(directory: Directory) -> None:
    parsed = parse(render(directory).encode())
    assert parsed.problems == ()
    assert [row.agency for row in parsed.rows] == list(directory)


@given(directories())
def test_a_directory_does_not_differ_from_itself(directory: Directory) -> None:
    assert compare(directory, directory) == ()


def test_what_is_written_for_people_is_short() -> None:
    written = render(directory_of(line("000.00.01.H45", code_qd20="H45.01", valid_to="2025-06-30")))
    assert written.splitlines()[1] == (
        "000.00.01.H45,H45.01,,Cơ quan 000.00.01.H45,department,000.00.00.H45,2016-04-01,2025-06-30,,inbox,,,"
    )


def test_an_allowance_is_read_told_and_taken_away_by_a_file_without_its_column() -> None:
    allowance = f"{HEADER},unsigned_until\n{TOP},\n{line('000.00.01.H45')}".encode()
    [_, row] = parse(allowance + b",2026-12-31\n").rows
    allowed = row.agency
    assert allowed.unsigned_until == date(2026, 12, 31)
    _, without = read(TOP, line("000.00.01.H45"))
    assert "unsigned_until" in render(Directory([allowed]))
    assert "unsigned_until" not in render(Directory([without]))
    [change] = compare(Directory([allowed]), Directory([without]))
    assert (change.column, change.before, change.after) == ("unsigned_until", "2026-12-31", "")
    assert only(allowance + b",31.12\n").column == "unsigned_until"


def test_closing_an_agency_takes_its_lifelong_codes_along_without_further_changes() -> None:
    cells: Mapping[str, str] = {"code_qd20": "H45.01", "aliases": "000.00.91.H45"}
    (old,) = read(line("000.00.01.H45", **cells))
    (new,) = read(line("000.00.01.H45", valid_to="2025-06-30", **cells))
    assert {alias.valid_to for alias in new.aliases} == {LAST_DAY}
    (change,) = compare(Directory([old]), Directory([new]))
    assert change.kind is ChangeKind.CLOSED


def test_certificates_are_no_part_of_the_file() -> None:
    (one,) = read(line("000.00.01.H45"))
    assert compare(Directory([replace(one, certificates=())]), Directory([one])) == ()
    assert "certificate" not in HEADER
