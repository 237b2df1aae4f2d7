"""Codes of official documents: agency codes, document types, number and symbol, secrecy marks.

Only the form of a code is judged here; whether an agency exists is the directory's business.
What is compared, ids, codes and names, is compared as ``one_line`` writes it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class CodeForm(StrEnum):
    """The form in which an agency code is written."""

    QCVN102 = "qcvn102"  # 000.zz.yy.H45: four groups, level 1 last
    QD20 = "qd20"  # H45.yy.zz: level 1 first, at most 35 characters
    OTHER = "other"  # seen on the axis and fitting neither, e.g. vxp.saas.03


QCVN102_CODE = re.compile(r"([0-9]{3})\.([0-9]{2})\.([0-9]{2})\.[A-Z][0-9]{2}")
QD20_CODE = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9A-Z]{2,3})*")
QD20_CHARACTERS_MAX = 35

_WHITE_SPACE = re.compile(r"[ \t\r\n]+")


def collapsed(text: str) -> str:
    """Without outer white space, one blank for each run inside: xs:token, XML Schema part 2, 4.3.6."""
    if "  " in text or "\n" in text or "\t" in text or "\r" in text:  # seldom, and ten times as slow
        text = _WHITE_SPACE.sub(" ", text)
    return text.strip()


def one_line(text: str) -> str:
    """A value of one line as it is read and compared: collapsed, and composed (NFC, Unicode UAX 15).

    Composing takes time that grows with the square of a run of marks: bound what comes from outside.
    """
    return unicodedata.normalize("NFC", collapsed(text))


def normalise(code: str) -> str:
    """The code as it is compared: one line, upper case; the text "null" is no code."""
    code = one_line(code.upper())  # some capitals come decomposed
    return "" if code == "NULL" else code


def form_of(code: str) -> CodeForm:
    """The form of ``code`` (QCVN 102:2016; QĐ 20/2020/QĐ-TTg art. 3), whatever its case."""
    code = normalise(code)
    if QCVN102_CODE.fullmatch(code):
        return CodeForm.QCVN102
    if len(code) <= QD20_CHARACTERS_MAX and QD20_CODE.fullmatch(code):
        return CodeForm.QD20
    return CodeForm.OTHER


def level_of(code: str) -> int:
    """The level that the code itself tells: 1 (ministry, province) downwards; 0 if it tells none.

    QCVN 102 has four levels, filled from the right; in the form of QĐ 20 each group is a level.
    """
    code = normalise(code)
    if found := QCVN102_CODE.fullmatch(code):
        fourth, third, second = (int(group) for group in found.groups())
        return 4 if fourth else 3 if third else 2 if second else 1
    return code.count(".") + 1 if form_of(code) is CodeForm.QD20 else 0


def number_and_symbol(number: str, notation: str) -> str:
    """Number and symbol as people write them, "12/UBND-VX" (NĐ 30/2020, App. I §II.3).

    A number of one digit gets its leading zero: "5" and "05" name the same document.
    """
    number, notation = number.strip(), notation.strip().lstrip("/")
    if len(number) == 1 and number.isdecimal():
        number = "0" + number
    return f"{number}/{notation}" if notation else number


class TypeGroup(IntEnum):
    """The two lists of document types of QCVN 102 (SĐ1:2022)."""

    NORMATIVE = 1
    ADMINISTRATIVE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    """One document type. ``abbreviation`` is that of NĐ 30/2020 App. III, "" where it has none."""

    group: TypeGroup
    number: int
    name: str
    abbreviation: str = ""


ABBREVIATIONS: Mapping[str, str] = {
    "Nghị quyết": "NQ",
    "Quyết định": "QĐ",
    "Chỉ thị": "CT",
    "Quy chế": "QC",
    "Quy định": "QyĐ",
    "Thông cáo": "TC",
    "Thông báo": "TB",
    "Hướng dẫn": "HD",
    "Chương trình": "CTr",
    "Kế hoạch": "KH",
    "Phương án": "PA",
    "Đề án": "ĐA",
    "Dự án": "DA",
    "Báo cáo": "BC",
    "Biên bản": "BB",
    "Tờ trình": "TTr",
    "Hợp đồng": "HĐ",
    "Công điện": "CĐ",
    "Bản ghi nhớ": "BGN",
    "Bản thỏa thuận": "BTT",
    "Giấy ủy quyền": "GUQ",
    "Giấy mời": "GM",
    "Giấy giới thiệu": "GGT",
    "Giấy nghỉ phép": "GNP",
    "Phiếu gửi": "PG",
    "Phiếu chuyển": "PC",
    "Phiếu báo": "PB",
}  # NĐ 30/2020 App. III; Công văn and Thư công have none

COPY_ABBREVIATIONS: Mapping[str, str] = {"Sao y": "SY", "Trích sao": "TrS", "Sao lục": "SL"}

_NORMATIVE = (
    "Hiến pháp",
    "Luật",
    "Pháp lệnh",
    "Lệnh",
    "Nghị quyết",
    "Nghị quyết liên tịch",
    "Nghị định",
    "Quyết định",
    "Thông tư",
    "Thông tư liên tịch",
    "Chỉ thị",
    "Bộ luật",
    "Văn bản quy phạm pháp luật của đơn vị hành chính - kinh tế đặc biệt",
)
# Numbers 10 to 17 and 27 to 32 follow the order of TT 01/2011/TT-BNV; the text of SĐ1:2022 was
# seen only in part.
_ADMINISTRATIVE = (
    "Nghị quyết",
    "Quyết định",
    "Chỉ thị",
    "Quy chế",
    "Quy định",
    "Thông cáo",
    "Thông báo",
    "Hướng dẫn",
    "Chương trình",
    "Kế hoạch",
    "Phương án",
    "Đề án",
    "Dự án",
    "Báo cáo",
    "Biên bản",
    "Tờ trình",
    "Hợp đồng",
    "Công văn",
    "Công điện",
    "Bản ghi nhớ",
    "Bản cam kết",
    "Bản thỏa thuận",
    "Giấy chứng nhận",
    "Giấy ủy quyền",
    "Giấy mời",
    "Giấy giới thiệu",
    "Giấy nghỉ phép",
    "Giấy đi đường",
    "Giấy biên nhận hồ sơ",
    "Phiếu gửi",
    "Phiếu chuyển",
    "Thư công",
)

DOCUMENT_TYPES: tuple[DocumentType, ...] = tuple(
    DocumentType(group=group, number=number, name=name, abbreviation=ABBREVIATIONS.get(name, ""))
    for group, names in ((TypeGroup.NORMATIVE, _NORMATIVE), (TypeGroup.ADMINISTRATIVE, _ADMINISTRATIVE))
    for number, name in enumerate(names, start=1)
)

PRIORITIES: Mapping[int, tuple[str, str]] = {
    0: ("normal", "Thường"),
    1: ("urgent", "Khẩn"),
    2: ("very urgent", "Thượng khẩn"),
    3: ("express", "Hỏa tốc"),
    4: ("express, timed", "Hỏa tốc hẹn giờ"),
}  # OtherInfo/Priority: English, Vietnamese

STEERING_TYPES: Mapping[int, tuple[str, str]] = {
    0: ("none", "Không"),
    1: ("steering", "Chỉ đạo"),
    2: ("report on steering", "Báo cáo chỉ đạo"),
}  # SteeringType: English, Vietnamese


def _folded(text: str) -> str:
    """For comparing Vietnamese text: composed, caseless, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


