"""Rows of the axis' interface."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from exchange.tables import Moment


def _moment(nullable: bool = False) -> Column[datetime]:
    return Column(Moment, nullable=nullable)


class AxisKeyRow(SQLModel, table=True):
    """A key with which software of one system signs its calls, for the agencies that it acts for."""

    __tablename__ = "axis_key"
    id: str = Field(primary_key=True)
    system: str = Field(index=True)
    agencies: str  # codes, space-separated
    scopes: str  # space-separated
    sealed: str  # the key itself, encrypted: a header's HMAC needs it
    created_at: datetime = Field(sa_column=_moment())
    expires_at: datetime = Field(sa_column=_moment())
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
