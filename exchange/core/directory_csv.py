"""The directory as a CSV file: read and written.

One line is one agency in its whole life; or, where its name, level or parent changed, in the days of
the line, and the next line of the same code begins on the day after.

The file carries everything but certificates and tokens, which have commands of their own. ``options``
may hold the secret of a webhook, and then the file and what is exported are to be kept secret too:
better name a ``secret_file``. An agency that the file leaves out stays as it is: agencies are closed
(``valid_to``), never removed, because documents name them for ever.

Columns, required but for the last, in any order; a missing one would read as "empty" and erase what is there:

- ``code``: the key, the QCVN 102 form where there is one
- ``name``; ``level``: one of ``Level``; ``parent``: a key; from ``valid_from`` until ``valid_to``,
  first and last day, ``2016-04-01``; no last day: open

and for the whole life, so that of several lines one needs to hold them:

- ``code_qd20``: the QĐ 20/2020 form, from that decision on
- ``aliases``: further codes, ``CODE`` or ``CODE@from..to``, between semicolons
- ``successor``: keys, between semicolons where the agency was split
- ``adapter``: empty for an agency that is not connected; ``options``: a JSON object for the adapter
- ``document_bytes_max``: empty for no limit; ``attachment_types``: between semicolons, empty for all
- ``unsigned_until``: the last day on which its packages may come without a valid signature; empty: never.
  The only column that may be left out, and is where no agency has one
"""

import csv
import io
from dataclasses import dataclass

from exchange.core import directory_cells as cells
from exchange.core import directory_codes as codes
from exchange.core.codes import normalise
from exchange.core.directory import Agency, Directory, standings
from exchange.core.directory_checks import check
from exchange.core.directory_days import write_day
from exchange.core.directory_file import ALLOWANCE, COLUMNS, DIRECTORY, read_table, wrong_width
from exchange.core.directory_lines import Line, read_agency
from exchange.core.directory_problems import Problem, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a file says: the agencies that could be read, and what is wrong with the others."""

    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread: frozenset[str] = frozenset()  # the codes of agencies that could not be read


def parse(content: bytes) -> Parsed:
    """Read a file: UTF-8, with or without BOM; commas, or semicolons or tabs, as spreadsheets write them.

    Never raises: what cannot be read is a problem with its line. ``problems`` judges the rest.
    """
    table = read_table(content)
    rows: list[Row] = []
    found = list(table.problems)
    unread: set[str] = set()
    together: dict[str, list[Line]] = {}
    for number, values in table.lines:
        line = dict.fromkeys(DIRECTORY.columns, "") | dict(
            zip(table.columns, map(str.strip, values), strict=False)
        )
        code = normalise(line.get("code", ""))
        if len(values) == len(table.columns):
            # Lines without a code are read each by itself.
            together.setdefault(code or f"line {number}", []).append(Line(number, line))
        else:
            found.append(wrong_width(number, len(values), len(table.columns)))
            unread.add(code)
    for code, lines in together.items():
        row, against = read_agency(lines)
        found += against
        if against:
            unread.add(code)
        else:
            rows.append(row)
    return Parsed(rows=tuple(rows), problems=tuple(found), unread=frozenset(unread - {""}))


def problems(parsed: Parsed, existing: Directory) -> tuple[Problem, ...]:
    """Everything that stands against importing the file into ``existing``, in the order of its lines."""
    found = (*parsed.problems, *check(parsed.rows, existing, parsed.unread))
    return tuple(sorted(found, key=lambda each: each.lines))


def render(directory: Directory) -> str:
    """The directory as CSV text, in its order; read again it gives equal agencies, but for certificates.

    The column of allowances is there where one is.
    """
    out = io.StringIO(newline="")
    columns = (*COLUMNS, *([ALLOWANCE] if any(each.unsigned_until for each in directory) else []))
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for agency in directory:
        writer.writerows(_lines_of(agency))
    return out.getvalue()


def _lines_of(agency: Agency) -> list[dict[str, str]]:
    lines = [
        {
            "code": agency.code,
            "name": standing.name,
            "level": standing.level.value,
            "parent": standing.parent,
            "valid_from": standing.since.isoformat(),
            "valid_to": write_day(standing.until),
        }
        for standing in standings(agency)
    ]
    lines[-1] |= cells_for_life(agency)  # in the newest line alone
    return lines


def cells_for_life(agency: Agency) -> dict[str, str]:
    """What stands in the columns that hold for an agency's whole life."""
    one, more = codes.write_aliases(agency)
    limits = agency.limits
    return {
        "code_qd20": one,
        "aliases": more,
        "successor": ";".join(agency.successors),
        "adapter": agency.adapter,
        "options": cells.write_options(agency.options),
        "document_bytes_max": "" if limits.document_bytes_max is None else str(limits.document_bytes_max),
        "attachment_types": ";".join(sorted(limits.attachment_types)),
        ALLOWANCE: write_day(agency.unsigned_until),
    }
