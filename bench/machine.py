"""What the figures were measured on, without names of machines or folders."""

import os
import platform
import sqlite3
import statistics
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_SYNCS = 200
_SYNC_BYTES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine and the versions that matter."""

    cores: int
    processor: str
    memory_gib: int
    kernel: str
    python: str
    sqlite: str
    packages: str
    file_system: str
    sync_us: int  # median of an append of 8 KB with fdatasync, where the databases lie


def look(folder: Path) -> Machine:
    """Describe this machine; ``folder`` is where the databases of the run lie."""
    names = ("fastapi", "uvicorn", "signxml", "xmlschema", "lxml", "pybergshamra", "sqlmodel", "cryptography")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cores=os.cpu_count() or 1,
        processor=_processor(),
        memory_gib=round(memory / 2**30),
        kernel=".".join(platform.release().split(".")[:2]),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        packages=", ".join(f"{name} {version(name)}" for name in names),
        file_system=_file_system(folder.resolve()),
        sync_us=_sync_us(folder),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the file system with the longest mount point above ``folder``."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, found, *_ = line.split()
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, found
    return kind


def _sync_us(folder: Path) -> int:
    path = folder / "sync-probe"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    times = []
    try:
        for _ in range(_SYNCS):
            os.write(handle, bytes(_SYNC_BYTES))
            started = time.perf_counter()
            os.fdatasync(handle)
            times.append(time.perf_counter() - started)
    finally:
        os.close(handle)
        path.unlink()
    return round(statistics.median(times) * 1e6)
