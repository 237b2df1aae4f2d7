"""Connections to a server, kept between calls: so many at most, each for one call at a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Generic, Protocol, TypeVar

IDLE_SECONDS = 60  # what lies between forgets connections that are silent for minutes


class Line(Protocol):
    """A connection to a server of files."""

    def is_open(self) -> bool:
        """Whether nothing is known against it."""

    def close(self) -> None:
        """At once, whatever is under way on it."""


L = TypeVar("L", bound=Line)


class Lines(Generic[L]):
    """Connections kept between calls, so many at most; each serves one call at a time."""

    def __init__(self, dial: Callable[[float], L], most: int) -> None:
        """``dial`` opens one before a moment of ``time.monotonic``; ``OSError``."""
        self._dial = dial
        self._free = BoundedSemaphore(most)
        self._lock = Lock()
        self._idle: list[tuple[L, float]] = []
        self._closed = False

    @contextmanager
    def take(self, deadline: float) -> Iterator[L]:
        """One that was open a moment ago, for the block alone; closed if the block fails on it."""
        if not self._free.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise TimeoutError("all connections were busy until the time was up")
        try:
            line = self._kept() or self._dial(deadline)
            try:
                yield line
            except (FileNotFoundError, FileExistsError):  # an answer; after all else it may be out of step
                self._keep(line)
                raise
            except BaseException:
                line.close()
                raise
            self._keep(line)
        finally:
            self._free.release()

    def close(self) -> None:
        """Give all back."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for line, _ in idle:
            line.close()

    def _kept(self) -> L | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                line, since = self._idle.pop()
            if line.is_open() and time.monotonic() - since < IDLE_SECONDS:
                return line
            line.close()

    def _keep(self, line: L) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append((line, time.monotonic()))
                return
        line.close()
