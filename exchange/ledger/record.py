"""T1: a document is accepted, with its deliveries, its ledger entries and its signed acceptance."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from exchange.core.delivery import State, Step, TakeBack
from exchange.ledger.database import Database
from exchange.ledger.settle import Issue, Settlement, settle_within
from exchange.ledger.statuses import Report, report_within
from exchange.ledger.values import NewDelivery, NewDocument, NewEntry
from exchange.tables import DeliveryRow, DocumentRow, EntryRow, PayloadRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]

Key = tuple[str, str, int]  # sender, document id, kind of business (BussinessDocType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What one T1 writes. ``withdrawals`` end deliveries of earlier documents that have not left."""

    document: NewDocument
    acceptance: NewDocument
    deliveries: tuple[NewDelivery, ...]
    report: Report | None = None
    withdrawals: tuple[Settlement, ...] = ()

    @property
    def key(self) -> Key:
        """Promise 5's key."""
        return (self.document.sender, self.document.document_id, self.document.business_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A document that was accepted before, with the acceptance its sender got."""

    id: str
    digest: str
    acceptance: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The outcome of one submission. Not ``fresh``: it was known; compare ``digest`` with yours."""

    id: str
    digest: str
    acceptance: bytes
    fresh: bool


def known(database: Database, keys: Collection[Key]) -> dict[Key, Known]:
    """The documents among ``keys`` that were accepted before."""
    with database.read() as connection:
        return _known(connection, keys)


def known_by_digest(database: Database, sender: str, digest: str) -> Known | None:
    """The document of ``sender`` with exactly these bytes, if it was accepted before."""
    with database.read() as connection:
        key = connection.execute(
            select(DOCUMENT.c.document_id, DOCUMENT.c.business_type).where(
                DOCUMENT.c.digest == digest, DOCUMENT.c.sender == sender
            )
        ).first()
        if key is None:
            return None
        return _known(connection, {(sender, key[0], key[1])}).get((sender, key[0], key[1]))


def _known(connection: Connection, keys: Collection[Key]) -> dict[Key, Known]:
    acceptance = DOCUMENT.alias("acceptance")
    statement = (
        select(
            DOCUMENT.c.sender,
            DOCUMENT.c.document_id,
            DOCUMENT.c.business_type,
            DOCUMENT.c.id,
            DOCUMENT.c.digest,
            PAYLOAD.c.body,
        )
        .join(acceptance, acceptance.c.receipt_of == DOCUMENT.c.id)
        .join(PAYLOAD, PAYLOAD.c.digest == acceptance.c.digest)
        .where(DOCUMENT.c.document_id.in_({document_id for _, document_id, _ in keys}))
    )
    found = {
        (row.sender, row.document_id, row.business_type): Known(
            id=row.id, digest=row.digest, acceptance=row.body
        )
        for row in connection.execute(statement)
    }
    return {key: found[key] for key in keys if key in found}


def earlier_twins(database: Database, second_keys: Collection[str]) -> Mapping[str, str]:
    """For each known (issuer, number, symbol, date): the DocumentId that has it already."""
    if not second_keys:
        return {}
    statement = select(DOCUMENT.c.second_key, DOCUMENT.c.document_id).where(
        DOCUMENT.c.second_key.in_(second_keys)
    )
    with database.read() as connection:
        return {row.second_key: row.document_id for row in connection.execute(statement)}


def record(database: Database, submissions: Sequence[Submission], issue: Issue) -> list[Recorded]:
    """Write all in one transaction; what was known before, or comes twice in the batch, is not fresh.

    Crash before the commit: nothing was accepted, the sender has no answer and sends again.
    Crash after it: all is accepted, and the sender that sends again gets this acceptance.
    """
    ordered = sorted(submissions, key=lambda submission: submission.key)  # one order: no deadlock
    with database.write() as connection:
        fresh = _insert_documents(database, connection, ordered)
        accepted = [submission for submission in ordered if submission.document.id in fresh]
        _insert_rest(database, connection, accepted, issue)
        others = {submission.key for submission in ordered if submission.document.id not in fresh}
        before = _known(connection, others) if others else {}
    return [_recorded(submission, fresh, before) for submission in submissions]


def _recorded(submission: Submission, fresh: Collection[str], before: Mapping[Key, Known]) -> Recorded:
    document = submission.document
    if document.id in fresh:
        assert submission.acceptance.body is not None
        return Recorded(
            id=document.id, digest=document.digest, acceptance=submission.acceptance.body, fresh=True
        )
    known_before = before[submission.key]
    return Recorded(
        id=known_before.id, digest=known_before.digest, acceptance=known_before.acceptance, fresh=False
    )


def _insert_documents(
    database: Database, connection: Connection, submissions: Sequence[Submission]
) -> frozenset[str]:
    insert_payloads(database, connection, [submission.document for submission in submissions])
    insert = database.insert(DOCUMENT).on_conflict_do_nothing(
        index_elements=["document_id", "sender", "business_type"]
    )
    connection.execute(insert, [submission.document.row() for submission in submissions])
    ids = [submission.document.id for submission in submissions]
    return frozenset(connection.execute(select(DOCUMENT.c.id).where(DOCUMENT.c.id.in_(ids))).scalars())


def insert_payloads(database: Database, connection: Connection, documents: Sequence[NewDocument]) -> None:
    """Keep bytes by their digest; equal bytes are kept once."""
    rows = {
        document.digest: {"digest": document.digest, "size": document.size, "body": document.body}
        for document in documents
    }
    insert = database.insert(PAYLOAD).on_conflict_do_nothing(index_elements=["digest"])
    connection.execute(insert, [rows[digest] for digest in sorted(rows)])


def _insert_rest(
    database: Database, connection: Connection, accepted: Sequence[Submission], issue: Issue
) -> None:
    if not accepted:
        return
    acceptances = [submission.acceptance for submission in accepted]
    insert_payloads(database, connection, acceptances)
    connection.execute(DOCUMENT.insert(), [acceptance.row() for acceptance in acceptances])
    deliveries = [delivery for submission in accepted for delivery in submission.deliveries]
    connection.execute(DELIVERY.insert(), [delivery.row() for delivery in deliveries])
    entries = [entry for submission in accepted for entry in _entries(submission)]
    connection.execute(ENTRY.insert(), [entry.row() for entry in entries])
    for submission in accepted:
        if submission.report is not None:
            report_within(connection, submission.report, submission.document.accepted_at)
        if submission.withdrawals:
            settled = settle_within(database, connection, submission.withdrawals, issue)
            if any(each.applied and each.state is State.REFUSED for each in settled):
                _close_take_back(database, connection, submission, issue)


def _close_take_back(
    database: Database, connection: Connection, submission: Submission, issue: Issue
) -> None:
    """A document taken back before it left: the request is closed, and the receiver hears nothing."""
    report = submission.report
    if report is None:
        return
    at = submission.document.accepted_at
    agreed = replace(
        report,
        code=TakeBack.AGREED.value,
        reported_by=submission.acceptance.sender,
        reported_at=at,
        message=None,
        description="It had not left yet",
    )
    report_within(connection, agreed, at)
    unneeded = [
        Settlement(delivery=delivery.id, step=Step.REJECT, at=at, cause="taken_back")
        for delivery in submission.deliveries
    ]
    settle_within(database, connection, unneeded, issue)


def _entries(submission: Submission) -> list[NewEntry]:
    document = submission.document
    return [
        NewEntry(
            at=document.accepted_at,
            event="accepted" if document.kind == "document" else "reported",
            document=document.id,
            delivery=delivery.id,
            agency=document.sender,
            exchange_class=delivery.exchange_class,
            body={
                "acceptance": submission.acceptance.digest,
                "digest": document.digest,
                "document_id": document.document_id,
                "receiver": delivery.receiver,
                "sender": document.sender,
                "signed": document.signed,
            },
        )
        for delivery in submission.deliveries
    ]
