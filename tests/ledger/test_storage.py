"""Group commit, payload files and migrations."""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from exchange.ledger.database import Database
from exchange.ledger.group import Full, GroupCommit
from exchange.ledger.migrate import migrate
from exchange.payloads import Missing
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import FINANCE, OFFICE


def test_items_that_arrive_together_share_a_batch_and_get_their_own_results() -> None:
    batches: list[int] = []
    gate = threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        gate.wait(5)
        batches.append(len(items))
        return [item * 10 for item in items]

    group = GroupCommit("t", work, batch_max=8, waiting_max=100)
    futures = [group.submit(number) for number in range(20)]
    gate.set()
    assert [future.result(5) for future in futures] == [number * 10 for number in range(20)]
    group.close()
    assert sum(batches) == 20
    assert max(batches) == 8


def test_where_several_came_together_the_next_commit_waits_for_company() -> None:
    batches: list[list[int]] = []
    gate = threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        gate.wait(5)
        batches.append(list(items))
        return list(items)

    group = GroupCommit("t", work, batch_max=3, waiting_max=100, together_seconds=0.5)
    first = group.submit(0)
    while group._waiting.qsize():
        time.sleep(0.001)
    together = [group.submit(1), group.submit(2)]
    gate.set()
    assert [first.result(5), *(each.result(5) for each in together)] == [0, 1, 2]
    later = [group.submit(3)]
    while group._waiting.qsize():  # the thread has it in hand, and waits
        time.sleep(0.001)
    later.append(group.submit(4))
    assert [each.result(5) for each in later] == [3, 4]
    group.close()
    assert batches == [[0], [1, 2], [3, 4]]


def test_one_bad_item_fails_alone() -> None:
    gate = threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        gate.wait(5)
        if 3 in items:
            raise ValueError("three")
        return list(items)

    group = GroupCommit("t", work, batch_max=10, waiting_max=100)
    futures = [group.submit(number) for number in range(6)]
    gate.set()
    assert [future.result(5) for future in futures if future is not futures[3]] == [0, 1, 2, 4, 5]
    with pytest.raises(ValueError, match="three"):
        futures[3].result(5)
    group.close()


def test_where_the_database_cannot_be_used_a_batch_waits_for_it_once() -> None:
    gate, calls = threading.Event(), []

    def work(items: Sequence[int]) -> list[int]:
        gate.wait(5)
        calls.append(len(items))
        raise OperationalError("INSERT", None, sqlite3.OperationalError("database is locked"))

    group = GroupCommit("t", work, batch_max=10, waiting_max=100)
    futures = [group.submit(number) for number in range(6)]
    gate.set()
    assert all(isinstance(future.exception(5), OperationalError) for future in futures)
    group.close()
    assert len(calls) <= 2  # the first may have been taken alone


def test_more_than_may_wait_is_refused_and_closing_finishes_what_waits() -> None:
    gate = threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        gate.wait(5)
        return list(items)

    group = GroupCommit("t", work, batch_max=1, waiting_max=2)
    first = group.submit(0)
    while group._waiting.qsize():  # until the thread has the first one in hand
        time.sleep(0.01)
    others = [group.submit(1), group.submit(2)]
    with pytest.raises(Full):
        group.submit(3)
    gate.set()
    group.close()
    assert [future.result(0) for future in (first, *others)] == [0, 1, 2]
    with pytest.raises(Full):
        group.submit(4)


def test_a_large_document_lies_in_a_file_and_comes_back_unchanged(make_house: MakeHouse) -> None:
    house = make_house(payload_inline_bytes_max=1000)
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now, attachment=b"x" * 300_000)
    house.submit(content, OFFICE)
    digest = hashlib.sha256(content).hexdigest()
    files = [path for path in (house.context.settings.data / "payloads").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [digest]
    assert house.fetch_all(FINANCE) == [content]


def test_an_altered_or_lost_payload_file_is_noticed_and_never_delivered(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "always"})}, payload_inline_bytes_max=10)
    answer = house.send(OFFICE, FINANCE)
    [path] = [path for path in (house.context.settings.data / "payloads").rglob("*") if path.is_file()]
    original = path.read_bytes()
    path.write_bytes(original.replace(b"UBND", b"ABCD"))
    with pytest.raises(Missing):
        house.context.payloads.read(path.name)
    house.work()
    assert house.states(answer.id) == {FINANCE: "waiting"}
    path.write_bytes(original)
    house.clock.pass_(minutes=5)
    house.sweep()
    house.work()
    assert house.states(answer.id) == {FINANCE: "delivered"}


def test_migrating_again_changes_nothing_and_a_cut_migration_is_mended_by_the_next_start(
    empty_database_url: str,
) -> None:
    class Cut(BaseException):
        pass

    database = Database(empty_database_url)

    def cut(_connection: object) -> None:
        raise Cut

    commit, database._commit = database._commit, cut  # type: ignore[method-assign]
    with pytest.raises(Cut):
        migrate(database)
    database._commit = commit  # type: ignore[method-assign]
    migrate(database)
    migrate(database)
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM entry")).scalar() == 0
    database.close()


def test_the_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlmodel import SQLModel

    database = Database(database_url)
    migrate(database)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    database.close()


def test_the_ledger_has_an_entry_for_every_step_of_an_exchange(house: House) -> None:
    answer = house.send(OFFICE, FINANCE)
    house.fetch_all(FINANCE)
    with house.context.database.read() as connection:
        rows = connection.execute(text("SELECT event, exchange_class FROM entry ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [("accepted", "electronic"), ("delivered", "")]
    assert answer.fresh
