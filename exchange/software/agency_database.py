"""An agency's own database: short transactions over a few kept connections, each cut at its time limit.

What drivers call a time-out runs anew with every packet, or only on the server. So the work is done on
threads of its own: when the time is up, the caller goes on, and the line under the work is shut.
"""

import math
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Lock, local
from typing import Any, Final, TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    InvalidatePoolError,
    NoSuchModuleError,
    SQLAlchemyError,
)

from exchange.adapter import Refused, Retry
from exchange.http_client import one_line

T = TypeVar("T")

# The backends that are known here, with the driver that is taken where the URL names none.
DRIVERS: Final[Mapping[str, str]] = {
    "postgresql": "psycopg",
    "mysql": "pymysql",
    "mariadb": "pymysql",
    "oracle": "oracledb",
    "mssql": "pymssql",
    "sqlite": "pysqlite",
}
CLOSING_SECONDS: Final = 1.0
_PASSWORDS: Final = ("password", "passwd", "pwd", "passfile", "service", "ssl_key_password")


class Stopped(Exception):
    """The work did not come to its end: ``verdict``. Whether it was committed is not known."""

    def __init__(self, verdict: Retry | Refused) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class _Cut(Exception):
    """Nobody waits for this work any more."""


def checked_database(text: str) -> str:
    """The URL of a database, as options give it; ``ValueError`` in words that follow the option's name."""
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None:
        raise ValueError("is not a URL of a database, as postgresql://user@host/name")
    if url.password is not None or any(name.lower() in _PASSWORDS for name in url.query):
        raise ValueError("must not hold a password: the option 'password' says where that stands")
    if url.get_backend_name() not in DRIVERS:
        raise ValueError(f"must begin with one of {', '.join(f'{each}://' for each in DRIVERS)}")
    return text


