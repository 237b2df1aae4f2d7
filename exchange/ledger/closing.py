"""A reorganisation is written down, and what waits at closed agencies goes on to others, or back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, or_, select, update

from exchange.core.closing import Closing, Lying, Waiting
from exchange.core.delivery import FINAL, WITHDRAWN, State
from exchange.core.directory import Agency
from exchange.core.receipt import instant
from exchange.ledger import acts, bulk, directory_store
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.ledger.settle import Issue, Settled, Settlement, settle_within
from exchange.ledger.values import NewDelivery, NewEntry
from exchange.tables import CertificateRow, ClosingRow, DeliveryRow, DocumentRow, EntryRow, TokenRow

CLOSING = ClosingRow.__table__  # type: ignore[attr-defined]
CERTIFICATE = CertificateRow.__table__  # type: ignore[attr-defined]
TOKEN = TokenRow.__table__  # type: ignore[attr-defined]
DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
ENTRY = EntryRow.__table__  # type: ignore[attr-defined]

DEAD = frozenset({State.REFUSED, State.EXPIRED})
AGENCIES_AT_ONCE = 500
_IDLE = (State.READY.value, State.WAITING.value, State.AVAILABLE.value)
_UNDER_WAY = tuple(state.value for state in State if state not in FINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """From when a closed agency's certificates sign no more, and its tokens open nothing."""

    certificates_at: datetime
    tokens_at: datetime


def reorganise(
    database: Database,
    agencies: Sequence[Agency],
    closings: Sequence[Closing],
    ends: Mapping[str, Ends],
    expected: int,
    act: Act,
) -> None:
    """Write all of a plan, and whose act it is; ``ends`` by agency.

    Raises ``directory_store.Changed`` as saving agencies does.

    Crash before the commit: nothing is changed. Crash after it: the directory is the new one on its
    days, and whoever sweeps deals with what waits when each day comes.
    """
    with database.write() as connection:
        directory_store.save_within(connection, agencies, expected)
        for part in _parts(closings):
            keys = [closing.agency for closing in part]
            connection.execute(delete(CLOSING).where(CLOSING.c.agency.in_(keys)))
            connection.execute(CLOSING.insert(), [_row(closing) for closing in part])
        for agency, end in ends.items():
            _end(connection, agency, end)
        acts.write(connection, act)


def _parts(closings: Sequence[Closing]) -> Iterator[Sequence[Closing]]:
    for first in range(0, len(closings), AGENCIES_AT_ONCE):
        yield closings[first : first + AGENCIES_AT_ONCE]


def _row(closing: Closing) -> dict[str, object]:
    return {
        "agency": closing.agency,
        "day": closing.day,
        "waiting": closing.waiting.value,
        "note": closing.note,
    }


def _end(connection: Connection, agency: str, end: Ends) -> None:
    """End what ends later or never; what ended before stays as it was."""
    open_ = or_(CERTIFICATE.c.valid_to.is_(None), CERTIFICATE.c.valid_to > end.certificates_at)
    connection.execute(
        update(CERTIFICATE).where(CERTIFICATE.c.agency == agency, open_).values(valid_to=end.certificates_at)
    )
    connection.execute(
        update(TOKEN)
        .where(TOKEN.c.agency == agency, TOKEN.c.revoked_at.is_(None), TOKEN.c.expires_at > end.tokens_at)
        .values(expires_at=end.tokens_at)
    )


# --- what waits ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A delivery to a closed agency that has not ended. ``idle``: nobody is at it, and it may go on."""

    delivery: str
    receiver: str
    document: str
    priority: int
    paper: bool  # a paper copy goes beside
    idle: bool
    lying: Lying


def closings(database: Database, on: date) -> dict[str, Closing]:
    """Of agencies that are closed by then and at which something waits, by agency."""
    waits = exists().where(DELIVERY.c.receiver == CLOSING.c.agency, _idle())
    statement = select(CLOSING).where(CLOSING.c.day <= on, waits)
    with database.read() as connection:
        return {
            row.agency: Closing(agency=row.agency, day=row.day, waiting=Waiting(row.waiting), note=row.note)
            for row in connection.execute(statement)
        }


def _idle() -> ColumnElement[bool]:
    # What was withdrawn waits for its receiver's word, and does not go out any more.
    return and_(DELIVERY.c.state.in_(_IDLE), DELIVERY.c.lease == "", DELIVERY.c.withdrawn == "")


