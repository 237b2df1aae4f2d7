"""What the ledger says stands: the database refuses to replace it, and altered bytes are not given out."""

import hashlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from exchange.ledger import reading
from exchange.payloads import Missing
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import FINANCE, OFFICE

KEYS = {
    "entry": (),
    "status": (),
    # A row under another id collides with the other keys alone.
    "document": ("UPDATE copy SET id = 'another', receipt_of = 'another'", "UPDATE copy SET id = 'another'"),
}


@pytest.mark.parametrize("table", KEYS)
def test_no_row_of_the_ledger_can_be_replaced(house: House, table: str) -> None:
    if not house.context.database.embedded:
        return  # PostgreSQL has no REPLACE
    house.send(OFFICE, FINANCE)
    house.fetch_all(FINANCE)
    for change in ("", *KEYS[table]):
        with pytest.raises(IntegrityError, match="the ledger only grows"):
            replace_a_row(house, table, change)


def replace_a_row(house: House, table: str, change: str) -> None:
    with house.context.database.write() as connection:
        condition = "WHERE receipt_of IS NOT NULL" if table == "document" else ""
        connection.execute(text(f"CREATE TEMP TABLE copy AS SELECT * FROM {table} {condition} LIMIT 1"))
        if change:
            connection.execute(text(change))
        connection.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM copy"))


def test_an_altered_body_in_the_database_is_neither_shown_nor_delivered(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "always"})})
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    answer = house.submit(content, OFFICE)
    digest = hashlib.sha256(content).hexdigest()
    alter(house, digest, content.replace(b"UBND", b"ABCD"))
    with pytest.raises(Missing, match="altered"):
        house.context.payloads.read(digest)
    house.work()
    assert house.states(answer.id) == {FINANCE: "waiting"}
    alter(house, digest, content)
    house.clock.pass_(minutes=5)
    house.sweep()
    house.work()
    assert house.states(answer.id) == {FINANCE: "delivered"}
    assert reading.payload(house.context.database, digest) == (True, content)


def alter(house: House, digest: str, body: bytes) -> None:
    with house.context.database.write() as connection:
        connection.execute(
            text("UPDATE payload SET body = :body WHERE digest = :digest"), {"body": body, "digest": digest}
        )
