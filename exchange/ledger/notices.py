"""Notices: messages that go out by e-mail or webhook, each written down before it is sent.

A notice keeps its id on every attempt, so that whoever gets it twice can tell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, case, select

from exchange.alarm_tables import AlarmRow, NoticeRow, TellingRow
from exchange.core.alarms import State, Step, advance
from exchange.ids import new_id
from exchange.ledger.database import Database

NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]
TELLING = TellingRow.__table__  # type: ignore[attr-defined]
ALARM = AlarmRow.__table__  # type: ignore[attr-defined]

Channel = Literal["mail", "webhook"]
WAITING, SENT, GIVEN_UP = "waiting", "sent", "given_up"
FAULT_MAX = 300  # characters


@dataclass(frozen=True, slots=True)
class Target:
    """Where notices go: an e-mail address, or the webhook."""

    channel: Channel
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What a notice says; of a webhook's, ``body`` is JSON."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message on its way. ``attempts`` counts the one that is being made."""

    id: str
    kind: str
    target: Target
    letter: Letter
    created_at: datetime
    attempts: int


def write(connection: Connection, target: Target, kind: str, letter: Letter, at: datetime) -> str:
    """Write a notice down within the transaction of what it tells; its id."""
    id_ = new_id()
    connection.execute(
        NOTICE.insert(),
        {
            "id": id_,
            "channel": target.channel,
            "kind": kind,
            "target": target.address,
            "subject": letter.subject,
            "body": letter.body,
            "created_at": at,
            "state": WAITING,
            "attempts": 0,
            "next_attempt_at": at,
            "fault": "",
        },
    )
    return id_


def claim(
    database: Database, channel: Channel, now: datetime, next_try: Callable[[int], datetime]
) -> Notice | None:
    """The next notice to be sent now, alarms first, its attempt written down; None if none is due.

    ``next_try(attempts)`` is when it is due again if this process is never heard of. Crash before the
    commit: nothing was attempted. Crash after it: it is sent again under its id when it is due.
    """
    due = (NOTICE.c.state == WAITING, NOTICE.c.channel == channel, NOTICE.c.next_attempt_at <= now)
    first = case((NOTICE.c.kind == "alarm", 0), else_=1)
    statement = select(NOTICE).where(*due).order_by(first, NOTICE.c.created_at, NOTICE.c.id).limit(1)
    with database.read() as connection:
        row = connection.execute(statement).first()
    if row is None:
        return None
    with database.write() as connection:
        claimed = connection.execute(
            NOTICE.update()
            .where(NOTICE.c.id == row.id, NOTICE.c.attempts == row.attempts, *due)
            .values(attempts=row.attempts + 1, next_attempt_at=next_try(row.attempts + 1))
        )
    if not claimed.rowcount:  # another process was faster; it is asked for the next one at the next round
        return None
    return Notice(
        id=row.id,
        kind=row.kind,
        target=Target(channel, row.target),
        letter=Letter(row.subject, row.body),
        created_at=row.created_at,
        attempts=row.attempts + 1,
    )


def sent(database: Database, notice: str, at: datetime) -> None:
    """It has left.

    Crash before the commit, after the other side took it: it is sent once more, under the same id.
    Crash after it: never again.
    """
    told = select(TELLING.c.alarm).where(TELLING.c.notice == notice)
    with database.write() as connection:
        _end(connection, notice, SENT, "", at)
        for state in (State.RAISED, State.TOLD):
            connection.execute(
                ALARM.update()
                .where(ALARM.c.id.in_(told.scalar_subquery()), ALARM.c.state == state.value)
                .values(state=advance(state, Step.TELL).value)
            )


def failed(database: Database, notice: str, fault: str) -> None:
    """It could not be sent; the next attempt is scheduled already."""
    with database.write() as connection:
        connection.execute(NOTICE.update().where(NOTICE.c.id == notice).values(fault=fault[:FAULT_MAX]))


def give_up(database: Database, notice: str, fault: str, at: datetime) -> None:
    """It is not sent any more."""
    with database.write() as connection:
        _end(connection, notice, GIVEN_UP, fault[:FAULT_MAX], at)


def _end(connection: Connection, notice: str, state: str, fault: str, at: datetime) -> None:
    waiting = (NOTICE.c.id == notice, NOTICE.c.state == WAITING)
    connection.execute(NOTICE.update().where(*waiting).values(state=state, fault=fault, ended_at=at))


def tidy(database: Database, now: datetime, kept: timedelta) -> int:
    """Remove what ended longer ago than it is kept; how many notices."""
    old = now - kept
    over = select(ALARM.c.id).where(ALARM.c.ended_at <= old)
    with database.write() as connection:
        connection.execute(TELLING.delete().where(TELLING.c.alarm.in_(over.scalar_subquery())))
        return connection.execute(
            NOTICE.delete().where(NOTICE.c.created_at <= old, NOTICE.c.state != WAITING)
        ).rowcount
