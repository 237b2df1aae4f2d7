"""Liveness: which threads this process cannot do without, and whether they and the database are there."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from exchange.ledger.database import Database


class Liveness:
    """Knows what must live; looks only when it is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._parts: dict[str, Callable[[], bool]] = {}
        self._question: Future[str] | None = None
        self._lock = threading.Lock()

    def watch(self, part: str, alive: Callable[[], bool]) -> None:
        """``part`` must live from now on."""
        self._parts[part] = alive

    def dead(self) -> list[str]:
        """The parts that ended though nobody asked them to."""
        return [part for part, alive in list(self._parts.items()) if not alive()]

    def ask_database(self) -> "Future[str]":
        """What keeps the database from answering; "" when it answers.

        One question at a time: while it is not answered, whoever asks waits for the same one.
        """
        with self._lock:
            if self._question is None or self._question.done():
                self._question = Future()
                asking = threading.Thread(target=self._ask, args=(self._question,), daemon=True)
                asking.start()
            return self._question

    def _ask(self, question: "Future[str]") -> None:
        try:
            self._database.ask()
            question.set_result("")
        # Of whatever kind: it is what is told.
        except Exception as error:
            question.set_result(type(error).__name__)
