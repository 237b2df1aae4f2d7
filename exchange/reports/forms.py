"""The forms of a report, each as the bytes of a file."""

from enum import StrEnum
from typing import NamedTuple

from exchange.core import report_json
from exchange.core.report import Report
from exchange.reports import comma_separated, official, workbook
from exchange.reports.sheet import lay_out
from exchange.reports.texts import Language


class Form(StrEnum):
    """What a report can be written as."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class Office(NamedTuple):
    """Who reports, and where: what stands on top of an official report."""

    name: str
    place: str


MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.PDF: "application/pdf",
}


def render(report: Report, form: Form, language: Language, office: Office) -> bytes:
    """The file. A PDF is in Vietnamese whatever ``language`` says: it is an official report."""
    if form is Form.JSON:
        return report_json.write(report)
    if form is Form.PDF:
        return official.write(report, office.name, office.place)
    sheet = lay_out(report, language)
    return comma_separated.write(sheet) if form is Form.CSV else workbook.write(sheet, report.made_at)


def name_of(report: Report, form: Form) -> str:
    """A name for the file: share-month-201301-201312.csv."""
    question = report.question
    return f"{question.kind}-{question.by}-{question.period.first}-{question.period.last}.{form}"
