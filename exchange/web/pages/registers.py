"""The registers as they are kept on paper (NĐ 30/2020/NĐ-CP, App. IV): to be looked through and printed."""

from datetime import date, datetime, time, timedelta

from fastapi import APIRouter, Response

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.edxml import VIETNAM
from exchange.ledger import incoming_reading
from exchange.web.pages.desk import name_of
from exchange.web.pages.incoming import day_of
from exchange.web.rendering import page
from exchange.web.visitor import Clerk, Visitor

router = APIRouter(prefix="/web/register")

LINES_MAX = 2_000


@router.get("/incoming")
def incoming(visit: Clerk, context: InContext) -> Response:
    """The register of incoming documents; of this year, unless other days are asked for."""
    since, until = days(visit, context)
    lines = incoming_reading.book(
        context.database, visit.agency, start_of(since), start_of(until + timedelta(days=1)), LINES_MAX + 1
    )
    return page(
        visit,
        "book_incoming.html",
        agency=name_of(context, visit.agency),
        since=since,
        until=until,
        lines=lines[:LINES_MAX],
        cut=LINES_MAX if len(lines) > LINES_MAX else 0,
    )


def days(visit: Visitor, context: Context) -> tuple[date, date]:
    """The first and the last day that are asked for."""
    now = today(context.now())
    since = day_of(visit.query.get("from", "")) or date(now.year, 1, 1)
    until = day_of(visit.query.get("to", "")) or now
    return since, min(max(since, until), date(9000, 1, 1))


def start_of(on: date) -> datetime:
    """The beginning of the day in Vietnam."""
    return datetime.combine(on, time(), VIETNAM)
