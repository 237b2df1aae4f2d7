"""Codes of official documents: the forms of agency codes, types, number and symbol, secrecy marks."""

import unicodedata

import pytest

from exchange.core.codes import (
    ABBREVIATIONS,
    DOCUMENT_TYPES,
    PRIORITIES,
    SECRET_MARKS,
    CodeForm,
    TypeGroup,
    document_types,
    form_of,
    level_of,
    normalise,
    number_and_symbol,
    secret_mark,
)


@pytest.mark.parametrize(
    "code", ["000.00.00.H45", "000.20.30.H45", "001.02.10.H45", " 000.00.00.h45 ", "000.00.00.A53"]
)
def test_a_code_of_four_groups_is_of_the_form_of_qcvn_102(code: str) -> None:
    assert form_of(code) is CodeForm.QCVN102


@pytest.mark.parametrize("code", ["H45", "H45.01", "H45.01.02", "G12.18", "H37.DN.001", "H37.02.02"])
def test_a_code_that_begins_with_its_level_one_is_of_the_form_of_qd_20(code: str) -> None:
    assert form_of(code) is CodeForm.QD20


@pytest.mark.parametrize(
    "code",
    [
        "vxp.saas.03",
        "28.22.H17",
        "TT2",
        "",
        "null",
        "000.00.00.H4",
        "H45.",
        "000.00.00.H45\nX",
        "٠٠٠.00.00.H45",
        "H45" + ".01" * 11,
    ],
)
def test_any_other_code_is_told_to_be_other(code: str) -> None:
    assert form_of(code) is CodeForm.OTHER


def test_the_text_null_is_no_code() -> None:
    assert [normalise(code) for code in (" h45.01 ", "null", "NULL", "", "  ")] == ["H45.01", "", "", "", ""]


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("000.00.00.H45", 1),
        ("000.00.30.H45", 2),
        ("000.20.30.H45", 3),
        ("001.20.30.H45", 4),
        ("H45", 1),
        ("H45.30", 2),
        ("H45.30.20", 3),
        ("vxp.saas.03", 0),
    ],
)
def test_a_code_tells_its_level(code: str, level: int) -> None:
    assert level_of(code) == level


@pytest.mark.parametrize(
    ("number", "notation", "written"),
    [
        ("12", "UBND-VX", "12/UBND-VX"),
        ("5", "BNV-VP", "05/BNV-VP"),
        ("05", "/BNV-VP ", "05/BNV-VP"),
        ("33", "2015/QĐ-UBND", "33/2015/QĐ-UBND"),
        ("74fass22", "VPCP-TTĐT", "74fass22/VPCP-TTĐT"),
        ("7", "", "07"),
    ],
)
def test_number_and_symbol_are_written_as_decree_30_asks(number: str, notation: str, written: str) -> None:
    assert number_and_symbol(number, notation) == written


def test_a_type_is_found_by_its_name_in_either_list_whatever_case_and_composition() -> None:
    found = document_types(unicodedata.normalize("NFD", "QUYẾT  ĐỊNH"))
    assert [(each.group, each.number, each.abbreviation) for each in found] == [
        (TypeGroup.NORMATIVE, 8, "QĐ"),
        (TypeGroup.ADMINISTRATIVE, 2, "QĐ"),
    ]
    assert [each.number for each in document_types("Công văn")] == [18]
    assert document_types("Thư tay") == ()


def test_the_lists_of_types_have_the_lengths_of_the_standard() -> None:
    lengths = {group: sum(each.group is group for each in DOCUMENT_TYPES) for group in TypeGroup}
    assert lengths == {TypeGroup.NORMATIVE: 13, TypeGroup.ADMINISTRATIVE: 32}
    assert len(set(ABBREVIATIONS.values())) == len(ABBREVIATIONS) == 27
    assert list(PRIORITIES) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Mật", "Mật"),
        ("MẬT", "Mật"),
        ("tối mật", "Tối mật"),
        ("Tuyệt  mật.", "Tuyệt mật"),
        ("Độ mật: Mật", "Mật"),
        ("Độ mật: TỐI MẬT", "Tối mật"),
        ("Mật - Lưu hành nội bộ", "Mật"),
        ("Lưu hành nội bộ (Mật)", "Mật"),
        ("Mức độ tuyệt mật", "Tuyệt mật"),
        ("Văn bản mật", "Mật"),
        ("Đóng dấu mật", "Mật"),
        (unicodedata.normalize("NFD", "Tối mật"), "Tối mật"),
    ],
)
def test_a_secrecy_mark_is_found_as_a_whole_phrase(text: str, mark: str) -> None:
    assert secret_mark(["Liên thông văn bản", text], SECRET_MARKS) == mark


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bí mật kinh doanh",
        "Bí mật",
        "Bảo mật",
        "Độ mật",
        "Độ mật: Thường",
        "Đã giải mật",
        "Không mật",
        "Mật ong Phú Yên",
    ],
)
def test_a_phrase_that_only_speaks_of_secrecy_is_no_mark(text: str) -> None:
    assert secret_mark([text], SECRET_MARKS) is None


def test_which_marks_count_is_for_the_caller_to_say() -> None:
    assert secret_mark(["Hạn chế"], frozenset({"Hạn chế"})) == "Hạn chế"
    assert secret_mark(["Mật"], frozenset()) is None
