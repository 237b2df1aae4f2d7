"""The rows of what is counted. All of them follow from the sequenced ledger and can be counted anew.

They are written by counting alone (``exchange.ledger.counting``), together with how far it has come.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Index, Integer, String, text
from sqlmodel import Field, SQLModel

from exchange.tables import Moment

_WIDE = BigInteger().with_variant(Integer, "sqlite")
_UNDER_WAY = text("electronic = 'under_way'")  # few of all: found without looking at the others
_BY_KEY = {"sqlite_with_rowid": False}  # SQLite: a row is found by its key in one look


def _moment() -> Column[datetime]:
    return Column(Moment, nullable=True)


def _count() -> Column[int]:
    return Column(_WIDE, nullable=False)


class ExchangeRow(SQLModel, table=True):
    """One document on its way to one receiver, as the ledger tells up to ``counted``."""

    __tablename__ = "exchange"
    __table_args__ = (
        Index(
            "exchange_under_way",
            "receiver",
            "accepted_at",
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
        _BY_KEY,
    )
    identity: str = Field(primary_key=True)  # issuer|number/symbol|date, or the id of the document's row
    receiver: str = Field(primary_key=True)
    sender: str
    document: str  # the first row of table document that spoke of it
    sent_on: date | None = None  # the day in Vietnam; null once nothing of it is left
    accepted_at: datetime | None = Field(default=None, sa_column=_moment())
    type_name: str
    priority: int
    signed: bool
    flagged: bool  # the sender said that paper goes beside
    electronic: str  # none, under_way, delivered, refused, expired
    paper: str  # none, flagged, registered
    reason: str  # why on paper; of the newest registration
    exchange_class: str  # "" while it has none
    sent_in_time: bool | None = None
    delivered_at: datetime | None = Field(default=None, sa_column=_moment())
    noticed_at: datetime | None = Field(default=None, sa_column=_moment())  # first answer of the receiver
    registered_at: datetime | None = Field(default=None, sa_column=_moment())  # status 03 or a later one
    noticed_in_time: bool | None = None
    delivery: str  # the newest electronic one, "" of paper alone
    cause: str  # of a refusal or expiry
    copies: str  # JSON: the paper registrations that stand


class CountedDocumentRow(SQLModel, table=True):
    """What a document's exchanges add up to, so that it is counted as one without looking at them all."""

    __tablename__ = "counted_document"
    __table_args__ = (_BY_KEY,)
    identity: str = Field(primary_key=True)
    parts: str  # JSON: month, type, urgency, standing, unsigned, how many


class TallyRow(SQLModel, table=True):
    """How many exchanges or documents of a sender and month stand where; each in one of the first six."""

    __tablename__ = "tally"
    __table_args__ = (_BY_KEY,)
    month: int = Field(primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    facet: str = Field(primary_key=True)  # all, pair, pair_quarter, pair_year, receiver, type, urgency
    sender: str = Field(primary_key=True)
    value: str = Field(primary_key=True)  # "", receiver, type name, 0..4
    unit: str = Field(primary_key=True)  # exchanges, documents
    electronic: int = Field(sa_column=_count())
    with_paper: int = Field(sa_column=_count())
    paper: int = Field(sa_column=_count())
    under_way: int = Field(sa_column=_count())
    refused: int = Field(sa_column=_count())
    expired: int = Field(sa_column=_count())
    unsigned: int = Field(sa_column=_count())  # of the electronic ones, without a valid signature
    sent_on_time: int = Field(sa_column=_count())  # these four of exchanges alone
    sent_late: int = Field(sa_column=_count())
    noticed_on_time: int = Field(sa_column=_count())
    noticed_late: int = Field(sa_column=_count())


class DurationHistogramRow(SQLModel, table=True):
    """How many exchanges took how long: all buckets of ``exchange.core.quantiles`` in one row."""

    __tablename__ = "duration_histogram"
    __table_args__ = (_BY_KEY,)
    month: int = Field(primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    facet: str = Field(
        primary_key=True
    )  # all, sender, receiver, and these by year: sender_year, receiver_year
    value: str = Field(primary_key=True)  # "", an agency's key
    step: str = Field(primary_key=True)  # accepted_delivered, delivered_registered
    buckets: str  # JSON: exchanges by bucket, from bucket 0 on; the last one is not 0


class CauseTallyRow(SQLModel, table=True):
    """How many exchanges stand refused or expired, by cause."""

    __tablename__ = "cause_tally"
    __table_args__ = (_BY_KEY,)
    month: int = Field(primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    sender: str = Field(primary_key=True)
    receiver: str = Field(primary_key=True)
    event: str = Field(primary_key=True)  # refused, expired
    cause: str = Field(primary_key=True)
    exchanges: int = Field(sa_column=_count())


class PaperReportRow(SQLModel, table=True):
    """What an agency told of its paper in a month. Without a row, or with zeros, it has not reported."""

    __tablename__ = "paper_report"
    __table_args__ = (_BY_KEY,)
    agency: str = Field(primary_key=True)
    month: int = Field(primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    registrations: int = Field(sa_column=_count())  # copies that stand
    none_declared: int = Field(sa_column=_count())  # declarations that stand: none was sent


class CountedRow(SQLModel, table=True):
    """One row: the counters stand for exactly the leaves [0, ``leaves``)."""

    __tablename__ = "counted"
    id: int = Field(primary_key=True)
    leaves: int = Field(sa_column=_count())
    rules: str = Field(sa_column=Column(String, nullable=False))  # digest of what was judged by
    recount_begun_at: datetime | None = Field(default=None, sa_column=_moment())  # the newest one
    recounted_at: datetime | None = Field(default=None, sa_column=_moment())  # the newest that ended
    recounted_leaves: int = Field(default=0, sa_column=_count())
    differences: int = Field(default=0, sa_column=_count())  # that it found; none is as it should be
