"""Delivery of one document to one receiver: two state machines, each one table.

*Transport* says where the bytes are; the broker owns it and owes it an end.
*Business* says what the receiver does with the document (QCVN 102 status codes); the agencies own
it, real messages repeat and come out of order, so events are kept and the state is derived.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """Where one delivery stands. ``DELIVERED``, ``REFUSED`` and ``EXPIRED`` are final."""

    READY = "ready"  # may be attempted now
    WAITING = "waiting"  # an attempt, the back-off after one, or held; due again at next_attempt_at
    AVAILABLE = "available"  # lies in the receiver's inbox
    LEASED = "leased"  # a client of the receiver has it; due back at next_attempt_at
    ACCEPTED = "accepted"  # the peer took it and confirms later
    DELIVERED = "delivered"
    REFUSED = "refused"
    EXPIRED = "expired"


FINAL = frozenset({State.DELIVERED, State.REFUSED, State.EXPIRED})


class Step(StrEnum):
    """What can happen to a delivery."""

    RECONNECT = "reconnect"  # the receiver no longer pulls: it is attempted
    CLAIM = "claim"  # a worker writes the attempt down, before making it
    DUE = "due"  # the back-off is over, or the worker that had it is gone
    PUT_OUT = "put_out"  # the document lies ready for a receiver that pulls
    LEASE = "lease"
    RELEASE = "release"  # given back, or the lease ran out
    HANDED = "handed"  # the peer has it, durably
    TAKEN = "taken"  # the peer took it and will confirm
    PROVEN = "proven"  # no attempt was heard to succeed, but the receiver has it by its own signed word
    HOLD = "hold"  # withdrawn, and may have left: it goes out no more, the receiver's word is awaited
    REJECT = "reject"  # the peer, or the sender's withdrawal, ends it
    EXPIRE = "expire"
    FAIL = "fail"  # this attempt failed; the next one is already scheduled


TRANSPORT: Mapping[State, Mapping[Step, State]] = {
    State.READY: {
        Step.CLAIM: State.WAITING,
        Step.PUT_OUT: State.AVAILABLE,
        Step.PROVEN: State.DELIVERED,
        Step.HOLD: State.WAITING,
        Step.REJECT: State.REFUSED,
        Step.EXPIRE: State.EXPIRED,
    },
    State.WAITING: {
        Step.DUE: State.READY,
        Step.FAIL: State.WAITING,
        Step.PUT_OUT: State.AVAILABLE,
        Step.HANDED: State.DELIVERED,
        Step.TAKEN: State.ACCEPTED,
        Step.PROVEN: State.DELIVERED,
        Step.HOLD: State.WAITING,
        Step.REJECT: State.REFUSED,
        Step.EXPIRE: State.EXPIRED,
    },
    State.AVAILABLE: {
        Step.RECONNECT: State.READY,
        Step.LEASE: State.LEASED,
        Step.PROVEN: State.DELIVERED,
        Step.HOLD: State.WAITING,
        Step.REJECT: State.REFUSED,
        Step.EXPIRE: State.EXPIRED,
    },
    State.LEASED: {
        Step.RELEASE: State.AVAILABLE,
        Step.HANDED: State.DELIVERED,
        Step.PROVEN: State.DELIVERED,
        Step.HOLD: State.WAITING,
        Step.REJECT: State.REFUSED,
        Step.EXPIRE: State.EXPIRED,
    },
    State.ACCEPTED: {
        Step.HANDED: State.DELIVERED,
        Step.PROVEN: State.DELIVERED,
        Step.REJECT: State.REFUSED,
        Step.EXPIRE: State.EXPIRED,
    },
    State.DELIVERED: {},
    State.REFUSED: {},
    State.EXPIRED: {},
}


class IllegalStep(Exception):
    """A step that the table does not know: a fault of the broker, never of a document."""


def advance(state: State, step: Step) -> State:
    """The state after ``step``; raises ``IllegalStep`` where the table has none."""
    try:
        return TRANSPORT[state][step]
    except KeyError:
        raise IllegalStep(f"{step} is not possible in state {state}") from None


def allows(state: State, step: Step) -> bool:
    """Whether the table has ``step`` for ``state``."""
    return step in TRANSPORT[state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential back-off: ``first_seconds`` doubled per attempt, capped, spread by ``jitter`` (0..1)."""

    first_seconds: float
    most_seconds: float
    jitter: float

    def delay(self, attempts: int, spread: float) -> timedelta:
        """The wait after attempt number ``attempts`` (1..); ``spread`` is a random number 0..1 handed in."""
        seconds = min(self.most_seconds, self.first_seconds * 2.0 ** min(attempts - 1, 60))
        return timedelta(seconds=seconds * (1 - self.jitter * spread))


