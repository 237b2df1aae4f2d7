"""``GET /v1/reports/{kind}``: reports for agencies' software.

An agency sees its own figures, line by line, and the province's without lines of single agencies. The whole
of it is for administrators and auditors, in the pages and by command.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Response

from exchange import reports
from exchange.api.dependencies import InContext, Reader
from exchange.context import Context, today
from exchange.core.period import NotAPeriod, Period
from exchange.core.refusal import Refused, refuse
from exchange.core.report import ALLOWED, BadQuestion, By, Kind, Question, Remark, Report
from exchange.core.share import Unit
from exchange.core.structure import Structure

router = APIRouter(prefix="/v1", tags=["reports"])

_OF_SINGLE = frozenset({By.AGENCY, By.RECEIVER, By.PARENT})


class Of(StrEnum):
    """Whose figures."""

    OWN = "own"
    PROVINCE = "province"


When = Annotated[str, Query(max_length=10)]


@router.get("/reports/{kind}", response_class=Response)
def report(
    context: InContext,
    token: Reader,
    kind: Kind,
    begin: Annotated[When, Query(alias="from")] = "",
    end: Annotated[When, Query(alias="to")] = "",
    by: By | None = None,
    of: Of = Of.OWN,
    unit: Unit = Unit.EXCHANGES,
    structure: Structure = Structure.THEN,
    signed_only: bool = False,
    format: reports.Form = reports.Form.JSON,
    lang: reports.Language = reports.Language.VIETNAMESE,
) -> Response:
    """The report, of this year if no period is given. CSV, XLSX and PDF where ``format`` asks for it."""
    lines = by or ALLOWED[kind][0]
    if of is Of.PROVINCE and lines in _OF_SINGLE:
        raise refuse("report_not_yours", where="by")
    year = f"{today(context.now()).year}"
    try:
        question = Question(
            kind=kind,
            period=Period.between(begin or year, end or begin or year),
            by=lines,
            unit=unit,
            structure=structure,
            agency=token.agency if of is Of.OWN else "",
            signed_only=signed_only,
        )
    except NotAPeriod as error:
        raise _invalid(error, "from") from None
    except BadQuestion as error:
        raise _invalid(error, "by") from None
    found = reports.ask(context, question)
    return _answer(context, found if of is Of.OWN else _without_single(found), format, lang)


def _invalid(error: NotAPeriod | BadQuestion, where: str) -> Refused:
    return refuse("report_invalid", f"{error.en}.", f"{error.vi}.", where=where)


def _without_single(found: Report) -> Report:
    """How many agencies did not report, without their names."""
    if not found.not_reported:
        return replace(found, reporting=())
    remark = Remark(code="not_reported", about=str(len(found.not_reported)))
    return replace(found, reporting=(), remarks=(*found.remarks, remark))


def _answer(context: Context, found: Report, form: reports.Form, lang: reports.Language) -> Response:
    content = reports.render(found, form, lang, reports.office_of(context, today(context.now())))
    headers = {"Cache-Control": "no-store"}
    if form is not reports.Form.JSON:
        headers["Content-Disposition"] = f'attachment; filename="{reports.name_of(found, form)}"'
    return Response(content, media_type=reports.MEDIA_TYPES[form], headers=headers)
