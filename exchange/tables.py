"""The rows: what the database holds, and nothing else.

Times are microseconds since 1970 UTC in the database, aware datetimes outside. No row reaches the core.
"""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC: exact, sortable, equal on every engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Refuse a naive datetime: it has no moment."""
        if value is None:
            return None
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the moment back in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


def _moment(nullable: bool = False) -> Column[datetime]:
    return Column(Moment, nullable=nullable)


# Integer on SQLite, where only that is the row's own number and grows by itself; BIGINT on PostgreSQL.
_WIDE = BigInteger().with_variant(Integer, "sqlite")


def _index(name: str, condition: str, *columns: str) -> Index:
    """An index over the rows alone of which the condition holds."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


_SEARCHED = "kind IN ('document', 'paper')"  # what people look for


def _key(kind: TypeEngine[int] = _WIDE) -> Column[int]:
    """A number that is given, not chosen by the database."""
    return Column(kind, primary_key=True, autoincrement=False)


class AgencyRow(SQLModel, table=True):
    """One agency, under the code that is its key; name, level and parent are the newest."""

    __tablename__ = "agency"
    code: str = Field(primary_key=True)
    name: str
    level: str
    parent: str = ""
    valid_from: date
    valid_to: date | None = None
    successor: str = ""  # keys between semicolons
    adapter: str = ""
    options: str = "{}"  # JSON
    document_bytes_max: int | None = None
    attachment_types: str = ""  # between semicolons; empty: all
    unsigned_until: date | None = None


class FormerRow(SQLModel, table=True):
    """What an agency was called and where it stood until a day."""

    __tablename__ = "former"
    agency: str = Field(primary_key=True)
    until: date = Field(primary_key=True)
    name: str
    level: str
    parent: str = ""


class ClosingRow(SQLModel, table=True):
    """What a plan says of the documents that wait at an agency on the day from which on it is closed."""

    __tablename__ = "closing"
    agency: str = Field(primary_key=True)
    day: date
    waiting: str
    note: str = ""


class AliasRow(SQLModel, table=True):
    """Another code of an agency, valid for some time."""

    __tablename__ = "alias"
    id: int | None = Field(default=None, primary_key=True)
    agency: str = Field(index=True)
    code: str
    form: str
    valid_from: date
    valid_to: date | None = None


class CertificateRow(SQLModel, table=True):
    """A certificate registered for an agency; its chain was checked when it was registered."""

    __tablename__ = "certificate"
    fingerprint: str = Field(primary_key=True)  # SHA-256 of the DER, hex
    agency: str = Field(index=True)
    der: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    valid_from: datetime = Field(sa_column=_moment())
    valid_to: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class TokenRow(SQLModel, table=True):
    """A bearer token of an agency; only its hash is kept."""

    __tablename__ = "token"
    id: str = Field(primary_key=True)
    agency: str = Field(index=True)
    hash: str = Field(unique=True)  # SHA-256 of the token, hex
    scopes: str  # space-separated
    created_at: datetime = Field(sa_column=_moment())
    expires_at: datetime = Field(sa_column=_moment())
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class DirectoryVersionRow(SQLModel, table=True):
    """Rows that are raised with every change: 1 of directory, certificates or tokens, 2 of verdicts."""

    __tablename__ = "directory_version"
    id: int = Field(primary_key=True)
    version: int


