"""Make-believe software of an agency, for demonstrations and tests: each one behaves as it is told.

========================  ==========================================================================
``behaviour``             what ``deliver`` answers
========================  ==========================================================================
``always``                ``Delivered`` (default)
``never``                 ``Retry``
``slow``                  waits ``seconds``, then ``Delivered``; ``Retry`` when the time limit is less
``fails_for_a_while``     ``Retry`` to the first ``attempts`` tries of each document, or, where
                          ``seconds`` is given, for that long after the adapter's start; then ``Delivered``
``refuses``               ``Refused`` with ``code`` and ``reason``
``accepts``               ``Accepted``: the confirmation comes later, as a status message
========================  ==========================================================================

``take_back`` (``agrees`` or ``declines``) is how the agency answers a request to have a document
back. The answer is a signed status message (15 or 16); whoever plays the agency sends it.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from enum import StrEnum
from time import monotonic
from typing import Literal

from pydantic import NonNegativeFloat, PositiveInt

from exchange.adapter import Accepted, AgencyAdapter, Delivered, Options, Outcome, Outgoing, Refused, Retry

REMEMBERED_MAX = 10_000


class Behaviour(StrEnum):
    """How the software answers; the table above says what each means."""

    ALWAYS = "always"
    NEVER = "never"
    SLOW = "slow"
    FAILS_FOR_A_WHILE = "fails_for_a_while"
    REFUSES = "refuses"
    ACCEPTS = "accepts"


class SimulatorOptions(Options):
    """Every option has a default; those that a behaviour does not use are ignored."""

    behaviour: Behaviour = Behaviour.ALWAYS
    seconds: NonNegativeFloat | None = None
    attempts: PositiveInt = 2
    code: str = "refused_by_simulator"
    reason: str = "This simulator refuses every document."
    take_back: Literal["agrees", "declines"] = "agrees"


class Adapter(AgencyAdapter):
    """Keeps the digest of what it took, by key: the last ``REMEMBERED_MAX``."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        super().__init__(options, timeout_seconds)
        self._told = SimulatorOptions.read(options)
        self.take_back = self._told.take_back
        self._started = monotonic()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._received: OrderedDict[str, str] = OrderedDict()
        self._tries: OrderedDict[str, int] = OrderedDict()

    @property
    def received(self) -> dict[str, str]:
        """The SHA-256 of the bytes that were taken, by key, in the order of their arrival; a copy."""
        with self._lock:
            return dict(self._received)

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """Answer as told; what is taken is remembered, once per key."""
        outcome = self._answer(outgoing.key)
        if isinstance(outcome, Delivered | Accepted):
            self._remember(outgoing)
        return outcome

    def close(self) -> None:
        """Whoever waits in a slow delivery gets its answer now."""
        self._closed.set()

    def _answer(self, key: str) -> Outcome:
        match self._told.behaviour:
            case Behaviour.ALWAYS:
                return Delivered(f"simulated {key}")
            case Behaviour.NEVER:
                return Retry("the simulator never takes a document")
            case Behaviour.SLOW:
                return self._wait(key)
            case Behaviour.FAILS_FOR_A_WHILE:
                failing = self._fails(key)
                return Retry("the simulator fails for a while") if failing else Delivered(f"simulated {key}")
            case Behaviour.REFUSES:
                return Refused(self._told.code, self._told.reason)
            case Behaviour.ACCEPTS:
                return Accepted(f"simulated {key}")

    def _wait(self, key: str) -> Outcome:
        seconds = 1.0 if self._told.seconds is None else self._told.seconds
        if self._closed.wait(min(seconds, self.timeout_seconds)):
            return Retry("the simulator was closed")
        if seconds > self.timeout_seconds:
            return Retry(f"no answer within {self.timeout_seconds:g} s")
        return Delivered(f"simulated {key}")

    def _fails(self, key: str) -> bool:
        if self._told.seconds is not None:
            return monotonic() - self._started < self._told.seconds
        with self._lock:
            tries = self._tries.pop(key, 0) + 1
            self._tries[key] = tries
            _forget(self._tries)
        return tries <= self._told.attempts

    def _remember(self, outgoing: Outgoing) -> None:
        digest = hashlib.sha256(outgoing.content).hexdigest()  # of what came, not of what was announced
        with self._lock:
            self._received.setdefault(outgoing.key, digest)
            _forget(self._received)


def _forget(kept: OrderedDict[str, str] | OrderedDict[str, int]) -> None:
    while len(kept) > REMEMBERED_MAX:
        kept.popitem(last=False)
