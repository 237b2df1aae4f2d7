"""What every use case needs, put together once by ``exchange.app``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from exchange.core.delivery import State, rank
from exchange.core.edxml import VIETNAM
from exchange.core.note import NoteKey
from exchange.core.schema import Schema
from exchange.core.signature import ParseLimits, Verifier
from exchange.ids import new_id
from exchange.ledger.database import Database
from exchange.ledger.values import NewDelivery, NewDocument
from exchange.liveness import Liveness
from exchange.payloads import Payloads
from exchange.pdfs import Pdfs
from exchange.queue import Bell
from exchange.receipts import Issuer
from exchange.receiving import Receiving
from exchange.registry import Registry
from exchange.settings import Settings
from exchange.stamp_age import StampAge


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The broker's parts. ``now`` is the clock, handed in so that tests own the time."""

    settings: Settings
    database: Database
    payloads: Payloads
    pdfs: Pdfs
    registry: Registry
    issuer: Issuer
    log_key: NoteKey
    stamp_age: StampAge
    verifier: Verifier
    schema: Schema
    lenient_schema: Schema  # of what comes unsigned by an allowance
    bell: Bell
    receiving: Receiving
    liveness: Liveness
    now: Callable[[], datetime]

    @property
    def limits(self) -> ParseLimits:
        """What the parser takes."""
        return ParseLimits(
            document_bytes_max=self.settings.document_bytes_max, depth_max=self.settings.depth_max
        )

    def expiry(self, kind: str) -> timedelta:
        """How long a delivery of this kind is tried."""
        hours = self.settings.expiry_hours if kind == "document" else self.settings.receipt_expiry_hours
        return timedelta(hours=hours)

    def lease_time(self) -> timedelta:
        """How long a client may hold what it fetches."""
        return timedelta(seconds=self.settings.lease_seconds_max)


def clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def today(now: datetime) -> date:
    """The date in Vietnam: the one by which the directory is asked."""
    return now.astimezone(VIETNAM).date()


def plan_delivery(
    context: Context,
    document: NewDocument,
    *,
    receiver: str,
    addressed_as: str,
    rank_at: datetime,
    forwarded_from: str = "",
    exchange_class: str = "",
) -> NewDelivery:
    """A delivery of ``document``, to begin when it is accepted."""
    begin = document.accepted_at
    return NewDelivery(
        id=new_id(),
        document=document.id,
        kind=document.kind,
        receiver=receiver,
        addressed_as=addressed_as,
        forwarded_from=forwarded_from,
        state=context.issuer.first_state(receiver, begin),
        priority=document.priority,
        rank_at=rank_at,
        next_attempt_at=begin,
        expires_at=begin + context.expiry(document.kind),
        created_at=begin,
        exchange_class=exchange_class,
    )


def ready_ids(deliveries: tuple[NewDelivery, ...]) -> list[str]:
    """Those that a worker is to attempt."""
    return [delivery.id for delivery in deliveries if delivery.state is State.READY]


def plan_again(context: Context, dead: Mapping[str, Any], now: datetime) -> NewDelivery:
    """A further round of a delivery that ended, from its row."""
    return NewDelivery(
        id=new_id(),
        document=dead["document"],
        kind=dead["kind"],
        receiver=dead["receiver"],
        addressed_as=dead["addressed_as"],
        forwarded_from=dead["forwarded_from"],
        round=dead["round"] + 1,
        state=context.issuer.first_state(dead["receiver"], now),
        priority=dead["priority"],
        rank_at=rank(now, dead["priority"], context.settings.head_start_seconds),
        next_attempt_at=now,
        expires_at=now + context.expiry(dead["kind"]),
        created_at=now,
    )
