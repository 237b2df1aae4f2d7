"""A witness as a real process, started and killed by tests."""

import subprocess
import sys
from functools import cached_property
from pathlib import Path

import urllib3

from exchange.core.note import Vkey
from exchange.witness.memory import origin_hash
from tests.processes import ROOT, free_port, until

NAME = "thanh-tra.vn/witness"


class RunningWitness:
    """``exchange witness`` on a folder of its own."""

    def __init__(self, folder: Path, *logs: Vkey, name: str = NAME) -> None:
        self.folder = folder
        self.name = name
        self.port = free_port()
        self.logs = logs
        self.http = urllib3.PoolManager(retries=False, maxsize=16, timeout=20)
        self.process: subprocess.Popen[bytes] | None = None
        self.log_file = folder.parent / f"{folder.name}-witness.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def vkey(self) -> Vkey:
        shown = subprocess.run(
            [sys.executable, "-m", "exchange", "witness", "key", "--data", self.folder, "--name", self.name],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return Vkey.parse(shown.stdout.strip())

    def start(self, before: str = "") -> None:
        """Start it, and wait until it answers; ``before``: what its Python is told first."""
        arguments = ["witness", "--data", str(self.folder), "--port", str(self.port), "--name", self.name]
        for log in self.logs:
            arguments += ["--log", log.text]
        program = f"import sys\n{before}\nfrom exchange.cli import main\nmain()"
        with self.log_file.open("ab") as log_file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program, *arguments], cwd=ROOT, stdout=log_file, stderr=log_file
            )
        until(self._answers, 30, f"the witness answers\n{self.logged()}")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.logged()
        try:
            return self.http.request("GET", f"{self.url}/").status == 404
        except urllib3.exceptions.HTTPError:
            return False

    def add(self, body: bytes) -> urllib3.BaseHTTPResponse:
        return self.http.request("POST", f"{self.url}/add-checkpoint", body=body)

    def shown(self, origin: str) -> str:
        """The checkpoint that it cosigned last; "" if none."""
        answer = self.http.request("GET", f"{self.url}/checkpoint/{origin_hash(origin)}")
        assert answer.status in (200, 404)
        return answer.data.decode() if answer.status == 200 else ""

    def logged(self) -> str:
        return self.log_file.read_text()

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.http.clear()

    def stop(self) -> int:
        """As an operator would."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.http.clear()
