"""T1: a document is accepted, with its deliveries, its ledger entries and its signed acceptance."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, or_, select

from exchange.core.delivery import State, Step, TakeBack
from exchange.core.receipt import Notice
from exchange.ledger import bulk
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
class Examined:
    """A message that may be accepted: everything is decided but whether it was here before.

    ``withdrawals`` end deliveries of earlier documents that have not left.
    """

    document: NewDocument
    deliveries: tuple[NewDelivery, ...]
    notices: tuple[Notice, ...] = ()
    report: Report | None = None
    withdrawals: tuple[Settlement, ...] = ()

    @property
    def key(self) -> Key:
        """Promise 5's key."""
        return (self.document.sender, self.document.document_id, self.document.business_type)


# Makes the signed acceptance; told the DocumentId that has the same number, symbol and date, or None.
Accept = Callable[[Examined, str | None], NewDocument]


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


_ACCEPTANCE = DOCUMENT.alias("acceptance")
_KNOWN = (
    select(
        DOCUMENT.c.sender,
        DOCUMENT.c.document_id,
        DOCUMENT.c.business_type,
        DOCUMENT.c.second_key,
        DOCUMENT.c.id,
        DOCUMENT.c.digest,
        PAYLOAD.c.body,
    )
    .join(_ACCEPTANCE, _ACCEPTANCE.c.receipt_of == DOCUMENT.c.id)
    .join(PAYLOAD, PAYLOAD.c.digest == _ACCEPTANCE.c.digest)
)


def _known(connection: Connection, keys: Collection[Key]) -> dict[Key, Known]:
    statement = _KNOWN.where(DOCUMENT.c.document_id.in_({document_id for _, document_id, _ in keys}))
    found = dict(map(_read_known, connection.execute(statement)))
    return {key: found[key] for key in keys if key in found}


def _read_known(row: Any) -> tuple[Key, Known]:
    key = (row.sender, row.document_id, row.business_type)
    return key, Known(id=row.id, digest=row.digest, acceptance=row.body)


def _look(connection: Connection, batch: Sequence[Examined]) -> tuple[dict[Key, Known], dict[str, str]]:
    """Which keys are known, and which numbers were used before under which DocumentId; in one look."""
    second_keys = {each.document.second_key for each in batch if each.document.second_key is not None}
    statement = _KNOWN.where(
        or_(
            DOCUMENT.c.document_id.in_({each.document.document_id for each in batch}),
            DOCUMENT.c.second_key.in_(second_keys),
        )
    )
    rows = connection.execute(statement).all()
    twins = {row.second_key: row.document_id for row in rows if row.second_key in second_keys}
    return dict(map(_read_known, rows)), twins


def record(database: Database, batch: Sequence[Examined], accept: Accept, issue: Issue) -> list[Recorded]:
    """Accept all in one transaction; what was known before, or comes twice in the batch, is not fresh.

    Crash before the commit: nothing was accepted, the sender has no answer and sends again.
    Crash after it: all is accepted, and the sender that sends again gets this acceptance.
    """
    with database.write() as connection:
        known, twins = _look(connection, batch)
        first = {each.key: each for each in reversed(batch) if each.key not in known}
        ordered = [first[key] for key in sorted(first)]  # one order for all: no deadlock
        accepted = {each.key: (each, accept(each, _twin(each, twins))) for each in ordered}
        lost = _insert(database, connection, accepted, issue)
        known |= _known(connection, lost) if lost else {}
    return [_recorded(each, accepted, known) for each in batch]


def _twin(examined: Examined, twins: Mapping[str, str]) -> str | None:
    return twins.get(examined.document.second_key or "")


_Accepted = dict[Key, tuple[Examined, NewDocument]]


def _recorded(examined: Examined, accepted: _Accepted, known: Mapping[Key, Known]) -> Recorded:
    before = known.get(examined.key)
    if before is not None:
        return Recorded(id=before.id, digest=before.digest, acceptance=before.acceptance, fresh=False)
    first, acceptance = accepted[examined.key]
    assert acceptance.body is not None
    return Recorded(
        id=first.document.id,
        digest=first.document.digest,
        acceptance=acceptance.body,
        fresh=first is examined,
    )