_TYPES_BY_NAME: Mapping[str, tuple[DocumentType, ...]] = {
    _folded(name): tuple(each for each in DOCUMENT_TYPES if each.name == name)
    for name in dict.fromkeys(each.name for each in DOCUMENT_TYPES)
}


def document_types(name: str) -> tuple[DocumentType, ...]:
    """The types called ``name``, normative first: senders fill TypeName reliably, Type not."""
    return _TYPES_BY_NAME.get(_folded(name), ())


SECRET_MARKS = frozenset({"Mật", "Tối mật", "Tuyệt mật"})  # Luật Bảo vệ bí mật nhà nước 2018, art. 8

_PHRASE_ENDS = re.compile(r"[:;,.!?()\[\]{}\"'“”/|\r\n\x85\u2028\u2029–—]+|\s-+\s|^-+|-+$")
_LEADS = ("văn bản", "tài liệu", "hồ sơ", "công văn", "dấu")  # "văn bản mật" is marked, "bí mật" speaks of it


def secret_mark(texts: Iterable[str], marks: frozenset[str]) -> str | None:
    """The secrecy mark that one of ``texts`` carries, or ``None``.

    Meant for circulation marks (OtherInfo/SphereOfPromulgation), not for subjects. A text is taken
    apart at punctuation; a phrase is a mark if it equals one ("Mật", "Độ mật: TỐI MẬT"), if it
    ends with a mark of several words ("mức độ tuyệt mật"), or if it is a mark after a word for
    document ("văn bản mật"). Phrases that only speak of secrecy are none: "bí mật kinh doanh",
    "bảo mật", "Độ mật: Thường", "đã giải mật".
    """
    by_length = sorted((_folded(mark), mark) for mark in marks)
    by_length.sort(key=lambda pair: len(pair[0]), reverse=True)
    for text in texts:
        for phrase in _PHRASE_ENDS.split(unicodedata.normalize("NFC", text)):
            folded = _folded(phrase)
            for mark_folded, mark in by_length:
                if mark_folded and _carries(folded, mark_folded):
                    return mark
    return None


def _carries(phrase: str, mark: str) -> bool:
    if phrase == mark:
        return True
    if not phrase.endswith(" " + mark):
        return False
    return " " in mark or phrase.removesuffix(" " + mark).endswith(_LEADS)
