"""Transactions: the one place that opens, begins and commits them, on SQLite and PostgreSQL."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, TimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_SECONDS = 30
# SQLite's pages in memory, for each connection. The writer's stay good from one transaction to the next;
# a reader's are forgotten with each commit of somebody else.
WRITER_CACHE_KIB = 65_536
READER_CACHE_KIB = 8_192
_AT_ONCE = LOCK_EX | LOCK_NB
SILENCE_SECONDS = 5.0  # beyond its own time limit, until a server is taken to be gone

# A link that falls silent is noticed within half a minute (libpq's parameters; seconds, milliseconds).
_LINK = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

_ONE_MOMENT: dict[str, Any] = {"isolation_level": "REPEATABLE READ"}
_DEADLOCK = "40P01"  # SQLSTATE deadlock_detected

Insert = postgresql.Insert | sqlite.Insert


class Database:
    """One database. ``write`` is a transaction that commits at its end; ``read`` is a snapshot.

    Neither waits for ever: a server ends a statement after ``statement_seconds`` and the wait for a
    lock after ``lock_seconds``, and one that says nothing is given up; SQLite waits for its turn
    ``BUSY_TIMEOUT_SECONDS``. Each of these is an ``OperationalError``.
    """

    def __init__(
        self,
        url: str,
        statement_seconds: float = BUSY_TIMEOUT_SECONDS,
        lock_seconds: float = BUSY_TIMEOUT_SECONDS,
    ) -> None:
        self.url = url
        self.embedded = make_url(url).get_backend_name() == "sqlite"
        if self.embedded:
            self._writer = _sqlite_engine(url, "IMMEDIATE", WRITER_CACHE_KIB)
            self._reader = _sqlite_engine(url, "DEFERRED", READER_CACHE_KIB)
        else:
            self._writer = self._reader = _server_engine(url, statement_seconds, lock_seconds)
        self._turn = _Turn(make_url(url).database or "") if self.embedded else nullcontext()

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction. It commits when the block ends and rolls back when it raises."""
        return self._transaction(self._writer)

    @contextmanager
    def migration(self) -> Iterator[Connection]:
        """As ``write``, and a server takes as long as it needs."""
        engine = self._writer if self.embedded else _server_engine(self.url, 0, 0)
        try:
            with self._transaction(engine) as connection:
                yield connection
        finally:
            if engine is not self._writer:
                engine.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with self._turn, engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            self._commit(connection)

    def _commit(self, connection: Connection) -> None:
        """The only commit. Before it nothing of the block is true; after it all of it, for ever."""
        connection.commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot of what is committed."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """As ``read``; what several statements see is of one moment."""
        with self._reader.connect() as connection:
            yield connection if self.embedded else connection.execution_options(**_ONE_MOMENT)

    def ask(self) -> None:
        """Nothing; raises whatever keeps the database from answering."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def insert(self, table: Table) -> Insert:
        """An INSERT of this engine's dialect, which knows ``on_conflict_do_nothing``."""
        return sqlite.insert(table) if self.embedded else postgresql.insert(table)

    def close(self) -> None:
        """Close all connections."""
        if isinstance(self._turn, _Turn):
            self._turn.close()
        self._writer.dispose()
        self._reader.dispose()


def unavailable(error: Exception) -> bool:
    """Whether the database cannot be used now, whatever is asked of it. A deadlock is over already."""
    if isinstance(error, OperationalError):
        return getattr(error.orig, "sqlstate", "") != _DEADLOCK
    return isinstance(error, TimeoutError)


