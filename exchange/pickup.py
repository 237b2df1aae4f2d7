"""Pick-up: an agency fetches what lies ready for it. Two of its clients never get the same."""

from collections.abc import Iterable
from datetime import timedelta

import structlog

from exchange.context import Context
from exchange.core.delivery import FINAL, State, Step
from exchange.core.refusal import Refused, refuse
from exchange.ids import new_id
from exchange.ledger import inbox
from exchange.ledger.group import GroupCommit
from exchange.ledger.inbox import Held, Waiting
from exchange.ledger.settle import Settled, Settlement, settle
from exchange.metrics import ACKNOWLEDGEMENTS

log = structlog.get_logger(__name__)


class Pickup:
    """The steps of a client that pulls: look, lease, fetch, acknowledge or release."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settling: GroupCommit[Settlement, Settled] = GroupCommit(
            "pickup",
            lambda batch: settle(context.database, batch, context.issuer.end),
            batch_max=context.settings.commit_batch_max,
            waiting_max=context.settings.commit_queue_max,
        )

    def alive(self) -> bool:
        """Whether what clients say is still settled."""
        return self._settling.alive

    def close(self) -> None:
        """Settle what waits, then stop."""
        self._settling.close()

    def look(self, agency: str, most: int) -> list[Waiting]:
        """What lies ready; nothing changes."""
        return inbox.look(self._context.database, agency, most)

    def lease(self, agency: str, most: int, seconds: float) -> list[Waiting]:
        """Up to ``most`` messages for this client alone, for ``seconds``."""
        now = self._context.now()
        seconds = min(seconds, self._context.settings.lease_seconds_max)
        until = now + timedelta(seconds=seconds)
        return inbox.lease(self._context.database, agency, most=most, token=new_id(), now=now, until=until)

    def fetch(self, agency: str, delivery: str, lease: str) -> tuple[Held, bytes]:
        """The exact bytes, as often as needed: under the lease, and after the acknowledgement without one.

        Raises ``Refused`` before a lease, under another one, and once the delivery ended otherwise.
        """
        held = self._held(agency, delivery)
        if held.state is State.AVAILABLE:
            raise _lost(delivery)
        check_turn([(held.state, held.lease)], lease, delivery)
        return held, self._context.payloads.read(held.digest)

    def acknowledge(self, agency: str, delivery: str, lease: str) -> None:
        """The client has the message, durably: it is delivered. Saying so again changes nothing."""
        held = self._held(agency, delivery)
        if held.state is State.DELIVERED:
            return
        settled = self._settle(held, delivery, lease, Step.HANDED, "delivered")
        if not settled.applied and settled.state is not State.DELIVERED:
            raise _lost(delivery)
        if settled.applied:
            ACKNOWLEDGEMENTS.inc()
            log.info(
                "acknowledged",
                document=settled.document,
                delivery=delivery,
                receiver=agency,
                kind=held.kind,
                digest=held.digest,
            )

    def release(self, agency: str, delivery: str, lease: str) -> None:
        """The client gives the message back: another may lease it at once."""
        held = self._held(agency, delivery)
        if not self._settle(held, delivery, lease, Step.RELEASE, "released").applied:
            raise _lost(delivery)

    def _settle(self, held: Held, delivery: str, lease: str, step: Step, verdict: str) -> Settled:
        settlement = Settlement(
            delivery=delivery,
            step=step,
            at=self._context.now(),
            lease=lease,
            attempt=held.attempt,
            verdict=verdict,
        )
        settled = self._settling.submit(settlement).result()
        self._context.bell.announce(settled.ready)
        return settled

    def _held(self, agency: str, delivery: str) -> Held:
        held = inbox.held(self._context.database, agency, delivery)
        if held is None:
            raise _not_found(delivery)
        return held


def check_turn(stands: Iterable[tuple[State, str]], lease: str, what: str) -> None:
    """Raise ``Refused`` unless a receiver may have the bytes now.

    ``stands`` are the states and leases of its deliveries of them; ``lease`` is the one it shows.
    Nobody reads what he does not take over: the sender's receipt would say that it never arrived.
    """
    held = tuple(stands)
    states = {state for state, _ in held}
    if State.DELIVERED in states or (lease and (State.LEASED, lease) in held):
        return
    if State.LEASED in states:
        raise _lost(what)
    if states and states <= FINAL:
        raise refuse(
            "delivery_ended",
            f"{what} was not delivered to you, and will not be.",
            f"{what} đã kết thúc mà không chuyển tới bạn.",
        )
    raise _not_found(what)


def _not_found(what: str) -> Refused:
    return refuse(
        "not_found", f"{what} is not known to you.", f"Không tìm thấy {what} trong phạm vi của bạn."
    )


def _lost(delivery: str) -> Refused:
    return refuse(
        "lease_lost",
        f"Your lease of {delivery} is over.",
        f"Phiên nhận {delivery} đã hết hạn.",
        where="lease",
    )
