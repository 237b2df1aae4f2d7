"""A sheet as an XLSX workbook; text cells are text, whatever they begin with."""

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exchange.core.edxml import VIETNAM
from exchange.reports.sheet import Cell, Format, Sheet

if TYPE_CHECKING:
    from xlsxwriter.format import Format as Style
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_FORMATS = {
    Format.COUNT: "#,##0",
    Format.RATIO: "0.0%",
    Format.SECONDS: "#,##0",
    Format.MOMENT: "dd/mm/yyyy hh:mm",
}
_TITLE_ROWS = 2
_WIDTH, _WIDTH_FIRST = 15, 34
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write(sheet: Sheet, made_at: datetime) -> bytes:
    """The file."""
    # Loaded here: most processes make no workbook.
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, dict(_OPTIONS)) as book:
        book.set_properties({"title": sheet.title, "created": made_at.astimezone(UTC).replace(tzinfo=None)})
        _fill(book, book.add_worksheet(), sheet)
    return buffer.getvalue()


def _fill(book: "Workbook", page: "Worksheet", sheet: Sheet) -> None:
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1})
    styles = {each: book.add_format({"num_format": form}) for each, form in _FORMATS.items()}
    strong = {each: book.add_format({"num_format": form, "bold": True}) for each, form in _FORMATS.items()}
    page.write_string(0, 0, sheet.title, book.add_format({"bold": True, "font_size": 14}))
    page.set_column(0, 0, _WIDTH_FIRST)
    page.set_column(1, len(sheet.heads) - 1, _WIDTH)
    for column, head in enumerate(sheet.heads):
        page.write_string(_TITLE_ROWS, column, head, bold)
    page.freeze_panes(_TITLE_ROWS + 1, 1)
    row = _TITLE_ROWS
    for cells in sheet.rows:
        row += 1
        _write(page, row, cells, styles)
    row += 1
    _write(page, row, sheet.total, {**strong, Format.TEXT: book.add_format({"bold": True})})
    row += 1
    for number, (name, value) in enumerate(sheet.facts, start=row + 1):
        page.write_string(number, 0, name)
        page.write_string(number, 1, value)
    for number, note in enumerate(sheet.notes, start=row + len(sheet.facts) + 1):
        page.write_string(number, 0, note)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(_TITLE_ROWS)


def _write(page: "Worksheet", row: int, cells: tuple[Cell, ...], styles: "dict[Format, Style]") -> None:
    for column, cell in enumerate(cells):
        style = styles.get(cell.format)
        if cell.value is None:
            page.write_string(row, column, cell.text)
        elif cell.format is Format.MOMENT:
            moment = datetime.fromisoformat(str(cell.value)).astimezone(VIETNAM).replace(tzinfo=None)
            page.write_datetime(row, column, moment, style)
        elif isinstance(cell.value, str):
            page.write_string(row, column, cell.value, style)
        else:
            page.write_number(row, column, cell.value, style)
