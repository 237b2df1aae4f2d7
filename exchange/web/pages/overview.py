"""The overview: where the share stands, what is late or stuck, and who holds the province back."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from fastapi import APIRouter, Response

from exchange import reports
from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.alarms import Severity
from exchange.core.delivery import State
from exchange.core.edxml import VIETNAM
from exchange.core.period import Period, Step, label, month_of
from exchange.core.report import By, Kind, Question, Report
from exchange.ledger import watching
from exchange.ledger.alarms import OpenAlarm, open_alarms
from exchange.ledger.searching import OPEN
from exchange.reports.sheet import in_vietnamese
from exchange.web.asking import chart_of, months_back, share_of, worst
from exchange.web.listing import Cell, Column
from exchange.web.naming import name_on
from exchange.web.rendering import number, page, percent
from exchange.web.searches import late_before
from exchange.web.texts import said
from exchange.web.visitor import Overseer, Visitor
from exchange.web.whole import whole

router = APIRouter(prefix="/web/overview")

SHOWN = 5  # of what is listed
MONTHS = 12
DEAD = (State.REFUSED, State.EXPIRED)
MONTH_COLUMNS = (
    Column("when", "overview.col.when"),
    Column("electronic", "chart.electronic", "number"),
    Column("with_paper", "chart.with_paper", "number"),
    Column("paper", "chart.paper", "number"),
    Column("share", "overview.worst.share", "percent"),
    Column("target", "chart.target", "percent"),
)
LATE_COLUMNS = (
    Column("receiver", "overview.late.receiver"),
    Column("count", "overview.late.count", "number"),
    Column("since", "overview.late.since", "moment"),
)
WORST_COLUMNS = (
    Column("agency", "overview.worst.agency"),
    Column("with", "overview.worst.paper", "number"),
    Column("all", "overview.worst.all", "number"),
    Column("share", "overview.worst.share"),
)


@router.get("")
def overview(visit: Overseer, context: InContext) -> Response:
    """One page."""
    day = today(context.now())
    year = Period.between(str(day.year), str(day.year))
    monthly = _ask(context, months_back(day, MONTHS), By.MONTH)
    quarterly, agencies = _ask(context, year, By.QUARTER), _ask(context, year, By.AGENCY)
    months = _months(visit, monthly)
    late, latest = watching.late(context.database, late_before(context), SHOWN)
    return page(
        visit,
        "overview.html",
        figures=_figures(visit, monthly, quarterly, month_of(day)),
        leaves=monthly.basis.leaves,
        chart=chart_of(monthly, [each["when"] for each in months]),
        months=whole(visit, MONTH_COLUMNS, months),
        not_reported=agencies.not_reported,
        worst=whole(visit, WORST_COLUMNS, _worst(visit, agencies)),
        today=_today(visit, context),
        late=late,
        latest=whole(visit, LATE_COLUMNS, [_late(context, each) for each in latest]),
        dead=watching.dead_since(context.database, context.now() - timedelta(days=7)),
        alarms=_alarms(visit, context),
    )


def _ask(context: Context, period: Period, by: By) -> Report:
    return reports.ask(context, Question(kind=Kind.SHARE, period=period, by=by))


def _figures(visit: Visitor, monthly: Report, quarterly: Report, month: int) -> list[Mapping[str, str]]:
    """The share of this month, quarter and year, each against its target."""
    quarter = next(
        number for number, row in enumerate(quarterly.rows) if row.key[0] == label(month, Step.QUARTER)
    )
    return [
        _figure(visit, "month", share_of(monthly, len(monthly.rows) - 1)),
        _figure(visit, "quarter", share_of(quarterly, quarter)),
        _figure(visit, "year", share_of(quarterly)),
    ]


def _figure(visit: Visitor, name: str, values: Mapping[str, object]) -> Mapping[str, str]:
    language = visit.language
    share, target, gap = (values[each] for each in ("share", "target", "gap"))
    note = said("overview.no_target", language, count=number(_count(values["classified"]), language))
    if isinstance(target, float) and isinstance(gap, float):
        note = said(
            "overview.above" if gap >= 0 else "overview.below",
            language,
            **{"target": percent(target, language, 0)}
            | ({"gap": percent(-gap, language)} if gap < 0 else {}),
        )
    return {
        "label": said(f"overview.{name}", language),
        "value": percent(share, language) if isinstance(share, float) else said("overview.unknown", language),
        "note": note,
        "tone": "" if not isinstance(gap, float) else "met" if gap >= 0 else "short",
    }


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _months(visit: Visitor, report: Report) -> list[Mapping[str, Any]]:
    return [
        {
            "when": in_vietnamese(row.key[0]) if visit.language == "vi" else row.key[0],
            **{column.key: share_of(report, place)[column.key] for column in MONTH_COLUMNS[1:]},
        }
        for place, row in enumerate(report.rows)
    ]


def _worst(visit: Visitor, report: Report) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for place in worst(report, SHOWN):
        values, row = share_of(report, place), report.rows[place]
        rows.append(
            {
                "agency": Cell(row.name or row.key[0], f"/web/agencies/{row.key[0]}"),
                "with": _count(values["with_paper"]) + _count(values["paper"]),
                "all": values["classified"],
                "share": percent(values["share"], visit.language)
                if isinstance(values["share"], float)
                else said("overview.worst.unknown", visit.language),
            }
        )
    return rows


def _today(visit: Visitor, context: Context) -> list[tuple[str, str, str, str]]:
    """Label, count, note and address of each figure of today's traffic."""
    day = today(context.now())
    found = watching.today(context.database, datetime.combine(day, time(), VIETNAM))
    of_today = said("overview.of_today", visit.language)
    link = f"/web/documents?since={day.isoformat()}"
    return [
        (said(f"overview.{name}", visit.language), number(count, visit.language), note, link + suffix)
        for name, count, note, suffix in (
            ("documents", found.documents, "", ""),
            ("delivered", found.of((State.DELIVERED,)), of_today, "&state=delivered"),
            ("open", found.of(OPEN), of_today, "&state=open"),
            ("dead", found.of(DEAD), of_today, "&state=dead"),
        )
    ]


def _late(context: Context, each: watching.Waiting) -> Mapping[str, Any]:
    name = name_on(context.registry.current.directory, each.receiver, today(context.now()))
    return {
        "receiver": Cell(name, f"/web/agencies/{each.receiver}"),
        "count": Cell(each.count, f"/web/documents?state=late&to={each.receiver}"),
        "since": each.since,
    }


def _alarms(visit: Visitor, context: Context) -> list[Mapping[str, Any]]:
    with context.database.read() as connection:
        return [_alarm(visit, each) for each in open_alarms(connection)]


def _alarm(visit: Visitor, each: OpenAlarm) -> Mapping[str, Any]:
    english = visit.language == "en"
    critical = each.severity is Severity.CRITICAL
    return {
        "tone": "failed" if critical else "late",
        "severity": said("overview.critical" if critical else "overview.warning", visit.language),
        "since": each.since,
        "title": each.title_en if english else each.title_vi,
        "detail": each.detail_en if english else each.detail_vi,
        "remedy": each.remedy_en if english else each.remedy_vi,
    }
