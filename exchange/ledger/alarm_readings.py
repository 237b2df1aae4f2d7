"""What alarms rest on, asked of the database. Each question is bounded by what is open or new."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select

from exchange.alarm_tables import PulseRow
from exchange.core.alarm_rules import (
    AccountRefusals,
    Queue,
    Undelivered,
    Unreachable,
    WitnessReading,
)
from exchange.core.delivery import FINAL, State
from exchange.core.processes import ProcessReading
from exchange.ledger import people
from exchange.ledger.claim import ATTEMPT, DELIVERY
from exchange.ledger.database import Database
from exchange.ledger.tree import CHECKPOINT, COSIGNATURE

PULSE = PulseRow.__table__  # type: ignore[attr-defined]

SILENT_KEPT = timedelta(days=2)  # what a process said that was not heard of since
ROWS_MAX = 2000  # agencies that are told of at once
_OPEN = tuple(state.value for state in State if state not in FINAL)
# Grouped by the plain column, SQLite walks its index of all receivers, instead of the few rows that are open.
_RECEIVER = DELIVERY.c.receiver.concat("")
_HEARD = ("delivered", "accepted", "refused", "available")  # verdicts of software that answered


def unreachable(database: Database, before: datetime, span: timedelta) -> list[Unreachable]:
    """Agencies for which something waits that failed ``before`` already, and whose last attempts failed.

    ``name`` is left empty. ``span`` is how long before its end a delivery may have begun.
    """
    failing = (
        select(
            _RECEIVER.label("receiver"),
            func.count(DELIVERY.c.id.distinct()).label("waiting"),
            func.min(ATTEMPT.c.started_at).label("first"),
            func.max(ATTEMPT.c.ended_at).label("last"),
        )
        .join(ATTEMPT, and_(ATTEMPT.c.delivery == DELIVERY.c.id, ATTEMPT.c.verdict == "retry"))
        .where(
            DELIVERY.c.state.in_((State.READY.value, State.WAITING.value)),
            DELIVERY.c.cause == "attempt_failed",
            DELIVERY.c.withdrawn == "",
        )
        .group_by(_RECEIVER)
        .having(func.min(ATTEMPT.c.started_at) <= before)
        .limit(ROWS_MAX)
    )
    found = []
    with database.read() as connection:
        for row in connection.execute(failing).all():
            heard = _last_heard(connection, row.receiver, row.first - span)
            if heard is None or heard < row.last:
                found.append(
                    Unreachable(
                        agency=row.receiver,
                        name="",
                        since=row.first if heard is None else max(row.first, heard),
                        waiting=row.waiting,
                    )
                )
    return found


def _last_heard(connection: Connection, receiver: str, since: datetime) -> datetime | None:
    """When the agency's software last answered to an attempt."""
    statement = (
        select(func.max(ATTEMPT.c.ended_at))
        .join(DELIVERY, DELIVERY.c.id == ATTEMPT.c.delivery)
        .where(
            DELIVERY.c.receiver == receiver,
            DELIVERY.c.state.in_([state.value for state in State]),  # so that the index is used
            DELIVERY.c.rank_at >= since,
            ATTEMPT.c.verdict.in_(_HEARD),
        )
    )
    found: datetime | None = connection.execute(statement).scalar()
    return found


def undelivered(database: Database, now: datetime, late_hours: Sequence[float]) -> list[Undelivered]:
    """Documents that have been on their way for longer than the hours of their urgency, by agency."""
    late = (
        and_(DELIVERY.c.priority == priority, DELIVERY.c.created_at <= now - timedelta(hours=hours))
        for priority, hours in enumerate(late_hours)
    )
    statement = (
        select(
            _RECEIVER.label("receiver"),
            DELIVERY.c.priority,
            func.count().label("count_"),
            func.min(DELIVERY.c.created_at).label("since"),
        )
        .where(
            DELIVERY.c.state.in_(_OPEN), DELIVERY.c.kind == "document", DELIVERY.c.withdrawn == "", or_(*late)
        )
        .group_by(_RECEIVER, DELIVERY.c.priority)
        .order_by(func.min(DELIVERY.c.created_at))
        .limit(ROWS_MAX)
    )
    with database.read() as connection:
        return [
            Undelivered(
                agency=row.receiver, name="", priority=row.priority, count=row.count_, since=row.since
            )
            for row in connection.execute(statement)
        ]


