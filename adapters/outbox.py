"""A database outbox: rows in the agency's own database, in the scheme of Viettel VOffice.

The agency's software only writes and reads rows; what comes is put there, what is to be sent is read there
and answered in the same rows. Which table and column has which name: ``exchange.software.outbox_tables``.

======================================================  ==============================================
what is found in the database                           verdict
======================================================  ==============================================
no row with the delivery's key                          one is inserted with the signed original and
                                                        the attached files, in one transaction:
                                                        ``Delivered``, reference: the row's ID
a row with that key and the same original               ``Delivered``
a row with that key and another original                ``Retry``: a person must look at it
the insertion breaks a unique key, and the row is       as above: another attempt was faster
there by now
it breaks another rule of the table                     ``Retry``: the table is to be mended
a value that its column does not take (too long,        ``Refused``, ``database_data``, their words
characters that it has not)
no table, no column, no right, wrong password           ``Retry``: to be mended
a locked table, a deadlock, a full disk, a packet       ``Retry``
above ``max_allowed_packet``
no answer in time, a line that breaks                   ``Retry``; the line is shut, and the server
                                                        is told to give up after the same time
======================================================  ==============================================

A document is a row of ``CONNECT_DOCUMENT`` with ``CONNECT_TYPE`` 1; a status or a receipt one of
``CONNECT_PROCESS_OUT``. To be sent are documents of ``CONNECT_TYPE`` 2, to the receivers whose row in
``CONNECT_DOC_OUT_DETAIL`` has ``IS_SENDED`` 0; then it is 1 (accepted) or −1 (refused, with the reasons).

==============  ======================================================================================
``SEND_TYPE``   what is done
==============  ======================================================================================
0               the document is composed from the row and its files; or its ``EDXML`` goes as it is
1, 2, 3         revoke, update, replace: the row's ``EDXML`` goes as it is; without one, −1 in words
4               take-back: −1 in words; it is asked for on the clerk's page
44              cancelled before sending: left as it is; if it was accepted by then, told so
==============  ======================================================================================

Times without a zone are Vietnam's. Tables are never made or changed here.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Annotated, Any, Final, TypeVar, get_args
from uuid import uuid4

from pydantic import AfterValidator, Field
from sqlalchemy import Connection, Row, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from exchange.adapter import (
    AgencyAdapter,
    Collected,
    Delivered,
    Options,
    Outcome,
    Outgoing,
    Reached,
    Retry,
    StatusReport,
    Unreachable,
)
from exchange.core.edxml import VIETNAM
from exchange.core.filed import LetterName, StatusCode, Unfit, letter, safe_name, too_large, values
from exchange.core.filing import Filing, filing
from exchange.core.letter import File
from exchange.secret import SecretSource, secret
from exchange.software.agency_database import AgencyDatabase, Stopped, checked_database
from exchange.software.outbox_tables import OutboxTables, Perhaps, Tables, ours

T = TypeVar("T")
log = logging.getLogger(__name__)

CAME, GOES = 1, 2  # CONNECT_TYPE
WAITS, SENT, REFUSED = 0, 1, -1  # IS_SENDED
NEW, TAKE_BACK, CANCELLED = 0, 4, 44  # SEND_TYPE
CHANGES: Final = (1, 2, 3)
REPORTS_MAX: Final = 500  # statuses that are read at a time
CODES: Final = get_args(StatusCode)
SENT_ALREADY: Final = "Đã gửi trước khi hủy. It was sent before it was cancelled."
NO_TAKE_BACK: Final = (
    "Không gửi được yêu cầu lấy lại từ phần mềm này; lập yêu cầu trên trang của văn thư.",
    "A take-back cannot be sent from this software; ask for it on the clerk's page.",
)
NO_CHANGE: Final = (
    "Thu hồi, cập nhật, thay thế chỉ gửi được khi có sẵn gói edXML trong cột {edxml}.",
    "To revoke, update or replace, the whole edXML message must stand in the column {edxml}.",
)


class OutboxOptions(Options):
    """The database, who we are there, and what its tables are called."""

    url: Annotated[str, AfterValidator(checked_database)]  # as SQLAlchemy writes it
    password: SecretSource | None = None
    schema_name: Perhaps = Field(default="", alias="schema")  # of the tables, where it is not the user's own
    lower_case: bool = False  # every name of a table or column in lower case, as PostgreSQL likes it
    tables: OutboxTables = OutboxTables()
    internal: frozenset[str] = frozenset()  # receivers that the agency's own system serves
    connections: int = Field(default=4, ge=1, le=10)  # kept open, and used at the same time
    bytes_max: int = Field(default=100_000_000, gt=0)  # of one file that is collected


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows of receivers that go together."""

    id: str
    document: int
    send_type: int
    receivers: tuple[str, ...]


