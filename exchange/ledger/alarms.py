"""Alarms as rows: what is open, what one look changes, and what is to be told to whom."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select

from exchange.alarm_tables import AlarmRow, TellingRow, TurnRow
from exchange.core import alarms
from exchange.core.alarm_rules import Judged
from exchange.core.alarm_texts import describe
from exchange.core.alarms import OPEN, Alarm, Cause, Rule, Said, Severity, State, Timing, Told, severity
from exchange.ids import new_id
from exchange.ledger.database import Database
from exchange.ledger.notices import NOTICE, Letter, Target, write

ALARM = AlarmRow.__table__  # type: ignore[attr-defined]
TELLING = TellingRow.__table__  # type: ignore[attr-defined]
TURN = TurnRow.__table__  # type: ignore[attr-defined]

OPEN_MAX = 1000
_OPEN = tuple(state.value for state in OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlarm:
    """An alarm that is raised and not over, for people: times are UTC."""

    id: str
    rule: Rule
    subject: str
    """The agency, certificate, witness, process, …; "" where there is but one."""
    severity: Severity
    told: bool
    """Whether a message that says so has left."""
    since: datetime
    """When the cause was first seen."""
    raised_at: datetime
    gone_since: datetime | None
    """Since when the cause no longer holds: it will be over soon."""
    title_vi: str
    title_en: str
    detail_vi: str
    detail_en: str
    remedy_vi: str
    remedy_en: str


def open_alarms(connection: Connection) -> tuple[OpenAlarm, ...]:
    """All that are open, the critical first, then the newest; at most ``OPEN_MAX``."""
    newest = _alarms(ALARM.c.state.in_(_OPEN)).order_by(ALARM.c.raised_at.desc()).limit(OPEN_MAX)
    rows = connection.execute(newest)
    found = [_open(row.id, _alarm(row)) for row in rows]
    return tuple(sorted(found, key=lambda each: each.severity is not Severity.CRITICAL))


def ended_alarms(connection: Connection, most: int) -> list[tuple[OpenAlarm, datetime]]:
    """The last that are over, the newest first, and when each was."""
    rows = connection.execute(
        _alarms(ALARM.c.state == State.ENDED.value).order_by(ALARM.c.ended_at.desc()).limit(most)
    )
    return [(_open(row.id, _alarm(row)), row.ended_at) for row in rows]


def count_open(database: Database) -> dict[str, int]:
    """How many are open, by rule."""
    opened = select(ALARM.c.rule, func.count().label("open")).where(ALARM.c.state.in_(_OPEN))
    statement = opened.group_by(ALARM.c.rule)
    with database.read() as connection:
        return {row.rule: row.open for row in connection.execute(statement)}


def open_causes(database: Database) -> frozenset[Cause]:
    """The causes of all that are open."""
    statement = select(ALARM.c.rule, ALARM.c.subject).where(ALARM.c.state.in_(_OPEN))
    with database.read() as connection:
        return frozenset(Cause(Rule(row.rule), row.subject) for row in connection.execute(statement))


def take_turn(database: Database, name: str, now: datetime, every: timedelta) -> bool:
    """Whether the caller is the one of all processes that does ``name`` now; no sooner than ``every``.

    Crash after the commit: the work is left out this time, and done at the next turn.
    """
    # A clock that was set back must not keep everybody from it.
    free = or_(TURN.c.at <= now - every, TURN.c.at > now + every)
    if not _is_free(database, name, now, every):
        return False
    with database.write() as connection:
        taken = connection.execute(TURN.update().where(TURN.c.name == name, free).values(at=now))
        if taken.rowcount:
            return True
        first = database.insert(TURN).values(name=name, at=now).on_conflict_do_nothing()
        return connection.execute(first.returning(TURN.c.name)).first() is not None


def _is_free(database: Database, name: str, now: datetime, every: timedelta) -> bool:
    # A look costs no write lock.
    with database.read() as connection:
        last = connection.execute(select(TURN.c.at).where(TURN.c.name == name)).scalar()
    return last is None or not now - every < last <= now + every


# --- one look ---


@dataclass(frozen=True, slots=True)
class Changes:
    """What one look raised and ended."""

    raised: tuple[Alarm, ...] = ()
    ended: tuple[Alarm, ...] = ()


def observe(
    database: Database, judged: Judged, *, at: datetime, timing: Timing, targets: Collection[str]
) -> Changes:
    """Take in what holds; what is raised is owed to each of ``targets``.

    Crash before the commit: the next look does it. Crash after it: raised or over, and owed.
    """
    if not judged.holds and not _any(database):
        return Changes()
    with database.write() as connection:
        rows = connection.execute(_alarms(ALARM.c.ended_at.is_(None)).with_for_update())
        before = {row.id: _alarm(row) for row in rows}
        after = {
            id_: alarms.observe(alarm, judged.holds.get(alarm.cause), at, timing)
            for id_, alarm in before.items()
            if alarm.cause.rule not in judged.unknown
        }
        _save(connection, {id_: alarm for id_, alarm in after.items() if alarm != before[id_]})
        known = {alarm.cause for alarm in before.values()}
        new = {
            new_id(): alarms.seen(cause, facts, at, timing)
            for cause, facts in judged.holds.items()
            if cause not in known
        }
        if new:
            inserted = database.insert(ALARM).on_conflict_do_nothing()
            connection.execute(inserted, [{"id": id_, **_values(alarm)} for id_, alarm in new.items()])
        raised = {
            id_: alarm for id_, alarm in {**after, **new}.items() if _became(State.RAISED, alarm, before, id_)
        }
        _owe(connection, raised, targets, at)
    ended = (alarm for id_, alarm in after.items() if _became(State.ENDED, alarm, before, id_))
    return Changes(tuple(raised.values()), tuple(ended))


def _any(database: Database) -> bool:
    with database.read() as connection:
        return connection.execute(_alarms(ALARM.c.ended_at.is_(None)).limit(1)).first() is not None


def _became(state: State, alarm: Alarm, before: dict[str, Alarm], id_: str) -> bool:
    return alarm.state is state and (id_ not in before or before[id_].state is not state)


def _save(connection: Connection, changed: dict[str, Alarm]) -> None:
    passed = [id_ for id_, alarm in changed.items() if alarm.state is State.PASSED]
    if passed:
        connection.execute(ALARM.delete().where(ALARM.c.id == bindparam("id_")), [{"id_": i} for i in passed])
    kept = [
        {"id_": id_, **{f"{name}_": value for name, value in _values(alarm).items()}}
        for id_, alarm in changed.items()
        if alarm.state is not State.PASSED
    ]
    if kept:
        columns: dict[str, Any] = {name: bindparam(f"{name}_") for name in _CHANGING}
        connection.execute(ALARM.update().where(ALARM.c.id == bindparam("id_")).values(columns), kept)


def _owe(connection: Connection, raised: Iterable[str], targets: Collection[str], at: datetime) -> None:
    rows = [
        {"alarm": id_, "target": target, "said": Said.NOTHING.value, "at": at, "notice": ""}
        for id_ in raised
        for target in targets
    ]
    if rows:
        connection.execute(TELLING.insert(), rows)


# --- telling ---

Compose = Callable[[Sequence[tuple[str, Alarm, Said]]], Letter]


def tell(
    database: Database, target: Target, *, at: datetime, timing: Timing, every: timedelta, compose: Compose
) -> str | None:
    """Write down the message that says to ``target`` all that is to be said now; its id, None if nothing is.

    No sooner than ``every`` after the last one, and not while one waits to be sent: what comes meanwhile
    goes into the next one. Crash before the commit: nothing was said. Crash after it: it is sent.
    """
    if not _due(database, target, at, timing, every):
        return None
    with database.write() as connection:
        due = _to_tell(connection, target, at, timing, every)
        if not due:
            return None
        notice = write(connection, target, "alarm", compose(due), at)
        for id_, _, said in due:
            values = {"said": said.value, "at": at, "notice": notice}
            told = database.insert(TELLING).values(alarm=id_, target=target.address, **values)
            connection.execute(told.on_conflict_do_update(index_elements=["alarm", "target"], set_=values))
    return notice


def _due(database: Database, target: Target, at: datetime, timing: Timing, every: timedelta) -> bool:
    with database.read() as connection:
        return bool(_to_tell(connection, target, at, timing, every))


def _to_tell(
    connection: Connection, target: Target, at: datetime, timing: Timing, every: timedelta
) -> list[tuple[str, Alarm, Said]]:
    if _busy(connection, target, at, every):
        return []
    return alarms.to_tell(_known_to(connection, target), at, timing)


def _busy(connection: Connection, target: Target, at: datetime, every: timedelta) -> bool:
    lately = and_(NOTICE.c.created_at > at - every, NOTICE.c.created_at <= at)
    statement = select(NOTICE.c.id).where(
        NOTICE.c.target == target.address, NOTICE.c.kind == "alarm", or_(NOTICE.c.state == "waiting", lately)
    )
    return connection.execute(statement.limit(1)).first() is not None


def _known_to(connection: Connection, target: Target) -> list[tuple[str, Alarm, Told | None]]:
    mine = and_(TELLING.c.alarm == ALARM.c.id, TELLING.c.target == target.address)
    owed = and_(ALARM.c.state == State.ENDED.value, TELLING.c.said != Said.ENDED.value)
    statement = (
        select(ALARM, TELLING.c.said, TELLING.c.at.label("said_at"))
        .outerjoin(TELLING, mine)
        .where(or_(ALARM.c.state.in_(_OPEN), owed))
        .order_by(ALARM.c.raised_at)
    )
    return [
        (row.id, _alarm(row), None if row.said is None else Told(said=Said(row.said), at=row.said_at))
        for row in connection.execute(statement)
    ]


# --- rows ---


def _alarms(*conditions: Any) -> Select[Any]:
    return select(ALARM).where(*conditions)


_CHANGING = ("state", "facts", "raised_at", "gone_since", "ended_at")


def _values(alarm: Alarm) -> dict[str, object]:
    return {
        "rule": alarm.cause.rule.value,
        "subject": alarm.cause.subject,
        "state": alarm.state.value,
        "since": alarm.since,
        "facts": orjson.dumps(dict(alarm.facts)).decode(),
        "raised_at": alarm.raised_at,
        "gone_since": alarm.gone_since,
        "ended_at": alarm.ended_at,
    }


def _alarm(row: Any) -> Alarm:
    return Alarm(
        cause=Cause(Rule(row.rule), row.subject),
        state=State(row.state),
        since=row.since,
        facts=orjson.loads(row.facts),
        raised_at=row.raised_at,
        gone_since=row.gone_since,
        ended_at=row.ended_at,
    )


def _open(id_: str, alarm: Alarm) -> OpenAlarm:
    described = describe(alarm.cause.rule, alarm.facts)
    assert alarm.raised_at is not None
    return OpenAlarm(
        id=id_,
        rule=alarm.cause.rule,
        subject=alarm.cause.subject,
        severity=severity(alarm.cause.rule),
        told=alarm.state is State.TOLD,
        since=alarm.since,
        raised_at=alarm.raised_at,
        gone_since=alarm.gone_since,
        title_vi=described.title.vi,
        title_en=described.title.en,
        detail_vi=described.detail.vi,
        detail_en=described.detail.en,
        remedy_vi=described.remedy.vi,
        remedy_en=described.remedy.en,
    )
