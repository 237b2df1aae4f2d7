"""A whole broker in the test's process, on a real database, under a clock that the test owns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from exchange import confirm, intake
from exchange.app import Broker
from exchange.connections import Connections
from exchange.context import Context
from exchange.core import receipt
from exchange.core.receipt import Receipt
from exchange.core.refusal import Refusal, Refused
from exchange.core.signature import verify_own
from exchange.dispatch import Dispatch
from exchange.intake import Answer
from exchange.ledger import claim, reading
from exchange.pickup import Pickup
from exchange.settings import Settings, load
from exchange.sweep import Sweep
from tests import pdf_processes
from tests.province import Province

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
Adapters = Mapping[str, tuple[str, dict[str, object]]]


class Clock:
    """Time stands still until the test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


# Fast to retry, nothing in the background.
TEST_VALUES: Mapping[str, object] = {
    "queue_url": "memory://",
    "pdf_findings": False,  # a test that wants it says so
    "backoff_jitter": 0,
    "backoff_first_seconds": 10,
    "person_rate_per_minute": 100_000,
}


def settings_for(data: Path, database_url: str, **changes: object) -> Settings:
    """Settings of a broker under test."""
    values: dict[str, object] = {"data": data, "database_url": database_url, **TEST_VALUES, **changes}
    return load(**values)


@dataclass
class House:
    """The broker's parts, driven step by step: nothing happens that the test does not ask for."""

    broker: Broker
    province: Province
    clock: Clock

    @classmethod
    def build(
        cls, data: Path, database_url: str, adapters: Adapters | None = None, **changes: object
    ) -> "House":
        clock = Clock()
        broker = Broker(settings_for(data, database_url, **changes), clock)
        pdf_processes.take_over(broker.context.pdfs)
        province = Province.create(clock.now, adapters)
        province.install(broker.database, clock.now)
        broker.context.registry.renew()
        return cls(broker, province, clock)

    @property
    def context(self) -> Context:
        return self.broker.context

    @property
    def connections(self) -> Connections:
        return self.broker.connections

    def close(self) -> None:
        pdf_processes.leave(self.context.pdfs)
        self.broker.close()

    # --- what agencies do ---

    def submit(self, content: bytes, sender: str) -> Answer:
        """Post a document; raises ``Refused``."""
        return self._accept(intake.examine, content, sender)

    def report(self, content: bytes, reporter: str) -> Answer:
        """Post a status message; raises ``Refused``."""
        return self._accept(confirm.examine, content, reporter)

    def _accept(self, examine: Any, content: bytes, agency: str) -> Answer:
        examined = examine(self.context, content, self.province.token(agency), self.clock.now)
        [answer] = intake.accept(self.context, [examined])
        if isinstance(answer, Refusal):
            raise Refused(answer)
        return answer

    def send(self, sender: str, *receivers: str, **changes: object) -> Answer:
        """Compose, sign and post."""
        return self.submit(self.province.document(sender, *receivers, at=self.clock.now, **changes), sender)

    def fetch_all(self, agency: str) -> list[bytes]:
        """Lease, fetch and acknowledge everything that lies ready."""
        pickup = Pickup(self.context)
        try:
            got = []
            while items := pickup.lease(agency, 50, 300):
                for item in items:
                    got.append(pickup.fetch(agency, item.delivery, item.lease)[1])
                    pickup.acknowledge(agency, item.delivery, item.lease)
            return got
        finally:
            pickup.close()

    # --- what the broker does ---

    def work(self, most: int = 50) -> int:
        """Attempt everything that is ready now; how many attempts."""
        dispatch = Dispatch(self.context, self.connections)
        try:
            count = 0
            while claims := self.claim(dispatch, most):
                for each in claims:
                    dispatch.attempt(each).result()
                count += len(claims)
            return count
        finally:
            dispatch.close()

    def claim(self, dispatch: Dispatch, most: int = 50) -> list[claim.Claim]:
        return claim.claim(
            self.context.database,
            now=self.clock.now,
            most=most,
            in_flight={},
            agency_concurrency=most,
            lease="test",
            next_try=dispatch.next_try(self.clock.now),
        )

    def sweep(self) -> None:
        """One round of the sweep."""
        sweep = Sweep(self.context, self.connections, lambda: None)
        sweep.upkeep()
        sweep.collect()

    # --- what the test looks at ---

    def deliveries(self, document: str) -> dict[str, reading.Record]:
        """The newest delivery per receiver."""
        dossier = reading.dossier(self.context.database, document)
        assert dossier is not None
        return {row["receiver"]: row for row in sorted(dossier.deliveries, key=lambda row: row["round"])}

    def states(self, document: str) -> dict[str, str]:
        return {receiver: row["state"] for receiver, row in self.deliveries(document).items()}

    def receipts(self, document: str) -> list[Receipt]:
        """All receipts about a document, each with its signature checked."""
        certificate = self.context.issuer.seal.certificate
        return [
            receipt.read(verify_own(row["body"], certificate))
            for row in reading.receipts_of(self.context.database, document)
        ]

    def adapter(self, agency: str) -> Any:
        return self.connections.of(agency)
