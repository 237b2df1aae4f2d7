"""Processes that examine PDFs, handed from one broker under test to the next, for they start slowly."""

import atexit
import weakref
from contextlib import suppress
from queue import Empty, Queue
from typing import Any

from exchange.pdfs import Limits, Pdfs

_spare: dict[Limits, list[object]] = {}


def take_over(pdfs: Pdfs) -> None:
    """Give a new broker the processes that others with the same limits left.

    One that a test abandons, as after a crash, gives them back when it is forgotten.
    """
    weakref.finalize(pdfs, _leave, pdfs._limits, pdfs._free)
    spare = _spare.get(pdfs._limits, [])
    for process in [pdfs._free.get_nowait() for _ in range(pdfs._free.qsize())]:
        pdfs._free.put(process or (spare.pop() if spare else None))  # type: ignore[arg-type]


def leave(pdfs: Pdfs) -> None:
    """Keep the processes of a broker that is about to close."""
    _leave(pdfs._limits, pdfs._free)


def _leave(limits: Limits, free: Queue[Any]) -> None:
    with suppress(Empty):
        while True:
            process = free.get_nowait()
            if process and not process.alive:
                process.end()
            elif process:
                _spare.setdefault(limits, []).append(process)


@atexit.register
def _end() -> None:
    for processes in _spare.values():
        for process in processes:
            process.end()  # type: ignore[attr-defined]
