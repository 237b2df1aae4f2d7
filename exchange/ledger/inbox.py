"""Pull: an agency looks, leases, fetches and acknowledges what lies ready for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select

from exchange.core.delivery import State, Step, advance
from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.tables import AttemptRow, DeliveryRow, DocumentRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ATTEMPT = AttemptRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One message that lies ready for an agency. ``lease`` is empty unless it was just leased."""

    delivery: str
    lease: str
    document: str  # the broker's id of the document; of a receipt or status: of what it speaks of
    kind: str
    receipt_kind: str
    digest: str
    size: int
    sender: str
    addressed_as: str
    document_id: str
    subject: str
    priority: int
    accepted_at: datetime


def _select(receiver: str, *conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return (
        select(
            DELIVERY.c.id,
            DELIVERY.c.attempts,
            DELIVERY.c.addressed_as,
            DELIVERY.c.kind,
            func.coalesce(DOCUMENT.c.about, DOCUMENT.c.id).label("document"),
            DOCUMENT.c.receipt_kind,
            DOCUMENT.c.digest,
            DOCUMENT.c.size,
            DOCUMENT.c.sender,
            DOCUMENT.c.document_id,
            DOCUMENT.c.subject,
            DOCUMENT.c.priority,
            DOCUMENT.c.accepted_at,
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(DELIVERY.c.receiver == receiver, *conditions)
        .order_by(DELIVERY.c.rank_at)
    )


def _waiting(row: Row[tuple[object, ...]], lease: str) -> Waiting:
    return Waiting(
        delivery=row.id,
        lease=lease,
        document=row.document,
        kind=row.kind,
        receipt_kind=row.receipt_kind,
        digest=row.digest,
        size=row.size,
        sender=row.sender,
        addressed_as=row.addressed_as,
        document_id=row.document_id,
        subject=row.subject,
        priority=row.priority,
        accepted_at=row.accepted_at,
    )


def look(database: Database, receiver: str, most: int) -> list[Waiting]:
    """What lies ready and is not leased, most urgent first; nothing changes."""
    statement = _select(receiver, DELIVERY.c.state == State.AVAILABLE.value).limit(most)
    with database.read() as connection:
        return [_waiting(row, "") for row in connection.execute(statement)]


def lease(
    database: Database, receiver: str, *, most: int, token: str, now: datetime, until: datetime
) -> list[Waiting]:
    """Lease up to ``most``: no other client of the agency gets them before ``until``.

    Crash after the commit, before the client has the answer: the lease runs out and they come back.
    """
    if not look(database, receiver, 1):  # a look costs no write lock
        return []
    statement = (
        _select(receiver, DELIVERY.c.state == State.AVAILABLE.value)
        .limit(most)
        .with_for_update(skip_locked=True, of=DELIVERY)
    )
    with database.write() as connection:
        rows = connection.execute(statement).all()
        if rows:
            _write_lease(connection, rows, token, now, until)
    return [_waiting(row, token) for row in rows]


def lease_one(
    database: Database,
    receiver: str,
    delivery: str,
    *,
    token: str,
    now: datetime,
    until: datetime,
    act: Act | None = None,
) -> bool:
    """Lease the message of this delivery, if it lies ready for ``receiver``. A crash is as in ``lease``.

    Whoever else is leasing it is waited for: afterwards it is seen who has it. ``act`` tells of the person
    who leases it, in the same transaction.
    """
    statement = _select(
        receiver, DELIVERY.c.id == delivery, DELIVERY.c.state == State.AVAILABLE.value
    ).with_for_update(of=DELIVERY)
    with database.write() as connection:
        rows = connection.execute(statement).all()
        if rows:
            _write_lease(connection, rows, token, now, until)
        if rows and act is not None:
            acts.write(connection, act)
    return bool(rows)


def _write_lease(
    connection: Connection,
    rows: Sequence[Row[tuple[object, ...]]],
    token: str,
    now: datetime,
    until: datetime,
) -> None:
    connection.execute(
        DELIVERY.update()
        .where(DELIVERY.c.id == bindparam("id_"))
        .values(
            state=advance(State.AVAILABLE, Step.LEASE).value,
            attempts=bindparam("attempts"),
            lease=token,
            next_attempt_at=until,
        ),
        [{"id_": row.id, "attempts": row.attempts + 1} for row in rows],
    )
    connection.execute(
        ATTEMPT.insert(),
        [
            {"delivery": row.id, "number": row.attempts + 1, "started_at": now, "verdict": "", "reason": ""}
            for row in rows
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Where a delivery of this agency stands, and the digest of its bytes."""

    state: State
    lease: str
    attempt: int
    digest: str
    kind: str


def held(database: Database, receiver: str, delivery: str) -> Held | None:
    """The delivery if it is this agency's, else None."""
    statement = _select(receiver, DELIVERY.c.id == delivery).add_columns(DELIVERY.c.state, DELIVERY.c.lease)
    with database.read() as connection:
        row = connection.execute(statement).first()
    if row is None:
        return None
    return Held(
        state=State(row.state), lease=row.lease, attempt=row.attempts, digest=row.digest, kind=row.kind
    )
