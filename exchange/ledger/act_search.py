"""Acts of persons, looked for by who, for which agency, of which kind and on which days."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import RowMapping, select

from exchange.ledger.acts import ACT, DOCUMENT, ENTRY, KIND
from exchange.ledger.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for. ``persons`` None: anybody; ``agencies`` are keys; ``until`` is not within."""

    persons: Collection[str] | None = None
    agencies: Collection[str] = ()
    event: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An act, with what tells its document: ``document`` is "" where it is about none."""

    entry: int
    event: str
    at: datetime
    person: str
    agency: str
    document: str
    kind: str
    number: str
    notation: str
    document_id: str
    body: Mapping[str, Any]


def search(database: Database, question: Question, offset: int, limit: int) -> list[Line]:
    """Those that match, the newest first."""
    statement = (
        select(
            ACT.c.entry,
            ACT.c.person,
            ENTRY.c.event,
            ENTRY.c.at,
            ENTRY.c.agency,
            ENTRY.c.document,
            ENTRY.c.body,
            DOCUMENT.c.kind,
            DOCUMENT.c.number,
            DOCUMENT.c.notation,
            DOCUMENT.c.document_id,
        )
        .join(ENTRY, ENTRY.c.id == ACT.c.entry)
        .join(DOCUMENT, DOCUMENT.c.id == ENTRY.c.document)
        .where(*_conditions(question))
        .order_by(ACT.c.entry.desc())
        .offset(offset)
        .limit(limit)
    )
    with database.read() as connection:
        return [_line(row) for row in connection.execute(statement).mappings()]


def _conditions(question: Question) -> list[Any]:
    conditions: list[Any] = []
    if question.persons is not None:
        conditions.append(ACT.c.person.in_(question.persons))
    if question.agencies:
        conditions.append(ENTRY.c.agency.in_(question.agencies))
    if question.event:
        conditions.append(ENTRY.c.event == question.event)
    if question.since is not None:
        conditions.append(ENTRY.c.at >= question.since)
    if question.until is not None:
        conditions.append(ENTRY.c.at < question.until)
    return conditions


def _line(row: RowMapping) -> Line:
    own = row["kind"] == KIND  # the act stands for itself
    document = "" if own else row["document"]
    return Line(**{**row, "body": orjson.loads(row["body"]), "document": document})
