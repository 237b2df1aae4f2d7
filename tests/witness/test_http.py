"""``exchange witness`` over HTTP: its answers, its limits, and what kills it."""

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import urllib3

from exchange.core import note
from exchange.core.note import Checkpoint
from exchange.core.witnessing import REQUEST_BYTES_MAX, logs_of
from exchange.witness.application import Application
from exchange.witness.key import witness_key
from exchange.witness.memory import Memory, origin_hash
from exchange.witness.witness import Witness
from tests.processes import ROOT, until
from tests.witness.made_log import ORIGIN, MadeLog
from tests.witness.running import RunningWitness

LOG = MadeLog()
FORK = MadeLog(3, " rewritten")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningWitness]:
    witness = RunningWitness(tmp_path / "w", LOG.key.vkey)
    yield witness
    witness.close()


def size_of(text: str) -> int:
    return Checkpoint.parse(note.read(text).text).size


def test_a_log_is_cosigned_from_its_first_checkpoint_on(running: RunningWitness) -> None:
    running.start()
    vkey = running.vkey
    for old, size in ((0, 3), (3, 3), (3, 7), (7, 260)):
        before = int(time.time())
        answer = running.add(LOG.addition(old, size))
        assert (answer.status, answer.data.count(b"\n")) == (200, 1), answer.data
        cosigned = note.with_cosignatures(LOG.note(size), [answer.data.decode()])
        assert before <= note.cosigned_at(note.read(cosigned), vkey) <= time.time()
        assert running.shown(ORIGIN) == cosigned
    standard = running.http.request("GET", f"{running.url}/{origin_hash(ORIGIN)}/checkpoint")
    assert standard.data.decode() == running.shown(ORIGIN)
    assert running.stop() == 0


def test_everything_else_is_answered_as_the_standard_says(running: RunningWitness) -> None:
    running.start()
    assert running.shown(ORIGIN) == ""
    assert running.add(LOG.addition(0, 5)).status == 200
    behind = running.add(LOG.addition(3, 8))
    assert (behind.status, behind.data, behind.headers["content-type"]) == (409, b"5\n", "text/x.tlog.size")
    assert running.add(b"old 5\n\nnothing").status == 400
    assert running.add(LOG.addition(9, 8)).status == 400
    assert running.add(MadeLog(seed=9).addition(5, 8)).status == 403
    assert running.add(MadeLog(origin="other.vn").addition(0, 8)).status == 404
    assert running.add(FORK.addition(5, 5)).status == 422
    assert running.add(FORK.addition(5, 8)).status == 422
    assert running.add(b"x" * (REQUEST_BYTES_MAX + 1)).status == 413
    for method, path, status in (
        ("GET", "/add-checkpoint", 405),
        ("POST", f"/checkpoint/{origin_hash(ORIGIN)}", 405),
        ("GET", "/checkpoint/..%2f..%2fwitness-key.pem", 404),
        ("GET", f"/checkpoint/{'0' * 64}", 404),
        ("GET", "/", 404),
    ):
        assert running.http.request(method, f"{running.url}{path}").status == status, path
    assert running.shown(ORIGIN).startswith(f"{ORIGIN}\n5\n")
    assert '"event":"fork"' in running.logged()
    assert '"level":"critical"' in running.logged()
    assert len(list((running.folder / "forks" / origin_hash(ORIGIN)).glob("*.json"))) == 2


