"""The plan of a reorganisation as a CSV file, up to its lines.

Encoding, separators and header are read as those of the directory's file. Columns, in any order:

- ``date``: the first day of what is new, ``2025-07-01``; empty: the day that the command names
- ``action``: one of ``Action``, or its Vietnamese word
- ``agency``: a code, in any form
- ``successors``: of a merger the one that follows, of a split all, between semicolons
- ``name``: of what is renamed or created
- ``parent``: a code, of what is moved or created; ``level``: of what is created, or changes it
- ``code_qd20``, ``adapter``: of what is created; these columns may be left out
- ``waiting``: of what is closed: ``forward`` or ``return`` the documents that wait there
- ``note``: on what ground, such as the number of a resolution; this column may be left out
"""

import difflib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from exchange.core import directory_cells as cells
from exchange.core import directory_codes as codes
from exchange.core.closing import Waiting
from exchange.core.directory import Level
from exchange.core.directory_days import read_day
from exchange.core.directory_file import Layout, read_table, wrong_width
from exchange.core.directory_lines import Line
from exchange.core.directory_problems import Kind, Problem, Unreadable, Words, problem

COLUMNS = (
    *("date", "action", "agency", "successors", "name", "parent", "level", "code_qd20", "adapter"),
    *("waiting", "note"),
)
LAYOUT = Layout(
    columns=COLUMNS,
    optional=frozenset({"code_qd20", "adapter", "note"}),
    add=Words("Add it; its cells may be empty.", "Thêm cột này; các ô có thể để trống."),
)
NOTE_CHARACTERS_MAX = 200

T = TypeVar("T")


class Action(StrEnum):
    """What happens to an agency, in the order in which the actions of one day are taken."""

    CREATE = "create"
    RENAME = "rename"
    MOVE = "move"  # to another parent, or to another level
    MERGE = "merge"  # it is closed, and one agency follows
    SPLIT = "split"  # it is closed, and several follow
    CLOSE = "close"  # nobody follows


CLOSES = frozenset({Action.MERGE, Action.SPLIT, Action.CLOSE})

_ACTION_WORDS: Mapping[Action, tuple[str, ...]] = {
    Action.CREATE: ("thành lập", "lập mới", "tạo mới", "tạo"),
    Action.RENAME: ("đổi tên",),
    Action.MOVE: ("chuyển cấp trên", "đổi cấp trên", "chuyển", "điều chuyển"),
    Action.MERGE: ("sáp nhập", "hợp nhất", "gộp", "nhập"),
    Action.SPLIT: ("tách", "chia", "chia tách"),
    Action.CLOSE: ("giải thể", "đóng", "ngừng hoạt động", "bãi bỏ", "kết thúc"),
}
_WAITING_WORDS: Mapping[Waiting, tuple[str, ...]] = {
    Waiting.FORWARD: ("chuyển tiếp", "chuyển", "chuyển đi"),
    Waiting.RETURN: ("trả lại", "trả", "hoàn trả", "trả về"),
}

