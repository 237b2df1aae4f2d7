"""T1: a document is accepted, with its deliveries, its ledger entries and its signed acceptance."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from exchange.core.receipt import Notice
from exchange.core.standing import NOTHING_SAID, Assurance
from exchange.ledger import acts, bulk
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.ledger.earlier import Revocation, Said, act
from exchange.ledger.settle import Issue
from exchange.ledger.statuses import Report
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

    What it says of earlier deliveries, ``report`` and ``revocation``, is judged in T1, on what stands then.
    """

    document: NewDocument
    deliveries: tuple[NewDelivery, ...]
    notices: tuple[Notice, ...] = ()
    assurance: Assurance = NOTHING_SAID
    report: Report | None = None
    revocation: Revocation | None = None
    act: Act | None = None
    """Of the person who submits it, where one does."""

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
    """The outcome of one submission. Not ``fresh``: it was known; compare ``digest`` with yours.

    ``ready`` are deliveries of receipts that what it says of earlier ones has brought about.
    """

    id: str
    digest: str
    acceptance: bytes
    fresh: bool
    ready: tuple[str, ...] = ()


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
        return record_within(database, connection, batch, accept, issue)


def record_within(
    database: Database, connection: Connection, batch: Sequence[Examined], accept: Accept, issue: Issue
) -> list[Recorded]:
    """The same inside a transaction that the caller began."""
    known, twins = _look(connection, batch)
    first = {each.key: each for each in reversed(batch) if each.key not in known}
    signed = {each.key: accept(each, _twin(each, twins)) for each in batch if first.get(each.key) is each}
    accepted = {key: (first[key], signed[key]) for key in sorted(first)}  # one order for all: no deadlock
    lost, ready = _insert(database, connection, accepted, issue)
    known |= _known(connection, lost) if lost else {}
    return [_recorded(each, accepted, known, ready) for each in batch]


def _twin(examined: Examined, twins: dict[str, str]) -> str | None:
    """Who had the number before; from now on this one has it, for those that come later in the batch."""
    key, document_id = examined.document.second_key, examined.document.document_id
    before = twins.setdefault(key, document_id) if key is not None else document_id
    return None if before == document_id else before


_Accepted = dict[Key, tuple[Examined, NewDocument]]
_Ready = Mapping[str, tuple[str, ...]]  # by document


def _recorded(examined: Examined, accepted: _Accepted, known: Mapping[Key, Known], ready: _Ready) -> Recorded:
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
        ready=ready.get(examined.document.id, ()),
    )


def _insert(
    database: Database, connection: Connection, accepted: _Accepted, issue: Issue
) -> tuple[set[Key], _Ready]:
    """Write what is accepted; returns the keys that another process accepted meanwhile, and what is ready."""
    if not accepted:
        return set(), {}
    documents = [examined.document for examined, _ in accepted.values()]
    acceptances = [acceptance for _, acceptance in accepted.values()]
    insert_payloads(connection, [*documents, *acceptances])
    if database.embedded:  # we are the only writer since before we looked
        bulk.insert(connection, DOCUMENT, [each.row() for each in (*documents, *acceptances)])
        lost: set[Key] = set()
    else:
        lost = _insert_documents(connection, accepted)
    pairs = [pair for key, pair in accepted.items() if key not in lost]
    return lost, _insert_rest(database, connection, pairs, issue)


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
    database: Database,
    connection: Connection,
    pairs: Sequence[tuple[Examined, NewDocument]],
    issue: Issue,
) -> _Ready:
    if not pairs:
        return {}
    deliveries = [delivery.row() for examined, _ in pairs for delivery in examined.deliveries]
    bulk.insert(connection, DELIVERY, deliveries)
    bulk.insert(connection, ENTRY, [entry.row() for pair in pairs for entry in _entries(*pair)])
    for examined, _ in pairs:
        if examined.act is not None:
            acts.write(connection, examined.act)
    said = [each for examined, _ in pairs if (each := _said(examined)) is not None]
    return act(database, connection, said, pairs[0][1].sender, issue) if said else {}


def _said(examined: Examined) -> Said | None:
    if examined.report is None and examined.revocation is None:
        return None
    return Said(
        document=examined.document.id,
        at=examined.document.accepted_at,
        report=examined.report,
        revocation=examined.revocation,
        carriers=tuple(delivery.id for delivery in examined.deliveries),
    )


def _entries(examined: Examined, acceptance: NewDocument) -> list[NewEntry]:
    document = examined.document
    facts = _facts(document) if document.kind == "document" else {}
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
                **facts,
                **({"forwarded_from": delivery.forwarded_from} if facts else {}),
            },
        )
        for delivery in examined.deliveries
    ]


def _facts(document: NewDocument) -> dict[str, object]:
    """What the share is counted by: whoever has the opened entries can count it again."""
    return {
        "business_type": document.business_type,
        "priority": document.priority,
        "promulgated_on": document.promulgated_on,
        "second_key": document.second_key,
        "type_name": document.type_name,
    }
