"""What was found out about the signatures in attached files, as rows: once for each document, for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import exists, func, select

from exchange.core.pdf_findings import AttachmentFindings, DocumentFindings
from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.tables import DocumentRow, FindingRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
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


def record(database: Database, found: Mapping[str, DocumentFindings]) -> None:
    """Keep the findings of documents, by their ids; what another process found before stays.

    Crash before the commit: nothing is kept, and they are examined again. Crash after it: they are done.
    """
    if not found:
        return
    with database.write() as connection:
        known = set(
            connection.execute(
                select(FINDING.c.document).where(
                    FINDING.c.document.in_(sorted(found)), FINDING.c.position == TOGETHER
                )
            ).scalars()
        )
        new = {document: each for document, each in sorted(found.items()) if document not in known}
        rows = [row for document, each in new.items() for row in _rows(document, each)]
        if database.embedded:  # we are the only writer since before we looked
            bulk.insert(connection, FINDING, rows)
        else:
            bulk.insert(connection, FINDING, rows, known="document, position")


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
    statement = select(FINDING.c.body).where(FINDING.c.document == document).order_by(FINDING.c.position)
    with database.read() as connection:
        bodies: Sequence[str] = connection.execute(statement).scalars().all()
    if not bodies:
        return None
    return replace(
        _WHOLE.validate_json(bodies[0]), attachments=tuple(map(_ATTACHMENT.validate_json, bodies[1:]))
    )
