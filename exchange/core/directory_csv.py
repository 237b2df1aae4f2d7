"""The directory as a CSV file: read, written, compared with what is there.

One line is one agency in its whole life. The file carries everything but certificates and tokens,
which have commands of their own. ``options`` may hold the secret of a webhook, and then the file and
what is exported are to be kept secret too: better name a ``secret_file``. An agency that the file
leaves out stays as it is: agencies are closed (``valid_to``), never removed, because documents name
them for ever.

Columns, all required, in any order; a missing one would read as "empty" and erase what is there:

- ``code``: the key, the QCVN 102 form where there is one
- ``code_qd20``: the QĐ 20/2020 form, for the agency's whole life since that decision
- ``aliases``: further codes, ``CODE`` for the whole life or ``CODE@from..to``, between semicolons
- ``name``; ``level``: one of ``Level``; ``parent``, ``successor``: keys
- ``valid_from``, ``valid_to``: first and last day, ``2016-04-01``; no last day: open
- ``adapter``: empty for an agency that is not connected; ``options``: a JSON object for the adapter
- ``document_bytes_max``: empty for no limit; ``attachment_types``: between semicolons, empty for all
"""

import csv
import difflib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeVar

from exchange.core import directory_cells as cells
from exchange.core.codes import normalise
from exchange.core.directory import Agency, Alias, Directory, Level, Limits
from exchange.core.directory_cells import Unreadable
from exchange.core.directory_problems import Kind, Problem, Row, check, problem

COLUMNS = (
    *("code", "code_qd20", "aliases", "name", "level", "parent", "valid_from", "valid_to", "successor"),
    *("adapter", "options", "document_bytes_max", "attachment_types"),
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a file says: the rows that could be read, and what is wrong with the others."""

    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread: frozenset[str] = frozenset()  # the codes of lines that could not be read


# --- reading ---


def parse(content: bytes) -> Parsed:
    """Read a file: UTF-8, with or without BOM; commas, or semicolons as some spreadsheets write them.

    Never raises: what cannot be read is a problem with its line. ``problems`` judges the rest.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wrong = problem(Kind.FILE, [line], "", "the file is not UTF-8.", "tệp không phải mã UTF-8.")
        return Parsed(problems=(wrong,))
    lines, broken = _split(text)
    if not lines:
        none = problem(Kind.HEADER, [], "", "The file has no header line.", "Tệp không có dòng tiêu đề.")
        return Parsed(problems=(none, *broken))
    at, header = lines[0]
    columns = [name.strip().lower() for name in header]
    if wrong_header := tuple(_header_problems(at, columns)):
        return Parsed(problems=(*wrong_header, *broken))
    return _read_lines(columns, lines[1:], broken)


def problems(parsed: Parsed, existing: Directory) -> tuple[Problem, ...]:
    """Everything that stands against importing the file into ``existing``, in the order of its lines."""
    found = (*parsed.problems, *check(parsed.rows, existing, parsed.unread))
    return tuple(sorted(found, key=lambda each: each.lines))


def _split(text: str) -> tuple[list[tuple[int, list[str]]], tuple[Problem, ...]]:
    """The lines that are not blank, each with the number of its first one, up to where CSV ends."""
    first = text.partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                lines.append((start, values))
            start = reader.line_num + 1
    except csv.Error as error:
        message = f"from here on the file is not CSV: {error}."
        message_vi = f"từ đây tệp không đúng định dạng CSV: {error}."
        return lines, (problem(Kind.FILE, [start], "", message, message_vi),)
    return lines, ()


def _header_problems(line: int, columns: Sequence[str]) -> Iterator[Problem]:
    for name in columns:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.5)
            yield problem(
                Kind.HEADER,
                [line],
                name,
                f"unknown column {name!r}" + (f"; the nearest known is {near[0]!r}." if near else "."),
                f"không có cột {name!r}" + (f"; cột gần giống là {near[0]!r}." if near else "."),
            )
    for name in COLUMNS:
        count = columns.count(name)
        if count != 1:
            what = "is missing" if count == 0 else f"stands {count} times"
            what_vi = "bị thiếu" if count == 0 else f"xuất hiện {count} lần"
            yield problem(Kind.HEADER, [line], name, f"column {name!r} {what}.", f"cột {name!r} {what_vi}.")