# Why a delivery ended that its sender withdrew: it is never sent again.
WITHDRAWN: Mapping[str, str] = {
    "revoked": "Bên gửi đã thu hồi / Revoked by its sender",
    "taken_back": "Bên gửi đã lấy lại / Taken back by its sender",
}


class Business(StrEnum):
    """What the receiver has done, derived from its status messages (QCVN 102; domain of 1.8)."""

    NONE = "none"
    ARRIVED = "01"
    REJECTED = "02"
    REGISTERED = "03"
    ASSIGNED = "04"
    PROCESSING = "05"
    FINISHED = "06"


class TakeBack(StrEnum):
    """A sender's request to have the document back (status 13), closed per receiver by 15 or 16."""

    NONE = "none"
    REQUESTED = "13"
    AGREED = "15"
    DECLINED = "16"


FROM_RECEIVER = frozenset({"01", "02", "03", "04", "05", "06", "15", "16"})
FROM_SENDER = frozenset({"13"})
STATUS_CODES = FROM_RECEIVER | FROM_SENDER

# Skipping forward is legal (03 to 05, 03 to 06; 04 may be shown as 05); 02 and 06 end the flow.
BUSINESS: Mapping[Business, Mapping[str, Business]] = {
    Business.NONE: {code: Business(code) for code in ("01", "02", "03", "04", "05", "06")},
    Business.ARRIVED: {code: Business(code) for code in ("02", "03", "04", "05", "06")},
    Business.REGISTERED: {code: Business(code) for code in ("04", "05", "06")},
    Business.ASSIGNED: {code: Business(code) for code in ("05", "06")},
    Business.PROCESSING: {code: Business(code) for code in ("06",)},
    Business.REJECTED: {},
    Business.FINISHED: {},
}

# A declined request may be repeated; an agreed one is closed for good. Where no request is open, 15 and
# 16 answer an update or a revocation, which came as a document: legal, and no news of a take-back.
TAKE_BACK: Mapping[TakeBack, Mapping[str, TakeBack]] = {
    TakeBack.NONE: {"13": TakeBack.REQUESTED, "15": TakeBack.NONE, "16": TakeBack.NONE},
    TakeBack.REQUESTED: {"15": TakeBack.AGREED, "16": TakeBack.DECLINED},
    TakeBack.DECLINED: {"13": TakeBack.REQUESTED, "15": TakeBack.DECLINED, "16": TakeBack.DECLINED},
    TakeBack.AGREED: {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The derived state of one delivery at its receiver."""

    business: Business = Business.NONE
    take_back: TakeBack = TakeBack.NONE

    def after(self, code: str) -> "Progress":
        """The state after one status; a repeated, late or illegal one changes nothing."""
        business = BUSINESS[self.business].get(code, self.business)
        take_back = TAKE_BACK[self.take_back].get(code, self.take_back)
        return Progress(business=business, take_back=take_back)

    def expects(self, code: str) -> bool:
        """Whether ``code`` is a legal next step (else it is kept as an event only)."""
        return code in BUSINESS[self.business] or code in TAKE_BACK[self.take_back]


def progress(codes: Iterable[str]) -> Progress:
    """Fold status codes, in the order of their arrival, into the derived state."""
    state = Progress()
    for code in codes:
        state = state.after(code)
    return state


def head_start(priority: int, seconds_per_level: float) -> timedelta:
    """How much earlier an urgent document counts as having arrived.

    Priority is QCVN 102 ``OtherInfo/Priority`` 0..4 (4: hỏa tốc hẹn giờ). Ranking by arrival less
    head start puts the urgent first, and lets nothing wait longer than the largest head start
    behind later arrivals.
    """
    return timedelta(seconds=seconds_per_level * max(0, min(priority, 4)))


def rank(accepted_at: datetime, priority: int, seconds_per_level: float) -> datetime:
    """The moment by which deliveries are ordered: the earlier, the sooner attempted."""
    return accepted_at - head_start(priority, seconds_per_level)
