"""Dispatch: one attempt to hand one document to one agency, and the worker that makes many."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from random import random
from time import monotonic
from typing import cast

import structlog

from exchange.adapter import (
    Accepted,
    Available,
    Delivered,
    Kind,
    Misbehaved,
    Outcome,
    Outgoing,
    Refused,
    Retry,
    checked,
)
from exchange.breakers import Breakers
from exchange.connections import Connections, NoAdapter
from exchange.context import Context
from exchange.core.breaker import Rule
from exchange.core.delivery import Backoff, Step
from exchange.ids import new_id
from exchange.ledger import claim as claims
from exchange.ledger.claim import Claim
from exchange.ledger.group import GroupCommit
from exchange.ledger.settle import Settled, Settlement, settle
from exchange.metrics import ATTEMPTS
from exchange.payloads import check

log = structlog.get_logger(__name__)

CLAIM_TOGETHER = 8
TOGETHER_SECONDS = 0.004  # nobody waits longer than this for the others
UNSETTLED_PER_WORKER = 4  # attempts made that may wait for their commit
STOP_LOOK_SECONDS = 0.5  # while every thread is busy
LEASE_MARGIN_SECONDS = 10.0  # beyond the adapter's time limit, before another worker may try


class Dispatch:
    """Makes attempts and settles them. Shared by the threads of a worker."""

    def __init__(self, context: Context, connections: Connections) -> None:
        settings = context.settings
        self._context = context
        self._connections = connections
        self._backoff = Backoff(
            first_seconds=settings.backoff_first_seconds,
            most_seconds=settings.backoff_most_seconds,
            jitter=settings.backoff_jitter,
        )
        self.breakers = Breakers(
            Rule(
                failures=settings.breaker_failures,
                open_for=Backoff(
                    first_seconds=settings.backoff_first_seconds,
                    # Not longer than a delivery waits for its next try: what lives again must not expire.
                    most_seconds=min(settings.breaker_open_seconds_most, settings.backoff_most_seconds),
                    jitter=0.0,
                ),
            )
        )
        self._unsettled = threading.BoundedSemaphore(UNSETTLED_PER_WORKER * settings.workers)
        self._settling: GroupCommit[Settlement, Settled] = GroupCommit(
            "settle", self._settle, batch_max=settings.commit_batch_max, waiting_max=10_000
        )

    def attempt(self, claim: Claim) -> "Future[Settled]":
        """Steps 8 to 10 of a document's way: deliver with no transaction open, then settle.

        Returns when the attempt is made. Its settlement shares a commit with others, and the caller
        may begin another attempt meanwhile; where too many wait to be settled, this waits.
        """
        outcome, now = self.deliver(claim), self._context.now()
        self.breakers.record(claim.receiver, now, answered=not isinstance(outcome, Retry))
        settlement = self._settlement(claim, outcome, now)
        self._unsettled.acquire()
        try:
            future = self._settling.submit(settlement)
        except BaseException:
            self._unsettled.release()
            raise
        future.add_done_callback(lambda settled: self._done(claim, settlement, settled))
        return future

    def _done(self, claim: Claim, settlement: Settlement, settled: "Future[Settled]") -> None:
        self._unsettled.release()
        error = settled.exception()
        if error is not None:  # it is due again by itself, with the same key
            log.error("not_settled", document=claim.document, delivery=claim.delivery, error=str(error))
            return
        ATTEMPTS.labels(settlement.verdict).inc()
        log.info(
            "attempted",
            document=claim.document,
            delivery=claim.delivery,
            attempt=claim.attempt,
            receiver=claim.receiver,
            verdict=settlement.verdict,
            state=settled.result().state.value,
            reason=settlement.reason,
        )

    def deliver(self, claim: Claim) -> Outcome:
        """The adapter's verdict; whatever goes wrong on the way is a reason to try again."""
        try:
            adapter = self._connections.of(claim.receiver)
            content = claim.body
            if content is None:
                content = self._context.payloads.read_file(claim.digest)
            outcome = adapter.deliver(_outgoing(claim, check(content, claim.digest)))
            return checked(outcome, self._context.now())
        except NoAdapter as error:
            return Retry(str(error))
        except Misbehaved as error:
            log.error("adapter_misbehaved", delivery=claim.delivery, reason=str(error))
            return Retry(str(error))
        # The one broad catch: an adapter's fault must neither lose the document nor stop the loop.
        except (Exception, SystemExit) as error:
            log.exception("attempt_failed", document=claim.document, delivery=claim.delivery)
            return Retry(f"unexpected {type(error).__name__}")

    def next_try(self, now: datetime) -> Callable[[int], datetime]:
        """When a delivery claimed ``now`` is due again if nobody settles it: lease and back-off in one."""
        lease = timedelta(seconds=self._context.settings.adapter_timeout_seconds + LEASE_MARGIN_SECONDS)
        return lambda attempts: now + lease + self._backoff.delay(attempts, random())  # noqa: S311

    def alive(self) -> bool:
        """Whether attempts are still settled."""
        return self._settling.alive

    def close(self) -> None:
        """Settle what waits, then stop."""
        self._settling.close()

    def _settle(self, settlements: Sequence[Settlement]) -> list[Settled]:
        settled = settle(self._context.database, settlements, self._context.issuer.end)
        self._context.bell.announce([ready for each in settled for ready in each.ready])
        return settled

    def _settlement(self, claim: Claim, outcome: Outcome, now: datetime) -> Settlement:
        match outcome:
            case Delivered(reference):
                return _step(claim, Step.HANDED, now, "delivered", reference=reference)
            case Accepted(reference):
                return _step(claim, Step.TAKEN, now, "accepted", reference=reference)
            case Available():
                return _step(claim, Step.PUT_OUT, now, "available")
            case Refused(code, reason):
                return _step(claim, Step.REJECT, now, "refused", cause=code, reason=reason)
            case Retry(reason, not_before):
                due = now + self._backoff.delay(claim.attempt, random())  # noqa: S311
                due = min(max(due, not_before or due), max(claim.expires_at, now))
                return _step(claim, Step.FAIL, now, "retry", cause="attempt_failed", reason=reason, due=due)


