"""Receipts and status messages that lie ready for an agency whose clerk reads them on a page."""

from collections.abc import Sequence
from datetime import timedelta

from exchange.context import Context
from exchange.core.delivery import Step
from exchange.desk.incoming import LEASE
from exchange.ids import new_id
from exchange.ledger import inbox, outgoing_reading
from exchange.ledger.acts import Act, record_act
from exchange.ledger.incoming import Actor
from exchange.ledger.reading import Record
from exchange.ledger.settle import Settlement, settle

LEASE_SECONDS = 60.0


def waiting(context: Context, agency: str, most: int) -> list[Record]:
    """What the agency was told and has not taken over, the newest first."""
    return outgoing_reading.notices(context.database, agency, most)


def seen(context: Context, agency: str, deliveries: Sequence[str], actor: Actor) -> int:
    """A person has read these: they are delivered. How many; what somebody else has taken is left out."""
    leased = _leased(context, agency, deliveries)
    if leased:
        record_act(
            context.database,
            Act(
                event="notices_seen",
                at=actor.at,
                person=actor.person,
                role=actor.role,
                agency=agency,
                what={"deliveries": list(leased)},
            ),
        )
    return sum(_acknowledge(context, agency, delivery, token) for delivery, token in leased.items())


def _leased(context: Context, agency: str, deliveries: Sequence[str]) -> dict[str, str]:
    """Those that are notices of the agency and lie ready, each with the lease that holds it now."""
    leased = {}
    for delivery in dict.fromkeys(deliveries):
        now, token = context.now(), LEASE + new_id()
        until = now + timedelta(seconds=LEASE_SECONDS)
        if outgoing_reading.is_notice(context.database, agency, delivery) and inbox.lease_one(
            context.database, agency, delivery, token=token, now=now, until=until
        ):
            leased[delivery] = token
    return leased


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
