"""Time-stamps in the ledger: what waits for one, what one covers, and since when something is not covered."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from exchange.ledger import stamps
from exchange.ledger.stamps import Stamp
from exchange.sequencing import Sequencing
from tests.house import START, House
from tests.province import FINANCE, OFFICE


def sequenced(house: House) -> None:
    Sequencing(house.context).round()


def stamped(house: House, size: int) -> Stamp:
    stamp = Stamp(
        size=size,
        token=b"token of %d" % size,
        authority="CN=Authority",
        stamped_at=house.clock.now,
        asked_at=house.clock.now,
    )
    stamps.keep(house.context.database, stamp)
    return stamp


def test_the_newest_checkpoint_waits_until_it_has_its_stamp(house: House) -> None:
    database = house.context.database
    assert stamps.waiting(database) is None
    sequenced(house)
    assert stamps.waiting(database) is None  # nothing is in it
    house.send(OFFICE, FINANCE)
    sequenced(house)
    first = stamps.waiting(database)
    assert first is not None
    assert first.text.startswith(f"exchange/ledger\n{first.size}\n")
    assert first.text.count("\n") == 3
    stamp = stamped(house, first.size)
    assert stamps.waiting(database) is None
    house.send(OFFICE, FINANCE)
    sequenced(house)
    second = stamps.waiting(database)
    assert second is not None
    assert second.size > first.size
    assert second.last_asked_at == stamp.asked_at


def test_a_stamp_covers_every_entry_below_it_and_none_above(house: House) -> None:
    database = house.context.database
    house.send(OFFICE, FINANCE)
    sequenced(house)
    waiting = stamps.waiting(database)
    assert waiting is not None
    stamp = stamped(house, waiting.size)
    house.send(OFFICE, FINANCE)
    sequenced(house)
    assert stamps.over(database, 0) == stamps.over(database, waiting.size - 1) == stamp
    assert stamps.over(database, waiting.size) is None


def test_the_first_stamp_of_a_checkpoint_stays(house: House) -> None:
    house.send(OFFICE, FINANCE)
    sequenced(house)
    waiting = stamps.waiting(house.context.database)
    assert waiting is not None
    first = stamped(house, waiting.size)
    house.clock.pass_(minutes=1)
    stamped(house, waiting.size)
    assert stamps.over(house.context.database, 0) == first


def test_what_is_unproven_counts_from_its_first_entry(house: House) -> None:
    database = house.context.database
    assert stamps.unproven_since(database) is None
    house.send(OFFICE, FINANCE)
    house.clock.pass_(minutes=1)
    # Before anything was signed nothing could be stamped: a ledger that was begun before there were
    # time-stamps, and is sequenced now, is not late at once.
    assert stamps.unproven_since(database) is None
    sequenced(house)
    assert stamps.unproven_since(database) == START + timedelta(minutes=1)
    waiting = stamps.waiting(database)
    assert waiting is not None
    stamped(house, waiting.size)
    assert stamps.unproven_since(database) is None
    house.clock.pass_(hours=5)
    assert stamps.unproven_since(database) is None
    house.send(OFFICE, FINANCE)
    later = house.clock.now
    assert stamps.unproven_since(database) == later  # also while nobody sequences
    house.clock.pass_(minutes=1)
    house.send(OFFICE, FINANCE)
    sequenced(house)
    assert stamps.unproven_since(database) == later


@pytest.mark.parametrize(
    "verb",
    [
        "DELETE FROM stamp",
        "UPDATE stamp SET authority = 'CN=Another'",
        "INSERT OR REPLACE INTO stamp SELECT * FROM stamp",
    ],
)
def test_the_database_refuses_to_change_or_remove_a_stamp(house: House, verb: str) -> None:
    if "REPLACE" in verb and not house.context.database.embedded:
        return  # PostgreSQL has no REPLACE
    house.send(OFFICE, FINANCE)
    sequenced(house)
    waiting = stamps.waiting(house.context.database)
    assert waiting is not None
    stamped(house, waiting.size)
    with pytest.raises(DatabaseError, match="only grows"), house.context.database.write() as connection:
        connection.execute(text(verb))
