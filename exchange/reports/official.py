"""A report as a PDF in the form of an official report (NĐ 30/2020/NĐ-CP, appendix I), A4, in Vietnamese.

Number and symbol, day and signature are left open: it is a draft until somebody signs it. A table that
needs the breadth lies across, as the appendix allows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exchange.core.edxml import VIETNAM
from exchange.core.report import Report
from exchange.reports.sheet import Cell, Format, Sheet, is_wide, lay_out, shown
from exchange.reports.texts import Language

if TYPE_CHECKING:
    from fpdf import FPDF

_FONT = "SourceSansPro"  # has every letter of Vietnamese
_LEFT_MM, _RIGHT_MM, _TOP_MM = 30, 15, 20  # art. I.3 of the appendix
_LINE_MM = 5.5
_TEXT, _TABLE = 12, 8.5
_CENTRE: dict[str, Any] = {"align": "C", "new_x": "LMARGIN", "new_y": "NEXT"}

_STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
_MOTTO = "Độc lập - Tự do - Hạnh phúc"
_NUMBER = "Số:          /BC-"
_RECEIVERS = ("Nơi nhận:", "- Như trên;", "- Lưu: VT.")
_SIGNER = ("THỦ TRƯỞNG CƠ QUAN", "(Chữ ký của người có thẩm quyền,", "dấu/chữ ký số của cơ quan)")


def write(report: Report, office: str, place: str) -> bytes:
    """The PDF; the same report gives the same bytes."""
    sheet = lay_out(report, Language.VIETNAMESE)
    pdf = _document(report, sheet)
    pdf.add_page(orientation="landscape" if is_wide(report.question.kind) else "portrait")
    _head(pdf, office, place, report)
    _title(pdf, sheet)
    for name, value in sheet.facts:
        _paragraph(pdf, f"{name}: {value}.")
    pdf.ln(2)
    _table(pdf, sheet)
    pdf.ln(3)
    for note in sheet.notes:
        _paragraph(pdf, note)
    _foot(pdf)
    return bytes(pdf.output())


def _document(report: Report, sheet: Sheet) -> "FPDF":
    # Loaded here: it costs a fifth of a second, and most processes make no PDF.
    import font_source_sans_pro
    from fpdf import FPDF

    class Pages(FPDF):
        def header(self) -> None:
            """The page's number, above, but on the first."""
            if self.page_no() > 1:
                self.set_y(10)
                self.set_font(_FONT, size=_TEXT)
                self.cell(0, _LINE_MM, f"{self.page_no()}", **_CENTRE)
                self.set_y(_TOP_MM)

    pdf = Pages(format="A4")
    pdf.set_margins(_LEFT_MM, _TOP_MM, _RIGHT_MM)
    pdf.set_auto_page_break(True, margin=_TOP_MM)
    pdf.set_lang("vi")
    pdf.set_title(sheet.title)
    pdf.set_creation_date(report.made_at)
    files = Path(font_source_sans_pro.__file__).parent / "files"
    for style, name in (("", "Regular"), ("B", "Bold"), ("I", "It")):
        pdf.add_font(_FONT, style, files / f"{_FONT}-{name}.ttf")
    return pdf


