"""Reports: what is chosen, the figures with what they rest on, and the same as a file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from exchange import reports
from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.codes import collapsed
from exchange.core.report import ALLOWED, By, Kind, Report
from exchange.core.share import Unit
from exchange.core.structure import Structure
from exchange.reports import sheet, texts
from exchange.web import deeds
from exchange.web.asking import FIELDS, NotPossible, chart_of, question_of
from exchange.web.naming import suggested
from exchange.web.rendering import page
from exchange.web.visitor import Overseer, Visitor

router = APIRouter(prefix="/web/reports")

FIELD_CHARACTERS_MAX = 200
ROWS_SHOWN_MAX = 1_000
_Choices = list[tuple[str, str]]


@router.get("")
def show(visit: Overseer, context: InContext) -> Response:
    """The form, and the report that it asks for; with ``format`` its file."""
    asked = {
        name: collapsed(visit.query.get(name, "").replace("\0", "")[:FIELD_CHARACTERS_MAX]) for name in FIELDS
    }
    asked = {name: value for name, value in asked.items() if value}
    report, wrong = None, ""
    try:
        report = reports.ask(context, question_of(context, asked, visit.language))
    except NotPossible as error:
        wrong = str(error)
    form = visit.query.get("format", "")
    if report is not None and form in list(reports.Form):
        return _file(visit, context, report, reports.Form(form))
    values = {} if report is None else _shown(visit, report, asked)
    return page(
        visit,
        "reports.html",
        asked=asked,
        wrong=wrong,
        report=report,
        choices=_choices(visit.language, asked.get("kind", "")),
        agencies=suggested(context.registry.current.directory, today(context.now())),
        **{**_NOTHING, **values},
    )


_NOTHING: Mapping[str, Any] = {
    "sheet": None,
    "not_reported": (),
    "rows": (),
    "total": (),
    "chart": None,
    "files": (),
    "heads": (),
}


def _file(visit: Visitor, context: Context, report: Report, form: reports.Form) -> Response:
    name = reports.name_of(report, form)
    deeds.do(visit, context, "report_taken", report=name)
    office = reports.office_of(context, today(context.now()))
    return Response(
        reports.render(report, form, reports.Language(visit.language), office),
        media_type=reports.MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _shown(visit: Visitor, report: Report, asked: Mapping[str, str]) -> Mapping[str, Any]:
    language = reports.Language(visit.language)
    order = visit.query.get("sort", "")
    laid_out = sheet.lay_out(_sorted(report, order), language, not_reported=False)
    numeric = [cell.format is not sheet.Format.TEXT for cell in laid_out.total]
    return {
        "sheet": laid_out,
        "not_reported": report.not_reported,
        "heads": list(_heads(visit, report, laid_out, asked, order)),
        "rows": [
            [(sheet.shown(cell, language), number) for cell, number in zip(row, numeric, strict=True)]
            for row in laid_out.rows[:ROWS_SHOWN_MAX]
        ],
        "total": [
            (sheet.shown(cell, language), number)
            for cell, number in zip(laid_out.total, numeric, strict=True)
        ],
        "chart": chart_of(report, [sheet.shown(row[0], language) for row in laid_out.rows]),
        "files": [
            (form.value, f"{visit.path}?{urlencode({**asked, 'format': form.value})}")
            for form in reports.Form
        ],
    }


def _sorted(report: Report, order: str) -> Report:
    """By the column of that name, the other way round with "-" before it."""
    name = order.lstrip("-")
    if name not in report.columns:
        return report
    place, down = report.columns.index(name), order.startswith("-")
    known = [row for row in report.rows if row.values[place] is not None]
    unknown = [row for row in report.rows if row.values[place] is None]
    known.sort(key=lambda row: row.values[place] or 0, reverse=down)
    return replace(report, rows=(*known, *unknown))


def _heads(
    visit: Visitor, report: Report, laid_out: sheet.Sheet, asked: Mapping[str, str], order: str
) -> list[tuple[str, str, str]]:
    """Title, address that sorts by it, and how it is sorted."""
    keys = len(laid_out.heads) - len(report.columns)
    found = [(head, "", "") for head in laid_out.heads[:keys]]
    for name, head in zip(report.columns, laid_out.heads[keys:], strict=True):
        turned = f"-{name}" if order != f"-{name}" else name
        stands = {name: "ascending", f"-{name}": "descending"}.get(order, "")
        found.append((head, f"{visit.path}?{urlencode({**asked, 'sort': turned})}", stands))
    return found


def _choices(language: str, kind: str) -> Mapping[str, _Choices]:
    spoken = reports.Language(language)
    allowed = ALLOWED[Kind(kind)] if kind in list(Kind) else tuple(By)
    return {
        "kind": [(each.value, texts.KINDS[each].in_(spoken)) for each in Kind],
        "by": [(each.value, texts.BY[each].in_(spoken)) for each in allowed],
        "unit": [(each.value, texts.UNITS[each].in_(spoken)) for each in Unit],
        "structure": [(each.value, texts.STRUCTURES[each].in_(spoken)) for each in Structure],
    }
