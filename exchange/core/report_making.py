"""Reports out of what was gathered: one code for the broker and for an auditor who counts again."""

from collections.abc import Callable, Mapping

from exchange.core.report import ROWS_MAX, By, Kind, Question, Remark, Report, Row, Value
from exchange.core.report_deliveries import (
    DURATION_COLUMNS,
    REFUSAL_COLUMNS,
    duration_table,
    refusal_table,
    time_table,
    waiting_table,
)
from exchange.core.report_lines import Key, Material, Table, names_agencies
from exchange.core.report_share import reporting, share_table, trend
from exchange.core.targets import NO_TARGETS


def make(material: Material) -> Report:
    """The report."""
    question = material.question
    columns, lines, total = _TABLES[question.kind](material)
    ordered = sorted(lines.items(), key=_order(question))
    remarks = list(material.remarks)
    if len(ordered) > ROWS_MAX:
        remarks.append(Remark(code="rows_cut", about=str(len(ordered))))
    return Report(
        question=question,
        made_at=material.made_at,
        basis=material.basis,
        columns=columns,
        rows=tuple(
            Row(key=key, name=_name(material, key), values=values) for key, values in ordered[:ROWS_MAX]
        ),
        total=total,
        targets=material.targets if question.kind is Kind.SHARE and question.of_time else NO_TARGETS,
        forecast=trend(material),
        reporting=reporting(material),
        spans=material.spans if names_agencies(question) else (),
        calendar=material.calendar,
        remarks=tuple(remarks),
    )


def _name(material: Material, key: Key) -> str:
    """Of a line about an agency: what it is called in the newest of the months."""
    if material.question.by not in (By.AGENCY, By.RECEIVER, By.PARENT):
        return ""
    for span in reversed(material.spans):
        for place in span.places.values():
            if place.key == key[0] and place.name:
                return place.name
    return ""


def _order(question: Question) -> Callable[[tuple[Key, tuple[Value, ...]]], tuple[object, ...]]:
    """Times and names in their order; what is asked for to find the worst, the worst first."""
    if question.kind is Kind.DURATION and question.by is By.RECEIVER:
        slow = DURATION_COLUMNS.index("accepted_delivered_p95_seconds")
        return lambda line: (-(_number(line[1][slow])), line[0])
    if question.kind is Kind.REFUSALS and not question.of_time:
        most = REFUSAL_COLUMNS.index("together")
        return lambda line: (-_number(line[1][most]), line[0])
    if question.kind is Kind.WAITING:
        return lambda line: (-_number(line[1][0]), line[0])
    return lambda line: (line[0],)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


_TABLES: Mapping[Kind, Callable[[Material], Table]] = {
    Kind.SHARE: share_table,
    Kind.TIME: time_table,
    Kind.DURATION: duration_table,
    Kind.REFUSALS: refusal_table,
    Kind.WAITING: waiting_table,
}