class AgencyDatabase:
    """One database; shared by threads, ``connections`` of them at a time."""

    def __init__(self, url: str, password: str, timeout_seconds: float, connections: int) -> None:
        """``ValueError``: the driver is not installed. Nothing is called yet."""
        made = make_url(url)
        if "+" not in made.drivername:
            made = made.set(drivername=f"{made.drivername}+{DRIVERS[made.get_backend_name()]}")
        self.peer = f"{made.host}:{made.port}" if made.port else made.host or made.database or ""
        self._connections = connections
        self._password = SecretStr(password)
        self._now = local()
        self._jobs: set[_Job] = set()
        self._lock = Lock()
        self._engine = _engine(made.set(password=password or None), timeout_seconds, connections)
        self._timeout_seconds = timeout_seconds
        event.listen(self._engine, "do_connect", self._dial)
        event.listen(self._engine.pool, "checkout", self._checked_out)
        event.listen(self._engine.pool, "checkin", self._checked_in)
        event.listen(self._engine.pool, "close", _close_line)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="agency-database")

    @property
    def backend(self) -> str:
        """The kind of database: postgresql, mysql, mariadb, oracle, mssql, sqlite."""
        return self._engine.dialect.name

    def run(self, work: Callable[[Connection], T], timeout_seconds: float) -> T:
        """Do the work in one transaction, within the time limit.

        Raises ``Stopped``, and what SQLAlchemy calls an ``IntegrityError`` as it is.
        """
        job = _Job()
        future = self._threads.submit(self._do, job, work)
        if future not in wait([future], timeout_seconds).done:
            if future.cancel():
                reason = f"all {self._connections} connections were busy for {timeout_seconds:g} s"
                raise Stopped(Retry(f"{self.peer}: {reason}"))
            job.cut()
            raise Stopped(Retry(f"{self.peer}: no answer within {timeout_seconds:g} s"))
        return self._result(future)

    def words(self, text: str) -> str:
        """One short printable line without the password."""
        if secret := self._password.get_secret_value():
            text = text.replace(secret, "***")
        return one_line(text)

    def close(self) -> None:
        """Cut what is under way, and close the kept connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            jobs = list(self._jobs)
        for job in jobs:
            job.cut()
        wait([job.ended for job in jobs], CLOSING_SECONDS)
        self._engine.dispose()

    def _result(self, future: Future[T]) -> T:
        try:
            return future.result()
        except DataError as error:
            verdict: Retry | Refused = Refused("database_data", self.words(str(error.orig)))
        except DBAPIError as error:
            if type(error).__name__ == "IntegrityError":
                raise
            verdict = Retry(self.words(f"{self.peer}: {error.orig}"))
        except (SQLAlchemyError, OSError) as error:
            verdict = Retry(self.words(f"{self.peer}: {error}"))
        raise Stopped(verdict)

    def _do(self, job: "_Job", work: Callable[[Connection], T]) -> T:
        self._now.job = job
        with self._lock:
            self._jobs.add(job)
        try:
            with self._engine.connect() as connection, connection.begin():
                return work(connection)
        finally:
            job.let_go()
            with self._lock:
                self._jobs.discard(job)
            job.ended.set_result(None)

    # what the pool tells of; all on the thread of the job

    def _dial(self, dialect: Any, record: Any, args: Any, parameters: dict[str, Any]) -> Any:
        job: _Job = self._now.job
        job.go_on()
        if dialect.driver == "pymysql" and "unix_socket" not in parameters:
            return self._dial_pymysql(dialect, record, parameters, job)
        raw = dialect.connect(*args, **parameters)
        if dialect.driver == "psycopg":
            record.info["line"] = socket.socket(fileno=os.dup(raw.fileno()))
        elif dialect.driver == "oracledb":
            raw.call_timeout = int(self._timeout_seconds * 1000)
        elif dialect.driver == "pyodbc":
            raw.timeout = math.ceil(self._timeout_seconds)
        record.info["fresh"] = True
        job.hold(record.info.get("line"), raw)
        return raw

    def _dial_pymysql(self, dialect: Any, record: Any, parameters: dict[str, Any], job: "_Job") -> Any:
        """The same over a socket of ours: the greeting of the server can be cut, too."""
        where = (parameters.get("host") or "localhost", parameters.get("port") or 3306)
        try:
            line = socket.create_connection(where, self._timeout_seconds)
            record.info["line"] = line.dup()
        except OSError as error:
            raise dialect.loaded_dbapi.OperationalError(f"{type(error).__name__}: {error}") from None
        job.hold(record.info["line"], None)
        raw = dialect.loaded_dbapi.connect(**parameters, defer_connect=True)
        try:
            raw.connect(line)
        except BaseException:
            line.close()
            record.info.pop("line").close()
            raise
        record.info["fresh"] = True
        return raw

    def _checked_out(self, raw: Any, record: Any, _fairy: Any) -> None:
        job: _Job = self._now.job
        job.go_on()
        job.hold(record.info.get("line"), raw)
        if record.info.pop("fresh", False):
            return
        try:
            alive = self._engine.dialect.do_ping(raw)
        except self._engine.dialect.loaded_dbapi.Error:
            alive = False
        job.go_on()
        if not alive:
            raise InvalidatePoolError

    def _checked_in(self, _raw: Any, _record: Any) -> None:
        self._now.job.let_go()


class _Job:
    """One transaction under way: what to shut when nobody waits for it any more."""

    def __init__(self) -> None:
        self.ended: Future[None] = Future()
        self._lock = Lock()
        self._line: socket.socket | None = None
        self._raw: Any = None
        self._is_cut = False

    def hold(self, line: socket.socket | None, raw: Any) -> None:
        with self._lock:
            self._line, self._raw = line, raw
            if self._is_cut:
                self._shut()

    def let_go(self) -> None:
        with self._lock:
            self._line = self._raw = None

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            self._shut()

    def go_on(self) -> None:
        """Raises ``_Cut`` where it need not."""
        if self._is_cut:
            raise _Cut

    def _shut(self) -> None:
        """The socket; else what the driver has: ``interrupt`` of sqlite3, ``cancel`` of Oracle."""
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
            return
        for name in ("interrupt", "cancel"):
            if hasattr(self._raw, name):
                with suppress(Exception):
                    getattr(self._raw, name)()


def _close_line(_raw: Any, record: Any) -> None:
    if line := record.info.pop("line", None):
        line.close()


def _engine(url: URL, timeout_seconds: float, connections: int) -> Engine:
    try:
        return create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_recycle=1800,
            hide_parameters=True,
            connect_args=_limits(url.get_driver_name(), timeout_seconds),
        )
    except (ImportError, NoSuchModuleError):
        driver = url.get_driver_name()
    raise ValueError(f"option 'url': the driver '{driver}' is not installed here")


def _limits(driver: str, seconds: float) -> dict[str, Any]:
    """What each driver is told of the time limit: so that the server, too, gives up what nobody waits for."""
    whole, thousandths = max(math.ceil(seconds), 1), max(int(seconds * 1000), 1000)
    match driver:
        case "psycopg":
            server = {"statement_timeout": thousandths, "lock_timeout": thousandths}
            server["idle_in_transaction_session_timeout"] = 2 * thousandths
            given = " ".join(f"-c {name}={value}" for name, value in server.items())
            return {"connect_timeout": max(whole, 2), "options": given, "application_name": "exchange"}
        case "pymysql":
            command = f"SET SESSION innodb_lock_wait_timeout={whole}, SESSION net_write_timeout={whole + 1}"
            limits = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), whole)
            return {**limits, "init_command": command}
        case "pysqlite":
            return {"timeout": seconds}
        case "oracledb":
            return {"tcp_connect_timeout": seconds}
        case "pymssql":
            return {"login_timeout": whole, "timeout": whole}
        case "pyodbc":
            return {"timeout": whole}
    return {}
