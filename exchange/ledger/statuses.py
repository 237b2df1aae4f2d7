"""Business status: every report is kept as an event; the derived state stands at the delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from exchange.core.delivery import Business, Progress, State, TakeBack
from exchange.core.edxml import BusinessType
from exchange.ledger.database import Database
from exchange.ledger.values import NewEntry
from exchange.tables import DeliveryRow, DocumentRow, EntryRow, StatusRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
STATUS = StatusRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One status of one delivery. ``message`` is the signed status message, None from the broker."""

    delivery: str
    code: str
    reported_by: str
    reported_at: datetime | None
    message: str | None
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The delivery that a status speaks of."""

    delivery: str
    document: str
    state: State
    sender: str
    receiver: str
    addressed_as: str


def find_target(
    database: Database,
    *,
    senders: Sequence[str],
    document_id: str,
    receivers: Sequence[str],
    written: str = "",
) -> Target | None:
    """The delivery of a document of one of ``senders`` to one of ``receivers``, or None.

    Both are keys, the likeliest first. ``written``, where it is given, is a code by which the sender
    may have addressed the delivery: that fits too, and best.
    """
    fits = DELIVERY.c.receiver.in_(receivers)
    if written:
        fits = or_(fits, DELIVERY.c.addressed_as == written, DELIVERY.c.forwarded_from == written)
    statement = (
        select(
            DELIVERY.c.id,
            DELIVERY.c.document,
            DELIVERY.c.state,
            DELIVERY.c.receiver,
            DELIVERY.c.addressed_as,
            DELIVERY.c.forwarded_from,
            DELIVERY.c.round,
            DOCUMENT.c.sender,
            DOCUMENT.c.business_type,
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(
            DOCUMENT.c.document_id == document_id,
            DOCUMENT.c.sender.in_(senders),
            DOCUMENT.c.kind == "document",
            fits,
        )
    )

    def unlikeness(row: Any) -> tuple[object, ...]:
        # A revocation may carry the id of what it revokes: a status means the document itself.
        return (
            row.business_type == BusinessType.REVOKE.value,
            bool(written) and written not in (row.addressed_as, row.forwarded_from),
            senders.index(row.sender),
            receivers.index(row.receiver) if row.receiver in receivers else len(receivers),
            -row.round,
        )

    with database.read() as connection:
        rows = connection.execute(statement).all()
    return _target(min(rows, key=unlikeness)) if rows else None


def _target(row: Any) -> Target:
    return Target(
        delivery=row.id,
        document=row.document,
        state=State(row.state),
        sender=row.sender,
        receiver=row.receiver,
        addressed_as=row.addressed_as,
    )


def find_accepted(
    database: Database, *, sender: str, document_id: str, business_type: int
) -> tuple[str, str] | None:
    """Id and digest of what ``sender`` had accepted under this key (promise 5), or None."""
    statement = select(DOCUMENT.c.id, DOCUMENT.c.digest).where(
        DOCUMENT.c.document_id == document_id,
        DOCUMENT.c.sender == sender,
        DOCUMENT.c.business_type == business_type,
        DOCUMENT.c.kind == "document",
    )
    with database.read() as connection:
        row = connection.execute(statement).first()
    return None if row is None else (row.id, row.digest)


def report_within(connection: Connection, report: Report, at: datetime) -> bool:
    """Keep the event, derive the state, write the entry; inside a transaction the caller began.

    Returns whether the delivery had ended without reaching the receiver.
    """
    row = connection.execute(
        select(DELIVERY.c.document, DELIVERY.c.business, DELIVERY.c.take_back, DELIVERY.c.state)
        .where(DELIVERY.c.id == report.delivery)
        .with_for_update()
    ).one()
    before = Progress(business=Business(row.business), take_back=TakeBack(row.take_back))
    after = before.after(report.code)
    connection.execute(
        STATUS.insert(),
        {
            "delivery": report.delivery,
            "code": report.code,
            "reported_by": report.reported_by,
            "reported_at": report.reported_at,
            "received_at": at,
            "message": report.message,
            "description": report.description,
            "expected": before.expects(report.code),
        },
    )
    connection.execute(
        DELIVERY.update()
        .where(DELIVERY.c.id == report.delivery)
        .values(business=after.business.value, take_back=after.take_back.value)
    )
    entry = NewEntry(
        at=at,
        event=f"status_{report.code}",
        document=row.document,
        delivery=report.delivery,
        agency=report.reported_by,
        body={"message": report.message, "proven": report.message is not None},
    )
    connection.execute(ENTRY.insert(), entry.row())
    return row.state in (State.REFUSED.value, State.EXPIRED.value)
