"""Retry: an administrator sends dead letters again."""

from exchange.context import Context, plan_again
from exchange.core.delivery import State
from exchange.ledger import again
from exchange.ledger.values import NewDelivery


def retry(context: Context, delivery: str) -> NewDelivery | None:
    """Send one dead letter again, now; None if it is not one, or was sent again already."""
    now = context.now()
    new = again.send_again(context.database, delivery, lambda row: plan_again(context, row, now))
    if new is not None and new.state is State.READY:
        context.bell.announce([new.id])
    return new
