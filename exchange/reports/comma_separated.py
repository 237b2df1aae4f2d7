"""A sheet as CSV for spreadsheets: UTF-8 with BOM, numbers as numbers, below the table what it rests on."""

import csv
import io

from exchange.reports.sheet import Cell, Sheet

BOM = "\ufeff"
# How begins what a spreadsheet may take for a formula; of some keyboards the signs are twice as wide.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def write(sheet: Sheet) -> bytes:
    """The file: heads, lines, the line of all together; an empty line; facts and notes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(harmless, sheet.heads))
    writer.writerows([_value(cell) for cell in row] for row in (*sheet.rows, sheet.total))
    writer.writerow([])
    writer.writerow([harmless(sheet.title)])
    writer.writerows(map(harmless, fact) for fact in sheet.facts)
    writer.writerows([harmless(note)] for note in sheet.notes)
    return (BOM + text.getvalue()).encode()


def _value(cell: Cell) -> object:
    """Ratios 0..1 and seconds, with a point."""
    if cell.value is None:
        return cell.text
    return harmless(cell.value) if isinstance(cell.value, str) else cell.value


def harmless(text: str) -> str:
    """Text that no spreadsheet runs: names and types come from outside."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
