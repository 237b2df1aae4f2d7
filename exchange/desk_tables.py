"""The rows of agencies that work in pages: their registers, groups of receivers, and files to be sent.

None of them is of the ledger: what was done with a document is an entry there.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from exchange.tables import Moment


def _moment(nullable: bool = False) -> Column[datetime]:
    return Column(Moment, nullable=nullable)


class IncomingRow(SQLModel, table=True):
    """One line of an agency's register of incoming documents (NĐ 30/2020, App. IV)."""

    __tablename__ = "incoming_register"
    __table_args__ = (
        UniqueConstraint("agency", "year", "number", name="incoming_number"),
        Index("incoming_agency", "agency", "arrived_at"),
    )
    delivery: str = Field(sa_column=Column(String, ForeignKey("delivery.id"), primary_key=True))
    document: str
    agency: str
    year: int  # in Vietnam, of the arrival
    number: int | None = None  # counts from 1 each year; a document that was returned has none
    arrived_at: datetime = Field(sa_column=_moment())
    sender: str
    sender_name: str
    code: str  # number and symbol
    promulgated_on: date | None = None
    type_name: str
    subject: str
    priority: int
    state: str  # the last status: 02 to 06
    assigned_to: str = ""
    assigned_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    note: str = ""  # why it was returned, or what was said last
    changed_at: datetime = Field(sa_column=_moment())
    changed_by: str  # account


class ArrivalNumberRow(SQLModel, table=True):
    """The last arrival number that an agency gave in a year."""

    __tablename__ = "arrival_number"
    agency: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int


class ReceiverGroupRow(SQLModel, table=True):
    """Receivers that an agency often writes to together."""

    __tablename__ = "receiver_group"
    __table_args__ = (UniqueConstraint("agency", "name", name="receiver_group_name"),)
    id: str = Field(primary_key=True)
    agency: str
    name: str
    members: str  # keys of agencies, between semicolons
    changed_at: datetime = Field(sa_column=_moment())


class DraftRow(SQLModel, table=True):
    """A file that was handed in and is not sent yet. ``body`` is null when its bytes lie in a file."""

    __tablename__ = "draft"
    id: str = Field(primary_key=True)
    agency: str = Field(index=True)
    account: str
    created_at: datetime = Field(sa_column=_moment())
    digest: str
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
