"""The lines of one agency: each holds for its days, and together they are the agency."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import NamedTuple, TypeVar

from exchange.core import directory_cells as cells
from exchange.core import directory_codes as codes
from exchange.core.directory import Agency, Alias, Former, Level, Limits, day_after, day_before
from exchange.core.directory_days import read_day, shown
from exchange.core.directory_problems import Kind, Problem, Row, Unreadable, Words, problem

FOR_LIFE = (
    *("code_qd20", "aliases", "successor", "adapter", "options", "document_bytes_max", "attachment_types"),
    "unsigned_until",
)

T = TypeVar("T")


@dataclass(slots=True)
class Line:
    """One line of the file, by its columns; collects what is wrong with its cells."""

    number: int
    cells: Mapping[str, str]  # without white space around them
    problems: list[Problem] = field(default_factory=list)

    def read(self, column: str, reader: Callable[[str], T], stand_in: T) -> T:
        """What a cell says; the stand-in, and a problem, where it cannot be read."""
        try:
            return reader(self.cells[column])
        except Unreadable as error:
            self.problems.append(problem(Kind.VALUE, [self.number], column, error.wrong, error.do))
            return stand_in


class _Span(NamedTuple):
    """What one line says of its days."""

    line: Line
    code: str
    since: date
    until: date | None
    name: str
    level: Level
    parent: str


def read_agency(lines: Sequence[Line]) -> tuple[Row, tuple[Problem, ...]]:
    """The agency of these lines, all of one code; with stand-ins in it where there are problems."""
    spans = sorted(map(_read_span, lines), key=lambda span: span.since)
    *earlier, newest = spans
    holders = {column: _holder(spans, column) for column in FOR_LIFE}
    agency = _agency(earlier, newest, spans[0].since, holders)
    unreadable = [each for line in lines for each in line.problems]
    # Days that cannot be read say nothing of how the lines stand to each other.
    wrong_days = () if unreadable else (*_backwards(spans), *_apart(spans))
    differing = (found for column in FOR_LIFE if (found := _differing(spans, column)))
    row = Row(lines=tuple(span.line.number for span in spans), agency=agency)
    return row, (*unreadable, *wrong_days, *differing)


def _read_span(line: Line) -> _Span:
    return _Span(
        line=line,
        since=line.read("valid_from", read_day, date.min),
        until=line.read("valid_to", cells.optional(read_day), None),
        code=line.read("code", codes.read_code, ""),
        name=line.read("name", cells.read_name, ""),
        level=line.read("level", cells.read_level, Level.UNIT),
        parent=line.read("parent", codes.read_parent, ""),
    )


def _holder(spans: Sequence[_Span], column: str) -> Line:
    """The newest line that says something in a column for the whole life."""
    lines = [span.line for span in spans]
    return next((line for line in reversed(lines) if line.cells[column]), lines[-1])


def _agency(earlier: Sequence[_Span], newest: _Span, first: date, holders: Mapping[str, Line]) -> Agency:
    def read(column: str, reader: Callable[[str], T], stand_in: T) -> T:
        return holders[column].read(column, reader, stand_in)

    none: tuple[Alias, ...] = ()
    one = read("code_qd20", lambda text: codes.read_qd20(text, first, newest.until), none)
    more = read("aliases", lambda text: codes.read_aliases(text, first, newest.until), none)
    return Agency(
        code=newest.code,
        name=newest.name,
        level=newest.level,
        parent=newest.parent,
        valid_from=first,
        valid_to=newest.until,
        former=tuple(
            Former(until=span.until or date.max, name=span.name, level=span.level, parent=span.parent)
            for span in earlier
        ),
        successors=read("successor", codes.read_codes, ()),
        aliases=(*one, *more),
        adapter=read("adapter", cells.read_adapter, ""),
        options=read("options", cells.read_options, {}),
        limits=Limits(
            document_bytes_max=read("document_bytes_max", cells.optional(cells.read_bytes_max), None),
            attachment_types=read("attachment_types", cells.read_attachment_types, frozenset()),
        ),
        unsigned_until=read("unsigned_until", cells.optional(read_day), None),
    )


# --- what stands against several lines ---


def _differing(spans: Sequence[_Span], column: str) -> Problem | None:
    holding = [span.line for span in spans if span.line.cells[column]]
    if len({line.cells[column] for line in holding}) < 2:
        return None
    code = spans[0].code
    return problem(
        Kind.VALUE,
        [line.number for line in holding],
        column,
        Words(f"the lines of {code} differ here.", f"các dòng của {code} khác nhau ở cột này."),
        Words(
            "It holds for the agency's whole life: write it in one of the lines, or the same in all.",
            "Cột này áp dụng cho toàn bộ thời gian hoạt động: ghi ở một dòng, hoặc như nhau ở mọi dòng.",
        ),
    )


def _backwards(spans: Sequence[_Span]) -> Iterator[Problem]:
    for span in spans:
        if span.until is not None and span.until < span.since:
            yield problem(
                Kind.PERIOD,
                [span.line.number],
                "valid_to",
                Words(
                    f"{span.code} ends on {span.until}, before it begins on {span.since}.",
                    f"{span.code} kết thúc ngày {span.until}, trước ngày bắt đầu {span.since}.",
                ),
                Words("Correct one of the two days.", "Sửa một trong hai ngày."),
            )


def _apart(spans: Sequence[_Span]) -> Iterator[Problem]:
    """Lines that share days, or leave days out between them."""
    for one, other in pairwise(spans):
        lines = [one.line.number, other.line.number]
        if one.since == other.since:
            yield problem(Kind.OVERLAP, lines, "valid_from", *_twice(one))
        elif one.until is None or one.until >= other.since:
            yield problem(Kind.OVERLAP, lines, "valid_to", *_shared(one, other))
        elif day_after(one.until) < other.since:
            yield problem(Kind.PERIOD, lines, "valid_to", *_left_out(one, other))


def _twice(one: _Span) -> tuple[Words, Words]:
    wrong = Words(
        f"{one.code} has two lines that begin on {one.since}.",
        f"{one.code} có hai dòng cùng bắt đầu ngày {one.since}.",
    )
    do = Words(
        "Delete one. If another agency has this code now, write it into that agency's aliases.",
        "Xóa một dòng. Nếu mã được cấp lại cho cơ quan khác thì ghi ở cột aliases của cơ quan đó.",
    )
    return wrong, do


def _shared(one: _Span, other: _Span) -> tuple[Words, Words]:
    both = shown(other.since, min(one.until or date.max, other.until or date.max))
    wrong = Words(f"{one.code} has two lines for {both}.", f"{one.code} có hai dòng cho {both}.")
    return wrong, _end_before(one, other)


def _left_out(one: _Span, other: _Span) -> tuple[Words, Words]:
    assert one.until is not None
    days = shown(day_after(one.until), day_before(other.since))
    wrong = Words(f"{one.code} has no line for {days}.", f"{one.code} không có dòng nào cho {days}.")
    return wrong, _end_before(one, other)


def _end_before(one: _Span, other: _Span) -> Words:
    last, line = day_before(other.since), one.line.number
    return Words(
        f"Write {last} as valid_to in line {line}, the day before line {other.line.number} begins.",
        f"Ghi valid_to ở dòng {line} là {last}, ngày trước khi dòng {other.line.number} bắt đầu.",
    )