def test_a_body_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    witness = Witness(
        witness_key(tmp_path, "w.vn"), logs_of([LOG.key.vkey.text]), Memory(tmp_path), lambda: NOW
    )
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/add-checkpoint"}
    asyncio.run(Application(witness, body_seconds=0.2)(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_client_that_goes_away_in_the_middle_disturbs_nobody(running: RunningWitness) -> None:
    running.start()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", running.port)) as line:
            line.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 999\r\n\r\nold 0")
    assert running.add(LOG.addition(0, 5)).status == 200
    assert "request_failed" not in running.logged()


# --- what kills it ---

# At the point named, the process dies as by a power cut (what the system holds is still written).
DYING = """
import os, signal
from pathlib import Path
from exchange.witness import files, memory

def die(): os.kill(os.getpid(), signal.SIGKILL)

write, rename, sync, keep = files.write, Path.rename, files._sync_folder, memory.Memory.keep
def before_write(path, *rest): die() if path.parent.name == 'checkpoints' else write(path, *rest)
def before_rename(path, to): die() if to.parent.name == 'checkpoints' else rename(path, to)
def before_sync(path): die() if path.name == 'checkpoints' else sync(path)
def after_keep(self, *rest): keep(self, *rest); die()
"""
POINTS = {
    "before it is written": ("files.write = before_write", 3),
    "before it takes its place": ("Path.rename = before_rename", 3),
    "before its place is sure": ("files._sync_folder = before_sync", 7),
    "before the answer": ("memory.Memory.keep = after_keep", 7),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_witness_killed_at_any_point_answers_for_what_it_remembers(
    running: RunningWitness, point: str
) -> None:
    killer, remembered = POINTS[point]
    running.start()
    assert running.add(LOG.addition(0, 3)).status == 200
    running.kill()
    running.start(f"{DYING}\n{killer}")
    with pytest.raises(urllib3.exceptions.HTTPError):
        running.add(LOG.addition(3, 7))
    assert running.process is not None
    running.process.wait(10)
    running.start()
    assert size_of(running.shown(ORIGIN)) == remembered
    answer = running.add(LOG.addition(3, 7))
    if remembered == 7:  # the log is told, and asks again
        assert (answer.status, answer.data) == (409, b"7\n")
        answer = running.add(LOG.addition(7, 7))
    assert answer.status == 200
    assert running.add(FORK.addition(7, 7)).status == 422


def test_a_witness_killed_again_and_again_forgets_nothing_that_it_cosigned(running: RunningWitness) -> None:
    chance = random.Random(11)
    cosigned = [0]
    for _ in range(5):
        running.start()
        assert running.process is not None
        count = len(cosigned)
        asking = Thread(target=ask_on, args=(running, cosigned))
        asking.start()
        until(lambda count=count: len(cosigned) > count, 20, "the first cosignature")  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.1))
        running.process.kill()
        running.process.wait()
        asking.join()
    running.start()
    size = size_of(running.shown(ORIGIN))
    assert cosigned[-1] <= size <= cosigned[-1] + 1
    assert cosigned == sorted(cosigned)
    assert running.add(FORK.addition(size, size)).status == 422


def ask_on(running: RunningWitness, cosigned: list[int]) -> None:
    """One checkpoint after the other, from where the witness stands, until it dies."""
    shown = running.shown(ORIGIN)
    old = size_of(shown) if shown else 0
    with suppress(urllib3.exceptions.HTTPError):
        while True:
            new = min(old + 1, len(LOG.leaves))
            answer = running.add(LOG.addition(old, new))
            assert answer.status == 200, answer.data
            cosigned.append(new)
            old = new


# --- the command ---


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exchange", "witness", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip


def test_what_keeps_it_from_starting_is_said_in_a_sentence(running: RunningWitness, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "w"))
    none = run(*data)
    assert (none.returncode, "no log to cosign for" in none.stderr) == (2, True)
    wrong = run(*data, "--log", LOG.key.vkey.text[:-1])
    assert (wrong.returncode, "cannot be read" in wrong.stderr) == (2, True)
    running.start()
    second = run(*data, "--log", LOG.key.vkey.text)
    assert (second.returncode, "another witness runs" in second.stderr) == (1, True)
    renamed = run("key", *data, "--name", "other.vn")
    assert (renamed.returncode, "is called" in renamed.stderr) == (1, True)
    taken = run("--data", str(tmp_path / "v"), "--log", LOG.key.vkey.text, "--port", str(running.port))
    assert (taken.returncode, "in use" in taken.stderr) == (1, True)


def test_logs_stand_in_a_file_with_remarks(running: RunningWitness, tmp_path: Path) -> None:
    file = tmp_path / "logs.txt"
    file.write_text(
        f"# the province\n\n{LOG.key.vkey.text}\n  # the old key\n{MadeLog(seed=2).key.vkey.text}  \n"
    )
    running.logs = ()
    running.start(f"sys.argv += ['--logs', {str(file)!r}]")
    assert running.add(MadeLog(seed=2).addition(0, 3)).status == 200
    assert running.add(LOG.addition(3, 5)).status == 200
