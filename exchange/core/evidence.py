"""What both sides say of a delivery, and what follows for it.

Its receiver says, signed, that it has the document; its sender withdraws it. Neither is acted on
blindly: an attempt or a lease is written down before it is made, so what was written down *may have
left*, whatever was heard of it since.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from exchange.core.delivery import FINAL, State, Step, TakeBack

# Whoever reports one of these has the document: it deals with it (01 to 06), or keeps it (16).
PROVES = frozenset({"01", "02", "03", "04", "05", "06", "16"})

# Why a withdrawn delivery waits, and at the end of its time is refused: the receiver did not say.
IN_DOUBT: Mapping[str, str] = {
    "revoked": "Bên gửi đã thu hồi; có thể đã tới nơi nhận"
    " / Revoked by its sender; it may have reached the receiver before",
    "taken_back": "Bên gửi đã lấy lại; có thể đã tới nơi nhận"
    " / Taken back by its sender; it may have reached the receiver before",
}

# Steps that a delivery takes when nobody has heard that it arrived.
UNHEARD = frozenset({Step.FAIL, Step.RELEASE, Step.PUT_OUT, Step.TAKEN, Step.REJECT, Step.EXPIRE})
# Of these, the ones after which it would go out again.
AGAIN = frozenset({Step.FAIL, Step.RELEASE, Step.PUT_OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a delivery stands. ``left``: an attempt or a lease was written down, in whatever round.

    ``claimed``: a worker or a client is at it now. ``withdrawn``: it must not go out any more.
    """

    state: State
    left: bool
    claimed: bool
    proven: bool
    withdrawn: bool


def on_report(stand: Stand, code: str) -> Step | None:
    """The step that a status of the receiver means; None leaves the delivery on its way.

    While an attempt is made or about to be, it goes on: one that was written down and never made
    would else count as delivered on the word of a receiver that speaks early. ``instead`` decides then.
    """
    if stand.state in FINAL:
        return None
    if stand.state is State.ACCEPTED:
        return Step.PROVEN  # it said that it would confirm: this is the confirmation
    if code == TakeBack.AGREED and stand.withdrawn and not stand.claimed:
        return Step.REJECT
    attempted = stand.state is State.READY or (stand.state is State.WAITING and stand.claimed)
    if code in PROVES and stand.left and not attempted:
        return Step.PROVEN
    return None


def on_withdrawal(stand: Stand) -> Step | None:
    """The step that a withdrawal means; None where it has ended, was taken, or somebody is at it."""
    if stand.state in FINAL or stand.state is State.ACCEPTED or stand.claimed:
        return None
    if stand.proven:
        return Step.PROVEN
    return Step.HOLD if stand.left else Step.REJECT


def instead(step: Step, *, proven: bool, withdrawn: bool) -> Step:
    """The step to take where ``step`` was about to be: it may have been proven or withdrawn meanwhile."""
    if proven and step in UNHEARD:
        return Step.PROVEN
    if withdrawn and step in AGAIN:
        return Step.HOLD
    return step
