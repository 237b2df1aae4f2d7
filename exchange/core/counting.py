"""The fold: what the entries of the ledger, in their order, say of every exchange.

An exchange is a document on its way to one receiver. Its newest delivery counts, and once one of them
was delivered it stays so. Paper that was registered counts until it is withdrawn. What stands in the
tallies is a function of where the exchanges stand, and of nothing else: so whoever has the entries can
count again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from exchange.core.closing import FORWARDED
from exchange.core.edxml import VIETNAM
from exchange.core.share import CLASSES, Electronic, ExchangeClass, Paper, Standing, standing
from exchange.core.working_days import Calendar, noticed_on_time, sent_on_time

VERSION = 2  # of these rules


class Kind(StrEnum):
    """The events that count; the others say nothing of the share."""

    ACCEPTED = "accepted"
    SENT_AGAIN = "sent_again"
    FORWARDED = "forwarded"  # to the agency that follows a closed one
    DELIVERED = "delivered"
    REFUSED = "refused"
    EXPIRED = "expired"
    RETURNED = "status_02"
    REGISTERED = "status_03"
    ASSIGNED = "status_04"
    PROCESSING = "status_05"
    FINISHED = "status_06"
    PAPER = "paper"
    PAPER_NONE = "paper_none"
    PAPER_WITHDRAWN = "paper_withdrawn"


BEGINS = frozenset({Kind.ACCEPTED, Kind.SENT_AGAIN, Kind.FORWARDED})
ENDS: Mapping[Kind, Electronic] = {
    Kind.DELIVERED: Electronic.DELIVERED,
    Kind.REFUSED: Electronic.REFUSED,
    Kind.EXPIRED: Electronic.EXPIRED,
}
# Each tells the sender that the document was received; all but a return, that it stands in the register.
NOTICES = frozenset({Kind.RETURNED, Kind.REGISTERED, Kind.ASSIGNED, Kind.PROCESSING, Kind.FINISHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What entries say of the document that they speak of. Of a paper one: of its registration."""

    identity: str
    document: str
    """The id under which the ledger keeps it."""
    sender: str
    type_name: str = ""
    priority: int = 0
    signed: bool = True
    flagged: bool = False
    """The sender said that a paper copy goes beside."""
    promulgated_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry that counts."""

    kind: Kind
    at: datetime
    """Of what was forwarded: when the document was first accepted, for another agency."""
    exchange: str
    """The delivery, or the paper exchange, that the entry speaks of."""
    subject: Subject
    receiver: str
    """Its key; "" of a declaration that no paper was sent."""
    cause: str = ""
    sent_on: date | None = None
    """Of paper: the day on which it was sent; of a declaration: the first of its month."""
    reason: str = ""
    """Why it went on paper."""
    declared: bool = False
    """What is withdrawn is a declaration."""


def rules_of(calendar: Calendar) -> str:
    """What was counted by, as a digest: with other rules, or other days off, the figures are others."""
    days = (sorted(map(str, calendar.holidays)), sorted(map(str, calendar.substitutes)))
    return hashlib.sha256(repr((VERSION, days)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A registered paper copy."""

    exchange: str
    sent_on: date
    reason: str
    type_name: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A document on its way to one receiver, as the entries up to now tell."""

    identity: str
    receiver: str
    sender: str
    document: str
    """The first that was told of it."""
    electronic: Electronic = Electronic.NONE
    delivery: str = ""
    """The newest one."""
    accepted_at: datetime | None = None
    """When it was first accepted."""
    type_name: str = ""
    priority: int = 0
    signed: bool = True
    flagged: bool = False
    sent_in_time: bool | None = None
    delivered_at: datetime | None = None
    noticed_at: datetime | None = None
    registered_at: datetime | None = None
    noticed_in_time: bool | None = None
    cause: str = ""
    """Of a refusal or expiry, as it stands."""
    copies: tuple[Copy, ...] = ()

    @property
    def paper(self) -> Paper:
        """What is known of a paper copy."""
        if self.copies:
            return Paper.REGISTERED
        return Paper.FLAGGED if self.flagged else Paper.NONE

    @property
    def standing(self) -> Standing | None:
        """Where it stands; None once nothing of it is left."""
        return standing(self.electronic, self.paper)

    @property
    def exchange_class(self) -> ExchangeClass | None:
        """Its class; None while it has none."""
        found = self.standing
        return None if found is None else CLASSES.get(found)

    @property
    def sent_on(self) -> date | None:
        """The day in Vietnam on which it was sent; by that it belongs to a month."""
        if self.accepted_at is not None:
            return self.accepted_at.astimezone(VIETNAM).date()
        return self.copies[-1].sent_on if self.copies else None

    @property
    def reason(self) -> str:
        """Why it went on paper; of several copies, the newest registration's."""
        return self.copies[-1].reason if self.copies else ""

    @property
    def kind_of_document(self) -> tuple[str, int]:
        """Type and urgency: as sent electronically, else as registered."""
        if self.accepted_at is None and self.copies:
            return self.copies[-1].type_name, self.copies[-1].priority
        return self.type_name, self.priority


