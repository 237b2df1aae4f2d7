"""From the fields of the form of reports to a question, and from a report to what pages show of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import TypeVar

from exchange.context import Context, today
from exchange.core.period import NotAPeriod, Period, month_of
from exchange.core.report import ALLOWED, BadQuestion, By, Kind, Question, Report
from exchange.core.share import Unit
from exchange.core.structure import Structure
from exchange.web.charts import Bar, Chart, share_chart
from exchange.web.naming import named
from exchange.web.texts import said

FIELDS = ("kind", "from", "to", "by", "unit", "structure", "agency", "signed_only")
_PARTS = ("electronic", "with_paper", "paper")
_FEW = (By.LEVEL, By.URGENCY)  # lines, with short names
_Choice = TypeVar("_Choice", bound=StrEnum)


class NotPossible(Exception):
    """What was asked makes no report; ``args[0]`` says why in the visitor's language."""


def question_of(context: Context, asked: Mapping[str, str], language: str) -> Question:
    """What is asked; of this year and by month if nothing is said. Raises ``NotPossible``."""
    kind = _chosen(Kind, asked.get("kind", ""), Kind.SHARE)
    year = str(today(context.now()).year)
    begin = asked.get("from", "") or year
    try:
        return Question(
            kind=kind,
            period=Period.between(begin, asked.get("to", "") or begin),
            by=_chosen(By, asked.get("by", ""), ALLOWED[kind][0]),
            unit=_chosen(Unit, asked.get("unit", ""), Unit.EXCHANGES),
            structure=_chosen(Structure, asked.get("structure", ""), Structure.THEN),
            agency=_agency(context, asked.get("agency", ""), language),
            signed_only=bool(asked.get("signed_only")),
        )
    except (NotAPeriod, BadQuestion) as error:
        raise NotPossible(error.vi if language == "vi" else error.en) from None


def _chosen(kind: type[_Choice], text: str, otherwise: _Choice) -> _Choice:
    return kind(text) if text in list(kind) else otherwise


def _agency(context: Context, text: str, language: str) -> str:
    if not text:
        return ""
    found = named(context.registry.current.directory, text, today(context.now())) or ()
    exact = [each for each in found if each.name == text] or list(found)
    if len(exact) == 1:
        return exact[0].code
    key = "documents.many_agencies" if exact else "documents.no_agency"
    raise NotPossible(said(key, language, text=text).rstrip("."))


def months_back(day: date, months: int) -> Period:
    """So many months, the last of which is that of ``day``."""
    month = month_of(day)
    return Period(month, month).back(months - 1)


def share_of(report: Report, row: int | None = None) -> dict[str, object]:
    """The columns of one row by their names; of all together without one."""
    values = report.total if row is None else report.rows[row].values
    return dict(zip(report.columns, values, strict=True))


def chart_of(report: Report, labels: Sequence[str]) -> Chart | None:
    """The chart of a report on the share by time or by what has few lines; None for others."""
    question = report.question
    if question.kind is not Kind.SHARE or not (question.of_time or question.by in _FEW):
        return None
    return share_chart([_bar(report, number, label) for number, label in enumerate(labels)])


def _bar(report: Report, number: int, label: str) -> Bar:
    values = share_of(report, number)
    electronic, with_paper, paper = (int(str(values[part] or 0)) for part in _PARTS)
    target = values.get("target")
    share = values.get("share")
    return Bar(
        label=label,
        counts=(electronic, with_paper, paper),
        share=share if isinstance(share, float) else None,
        target=target if isinstance(target, float) else None,
    )


def worst(report: Report, most: int) -> Sequence[int]:
    """The rows with the most paper, those of most first."""
    amounts = [
        (
            int(str(share_of(report, number)["with_paper"] or 0))
            + int(str(share_of(report, number)["paper"] or 0)),
            number,
        )
        for number in range(len(report.rows))
    ]
    return [number for amount, number in sorted(amounts, key=lambda each: -each[0])[:most] if amount]