def _insert(database: Database, connection: Connection, accepted: _Accepted, issue: Issue) -> set[Key]:
    """Write what is accepted; returns the keys that another process accepted in the meantime."""
    if not accepted:
        return set()
    documents = [examined.document for examined, _ in accepted.values()]
    acceptances = [acceptance for _, acceptance in accepted.values()]
    insert_payloads(connection, [*documents, *acceptances])
    if database.embedded:  # we are the only writer since before we looked
        bulk.insert(connection, DOCUMENT, [each.row() for each in (*documents, *acceptances)])
        lost: set[Key] = set()
    else:
        lost = _insert_documents(connection, accepted)
    _insert_rest(connection, [pair for key, pair in accepted.items() if key not in lost], issue)
    return lost


def _insert_documents(connection: Connection, accepted: _Accepted) -> set[Key]:
    rows = [examined.document.row() for examined, _ in accepted.values()]
    bulk.insert(connection, DOCUMENT, rows, known="document_id, sender, business_type")
    ids = [examined.document.id for examined, _ in accepted.values()]
    ours = set(connection.execute(select(DOCUMENT.c.id).where(DOCUMENT.c.id.in_(ids))).scalars())
    won = [acceptance.row() for examined, acceptance in accepted.values() if examined.document.id in ours]
    bulk.insert(connection, DOCUMENT, won)
    return {key for key, (examined, _) in accepted.items() if examined.document.id not in ours}


def insert_payloads(connection: Connection, documents: Sequence[NewDocument]) -> None:
    """Keep bytes by their digest; equal bytes are kept once."""
    rows = {
        document.digest: {"digest": document.digest, "size": document.size, "body": document.body}
        for document in documents
    }
    bulk.insert(connection, PAYLOAD, [rows[digest] for digest in sorted(rows)], known="digest")


def _insert_rest(
    connection: Connection,
    pairs: Sequence[tuple[Examined, NewDocument]],
    issue: Issue,
) -> None:
    if not pairs:
        return
    deliveries = [delivery.row() for examined, _ in pairs for delivery in examined.deliveries]
    bulk.insert(connection, DELIVERY, deliveries)
    bulk.insert(connection, ENTRY, [entry.row() for pair in pairs for entry in _entries(*pair)])
    for examined, acceptance in pairs:
        if examined.report is not None:
            ended = report_within(connection, examined.report, examined.document.accepted_at)
            if ended and examined.report.code == TakeBack.REQUESTED.value:
                _close_take_back(connection, examined, acceptance.sender, issue)
        if examined.withdrawals:
            settled = settle_within(connection, examined.withdrawals, issue)
            if any(each.applied and each.state is State.REFUSED for each in settled):
                _close_take_back(connection, examined, acceptance.sender, issue)


def _close_take_back(connection: Connection, examined: Examined, broker: str, issue: Issue) -> None:
    """A document taken back before it left: the request is closed, and the receiver hears nothing."""
    report = examined.report
    if report is None:
        return
    at = examined.document.accepted_at
    agreed = replace(
        report,
        code=TakeBack.AGREED.value,
        reported_by=broker,
        reported_at=at,
        message=None,
        description="It had not left yet",
    )
    report_within(connection, agreed, at)
    unneeded = [
        Settlement(delivery=delivery.id, step=Step.REJECT, at=at, cause="taken_back")
        for delivery in examined.deliveries
    ]
    settle_within(connection, unneeded, issue)


def _entries(examined: Examined, acceptance: NewDocument) -> list[NewEntry]:
    document = examined.document
    return [
        NewEntry(
            at=document.accepted_at,
            event="accepted" if document.kind == "document" else "reported",
            document=document.id,
            delivery=delivery.id,
            agency=document.sender,
            exchange_class=delivery.exchange_class,
            body={
                "acceptance": acceptance.digest,
                "digest": document.digest,
                "document_id": document.document_id,
                "receiver": delivery.receiver,
                "sender": document.sender,
                "signed": document.signed,
            },
        )
        for delivery in examined.deliveries
    ]
