"""What the benchmark drives: a running server, and how the plain stack is started."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.documents import Signer

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "schemas" / "edxml-strict.xsd"
_TOKEN = "the-senders-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: where to post, and how to look at it from outside."""

    port: int
    path: str
    token: str
    pid: int
    database: Path
    counts: Mapping[str, str]  # what can be counted in the database, as SQL

    def count(self, what: str) -> int:
        """Rows committed in its database, seen by a connection of our own."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        try:
            number: int = connection.execute(self.counts[what]).fetchone()[0]
        finally:
            connection.close()
        return number

    def processor_seconds(self) -> float:
        """Processor time that the server's processes have used up to now."""
        return processes.processor_seconds(self.pid)

    def resident_bytes(self) -> int:
        """Resident memory of the server's processes, added up."""
        return processes.resident_bytes(self.pid)


@contextmanager
def launched(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes to ``log`` and is ended at the end of the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        processes.stop(process)


@contextmanager
def start_baseline(
    folder: Path,
    *,
    sender: Signer,
    stack: Signer,
    workers: int,
    deliver_to: str = "",
    typed: bool = False,
) -> Iterator[Server]:
    """The plain stack on an empty database, answering, until the end of the block.

    With ``deliver_to`` it posts every document to that address before it answers. ``typed``: its
    schema says xs:base64Binary of attachments, as one would write it; ours says xs:string.
    """
    from bench import baseline  # its tables stay out of processes that do not need them

    database = folder / "baseline.sqlite"
    baseline.create_database(database)
    (folder / "sender.pem").write_bytes(sender.certificate)
    (folder / "stack.pem").write_bytes(stack.certificate)
    (folder / "stack.key").write_bytes(stack.private_key)
    schema = folder / "edxml.xsd"
    schema.write_text(_typed(SCHEMA.read_text("utf-8")) if typed else SCHEMA.read_text("utf-8"), "utf-8")
    port = processes.free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.baseline:from_environment", "--factory"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    command += ["--timeout-keep-alive", "75"]
    environment = {
        "BASELINE_FOLDER": str(folder),
        "BASELINE_SCHEMA": str(schema),
        "BASELINE_TOKEN": _TOKEN,
        "BASELINE_DELIVER_TO": deliver_to,
    }
    with launched(command, environment, folder / "baseline.log") as process:
        processes.wait_until_ready(process, port, "/ready", folder / "baseline.log")
        yield Server(
            port=port,
            path="/documents",
            token=_TOKEN,
            pid=process.pid,
            database=database,
            counts={"accepted": "SELECT count(*) FROM document"},
        )


def _typed(schema: str) -> str:
    found = 'name="ContentTransferEncoded" type="xs:string"'
    assert found in schema, "the schema has another type of attachments"
    return schema.replace(found, found.replace("string", "base64Binary"))
