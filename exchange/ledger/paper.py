"""Paper in the ledger: registrations, declarations and what withdraws them, each for ever."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, literal_column, select

from exchange.core.paper import BUSINESS_TYPE
from exchange.ledger import acts, bulk
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.ledger.reading import Record
from exchange.ledger.values import NewDocument, NewEntry
from exchange.share_tables import PaperReportRow
from exchange.tables import DocumentRow, EntryRow, PayloadRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]
PAPER_REPORT = PaperReportRow.__table__  # type: ignore[attr-defined]

BEGINS = ("paper", "paper_none")
_IS_PAPER = DOCUMENT.c.kind == literal_column("'paper'")  # in plain: it has an index of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPaper:
    """A registration or declaration to be written, with its entries."""

    document: NewDocument
    entries: tuple[NewEntry, ...]
    replaces: str = ""
    """The mark of an earlier registration of the same agency."""
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCopy:
    """One receiver of a registration. Of a declaration the only one, with no receiver."""

    exchange: str
    receiver: str
    withdrawn_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A registration or declaration as it stands. Not ``fresh``: it was there before."""

    id: str
    mark: str
    agency: str
    digest: str
    registered_at: datetime
    by: str
    content: Mapping[str, object]
    copies: tuple[PaperCopy, ...]
    fresh: bool = False

    @property
    def stands(self) -> bool:
        """Whether any of it is not withdrawn."""
        return any(copy.withdrawn_at is None for copy in self.copies)


class NotRegistered(Exception):
    """What is to be replaced or withdrawn is not there."""


# The act of the person who registered, once it is known what is new; None if nothing was done.
Tell = Callable[[Sequence[Registered]], Act | None]


def register(database: Database, batch: Sequence[NewPaper], tell: Tell | None = None) -> list[Registered]:
    """Write registrations in one transaction; one whose mark is there already is given back as it is.

    Raises ``NotRegistered`` with the mark that one of them replaces and that is not there. Crash before
    the commit: nothing was registered. Crash after it: all of it is, and who sends it again gets the
    same answer.
    """
    with database.write() as connection:
        found = [_register(database, connection, each) for each in batch]
        _told(connection, found, tell)
        return found


def _told(connection: Connection, found: Sequence[Registered], tell: Tell | None) -> None:
    act = tell(found) if tell is not None else None
    if act is not None:
        acts.write(connection, act)


def _register(database: Database, connection: Connection, paper: NewPaper) -> Registered:
    document = paper.document
    before = _find(connection, document.sender, document.document_id)
    if before is None and _insert(database, connection, document):
        if paper.replaces:
            _replace(connection, paper)
        bulk.insert(connection, ENTRY, [entry.row() for entry in paper.entries])
    found = before or _find(connection, document.sender, document.document_id)
    assert found is not None, "somebody else's is committed, or ours is there"
    return replace(found, fresh=found.id == document.id)


def _insert(database: Database, connection: Connection, document: NewDocument) -> bool:
    """Whether it was not there; on a server somebody else may have written it since we looked."""
    payload = {"digest": document.digest, "size": document.size, "body": document.body}
    bulk.insert(connection, PAYLOAD, [payload], known="digest")
    statement = (
        database.insert(DOCUMENT)
        .on_conflict_do_nothing(index_elements=["document_id", "sender", "business_type"])
        .returning(DOCUMENT.c.id)
    )
    return connection.execute(statement, document.row()).first() is not None


def _replace(connection: Connection, paper: NewPaper) -> None:
    document = paper.document
    earlier = _find(connection, document.sender, paper.replaces, lock=True)
    if earlier is None:
        raise NotRegistered(paper.replaces)
    why = f"replaced by {document.document_id}"
    _withdraw(connection, earlier, why=why, by=paper.by, at=document.accepted_at)


def withdraw(
    database: Database,
    agency: str,
    mark: str,
    *,
    why: str,
    by: str,
    at: datetime,
    tell: Tell | None = None,
) -> Registered:
    """Withdraw what stands of a registration; what was withdrawn before stays as it was.

    Raises ``NotRegistered``. Crash before the commit: it stands. Crash after it: it is withdrawn.
    """
    with database.write() as connection:
        found = _find(connection, agency, mark, lock=True)
        if found is None:
            raise NotRegistered(mark)
        fresh = found.stands
        _withdraw(connection, found, why=why, by=by, at=at)
        found = _find(connection, agency, mark)
        assert found is not None
        found = replace(found, fresh=fresh)
        _told(connection, [found], tell)
        return found