class Adapter(AgencyAdapter):
    """Inserts what comes, reads what goes out, and marks it."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        super().__init__(options, timeout_seconds)
        self._read = read = OutboxOptions.read(options)
        password = secret("password", read.password) if read.password else ""
        self._tables = Tables(read.tables, read.schema_name or None, lower_case=read.lower_case)
        self._database = AgencyDatabase(read.url, password, timeout_seconds, read.connections)

    # delivering

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """Insert one message under its key, or find it there."""
        end = monotonic() + self.timeout_seconds
        try:
            try:
                return self._run(lambda connection: self._deliver(connection, outgoing), end)
            except IntegrityError as error:
                # Another attempt committed between our look and our insertion; or the table has other rules.
                found = self._run(lambda connection: self._found(connection, outgoing), end)
                return found or Retry(self._database.words(f"{self._database.peer}: {error.orig}"))
        except Stopped as stopped:
            return stopped.verdict

    def stored(self, key: str) -> bytes | None:
        """What lies under the key, in either table."""
        for table in (self._tables.documents, self._tables.answers):
            found = self._run(partial(_original, table=table, key=key))
            if found is not None:
                return found
        return None

    def _deliver(self, connection: Connection, outgoing: Outgoing) -> Outcome:
        found = self._found(connection, outgoing)
        if found is not None:
            return found
        filed = filing(outgoing.content)
        table = self._table_for(outgoing)
        row = _known(table, self._fields(outgoing, filed))
        place = connection.execute(insert(table).values(row)).inserted_primary_key
        assert place is not None
        if table is self._tables.documents:
            attachments = self._tables.attachments
            for each in filed.files:
                named = {"name": safe_name(each.name), "content_type": each.content_type or None}
                row = {"document": place[0], **named, "content": each.content}
                connection.execute(insert(attachments).values(_known(attachments, row)))
        # The commit that follows makes all of it seen at once; killed after it, the next attempt finds it.
        return Delivered(str(place[0]))

    def _found(self, connection: Connection, outgoing: Outgoing) -> Outcome | None:
        table = self._table_for(outgoing)
        query = select(*ours(table, "id", "edxml")).where(table.c.key == outgoing.key)
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if bytes(row.edxml or b"") == outgoing.content:
            return Delivered(str(row.id))
        return Retry(f"{table.name} {row.id} holds another original")

    def _table_for(self, outgoing: Outgoing) -> Table:
        return self._tables.documents if outgoing.kind == "document" else self._tables.answers

    def _fields(self, outgoing: Outgoing, filed: Filing) -> dict[str, object]:
        known: dict[str, object] = dict(values(filed))
        signer = {"signer_name": known.get("signer")}
        about: dict[str, object] = {
            "document_id": outgoing.document_id,
            "subject": outgoing.subject,
            "sender_code": outgoing.sender,
            **known,
            **signer,
            "key": outgoing.key,
            "edxml": outgoing.content,
            "direction": CAME,
            "act": filed.business_type,
            "promulgated_on": filed.promulgated_on,
            "priority": outgoing.priority,
            "code": int(filed.status_code) if filed.status_code.isdecimal() else None,
            "at": _local(filed.at) if filed.at else None,
            "received_at": _local(outgoing.accepted_at),
        }
        return about

    # collecting

    def collect(self) -> Iterator[Collected]:
        """Statuses, then documents; each is read in a transaction of its own, none is open meanwhile."""
        for look in (self._reports, self._letters):
            try:
                yield from look()
            except (Stopped, IntegrityError) as error:
                log.warning("nothing can be collected: %s", self._database.words(str(error)))

    def collected(self, key: str) -> None:
        """``IS_SENDED`` 1 and the time."""
        self._mark(key, SENT, "")

    def refused(self, key: str, reasons: Sequence[str]) -> None:
        """``IS_SENDED`` −1 and the reasons."""
        self._mark(key, REFUSED, "\n".join(reasons))

    def _mark(self, key: str, state: int, reasons: str) -> None:
        now = _local(datetime.now(UTC))
        table = self._tables.reports if key.startswith("s") else self._tables.receivers
        rows = table.c.id == int(key[1:]) if key.startswith("s") else table.c.batch == key[1:]
        # What was marked before, or by a clerk meanwhile, stays as it is.
        marked = update(table).where(rows, table.c.state == WAITS)
        row = {"state": state, "sent_at": now, "reasons": reasons or None}

        def work(connection: Connection) -> None:
            if state == SENT and "send_type" in table.c:
                late = _known(table, {**row, "reasons": SENT_ALREADY})
                connection.execute(marked.where(table.c.send_type == CANCELLED).values(late))
            connection.execute(marked.values(_known(table, row)))

        try:
            self._run(work)
        except (Stopped, IntegrityError) as error:
            # It will be collected again, and known; what comes after it must not wait.
            log.warning("%s cannot be marked: %s", key, self._database.words(str(error)))

    def _reports(self) -> Iterator[Collected]:
        for row in self._run(self._waiting_reports):
            key, code = f"s{row.id}", str(row.code if row.code is not None else "").strip().zfill(2)
            if code not in CODES or row.at is None:
                self.refused(
                    key,
                    [
                        f"Trạng thái {code} không có hoặc thiếu thời gian.",
                        f"The status {code} is none, or its time is missing.",
                    ],
                )
                continue
            at = row.at if row.at.tzinfo else row.at.replace(tzinfo=VIETNAM)
            staff, words = str(getattr(row, "staff", "") or ""), str(getattr(row, "words", "") or "")
            yield Collected(
                key=key, content=StatusReport(delivery=row.key, code=code, at=at, words=words, staff=staff)
            )

    def _waiting_reports(self, connection: Connection) -> Sequence[Row[Any]]:
        reports, documents = self._tables.reports, self._tables.documents
        query = (
            select(*ours(reports, "id", "code", "at", "words", "staff"), *ours(documents, "key"))
            .join(documents, reports.c.document == documents.c.id)
            .where(reports.c.state == WAITS, documents.c.direction == CAME)
            .order_by(reports.c.id)
            .limit(REPORTS_MAX)
        )
        return connection.execute(query).all()

    def _letters(self) -> Iterator[Collected]:
        for batch in self._run(self._batches):
            key = f"d{batch.id}"
            try:
                yield self._run(partial(self._collected, batch=batch))
            except Unfit as unfit:
                self.refused(key, unfit.reasons)
            except Stopped as stopped:
                log.warning("%s cannot be read: %s", key, stopped)

    def _batches(self, connection: Connection) -> list[_Batch]:
        """What waits, in the batches that it has by now; new rows of a document make one.

        A batch once made keeps its rows: after a crash the same document is collected, to the same receivers.
        """
        rows, documents = self._tables.receivers, self._tables.documents
        waiting = (
            select(*ours(rows, "id", "document", "send_type", "receiver", "batch"))
            .join(documents, rows.c.document == documents.c.id)
            .where(rows.c.state == WAITS, rows.c.send_type != CANCELLED, documents.c.direction == GOES)
            .order_by(rows.c.document, rows.c.id)
        )
        new: dict[tuple[int, int], str] = {}
        for row in connection.execute(waiting).all():
            if not row.batch and row.receiver not in self._read.internal:
                batch = new.setdefault((row.document, row.send_type), uuid4().hex)
                mine = update(rows).where(
                    rows.c.id == row.id, (rows.c.batch.is_(None)) | (rows.c.batch == "")
                )
                connection.execute(mine.values(batch=batch))
        found: dict[str, list[Row[Any]]] = {}
        for row in connection.execute(waiting).all():
            if row.batch and row.receiver not in self._read.internal:
                found.setdefault(row.batch, []).append(row)
        return [
            _Batch(batch, each[0].document, each[0].send_type, tuple(row.receiver for row in each))
            for batch, each in found.items()
        ]

    def _collected(self, connection: Connection, batch: _Batch) -> Collected:
        """One document as it is to be sent; raises ``Unfit``."""
        if batch.send_type == TAKE_BACK:
            raise Unfit(NO_TAKE_BACK)
        table = self._tables.documents
        self._check_size(connection, table, table.c.id == batch.document, "edxml")
        query = select(*ours(table, *table.c.keys())).where(table.c.id == batch.document)
        found = dict(connection.execute(query).mappings().one())
        if found["edxml"] is not None:
            return Collected(key=f"d{batch.id}", content=bytes(found["edxml"]))
        if batch.send_type in CHANGES or found.get("act") in CHANGES:
            raise Unfit(tuple(each.format(edxml=table.c.edxml.name) for each in NO_CHANGE))
        if batch.send_type != NEW:
            raise Unfit((f"SEND_TYPE {batch.send_type} không có. There is no SEND_TYPE {batch.send_type}.",))
        names: dict[LetterName, str] = {
            each: table.c[each].name for each in get_args(LetterName) if each in table.c
        }
        names["receivers"] = self._tables.receivers.c.receiver.name
        fields = {each: found.get(each) for each in names} | {"receivers": "; ".join(batch.receivers)}
        return Collected(key=f"d{batch.id}", content=letter(fields, self._files(connection, batch), names))

    def _files(self, connection: Connection, batch: _Batch) -> tuple[File, ...]:
        table = self._tables.attachments
        mine = table.c.document == batch.document
        self._check_size(connection, table, mine, "content")
        query = select(*ours(table, "name", "content")).where(mine).order_by(table.c.id)
        return tuple(
            File(name=row.name, content=bytes(row.content or b"")) for row in connection.execute(query)
        )

    def _check_size(self, connection: Connection, table: Table, rows: Any, column: str) -> None:
        """Before it is read."""
        length = func.datalength if self._database.backend == "mssql" else func.length
        most = connection.execute(select(func.max(length(table.c[column]))).where(rows)).scalar()
        if most is not None and most > self._read.bytes_max:
            raise too_large(table.c[column].name, self._read.bytes_max)

    # the database

    def check(self) -> Reached | Unreachable:
        """Whether every table and column is there, and the keys are unique."""
        try:
            missing = self._run(self._tables.missing)
        except (Stopped, IntegrityError) as error:
            return Unreachable(self._database.words(str(error)))
        if missing:
            return Unreachable(self._database.words("; ".join(missing)))
        return Reached(f"{self._database.backend} {self._database.peer}")

    def close(self) -> None:
        """Close the kept connections."""
        self._database.close()

    def _run(self, work: Callable[[Connection], T], end: float | None = None) -> T:
        """In one transaction; until ``end``, or within the time limit."""
        seconds = self.timeout_seconds if end is None else max(end - monotonic(), 0.001)
        return self._database.run(work, seconds)


def _original(connection: Connection, table: Table, key: str) -> bytes | None:
    row = connection.execute(select(*ours(table, "edxml")).where(table.c.key == key)).one_or_none()
    return None if row is None else bytes(row[0] or b"")


def _known(table: Table, row: Mapping[str, object]) -> dict[str, object]:
    """What the table has columns for."""
    return {name: value for name, value in row.items() if name in table.c}


def _local(at: datetime) -> datetime:
    """As clerks' databases have it: Vietnam's time, without a zone."""
    return at.astimezone(VIETNAM).replace(tzinfo=None)