def queue(database: Database, now: datetime, minutes: float) -> Queue:
    """What has been due for longer than these minutes, and was not attempted."""
    statement = select(func.count()).where(
        DELIVERY.c.state == State.READY.value,
        DELIVERY.c.next_attempt_at <= now - timedelta(minutes=minutes),
    )
    with database.read() as connection:
        return Queue(overdue=connection.execute(statement).scalar_one(), minutes=minutes)


def dead_letters(database: Database, since: datetime, span: timedelta) -> int:
    """Deliveries of documents that ended refused or expired since then, having begun ``span`` before at most.

    What its sender withdrew is no dead letter.
    """
    statement = select(func.count()).where(
        DELIVERY.c.state.in_((State.REFUSED.value, State.EXPIRED.value)),
        DELIVERY.c.rank_at >= since - span,
        DELIVERY.c.final_at >= since,
        DELIVERY.c.kind == "document",
        DELIVERY.c.withdrawn == "",
    )
    with database.read() as connection:
        return connection.execute(statement).scalar_one()


def witnesses(database: Database, names: Iterable[str]) -> list[WitnessReading]:
    """Since when each has not cosigned what there is."""
    found = []
    with database.read() as connection:
        for name in names:
            last = select(func.max(COSIGNATURE.c.size)).where(COSIGNATURE.c.name == name)
            size = connection.execute(last).scalar() or 0
            first = select(CHECKPOINT.c.signed_at).where(CHECKPOINT.c.size > size)
            since = connection.execute(first.order_by(CHECKPOINT.c.size).limit(1)).scalar()
            found.append(WitnessReading(name=name, behind_since=since))
    return found


def refused_sign_ins(database: Database, since: datetime) -> dict[str, int]:
    """How many sign-ins were refused since then, by the address that they came from."""
    with database.read() as connection:
        return people.refused_sign_ins(connection, since)


def account_refusals(database: Database, since: datetime) -> list[AccountRefusals]:
    """The accounts to which sign-ins were refused since then."""
    with database.read() as connection:
        found = people.refused_by_account(connection, since)
    return [AccountRefusals(login=login, count=each[0], addresses=each[1]) for login, each in found.items()]


# --- processes ---


def beat(database: Database, instance: str, reading: ProcessReading) -> None:
    """Keep what a process says of itself, and forget those that have been gone for days.

    Crash before the commit or after it: it is said again at the next beat.
    """
    values = {
        "heard_at": reading.heard_at,
        "ended": json.dumps(reading.ended),
        "contradicted": json.dumps(reading.contradicted),
        "disk_free_share": reading.disk_free_share,
    }
    who = {"process": reading.name, "role": reading.role, "host": reading.host}
    with database.write() as connection:
        connection.execute(PULSE.delete().where(PULSE.c.heard_at < reading.heard_at - SILENT_KEPT))
        said = database.insert(PULSE).values(
            instance=instance, started_at=reading.started_at, **who, **values
        )
        connection.execute(said.on_conflict_do_update(index_elements=["instance"], set_=values))


def stop(database: Database, instance: str, now: datetime) -> None:
    """A process stops as asked: it is not missed.

    Crash before the commit: it is missed, as after a kill.
    """
    with database.write() as connection:
        connection.execute(PULSE.update().where(PULSE.c.instance == instance).values(stopped_at=now))


def processes(database: Database, now: datetime, missed: timedelta) -> list[ProcessReading]:
    """What each process last said, of those that were heard within ``missed``."""
    with database.read() as connection:
        rows = connection.execute(select(PULSE).where(PULSE.c.heard_at > now - missed)).all()
    return [
        ProcessReading(
            name=row.process,
            role=row.role,
            host=row.host,
            started_at=row.started_at,
            heard_at=row.heard_at,
            stopped_at=row.stopped_at,
            ended=tuple(json.loads(row.ended)),
            contradicted=tuple(json.loads(row.contradicted)),
            disk_free_share=row.disk_free_share,
        )
        for row in rows
    ]
