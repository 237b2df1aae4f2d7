"""Database servers that agencies have: each test gets a database of its own, which is dropped afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

SERVERS = {
    "postgresql": "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
    "mariadb": "mariadb+pymysql://root@127.0.0.1:3306",
}


@contextmanager
def database_of(kind: str) -> Iterator[URL]:
    """A new database on the server in ``EXCHANGE_TEST_<KIND>``, by default the one of this machine."""
    server = make_url(os.environ.get(f"EXCHANGE_TEST_{kind.upper()}", SERVERS[kind]))
    port = server.port or make_url(SERVERS[kind]).port
    server = server.set(port=port, drivername=make_url(SERVERS[kind]).drivername)
    name = f"exchange_test_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    ending = " DEFAULT CHARACTER SET utf8mb4" if kind == "mariadb" else ""
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{ending}"))
    except OperationalError:
        engine.dispose()
        missing = f"no {kind} at {server.host}:{port}, and EXCHANGE_TEST_{kind.upper()} names no other"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    try:
        yield server.set(database=name)
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}{force}"))
        engine.dispose()