class PayloadRow(SQLModel, table=True):
    """Bytes by their digest. ``body`` is null when they lie in a file."""

    __tablename__ = "payload"
    digest: str = Field(primary_key=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class DocumentRow(SQLModel, table=True):
    """One accepted message: an agency's document, its status message, or the broker's receipt."""

    __tablename__ = "document"
    __table_args__ = (
        # Promise 5: one acceptance per sender and document id, for ever. A revocation may carry the id
        # of the document that it revokes, so the kind of business is part of the key.
        UniqueConstraint("document_id", "sender", "business_type", name="document_key"),
        # Exactly one receipt per final status, and one acceptance per document.
        UniqueConstraint("receipt_of", name="document_receipt_of"),
        _index("document_paper", "kind = 'paper'", "sender", "id"),
        _index("document_accepted", _SEARCHED, "accepted_at"),
        _index("document_sender", _SEARCHED, "sender", "accepted_at"),
        _index("document_number", _SEARCHED, "number", "accepted_at"),
    )
    id: str = Field(primary_key=True)
    kind: str  # document, status, receipt; paper (what was registered), act (of a person)
    sender: str
    document_id: str
    digest: str = Field(foreign_key="payload.digest", index=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    accepted_at: datetime = Field(sa_column=_moment())
    subject: str = ""
    priority: int = 0
    second_key: str | None = Field(default=None, index=True)  # issuer, number, symbol and date; warns only
    number: str = ""
    notation: str = ""
    promulgated_on: date | None = None
    type_name: str = ""
    business_type: int = 0
    earlier: str = "[]"  # JSON list of DocumentIds that this one revokes, updates or replaces
    paper: bool = False
    signed: bool = True
    certificate: str = ""
    signer: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    copies: int | None = None
    about: str | None = Field(default=None, index=True)  # what a receipt or a status speaks of
    receipt_kind: str = ""
    receipt_of: str | None = None  # the delivery that ended, or the document that was accepted


class DeliveryRow(SQLModel, table=True):
    """One document on its way to one receiver."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("document", "receiver", "round", name="delivery_key"),
        Index("delivery_ready", "state", "rank_at"),
        Index("delivery_due", "state", "next_attempt_at"),
        Index("delivery_expiry", "state", "expires_at"),
        Index("delivery_receiver", "receiver", "state", "rank_at"),
        _index("delivery_to", "kind = 'document'", "receiver", "created_at"),
        _index("delivery_open", "kind = 'document' AND state <> 'delivered'", "state", "created_at"),
    )
    id: str = Field(primary_key=True)
    document: str = Field(foreign_key="document.id")
    kind: str  # as the document's, so that one index answers
    receiver: str
    addressed_as: str  # the code by which the sender named the receiver
    forwarded_from: str = ""
    round: int = 1  # 2.. for a dead letter that was sent again
    state: str
    priority: int
    rank_at: datetime = Field(sa_column=_moment())
    attempts: int = 0
    next_attempt_at: datetime = Field(sa_column=_moment())
    expires_at: datetime = Field(sa_column=_moment())
    lease: str = ""
    created_at: datetime = Field(sa_column=_moment())
    final_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    cause: str = ""  # stable code of why it is where it is
    reason: str = ""  # the same in words
    reference: str = ""  # the receiver's own mark
    # Why it must not go out any more, even where somebody is at it now or an administrator asks for it.
    withdrawn: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    # The receiver's status that proves that it has the document, reported after something may have left.
    proven: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    business: str = "none"
    take_back: str = "none"


class AttemptRow(SQLModel, table=True):
    """One try, written down before it is made."""

    __tablename__ = "attempt"
    delivery: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    started_at: datetime = Field(sa_column=_moment())
    ended_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    verdict: str = ""
    reason: str = ""


class StatusRow(SQLModel, table=True):
    """One business status, as reported, in order of arrival; repeated and late ones too."""

    __tablename__ = "status"
    id: int | None = Field(default=None, sa_column=Column(Integer, primary_key=True, autoincrement=True))
    delivery: str = Field(index=True)
    code: str
    reported_by: str  # agency code, or the broker's name for 01 by itself
    reported_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    received_at: datetime = Field(sa_column=_moment())
    message: str | None = None  # the signed status message; null where the broker reports
    description: str = ""
    expected: bool = True  # a legal next step when it came


class EntryRow(SQLModel, table=True):
    """The ledger. The database itself refuses to change or delete what stands here."""

    __tablename__ = "entry"
    __table_args__ = (CheckConstraint("event <> ''", name="entry_event"),)
    id: int | None = Field(default=None, sa_column=Column(_WIDE, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_column=_moment())
    event: str
    document: str = Field(sa_column=Column(Text, ForeignKey("document.id"), nullable=False, index=True))
    delivery: str | None = None
    agency: str = ""  # whose act or whose state this is
    exchange_class: str = ""  # electronic, electronic_with_paper; on the entries that count
    body: str = "{}"  # canonical JSON
    salt: str = ""  # of what the leaf commits to, hex; empty once the entry is erased


class LeafRow(SQLModel, table=True):
    """An entry's place in the ledger's tree, for ever, and what the tree holds of it."""

    __tablename__ = "leaf"
    index: int = Field(sa_column=_key())
    entry: int = Field(sa_column=Column(_WIDE, ForeignKey("entry.id"), nullable=False, unique=True))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TileRow(SQLModel, table=True):
    """Up to 256 hashes of the tree, one behind the other (C2SP tlog-tiles); it grows at its end alone."""

    __tablename__ = "tile"
    level: int = Field(sa_column=_key(Integer()))
    number: int = Field(sa_column=_key())
    hashes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CheckpointRow(SQLModel, table=True):
    """The tree as it was published: how many leaves, under which root, in a note that the broker signed."""

    __tablename__ = "checkpoint"
    size: int = Field(sa_column=_key())
    root: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    note: str  # C2SP signed note, with the log's own signature alone
    signed_at: datetime = Field(sa_column=_moment())


class CosignatureRow(SQLModel, table=True):
    """A witness's signature line under a checkpoint: it saw it, and none that contradicts it."""

    __tablename__ = "cosignature"
    size: int = Field(
        sa_column=Column(_WIDE, ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False)
    )
    name: str = Field(primary_key=True)  # of the witness's key
    line: str
    at: datetime = Field(sa_column=_moment())  # as the witness says


class StampRow(SQLModel, table=True):
    """A time-stamp (RFC 3161) of a checkpoint: it existed then, and every entry below it."""

    __tablename__ = "stamp"
    size: int = Field(
        sa_column=Column(_WIDE, ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False)
    )
    token: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    authority: str  # who stamped, as the token names it
    stamped_at: datetime = Field(sa_column=_moment())
    asked_at: datetime = Field(sa_column=_moment())


class SequencedRow(SQLModel, table=True):
    """One row: up to which entry sequencing has to look no more. Of use to that alone, and can be set to 0.

    A server may show entries out of the order of their ids: what is not committed yet is not seen.
    """

    __tablename__ = "sequenced"
    id: int = Field(primary_key=True)
    floor: int = Field(sa_column=Column(_WIDE, nullable=False))  # up to it every entry has its leaf
    reached: int = Field(sa_column=Column(_WIDE, nullable=False))  # the floor when, on a server, all
    transaction_id: int = Field(sa_column=Column(BigInteger, nullable=False))  # before this one are over


class RevocationEvidenceRow(SQLModel, table=True):
    """A CRL or OCSP answer as a CA gave it, each kept for ever: what was known at any time can be seen."""

    __tablename__ = "revocation_evidence"
    id: int | None = Field(default=None, sa_column=Column(_WIDE, primary_key=True, autoincrement=True))
    digest: str = Field(unique=True)  # SHA-256 of the DER, hex
    kind: str  # crl, ocsp
    url: str  # where it was found
    certificate: str = Field(index=True)  # fingerprint of the one that an OCSP answer speaks of; "": a CRL
    issuer: str = Field(index=True)  # fingerprint of the CA's certificate
    this_update: datetime = Field(sa_column=_moment())
    next_update: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    der: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    fetched_at: datetime = Field(sa_column=_moment())


class RevocationSourceRow(SQLModel, table=True):
    """Where a CA or a time-stamping authority is asked, and when next; it can be emptied."""

    __tablename__ = "revocation_source"
    url: str = Field(primary_key=True)
    certificate: str = Field(primary_key=True)  # fingerprint of the one that is asked about; "": a CRL
    due_at: datetime = Field(sa_column=_moment())
    failures: int = 0  # since the last answer
    fault: str = ""  # why the last question had no answer


class VerdictRow(SQLModel, table=True):
    """What is known of a registered certificate, by the newest evidence; can be worked out anew."""

    __tablename__ = "verdict"
    certificate: str = Field(primary_key=True)  # fingerprint
    status: str
    reason_en: str
    reason_vi: str
    checked_at: datetime = Field(sa_column=_moment())
    as_of: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    good_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    cause: str = ""


class FindingRow(SQLModel, table=True):
    """What was found out about one attachment of a document, or (position 0) about all of them together."""

    __tablename__ = "finding"
    document: str = Field(primary_key=True, foreign_key="document.id")
    position: int = Field(primary_key=True)
    at: datetime = Field(sa_column=_moment())
    digest: str = ""  # SHA-256 of the file, hex; "" where it could not be taken out, and at position 0
    body: str = "{}"  # JSON of exchange.core.pdf_findings
