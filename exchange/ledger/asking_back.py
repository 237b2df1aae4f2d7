"""A clerk asks receivers to give back what the agency sent (status 13): each request once, with who asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from exchange.core.delivery import TakeBack
from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.ledger.record import Accept, Examined, record_within
from exchange.ledger.settle import Issue
from exchange.tables import DeliveryRow

DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]

# A request that is open is not made twice; one that was agreed to is closed for good.
MAY_ASK = frozenset({TakeBack.NONE.value, TakeBack.DECLINED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request about one delivery, ready to be recorded."""

    delivery: str
    status: Examined


def ask_back(
    database: Database, wanted: Sequence[Wanted], act: Act, accept: Accept, issue: Issue
) -> tuple[str, ...]:
    """Write down those requests that may still be made, and the act; the deliveries that became ready by it.

    Crash before the commit: nobody was asked. Crash after it: each is asked once, what had not left is
    stopped, and asking again asks nobody a second time.
    """
    with database.write() as connection:
        free = _free(connection, [each.delivery for each in wanted])
        asked = [each for each in wanted if each.delivery in free]
        if not asked:
            return ()
        told = record_within(database, connection, [each.status for each in asked], accept, issue)
        acts.write(connection, act)
    return tuple(ready for each in told for ready in each.ready)


def _free(connection: Connection, deliveries: Sequence[str]) -> set[str]:
    """Those about which a request may be made, locked in one order."""
    statement = (
        select(DELIVERY.c.id)
        .where(DELIVERY.c.id.in_(deliveries), DELIVERY.c.take_back.in_(MAY_ASK))
        .order_by(DELIVERY.c.id)
        .with_for_update()
    )
    return set(connection.execute(statement).scalars())
