"""A report as JSON: for machines, and for the auditor who counts again. Written and read in one form."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from exchange.core.edxml import VIETNAM
from exchange.core.forecast import Forecast
from exchange.core.period import Period, Step, label
from exchange.core.report import (
    BadQuestion,
    Basis,
    By,
    Kind,
    Place,
    Question,
    Remark,
    Report,
    Reporting,
    Row,
    Span,
    Value,
)
from exchange.core.share import Unit
from exchange.core.structure import Structure
from exchange.core.targets import Target, Targets
from exchange.core.working_days import Calendar

FORMAT = "exchange-report/1"


class NotAReport(ValueError):
    """Bytes that are no report; the message says what is wrong."""


def as_values(report: Report) -> dict[str, object]:
    """What the JSON says."""
    question = report.question
    return {
        "format": FORMAT,
        "question": {
            "report": question.kind.value,
            "from": label(question.period.first, Step.MONTH),
            "to": label(question.period.last, Step.MONTH),
            "by": question.by.value,
            "unit": question.unit.value,
            "structure": question.structure.value,
            "agency": question.agency,
            "signed_only": question.signed_only,
        },
        "made_at": report.made_at.astimezone(VIETNAM).isoformat(timespec="seconds"),
        "ledger": asdict(report.basis),
        "columns": list(report.columns),
        "rows": [{"key": list(row.key), "name": row.name, "values": list(row.values)} for row in report.rows],
        "total": list(report.total),
        "targets": [{"day": each.day.isoformat(), "ratio": each.ratio} for each in report.targets.each],
        "forecast": None if report.forecast is None else asdict(report.forecast),
        "reporting": [asdict(each) for each in report.reporting],
        "spans": [_span(each) for each in report.spans],
        "calendar": None if report.calendar is None else _calendar(report.calendar),
        "remarks": [asdict(each) for each in report.remarks],
    }


def write(report: Report) -> bytes:
    """UTF-8, one value a line."""
    return json.dumps(as_values(report), ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def read(content: bytes) -> Report:
    """Read what ``write`` gives; raises ``NotAReport``."""
    try:
        value = json.loads(content)
        if value["format"] != FORMAT:
            raise NotAReport(f"not of the format {FORMAT}")
        report = _report(value)
        same = json.loads(write(report)) == value
    except NotAReport:
        raise
    except KeyError as error:
        raise NotAReport(f"{error} is missing") from None
    except (ValueError, TypeError, AttributeError, BadQuestion, RecursionError, OverflowError) as error:
        raise NotAReport(str(error)[:200]) from None
    if not same:
        raise NotAReport("it says more, or otherwise, than a report does")
    return report


def _span(span: Span) -> dict[str, object]:
    return {
        "from": label(span.period.first, Step.MONTH),
        "to": label(span.period.last, Step.MONTH),
        "places": {
            key: [place.key, place.name, place.level, place.parent] for key, place in span.places.items()
        },
    }


def _calendar(calendar: Calendar) -> dict[str, list[str]]:
    return {
        "holidays": sorted(map(str, calendar.holidays)),
        "substitutes": sorted(map(str, calendar.substitutes)),
    }


# --- reading ---


def _report(value: Mapping[str, Any]) -> Report:
    columns = tuple(map(_text, value["columns"]))
    total = _values(value["total"], len(columns))
    forecast = value["forecast"]
    return Report(
        question=_question(value["question"]),
        made_at=datetime.fromisoformat(value["made_at"]),
        basis=_basis(value["ledger"]),
        columns=columns,
        rows=tuple(_row(each, len(columns)) for each in value["rows"]),
        total=total,
        targets=Targets(tuple(_target(each) for each in value["targets"])),
        forecast=None if forecast is None else Forecast(**forecast),
        reporting=tuple(Reporting(**each) for each in value["reporting"]),
        spans=tuple(_read_span(each) for each in value["spans"]),
        calendar=None if value["calendar"] is None else _read_calendar(value["calendar"]),
        remarks=tuple(Remark(**each) for each in value["remarks"]),
    )


def _question(value: Mapping[str, Any]) -> Question:
    return Question(
        kind=Kind(value["report"]),
        period=Period.between(value["from"], value["to"]),
        by=By(value["by"]),
        unit=Unit(value["unit"]),
        structure=Structure(value["structure"]),
        agency=_text(value["agency"]),
        signed_only=bool(value["signed_only"]),
    )


def _basis(value: Mapping[str, Any]) -> Basis:
    basis = Basis(**value)
    if not all(isinstance(number, int) and number >= 0 for number in (basis.leaves, basis.size)):
        raise NotAReport("a number of leaves is wrong")
    _text(basis.note)
    return basis


def _row(value: Mapping[str, Any], width: int) -> Row:
    return Row(
        key=tuple(map(_text, value["key"])),
        name=_text(value["name"]),
        values=_values(value["values"], width),
    )


def _values(values: Sequence[Any], width: int) -> tuple[Value, ...]:
    if len(values) != width:
        raise NotAReport(f"a line has {len(values)} values and not {width}")
    if not all(each is None or (isinstance(each, int | float | str) and each is not True) for each in values):
        raise NotAReport("a value is neither a number nor a text")
    return tuple(values)


def _target(value: Mapping[str, Any]) -> Target:
    return Target(day=date.fromisoformat(value["day"]), ratio=float(value["ratio"]))


def _read_span(value: Mapping[str, Any]) -> Span:
    places = {
        _text(key): Place(key=_text(key_of), name=_text(name), level=_text(level), parent=_text(parent))
        for key, (key_of, name, level, parent) in value["places"].items()
    }
    return Span(period=Period.between(value["from"], value["to"]), places=places)


def _read_calendar(value: Mapping[str, Any]) -> Calendar:
    return Calendar(
        holidays=frozenset(map(date.fromisoformat, value["holidays"])),
        substitutes=frozenset(map(date.fromisoformat, value["substitutes"])),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise NotAReport(f"{value!r:.40} is no text")
    return value
