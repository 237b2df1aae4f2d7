"""Starting, watching and ending the servers of the benchmark: each by its own handle."""

import http.client
import os
import socket
import subprocess
import time
from pathlib import Path

_POLL_SECONDS = 0.05
_READY_SECONDS = 60.0
_LOG_CHARS = 2000
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    """Return when ``GET path`` answers 200; raise with the end of the log if it never does."""
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(port, path):
            return
        time.sleep(_POLL_SECONDS)
    told = log.read_text(errors="replace")[-_LOG_CHARS:]
    raise RuntimeError(f"the server ended or was not ready within {_READY_SECONDS:.0f} s:\n{told}")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def processor_seconds(pid: int) -> float:
    """Processor time that a process and all it started have used up to now, ended ones too."""
    ticks = 0
    for each in _tree(pid):
        # user, system, and the same of children that ended and were waited for
        ticks += sum(int(part) for part in _after_name(f"/proc/{each}/stat")[11:15])
    return ticks / _TICKS_PER_SECOND


def machine_processor_seconds() -> float:
    """Processor time used on the whole machine since it started, by everything."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _wait, interrupts, soft_interrupts, *_ = (int(part) for part in first)
    return (user + nice + system + interrupts + soft_interrupts) / _TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and of all it started, added up."""
    return sum(_resident(each) for each in _tree(pid))


def stop(process: subprocess.Popen[bytes], seconds: float = 15.0) -> None:
    """Ask a process to end; end it if it has not within ``seconds``."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _after_name(path: str) -> list[str]:
    """The fields of a ``stat`` file after the name, which may hold spaces."""
    return Path(path).read_text().rpartition(")")[2].split()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for each in found:  # grows while it is read: the children of the children too
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            found.extend(int(child) for child in children.read_text().split())
    return found


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