def _step(
    claim: Claim,
    step: Step,
    now: datetime,
    verdict: str,
    *,
    cause: str = "",
    reason: str = "",
    reference: str = "",
    due: datetime | None = None,
) -> Settlement:
    return Settlement(
        delivery=claim.delivery,
        step=step,
        at=now,
        attempt=claim.attempt,
        verdict=verdict,
        cause=_plain(cause, 60),
        reason=_plain(reason, 500),
        reference=_plain(reference, 200),
        next_attempt_at=due,
    )


def _plain(text: str, most: int) -> str:
    """A peer's words as every database and receipt can hold them."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:most]


def _outgoing(claim: Claim, content: bytes) -> Outgoing:
    return Outgoing(
        key=claim.delivery,
        kind=cast(Kind, claim.kind),
        content=content,
        digest=claim.digest,
        sender=claim.sender,
        receiver=claim.addressed_as,
        document_id=claim.document_id,
        subject=claim.subject,
        priority=claim.priority,
        accepted_at=claim.accepted_at,
    )


class Worker:
    """Claims what is due and attempts it, on ``workers`` threads, until it is closed."""

    def __init__(self, context: Context, dispatch: Dispatch) -> None:
        self._context = context
        self._dispatch = dispatch
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._in_flight: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._free = threading.Semaphore(context.settings.workers)
        self._pool = ThreadPoolExecutor(context.settings.workers, thread_name_prefix="attempt")
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def wake(self, _ids: Sequence[str] = ()) -> None:
        """Something may be due: look now."""
        self._bell.set()

    def alive(self) -> bool:
        """Whether attempts are still begun."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Begin no attempt from now on."""
        self._stopping.set()
        self._bell.set()

    def close(self, seconds: float) -> None:
        """Stop, and wait so long in all for the attempts under way.

        One that takes longer is not given back: it may yet succeed, and its delivery comes back by
        itself when it is due.
        """
        until = monotonic() + seconds
        self.stop()
        self._thread.join(seconds)
        for _ in range(self._context.settings.workers):
            if not self._free.acquire(timeout=max(0.0, until - monotonic())):
                log.warning("attempts_left", receivers=self._flying())
                break
        self._pool.shutdown(wait=False)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                claimed = self._claim()
            # The database may be away; this thread must be there when it is back.
            except Exception:
                log.exception("claim_failed")
                claimed = False
            if not claimed:
                self._wait()

    def _wait(self) -> None:
        """Until something is ready: a look at every bell, and every ``poll_seconds``."""
        self._bell.wait(self._context.settings.poll_seconds)
        self._bell.clear()

    def _claim(self) -> bool:
        slots = self._take_slots()
        made: list[Claim] = []
        try:
            if self._stopping.is_set() or not claims.any_ready(self._context.database):
                return False
            now, lease = self._context.now(), new_id()
            share = self._context.settings.agency_concurrency
            made = claims.claim(
                self._context.database,
                now=now,
                most=slots,
                in_flight=self._dispatch.breakers.taken(self._flying(), share, now),
                agency_concurrency=share,
                lease=lease,
                next_try=self._dispatch.next_try(now),
            )
            if made and self._stopping.is_set():
                claims.give_back(self._context.database, lease, now)
                made = []
        finally:
            for _ in range(slots - len(made)):
                self._free.release()
        for claim in made:
            with self._lock:
                self._in_flight[claim.receiver] += 1
            self._pool.submit(self._attempt, claim)
        return bool(made)

    def _take_slots(self) -> int:
        # One claim for several threads that become free together costs little more than for one.
        while not self._free.acquire(timeout=STOP_LOOK_SECONDS):
            if self._stopping.is_set():
                return 0
        slots = 1
        while slots < CLAIM_TOGETHER and self._free.acquire(timeout=TOGETHER_SECONDS):
            slots += 1
        while self._free.acquire(blocking=False):
            slots += 1
        return slots

    def _flying(self) -> dict[str, int]:
        with self._lock:
            return dict(self._in_flight)

    def _attempt(self, claim: Claim) -> None:
        try:
            self._dispatch.attempt(claim)
        # Not settled: it is due again by itself, with the same key.
        except Exception:
            log.exception("not_settled", delivery=claim.delivery)
        finally:
            with self._lock:
                self._in_flight[claim.receiver] -= 1
                if not self._in_flight[claim.receiver]:
                    del self._in_flight[claim.receiver]
            self._free.release()
            self._bell.set()