def _withdraw(connection: Connection, found: Registered, *, why: str, by: str, at: datetime) -> None:
    statement = select(ENTRY.c.delivery, ENTRY.c.body).where(
        ENTRY.c.document == found.id, ENTRY.c.event.in_(BEGINS)
    )
    bodies = {row.delivery: orjson.loads(row.body) for row in connection.execute(statement)}
    entries = [
        NewEntry(
            at=at,
            event="paper_withdrawn",
            document=found.id,
            delivery=copy.exchange,
            agency=found.agency,
            body={**bodies[copy.exchange], "by": by, "why": why},
        )
        for copy in found.copies
        if copy.withdrawn_at is None
    ]
    bulk.insert(connection, ENTRY, [entry.row() for entry in entries])


def find(database: Database, agency: str, mark: str) -> Registered | None:
    """The registration or declaration of ``agency`` under this mark."""
    with database.read() as connection:
        return _find(connection, agency, mark)


def of_agency(database: Database, agency: str, *, before: str = "", most: int = 100) -> list[Registered]:
    """What an agency registered and declared, the newest first; ``before``: older than that id."""
    conditions = [DOCUMENT.c.sender == agency, _IS_PAPER]
    if before:
        conditions.append(DOCUMENT.c.id < before)
    statement = _SELECT.where(*conditions).order_by(DOCUMENT.c.id.desc()).limit(most)
    with database.read() as connection:
        return _read(connection, connection.execute(statement).all())


def declarations(database: Database, agency: str, month: str) -> list[Registered]:
    """The declarations for a month (``YYYY-MM``), the oldest first."""
    statement = _SELECT.where(
        DOCUMENT.c.sender == agency,
        _IS_PAPER,
        DOCUMENT.c.document_id.startswith(f"none:{month}:", autoescape=True),
    ).order_by(DOCUMENT.c.id)
    with database.read() as connection:
        return _read(connection, connection.execute(statement).all())


def registrations_in(database: Database, agency: str, month: int) -> int:
    """How many paper copies of an agency stand in a month (202511), as far as was counted."""
    statement = select(func.coalesce(func.sum(PAPER_REPORT.c.registrations), 0)).where(
        PAPER_REPORT.c.agency == agency, PAPER_REPORT.c.month == month
    )
    with database.read() as connection:
        return int(connection.execute(statement).scalar_one())


_SELECT = select(
    DOCUMENT.c.id,
    DOCUMENT.c.document_id,
    DOCUMENT.c.sender,
    DOCUMENT.c.digest,
    DOCUMENT.c.accepted_at,
    PAYLOAD.c.body,
).join(PAYLOAD, PAYLOAD.c.digest == DOCUMENT.c.digest)


def _find(connection: Connection, agency: str, mark: str, *, lock: bool = False) -> Registered | None:
    statement = _SELECT.where(
        DOCUMENT.c.document_id == mark,
        DOCUMENT.c.sender == agency,
        DOCUMENT.c.business_type == BUSINESS_TYPE,
    )
    if lock:  # so that nobody withdraws the same at the same time
        statement = statement.with_for_update(of=DOCUMENT)
    found = _read(connection, connection.execute(statement).all())
    return found[0] if found else None


def _read(connection: Connection, rows: Sequence[Any]) -> list[Registered]:
    statement = select(ENTRY).where(ENTRY.c.document.in_([row.id for row in rows])).order_by(ENTRY.c.id)
    entries: dict[str, list[Record]] = {}
    for entry in connection.execute(statement).mappings():
        entries.setdefault(entry["document"], []).append({**entry, "body": orjson.loads(entry["body"])})
    return [_registered(row, entries[row.id]) for row in rows]


def _registered(row: Any, entries: Sequence[Record]) -> Registered:
    withdrawn = {each["delivery"]: each for each in entries if each["event"] == "paper_withdrawn"}
    began = [each for each in entries if each["event"] in BEGINS]
    return Registered(
        id=row.id,
        mark=row.document_id,
        agency=row.sender,
        digest=row.digest,
        registered_at=row.accepted_at,
        by=began[0]["body"].get("by", ""),
        content=orjson.loads(row.body),
        copies=tuple(_copy(each, withdrawn.get(each["delivery"])) for each in began),
    )


def _copy(entry: Record, withdrawn: Record | None) -> PaperCopy:
    return PaperCopy(
        exchange=entry["delivery"],
        receiver=entry["body"].get("receiver", ""),
        withdrawn_at=None if withdrawn is None else withdrawn["at"],
        why="" if withdrawn is None else withdrawn["body"].get("why", ""),
    )
