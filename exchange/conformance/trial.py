"""The trial of one adapter: each promise of the port on its own, with what was found."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from time import monotonic

from exchange.adapter import (
    Accepted,
    AgencyAdapter,
    Available,
    Delivered,
    Misbehaved,
    Outcome,
    Outgoing,
    Refused,
    Retry,
    checked,
)
from exchange.conformance.documents import Documents

# Makes the adapter with options and a time limit in seconds; raises ``ValueError``.
Make = Callable[[Mapping[str, object], float], AgencyAdapter]


class Level(StrEnum):
    """How much a promise weighs (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Verdict(StrEnum):
    """What was found."""

    KEPT = "kept"
    BROKEN = "broken"
    UNTRIED = "untried"  # it does not apply, or cannot be seen from here


class Broken(Exception):
    """The promise is not kept; the message says what happened."""


class Untried(Exception):
    """Nothing can be said; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One promise and what was found of it."""

    name: str
    level: Level
    verdict: Verdict
    words: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is tried. ``secrets``: what must stand in no message."""

    make: Make
    options: Mapping[str, object]
    timeout_seconds: float
    large_bytes: int
    crowd: int
    secrets: Sequence[str] = ()


@dataclass(slots=True)
class Trial:
    """The adapter under trial, and every word that it said."""

    subject: Subject
    documents: Documents
    now: datetime
    adapter: AgencyAdapter
    said: list[str] = field(default_factory=list)

    def deliver(self, outgoing: Outgoing, adapter: AgencyAdapter | None = None) -> Outcome:
        """The verdict, if it is one; raises ``Broken`` for an exception or what is no verdict."""
        try:
            outcome = checked((adapter or self.adapter).deliver(outgoing), self.now)
        except Misbehaved as error:
            raise Broken(str(error)) from None
        except Exception as error:
            raise Broken(f"deliver raised {type(error).__name__}: {error}") from error
        self.said.append(repr(outcome))
        return outcome

    def take(self, outgoing: Outgoing, adapter: AgencyAdapter | None = None) -> None:
        """It must be taken; raises ``Broken`` with the adapter's words."""
        outcome = self.deliver(outgoing, adapter)
        if not isinstance(outcome, Delivered | Accepted | Available):
            raise Broken(_told(outcome))

    def holds(self, outgoing: Outgoing) -> None:
        """The software holds exactly these bytes; raises ``Broken``, ``Untried`` where it tells nothing."""
        stored = self.adapter.stored(outgoing.key)
        if stored is None:
            raise Untried("the adapter cannot read back what the software holds")
        if stored != outgoing.content:
            raise Broken(f"{len(stored)} bytes are held, {len(outgoing.content)} were sent, and they differ")

    def at_once(self, documents: Sequence[Outgoing]) -> list[Outcome]:
        """One thread for each document, all let go in the same moment."""
        start = threading.Barrier(len(documents))

        def one(document: Outgoing) -> Outcome:
            start.wait()
            return self.deliver(document)

        with ThreadPoolExecutor(len(documents)) as pool:
            return list(pool.map(one, documents))


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of the port."""

    name: str  # stable
    level: Level
    vi: str
    en: str
    tried: Callable[[Trial], str | None]  # words for people, if there is something to tell


def run(subject: Subject, promises: Sequence[Promise], now: datetime) -> Iterator[Finding]:
    """Every promise in turn, and none hinders the next. Raises ``ValueError`` if the options are wrong."""
    adapter = subject.make(subject.options, subject.timeout_seconds)
    trial = Trial(subject, Documents(now), now, adapter)
    try:
        for promise in promises:
            yield _tried(promise, trial)
    finally:
        adapter.close()


def _tried(promise: Promise, trial: Trial) -> Finding:
    begun = monotonic()
    try:
        words, verdict = promise.tried(trial) or "", Verdict.KEPT
    except Broken as error:
        words, verdict = str(error), Verdict.BROKEN
    except Untried as error:
        words, verdict = str(error), Verdict.UNTRIED
    except Exception as error:  # of the adapter's own making: the others are still to be tried
        words, verdict = f"{type(error).__name__}: {error}", Verdict.BROKEN
    for secret in trial.subject.secrets:
        words = words.replace(secret, "***")
    return Finding(
        name=promise.name,
        level=promise.level,
        verdict=verdict,
        words=words[:300],
        seconds=monotonic() - begun,
    )


def _told(outcome: Outcome) -> str:
    match outcome:
        case Retry(reason, _):
            return f"Retry: {reason}"
        case Refused(code, reason):
            return f"Refused {code}: {reason}"
    return type(outcome).__name__
