"""Group commit: items that arrive together share one transaction; each caller waits for its own result."""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from exchange.ledger.database import unavailable

TOGETHER_SECONDS = 0.02  # so long a commit waits for company, where the one before it had some

Item = TypeVar("Item")
Result = TypeVar("Result")


class Full(Exception):
    """More items wait than may wait; nothing was taken over."""


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    future: "Future[Result] | asyncio.Future[Result]"
    loop: asyncio.AbstractEventLoop | None


class GroupCommit(Generic[Item, Result]):
    """Runs ``work`` over batches on one thread. ``work`` returns one result per item, in order.

    Who comes alone is served at once. Where several came together more are on their way, and the next
    batch waits for them: a transaction and its sync cost as much as a dozen items in it.

    If a batch fails, its items are tried one by one, so that one bad item fails alone; not where the
    database cannot be used now, for each of them would wait for it again.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        batch_max: int,
        waiting_max: int,
        together_seconds: float = TOGETHER_SECONDS,
    ) -> None:
        self._work = work
        self._batch_max = batch_max
        self._together_seconds = together_seconds
        self._waiting: queue.Queue[_Waiting[Item, Result] | None] = queue.Queue(waiting_max)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread that commits lives."""
        return self._thread.is_alive()

    def submit(self, item: Item) -> "Future[Result]":
        """Queue one item from a thread; raises ``Full``."""
        future: Future[Result] = Future()
        self._put(_Waiting(item, future, None))
        return future

    def submit_from(self, loop: asyncio.AbstractEventLoop, item: Item) -> "asyncio.Future[Result]":
        """Queue one item from an event loop; raises ``Full``."""
        future: asyncio.Future[Result] = loop.create_future()
        self._put(_Waiting(item, future, loop))
        return future

    def _put(self, waiting: _Waiting[Item, Result]) -> None:
        if self._closed:
            raise Full("the broker is stopping")
        try:
            self._waiting.put_nowait(waiting)
        except queue.Full:
            raise Full("too many documents wait to be stored") from None

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        self._closed = True
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        company = False
        while (first := self._waiting.get()) is not None:
            if company and self._waiting.qsize() + 1 < self._batch_max and not self._closed:
                time.sleep(self._together_seconds)
            batch, more = self._drain(first)
            company = len(batch) > 1
            self._answer(batch)
            if not more:
                return

    def _drain(self, first: _Waiting[Item, Result]) -> tuple[list[_Waiting[Item, Result]], bool]:
        batch = [first]
        while len(batch) < self._batch_max:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, False
            batch.append(waiting)
        return batch, True

    def _answer(self, batch: list[_Waiting[Item, Result]]) -> None:
        outcomes: list[Result | BaseException]
        try:
            outcomes = list(self._work([waiting.item for waiting in batch]))
        except BaseException as error:
            if len(batch) > 1 and isinstance(error, Exception) and not unavailable(error):
                for waiting in batch:
                    self._answer([waiting])
                return
            outcomes = [error] * len(batch)
        _tell(batch, outcomes)


def _tell(batch: list[_Waiting[Item, Result]], outcomes: Sequence[Result | BaseException]) -> None:
    # One wake-up per event loop and batch: waking a loop costs a system call.
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting[Item, Result], Result | BaseException]]] = {}
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.loop is None:
            _resolve(waiting, outcome)
        else:
            by_loop.setdefault(waiting.loop, []).append((waiting, outcome))
    for loop, pairs in by_loop.items():
        # A loop that is closed has nobody waiting any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve_all, pairs)


def _resolve_all(pairs: list[tuple[_Waiting[Item, Result], Result | BaseException]]) -> None:
    for waiting, outcome in pairs:
        _resolve(waiting, outcome)


def _resolve(waiting: _Waiting[Item, Result], outcome: Result | BaseException) -> None:
    if waiting.future.done():  # the client went away; the document stays accepted
        return
    if isinstance(outcome, BaseException):
        waiting.future.set_exception(outcome)
    else:
        waiting.future.set_result(outcome)
