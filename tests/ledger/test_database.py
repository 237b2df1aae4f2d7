"""A database that is locked, slow or silent costs an error in a known time, and never a thread."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from exchange.ledger import database as database_module
from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate
from tests.proxy import Proxy, proxy

SECONDS = 0.5
SERVER = [pytest.mark.servers, pytest.mark.xdist_group("postgresql")]


@contextmanager
def fails_within(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    with pytest.raises(SQLAlchemyError):
        yield
    assert time.monotonic() - begun < seconds


def ask(database: Database, statement: str = "SELECT 1") -> object:
    with database.write() as connection:
        return connection.execute(text(statement)).scalar()


# --- a server ---


@pytest.fixture
def server(postgresql_url: str) -> Iterator[Database]:
    database = Database(postgresql_url, SECONDS, SECONDS)
    yield database
    database.close()


@pytest.fixture
def other(postgresql_url: str) -> Iterator[psycopg.Connection]:
    """Another client of the same database."""
    with psycopg.connect("postgresql" + postgresql_url.removeprefix("postgresql+psycopg")) as connection:
        yield connection


class TestServer:
    pytestmark = SERVER

    def test_a_lock_that_another_holds_is_not_waited_for_for_ever(
        self, server: Database, other: psycopg.Connection
    ) -> None:
        other.execute("CREATE TABLE t (a int)")
        other.commit()
        other.execute("LOCK TABLE t")
        with fails_within(3):
            ask(server, "SELECT count(*) FROM t")
        other.rollback()
        assert ask(server, "SELECT count(*) FROM t") == 0

    def test_a_statement_that_takes_too_long_is_ended(self, server: Database) -> None:
        with fails_within(3):
            ask(server, "SELECT pg_sleep(20)")
        assert ask(server) == 1

    def test_a_transaction_that_lies_idle_is_ended_and_frees_what_it_locked(
        self, server: Database, other: psycopg.Connection
    ) -> None:
        other.execute("SET lock_timeout = 3000")
        with fails_within(3), server.write() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(7)"))
            other.execute("SELECT pg_advisory_xact_lock(7)")
            connection.execute(text("SELECT 1"))
        assert ask(server) == 1

    def test_a_migration_takes_as_long_as_it_needs(self, server: Database, other: psycopg.Connection) -> None:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [0x6564584D4C])
        done = threading.Thread(target=migrate, args=(server,))
        done.start()
        time.sleep(3 * SECONDS)
        other.rollback()
        done.join(30)
        assert ask(server, "SELECT count(*) FROM entry") == 0


@pytest.fixture
def between(postgresql_url: str) -> Iterator[Proxy]:
    url = make_url(postgresql_url)
    folder, port = url.query.get("host"), url.port or 5432
    with proxy(f"{folder}/.s.PGSQL.{port}" if folder else (url.host or "", port)) as silent:
        yield silent


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
@pytest.mark.parametrize("commits", [False, True], ids=["statement", "commit"])
def test_a_server_that_falls_silent_is_given_up_and_found_again(
    postgresql_url: str, between: Proxy, monkeypatch: pytest.MonkeyPatch, commits: bool
) -> None:
    monkeypatch.setattr(database_module, "SILENCE_SECONDS", SECONDS)
    url = make_url(postgresql_url).set(host="127.0.0.1", port=between.port, query={})
    database = Database(url.render_as_string(hide_password=False), SECONDS, SECONDS)
    assert ask(database) == 1
    with fails_within(4), database.write() as connection:
        connection.execute(text("SELECT 1"))
        between.silent.set()
        if not commits:
            connection.execute(text("SELECT 1"))
    between.silent.clear()
    assert ask(database) == 1
    database.close()


# --- SQLite: the turn to write ---


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", SECONDS)
    database = Database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    yield database
    database.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[int]:
    """The file of the turn, as another process has it open."""
    file = os.open(tmp_path / "d.sqlite-turn", os.O_RDWR | os.O_CREAT)
    yield file
    os.close(file)


def test_another_process_that_keeps_the_turn_is_not_waited_for_for_ever(
    embedded: Database, elsewhere: int
) -> None:
    before = set(threading.enumerate())  # another database's may wait still
    flock(elsewhere, LOCK_EX)
    for _ in range(3):
        with fails_within(2):
            ask(embedded)
    assert len([each for each in set(threading.enumerate()) - before if each.name == "turn"]) == 1
    flock(elsewhere, LOCK_UN)
    assert ask(embedded) == 1


def test_who_gave_up_waiting_does_not_get_the_turn_later(embedded: Database, elsewhere: int) -> None:
    flock(elsewhere, LOCK_EX)
    with pytest.raises(OperationalError):
        ask(embedded)
    flock(elsewhere, LOCK_UN)
    until_ended("turn")
    flock(elsewhere, LOCK_EX | LOCK_NB)  # raises where somebody has it
    flock(elsewhere, LOCK_UN)
    assert ask(embedded) == 1


def test_the_turn_comes_as_soon_as_the_other_process_is_done(embedded: Database, elsewhere: int) -> None:
    for _ in range(5):
        flock(elsewhere, LOCK_EX)
        threading.Timer(SECONDS / 5, flock, (elsewhere, LOCK_UN)).start()
        assert ask(embedded) == 1


def test_another_thread_that_keeps_the_turn_is_not_waited_for_for_ever(embedded: Database) -> None:
    leave, entered = threading.Event(), threading.Event()

    def hold() -> None:
        with embedded.write():
            entered.set()
            leave.wait(10)

    holding = threading.Thread(target=hold)
    holding.start()
    assert entered.wait(5)
    with pytest.raises(OperationalError, match="database is locked"):
        ask(embedded)
    leave.set()
    holding.join()
    assert ask(embedded) == 1


def test_many_threads_and_a_second_process_all_get_their_turn(embedded: Database, elsewhere: int) -> None:
    with embedded.write() as connection:
        connection.execute(text("CREATE TABLE t (a int)"))
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            flock(elsewhere, LOCK_EX)
            time.sleep(0.002)
            flock(elsewhere, LOCK_UN)
            time.sleep(0.001)

    def insert() -> None:
        for _ in range(25):
            with embedded.write() as connection:
                connection.execute(text("INSERT INTO t VALUES (1)"))

    threads = [threading.Thread(target=insert) for _ in range(4)]
    disturbing = threading.Thread(target=disturb)
    for each in (disturbing, *threads):
        each.start()
    for each in threads:
        each.join()
    stop.set()
    disturbing.join()
    assert ask(embedded, "SELECT count(*) FROM t") == 100


def until_ended(name: str) -> None:
    for each in threading.enumerate():
        if each.name == name:
            each.join(5)
            assert not each.is_alive()
