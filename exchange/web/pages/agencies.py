"""The directory of agencies: found by name of now or of then, with how they are connected and doing."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.directory import Agency, Directory, Level
from exchange.core.expiry import end_of
from exchange.ledger import reading
from exchange.ledger.searching import folded
from exchange.web.listing import Asked, Cell, Column, Listing, csv_response
from exchange.web.naming import name_on
from exchange.web.rendering import page
from exchange.web.texts import TEXTS, said
from exchange.web.visitor import Overseer, Visitor

router = APIRouter(prefix="/web/agencies")

COLUMNS = (
    Column("name", "agencies.name", sortable=True),
    Column("code", "agencies.code", sortable=True),
    Column("level", "agencies.level", sortable=True),
    Column("parent", "agencies.parent", sortable=True),
    Column("connection", "agencies.connection", sortable=True),
    Column("certificate", "agencies.certificate", "moment", sortable=True),
    Column("standing", "agencies.standing"),
)
FIELDS = ("q", "level", "connection", "standing")


@router.get("")
def agencies(visit: Overseer, context: InContext) -> Response:
    """Those that are open, unless others are asked for."""
    asked = Asked.of(visit, COLUMNS, FIELDS, sort="code")
    directory = context.registry.current.directory
    rows = [_row(visit, context, each) for each in directory if _matches(context, asked.filters, each)]
    rows.sort(key=lambda row: _order(row[asked.sort]), reverse=asked.down)
    some = rows[asked.offset : asked.offset + asked.limit]
    listing = Listing(asked, COLUMNS, _standing(visit, context, some), total=len(rows))
    if asked.csv:
        return csv_response(visit, listing, "agencies")
    return page(visit, "agencies.html", listing=listing, levels=[each.value for each in Level])


def _matches(context: Context, filters: Mapping[str, str], agency: Agency) -> bool:
    day = today(context.now())
    closed = not Directory.is_open(agency, day)
    if closed != (filters.get("standing") == "closed") and filters.get("standing") != "any":
        return False
    if filters.get("level", agency.as_of(day).level) != agency.as_of(day).level:
        return False
    if "connection" in filters and bool(agency.adapter) != (filters["connection"] == "connected"):
        return False
    codes = (agency.code, *(each.code for each in agency.aliases))
    names = (agency.name, *(each.name for each in agency.former))
    text = folded(" ".join((*codes, *names)))
    return all(word in text for word in folded(filters.get("q", "")).split())


def _row(visit: Visitor, context: Context, agency: Agency) -> dict[str, Any]:
    day = today(context.now())
    standing = agency.as_of(day)
    now = context.now()
    ends = [end_of(each) for each in agency.certificates if each.valid_from <= now < end_of(each)]
    return {
        "name": Cell(standing.name, f"/web/agencies/{agency.code}"),
        "code": agency.code,
        "level": said(f"level.{standing.level.value}", visit.language),
        "parent": name_on(context.registry.current.directory, standing.parent, day),
        "connection": connection(agency, visit.language),
        "certificate": max(ends, default=None),
        "standing": Directory.is_open(agency, day),
    }


def connection(agency: Agency, language: str) -> str:
    """How the agency is connected, in words."""
    if not agency.adapter:
        return said("agencies.connection.none", language)
    key = f"agency.adapter.{agency.adapter}"
    return said(key, language) if key in TEXTS else agency.adapter


def _order(value: object) -> tuple[bool, Any]:
    if isinstance(value, Cell):
        value = value.value
    return value is None, 0 if value is None else folded(value) if isinstance(value, str) else value


def _standing(visit: Visitor, context: Context, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With how they are doing; asked for these rows alone."""
    together = 500  # in one question
    for begin in range(0, len(rows), together):
        some = rows[begin : begin + together]
        failing = reading.waiting_since(context.database, [row["code"] for row in some])
        for row in some:
            key, tone = ("open", "delivered") if row["standing"] else ("closed", "quiet")
            if row["code"] in failing:
                key, tone = "failing", "failed"
            row["standing"] = Cell(said(f"agencies.{key}", visit.language), tone=tone)
    return rows
