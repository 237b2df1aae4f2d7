"""How traffic stands just now, for those who watch it. Bounded: counts stop at ``COUNTED_MAX``."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select

from exchange.core.delivery import FINAL, State
from exchange.ledger.database import Database
from exchange.ledger.reading import ATTEMPT, DELIVERY, DOCUMENT, Record

COUNTED_MAX = 100_000
LATELY = 100  # deliveries of one agency that are looked at for when it was last heard of
_OPEN = tuple(state.value for state in State if state not in FINAL)
# Written out, as the conditions of the indexes are.
_DOCUMENTS: ColumnElement[bool] = literal_column("delivery.kind = 'document'")
_NOT_DELIVERED: ColumnElement[bool] = literal_column("delivery.state <> 'delivered'")
_SEARCHED: ColumnElement[bool] = literal_column("document.kind IN ('document', 'paper')")


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What was accepted since a moment, and how its deliveries stand."""

    documents: int
    states: dict[State, int]

    def of(self, states: Collection[State]) -> int:
        """How many deliveries stand in one of these."""
        return sum(count for state, count in self.states.items() if state in states)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What lies too long for one receiver."""

    receiver: str
    count: int
    since: datetime


def today(database: Database, since: datetime) -> Today:
    """What came since ``since``."""
    accepted = (
        select(DOCUMENT.c.id)
        .where(_SEARCHED, DOCUMENT.c.kind == "document", DOCUMENT.c.accepted_at >= since)
        .limit(COUNTED_MAX)
    ).subquery()
    states = (
        select(DELIVERY.c.state, func.count())
        .where(DELIVERY.c.document.in_(select(accepted.c.id)))
        .group_by(DELIVERY.c.state)
    )
    with database.read() as connection:
        documents = connection.execute(select(func.count()).select_from(accepted)).scalar_one()
        return Today(
            documents=documents, states={State(state): count for state, count in connection.execute(states)}
        )


def late(database: Database, before: datetime, most: int) -> tuple[int, list[Waiting]]:
    """How many deliveries have been under way since before then, and the receivers of the most of them."""
    lying = _lying(DELIVERY.c.state.in_(_OPEN), DELIVERY.c.created_at < before).subquery()
    statement = (
        select(lying.c.receiver, func.count().label("lying"), func.min(lying.c.created_at).label("since"))
        .group_by(lying.c.receiver)
        .order_by(func.count().desc(), lying.c.receiver)
    )
    with database.read() as connection:
        found = [
            Waiting(receiver=row.receiver, count=row.lying, since=row.since)
            for row in connection.execute(statement)
        ]
    return sum(each.count for each in found), found[:most]


def dead_since(database: Database, since: datetime) -> int:
    """How many deliveries that began since then ended refused or expired."""
    dead = (State.REFUSED.value, State.EXPIRED.value)
    lying = _lying(DELIVERY.c.state.in_(dead), DELIVERY.c.created_at >= since).subquery()
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(lying)).scalar_one()


def _lying(*conditions: Any) -> Select[Any]:
    return (
        select(DELIVERY.c.receiver, DELIVERY.c.created_at)
        .where(_DOCUMENTS, _NOT_DELIVERED, *conditions)
        .limit(COUNTED_MAX)
    )


# --- one agency ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What is known of an agency's software: what it took over last, and the newest attempts."""

    last: datetime | None
    attempts: Sequence[Record]


def contact(database: Database, agency: str, attempts: int) -> Contact:
    """Of the newest deliveries to it, of whatever kind."""
    with database.read() as connection:
        newest = connection.execute(_newest(agency, State.DELIVERED))
        last = max((row.final_at for row in newest if row.final_at is not None), default=None)
        return Contact(last=last, attempts=_attempts(connection, agency, attempts))


def _newest(agency: str, state: State) -> Select[Any]:
    return (
        select(DELIVERY.c.id, DELIVERY.c.final_at)
        .where(DELIVERY.c.receiver == agency, DELIVERY.c.state == state.value)
        .order_by(DELIVERY.c.rank_at.desc())
        .limit(LATELY)
    )


def _attempts(connection: Connection, agency: str, most: int) -> list[Record]:
    ids = [row.id for state in State for row in connection.execute(_newest(agency, state))]
    statement = (
        select(
            ATTEMPT, DELIVERY.c.document, DOCUMENT.c.kind, DOCUMENT.c.number.label("of"), DOCUMENT.c.notation
        )
        .join(DELIVERY, DELIVERY.c.id == ATTEMPT.c.delivery)
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(ATTEMPT.c.delivery.in_(ids))
        .order_by(ATTEMPT.c.started_at.desc())
        .limit(most)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def queue_of(database: Database, agency: str, most: int) -> tuple[int, list[Record]]:
    """How many documents wait for the agency, and the first of them."""
    mine = (DELIVERY.c.receiver == agency, DELIVERY.c.state.in_(_OPEN), DELIVERY.c.kind == "document")
    counted = select(DELIVERY.c.id).where(*mine).limit(COUNTED_MAX).subquery()
    first = (
        select(
            *(DELIVERY.c[name] for name in ("document", "state", "attempts", "created_at", "expires_at")),
            *(DELIVERY.c[name] for name in ("next_attempt_at", "reason")),
            *(DOCUMENT.c[name] for name in ("number", "notation", "subject", "sender")),
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(*mine)
        .order_by(DELIVERY.c.rank_at)
        .limit(most)
    )
    with database.read() as connection:
        count = connection.execute(select(func.count()).select_from(counted)).scalar_one()
        return count, [dict(row) for row in connection.execute(first).mappings()]
