"""How software is found that the tests here start: at a URL that is given, or in its own environment."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ENVIRONMENTS = Path(__file__).parents[2] / ".venv"


def given(name: str) -> str:
    """The URL in ``EXCHANGE_TEST_<NAME>``; "" where none is given."""
    return os.environ.get(f"EXCHANGE_TEST_{name.upper()}", "")


def programs(name: str, needed: str) -> Path:
    """The programs that ``make test-real`` installed for this software; without them the test is left out."""
    folder = Path(os.environ.get(f"EXCHANGE_TEST_{name.upper()}_BIN", ENVIRONMENTS / f"real-{name}" / "bin"))
    if not (folder / needed).exists():
        missing = f"{name} is missing: make test-real installs it"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return folder


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        return int(owner.getsockname()[1])


@contextmanager
def running(
    command: Sequence[object], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process and those that it starts, for as long as it is needed."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(each) for each in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            cwd=log.parent,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # it came to an end by itself
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again; fails with ``what`` where it does not come true."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"{what} within {seconds:g} s")
        time.sleep(0.2)
