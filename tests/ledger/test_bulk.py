"""Many rows in one statement: what is written is what was given, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate
from exchange.tables import AttemptRow, PayloadRow

PAYLOAD = PayloadRow.__table__  # type: ignore[attr-defined]
ATTEMPT = AttemptRow.__table__  # type: ignore[attr-defined]
AT = datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
# None at all, one, and what is made up of several powers of two, above the largest part too.
SIZES = (0, 1, 2, 7, bulk.ROWS_MAX, 3 * bulk.ROWS_MAX + 5)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()


def payloads(count: int) -> list[dict[str, object]]:
    return [
        {"digest": f"{number:064x}", "size": number, "body": None if number % 2 else b"\0%d" % number}
        for number in range(count)
    ]


@pytest.mark.parametrize("count", SIZES)
def test_every_row_is_inserted_as_it_was_given(database: Database, count: int) -> None:
    rows = payloads(count)
    with database.write() as connection:
        bulk.insert(connection, PAYLOAD, rows)
    with database.read() as connection:
        found = connection.execute(select(PAYLOAD).order_by(PAYLOAD.c.digest)).mappings().all()
    assert [dict(row) for row in found] == rows


def test_what_is_there_already_is_left_as_it_is(database: Database) -> None:
    rows = payloads(5)
    with database.write() as connection:
        bulk.insert(connection, PAYLOAD, rows[1:3])
        changed = [{**row, "size": 99} for row in rows]
        bulk.insert(connection, PAYLOAD, changed, known="digest")
    with database.read() as connection:
        sizes = connection.execute(select(PAYLOAD.c.size).order_by(PAYLOAD.c.digest)).scalars().all()
    assert sizes == [99, 1, 2, 99, 99]


def test_without_leave_a_known_row_stops_the_transaction(database: Database) -> None:
    def insert_twice() -> None:
        with database.write() as connection:
            bulk.insert(connection, PAYLOAD, payloads(2))
            bulk.insert(connection, PAYLOAD, payloads(1))

    with pytest.raises(IntegrityError):
        insert_twice()
    with database.read() as connection:
        assert connection.execute(select(PAYLOAD)).first() is None


@pytest.mark.parametrize("count", SIZES)
def test_each_row_is_updated_by_its_own_key(database: Database, count: int) -> None:
    keys = [(f"d{number // 3}", number % 3) for number in range(count + 1)]
    with database.write() as connection:
        begun = [
            {"delivery": delivery, "number": number, "started_at": AT, "verdict": "", "reason": ""}
            for delivery, number in keys
        ]
        bulk.insert(connection, ATTEMPT, begun)
        ended = [
            {"delivery": d, "number": n, "ended_at": AT if n else None, "verdict": f"{d} {n}"}
            for d, n in keys[:count]
        ]
        bulk.update(connection, ATTEMPT, ["delivery", "number"], ended)
    with database.read() as connection:
        found = {(row.delivery, row.number): row for row in connection.execute(select(ATTEMPT))}
    assert all(found[d, n].verdict == f"{d} {n}" for d, n in keys[:count])
    assert all(found[d, n].ended_at == (AT if n else None) for d, n in keys[:count])
    assert all(found[key].started_at == AT for key in keys)
    assert found[keys[-1]].verdict == ""