# The cells that an action needs, and those that it may have beside them.
_NEEDS: Mapping[Action, tuple[str, ...]] = {
    Action.CREATE: ("name", "level"),
    Action.RENAME: ("name",),
    Action.MOVE: ("parent",),
    Action.MERGE: ("successors", "waiting"),
    Action.SPLIT: ("successors", "waiting"),
    Action.CLOSE: ("waiting",),
}
_MAY_HAVE: Mapping[Action, tuple[str, ...]] = {
    Action.CREATE: ("parent", "code_qd20", "adapter"),
    Action.MOVE: ("level",),
}
_OF_ANY = ("date", "action", "agency", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a plan; codes as they were written."""

    line: int
    day: date  # the first day of what is new
    action: Action
    agency: str
    successors: tuple[str, ...] = ()
    name: str = ""
    parent: str = ""
    level: Level | None = None
    code_qd20: str = ""
    adapter: str = ""
    waiting: Waiting | None = None
    note: str = ""


def read_plan(content: bytes, on: date | None) -> tuple[tuple[Step, ...], tuple[Problem, ...]]:
    """The steps in the order of their lines, and what cannot be read. ``on``: the day where none is named."""
    table = read_table(content, LAYOUT)
    steps: list[Step] = []
    found = list(table.problems)
    if table.columns and not table.lines and not found:
        found.append(problem(Kind.FILE, [], "", *_EMPTY))
    for number, values in table.lines:
        if len(values) != len(table.columns):
            found.append(wrong_width(number, len(values), len(table.columns)))
            continue
        written = dict(zip(table.columns, map(str.strip, values), strict=True))
        line = Line(number, {column: written.get(column, "") for column in COLUMNS})
        step = _read_step(line, on)
        found += line.problems
        if step is not None and not line.problems:
            steps.append(step)
    return tuple(steps), tuple(found)


_EMPTY = (
    Words("there is no line in it.", "tệp không có dòng nào."),
    Words("Write one line for each agency that changes.", "Ghi mỗi cơ quan thay đổi một dòng."),
)


def _read_step(line: Line, on: date | None) -> Step | None:
    day = line.read("date", lambda text: _read_date(text, on), date.min)
    action = line.read("action", _read_action, None)
    agency = line.read("agency", codes.read_code, "")
    if action is None:
        return None
    line.problems += _wrong_cells(line, action)
    step = Step(
        line=line.number,
        day=day,
        action=action,
        agency=agency,
        successors=line.read("successors", codes.read_codes, ()),
        name=line.read("name", _or_nothing(cells.read_name, ""), ""),
        parent=line.read("parent", codes.read_parent, ""),
        level=line.read("level", cells.optional(cells.read_level), None),
        code_qd20=line.read("code_qd20", _read_qd20, ""),
        adapter=line.read("adapter", cells.read_adapter, ""),
        waiting=line.read("waiting", cells.optional(_read_waiting), None),
        note=line.read("note", _or_nothing(_read_note, ""), ""),
    )
    line.problems += _wrong_together(step)
    return step


def _or_nothing(reader: Callable[[str], T], nothing: T) -> Callable[[str], T]:
    return lambda text: reader(text) if text else nothing


# --- cells ---


def _read_date(text: str, on: date | None) -> date:
    if text:
        return read_day(text)
    if on is None:
        wrong = Words("the day is missing.", "thiếu ngày.")
        do = Words(
            "Write the first day of what is new, or give the command --on.",
            "Ghi ngày đầu tiên có hiệu lực, hoặc thêm --on vào lệnh.",
        )
        raise Unreadable(wrong, do)
    return on


def _read_action(text: str) -> Action | None:
    return _word(text, _ACTION_WORDS, Words("action", "việc"))


def _read_waiting(text: str) -> Waiting:
    return _word(text, _WAITING_WORDS, Words("word on what waits", "cách xử lý văn bản đang chờ"))


W = TypeVar("W", bound=StrEnum)


def _word(text: str, words: Mapping[W, tuple[str, ...]], what: Words) -> W:
    """The one that a word in English or Vietnamese means, with or without its marks."""
    known = {_plain(word): each for each, several in words.items() for word in (each.value, *several)}
    if (found := known.get(_plain(text))) is not None:
        return found
    near = difflib.get_close_matches(_plain(text), known, n=1)
    listed = ", ".join(f"{each.value} ({several[0]})" for each, several in words.items())
    wrong = Words(f"unknown {what.en} {text!r}.", f"không có {what.vi} {text!r}.")
    if not text:
        wrong = Words(f"the {what.en} is missing.", f"thiếu {what.vi}.")
    do = Words(f"Write one of: {listed}.", f"Ghi một trong: {listed}.")
    raise Unreadable(wrong, codes.write_instead(known[near[0]].value) if near else do)


def _plain(text: str) -> str:
    """Lower case, single spaces, without marks: "Sáp  nhập" is "sap nhap"."""
    letters = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())


def _read_qd20(text: str) -> str:
    return next((alias.code for alias in codes.read_qd20(text, date.min, None)), "")


def _read_note(text: str) -> str:
    note = " ".join(unicodedata.normalize("NFC", text).split())
    if len(note) > NOTE_CHARACTERS_MAX or not note.isprintable():
        most = NOTE_CHARACTERS_MAX
        raise Unreadable(
            Words("the note is too long, or not printable.", "ghi chú quá dài hoặc có ký tự lạ."),
            Words(f"Write {most} characters at most.", f"Ghi tối đa {most} ký tự."),
        )
    return note


# --- cells that an action needs, and that do not go together ---


def _wrong_cells(line: Line, action: Action) -> Iterator[Problem]:
    needs, may_have = _NEEDS[action], _MAY_HAVE.get(action, ())
    called = f"{action.value} ({_ACTION_WORDS[action][0]})"
    for column in COLUMNS:
        written = bool(line.cells[column])
        if column in needs and not written:
            wrong = Words(f"{called} needs it.", f"{called} cần ô này.")
            yield problem(Kind.VALUE, [line.number], column, wrong, _write(column))
        elif written and column not in (*needs, *may_have, *_OF_ANY):
            wrong = Words(f"{called} says nothing here.", f"{called} không dùng ô này.")
            do = Words("Leave it empty.", "Để trống ô này.")
            yield problem(Kind.VALUE, [line.number], column, wrong, do)


def _write(column: str) -> Words:
    if column == "waiting":
        return Words(
            "Write what becomes of the documents that wait there: forward (to the one that follows), return.",
            "Ghi cách xử lý văn bản đang chờ: forward (chuyển tiếp tới đơn vị kế thừa), return (trả lại).",
        )
    return Words(f"Write the {column}.", f"Ghi {column}.")


def _wrong_together(step: Step) -> Iterator[Problem]:
    if step.action is Action.MERGE and len(step.successors) > 1:
        wrong = Words("several follow: that is a split.", "có nhiều đơn vị kế thừa: đó là chia tách.")
        do = Words("Write split, or one successor.", "Ghi split (tách), hoặc chỉ một đơn vị kế thừa.")
        yield problem(Kind.SUCCESSOR, [step.line], "successors", wrong, do)
    if step.action is Action.SPLIT and len(step.successors) == 1:
        wrong = Words("one follows: that is a merger.", "chỉ có một đơn vị kế thừa: đó là sáp nhập.")
        do = Words("Write merge, or all that follow.", "Ghi merge (sáp nhập), hoặc mọi đơn vị kế thừa.")
        yield problem(Kind.SUCCESSOR, [step.line], "successors", wrong, do)
    if step.waiting is Waiting.FORWARD and step.action in (Action.SPLIT, Action.CLOSE):
        wrong = Words(
            "there is no one agency to forward to.", "không có một đơn vị kế thừa duy nhất để chuyển tiếp."
        )
        do = Words("Write return: its sender decides.", "Ghi return (trả lại): bên gửi quyết định.")
        yield problem(Kind.VALUE, [step.line], "waiting", wrong, do)
