"""Files that persons handed in and have not sent yet; and the groups of receivers of an agency."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from exchange.desk_tables import DraftRow, ReceiverGroupRow
from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database

DRAFT = DraftRow.__table__  # type: ignore[attr-defined]
GROUP = ReceiverGroupRow.__table__  # type: ignore[attr-defined]

KEPT = timedelta(hours=24)  # files beside the database go some time later: payload_unreferred_hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file that waits to be sent. ``body`` is None where its bytes lie in a payload file."""

    id: str
    agency: str
    account: str
    created_at: datetime
    digest: str
    size: int
    body: bytes | None


class TooMany(Exception):
    """The agency has as many drafts as it may."""


def keep(database: Database, draft: Draft, most: int) -> None:
    """Keep a file; the agency's old ones go. Raises ``TooMany`` where ``most`` are there.

    A crash before the commit keeps nothing, one after it all.
    """
    with database.write() as connection:
        connection.execute(
            delete(DRAFT).where(DRAFT.c.agency == draft.agency, DRAFT.c.created_at < draft.created_at - KEPT)
        )
        kept = select(func.count()).where(DRAFT.c.agency == draft.agency)
        if connection.execute(kept).scalar_one() >= most:
            raise TooMany(draft.agency)
        connection.execute(
            DRAFT.insert(), {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
        )


def find(database: Database, agency: str, draft: str) -> Draft | None:
    """The agency's file of this id."""
    with database.read() as connection:
        row = connection.execute(
            select(DRAFT).where(DRAFT.c.id == draft, DRAFT.c.agency == agency)
        ).mappings().first()  # fmt: skip
    return None if row is None else Draft(**row)


def discard(database: Database, agency: str, draft: str, act: Act | None = None) -> None:
    """It is sent, or not wanted any more, which ``act`` tells with the digest of what is gone.

    Crash before the commit: it can be sent again, to the same end.
    """
    statement = delete(DRAFT).where(DRAFT.c.id == draft, DRAFT.c.agency == agency).returning(DRAFT.c.digest)
    with database.write() as connection:
        digest = connection.execute(statement).scalar()
        if digest is not None and act is not None:
            acts.write(connection, replace(act, what={**act.what, "digest": digest}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Receivers under a name of the agency's own."""

    id: str
    agency: str
    name: str
    members: tuple[str, ...]
    changed_at: datetime


class NameTaken(Exception):
    """The agency has a group of this name already."""


def groups(database: Database, agency: str) -> list[Group]:
    """The agency's groups by name."""
    with database.read() as connection:
        rows = connection.execute(select(GROUP).where(GROUP.c.agency == agency).order_by(GROUP.c.name))
        return [
            Group(**{**row, "members": tuple(each for each in row["members"].split(";") if each)})
            for row in rows.mappings()
        ]


def save_group(database: Database, group: Group, act: Act) -> None:
    """Write a group, new or changed; raises ``NameTaken``. A crash before the commit changes nothing."""
    values = {
        "id": group.id,
        "agency": group.agency,
        "name": group.name,
        "members": ";".join(group.members),
        "changed_at": group.changed_at,
    }
    try:
        with database.write() as connection:
            changed = connection.execute(
                GROUP.update().where(GROUP.c.id == group.id, GROUP.c.agency == group.agency).values(**values)
            )
            if not changed.rowcount:
                connection.execute(GROUP.insert(), values)
            acts.write(connection, act)
    except IntegrityError:
        raise NameTaken(group.name) from None


def remove_group(database: Database, agency: str, group: str, act: Act) -> None:
    """Remove a group. A crash before the commit leaves it, one after it does not."""
    with database.write() as connection:
        connection.execute(delete(GROUP).where(GROUP.c.id == group, GROUP.c.agency == agency))
        acts.write(connection, act)
