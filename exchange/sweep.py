"""Sweep: what nobody does, done at the broker's own pace: bring back, expire, collect, deal with what
waits at closed agencies, ask CAs about the certificates, count, what proves the ledger: sequence, stamp,
cosign; and tell people what they should know.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from time import monotonic

import structlog

from exchange.alarms import Alarms
from exchange.closing import Closings
from exchange.collect import Collect
from exchange.connections import Connections
from exchange.context import Context
from exchange.core.delivery import State, Step
from exchange.core.evidence import IN_DOUBT
from exchange.cosigning import witnesses
from exchange.counting import Counting
from exchange.expiring import Expiring
from exchange.findings import Findings
from exchange.ledger import claim as claims
from exchange.ledger.settle import Settlement, settle
from exchange.metrics import EXPIRIES
from exchange.noticing import Noticing
from exchange.recounting import Recounting
from exchange.revocation import Revocation
from exchange.sending import Sending, lines
from exchange.sequencing import Sequencing
from exchange.stamping import Stamping
from exchange.tidy import Tidy

log = structlog.get_logger(__name__)

REVOCATION_SECONDS = 5.0  # between looks at what is due; a CA is asked far less often
EXPIRING_SECONDS = 30.0
RECOUNT_SECONDS = 60.0  # between looks whether this night's was done
CLOSINGS_SECONDS = 5.0
EXPIRE_BATCH = 100
NOTICE_SECONDS = 5.0  # between looks at what is to be sent, or to be told to agencies
TIDY_SECONDS = 15.0  # for each of up to 256 folders of payload files
EXPIRED_REASON = "Quá hạn chuyển / Not delivered within its time"


class Sweep:
    """Runs on threads of their own: a folder or server that hangs must not keep deliveries from expiring.

    Several at once do no harm: every step is taken by one of them.
    """

    def __init__(self, context: Context, connections: Connections, wake: Callable[[], None]) -> None:
        self._context = context
        self._wake = wake
        self._collect = Collect(context, connections)
        self._sequencing = Sequencing(context)
        self._counting = Counting(context)
        self._recounting = Recounting(context)
        self._stamping = Stamping(context)
        self._witnesses = witnesses(context)
        self._revocation = Revocation(context)
        self._findings = Findings(context)
        self._closings = Closings(context)
        self._alarms = Alarms(context, self._contradicted)
        self._sending = [Sending(context, line) for line in lines(context)]
        self._stop = threading.Event()
        self._reconnected_at = -1
        seconds = context.settings.sweep_seconds
        rounds: tuple[tuple[str, Callable[[], object], float], ...] = (
            ("upkeep", self.upkeep, seconds),
            ("closings", self._closings.step, CLOSINGS_SECONDS),
            ("collect", self.collect, seconds),
            ("sequence", self._sequencing.round, context.settings.sequence_seconds),
            ("count", self._counting.round, context.settings.sequence_seconds),
            ("recount", self._recounting.step, RECOUNT_SECONDS),
            ("stamp", self._stamping.step, seconds),
            ("revocation", self._revocation.step, REVOCATION_SECONDS),
            ("expiring", Expiring(context).step, EXPIRING_SECONDS),
            ("findings", self._findings.round, seconds),
            ("tidy", Tidy(context).step, TIDY_SECONDS),
            ("alarms", self._alarms.step, context.settings.alarm_every_seconds),
            ("notices", Noticing(context).step, NOTICE_SECONDS),
            *((f"send-{each.channel}", each.step, NOTICE_SECONDS) for each in self._sending),
            *(("cosign", each.step, context.settings.cosign_every_seconds) for each in self._witnesses),
        )
        self._threads = [
            threading.Thread(target=self._run, args=(work, pause), name=f"sweep-{name}", daemon=True)
            for name, work, pause in rounds
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def alive(self) -> bool:
        """Whether all threads live."""
        return all(thread.is_alive() for thread in self._threads)

    def close(self, seconds: float) -> None:
        """End after the current round, within so long in all; who hangs is left to the end of the process."""
        until = monotonic() + seconds
        self._stop.set()
        self._collect.stop()
        self._findings.stop()
        self._sequencing.stop()
        self._counting.stop()
        self._recounting.stop()
        self._stamping.stop()
        self._revocation.stop()
        for witness in self._witnesses:
            witness.stop()
        for sending in self._sending:
            sending.stop()
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))
        self._collect.close(max(0.0, until - monotonic()))
        self._alarms.close()

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
            settled = settle(self._context.database, settlements, self._context.issuer.end)
            self._context.bell.announce([ready for each in settled for ready in each.ready])
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

    def collect(self) -> None:
        """Take over what agencies' software has ready to send."""
        self._collect.round()

    def _contradicted(self) -> list[str]:
        return [witness.name for witness in self._witnesses if witness.contradicted]

    def _run(self, work: Callable[[], object], seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                work()
            # Whatever it was, the next round may succeed; a thread that dies would be missed by nobody.
            except Exception:
                log.exception("sweep_failed")
