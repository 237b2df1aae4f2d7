"""Whom agencies have to be told by e-mail, of what, and what there is to tell them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from exchange.alarm_tables import ContactRow, NoticedRow, TurnRow
from exchange.core.delivery import FINAL, State
from exchange.core.notices import Kind, Late, Waiting
from exchange.ledger.claim import DELIVERY, DOCUMENT
from exchange.ledger.database import Database
from exchange.ledger.notices import Letter, Target, write

CONTACT = ContactRow.__table__  # type: ignore[attr-defined]
NOTICED = NoticedRow.__table__  # type: ignore[attr-defined]
TURN = TurnRow.__table__  # type: ignore[attr-defined]

CONTACTS_MAX = 10  # addresses of one agency
WAITING_MAX = 500  # agencies told in one round
LATE_MAX = 50_000  # deliveries of one day's lists
DAILY = "daily"
_OPEN = tuple(state.value for state in State if state not in FINAL)


class TooManyContacts(Exception):
    """The agency has as many addresses as it may have."""


@dataclass(frozen=True, slots=True)
class Contact:
    """An e-mail address of an agency, and what is sent to it."""

    agency: str
    address: str
    kinds: frozenset[Kind]


def contacts(database: Database) -> list[Contact]:
    """All."""
    statement = select(CONTACT).order_by(CONTACT.c.agency, CONTACT.c.address)
    with database.read() as connection:
        return [
            Contact(row.agency, row.address, frozenset(map(Kind, row.kinds.split())))
            for row in connection.execute(statement)
        ]


def set_contact(database: Database, contact: Contact) -> None:
    """Keep an address, instead of what was said of it before; raises ``TooManyContacts``."""
    kinds = " ".join(sorted(kind.value for kind in contact.kinds))
    others = select(func.count()).where(
        CONTACT.c.agency == contact.agency, CONTACT.c.address != contact.address
    )
    with database.write() as connection:
        if connection.execute(others).scalar_one() >= CONTACTS_MAX:
            raise TooManyContacts
        kept = database.insert(CONTACT).values(agency=contact.agency, address=contact.address, kinds=kinds)
        connection.execute(
            kept.on_conflict_do_update(index_elements=["agency", "address"], set_={"kinds": kinds})
        )


def remove_contact(database: Database, agency: str, address: str) -> bool:
    """Whether there was such an address."""
    with database.write() as connection:
        removed = CONTACT.delete().where(CONTACT.c.agency == agency, CONTACT.c.address == address)
        return bool(connection.execute(removed).rowcount)


# --- something waits ---


def waiting(
    database: Database, agencies: Collection[str], *, now: datetime, after: timedelta, every: timedelta
) -> list[Waiting]:
    """For which of the agencies documents lie ready that they were not told of.

    One that came ``after`` ago at the latest; an agency is told no sooner than ``every``.
    """
    quiet = or_(NOTICED.c.at.is_(None), NOTICED.c.at <= now - every, NOTICED.c.at > now)
    newest = func.max(DELIVERY.c.created_at)
    statement = (
        select(
            DELIVERY.c.receiver.label("agency"),
            func.count().label("count_"),
            func.max(DELIVERY.c.priority).label("priority"),
            func.min(DELIVERY.c.created_at).label("since"),
            newest.label("up_to"),
        )
        .outerjoin(NOTICED, NOTICED.c.agency == DELIVERY.c.receiver)
        .where(
            DELIVERY.c.state == State.AVAILABLE.value,
            DELIVERY.c.kind == "document",
            DELIVERY.c.created_at <= now - after,
            DELIVERY.c.receiver.in_(agencies),
            quiet,
        )
        .group_by(DELIVERY.c.receiver, NOTICED.c.up_to)
        .having(or_(NOTICED.c.up_to.is_(None), newest > NOTICED.c.up_to))
        .limit(WAITING_MAX)
    )
    with database.read() as connection:
        return [
            Waiting(
                agency=row.agency, count=row.count_, priority=row.priority, since=row.since, up_to=row.up_to
            )
            for row in connection.execute(statement)
        ]


def tell_waiting(
    database: Database, letters: Iterable[tuple[Waiting, Sequence[Target], Letter]], now: datetime
) -> None:
    """Write down what tells agencies that something waits, and that they were told.

    Crash before the commit: nobody was told, the next round does it. Crash after it: it is sent, once.
    """
    with database.write() as connection:
        for found, targets, letter in letters:
            values = {"up_to": found.up_to, "at": now}
            told = database.insert(NOTICED).values(agency=found.agency, **values)
            again = told.on_conflict_do_update(
                # Another process that told of the same was faster.
                index_elements=["agency"],
                set_=values,
                where=NOTICED.c.up_to < found.up_to,
            )
            if connection.execute(again.returning(NOTICED.c.agency)).first() is not None:
                for target in targets:
                    write(connection, target, Kind.WAITING.value, letter, now)


# --- once a day ---


def done_since(database: Database, day: datetime) -> bool:
    """Whether the lists of the day that began then were written down."""
    with database.read() as connection:
        last = connection.execute(select(TURN.c.at).where(TURN.c.name == DAILY)).scalar()
    return last is not None and last >= day


def late(database: Database, before: datetime) -> list[Late]:
    """Documents that were accepted before, and that their receivers do not have; the oldest first."""
    statement = (
        select(
            DELIVERY.c.receiver,
            DELIVERY.c.document,
            DELIVERY.c.priority,
            DELIVERY.c.created_at,
            DELIVERY.c.expires_at,
            DOCUMENT.c.sender,
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(
            DELIVERY.c.state.in_(_OPEN),
            DELIVERY.c.kind == "document",
            DELIVERY.c.withdrawn == "",
            DELIVERY.c.created_at < before,
        )
        .order_by(DELIVERY.c.created_at, DELIVERY.c.id)
        .limit(LATE_MAX)
    )
    with database.read() as connection:
        return [
            Late(
                agency=row.receiver,
                document=row.document,
                sender=row.sender,
                priority=row.priority,
                since=row.created_at,
                until=row.expires_at,
            )
            for row in connection.execute(statement)
        ]


def tell_daily(
    database: Database,
    letters: Mapping[tuple[Target, Kind], Sequence[Letter]],
    *,
    day: datetime,
    now: datetime,
) -> bool:
    """Write down the lists of the day that began at ``day``; False where another process did.

    Crash before the commit: none is written down, the next round does it. Crash after it: all are sent, once.
    """
    with database.write() as connection:
        earlier = and_(TURN.c.name == DAILY, or_(TURN.c.at < day, TURN.c.at > now))
        if not connection.execute(TURN.update().where(earlier).values(at=now)).rowcount:
            first = database.insert(TURN).values(name=DAILY, at=now).on_conflict_do_nothing()
            if connection.execute(first.returning(TURN.c.name)).first() is None:
                return False
        for (target, kind), several in letters.items():
            for letter in several:
                write(connection, target, kind.value, letter, now)
    return True
