"""T5: every exchange is counted once, in exactly one class, as far as the ledger was sequenced."""

from typing import Any

from sqlalchemy import text

from exchange.core.edxml import Business, BusinessType
from exchange.counting import Counting
from exchange.sequencing import Sequencing
from tests.house import House
from tests.province import COMMUNE, FINANCE, OFFICE

NOVEMBER = 202611


def counted(house: House) -> None:
    """Sequence and count what there is."""
    Sequencing(house.context).round()
    Counting(house.context).round()


def rows(house: House, statement: str) -> list[dict[str, Any]]:
    with house.context.database.read() as connection:
        return [dict(row) for row in connection.execute(text(statement)).mappings()]


def tally(house: House, facet: str = "all", value: str = "", unit: str = "exchanges") -> dict[str, int]:
    """The columns that are not 0, but for those of time."""
    statement = f"SELECT * FROM tally WHERE facet = '{facet}' AND value = '{value}' AND unit = '{unit}'"
    found: dict[str, int] = {}
    for row in rows(house, statement):
        assert (row.pop("month"), row.pop("sender")) == (NOVEMBER, OFFICE)
        for key in ("facet", "value", "unit"):
            row.pop(key)
        found = {key: count for key, count in row.items() if count and not key.endswith(("_time", "_late"))}
    return found


def test_an_exchange_is_under_way_until_it_is_delivered_and_counts_once_per_receiver(house: House) -> None:
    house.send(OFFICE, FINANCE, COMMUNE)
    counted(house)
    assert tally(house) == {"under_way": 2}
    assert tally(house, unit="documents") == {"under_way": 1}
    house.fetch_all(FINANCE)
    counted(house)
    assert tally(house) == {"electronic": 1, "under_way": 1}
    assert tally(house, "pair", FINANCE) == {"electronic": 1}
    assert tally(house, unit="documents") == {"electronic": 1}
    house.fetch_all(COMMUNE)
    counted(house)
    assert tally(house) == {"electronic": 2}
    assert tally(house, unit="documents") == {"electronic": 1}


def test_a_paper_copy_beside_it_makes_it_no_electronic_exchange(house: House) -> None:
    house.send(OFFICE, FINANCE, business=Business(doc_type=BusinessType.NEW, paper=True))
    house.send(OFFICE, FINANCE)
    house.fetch_all(FINANCE)
    counted(house)
    assert tally(house) == {"electronic": 1, "with_paper": 1}


def test_what_was_not_sequenced_is_not_counted_and_the_counters_say_how_far_they_reach(house: House) -> None:
    house.send(OFFICE, FINANCE)
    Counting(house.context).round()
    assert tally(house) == {}
    assert rows(house, "SELECT leaves FROM counted") == [{"leaves": 0}]
    counted(house)
    assert tally(house) == {"under_way": 1}
    assert rows(house, "SELECT leaves FROM counted") == [{"leaves": 1}]


def test_receipts_and_status_messages_are_no_exchanges(house: House) -> None:
    house.send(OFFICE, FINANCE)
    house.fetch_all(FINANCE)
    counted(house)
    house.fetch_all(OFFICE)  # its receipts
    counted(house)
    assert tally(house) == {"electronic": 1}
    assert len(rows(house, "SELECT * FROM exchange")) == 1


def test_a_document_that_expires_is_not_exchanged_and_its_cause_is_counted(house: House) -> None:
    house.send(OFFICE, FINANCE)
    house.clock.pass_(days=4)
    house.sweep()
    counted(house)
    assert tally(house) == {"expired": 1}
    assert rows(house, "SELECT event, cause, exchanges FROM cause_tally") == [
        {"event": "expired", "cause": "expired", "exchanges": 1}
    ]
