"""T2: deliveries are claimed: each attempt is written down, and the next one scheduled, before it is made."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from exchange.core.delivery import State, Step, advance
from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.tables import AttemptRow, DeliveryRow, DocumentRow, PayloadRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ATTEMPT = AttemptRow.__table__  # type: ignore[attr-defined]
PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt to be made now. ``body`` is None when the bytes lie in a file."""

    delivery: str
    attempt: int
    kind: str
    receiver: str
    addressed_as: str
    expires_at: datetime
    document: str
    sender: str
    document_id: str
    subject: str
    priority: int
    accepted_at: datetime
    digest: str
    body: bytes | None


def claim(
    database: Database,
    *,
    now: datetime,
    most: int,
    in_flight: Mapping[str, int],
    agency_concurrency: int,
    lease: str,
    next_try: Callable[[int], datetime],
) -> list[Claim]:
    """Claim up to ``most`` ready deliveries, the most urgent first, no agency above its share.

    ``next_try(attempts)`` is when the delivery is due again if this worker is never heard of.
    Crash before the commit: nothing was attempted. Crash after it: the attempt is on record, and
    the delivery comes back by itself when it is due.
    """
    full = [agency for agency, count in in_flight.items() if count >= agency_concurrency]
    with database.write() as connection:
        ready = _ready(connection, full, most)
        chosen = _fair(ready, in_flight, agency_concurrency)
        if chosen:
            _write_down(connection, chosen, now, lease, next_try)
        return chosen


def any_ready(database: Database) -> bool:
    """Whether there is anything to claim: a look that costs no write lock."""
    statement = select(DELIVERY.c.id).where(DELIVERY.c.state == State.READY.value).limit(1)
    with database.read() as connection:
        return connection.execute(statement).first() is not None


_READY = (
    select(
        DELIVERY.c.id.label("delivery"),
        (DELIVERY.c.attempts + 1).label("attempt"),
        DELIVERY.c.kind,
        DELIVERY.c.receiver,
        DELIVERY.c.addressed_as,
        DELIVERY.c.expires_at,
        DOCUMENT.c.id.label("document"),
        DOCUMENT.c.sender,
        DOCUMENT.c.document_id,
        DOCUMENT.c.subject,
        DOCUMENT.c.priority,
        DOCUMENT.c.accepted_at,
        DOCUMENT.c.digest,
        PAYLOAD.c.body,
    )
    .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
    .join(PAYLOAD, PAYLOAD.c.digest == DOCUMENT.c.digest)
    .where(DELIVERY.c.state == State.READY.value)
    .order_by(DELIVERY.c.rank_at)
)


def _ready(connection: Connection, full: Sequence[str], most: int) -> list[Claim]:
    # Another worker's claims are passed over.
    statement = _READY.limit(most).with_for_update(skip_locked=True, of=DELIVERY)
    if full:
        statement = statement.where(DELIVERY.c.receiver.not_in(full))
    return [Claim(**row) for row in connection.execute(statement).mappings()]


def _fair(ready: Sequence[Claim], in_flight: Mapping[str, int], most: int) -> list[Claim]:
    counts = Counter(in_flight)
    chosen = []
    for claimed in ready:
        if counts[claimed.receiver] < most:
            counts[claimed.receiver] += 1
            chosen.append(claimed)
    return chosen


def _write_down(
    connection: Connection,
    chosen: Sequence[Claim],
    now: datetime,
    lease: str,
    next_try: Callable[[int], datetime],
) -> None:
    state = advance(State.READY, Step.CLAIM).value
    bulk.update(
        connection,
        DELIVERY,
        ["id"],
        [
            {
                "id": each.delivery,
                "state": state,
                "attempts": each.attempt,
                "lease": lease,
                "next_attempt_at": next_try(each.attempt),
            }
            for each in chosen
        ],
    )
    bulk.insert(
        connection,
        ATTEMPT,
        [
            {
                "delivery": each.delivery,
                "number": each.attempt,
                "started_at": now,
                "verdict": "",
                "reason": "",
            }
            for each in chosen
        ],
    )