class _Turn:
    """Whose turn it is to write to a SQLite database, among threads and processes.

    SQLite has one writer. Waiting here ends the moment the other is done; SQLite's own waiting
    sleeps and polls. The system gives the turn back when a process dies. Whoever does not get it
    within ``BUSY_TIMEOUT_SECONDS`` gets SQLite's own error.
    """

    def __init__(self, database: str) -> None:
        self._threads = threading.Lock()
        self._file = os.open(f"{database}-turn", os.O_RDWR | os.O_CREAT, 0o600)
        # Between the thread whose turn it is here, and the one that waits for other processes.
        self._changed = threading.Condition()
        self._asked = False  # that thread waits
        self._wanted = False  # and somebody waits for it
        self._given = False  # and it got the turn for him

    def __enter__(self) -> None:
        # Mostly nobody else is there: the short way first.
        left = BUSY_TIMEOUT_SECONDS if self._threads.acquire(False) else self._after_threads()
        try:
            if self._asked:
                self._after_processes(left)
            else:
                flock(self._file, _AT_ONCE)
        except BlockingIOError:
            self._after_processes(left)
        except OSError:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        flock(self._file, LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Give the file back; one that is still waited for is left to the end of the process."""
        if not self._asked:
            os.close(self._file)

    def _after_threads(self) -> float:
        """Be the one thread that asks; the seconds that are left. Raises ``OperationalError``."""
        until = monotonic() + BUSY_TIMEOUT_SECONDS
        if not self._threads.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise _busy()
        return until - monotonic()

    def _after_processes(self, seconds: float) -> None:
        """Take the turn after other processes; raises ``OperationalError``."""
        with self._changed:
            self._wanted = True
            if not self._asked:
                self._asked = True
                threading.Thread(target=self._ask, name="turn", daemon=True).start()
            self._changed.wait_for(lambda: not self._asked, seconds)
            given, self._given, self._wanted = self._given, False, False
        if not given:
            self._threads.release()
            raise _busy()

    def _ask(self) -> None:
        """Wait in a thread of its own: the lock of a file knows no time limit."""
        got = False
        try:
            flock(self._file, LOCK_EX)
            got = True
        finally:
            with self._changed:
                self._given = got and self._wanted
                if got and not self._wanted:  # too late: nobody waits any more
                    flock(self._file, LOCK_UN)
                self._asked = False
                self._changed.notify()


def _busy() -> OperationalError:
    return OperationalError("the turn to write", None, sqlite3.OperationalError("database is locked"))


def _sqlite_engine(url: str, begin: str, cache_kib: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=32,
        pool_use_lifo=True,  # one writes at a time: always the same one, whose cache is warm
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
        hide_parameters=True,  # errors are logged, and content must not be
    )

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # a commit is on the disk when it returns
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{cache_kib}")
        connection.execute("PRAGMA wal_autocheckpoint=8000")  # pages: each is copied home less often

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        # A deferred BEGIN that reads and then writes fails at once when another writer is there.
        connection.exec_driver_sql(f"BEGIN {begin}")

    return engine


def _server_engine(url: str, statement_seconds: float, lock_seconds: float) -> Engine:
    """Connections whose server keeps these limits; 0 is none."""
    engine = create_engine(
        url,
        pool_size=16,
        max_overflow=32,
        pool_pre_ping=True,
        connect_args=_LINK,
        hide_parameters=True,  # errors are logged, and content must not be
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _entry: object, arguments: list[Any], named: dict[str, Any]) -> _Link:
        link = _Link.connect(*arguments, **named)
        # Of the session, and not of the URL: a pooler between refuses parameters that it does not know.
        link.execute(
            "SELECT set_config('statement_timeout', %(statement)s, false),"
            " set_config('idle_in_transaction_session_timeout', %(statement)s, false),"
            " set_config('lock_timeout', %(lock)s, false)",
            {"statement": f"{statement_seconds * 1000:.0f}", "lock": f"{lock_seconds * 1000:.0f}"},
        )
        link.commit()
        link.seconds = statement_seconds + SILENCE_SECONDS if statement_seconds else None
        return link

    return engine


class _Link(psycopg.Connection[Any]):
    """A connection that does not wait for ever: a server that hangs still keeps its link alive."""

    seconds: float | None = 2 * SILENCE_SECONDS  # for one call; None: without limit

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As psycopg's own, within ``seconds``; raises ``OperationalError``."""
        try:
            return super().wait(gen, interval, self.seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # nobody knows what became of the call: the pool takes another
            raise