def _read_lines(
    columns: Sequence[str], lines: Sequence[tuple[int, list[str]]], broken: tuple[Problem, ...]
) -> Parsed:
    rows: list[Row] = []
    found: list[Problem] = []
    unread: set[str] = set()
    for line, values in lines:
        if len(values) != len(columns):
            found.append(_wrong_width(line, len(values), len(columns)))
            continue
        record = _Record(line, dict(zip(columns, values, strict=True)))
        agency = record.agency()
        found += record.problems
        if record.problems:
            unread.add(normalise(record.values["code"]))
        else:
            rows.append(Row(line=line, agency=agency))
    return Parsed(rows=tuple(rows), problems=(*found, *broken), unread=frozenset(unread))


def _wrong_width(line: int, width: int, expected: int) -> Problem:
    return problem(
        Kind.VALUE,
        [line],
        "",
        f"the line has {width} cells, the header {expected}.",
        f"dòng có {width} ô, tiêu đề có {expected} ô.",
    )


@dataclass(slots=True)
class _Record:
    """One line on its way to an agency; collects what is wrong with its cells."""

    line: int
    values: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def agency(self) -> Agency:
        """The agency; with stand-ins for the cells that cannot be read, when there are problems."""
        first = self.read("valid_from", cells.read_day, date.min)
        last = self.read("valid_to", cells.optional(cells.read_day), None)
        none: tuple[Alias, ...] = ()
        one = self.read("code_qd20", lambda text: cells.read_qd20(text, first, last), none)
        more = self.read("aliases", lambda text: cells.read_aliases(text, first, last), none)
        return Agency(
            code=self.read("code", cells.read_code, ""),
            name=self.read("name", cells.read_name, ""),
            level=self.read("level", cells.read_level, Level.UNIT),
            parent=normalise(self.values["parent"]),
            valid_from=first,
            valid_to=last,
            successor=normalise(self.values["successor"]),
            aliases=(*one, *more),
            adapter=self.read("adapter", cells.read_adapter, ""),
            options=self.read("options", cells.read_options, {}),
            limits=Limits(
                document_bytes_max=self.read(
                    "document_bytes_max", cells.optional(cells.read_bytes_max), None
                ),
                attachment_types=self.read("attachment_types", cells.read_attachment_types, frozenset()),
            ),
        )

    def read(self, column: str, reader: Callable[[str], T], stand_in: T) -> T:
        try:
            return reader(self.values[column].strip())
        except Unreadable as error:
            message = f"{column}: {error.message}"
            message_vi = f"{column}: {error.message_vi}"
            self.problems.append(problem(Kind.VALUE, [self.line], column, message, message_vi))
            return stand_in


# --- writing ---


def render(directory: Directory) -> str:
    """The directory as CSV text, in its order; read again it gives equal agencies, but for certificates."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(cells_of(agency).values() for agency in directory)
    return out.getvalue()


def cells_of(agency: Agency) -> dict[str, str]:
    """What stands in each column for an agency, in the order of ``COLUMNS``."""
    one, more = cells.write_aliases(agency)
    limits = agency.limits
    return {
        "code": agency.code,
        "code_qd20": one,
        "aliases": more,
        "name": agency.name,
        "level": agency.level.value,
        "parent": agency.parent,
        "valid_from": agency.valid_from.isoformat(),
        "valid_to": cells.write_day(agency.valid_to),
        "successor": agency.successor,
        "adapter": agency.adapter,
        "options": cells.write_options(agency.options),
        "document_bytes_max": "" if limits.document_bytes_max is None else str(limits.document_bytes_max),
        "attachment_types": ";".join(sorted(limits.attachment_types)),
    }


# --- comparing ---


class ChangeKind(StrEnum):
    """What an import would do to an agency. Nothing is ever removed."""

    ADDED = "added"
    CHANGED = "changed"  # one column
    CLOSED = "closed"  # a last day where there was none


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a dry run: ``before`` and ``after`` are the cells of ``column``, "" for an added agency."""

    kind: ChangeKind
    code: str
    name: str
    column: str = ""
    before: str = ""
    after: str = ""


def compare(old: Directory, new: Directory) -> tuple[Change, ...]:
    """What importing ``new`` into ``old`` would change. Who is absent from ``new`` stays unchanged."""
    changes: list[Change] = []
    for agency in new:
        before = old.get(agency.code)
        if before is None:
            changes.append(Change(kind=ChangeKind.ADDED, code=agency.code, name=agency.name))
        else:
            changes += _changed_columns(before, agency)
    return tuple(changes)


def _changed_columns(old: Agency, new: Agency) -> Iterator[Change]:
    before, after = cells_of(old), cells_of(new)
    for column in COLUMNS:
        if before[column] != after[column]:
            closed = column == "valid_to" and not before[column]
            yield Change(
                kind=ChangeKind.CLOSED if closed else ChangeKind.CHANGED,
                code=new.code,
                name=new.name,
                column=column,
                before=before[column],
                after=after[column],
            )
