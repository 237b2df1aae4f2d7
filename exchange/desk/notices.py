"""Receipts and status messages that lie ready for an agency whose clerk reads them on a page."""

from collections.abc import Sequence
from datetime import timedelta

from exchange.context import Context
from exchange.core.delivery import Step
from exchange.desk.incoming import LEASE
from exchange.ids import new_id
from exchange.ledger import inbox, outgoing_reading
from exchange.ledger.reading import Record
from exchange.ledger.settle import Settlement, settle

LEASE_SECONDS = 60.0


def waiting(context: Context, agency: str, most: int) -> list[Record]:
    """What the agency was told and has not taken over, the newest first."""
    return outgoing_reading.notices(context.database, agency, most)


def seen(context: Context, agency: str, deliveries: Sequence[str]) -> int:
    """A person has read these: they are delivered. How many; what somebody else has taken is left out."""
    count = 0
    for delivery in dict.fromkeys(deliveries):
        now, token = context.now(), LEASE + new_id()
        until = now + timedelta(seconds=LEASE_SECONDS)
        if outgoing_reading.is_notice(context.database, agency, delivery) and inbox.lease_one(
            context.database, agency, delivery, token=token, now=now, until=until
        ):
            count += _acknowledge(context, agency, delivery, token)
    return count


def _acknowledge(context: Context, agency: str, delivery: str, token: str) -> bool:
    held = inbox.held(context.database, agency, delivery)
    assert held is not None
    settlement = Settlement(
        delivery=delivery,
        step=Step.HANDED,
        at=context.now(),
        lease=token,
        attempt=held.attempt,
        verdict="delivered",
    )
    [settled] = settle(context.database, [settlement], context.issuer.end)
    context.bell.announce(settled.ready)
    return settled.applied
