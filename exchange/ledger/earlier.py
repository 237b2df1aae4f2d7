"""What accepted messages say of earlier deliveries: reports, requests to take back, revocations; in T1.

Everything is decided on what stands under the lock: between the checks of a message and its T1 a
delivery may have been attempted, ended, or begun once more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, select

from exchange.core.delivery import WITHDRAWN, State, Step, TakeBack, advance
from exchange.core.evidence import IN_DOUBT, PROVES, on_report, on_withdrawal
from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.ledger.rounds import DEAD, Newest, Pair, ask_who_reported, lock
from exchange.ledger.settle import Issue, Settlement, settle_within
from exchange.ledger.statuses import Report
from exchange.ledger.values import NewEntry
from exchange.tables import DeliveryRow, DocumentRow, EntryRow, StatusRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
STATUS = StatusRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What a revocation means: these documents of these senders, on their way to these receivers."""

    senders: tuple[str, ...]
    document_ids: tuple[str, ...]
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one accepted message says of earlier deliveries; ``carriers`` are its own deliveries."""

    document: str
    at: datetime
    report: Report | None
    revocation: Revocation | None
    carriers: tuple[str, ...]


@dataclass(slots=True)
class _Writes:
    statuses: list[dict[str, object]] = field(default_factory=list)
    entries: list[NewEntry] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)


def act(
    database: Database, connection: Connection, said: Sequence[Said], broker: str, issue: Issue
) -> dict[str, tuple[str, ...]]:
    """Write down every report and withdrawal, and take the steps that follow from them.

    Returns, by message, the deliveries of receipts that became ready by it.
    """
    revoked = [_revoked(connection, each) for each in said]
    reported = [each.report.pair for each in said if each.report]
    found = lock(database, connection, [*reported, *(pair for pairs in revoked for pair in pairs)])
    if any(each.report and each.report.code == TakeBack.REQUESTED for each in said):
        ask_who_reported(connection, found)
    writes = _Writes()
    ends: list[int] = []  # how many settlements there are after each message
    for each, pairs in zip(said, revoked, strict=True):
        if each.report is not None:
            _hear(found[each.report.pair], each.report, each, broker, writes)
        for pair in pairs:
            if pair in found:
                _withdraw(found[pair], "revoked", each.at, writes)
        ends.append(len(writes.settlements))
    _write(connection, found.values(), writes)
    settled = settle_within(connection, writes.settlements, issue) if writes.settlements else []
    return {
        each.document: tuple(ready for one in settled[begin:end] for ready in one.ready)
        for each, begin, end in zip(said, [0, *ends], ends, strict=False)
    }


def _revoked(connection: Connection, said: Said) -> list[Pair]:
    revocation = said.revocation
    if revocation is None:
        return []
    statement = select(DOCUMENT.c.id).where(
        DOCUMENT.c.sender.in_(revocation.senders),
        DOCUMENT.c.document_id.in_(revocation.document_ids),
        DOCUMENT.c.kind == "document",
        DOCUMENT.c.id != said.document,  # it may carry the id of what it revokes
    )
    documents = connection.execute(statement).scalars()
    return [(document, receiver) for document in documents for receiver in revocation.receivers]


def _hear(newest: Newest, report: Report, said: Said, broker: str, writes: _Writes) -> None:
    _keep(newest, report, said.at, writes)
    if report.code == TakeBack.REQUESTED:
        _withdraw(newest, "taken_back", said.at, writes)
        if newest.state in DEAD and not newest.left and not newest.heard:
            _close(newest, report, said, broker, writes)
        return
    if report.message is None:
        return  # said on a page and signed by nobody: it is kept, and moves no delivery
    newest.heard = True
    step = on_report(newest.stand, report.code)
    if step is Step.PROVEN or (report.code in PROVES and newest.left):
        newest.proven = newest.proven or report.code
    if step is not None:
        _take(newest, step, said.at, writes)


def _withdraw(newest: Newest, cause: str, at: datetime, writes: _Writes) -> None:
    if newest.state is State.DELIVERED or newest.withdrawn:
        return
    step = on_withdrawal(newest.stand)
    # Also where somebody is at it now, and of a dead letter: it goes out no more, in no further round.
    newest.withdrawn = cause
    if step is not None:
        _take(newest, step, at, writes)


def _close(newest: Newest, report: Report, said: Said, broker: str, writes: _Writes) -> None:
    """A document taken back before anything left: the request is closed, and the receiver hears nothing."""
    agreed = replace(
        report,
        code=TakeBack.AGREED.value,
        reported_by=broker,
        reported_at=said.at,
        message=None,
        description="It had not left yet",
    )
    _keep(newest, agreed, said.at, writes)
    writes.settlements += [
        Settlement(delivery=carrier, step=Step.REJECT, at=said.at, cause="taken_back")
        for carrier in said.carriers
    ]


def _take(newest: Newest, step: Step, at: datetime, writes: _Writes) -> None:
    newest.state = advance(newest.state, step)
    taken = Settlement(delivery=newest.row.id, step=step, at=at)
    if step is Step.PROVEN:
        taken = replace(taken, reference=f"status {newest.proven}")
    elif step is Step.HOLD:
        reason = IN_DOUBT[newest.withdrawn]
        until = newest.row.expires_at
        taken = replace(taken, cause=newest.withdrawn, reason=reason, next_attempt_at=until)
    else:
        taken = replace(taken, cause=newest.withdrawn, reason=WITHDRAWN[newest.withdrawn])
    writes.settlements.append(taken)


def _keep(newest: Newest, report: Report, at: datetime, writes: _Writes) -> None:
    """The event is kept, whatever it is; the derived state follows from it."""
    expected = newest.progress.expects(report.code)
    newest.progress = newest.progress.after(report.code)
    writes.statuses.append(
        {
            "delivery": newest.row.id,
            "code": report.code,
            "reported_by": report.reported_by,
            "reported_at": report.reported_at,
            "received_at": at,
            "message": report.message,
            "description": report.description,
            "expected": expected,
        }
    )
    writes.entries.append(
        NewEntry(
            at=at,
            event=f"status_{report.code}",
            document=newest.row.document,
            delivery=newest.row.id,
            agency=report.reported_by,
            body={"message": report.message, "proven": report.message is not None},
        )
    )


def _write(connection: Connection, found: Iterable[Newest], writes: _Writes) -> None:
    changes = [
        {
            "id": each.row.id,
            "business": each.progress.business.value,
            "take_back": each.progress.take_back.value,
            "proven": each.proven,
            "withdrawn": each.withdrawn,
        }
        for each in found
        if each.changed
    ]
    bulk.update(connection, DELIVERY, ["id"], changes)
    bulk.insert(connection, STATUS, writes.statuses)
    bulk.insert(connection, ENTRY, [entry.row() for entry in writes.entries])
