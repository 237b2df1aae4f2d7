"""All rounds of a document on its way to one receiver, locked together: what is decided on cannot change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from exchange.core.delivery import FROM_RECEIVER, Business, Progress, State, TakeBack
from exchange.core.evidence import Stand
from exchange.ledger.database import Database
from exchange.tables import DeliveryRow, StatusRow

DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]
STATUS = StatusRow.__table__  # type: ignore[attr-defined]

DEAD = frozenset({State.REFUSED, State.EXPIRED})

Pair = tuple[str, str]  # a document and a receiver


@dataclass(slots=True)
class Newest:
    """The newest round of a pair. It changes as a batch of messages is gone through."""

    row: Any
    state: State
    progress: Progress
    left: bool  # an attempt or a lease was written down, in any round
    proven: str
    withdrawn: str
    heard: bool = False  # its receiver has reported something

    @property
    def changed(self) -> bool:
        """Whether anything but the state, which ``settle`` writes, is to be written."""
        now = (self.progress.business, self.progress.take_back, self.proven, self.withdrawn)
        return now != (self.row.business, self.row.take_back, self.row.proven, self.row.withdrawn)

    @property
    def stand(self) -> Stand:
        """What the core decides on."""
        return Stand(
            state=self.state,
            left=self.left,
            claimed=bool(self.row.lease),
            proven=bool(self.proven),
            withdrawn=bool(self.withdrawn),
        )


def lock(database: Database, connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, Newest]:
    """The newest round of each pair that there is. All rounds are locked, ordered by id: no deadlock."""
    statement = (
        select(DELIVERY)
        .where(
            DELIVERY.c.document.in_({document for document, _ in pairs}),
            DELIVERY.c.receiver.in_({receiver for _, receiver in pairs}),
        )
        .order_by(DELIVERY.c.id)
        .with_for_update()
    )
    rows = connection.execute(statement).all()
    # Whoever sends a dead letter again holds its lock. The round that was begun while we waited for it
    # is seen by a second look; none can be begun after that.
    while not database.embedded and any(State(row.state) in DEAD for row in rows):
        known, rows = {row.id for row in rows}, connection.execute(statement).all()
        if known == {row.id for row in rows}:
            break
    rounds: dict[Pair, list[Any]] = {}
    for row in sorted(rows, key=lambda row: row.round):
        rounds.setdefault((row.document, row.receiver), []).append(row)
    return {pair: _newest(rounds[pair]) for pair in pairs if pair in rounds}


def _newest(rounds: Sequence[Any]) -> Newest:
    row = rounds[-1]
    return Newest(
        row=row,
        state=State(row.state),
        progress=Progress(business=Business(row.business), take_back=TakeBack(row.take_back)),
        left=any(each.attempts for each in rounds),
        proven=row.proven,
        withdrawn=row.withdrawn,
    )


def ask_who_reported(connection: Connection, found: Mapping[Pair, Newest]) -> None:
    """Mark those of whose receiver a signed status is on record, in any round."""
    statement = (
        select(DELIVERY.c.document, DELIVERY.c.receiver)
        .join(STATUS, STATUS.c.delivery == DELIVERY.c.id)
        .where(
            DELIVERY.c.document.in_({document for document, _ in found}),
            STATUS.c.code.in_(FROM_RECEIVER),
            STATUS.c.message.is_not(None),
        )
    )
    for row in connection.execute(statement):
        if (row.document, row.receiver) in found:
            found[row.document, row.receiver].heard = True
