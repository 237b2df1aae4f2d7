"""The register of incoming documents of an agency that works in pages: each line with what it says to others.

Numbers are given in the transaction that takes the document over and tells its sender: no crash leaves a
number without its document, and a transaction that is rolled back leaves no gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from exchange.core.delivery import State, Step
from exchange.desk_tables import ArrivalNumberRow, IncomingRow
from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.ledger.record import Accept, Examined, record_within
from exchange.ledger.settle import Issue, Settlement, settle_within
from exchange.tables import DeliveryRow

INCOMING = IncomingRow.__table__  # type: ignore[attr-defined]
NUMBER = ArrivalNumberRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]

REJECTED = "02"


class Lost(Exception):
    """The delivery is not the desk's any more: its lease ran out, or it ended otherwise."""


class Stale(Exception):
    """The line is not in the state any more in which it was seen. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something on a page, and when."""

    person: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A document to be entered in the register, or returned: ``line`` holds the row without its number."""

    delivery: str
    lease: str
    line: Mapping[str, Any]
    status: Examined
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The line as it is now, and the deliveries that became ready. Not ``fresh``: somebody was faster."""

    line: Mapping[str, Any]
    fresh: bool
    ready: tuple[str, ...] = ()


def enter(database: Database, taking: Taking, accept: Accept, issue: Issue) -> Entered:
    """Take a document over, give it its number and tell its sender; once, whoever asks and how often.

    Raises ``Lost``. Crash before the commit: nothing; the lease runs out and the document lies ready
    again. Crash after it: it is delivered, has its number, and the status is on its way; asking again
    gives this line.
    """
    with database.write() as connection:
        row = connection.execute(
            select(DELIVERY).where(DELIVERY.c.id == taking.delivery).with_for_update()
        ).one()
        known = connection.execute(select(INCOMING).where(INCOMING.c.delivery == row.id)).mappings().first()
        if known is not None:
            return Entered(line=dict(known), fresh=False)
        ready = _hand_over(connection, row, taking, issue)
        line = dict(taking.line)
        if line["state"] != REJECTED:
            line["number"] = _next_number(database, connection, line["agency"], line["year"])
        connection.execute(INCOMING.insert(), line)
        [told] = record_within(database, connection, [taking.status], accept, issue)
        event = "turned_down" if line["state"] == REJECTED else "taken"
        acts.write(connection, _act(event, line, taking.actor))
    return Entered(line=line, fresh=True, ready=ready + told.ready)


def _hand_over(connection: Connection, row: Any, taking: Taking, issue: Issue) -> tuple[str, ...]:
    if State(row.state) is State.DELIVERED:  # by other software of the agency
        return ()
    settlement = Settlement(
        delivery=row.id,
        step=Step.HANDED,
        at=taking.actor.at,
        lease=taking.lease,
        attempt=row.attempts,
        verdict="delivered",
    )
    [settled] = settle_within(connection, [settlement], issue)
    if not settled.applied:
        raise Lost(row.id)
    return settled.ready


def _next_number(database: Database, connection: Connection, agency: str, year: int) -> int:
    """One more than the last; whoever comes at the same moment waits for this transaction."""
    given: int = connection.execute(
        database.insert(NUMBER)
        .values(agency=agency, year=year, last=1)
        .on_conflict_do_update(index_elements=["agency", "year"], set_={"last": NUMBER.c.last + 1})
        .returning(NUMBER.c.last)
    ).scalar_one()
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a line that was seen in state ``seen``: the columns that change, and what is told."""

    delivery: str
    seen: str
    event: str
    values: Mapping[str, Any]
    status: Examined
    actor: Actor


def change(database: Database, wanted: Change, accept: Accept, issue: Issue) -> None:
    """Change a line and tell the sender. Raises ``Stale`` where somebody else changed its state before.

    Crash before the commit: nothing was changed or told. Crash after it: both.
    """
    with database.write() as connection:
        connection.execute(
            select(DELIVERY.c.id).where(DELIVERY.c.id == wanted.delivery).with_for_update()
        ).one()
        changed = connection.execute(
            INCOMING.update()
            .where(INCOMING.c.delivery == wanted.delivery, INCOMING.c.state == wanted.seen)
            .values(**wanted.values)
            .returning(INCOMING)
        ).mappings()
        line = changed.first()
        if line is None:
            raise Stale(wanted.delivery)
        record_within(database, connection, [wanted.status], accept, issue)
        acts.write(connection, _act(wanted.event, dict(line), wanted.actor))


def _act(event: str, line: Mapping[str, Any], actor: Actor) -> Act:
    number = "" if line["number"] is None else f"{line['number']}/{line['year']}"
    return Act(
        event=event,
        at=actor.at,
        person=actor.person,
        role=actor.role,
        document=line["document"],
        delivery=line["delivery"],
        agency=line["agency"],
        what={"assigned_to": line["assigned_to"], "note": line["note"], "number": number},
    )
