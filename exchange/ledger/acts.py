"""Acts of persons as entries of the ledger: for ever, in the tree, provable like everything else.

An act about a document is an entry of that document. One about none is a document of its own, of kind
"act", whose payload says what was done; it has one entry.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from exchange.core.acts import ACTS
from exchange.ids import new_id
from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.ledger.values import NewDocument, NewEntry, canonical
from exchange.people_tables import ActRow
from exchange.tables import DocumentRow, EntryRow, PayloadRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]

ACT = ActRow.__table__  # type: ignore[attr-defined]

KIND = "act"
OPERATOR = "operator"  # the person of commands: whoever has the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person did. ``event`` is one of ``exchange.core.acts.ACTS``.

    ``document`` is the broker's id of the document that it is about, ``agency`` the key of the agency for
    which the person acts, ``what`` further facts: never content, never a secret.
    """

    event: str
    at: datetime
    person: str  # id of the account, or OPERATOR
    role: str
    document: str = ""
    delivery: str | None = None
    agency: str = ""
    what: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.event in ACTS, f"{self.event} is no act"

    @property
    def body(self) -> dict[str, object]:
        """What the entry says."""
        return {"person": self.person, "role": self.role, **self.what}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An act as it stands in the ledger."""

    entry: int
    event: str
    at: datetime
    document: str
    delivery: str | None
    agency: str
    body: Mapping[str, Any]


def record_act(database: Database, act: Act) -> None:
    """Write an act. Crash before the commit: nothing was done. Call it before what it tells is shown."""
    with database.write() as connection:
        write(connection, act)


def write(connection: Connection, act: Act) -> None:
    """Within the transaction that does what the act tells: both, or neither."""
    document = act.document or _own_document(connection, act)
    entry = NewEntry(
        at=act.at,
        event=act.event,
        document=document,
        delivery=act.delivery,
        agency=act.agency,
        body=act.body,
    )
    number = connection.execute(ENTRY.insert().returning(ENTRY.c.id), entry.row()).scalar_one()
    connection.execute(ACT.insert(), {"entry": number, "person": act.person})


def _own_document(connection: Connection, act: Act) -> str:
    id_ = new_id()
    content = canonical({"act": act.event, "at": act.at.isoformat(), "id": id_, **act.body}).encode()
    digest = hashlib.sha256(content).hexdigest()
    document = NewDocument(
        id=id_,
        kind=KIND,
        sender="",
        document_id=id_,
        digest=digest,
        size=len(content),
        body=content,
        accepted_at=act.at,
        signed=False,
    )
    payload = {"digest": digest, "size": len(content), "body": content}
    bulk.insert(connection, PAYLOAD, [payload], known="digest")
    bulk.insert(connection, DOCUMENT, [document.row()])
    return id_


def of_document(database: Database, document: str, most: int = 500) -> list[Done]:
    """What persons did with a document, the oldest first; of many the newest ``most``."""
    statement = (
        select(ENTRY)
        .join(ACT, ACT.c.entry == ENTRY.c.id)
        .where(ENTRY.c.document == document)
        .order_by(ENTRY.c.id.desc())
        .limit(most)
    )
    with database.read() as connection:
        return [_done(row) for row in connection.execute(statement)][::-1]


def newest(database: Database, *, person: str = "", before: int | None = None, most: int = 51) -> list[Done]:
    """What persons did, or one of them, the newest first; ``before`` is the number of an entry."""
    statement = select(ENTRY).join(ACT, ACT.c.entry == ENTRY.c.id).order_by(ACT.c.entry.desc()).limit(most)
    if before is not None:
        statement = statement.where(ACT.c.entry < before)
    if person:
        statement = statement.where(ACT.c.person == person)
    with database.read() as connection:
        return [_done(row) for row in connection.execute(statement)]


def last_by_command(database: Database, agency: str, event: str) -> Done | None:
    """The newest act of this kind for an agency, of those that commands did: these are few."""
    statement = (
        select(ENTRY)
        .join(ACT, ACT.c.entry == ENTRY.c.id)
        .where(ACT.c.person == OPERATOR, ENTRY.c.agency == agency, ENTRY.c.event == event)
        .order_by(ACT.c.entry.desc())
        .limit(1)
    )
    with database.read() as connection:
        row = connection.execute(statement).first()
    return None if row is None else _done(row)


def _done(row: Any) -> Done:
    return Done(
        entry=row.id,
        event=row.event,
        at=row.at,
        document=row.document,
        delivery=row.delivery,
        agency=row.agency,
        body=orjson.loads(row.body),
    )
