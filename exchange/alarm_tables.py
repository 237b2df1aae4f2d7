"""The rows of alarms, of notices that go out by e-mail or webhook, and of whom they go to.

They say how things stand now and may be changed: nothing of the ledger rests on them.
"""

from datetime import datetime

from sqlalchemy import Column, Index, String, text
from sqlmodel import Field, SQLModel

from exchange.tables import Moment


def _moment(nullable: bool = False, index: bool = False) -> Column[datetime]:
    return Column(Moment, nullable=nullable, index=index)


class AlarmRow(SQLModel, table=True):
    """One cause from when it was first seen until it was over."""

    __tablename__ = "alarm"
    __table_args__ = (
        # One alarm per cause, of those that are not over.
        Index(
            "alarm_cause",
            "rule",
            "subject",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("alarm_state", "state", "ended_at"),
    )
    id: str = Field(primary_key=True)
    rule: str
    subject: str
    state: str
    since: datetime = Field(sa_column=_moment())
    facts: str  # JSON
    raised_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    gone_since: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class TellingRow(SQLModel, table=True):
    """What one who is to be told was told last of an alarm."""

    __tablename__ = "telling"
    alarm: str = Field(primary_key=True)
    target: str = Field(primary_key=True)  # an e-mail address, or "webhook"
    said: str  # "": owed
    at: datetime = Field(sa_column=_moment())
    notice: str = Field(default="", sa_column=Column(String, nullable=False, index=True))


class NoticeRow(SQLModel, table=True):
    """A message that goes out, as it is sent: written down before, and sent again under the same id."""

    __tablename__ = "notice"
    __table_args__ = (Index("notice_due", "state", "channel", "next_attempt_at"),)
    id: str = Field(primary_key=True)
    channel: str  # mail, webhook
    kind: str  # alarm, waiting, daily, oversight
    target: str = Field(index=True)
    subject: str
    body: str
    created_at: datetime = Field(sa_column=_moment(index=True))
    state: str  # waiting, sent, given_up
    attempts: int = 0
    next_attempt_at: datetime = Field(sa_column=_moment())
    ended_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    fault: str = ""


class ContactRow(SQLModel, table=True):
    """An e-mail address of an agency, and for which kinds of notices."""

    __tablename__ = "contact"
    agency: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
    kinds: str  # separated by blanks


class NoticedRow(SQLModel, table=True):
    """Up to when an agency was told of what waits for it, and when."""

    __tablename__ = "noticed"
    agency: str = Field(primary_key=True)
    up_to: datetime = Field(sa_column=_moment())
    at: datetime = Field(sa_column=_moment())


class PulseRow(SQLModel, table=True):
    """What a process last said of itself."""

    __tablename__ = "pulse"
    instance: str = Field(primary_key=True)  # a host gives the same number to several, one after another
    process: str  # host and number
    role: str  # worker, api
    host: str
    started_at: datetime = Field(sa_column=_moment())
    heard_at: datetime = Field(sa_column=_moment())
    stopped_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))  # as asked
    ended: str = "[]"  # JSON: parts that ended though nobody asked them to
    contradicted: str = "[]"  # JSON: witnesses that saw another history
    disk_free_share: float | None = None  # of the data folder's disk


class TurnRow(SQLModel, table=True):
    """When work that one process does for all was last begun."""

    __tablename__ = "turn"
    name: str = Field(primary_key=True)
    at: datetime = Field(sa_column=_moment())
