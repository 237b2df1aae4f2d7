"""T3: a delivery takes a step; on a final one, status, entry and receipt are one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Row, select

from exchange.core.delivery import FINAL, WITHDRAWN, Business, Progress, State, Step, advance, allows
from exchange.core.evidence import IN_DOUBT, instead
from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.ledger.values import NewDelivery, NewDocument, NewEntry
from exchange.tables import AttemptRow, DeliveryRow, DocumentRow, EntryRow, PayloadRow, StatusRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ATTEMPT = AttemptRow.__table__  # type: ignore[attr-defined]
STATUS = StatusRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A step to be taken if the delivery still is as the caller saw it.

    ``attempt`` and ``lease``, where given, must be the delivery's own; ``unclaimed`` asks that nobody
    is at it now. Otherwise nothing is done: somebody else settled it.
    """

    delivery: str
    step: Step
    at: datetime
    attempt: int | None = None
    lease: str | None = None
    unclaimed: bool = False
    next_attempt_at: datetime | None = None
    verdict: str = ""
    cause: str = ""
    reason: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The facts of an ended delivery, from which its receipt is made."""

    delivery: str
    document: str
    kind: str
    sender: str
    document_id: str
    digest: str
    size: int
    priority: int
    receiver: str
    addressed_as: str
    forwarded_from: str
    expires_at: datetime
    attempts: int
    state: State
    at: datetime
    cause: str
    reason: str
    reference: str


# Makes the signed receipt of an end, and its delivery to the sender.
Issue = Callable[[Ended], tuple[NewDocument, NewDelivery]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Whether the step was taken, where the delivery stands now, of what, and what became ready by it."""

    applied: bool
    state: State
    document: str
    ready: tuple[str, ...] = ()


@dataclass(slots=True)
class _Writes:
    updates: dict[str, dict[str, object]] = field(default_factory=dict)  # by delivery: the last one counts
    attempts: list[dict[str, object]] = field(default_factory=list)
    entries: list[NewEntry] = field(default_factory=list)
    statuses: list[dict[str, object]] = field(default_factory=list)
    receipts: list[tuple[NewDocument, NewDelivery]] = field(default_factory=list)


def settle(database: Database, settlements: Sequence[Settlement], issue: Issue) -> list[Settled]:
    """Settle a batch in one transaction.

    Crash before the commit: the attempt stays written down, it is made again when it is due, with
    the same key. Crash after it: the end is final and its receipt exists, exactly once.
    """
    with database.write() as connection:
        return settle_within(connection, settlements, issue)


def settle_within(connection: Connection, settlements: Sequence[Settlement], issue: Issue) -> list[Settled]:
    """The same inside a transaction that the caller began."""
    rows = _lock(connection, [settlement.delivery for settlement in settlements])
    writes = _Writes()
    settled = [_step(rows, settlement, writes, issue) for settlement in settlements]
    _write(connection, writes)
    return settled


@dataclass(slots=True)
class _Current:
    row: Row[tuple[object, ...]]
    state: State
    lease: str


def _lock(connection: Connection, ids: Sequence[str]) -> dict[str, _Current]:
    columns = [
        DELIVERY,
        DOCUMENT.c.sender,
        DOCUMENT.c.document_id,
        DOCUMENT.c.digest,
        DOCUMENT.c.size,
        PAYLOAD.c.size.label("bytes"),
    ]
    statement = (
        select(*columns)
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .join(PAYLOAD, PAYLOAD.c.digest == DOCUMENT.c.digest)
        .where(DELIVERY.c.id.in_(ids))
        .order_by(DELIVERY.c.id)
        .with_for_update(of=DELIVERY)
    )
    return {row.id: _Current(row, State(row.state), row.lease) for row in connection.execute(statement)}


def _step(rows: dict[str, _Current], settlement: Settlement, writes: _Writes, issue: Issue) -> Settled:
    current = rows.get(settlement.delivery)
    if current is None:
        return Settled(applied=False, state=State.EXPIRED, document="")
    document = current.row.document
    if not _still(current, settlement):
        return Settled(applied=False, state=current.state, document=document)
    taken = _instead(current, settlement)
    current.state = advance(current.state, taken.step)
    current.lease = ""
    writes.updates[settlement.delivery] = _update(current, taken)
    if settlement.attempt is not None and settlement.verdict:
        writes.attempts.append(_attempt(settlement))
    ready = _end(current, taken, writes, issue) if current.state in FINAL else ()
    return Settled(applied=True, state=current.state, document=document, ready=ready)


def _instead(current: _Current, settlement: Settlement) -> Settlement:
    """What was proven or withdrawn while somebody was at it counts now."""
    row = current.row
    step = instead(settlement.step, proven=bool(row.proven), withdrawn=bool(row.withdrawn))
    if step is settlement.step:
        return settlement
    taken = replace(settlement, step=step, cause="", reason="", reference="")
    if step is Step.PROVEN:
        return replace(taken, reference=f"status {row.proven}")
    cause = row.withdrawn
    return replace(taken, cause=cause, reason=IN_DOUBT[cause], next_attempt_at=row.expires_at)


