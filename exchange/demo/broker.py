"""The exchange itself, as a process of its own: started, killed, started again, stopped."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep

from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
LOG_LINES_SHOWN = 5


class BrokerFailed(Exception):
    """The process did not start, or ended by itself."""


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class BrokerProcess:
    """``python -m exchange serve`` on a data folder, with nothing from this process' own settings."""

    def __init__(self, data: Path, settings: Mapping[str, object]) -> None:
        self.port = free_port()
        self.log = data / "broker.log"
        self._data = data
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **changed: object) -> None:
        """Begin, with some settings changed; ``wait`` says when it answers."""
        environment = _environment(self._data, self.port, {**self._settings, **changed})
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "exchange", "serve"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which stops the exchange in order
            )

    def wait(self) -> None:
        """Return when it is ready; raises ``BrokerFailed`` with the end of its log."""
        deadline = monotonic() + START_SECONDS_MAX
        with HTTPConnectionPool("127.0.0.1", self.port, maxsize=1) as pool:
            while not _ready(pool):
                if self._process is None or self._process.poll() is not None or monotonic() > deadline:
                    raise BrokerFailed(self._last_words())
                sleep(0.05)

    @property
    def pid(self) -> int:
        """The number of the process; 0 before the start."""
        return 0 if self._process is None else self._process.pid

    def kill(self) -> None:
        """End it as a power cut would: no signal that it could notice, nothing finished."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """Ask it to stop and wait; its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1

    def close(self) -> None:
        """Whatever happened: it does not outlive the demo."""
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()[-LOG_LINES_SHOWN:]
        return "\n".join(["the exchange did not start; its log ends with:", *lines])


def _ready(pool: HTTPConnectionPool) -> bool:
    try:
        return pool.request("GET", "/health/ready", retries=False, timeout=5).status == 200
    except HTTPError:
        return False


def _environment(data: Path, port: int, settings: Mapping[str, object]) -> dict[str, str]:
    # What the user has set for an exchange of their own must not reach this one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    own = {"data": data, "database_url": "", "queue_url": "memory://", "host": "127.0.0.1", "port": port}
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (package, kept.get("PYTHONPATH", ""))))
    return {
        **kept,
        "PYTHONPATH": path,
        **{f"EXCHANGE_{name.upper()}": str(value) for name, value in {**own, **settings}.items()},
    }