def held(database: Database, receivers: Sequence[str], after: str, most: int) -> list[Held]:
    """What has not ended at these agencies, by delivery id, from ``after`` on."""
    statement = (
        select(
            DELIVERY.c.id,
            DELIVERY.c.receiver,
            DELIVERY.c.document,
            DELIVERY.c.priority,
            DELIVERY.c.kind,
            DELIVERY.c.addressed_as,
            case((_idle(), True), else_=False).label("idle"),
            DOCUMENT.c.sender,
            DOCUMENT.c.size,
            DOCUMENT.c.paper,
        )
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(DELIVERY.c.receiver.in_(receivers), DELIVERY.c.state.in_(_UNDER_WAY), DELIVERY.c.id > after)
        .order_by(DELIVERY.c.id)
        .limit(most)
    )
    with database.read() as connection:
        return [_held(row) for row in connection.execute(statement)]


def _held(row: Any) -> Held:
    lying = Lying(kind=row.kind, sender=row.sender, addressed_as=row.addressed_as, size=row.size)
    return Held(
        delivery=row.id,
        receiver=row.receiver,
        document=row.document,
        priority=row.priority,
        paper=row.paper,
        idle=bool(row.idle),
        lying=lying,
    )


# --- it goes on, or back ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A delivery ends; ``onward`` are those that begin for it, none where it goes back to its sender."""

    settlement: Settlement
    onward: tuple[NewDelivery, ...] = ()


def move(database: Database, moves: Sequence[Move], issue: Issue) -> list[Settled]:
    """End deliveries at closed agencies and begin those to the agencies that follow, in one transaction.

    What such an agency has already, or was withdrawn there, is not begun for it a second time.

    Crash before the commit: all waits where it was, and is moved in the next round. Crash after it:
    every end has its receipt, and every new delivery is owed one.
    """
    with database.write() as connection:
        settled = settle_within(connection, [each.settlement for each in moves], issue)
        onward = [
            (each.settlement, new)
            for each, done in zip(moves, settled, strict=True)
            if done.applied and done.state is State.REFUSED
            for new in each.onward
        ]
        begun = _begin(connection, onward) if onward else set()
    return [
        replace(done, ready=(*done.ready, *(new.id for new in each.onward if new.id in begun and _now(new))))
        for each, done in zip(moves, settled, strict=True)
    ]


def _now(new: NewDelivery) -> bool:
    """Whether a worker is to attempt it."""
    return new.state is State.READY


def _begin(connection: Connection, onward: Sequence[tuple[Settlement, NewDelivery]]) -> set[str]:
    """Begin what its receiver does not have yet, with an entry of the ledger; the ids of what was begun."""
    newest = _newest(connection, [each for _, each in onward])
    new: dict[tuple[str, str], tuple[Settlement, NewDelivery]] = {}
    for settlement, each in onward:
        before = newest.get((each.document, each.receiver), 0)
        if before is not None:
            new.setdefault((each.document, each.receiver), (settlement, replace(each, round=before + 1)))
    rows = [each.row() for _, each in new.values()]
    bulk.insert(connection, DELIVERY, rows, known="document, receiver, round")
    ids = [each.id for _, each in new.values()]
    begun = set(connection.execute(select(DELIVERY.c.id).where(DELIVERY.c.id.in_(ids))).scalars())
    ours = [(settlement, each) for settlement, each in new.values() if each.id in begun]
    facts = _facts(connection, [each.document for _, each in ours])
    entries = [
        _entry(settlement, each, facts[each.document]) for settlement, each in ours if each.kind == "document"
    ]
    bulk.insert(connection, ENTRY, [entry.row() for entry in entries])
    return begun


def _newest(connection: Connection, onward: Sequence[NewDelivery]) -> dict[tuple[str, str], int | None]:
    """The newest round of each pair that there is; None where no further one is to be begun."""
    statement = (
        select(DELIVERY)
        .where(
            DELIVERY.c.document.in_({each.document for each in onward}),
            DELIVERY.c.receiver.in_({each.receiver for each in onward}),
        )
        .order_by(DELIVERY.c.round)
    )
    found: dict[tuple[str, str], int | None] = {}
    for row in connection.execute(statement):
        again = State(row.state) in DEAD and not row.withdrawn and row.cause not in WITHDRAWN
        found[row.document, row.receiver] = row.round if again else None
    return found


def _facts(connection: Connection, documents: Sequence[str]) -> dict[str, Any]:
    statement = select(DOCUMENT).where(DOCUMENT.c.id.in_(set(documents)))
    return {row.id: row for row in connection.execute(statement)}


def _entry(settlement: Settlement, onward: NewDelivery, document: Any) -> NewEntry:
    return NewEntry(
        at=settlement.at,
        event="forwarded",
        document=onward.document,
        delivery=onward.id,
        agency=onward.receiver,
        exchange_class=onward.exchange_class,
        body={
            "accepted_at": instant(document.accepted_at),
            "digest": document.digest,
            "document_id": document.document_id,
            "earlier": settlement.delivery,
            "forwarded_from": onward.forwarded_from,
            "receiver": onward.receiver,
            "round": onward.round,
            "sender": document.sender,
            "signed": document.signed,
        },
    )
