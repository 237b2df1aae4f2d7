"""T5: what was found out about the signatures in attached files, once for each document and for ever.

Where there are PDFs, the ledger gets an entry ``examined`` with it, which commits to the findings.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import exists, func, select

from exchange.core.leaf import canonical
from exchange.core.pdf_findings import AttachmentFindings, DocumentFindings
from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.ledger.values import NewEntry
from exchange.tables import DocumentRow, EntryRow, FindingRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
FINDING = FindingRow.__table__  # type: ignore[attr-defined]

# A document may be committed so much later than its id was made, on a machine whose clock is off.
LATE = timedelta(hours=1)
SPREAD = LATE / 2  # of the documents that are examined together: so none is left behind by more than LATE
ID_TIME = 12  # hex digits

_WHOLE = TypeAdapter(DocumentFindings)
_ATTACHMENT = TypeAdapter(AttachmentFindings)
TOGETHER = 0  # position of the row about the document as a whole
_NEWEST = func.coalesce(
    select(func.max(FINDING.c.document)).scalar_subquery(),
    select(func.max(DOCUMENT.c.id)).scalar_subquery(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A document that was not examined yet."""

    document: str
    digest: str
    accepted_at: datetime


def pending(database: Database, most: int, late: timedelta = LATE) -> list[Pending]:
    """Documents that were not examined yet, the oldest first, and those that came soon after it.

    Not those that came so much before the newest one that was examined: they are done, or were there
    before anything was.
    """
    with database.read() as connection:
        newest: str | None = connection.execute(select(_NEWEST)).scalar()
        if newest is None:
            return []
        rows = connection.execute(
            select(DOCUMENT.c.id, DOCUMENT.c.digest, DOCUMENT.c.accepted_at)
            .where(
                DOCUMENT.c.id >= _moved(newest, -late),
                DOCUMENT.c.kind == "document",
                ~exists().where(FINDING.c.document == DOCUMENT.c.id, FINDING.c.position == TOGETHER),
            )
            .order_by(DOCUMENT.c.id)
            .limit(most)
        ).all()
    return [
        Pending(document=row.id, digest=row.digest, accepted_at=row.accepted_at)
        for row in rows
        if row.id <= _moved(rows[0].id, SPREAD)
    ]


def _moved(document: str, by: timedelta) -> str:
    """The least id that is made so much later: it begins with milliseconds (RFC 9562 5.7)."""
    milliseconds = int(document[:ID_TIME], 16) + by // timedelta(milliseconds=1)
    return f"{max(0, milliseconds):0{ID_TIME}x}"


def record(database: Database, found: Mapping[str, DocumentFindings], at: datetime) -> None:
    """Keep the findings of documents, by their ids; what another process found before stays.

    Crash before the commit: nothing is kept, and they are examined again. Crash after it: they are done,
    and the entries that commit to them are there.
    """
    if not found:
        return
    documents = sorted(found)
    with database.write() as connection:
        # Whoever holds these rows is alone with these documents; deliveries can still be added to them.
        locked = select(DOCUMENT.c.id).where(DOCUMENT.c.id.in_(documents)).order_by(DOCUMENT.c.id)
        connection.execute(locked.with_for_update(key_share=True)).all()
        done = select(FINDING.c.document).where(
            FINDING.c.document.in_(documents), FINDING.c.position == TOGETHER
        )
        known = set(connection.execute(done).scalars())
        rows = {each: _rows(each, found[each]) for each in documents if each not in known}
        bulk.insert(connection, FINDING, [row for of_one in rows.values() for row in of_one])
        entries = [_entry(each, rows[each], at).row() for each in rows if _has_pdf(found[each])]
        bulk.insert(connection, ENTRY, entries)


def _has_pdf(found: DocumentFindings) -> bool:
    return any(each.pdf is not None for each in found.attachments)


def _entry(document: str, rows: Sequence[bulk.Row], at: datetime) -> NewEntry:
    digest = hashlib.sha256(_told([row["body"] for row in rows])).hexdigest()
    return NewEntry(at=at, event="examined", document=document, body={"findings": digest})


def _rows(document: str, found: DocumentFindings) -> list[dict[str, object]]:
    whole = {"document": document, "position": TOGETHER, "at": found.at, "digest": ""}
    whole["body"] = _WHOLE.dump_json(replace(found, attachments=())).decode()
    return [
        whole,
        *(
            {
                "document": document,
                "position": each.position,
                "at": found.at,
                "digest": each.digest,
                "body": _ATTACHMENT.dump_json(each).decode(),
            }
            for each in found.attachments
        ),
    ]


def of_document(database: Database, document: str) -> DocumentFindings | None:
    """What was found out about a document; None: it was not examined yet, or never will be."""
    bodies = _bodies(database, document)
    if not bodies:
        return None
    return replace(
        _WHOLE.validate_json(bodies[0]), attachments=tuple(map(_ATTACHMENT.validate_json, bodies[1:]))
    )


def told(database: Database, document: str) -> bytes | None:
    """The same as canonical JSON, as it was kept: the bytes that the entry ``examined`` commits to.

    None, too, where there was no PDF.
    """
    found = of_document(database, document)
    return None if found is None or not _has_pdf(found) else _told(_bodies(database, document))


def _bodies(database: Database, document: str) -> Sequence[str]:
    statement = select(FINDING.c.body).where(FINDING.c.document == document).order_by(FINDING.c.position)
    with database.read() as connection:
        return connection.execute(statement).scalars().all()


def _told(bodies: Sequence[str]) -> bytes:
    whole, *attachments = map(json.loads, bodies)
    return canonical({**whole, "attachments": attachments})