def month_of(day: date) -> int:
    """The month as it is counted by: 202511."""
    return day.year * 100 + day.month


def apply(exchange: Exchange | None, event: Event, calendar: Calendar) -> Exchange | None:
    """The exchange after ``event``; None where the event speaks of what was never begun."""
    kind = event.kind
    if exchange is None:
        if kind not in BEGINS and kind is not Kind.PAPER:
            return None
        exchange = Exchange(
            identity=event.subject.identity,
            receiver=event.receiver,
            sender=event.subject.sender,
            document=event.subject.document,
        )
    if kind in BEGINS:
        return _begun(exchange, event, calendar)
    if kind in ENDS:
        return _ended(exchange, event, calendar)
    if kind in NOTICES:
        return _noticed(exchange, event, calendar)
    if kind is Kind.PAPER:
        return replace(exchange, copies=(*_others(exchange, event), _copy(event)))
    return replace(exchange, copies=_others(exchange, event))


def _begun(exchange: Exchange, event: Event, calendar: Calendar) -> Exchange:
    subject = event.subject
    changed: dict[str, Any] = {
        "delivery": event.exchange,
        "flagged": exchange.flagged or subject.flagged,
    }
    if exchange.accepted_at is None:
        changed["accepted_at"] = event.at
        changed["type_name"] = subject.type_name
        changed["priority"] = subject.priority
        changed["sent_in_time"] = sent_on_time(calendar, subject.promulgated_on, event.at)
    if exchange.electronic is not Electronic.DELIVERED:
        changed |= {"electronic": Electronic.UNDER_WAY, "signed": subject.signed, "cause": ""}
    return replace(exchange, **changed)


def _ended(exchange: Exchange, event: Event, calendar: Calendar) -> Exchange:
    if exchange.electronic is Electronic.DELIVERED:
        return exchange
    end = ENDS[event.kind]
    if event.cause == FORWARDED and event.exchange == exchange.delivery:
        # It goes on under the agency that follows: nothing of it is left here but registered copies.
        return replace(exchange, electronic=Electronic.NONE, flagged=False)
    if end is not Electronic.DELIVERED:  # of an earlier delivery: the newest one counts
        own = event.exchange == exchange.delivery
        return replace(exchange, electronic=end, cause=event.cause) if own else exchange
    delivered = replace(
        exchange,
        electronic=end,
        delivery=event.exchange,
        signed=event.subject.signed,
        delivered_at=event.at,
        cause="",
    )
    return _judged(delivered, calendar)


def _noticed(exchange: Exchange, event: Event, calendar: Calendar) -> Exchange:
    registered_at = exchange.registered_at
    if registered_at is None and event.kind is not Kind.RETURNED:
        registered_at = event.at
    noticed = replace(exchange, noticed_at=exchange.noticed_at or event.at, registered_at=registered_at)
    return _judged(noticed, calendar)


def _judged(exchange: Exchange, calendar: Calendar) -> Exchange:
    if exchange.delivered_at is None or exchange.noticed_at is None or exchange.noticed_in_time is not None:
        return exchange
    return replace(
        exchange, noticed_in_time=noticed_on_time(calendar, exchange.delivered_at, exchange.noticed_at)
    )


def _copy(event: Event) -> Copy:
    assert event.sent_on is not None, "paper is registered with its day"
    return Copy(
        exchange=event.exchange,
        sent_on=event.sent_on,
        reason=event.reason,
        type_name=event.subject.type_name,
        priority=event.subject.priority,
    )


def _others(exchange: Exchange, event: Event) -> tuple[Copy, ...]:
    return tuple(each for each in exchange.copies if each.exchange != event.exchange)
