"""The account as a PDF of A4 pages, to be put into a file on paper. For screens there is the page in HTML."""

from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING

from exchange.evidence.account import TITLE, Account, Both, Listing, Pairs, Section, Table, Timeline, local
from exchange.evidence.style import ACCENT, QUIET, TEXT

if TYPE_CHECKING:
    from fpdf import FPDF

_FONT = "SourceSansPro"  # has every letter of Vietnamese
_MARGIN_MM = 18
_LINE_MM = 5


def paper(account: Account) -> bytes:
    """The PDF; the same account gives the same bytes."""
    pdf = _document(account)
    pdf.add_page()
    _write(pdf, TITLE, size=18, color=ACCENT, bold=True)
    _write(pdf, Both(account.number), size=12)
    for section in account.sections:
        pdf.ln(_LINE_MM)
        _write(pdf, section.heading, size=13, color=ACCENT, bold=True)
        _blocks(pdf, section)
    return bytes(pdf.output())


def _document(account: Account) -> "FPDF":
    # Loaded here: it costs a fifth of a second, and most processes make no PDF.
    import font_source_sans_pro
    from fpdf import FPDF

    class Pages(FPDF):
        def footer(self) -> None:
            """Which document, and which page of how many."""
            self.set_y(-12)
            self.set_font(_FONT, size=8)
            self.cell(0, 5, f"{account.number}   {self.page_no()}/{{nb}}", align="R")

    pdf = Pages(format="A4")
    pdf.set_margin(_MARGIN_MM)
    pdf.set_auto_page_break(True, margin=_MARGIN_MM)
    pdf.set_lang("vi")
    pdf.set_title(f"{TITLE.vi} {account.number}")
    pdf.set_creation_date(account.made_at)
    files = Path(font_source_sans_pro.__file__).parent / "files"
    pdf.add_font(_FONT, "", files / f"{_FONT}-Regular.ttf")
    pdf.add_font(_FONT, "B", files / f"{_FONT}-Bold.ttf")
    return pdf


def _blocks(pdf: "FPDF", section: Section) -> None:
    for block in section.blocks:
        _print(block, pdf)


def _write(pdf: "FPDF", both: Both, *, size: int = 10, color: str = TEXT, bold: bool = False) -> None:
    """Vietnamese, and English below it in a quiet colour."""
    pdf.set_font(_FONT, "B" if bold else "", size)
    pdf.set_text_color(color)
    pdf.multi_cell(0, size / 2, both.vi, new_x="LMARGIN", new_y="NEXT", align="L")
    if both.en:
        pdf.set_font(_FONT, "", max(8, size - 2))
        pdf.set_text_color(QUIET)
        pdf.multi_cell(0, size / 2, both.en, new_x="LMARGIN", new_y="NEXT", align="L")
    pdf.set_text_color(TEXT)


def _joined(both: Both) -> str:
    return f"{both.vi} / {both.en}" if both.en else both.vi


@singledispatch
def _print(block: object, pdf: "FPDF") -> None:  # noqa: ARG001
    raise TypeError(f"no way to print {type(block).__name__}")


# The kind is named: the annotation of ``pdf`` has no meaning before the library is loaded.
@_print.register(Pairs)
def _(block: Pairs, pdf: "FPDF") -> None:
    _grid(pdf, [(_joined(name), value) for name, value in block.rows], widths=(2, 5), heads=False)


@_print.register(Table)
def _(block: Table, pdf: "FPDF") -> None:
    rows = [tuple(map(_joined, row)) for row in (block.heads, *block.rows)]
    _grid(pdf, rows, widths=(3, *([2] * (len(block.heads) - 2)), 4), heads=True)


def _grid(pdf: "FPDF", rows: Sequence[tuple[str, ...]], *, widths: tuple[int, ...], heads: bool) -> None:
    pdf.set_font(_FONT, "", 9)
    with pdf.table(
        col_widths=widths, line_height=_LINE_MM, first_row_as_headings=heads, text_align="LEFT", padding=1
    ) as table:
        for cells in rows:
            row = table.row()
            for cell in cells:
                row.cell(cell)


@_print.register(Timeline)
def _(block: Timeline, pdf: "FPDF") -> None:
    for at, said in block.events:
        _write(pdf, Both(local(at)), size=9, bold=True)
        _write(pdf, said)


@_print.register(Listing)
def _(block: Listing, pdf: "FPDF") -> None:
    for number, (said, command) in enumerate(block.items, 1):
        mark = f"{number}. " if block.numbered else "• "
        _write(pdf, Both(mark + said.vi, said.en))
        if command:
            _write(pdf, Both(command), bold=True)
