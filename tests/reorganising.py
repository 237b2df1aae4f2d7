"""A plan is written down in a broker under test, as the command does it."""

from datetime import date, timedelta

from exchange.closing import Contents, ends
from exchange.core.directory import Directory
from exchange.core.reorganisation import Reorganised, reorganise
from exchange.ledger import closing as ledger
from exchange.ledger import directory_store
from exchange.ledger.acts import OPERATOR, Act
from tests.house import House

MONTH = timedelta(days=30)


def write_down(house: House, content: bytes, on: date | None = None) -> Reorganised:
    """What the plan makes of the directory; nothing may stand against it."""
    database, now = house.context.database, house.clock.now
    version, agencies, _ = directory_store.load(database)
    done = reorganise(content, Directory(agencies), on)
    assert done.problems == (), [each.message for each in done.problems]
    act = Act(event="directory_changed", at=now, person=OPERATOR, role=OPERATOR)
    ending = ends(done.closings, now, MONTH)
    ledger.reorganise(database, done.changed, done.closings, ending, version, act)
    house.context.registry.renew()
    return done


def contents(house: House) -> Contents:
    """Where a broker reads what documents carry."""
    return Contents(house.context.database, house.context.payloads, house.context.limits)
