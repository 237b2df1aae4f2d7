"""A database on a PostgreSQL server that one test after the other gets, as it was when it was new.

Emptying it takes milliseconds; creating and dropping one takes half a second and waits for the disk.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate

# Rows of the catalogue that creating, altering or dropping anything writes anew.
_FORM = SQL(
    "SELECT (SELECT (count(*), sum(xmin::text::bigint))::text FROM pg_attribute),"
    " (SELECT (count(*), sum(xmin::text::bigint))::text FROM pg_trigger),"
    " (SELECT (count(*), sum(xmin::text::bigint))::text FROM pg_proc),"
    " (SELECT (count(*), sum(xmin::text::bigint))::text FROM pg_constraint),"
    " (SELECT (count(*), sum(xmin::text::bigint))::text FROM pg_index),"
    " (SELECT count(*)::text FROM pg_db_role_setting)"
)
_TABLES = SQL("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
_OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
_SEQUENCES = SQL(
    "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
    " WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
)


def admin_url(server: str) -> str:
    """The database that is on every server, as libpq writes it."""
    return libpq(server) if "?" in server else f"{libpq(server)}/postgres"


def libpq(url: str) -> str:
    """The same URL as libpq writes it."""
    return "postgresql" + url.removeprefix("postgresql+psycopg")


def database_on(server: str, name: str) -> str:
    """The URL of one database on the server."""
    start, _, query = server.partition("?")
    return f"{start.rsplit('/', 1)[0]}/{name}?{query}" if query else f"{start}/{name}"


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The URL of a database with nothing in it, which is dropped at the end."""
    name = _new_name()
    with psycopg.connect(admin_url(server), autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    yield database_on(server, name)
    _drop(server, name)


def bring_up(url: str) -> None:
    """Give a database its newest form."""
    database = Database(url)
    migrate(database)
    database.close()


class Reused:
    """The database: every test gets it under a new name, so that nothing of those before finds it."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = ""
        self._form: tuple[object, ...] = ()
        self._rows: dict[str, bytes] = {}  # per table that is not empty from the first, as COPY writes them

    def take(self) -> str:
        """Its URL; whoever had it before is cut off. A new one where a test changed more than rows."""
        if not (self._name and self._renewed()):
            self.close()
            self._create()
        return database_on(self._server, self._name)

    def close(self) -> None:
        """Drop it."""
        if self._name:
            _drop(self._server, self._name)

    def _create(self) -> None:
        self._name = _new_name()
        with psycopg.connect(admin_url(self._server), autocommit=True) as connection:
            name = Identifier(self._name)
            connection.execute(SQL("CREATE DATABASE {}").format(name))
            # The server outlives every test: what a process committed is there however the process ends.
            connection.execute(SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
        bring_up(database_on(self._server, self._name))
        with self._connect() as connection:
            self._form = _form(connection)
            self._rows = {table: _copied(connection, table) for table in _filled(connection)}

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(libpq(database_on(self._server, self._name)))

    def _renewed(self) -> bool:
        with psycopg.connect(admin_url(self._server), autocommit=True) as connection:
            connection.execute(_OTHERS, [self._name])
            name = _new_name()
            connection.execute(
                SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(self._name), Identifier(name))
            )
            self._name = name
        with self._connect() as connection:
            if _form(connection) != self._form:
                return False
            self._empty(connection)
        return True

    def _empty(self, connection: psycopg.Connection) -> None:
        connection.execute("SET LOCAL session_replication_role = replica")  # guards forbid deleting
        for table in _filled(connection):
            connection.execute(SQL("DELETE FROM {}").format(Identifier(table)))
        for table, rows in self._rows.items():
            with connection.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                copy.write(rows)
        connection.execute(_SEQUENCES)


def _new_name() -> str:
    return f"exchange_test_{uuid4().hex[:12]}"


def _drop(server: str, name: str) -> None:
    with psycopg.connect(admin_url(server), autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)


def _form(connection: psycopg.Connection) -> tuple[object, ...]:
    found = connection.execute(_FORM).fetchone()
    assert found is not None
    return found


def _filled(connection: psycopg.Connection) -> list[str]:
    """The tables that have rows."""
    asked = [_asks(table) for (table,) in connection.execute(_TABLES)]
    return [name for (name,) in connection.execute(SQL(" UNION ALL ").join(asked))]


def _asks(table: str) -> Composed:
    return SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(table, Identifier(table))
