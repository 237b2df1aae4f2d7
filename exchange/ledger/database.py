"""Transactions: the one place that opens, begins and commits them, on SQLite and PostgreSQL."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_SECONDS = 30

# A link that falls silent is noticed within half a minute (libpq's parameters; seconds, milliseconds).
_LINK = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

Insert = postgresql.Insert | sqlite.Insert


class Database:
    """One database. ``write`` is a transaction that commits at its end; ``read`` is a snapshot."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.embedded = make_url(url).get_backend_name() == "sqlite"
        self._writer = _sqlite_engine(url, "IMMEDIATE") if self.embedded else _server_engine(url)
        self._reader = _sqlite_engine(url, "DEFERRED") if self.embedded else self._writer
        self._turn = _Turn(make_url(url).database or "") if self.embedded else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction. It commits when the block ends and rolls back when it raises."""
        with self._turn, self._writer.connect() as connection:
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

    def insert(self, table: Table) -> Insert:
        """An INSERT of this engine's dialect, which knows ``on_conflict_do_nothing``."""
        return sqlite.insert(table) if self.embedded else postgresql.insert(table)

    @property
    def engine(self) -> Engine:
        """For migrations."""
        return self._writer

    def close(self) -> None:
        """Close all connections."""
        if isinstance(self._turn, _Turn):
            self._turn.close()
        self._writer.dispose()
        self._reader.dispose()


class _Turn:
    """Whose turn it is to write to a SQLite database, among threads and processes.

    SQLite has one writer. Waiting here ends the moment the other is done; SQLite's own waiting
    sleeps and polls. The system gives the turn back when a process dies.
    """

    def __init__(self, database: str) -> None:
        self._threads = threading.Lock()
        self._file = os.open(f"{database}-turn", os.O_RDWR | os.O_CREAT, 0o600)

    def __enter__(self) -> None:
        self._threads.acquire()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def _sqlite_engine(url: str, begin: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=32,
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
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute("PRAGMA wal_autocheckpoint=8000")  # pages: each is copied home less often

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        # A deferred BEGIN that reads and then writes fails at once when another writer is there.
        connection.exec_driver_sql(f"BEGIN {begin}")

    return engine


def _server_engine(url: str) -> Engine:
    return create_engine(
        url,
        pool_size=16,
        max_overflow=32,
        pool_pre_ping=True,
        connect_args=_LINK,
        hide_parameters=True,  # errors are logged, and content must not be
    )