def _head(pdf: "FPDF", office: str, place: str, report: Report) -> None:
    """Who reports on the left; the state, its motto, place and day on the right (appendix I, II.1 to 4)."""
    width = pdf.epw * 0.44
    right, top = pdf.l_margin + width, pdf.y
    pdf.set_font(_FONT, "B", _TEXT)
    pdf.multi_cell(width, _LINE_MM, office.upper(), **_CENTRE)
    _rule(pdf, pdf.l_margin + width / 2, width / 3)
    pdf.set_font(_FONT, "", _TEXT)
    pdf.multi_cell(width, _LINE_MM, _NUMBER, **_CENTRE)
    below = pdf.y
    pdf.set_xy(right, top)
    pdf.set_font(_FONT, "B", _TEXT)
    pdf.cell(pdf.epw - width, _LINE_MM, _STATE, align="C", new_x="LEFT", new_y="NEXT")
    pdf.cell(pdf.epw - width, _LINE_MM, _MOTTO, align="C", new_x="LEFT", new_y="NEXT")
    _rule(pdf, right + (pdf.epw - width) / 2, pdf.get_string_width(_MOTTO))
    pdf.set_x(right)
    pdf.set_font(_FONT, "I", _TEXT)
    month = report.made_at.astimezone(VIETNAM)
    day = f"{place + ', ' if place else ''}ngày      tháng {month:%m} năm {month:%Y}"
    pdf.cell(pdf.epw - width, _LINE_MM, day, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_y(max(below, pdf.y) + _LINE_MM)


def _rule(pdf: "FPDF", middle: float, length: float) -> None:
    pdf.line(middle - length / 2, pdf.y + 0.7, middle + length / 2, pdf.y + 0.7)
    pdf.set_y(pdf.y + 2)


def _title(pdf: "FPDF", sheet: Sheet) -> None:
    """What it is, and of what (appendix I, II.5)."""
    pdf.set_font(_FONT, "B", _TEXT + 2)
    pdf.multi_cell(0, _LINE_MM + 1, "BÁO CÁO", **_CENTRE)
    pdf.set_font(_FONT, "B", _TEXT + 1)
    pdf.multi_cell(0, _LINE_MM + 1, sheet.title, **_CENTRE)
    _rule(pdf, pdf.l_margin + pdf.epw / 2, pdf.epw / 6)
    pdf.ln(3)


def _paragraph(pdf: "FPDF", text: str) -> None:
    pdf.set_font(_FONT, "", _TEXT)
    pdf.multi_cell(0, _LINE_MM, text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(1)


def _table(pdf: "FPDF", sheet: Sheet) -> None:
    from fpdf.fonts import FontFace

    pdf.set_font(_FONT, "", _TABLE)
    texts = [_breaks(row) for row in sheet.rows]
    with pdf.table(
        col_widths=_widths(sheet),
        line_height=_LINE_MM - 1,
        text_align=tuple("L" if cell.format is Format.TEXT else "R" for cell in sheet.total),
        headings_style=FontFace(emphasis="BOLD", fill_color=(235, 235, 235)),
        padding=0.8,
        align="LEFT",
        repeat_headings=1,
    ) as table:
        for cells in (list(sheet.heads), *texts):
            row = table.row()
            for cell in cells:
                row.cell(cell)
        row = table.row(style=FontFace(emphasis="BOLD"))
        for cell in _breaks(sheet.total):
            row.cell(cell)


def _breaks(cells: Sequence[Cell]) -> list[str]:
    return [shown(cell, Language.VIETNAMESE) for cell in cells]


def _widths(sheet: Sheet) -> tuple[int, ...]:
    """Names get what figures do not need."""
    return tuple(18 if cell.format is Format.TEXT else 11 for cell in sheet.total)


def _foot(pdf: "FPDF") -> None:
    """Who gets it on the left, who signs on the right (appendix I, II.7 to 9); together on one page."""
    if pdf.will_page_break(8 * _LINE_MM):
        pdf.add_page()
    pdf.ln(_LINE_MM)
    top = pdf.y
    for number, line in enumerate(_RECEIVERS):
        pdf.set_font(_FONT, "" if number else "I", _TEXT - (1 if number else 0))
        pdf.cell(pdf.epw / 2, _LINE_MM, line, new_x="LMARGIN", new_y="NEXT")
    for number, line in enumerate(_SIGNER):
        pdf.set_xy(pdf.l_margin + pdf.epw / 2, top + number * _LINE_MM)
        pdf.set_font(_FONT, "I" if number else "B", _TEXT)
        pdf.cell(pdf.epw / 2, _LINE_MM, line, align="C")
