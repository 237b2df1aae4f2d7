"""Dead letters by their cause. Bounded: the newest ``LOOKED_AT_MAX`` that ended each way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, exists, func, literal_column, select, union_all

from exchange.core.delivery import WITHDRAWN, State
from exchange.ledger.database import Database
from exchange.ledger.reading import DELIVERY, DOCUMENT, Record

LOOKED_AT_MAX = 20_000
_DEAD = (State.REFUSED.value, State.EXPIRED.value)
# Written out, as the condition of the index is.
_NOT_DELIVERED: ColumnElement[bool] = literal_column("delivery.kind = 'document'") & literal_column(
    "delivery.state <> 'delivered'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Dead letters that ended for one cause: how many, to how many receivers, from when to when."""

    cause: str
    state: State
    count: int
    receivers: int
    first: datetime
    last: datetime
    reason: str
    """The words of one of them."""


def groups(database: Database) -> list[Group]:
    """The largest first."""
    dead = _dead(None).subquery()
    statement = (
        select(
            dead.c.cause,
            dead.c.state,
            func.count().label("several"),
            func.count(dead.c.receiver.distinct()).label("receivers"),
            func.min(dead.c.final_at).label("first"),
            func.max(dead.c.final_at).label("last"),
            func.max(dead.c.reason).label("reason"),
        )
        .group_by(dead.c.cause, dead.c.state)
        .order_by(func.count().desc(), dead.c.cause)
    )
    with database.read() as connection:
        return [
            Group(
                cause=row.cause,
                state=State(row.state),
                count=row.several,
                receivers=row.receivers,
                first=row.first,
                last=row.last,
                reason=row.reason,
            )
            for row in connection.execute(statement)
        ]


def by_receiver(database: Database, cause: str) -> list[tuple[str, int]]:
    """How many of a group went to whom, the most first."""
    dead = _dead(cause).subquery()
    statement = (
        select(dead.c.receiver, func.count())
        .group_by(dead.c.receiver)
        .order_by(func.count().desc(), dead.c.receiver)
    )
    with database.read() as connection:
        return [(receiver, count) for receiver, count in connection.execute(statement)]


def of_cause(
    database: Database, cause: str, *, receiver: str = "", offset: int = 0, limit: int, down: bool = True
) -> list[Record]:
    """Those of a group, the last to end first, with their documents."""
    dead = _dead(cause).subquery()
    order = (dead.c.final_at, dead.c.id)
    statement = (
        _with_documents(dead, receiver)
        .order_by(*(each.desc() if down else each for each in order))
        .offset(offset)
        .limit(limit)
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def after(database: Database, cause: str, *, receiver: str, last: str, limit: int) -> Sequence[Record]:
    """The next of a group behind the delivery ``last``, by their ids: so all are gone through once."""
    dead = _dead(cause).subquery()
    statement = _with_documents(dead, receiver).where(dead.c.id > last).order_by(dead.c.id).limit(limit)
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _with_documents(dead: Subquery, receiver: str) -> Select[Any]:
    statement = select(
        dead, *(DOCUMENT.c[name] for name in ("number", "notation", "subject", "sender"))
    ).join(DOCUMENT, DOCUMENT.c.id == dead.c.document)
    return statement.where(dead.c.receiver == receiver) if receiver else statement


def _dead(cause: str | None) -> Any:
    """What can be sent again: neither withdrawn, nor sent again already, nor known to have arrived."""
    return union_all(*(_of_state(state, cause) for state in _DEAD))


def _of_state(state: str, cause: str | None) -> Select[Any]:
    later = DELIVERY.alias("later")
    columns = ("id", "document", "receiver", "round", "state", "cause", "reason", "attempts", "created_at")
    newest = (
        select(*(DELIVERY.c[name] for name in (*columns, "final_at")))
        .where(
            _NOT_DELIVERED,
            DELIVERY.c.state == state,
            DELIVERY.c.cause.not_in(tuple(WITHDRAWN)),
            DELIVERY.c.withdrawn == "",
            DELIVERY.c.proven == "",
            ~exists().where(
                later.c.document == DELIVERY.c.document,
                later.c.receiver == DELIVERY.c.receiver,
                later.c.round > DELIVERY.c.round,
            ),
        )
        .order_by(DELIVERY.c.created_at.desc())
        .limit(LOOKED_AT_MAX)
    )
    found = newest.subquery()
    statement = select(found)
    return statement if cause is None else statement.where(found.c.cause == cause)
