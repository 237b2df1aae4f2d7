"""Sweep: what nobody does, done at the broker's own pace: bring back, expire, collect."""

import threading
from collections.abc import Callable
from datetime import datetime
from time import monotonic

import structlog

from exchange import confirm, intake
from exchange.connections import Connections, NoAdapter
from exchange.context import Context
from exchange.core.delivery import State, Step
from exchange.core.evidence import IN_DOUBT
from exchange.core.refusal import Refusal, Refused, sentence
from exchange.ledger import claim as claims
from exchange.ledger.directory_store import Token
from exchange.ledger.record import Examined
from exchange.ledger.settle import Settlement, settle
from exchange.metrics import EXPIRIES

log = structlog.get_logger(__name__)

EXPIRE_BATCH = 100
EXPIRED_REASON = "Quá hạn chuyển / Not delivered within its time"


class Sweep:
    """Runs on two threads: a folder or server that hangs must not keep deliveries from expiring.

    Several at once do no harm: every step is taken by one of them.
    """

    def __init__(self, context: Context, connections: Connections, wake: Callable[[], None]) -> None:
        self._context = context
        self._connections = connections
        self._wake = wake
        self._stop = threading.Event()
        self._reconnected_at = -1
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=f"sweep-{name}", daemon=True)
            for name, work in (("upkeep", self.upkeep), ("collect", self.collect))
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def close(self, seconds: float) -> None:
        """End after the current round, within so long in all; who hangs is left to the end of the process."""
        until = monotonic() + seconds
        self._stop.set()
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def upkeep(self) -> None:
        """One round of bringing back and expiring."""
        now = self._context.now()
        if claims.bring_back(self._context.database, now):
            self._wake()
        self.expire(now)
        self.end_withdrawn(now)
        self.reconnect()

    def expire(self, now: datetime) -> int:
        """End what is past its time, each with its receipt; how many."""
        due = claims.overdue(self._context.database, now, EXPIRE_BATCH)
        if not due:
            return 0
        settlements = [
            Settlement(
                delivery=delivery,
                step=Step.EXPIRE,
                at=now,
                unclaimed=True,
                cause="expired",
                reason=EXPIRED_REASON,
            )
            for delivery in due
        ]
        settled = settle(self._context.database, settlements, self._context.issuer.end)
        self._context.bell.announce([ready for each in settled for ready in each.ready])
        ended = [(delivery, each) for delivery, each in zip(due, settled, strict=True) if each.applied]
        for delivery, each in ended:
            log.info("expired", document=each.document, delivery=delivery, state=each.state.value)
        EXPIRIES.inc(sum(each.state is State.EXPIRED for _, each in ended))
        return len(ended)

    def end_withdrawn(self, now: datetime) -> int:
        """End what was withdrawn, may have left, and of which no word came in its time; how many."""
        due = claims.withdrawn_and_due(self._context.database, now, EXPIRE_BATCH)
        settlements = [
            Settlement(delivery=delivery, step=Step.REJECT, at=now, cause=cause, reason=IN_DOUBT[cause])
            for delivery, cause in due
        ]
        if settlements:
            settle(self._context.database, settlements, self._context.issuer.end)
        return len(settlements)

    def reconnect(self) -> int:
        """Attempt what lay ready for agencies that pulled before and are pushed to now; how many.

        Asked once for every version of the directory.
        """
        version = self._context.registry.current.version
        if version == self._reconnected_at:
            return 0
        receivers = claims.waiting_receivers(self._context.database)
        now = self._context.now()
        pushed = [each for each in receivers if self._context.issuer.first_state(each, now) is State.READY]
        count = claims.reconnect(self._context.database, pushed) if pushed else 0
        self._reconnected_at = version
        if count:
            self._wake()
        return count

    def collect(self) -> int:
        """Take over what agencies' software has ready to send; how many."""
        count = 0
        for agency in self._connections.connected():
            try:
                count += self._collect_from(agency)
            except NoAdapter as error:
                log.debug("not_collected", agency=agency, reason=str(error))
            # One agency's fault must not keep the others waiting.
            except Exception:
                log.exception("collect_failed", agency=agency)
        return count

    def _collect_from(self, agency: str) -> int:
        adapter = self._connections.of(agency)
        count = 0
        for collected in adapter.collect():
            try:
                reasons = self.take(agency, collected.content)
            # One message that cannot be taken now must not keep the others; it stays where it is.
            except Exception:
                log.exception("not_taken", agency=agency, key=collected.key)
                continue
            # After the commit here. A crash before this line: it is collected again, and known.
            if reasons:
                adapter.refused(collected.key, reasons)
            else:
                adapter.collected(collected.key)
                count += 1
        return count

    def take(self, agency: str, content: bytes) -> list[str]:
        """Accept one collected message in the agency's own name; the reasons if it is refused."""
        now = self._context.now()
        token = Token(
            id="collected",
            agency=agency,
            hash="",
            scopes=frozenset(),
            created_at=now,
            expires_at=now,
        )
        try:
            examined = _examine(self._context, content, token, now)
            [answer] = intake.accept(self._context, [examined])
            refusals = [answer] if isinstance(answer, Refusal) else []
        except Refused as refused:
            known = intake.accepted_before(self._context, content, agency)
            refusals = [] if known else list(refused.refusals)
        if refusals:
            log.warning("collected_refused", agency=agency, codes=[each.code for each in refusals])
        return [sentence(each) for each in refusals]

    def _run(self, work: Callable[[], object]) -> None:
        while not self._stop.wait(self._context.settings.sweep_seconds):
            try:
                work()
            # Whatever it was, the next round may succeed; a thread that dies would be missed by nobody.
            except Exception:
                log.exception("sweep_failed")


def _examine(context: Context, content: bytes, token: Token, now: datetime) -> Examined:
    try:
        return intake.examine(context, content, token, now)
    except Refused as refused:
        if all(each.code != "not_edxml" for each in refused.refusals):
            raise
    return confirm.examine(context, content, token, now)
