"""The tables of a database outbox: the scheme of Viettel VOffice, under whatever names a database has it.

Standing in the options: each name is one identifier of the database, written there as it is here, quoted.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    Label,
    LargeBinary,
    MetaData,
    Table,
    Unicode,
    UnicodeText,
    inspect,
)
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.sql.elements import quoted_name

_IDENTIFIER: Final = r"[A-Za-z_][A-Za-z0-9_$#]{0,127}"
Name = Annotated[str, Field(pattern=rf"^{_IDENTIFIER}$")]
Perhaps = Annotated[str, Field(pattern=rf"^({_IDENTIFIER})?$")]  # "": the database has no such column

_TYPES: Final[dict[str, Any]] = {
    **dict.fromkeys(("id", "document"), BigInteger().with_variant(Integer(), "sqlite")),
    **dict.fromkeys(("direction", "act", "priority", "state", "send_type", "code"), Integer()),
    **dict.fromkeys(("edxml", "content"), LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")),
    **dict.fromkeys(("received_at", "sent_at", "at"), DateTime()),
    **dict.fromkeys(("subject", "receivers", "words", "reasons"), UnicodeText()),
    "promulgated_on": Date(),
}


class _Names(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    table: Name

    def columns(self) -> Iterator[tuple[str, str]]:
        """Our name and theirs, of those that there are."""
        for ours in type(self).model_fields:
            if ours != "table" and getattr(self, ours):
                yield ours, getattr(self, ours)


class DocumentNames(_Names):
    """Documents that came (``direction`` 1) and that go out (2)."""

    table: Name = "CONNECT_DOCUMENT"
    id: Name = "ID"  # given by the database
    key: Name = "MESSAGE_KEY"  # unique; empty in documents that go out
    direction: Name = "CONNECT_TYPE"
    edxml: Name = "EDXML"  # what came, unchanged; of what goes out, a whole message, or NULL
    act: Perhaps = "BUSSINESS_DOC_TYPE"
    document_id: Perhaps = "DOCUMENT_ID"
    number: Name = "DOCUMENT_NUMBER"
    notation: Name = "DOCUMENT_SYMBOL"
    promulgated_on: Name = "PUBLISH_DATE"
    type_name: Perhaps = "DOCUMENT_TYPE"
    subject: Name = "DOCUMENT_ABSTRACT"
    sender_code: Perhaps = "SENDER_CODE"
    sender_name: Perhaps = "SENDER_NAME"
    receivers: Perhaps = "RECEIVER_CODES"
    priority: Perhaps = "PRIORITY"
    place: Perhaps = "PLACE"
    signer_position: Perhaps = "SIGNER_POSITION"
    signer_name: Perhaps = "SIGNER_NAME"
    received_at: Perhaps = "CREATE_DATE"


class AttachmentNames(_Names):
    """The files of documents, decoded."""

    table: Name = "CONNECT_ATTACHMENT"
    id: Name = "ID"
    document: Name = "CONNECT_DOCUMENT_ID"
    name: Name = "FILE_NAME"
    content_type: Perhaps = "FILE_TYPE"
    content: Name = "FILE_CONTENT"


class ReceiverNames(_Names):
    """One row for each receiver of a document that goes out."""

    table: Name = "CONNECT_DOC_OUT_DETAIL"
    id: Name = "ID"
    document: Name = "CONNECT_DOCUMENT_ID"
    receiver: Name = "RECEIVER_CODE"
    state: Name = "IS_SENDED"
    send_type: Name = "SEND_TYPE"
    batch: Name = "SEND_BATCH"  # ours: which rows went together
    sent_at: Perhaps = "SEND_DATE"
    reasons: Perhaps = "ERROR_MESSAGE"


class ReportNames(_Names):
    """Statuses that the agency reports of documents that came."""

    table: Name = "CONNECT_PROCESS_IN"
    id: Name = "ID"
    document: Name = "CONNECT_DOCUMENT_ID"
    code: Name = "STATUS_CODE"
    at: Name = "PROCESS_DATE"
    words: Perhaps = "DESCRIPTION"
    staff: Perhaps = "STAFF_NAME"
    state: Name = "IS_SENDED"
    sent_at: Perhaps = "SEND_DATE"
    reasons: Perhaps = "ERROR_MESSAGE"


class AnswerNames(_Names):
    """What came about documents that went out: statuses of receivers, receipts of the broker."""

    table: Name = "CONNECT_PROCESS_OUT"
    id: Name = "ID"
    key: Name = "MESSAGE_KEY"  # unique
    edxml: Name = "EDXML"
    document_id: Perhaps = "DOCUMENT_ID"
    sender_code: Perhaps = "SENDER_CODE"
    code: Perhaps = "STATUS_CODE"
    words: Perhaps = "DESCRIPTION"
    at: Perhaps = "PROCESS_DATE"
    received_at: Perhaps = "CREATE_DATE"


class OutboxTables(BaseModel):
    """All of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    documents: DocumentNames = DocumentNames()
    attachments: AttachmentNames = AttachmentNames()
    receivers: ReceiverNames = ReceiverNames()
    reports: ReportNames = ReportNames()
    answers: AnswerNames = AnswerNames()