def bring_back(database: Database, now: datetime) -> int:
    """Deliveries whose back-off or lease is over become ready, or available, again; how many.

    What was withdrawn under a worker or client that was not heard of again is held to the end of its time.
    Crash before the commit: the next round does it. Crash after it: whoever looks finds them.
    """
    count = 0
    if not _due(database, now):
        return 0
    with database.write() as connection:
        for state, step in ((State.WAITING, Step.DUE), (State.LEASED, Step.RELEASE)):
            due = (DELIVERY.c.state == state.value, DELIVERY.c.next_attempt_at <= now)
            held = (*due, DELIVERY.c.withdrawn != "", DELIVERY.c.lease != "")
            count += _move(connection, state, Step.HOLD, held, next_attempt_at=DELIVERY.c.expires_at)
            count += _move(connection, state, step, (*due, DELIVERY.c.withdrawn == ""))
    return count


def _move(
    connection: Connection,
    state: State,
    step: Step,
    conditions: Sequence[ColumnElement[bool]],
    **values: object,
) -> int:
    # Locked in the order of their ids, as everybody does who locks several: no deadlock.
    locked = select(DELIVERY.c.id).where(*conditions).order_by(DELIVERY.c.id).with_for_update()
    return connection.execute(
        DELIVERY.update()
        .where(DELIVERY.c.id.in_(locked.scalar_subquery()))
        .values(state=advance(state, step).value, lease="", **values)
    ).rowcount


def _due(database: Database, now: datetime) -> bool:
    # A look costs no write lock.
    statement = (
        select(DELIVERY.c.id)
        .where(
            DELIVERY.c.state.in_((State.WAITING.value, State.LEASED.value)),
            DELIVERY.c.next_attempt_at <= now,
        )
        .limit(1)
    )
    with database.read() as connection:
        return connection.execute(statement).first() is not None


def give_back(database: Database, lease: str, now: datetime) -> int:
    """A worker that stops gives back at once what it claimed and did not settle; how many.

    Crash before the commit: it comes back when it is due. Crash after it: it is ready now.
    """
    mine = (DELIVERY.c.state == State.WAITING.value, DELIVERY.c.lease == lease, DELIVERY.c.withdrawn == "")
    with database.write() as connection:
        return _move(connection, State.WAITING, Step.DUE, mine, next_attempt_at=now)


def overdue(database: Database, now: datetime, most: int) -> list[str]:
    """Deliveries past their expiry at which nobody is working now."""
    idle = (State.READY.value, State.AVAILABLE.value, State.ACCEPTED.value)
    statement = (
        select(DELIVERY.c.id)
        .where(DELIVERY.c.state.in_(idle), DELIVERY.c.expires_at <= now)
        .order_by(DELIVERY.c.expires_at)
        .limit(most)
    )
    with database.read() as connection:
        return list(connection.execute(statement).scalars())


def withdrawn_and_due(database: Database, now: datetime, most: int) -> list[tuple[str, str]]:
    """Deliveries that are held because they were withdrawn, at the end of their time; and why."""
    statement = (
        select(DELIVERY.c.id, DELIVERY.c.withdrawn)
        .where(
            DELIVERY.c.state == State.WAITING.value,
            DELIVERY.c.next_attempt_at <= now,
            DELIVERY.c.withdrawn != "",
            DELIVERY.c.lease == "",
        )
        .limit(most)
    )
    with database.read() as connection:
        return [(row.id, row.withdrawn) for row in connection.execute(statement)]


def waiting_receivers(database: Database) -> list[str]:
    """Agencies for which something lies ready to be fetched."""
    statement = select(DELIVERY.c.receiver).where(DELIVERY.c.state == State.AVAILABLE.value).distinct()
    with database.read() as connection:
        return list(connection.execute(statement).scalars())


def reconnect(database: Database, receivers: Sequence[str]) -> int:
    """What lay ready for agencies that no longer pull is to be attempted; how many."""
    with database.write() as connection:
        available = (DELIVERY.c.state == State.AVAILABLE.value, DELIVERY.c.receiver.in_(receivers))
        return _move(connection, State.AVAILABLE, Step.RECONNECT, available)


def count_by_state(database: Database) -> dict[tuple[str, str], int]:
    """How many deliveries stand where, by kind and state; for metrics."""
    statement = select(DELIVERY.c.kind, DELIVERY.c.state, func.count()).group_by(
        DELIVERY.c.kind, DELIVERY.c.state
    )
    with database.read() as connection:
        return {(kind, state): count for kind, state, count in connection.execute(statement)}
