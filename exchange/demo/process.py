"""A service of ours as a process of its own: started, killed, started again, stopped."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep

from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
LOG_LINES_SHOWN = 5


class ProcessFailed(Exception):
    """The process did not start, or ended by itself."""


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class ServiceProcess:
    """``python -m exchange …``, with nothing from this process' own settings."""

    def __init__(self, name: str, log: Path, ready: tuple[str, int]) -> None:
        """``ready``: the path that is asked, and the status by which it says that it is there."""
        self.port = free_port()
        self.log = log
        self._name = name
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The number of the process; 0 before the start."""
        return 0 if self._process is None else self._process.pid

    def wait(self) -> None:
        """Return when it is ready; raises ``ProcessFailed`` with the end of its log."""
        deadline = monotonic() + START_SECONDS_MAX
        with HTTPConnectionPool("127.0.0.1", self.port, maxsize=1) as pool:
            while not self._answers(pool):
                if self._process is None or self._process.poll() is not None or monotonic() > deadline:
                    raise ProcessFailed(self._last_words())
                sleep(0.05)

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

    def _begin(self, arguments: Sequence[str], settings: Mapping[str, object]) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  ourselves
                [sys.executable, "-m", "exchange", *arguments],
                env=environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which stops everybody in order
            )

    def _answers(self, pool: HTTPConnectionPool) -> bool:
        path, status = self._ready
        try:
            return pool.request("GET", path, retries=False, timeout=5).status == status
        except HTTPError:
            return False

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()[-LOG_LINES_SHOWN:]
        return "\n".join([f"{self._name} did not start; its log ends with:", *lines])


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """For a process of ours: what the user has set for an exchange of their own does not reach it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (package, kept.get("PYTHONPATH", ""))))
    own = {f"EXCHANGE_{name.upper()}": str(value) for name, value in settings.items()}
    return {**kept, "PYTHONPATH": path, **own}
