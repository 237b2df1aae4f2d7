"""The history: what agencies and the exchange do, one after the other, under a clock that is moved."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from exchange import confirm, intake, paper
from exchange.app import Broker
from exchange.client.composing import compose, compose_status, sign_message
from exchange.core.codes import document_types
from exchange.core.edxml import Organization
from exchange.core.paper import Registration
from exchange.core.refusal import Refusal
from exchange.core.share import Reason
from exchange.demo.papers import PLACE, pdf
from exchange.demo.sample import clerk
from exchange.demo.sample.places import COMMUNE, SILENT, SLEEPING, SLOW, Places, caller, mark
from exchange.demo.sample.plan import SEED, Planned
from exchange.dispatch import Dispatch
from exchange.ledger import claim
from exchange.pickup import Pickup
from exchange.sequencing import Sequencing
from exchange.sweep import Sweep

FETCHED_AT_ONCE = 50
LEASE_SECONDS = 300.0
REASONS = (Reason.WET_SIGNATURE, Reason.WET_SIGNATURE, Reason.TOO_LARGE, Reason.EXCEPTION_7_2, Reason.OTHER)
REPORTED = 0.9  # of the documents that were fetched


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The moment that is played."""
        return self.now


@dataclass
class History:
    """Everything that is still to happen, by its time. What lies after the end does not happen."""

    broker: Broker
    places: Places
    clock: Clock
    end: datetime
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311  a made-up history
    _coming: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _numbers: Counter[str] = field(default_factory=Counter)
    _fetching: set[tuple[str, datetime]] = field(default_factory=set)

    def __post_init__(self) -> None:
        context = self.broker.context
        self._pickup = Pickup(context)
        self._dispatch = Dispatch(context, self.broker.connections)
        self._sweep = Sweep(context, self.broker.connections, lambda: None)
        self._sequencing = Sequencing(context)

    def close(self) -> None:
        """Settle what waits."""
        self._pickup.close()
        self._dispatch.close()

    def expect(self, at: datetime, happens: Callable[[], None]) -> None:
        """Let something happen at its time."""
        if at < self.end:
            heapq.heappush(self._coming, (at, next(self._order), happens))

    def play(self) -> None:
        """Let everything happen, and the exchange do its own part every evening and at the end."""
        evening = self.clock.now + timedelta(hours=15)
        while self._coming:
            at, _, happens = heapq.heappop(self._coming)
            while evening < at:
                self._upkeep(evening)
                evening += timedelta(days=1)
            self.clock.now = at
            happens()
        self._upkeep(self.end)

    def _upkeep(self, at: datetime) -> None:
        self.clock.now = at
        self._attempt()
        self._sweep.upkeep()
        self._sequencing.round()

    # --- what agencies do ---

    def send(self, planned: Planned) -> None:
        """Give the document its number, and let it go both ways."""
        self._numbers[planned.sender] += 1
        if planned.electronic:
            self._submit(planned)
        if planned.paper and planned.sender not in SILENT:
            self._register(planned)

    def _register(self, planned: Planned) -> None:
        """The sender's clerk registers what went on paper."""
        unconnected = set(planned.paper) & set(self.places.unconnected)
        registration = Registration(
            agency=planned.sender,
            id=f"{planned.sender}-{self.clock.now.year}-{self._numbers[planned.sender]}",
            number=str(self._numbers[planned.sender]),
            notation=self._symbol(planned),
            promulgated_on=planned.promulgated_on,
            sent_on=planned.at.date(),
            receivers=planned.paper,
            reason=Reason.NOT_CONNECTED if unconnected else self.random.choice(REASONS),
            subject=planned.subject,
            type_name=planned.type_name,
            priority=planned.priority,
            by="sample",
        )
        paper.register(self.broker.context, registration)

    def _submit(self, planned: Planned) -> None:
        """Compose, sign and submit; then the receivers' programs come for it."""
        content = self._signed(planned)
        context, now = self.broker.context, self.clock.now
        examined = intake.examine(context, content, caller(planned.sender), now)
        [answer] = intake.accept(context, [examined])
        assert not isinstance(answer, Refusal), answer
        self._attempt()
        for code in planned.electronic:
            self._fetch_later(code, now + self._delay(code))
        self._fetch_later(planned.sender, now + timedelta(hours=20))  # the receipts

    def _symbol(self, planned: Planned) -> str:
        [*_, kind] = document_types(planned.type_name)
        sign = mark(self.places.agency(planned.sender))
        return f"{kind.abbreviation}-{sign}" if kind.abbreviation else f"{sign}-VX"

    def _signed(self, planned: Planned) -> bytes:
        message = compose(
            sender=self._organization(planned.sender),
            receivers=[self._organization(code) for code in planned.electronic],
            number=self._numbers[planned.sender],
            symbol=self._symbol(planned),
            subject=planned.subject,
            attachments=[("van-ban.pdf", pdf(self.random, planned.bytes))],
            type_name=planned.type_name,
            promulgated_on=planned.promulgated_on,
            place=PLACE,
            priority=planned.priority,
            paper=planned.both,
            signed_at=self.clock.now,
        )
        return sign_message(message, self.places.keys[planned.sender])

    def _organization(self, code: str) -> Organization:
        return Organization(organ_id=code, organ_name=self.places.agency(code).name)

    def _delay(self, code: str) -> timedelta:
        """Until the agency's program comes: minutes mostly, a day and more where people are slow."""
        minutes = self.random.lognormvariate(3.2, 1.0)
        return timedelta(minutes=min(minutes * (45 if code in SLOW else 1), 60 * 24 * 20))

    def _fetch_later(self, code: str, at: datetime) -> None:
        at = at.replace(minute=at.minute - at.minute % 5, second=0, microsecond=0) + timedelta(minutes=5)
        if code != SLEEPING and (code, at) not in self._fetching:
            self._fetching.add((code, at))
            self.expect(at, lambda: self._fetch(code))

    def _fetch(self, code: str) -> None:
        if code == COMMUNE:
            clerk.work(self.broker.context, self.random, self.end)
            return
        for item in self._pickup.lease(code, FETCHED_AT_ONCE, LEASE_SECONDS):
            self._pickup.acknowledge(code, item.delivery, item.lease)
            if item.kind == "document" and self.random.random() < REPORTED:
                status = "02" if self.random.random() < 0.03 else "03"
                wait = timedelta(minutes=self.random.lognormvariate(4.5, 1.0))
                self._report_later(self.clock.now + wait, code, item.sender, item.document_id, status)

    def _report_later(self, at: datetime, code: str, other: str, document_id: str, status: str) -> None:
        self.expect(at, lambda: self._report(code, other, document_id, status))

    def _report(self, code: str, other: str, document_id: str, status: str) -> None:
        said = "Không thuộc thẩm quyền giải quyết" if status == "02" else "Đã vào sổ văn bản đến"
        message = compose_status(
            sender=self._organization(code),
            other=other,
            document_id=document_id,
            code=status,
            description=said,
            signed_at=self.clock.now,
        )
        content = sign_message(message, self.places.keys[code])
        examined = confirm.examine(self.broker.context, content, caller(code), self.clock.now)
        intake.accept(self.broker.context, [examined])

    # --- what the exchange does ---

    def _attempt(self) -> None:
        """Deliver what the exchange itself brings to an agency."""
        while claims := self._claim():
            for future in [self._dispatch.attempt(each) for each in claims]:
                future.result()

    def _claim(self) -> list[claim.Claim]:
        return claim.claim(
            self.broker.context.database,
            now=self.clock.now,
            most=FETCHED_AT_ONCE,
            in_flight={},
            agency_concurrency=FETCHED_AT_ONCE,
            lease="sample",
            next_try=self._dispatch.next_try(self.clock.now),
        )
