"""Questions about the incoming documents of one agency; nothing changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from exchange.core.delivery import State, TakeBack
from exchange.desk_tables import IncomingRow
from exchange.ledger.database import Database
from exchange.ledger.reading import Record
from exchange.tables import DeliveryRow, DocumentRow, EntryRow

INCOMING = IncomingRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]

WAITING = (State.AVAILABLE.value, State.LEASED.value)
SORTED = ("number", "arrived_at", "sender_name", "promulgated_on", "subject", "state", "assigned_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which lines of the register are wanted, in which order, from where on, and how many."""

    year: int | None = None
    text: str = ""
    state: str = ""
    sort: str = "arrived_at"
    down: bool = True
    offset: int = 0
    limit: int = 51
    numbered: bool = False
    """Only documents that were taken in: those that were returned have no number."""


_COLUMNS = (
    DELIVERY.c.id.label("delivery"), DELIVERY.c.document, DELIVERY.c.state, DELIVERY.c.lease,
    DELIVERY.c.attempts, DELIVERY.c.addressed_as, DELIVERY.c.created_at, DELIVERY.c.expires_at,
    DELIVERY.c.next_attempt_at, DELIVERY.c.business, DELIVERY.c.take_back, DELIVERY.c.withdrawn,
    DELIVERY.c.reason, DELIVERY.c.final_at,
    DOCUMENT.c.sender, DOCUMENT.c.document_id, DOCUMENT.c.subject, DOCUMENT.c.priority, DOCUMENT.c.number,
    DOCUMENT.c.notation, DOCUMENT.c.promulgated_on, DOCUMENT.c.type_name, DOCUMENT.c.size,
    DOCUMENT.c.digest, DOCUMENT.c.accepted_at, DOCUMENT.c.signed, DOCUMENT.c.certificate,
    DOCUMENT.c.business_type, DOCUMENT.c.earlier,
)  # fmt: skip


def _deliveries(agency: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(DELIVERY.c.receiver == agency, DELIVERY.c.kind == "document", *conditions)
    )


def waiting(database: Database, agency: str, offset: int, most: int) -> list[Record]:
    """Documents that lie ready for the agency, the most urgent first, those being fetched too."""
    ready = _deliveries(agency, DELIVERY.c.state.in_(WAITING)).order_by(DELIVERY.c.rank_at)
    statement = ready.offset(offset).limit(most)
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def incoming(database: Database, agency: str, delivery: str) -> tuple[Record, Record | None] | None:
    """A delivery of a document to the agency, and its line in the register; None if there is none such."""
    with database.read() as connection:
        row = connection.execute(_deliveries(agency, DELIVERY.c.id == delivery)).mappings().first()
        if row is None:
            return None
        line = connection.execute(select(INCOMING).where(INCOMING.c.delivery == delivery)).mappings().first()
        return dict(row), None if line is None else dict(line)


def delivery_of(database: Database, agency: str, document: str) -> str | None:
    """The newest delivery of this document to the agency."""
    statement = (
        select(DELIVERY.c.id)
        .where(DELIVERY.c.document == document, DELIVERY.c.receiver == agency)
        .order_by(DELIVERY.c.round.desc())
    )
    with database.read() as connection:
        return connection.execute(statement).scalar()


def answered(database: Database, document: str, delivery: str) -> bool:
    """Whether a person of the receiver has answered to what the document changes, or to be given it back."""
    statement = select(ENTRY.c.id).where(
        ENTRY.c.document == document, ENTRY.c.delivery == delivery, ENTRY.c.event == "answered"
    )
    with database.read() as connection:
        return connection.execute(statement).first() is not None


def asked_back(database: Database, agency: str, most: int) -> list[Record]:
    """Documents in the register that their senders ask to have back, and wait for the agency's answer."""
    statement = (
        select(INCOMING)
        .join(DELIVERY, DELIVERY.c.id == INCOMING.c.delivery)
        .where(INCOMING.c.agency == agency, DELIVERY.c.take_back == TakeBack.REQUESTED.value)
        .order_by(INCOMING.c.arrived_at)
        .limit(most)
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def register(database: Database, agency: str, search: Search) -> list[Record]:
    """Lines of the register."""
    column = INCOMING.c[search.sort if search.sort in SORTED else "arrived_at"]
    order = column.desc() if search.down else column.asc()
    statement = (
        select(INCOMING)
        .where(*_conditions(agency, search))
        .order_by(order, INCOMING.c.arrived_at.desc())
        .offset(search.offset)
        .limit(search.limit)
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _conditions(agency: str, search: Search) -> list[ColumnElement[bool]]:
    found = [INCOMING.c.agency == agency]
    if search.year is not None:
        found.append(INCOMING.c.year == search.year)
    if search.state:
        found.append(INCOMING.c.state == search.state)
    if search.numbered:
        found.append(INCOMING.c.number.is_not(None))
    if search.text:
        named = (INCOMING.c.subject, INCOMING.c.code, INCOMING.c.sender_name, INCOMING.c.assigned_to)
        found.append(or_(*(_contains(column, search.text) for column in named)))
    return found


def _contains(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    # SQLite knows capitals of ASCII alone: what was typed as it stands is found all the same.
    return or_(
        column.contains(text, autoescape=True), func.lower(column).contains(text.lower(), autoescape=True)
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is to do."""

    waiting: int
    oldest: datetime | None
    by_state: Mapping[str, int] = field(default_factory=dict)


def counts(database: Database, agency: str, year: int) -> Counts:
    """What waits, and this year's lines of the register by state."""
    lies = (DELIVERY.c.receiver == agency, DELIVERY.c.state.in_(WAITING), DELIVERY.c.kind == "document")
    with database.read() as connection:
        waits = connection.execute(select(func.count(), func.min(DELIVERY.c.created_at)).where(*lies)).one()
        states = connection.execute(
            select(INCOMING.c.state, func.count())
            .where(INCOMING.c.agency == agency, INCOMING.c.year == year)
            .group_by(INCOMING.c.state)
        )
        return Counts(waits[0], waits[1], {row[0]: row[1] for row in states})


def assignees(database: Database, agency: str, most: int = 50) -> list[str]:
    """To whom documents of the agency were assigned lately, the newest first."""
    statement = (
        select(INCOMING.c.assigned_to)
        .where(INCOMING.c.agency == agency, INCOMING.c.assigned_to != "")
        .group_by(INCOMING.c.assigned_to)
        .order_by(func.max(INCOMING.c.assigned_at).desc())
        .limit(most)
    )
    with database.read() as connection:
        return list(connection.execute(statement).scalars())


def book(database: Database, agency: str, since: datetime, until: datetime, most: int) -> list[Record]:
    """Lines with a number that arrived from ``since`` to before ``until``, in the order of their numbers."""
    statement = (
        select(INCOMING)
        .where(
            INCOMING.c.agency == agency,
            INCOMING.c.arrived_at >= since,
            INCOMING.c.arrived_at < until,
            INCOMING.c.number.is_not(None),
        )
        .order_by(INCOMING.c.year, INCOMING.c.number)
        .limit(most)
    )
    with database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]
