"""Failures: dead letters by cause, what to do, what would happen, and the group sent again.

A group is sent again step by step; where it stands lies in the page itself, and what was sent in the
ledger. So it may be left at any moment, and begun anew by anybody.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Response

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.codes import number_and_symbol
from exchange.core.delivery import State
from exchange.core.directory import Directory
from exchange.ledger import failures, reading
from exchange.retry import retry
from exchange.web import causes, deeds
from exchange.web.listing import Asked, Cell, Column, Listing, csv_response
from exchange.web.naming import name_on
from exchange.web.rendering import moment, page
from exchange.web.states import state_cell
from exchange.web.texts import said
from exchange.web.visitor import Administrator, Overseer, Visitor
from exchange.web.whole import whole

router = APIRouter(prefix="/web/failures")

TOGETHER = 50  # sent again before the page tells how far it is
GROUPS = (
    Column("cause", "failures.cause"),
    Column("count", "failures.count", "number"),
    Column("receivers", "failures.receivers", "number"),
    Column("last", "failures.last", "moment"),
    Column("remedy", "failures.remedy"),
)
ROWS = (
    Column("document", "agency.document"),
    Column("subject", "documents.words", "name"),
    Column("sender", "documents.from"),
    Column("receiver", "failures.receiver"),
    Column("state", "documents.state"),
    Column("final_at", "failures.ended", "moment", sortable=True),
    Column("attempts", "failures.attempts", "number"),
    Column("reason", "failures.said", "wrapping"),
)
WOULD = (
    Column("receiver", "failures.receiver"),
    Column("count", "failures.count", "number"),
    Column("would", "failures.would"),
)
Code = Annotated[str, Form(max_length=60)]
Count = Annotated[int, Form(ge=0, le=1_000_000)]


@router.get("")
def groups(visit: Overseer, context: InContext) -> Response:
    """All causes."""
    rows = [
        {
            "cause": Cell(causes.title(each.cause, visit.language, each.reason), _address(each.cause)),
            "count": each.count,
            "receivers": each.receivers,
            "last": each.last,
            "remedy": causes.remedy(each.cause, visit.language),
        }
        for each in failures.groups(context.database)
    ]
    return page(visit, "failures.html", groups=whole(visit, GROUPS, rows))


@router.get("/group")
def group(visit: Overseer, context: InContext) -> Response:
    """One cause: what to do, what would happen, and each of them."""
    cause = visit.query.get("cause", "")[:60].replace("\0", "")
    asked = Asked.of(visit, ROWS, ("cause", "receiver"), sort="-final_at")
    receiver = asked.filters.get("receiver", "")
    rows = failures.of_cause(
        context.database,
        cause,
        receiver=receiver,
        offset=asked.offset,
        limit=asked.limit,
        down=asked.down,
    )
    listing = Listing(asked, ROWS, [_row(visit, context, row) for row in rows])
    if asked.csv:
        return csv_response(visit, listing, "failures")
    receivers = failures.by_receiver(context.database, cause)
    chosen = [each for each in receivers if receiver in ("", each[0])]
    return page(
        visit,
        "failure.html",
        cause=cause,
        receiver=receiver,
        title=causes.title(cause, visit.language),
        remedy=causes.remedy(cause, visit.language),
        listing=listing,
        receivers=[(key, _name(context, key)) for key, _ in receivers],
        would=whole(visit, WOULD, [_would(visit, context, key, count) for key, count in chosen]),
        count=sum(count for _, count in chosen),
    )


@router.post("/retry")
def send_again(
    visit: Administrator,
    context: InContext,
    cause: Code = "",
    receiver: Code = "",
    last: Code = "",
    sent: Count = 0,
    skipped: Count = 0,
    count: Count = 0,
) -> Response:
    """The next of the group, and how far it is; ``last`` is the delivery with which the step before ended."""
    some = failures.after(context.database, cause, receiver=receiver, last=last, limit=TOGETHER + 1)
    for row in some[:TOGETHER]:
        again = _retry(visit, context, row)
        sent, skipped, last = sent + again, skipped + (not again), row["id"]
    return page(
        visit,
        "retry.html",
        title=causes.title(cause, visit.language),
        back=_address(cause),
        more=len(some) > TOGETHER,
        fields={
            "cause": cause,
            "receiver": receiver,
            "last": last,
            "sent": sent,
            "skipped": skipped,
            "count": count,
        },
        sent=sent,
        skipped=skipped,
        done=sent + skipped,
        count=max(count, sent + skipped),
    )


def _retry(visit: Visitor, context: Context, row: reading.Record) -> bool:
    """Whether it goes again. Who had it sent is written first: a crash between leaves an act too many."""
    deeds.do(visit, context, "retried", row["document"], delivery=row["id"])
    return retry(context, row["id"]) is not None


def _address(cause: str) -> str:
    return f"/web/failures/group?{urlencode({'cause': cause})}"


def _name(context: Context, key: str) -> str:
    return name_on(context.registry.current.directory, key, today(context.now()))


def _row(visit: Visitor, context: Context, row: reading.Record) -> Mapping[str, Any]:
    name = number_and_symbol(row["number"], row["notation"]) or row["document"]
    return {
        **{key: row[key] for key in ("subject", "final_at", "attempts")},
        "reason": causes.words(row["cause"], row["reason"], visit.language),
        "document": Cell(name, f"/web/documents/{row['document']}"),
        "sender": _name(context, row["sender"]),
        "receiver": Cell(_name(context, row["receiver"]), f"/web/agencies/{row['receiver']}"),
        "state": state_cell(State(row["state"]), visit.language),
    }


def _would(visit: Visitor, context: Context, receiver: str, count: int) -> Mapping[str, Any]:
    agency, now = context.registry.current.directory.get(receiver), context.now()
    values: dict[str, object] = {}
    if agency is None or not Directory.is_open(agency, today(now)):
        key, tone = "closed", "failed"
    elif not agency.adapter:
        key, tone = "unconnected", "late"
    elif context.issuer.first_state(receiver, now) is not State.READY:
        key, tone = "fetch", "waiting"
    elif since := reading.waiting_since(context.database, [receiver]).get(receiver):
        key, tone, values = "failing", "late", {"at": moment(since)}
    else:
        key, tone = "send", "waiting"
    return {
        "receiver": Cell(_name(context, receiver), f"/web/agencies/{receiver}"),
        "count": count,
        "would": Cell(said(f"would.{key}", visit.language, **values), tone=tone),
    }
