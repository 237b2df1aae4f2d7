"""The broker as real processes: ``exchange serve``, ``api`` and ``worker``, started and killed by tests."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import urllib3

from exchange.app import open_database
from exchange.context import clock
from tests.house import Adapters, settings_for
from tests.province import Province

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until it holds; fail with ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


class Site:
    """A data folder, a database with the test province, and the processes that run on it."""

    def __init__(self, folder: Path, database_url: str, adapters: Adapters, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {
            **os.environ,
            "EXCHANGE_DATA": str(folder / "data"),
            "EXCHANGE_DATABASE_URL": database_url,
            "EXCHANGE_PORT": str(self.port),
            **{f"EXCHANGE_{name.upper()}": value for name, value in settings.items()},
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.province = Province.create(clock(), adapters)
        database = open_database(settings_for(folder / "data", database_url))
        self.province.install(database, clock())
        database.close()
        self.http = urllib3.PoolManager(retries=False, maxsize=8)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one process; its log goes to a file beside the data."""
        log = (self.folder / f"{arguments[0]}-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "exchange", *arguments],
            env=self.environment, cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        self.processes.append(process)
        return process

    def wait_ready(self) -> None:
        until(self._ready, 30, f"ready\n{self.logs()}")

    def _ready(self) -> bool:
        try:
            return self.http.request("GET", f"{self.url}/health/ready").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))

    def post(self, content: bytes, sender: str) -> urllib3.BaseHTTPResponse:
        headers = {
            "Authorization": f"Bearer {self.province.secrets[sender]}",
            "Content-Type": "application/xml",
        }
        return self.http.request("POST", f"{self.url}/v1/documents", body=content, headers=headers)

    def get(self, path: str, agency: str) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {self.province.secrets[agency]}"}
        answer = self.http.request("GET", f"{self.url}{path}", headers=headers)
        assert answer.status == 200, answer.data
        found: dict[str, object] = answer.json()
        return found

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As a power cut would."""
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """As an operator would."""
        process.terminate()
        return process.wait(40)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                self.kill(process)
        self.http.clear()
