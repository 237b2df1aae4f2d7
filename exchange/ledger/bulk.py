"""Bulk: many rows of one table in one statement, on SQLite and PostgreSQL.

``executemany`` runs a statement for each row, and between two of them gives the interpreter away and
waits to get it back: in a busy process a commit of fifty rows then takes longer than its sync. Types
and names are those of the tables; only the text of the statement is made here, once for each number
of rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table

ROWS_MAX = 64  # a power of two: numbers of rows are made up of those, so that few texts are prepared

Row = Mapping[str, Any]
_Bind = Callable[[Any], Any]


def insert(connection: Connection, table: Table, rows: Sequence[Row], *, known: str = "") -> None:
    """Insert rows, which have the same columns. One whose ``known`` columns are there already is left out.

    ``known`` names the columns of a unique constraint, separated by commas.
    """
    if rows:
        _write(connection, table, rows, f" ON CONFLICT ({known}) DO NOTHING" if known else "")


def update(connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[Row]) -> None:
    """Set the other columns of the rows that have these ``keys``; no key may come twice."""
    for part in _parts(rows):
        text = _update(table, connection.dialect, tuple(keys), tuple(part[0]), len(part))
        connection.exec_driver_sql(text, _values(table, connection.dialect, part))


def put(
    connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[Row], *, add: bool = False
) -> None:
    """Write rows that may be there already: what they hold is replaced, or with ``add`` added to.

    No key may come twice.
    """
    if rows:
        _write(connection, table, rows, _conflict(table, tuple(keys), tuple(rows[0]), add))


def _write(connection: Connection, table: Table, rows: Sequence[Row], conflict: str) -> None:
    dialect, columns = connection.dialect, tuple(rows[0])
    if dialect.paramstyle == "qmark":
        for part in _parts(rows):
            text = _insert(table, dialect, columns, len(part)) + conflict
            connection.exec_driver_sql(text, _values(table, dialect, part))
        return
    # An array for each column: psycopg reads a statement anew each time that has a place for each value.
    connection.exec_driver_sql(_unnest(table, dialect, columns) + conflict, _arrays(table, dialect, rows))


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    done, size = 0, ROWS_MAX
    while done < len(rows):
        while size > len(rows) - done:
            size //= 2
        yield rows[done : done + size]
        done += size


def _values(table: Table, dialect: Dialect, rows: Sequence[Row]) -> tuple[Any, ...]:
    binds = _binds(table, dialect, tuple(rows[0]))
    return tuple(
        chain.from_iterable(
            [bind(value) if bind else value for bind, value in zip(binds, row.values(), strict=True)]
            for row in rows
        )
    )


@lru_cache(maxsize=64)
def _binds(table: Table, dialect: Dialect, columns: tuple[str, ...]) -> list[_Bind | None]:
    types = [table.c[name].type.dialect_impl(dialect) for name in columns]
    return [each.bind_processor(dialect) for each in types]


@lru_cache(maxsize=256)
def _insert(table: Table, dialect: Dialect, columns: tuple[str, ...], rows: int) -> str:
    values = ", ".join([_places(dialect, len(columns))] * rows)
    names = ", ".join(map(dialect.identifier_preparer.quote, columns))
    return f"INSERT INTO {table.name} ({names}) VALUES {values}"  # noqa: S608 names of ours


@lru_cache(maxsize=64)
def _conflict(table: Table, keys: tuple[str, ...], columns: tuple[str, ...], add: bool) -> str:
    there = f"{table.name}.{{0}} + excluded.{{0}}" if add else "excluded.{0}"
    sets = ", ".join(f"{name} = {there.format(name)}" for name in columns if name not in keys)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"


@lru_cache(maxsize=64)
def _unnest(table: Table, dialect: Dialect, columns: tuple[str, ...]) -> str:
    kinds = [dialect.type_compiler_instance.process(table.c[name].type) for name in columns]
    arrays = ", ".join(f"CAST({_place(dialect)} AS {kind}[])" for kind in kinds)
    names = ", ".join(map(dialect.identifier_preparer.quote, columns))
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608 names of ours


def _arrays(table: Table, dialect: Dialect, rows: Sequence[Row]) -> tuple[list[Any], ...]:
    binds = _binds(table, dialect, tuple(rows[0]))
    columns = zip(*(row.values() for row in rows), strict=True)
    return tuple(
        [bind(value) for value in column] if bind else list(column)
        for bind, column in zip(binds, columns, strict=True)
    )


@lru_cache(maxsize=256)
def _update(
    table: Table, dialect: Dialect, keys: tuple[str, ...], columns: tuple[str, ...], rows: int
) -> str:
    # The first row says what the types are: PostgreSQL takes values of no table for text.
    place = _place(dialect)
    kinds = [dialect.type_compiler_instance.process(table.c[name].type) for name in columns]
    first = f"({', '.join(f'CAST({place} AS {kind})' for kind in kinds)})"
    values = ", ".join([first, *[_places(dialect, len(columns))] * (rows - 1)])
    sets = ", ".join(f"{name} = given.{name}" for name in columns if name not in keys)
    same = " AND ".join(f"{table.name}.{name} = given.{name}" for name in keys)
    return (
        f"WITH given ({', '.join(columns)}) AS (VALUES {values})"  # noqa: S608 names of ours
        f" UPDATE {table.name} SET {sets} FROM given WHERE {same}"
    )


def _places(dialect: Dialect, count: int) -> str:
    return f"({', '.join([_place(dialect)] * count)})"


def _place(dialect: Dialect) -> str:
    return "?" if dialect.paramstyle == "qmark" else "%s"