class Tables:
    """The same as SQLAlchemy knows them; columns have our names as their keys."""

    def __init__(self, names: OutboxTables, schema: str | None, *, lower_case: bool) -> None:
        self.metadata = MetaData()

        def table(given: _Names) -> Table:
            return _table(self.metadata, given, schema, lower_case=lower_case)

        self.documents = table(names.documents)
        self.attachments = table(names.attachments)
        self.receivers = table(names.receivers)
        self.reports = table(names.reports)
        self.answers = table(names.answers)

    def missing(self, connection: Connection) -> list[str]:
        """The tables and columns that the database has not, and keys that are not unique there; in words."""
        found = inspect(connection)
        missing = []
        for table in self.metadata.sorted_tables:
            if not found.has_table(table.name, table.schema):
                missing.append(f"no table {table.name}")
                continue
            there = {str.lower(each["name"]) for each in found.get_columns(table.name, table.schema)}
            missing += [
                f"{table.name} has no column {each.name}"
                for each in table.c
                if str.lower(each.name) not in there
            ]
            if "key" in table.c and not _is_unique(found, table, table.c.key.name):
                missing.append(f"{table.name}.{table.c.key.name} is not unique")
        return missing


def _table(metadata: MetaData, names: _Names, schema: str | None, *, lower_case: bool) -> Table:
    def quoted(name: str) -> quoted_name:
        return quoted_name(name.lower() if lower_case else name, True)

    columns: list[Column[Any]] = [
        Column(
            quoted(theirs),
            _TYPES.get(ours, Unicode(255)),
            key=ours,
            primary_key=ours == "id",
            unique=ours == "key" or None,
        )
        for ours, theirs in names.columns()
    ]
    return Table(
        quoted(names.table), metadata, *columns, schema=quoted_name(schema, True) if schema else None
    )


def ours(table: Table, *names: str) -> list[Label[Any]]:
    """Columns under our names, of those that there are."""
    return [table.c[name].label(name) for name in names if name in table.c]


def _is_unique(found: Any, table: Table, column: str) -> bool:
    unique = [each["column_names"] for each in found.get_unique_constraints(table.name, table.schema)]
    indexes = found.get_indexes(table.name, table.schema)
    unique += [each["column_names"] for each in indexes if each["unique"]]
    unique.append(found.get_pk_constraint(table.name, table.schema)["constrained_columns"])
    # ``str.lower``: quoted names keep their letters, and databases differ in how they give them back.
    return any([str.lower(name) for name in each if name] == [str.lower(column)] for each in unique)
