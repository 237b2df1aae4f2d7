"""Agency codes and aliases as the directory's CSV file has them."""

import re
from collections.abc import Iterator
from datetime import date

from exchange.core.codes import QD20_CHARACTERS_MAX, CodeForm, form_of, normalise
from exchange.core.directory import Agency, Alias
from exchange.core.directory_days import read_day, write_day
from exchange.core.directory_problems import Unreadable, Words
from exchange.core.directory_slips import read_alike

QD20_IN_FORCE = date(2020, 9, 15)  # QĐ 20/2020/QĐ-TTg

# Codes of neither form are in use (hubs, test systems): digits and capitals in groups between dots,
# the characters and the length of QĐ 20/2020/QĐ-TTg.
_CODE = re.compile(r"[0-9A-Z]+(\.[0-9A-Z]+)*")
# But four groups, three of them digits, mean the QCVN 102 form; its last group is seen as "TT2" too.
_MEANS_QCVN102 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9A-Z]+")
_QCVN102_WIDTHS = re.compile(r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[0-9A-Z]{3}")
# Levels run from the right; one is filled only where the one above it is.
_QCVN102_HOLE = re.compile(r"(?!000)[0-9]{3}\.00\.|[0-9]{3}\.(?!00)[0-9]{2}\.00\.")
_SEPARATORS = re.compile(r"[,\s/|]")

_CODE_EXAMPLE = Words("Write it as 000.00.01.H45 or H45.01.", "Ghi theo dạng 000.00.01.H45 hoặc H45.01.")


def read_code(text: str) -> str:
    """A well-formed agency code of any form, normalised."""
    code = normalise(text)
    if not code:
        raise Unreadable(Words("the code is missing.", "thiếu mã định danh."), _CODE_EXAMPLE)
    if not _CODE.fullmatch(code) or len(code) > QD20_CHARACTERS_MAX:
        raise Unreadable(_no_code(code), _instead_of(code))
    if _MEANS_QCVN102.fullmatch(code):
        if not _QCVN102_WIDTHS.fullmatch(code):
            widths = Words(
                "The groups of QCVN 102 have 3, 2, 2 and 3 characters: 000.00.01.H45.",
                "Các nhóm của QCVN 102 có 3, 2, 2 và 3 ký tự: 000.00.01.H45.",
            )
            raise Unreadable(_no_code(code), widths)
        if _QCVN102_HOLE.match(code):
            hole = Words(
                "A level is filled above an empty one; fill the groups from the right: 000.20.30.H45.",
                "Có cấp bị bỏ trống ở giữa; điền các nhóm từ phải sang: 000.20.30.H45.",
            )
            raise Unreadable(_no_code(code), hole)
    elif form_of(code) is CodeForm.OTHER and form_of(digits := _in_digits(code)) is CodeForm.QCVN102:
        raise Unreadable(_no_code(code), write_instead(digits))
    return code


def _in_digits(code: str) -> str:
    """``code`` with digits for the letters that look like them, but for the letter of level 1."""
    head, dot, last = code.rpartition(".")
    return read_alike(head) + dot + last[:1] + read_alike(last[1:])


def _no_code(code: str) -> Words:
    return Words(f"{code!r} is not a well-formed code.", f"{code!r} không đúng dạng mã.")


def _instead_of(code: str) -> Words:
    if _SEPARATORS.search(code) and all(map(_CODE.fullmatch, filter(None, _SEPARATORS.split(code)))):
        return Words(
            "Write one code; where several may stand, put semicolons between them: H45.01;H45.02.",
            "Chỉ ghi một mã; ở cột được ghi nhiều mã thì ngăn bằng dấu chấm phẩy: H45.01;H45.02.",
        )
    likely = _in_digits("".join(filter(str.isprintable, code)))
    return write_instead(likely) if form_of(likely) is not CodeForm.OTHER else _CODE_EXAMPLE


def write_instead(text: str) -> Words:
    """What to do where the right text is likely known."""
    return Words(f"Write {text}, if that is meant.", f"Nếu đúng ý thì ghi {text}.")


def read_codes(text: str) -> tuple[str, ...]:
    """Well-formed codes between semicolons, each once."""
    return tuple(dict.fromkeys(read_code(part) for part in between_semicolons(text)))


def read_parent(text: str) -> str:
    """A well-formed code, or "" for an agency that stands under none."""
    return read_code(text) if normalise(text) else ""


def qd20_alias(code: str, first: date, last: date | None) -> Alias:
    """The code of the column ``code_qd20``: for life, but not before QĐ 20/2020 was in force."""
    return Alias(code=code, form=CodeForm.QD20, valid_from=max(first, QD20_IN_FORCE), valid_to=last)


def read_qd20(text: str, first: date, last: date | None) -> tuple[Alias, ...]:
    """No alias or one, of the form of QĐ 20/2020."""
    if not text:
        return ()
    code = read_code(text)
    if form_of(code) is not CodeForm.QD20:
        raise Unreadable(
            Words(f"{code!r} is not of the form of QĐ 20/2020.", f"{code!r} không đúng dạng QĐ 20/2020."),
            Words(
                "Write it as H45.01; any other code belongs into the column aliases.",
                "Ghi theo dạng H45.01; mã dạng khác ghi ở cột aliases.",
            ),
        )
    return (qd20_alias(code, first, last),)


def read_aliases(text: str, first: date, last: date | None) -> tuple[Alias, ...]:
    """The aliases between semicolons; ``first`` and ``last`` are the agency's own days."""
    return tuple(_read_alias(part, first, last) for part in between_semicolons(text))


def _read_alias(text: str, first: date, last: date | None) -> Alias:
    code, at, days = (part.strip() for part in text.partition("@"))
    code = read_code(code)
    since, dots, until = (part.strip() for part in days.partition(".."))
    if not at:
        return Alias(code=code, form=form_of(code), valid_from=first, valid_to=last)
    if not dots:
        raise Unreadable(
            Words(
                f"{text!r} does not say from when to when.",
                f"{text!r} không ghi rõ từ ngày nào đến ngày nào.",
            ),
            Words("Write CODE@from..to: H45.01@2020-09-15..", "Ghi MÃ@từ..đến: H45.01@2020-09-15.."),
        )
    return Alias(
        code=code,
        form=form_of(code),
        valid_from=read_day(since) if since else first,
        valid_to=read_day(until) if until else None,
    )


def write_aliases(agency: Agency) -> tuple[str, str]:
    """The cells ``code_qd20`` and ``aliases``."""
    first, last = agency.valid_from, agency.valid_to
    one = next((each for each in agency.aliases if each == qd20_alias(each.code, first, last)), None)
    more = (_write_alias(alias, first, last) for alias in agency.aliases if alias is not one)
    return one.code if one else "", ";".join(more)


def _write_alias(alias: Alias, first: date, last: date | None) -> str:
    if (alias.valid_from, alias.valid_to) == (first, last):
        return alias.code
    return f"{alias.code}@{alias.valid_from.isoformat()}..{write_day(alias.valid_to)}"


def between_semicolons(text: str) -> Iterator[str]:
    """The parts of a cell that holds several values."""
    return filter(None, (part.strip() for part in text.split(";")))
