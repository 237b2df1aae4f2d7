"""How the broker is set up and started for the benchmark: its own commands and settings, nothing else."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.documents import RECEIVERS, SENDER
from bench.keys import Keys
from bench.results import Verifier
from bench.servers import ROOT, Server, launched

_COMMAND = [sys.executable, "-m", "exchange"]
_COMMAND_SECONDS = 60.0
_SIBLINGS_SECONDS = 30.0
_POLL_SECONDS = 0.02
_PROVINCE = "000.00.00.H45"
_COLUMNS = (
    *("code", "code_qd20", "aliases", "name", "level", "parent", "valid_from", "valid_to", "successor"),
    *("adapter", "options", "document_bytes_max", "attachment_types"),
)

# What is counted in its database. A receipt "delivered" is one transaction with its final status,
# so the status, which an index counts, is polled, and the receipts are counted at the end.
_COUNTS = {
    "accepted": "SELECT count(*) FROM document WHERE kind = 'document'",
    "delivered": "SELECT count(*) FROM delivery WHERE state = 'delivered' AND kind = 'document'",
    "receipts": "SELECT count(*) FROM document WHERE receipt_kind = 'delivered'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way to run the broker."""

    verifier: Verifier
    api_processes: int  # above 1: beside one more, which is the worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A broker's folder with its directory, certificate and token: copied for each run."""

    folder: Path
    token: str


def prepare_broker(folder: Path, keys: Keys, deliver_to: str) -> Prepared:
    """Fill a folder by the broker's own commands.

    With ``deliver_to`` the receivers take webhooks there; without it they fetch from the inbox.
    """
    folder.mkdir()
    (folder / "authority.pem").write_bytes(keys.authority)
    (folder / "sender.pem").write_bytes(keys.sender.certificate)
    _write_directory(folder / "directory.csv", deliver_to)
    environment = _environment(folder)
    _run(environment, "directory", "import", str(folder / "directory.csv"))
    _run(environment, "certificate", "add", SENDER, str(folder / "sender.pem"))
    token = _run(environment, "token", "create", SENDER).split()[-1]
    return Prepared(folder=folder, token=token)


@contextmanager
def start_broker(folder: Path, layout: Layout, prepared: Prepared) -> Iterator[Server]:
    """The broker on a fresh copy of what was prepared, answering, until the end of the block."""
    shutil.copytree(prepared.folder, folder, dirs_exist_ok=True)
    port = processes.free_port()
    environment = _environment(folder) | {
        "EXCHANGE_PORT": str(port),
        "EXCHANGE_VERIFIER": layout.verifier,
        "EXCHANGE_API_PROCESSES": str(layout.api_processes),
    }
    with launched([*_COMMAND, "serve"], environment, folder / "broker.log") as process:
        processes.wait_until_ready(process, port, "/health/ready", folder / "broker.log")
        _wait_for_all(folder / "broker.log", layout.api_processes)
        yield Server(
            port=port,
            path="/v1/documents",
            token=prepared.token,
            pid=process.pid,
            database=folder / "exchange.sqlite",
            counts=_COUNTS,
        )


def _wait_for_all(log: Path, api_processes: int) -> None:
    """Until every process says that it serves: each of several would answer for all."""
    wanted = 1 if api_processes == 1 else api_processes + 1
    deadline = time.monotonic() + _SIBLINGS_SECONDS
    while log.read_text(errors="replace").count('"event":"serving"') < wanted:
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all of {api_processes} API processes were ready")
        time.sleep(_POLL_SECONDS)


def _environment(folder: Path) -> dict[str, str]:
    return {
        "EXCHANGE_DATA": str(folder),
        "EXCHANGE_DATABASE_URL": f"sqlite:///{folder / 'exchange.sqlite'}",
        "EXCHANGE_AUTHORITIES": str(folder / "authority.pem"),
        "EXCHANGE_RATE_PER_MINUTE": "100000000",  # one agency sends what a province would
    }


def _write_directory(path: Path, deliver_to: str) -> None:
    """The sender, which fetches its receipts from the inbox, and the receivers."""
    adapter, options = "inbox", ""
    if deliver_to:
        secret = "a-secret-of-the-benchmark"
        adapter, options = "webhook", json.dumps({"url": deliver_to, "secret": secret})
    since = {"valid_from": "2016-04-01"}
    common = {"level": "department", "parent": _PROVINCE, **since}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, restval="")
        writer.writeheader()
        writer.writerow({"code": _PROVINCE, "name": "UBND tỉnh Phú Yên", "level": "province", **since})
        writer.writerow({"code": SENDER, "name": "Văn phòng UBND tỉnh", "adapter": "inbox", **common})
        for code in RECEIVERS:
            writer.writerow({"code": code, "name": code, "adapter": adapter, "options": options, **common})


def _run(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [*_COMMAND, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_COMMAND_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"exchange {' '.join(arguments[:2])} failed:\n{done.stdout}")
    return done.stdout