def _still(current: _Current, settlement: Settlement) -> bool:
    row = current.row
    return (
        allows(current.state, settlement.step)
        and (settlement.attempt is None or settlement.attempt == row.attempts)
        and (settlement.lease is None or settlement.lease == current.lease)
        and not (settlement.unclaimed and current.lease)
    )


def _update(current: _Current, settlement: Settlement) -> dict[str, object]:
    row = current.row
    return {
        "id": settlement.delivery,
        "state": current.state.value,
        "lease": "",
        "next_attempt_at": settlement.next_attempt_at or row.next_attempt_at,
        "final_at": settlement.at if current.state in FINAL else None,
        "cause": settlement.cause,
        "reason": settlement.reason,
        "reference": settlement.reference or row.reference,
        "business": _business(current),
    }


def _business(current: _Current) -> str:
    # The receiver's software has it: the broker itself reports 01, unless the receiver was faster.
    row = current.row
    if row.kind != "document" or current.state is not State.DELIVERED:
        return str(row.business)
    return Progress(business=Business(row.business)).after(Business.ARRIVED.value).business.value


def _attempt(settlement: Settlement) -> dict[str, object]:
    return {
        "delivery": settlement.delivery,
        "number": settlement.attempt,
        "ended_at": settlement.at,
        "verdict": settlement.verdict,
        "reason": settlement.reason,
    }


def _end(current: _Current, settlement: Settlement, writes: _Writes, issue: Issue) -> tuple[str, ...]:
    ended = _ended(current, settlement)
    body: dict[str, object] = {
        "cause": ended.cause,
        "digest": ended.digest,
        "receiver": ended.receiver,
        "sender": ended.sender,
    }
    ready: tuple[str, ...] = ()
    if _owes_receipt(ended):
        receipt, delivery = issue(ended)
        writes.receipts.append((receipt, delivery))
        body["receipt"] = receipt.digest
        if _business(current) != current.row.business:
            writes.statuses.append(_reported(ended, Business.ARRIVED.value, receipt.sender))
        ready = (delivery.id,) if delivery.state is State.READY else ()
    if ended.kind != "receipt":
        writes.entries.append(
            NewEntry(
                at=settlement.at,
                event=ended.state.value,
                document=ended.document,
                delivery=ended.delivery,
                agency=ended.receiver,
                body=body,
            )
        )
    return ready


def _owes_receipt(ended: Ended) -> bool:
    """Every end of a document; of a status message only one that its sender must know of.

    Receipts cause no receipts. A request to take back what never left needs no delivery.
    """
    if ended.kind == "status":
        return ended.state is not State.DELIVERED and ended.cause not in WITHDRAWN
    return ended.kind == "document"


def _reported(ended: Ended, code: str, broker: str) -> dict[str, object]:
    """A status that the broker itself reports."""
    return {
        "delivery": ended.delivery,
        "code": code,
        "reported_by": broker,
        "reported_at": ended.at,
        "received_at": ended.at,
        "message": None,
        "description": "",
        "expected": True,
    }


def _ended(current: _Current, settlement: Settlement) -> Ended:
    row = current.row
    return Ended(
        delivery=row.id,
        document=row.document,
        kind=row.kind,
        sender=row.sender,
        document_id=row.document_id,
        digest=row.digest,
        size=row.bytes,
        priority=row.priority,
        receiver=row.receiver,
        addressed_as=row.addressed_as,
        forwarded_from=row.forwarded_from,
        expires_at=row.expires_at,
        attempts=row.attempts,
        state=current.state,
        at=settlement.at,
        cause=settlement.cause,
        reason=settlement.reason,
        reference=settlement.reference or row.reference,
    )


def _write(connection: Connection, writes: _Writes) -> None:
    bulk.update(connection, DELIVERY, ["id"], list(writes.updates.values()))
    bulk.update(connection, ATTEMPT, ["delivery", "number"], writes.attempts)
    bulk.insert(connection, STATUS, writes.statuses)
    _insert_receipts(connection, writes.receipts)
    bulk.insert(connection, ENTRY, [entry.row() for entry in writes.entries])


def _insert_receipts(connection: Connection, receipts: Sequence[tuple[NewDocument, NewDelivery]]) -> None:
    documents = [document for document, _ in receipts]
    rows = [{"digest": each.digest, "size": each.size, "body": each.body} for each in documents]
    bulk.insert(connection, PAYLOAD, rows, known="digest")
    bulk.insert(connection, DOCUMENT, [document.row() for document in documents])
    bulk.insert(connection, DELIVERY, [delivery.row() for _, delivery in receipts])


def with_lease(settlement: Settlement, lease: str) -> Settlement:
    """The same settlement, allowed only to the holder of ``lease``."""
    return replace(settlement, lease=lease)
