"""What a clerk does with a document that came for the agency: open, accept or return, assign, finish.

The broker's inbox is the desk's: who opens a document leases it for the agency's persons, and who accepts
or returns it acknowledges it. Other software of the agency that fetches it first has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from exchange.context import Context, ready_ids, today
from exchange.core import edxml, parsing
from exchange.core.codes import number_and_symbol, one_line
from exchange.core.delivery import BUSINESS, Business, State, TakeBack
from exchange.core.directory import Agency
from exchange.core.edxml import BusinessType, DocumentMessage
from exchange.core.refusal import Refused, refuse
from exchange.desk import status
from exchange.ids import new_id
from exchange.ledger import inbox, incoming, incoming_reading
from exchange.ledger.acts import Act, record_act
from exchange.ledger.incoming import Actor, Change, Entered, Lost, Stale, Taking
from exchange.ledger.reading import Record
from exchange.ledger.record import Accept, Examined
from exchange.ledger.values import NewDocument

LEASE = "desk-"  # how a lease of the agency's persons begins
WORDS_MAX = 400  # characters of a reason or a name
EVENTS = {"04": "assigned", "05": "processing", "06": "finished"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A document at the desk: its delivery, its line in the register, and what may be done with it now."""

    row: Record
    line: Record | None
    answered: bool = False  # what it says of an earlier document: agreed to or declined

    @property
    def state(self) -> State:
        """Where the delivery stands."""
        return State(self.row["state"])

    @property
    def ours(self) -> bool:
        """Whether the content may be shown: leased by the desk, or delivered."""
        leased = self.state is State.LEASED and str(self.row["lease"]).startswith(LEASE)
        return leased or self.state is State.DELIVERED

    @property
    def ready(self) -> bool:
        """Whether it may be accepted or returned."""
        return self.line is None and (self.state is State.AVAILABLE or self.ours)

    @property
    def next_codes(self) -> tuple[str, ...]:
        """The statuses that may follow in the register."""
        if self.line is None:
            return ()
        return tuple(code for code in BUSINESS[Business(self.line["state"])] if code in EVENTS)

    @property
    def asked_back(self) -> bool:
        """Whether its sender asks to have it back, and the agency has not answered."""
        return self.line is not None and self.row["take_back"] == TakeBack.REQUESTED.value

    @property
    def answers(self) -> tuple[TakeBack, ...]:
        """What may be said to a request to give it back, or to what it changes of an earlier document.

        A revocation is not declined: its receiver must cancel the earlier document and report that
        (QĐ 28/2018/QĐ-TTg art. 9.2).
        """
        if self.asked_back:
            return TakeBack.AGREED, TakeBack.DECLINED
        changes = self.line is not None and self.line["state"] != Business.REJECTED and not self.answered
        if not changes or self.row["business_type"] == BusinessType.NEW:
            return ()
        if self.row["business_type"] == BusinessType.REVOKE:
            return (TakeBack.AGREED,)
        return TakeBack.AGREED, TakeBack.DECLINED


def folder(context: Context, agency: str, delivery: str) -> Folder:
    """A document that came for the agency. Refused: ``not_found``."""
    found = incoming_reading.incoming(context.database, agency, delivery)
    if found is None:
        raise refuse("not_found", f"Document {delivery[:100]}", f"Văn bản {delivery[:100]}")
    row, line = found
    changes = line is not None and row["business_type"] != BusinessType.NEW
    return Folder(
        row=row,
        line=line,
        answered=changes and incoming_reading.answered(context.database, row["document"], delivery),
    )


def take(context: Context, agency: str, delivery: str, actor: Actor) -> Folder:
    """The document, leased for the agency if it lay ready, which is an act of the person.

    Refused: ``lease_lost``, ``delivery_ended``.
    """
    found = folder(context, agency, delivery)
    if found.state is State.AVAILABLE:
        now = context.now()
        inbox.lease_one(
            context.database,
            agency,
            delivery,
            token=LEASE + new_id(),
            now=now,
            until=now + timedelta(seconds=context.settings.lease_seconds_max),
            act=_seen(agency, found, "opened", actor),
        )
        found = folder(context, agency, delivery)
    if not found.ours:
        raise _not_ours(found)
    return found


def _not_ours(found: Folder) -> Refused:
    if found.state is State.LEASED:
        return refuse(
            "lease_lost",
            "Other software of your agency is fetching this document now.",
            "Phần mềm khác của cơ quan đang lấy văn bản này.",
        )
    return refuse(
        "delivery_ended",
        "The document was not delivered to you, and will not be.",
        "Văn bản đã kết thúc mà không chuyển tới cơ quan.",
    )


def read(context: Context, found: Folder) -> DocumentMessage:
    """What the document says. The caller has made sure that it may be shown, and that this is entered."""
    content = context.payloads.read(found.row["digest"])
    message = edxml.read(parsing.parse(content, context.limits))
    assert isinstance(message, DocumentMessage)
    return message


def accept(context: Context, agency: str, delivery: str, actor: Actor) -> Entered:
    """Enter the document in the register: it has its number and is delivered, its sender gets 03."""
    return _enter(context, agency, delivery, "03", "", actor)


def give_back(context: Context, agency: str, delivery: str, reason: str, actor: Actor) -> Entered:
    """Return the document: it was delivered and not taken in; its sender gets 02 with the reason."""
    return _enter(context, agency, delivery, "02", plain(reason), actor)


def _enter(context: Context, agency: str, delivery: str, code: str, words: str, actor: Actor) -> Entered:
    found = take(context, agency, delivery, actor)
    if found.line is not None:
        return Entered(line=found.line, fresh=False)
    own = agency_of(context, agency)
    told = status.report(context, own, found.row, code, words, "", actor.at)
    taking = Taking(
        delivery=delivery,
        lease=found.row["lease"],
        line=_line(context, found, own, code, words, actor),
        status=told,
        actor=actor,
    )
    try:
        entered = incoming.enter(context.database, taking, acceptance_of(context), context.issuer.end)
    except Lost:
        raise refuse(
            "lease_lost",
            "The document was given to somebody else meanwhile.",
            "Văn bản vừa được chuyển cho người khác.",
        ) from None
    if entered.fresh:
        context.bell.announce([*entered.ready, *ready_ids(told.deliveries)])
    return entered


def acceptance_of(context: Context) -> Accept:
    """What signs the acceptance of a status; of those no twin is known."""
    return partial(_acceptance, context)


def _acceptance(context: Context, examined: Examined, twin: str | None) -> NewDocument:  # noqa: ARG001
    return context.issuer.acceptance(
        examined.document, examined.deliveries, examined.notices, examined.assurance
    )


def agency_of(context: Context, agency: str) -> Agency:
    """The agency as it is known now. Refused: ``not_found``."""
    own = context.registry.current.directory.get(agency)
    if own is None:
        raise refuse("not_found", f"Agency {agency}", f"Cơ quan {agency}")
    return own


def _line(
    context: Context, found: Folder, own: Agency, code: str, words: str, actor: Actor
) -> Mapping[str, Any]:
    row, day = found.row, today(actor.at)
    sender = context.registry.current.directory.get(row["sender"])
    return {
        "delivery": row["delivery"],
        "document": row["document"],
        "agency": own.code,
        "year": day.year,
        "number": None,
        "arrived_at": actor.at,
        "sender": row["sender"],
        "sender_name": sender.as_of(day).name if sender else row["sender"],
        "code": number_and_symbol(row["number"], row["notation"]),
        "promulgated_on": row["promulgated_on"],
        "type_name": row["type_name"],
        "subject": row["subject"],
        "priority": row["priority"],
        "state": code,
        "assigned_to": "",
        "assigned_at": None,
        "note": words,
        "changed_at": actor.at,
        "changed_by": actor.person,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a clerk wants to say of a registered document: the status, to whom it is assigned, a remark."""

    code: str
    seen: str  # the state of the line that the clerk saw
    assigned_to: str = ""
    words: str = ""


def advance(context: Context, agency: str, delivery: str, wish: Wish, actor: Actor) -> None:
    """Assign (04), work (05) or finish (06). Refused: ``desk_step_not_possible``, ``not_found``."""
    found = folder(context, agency, delivery)
    wish = replace(wish, assigned_to=plain(wish.assigned_to), words=plain(wish.words))
    if found.line is None or wish.code not in found.next_codes:
        raise _not_possible()
    told = status.report(
        context, agency_of(context, agency), found.row, wish.code, wish.words, wish.assigned_to, actor.at
    )
    values: dict[str, Any] = {
        "state": wish.code,
        "note": wish.words,
        "changed_at": actor.at,
        "changed_by": actor.person,
    }
    if wish.code == Business.ASSIGNED:
        values |= {"assigned_to": wish.assigned_to, "assigned_at": actor.at}
    _change(context, delivery, wish.seen, EVENTS[wish.code], values, told, actor)


def answer(context: Context, agency: str, delivery: str, code: str, words: str, actor: Actor) -> None:
    """Agree (15) or decline (16) that its sender has the document back, or changes an earlier one by it.

    Refused as in ``advance``.
    """
    found = folder(context, agency, delivery)
    if found.line is None or code not in found.answers:
        raise _not_possible()
    told = status.report(context, agency_of(context, agency), found.row, code, plain(words), "", actor.at)
    values = {"note": plain(words), "changed_at": actor.at, "changed_by": actor.person}
    _change(context, delivery, found.line["state"], "answered", values, told, actor)


def _change(
    context: Context,
    delivery: str,
    seen: str,
    event: str,
    values: Mapping[str, Any],
    told: Examined,
    actor: Actor,
) -> None:
    change = Change(delivery=delivery, seen=seen, event=event, values=values, status=told, actor=actor)
    try:
        incoming.change(context.database, change, acceptance_of(context), context.issuer.end)
    except Stale:
        raise _not_possible() from None
    context.bell.announce(ready_ids(told.deliveries))


def _not_possible() -> Refused:
    return refuse(
        "desk_step_not_possible",
        "Somebody may have changed it since you opened the page.",
        "Có thể người khác đã thay đổi sau khi bạn mở trang.",
    )


def plain(text: str) -> str:
    """What somebody typed, in one line of printable characters, within bounds."""
    printable = "".join(each if each.isprintable() else " " for each in text[:WORDS_MAX])
    return one_line(printable)


def seen(context: Context, agency: str, found: Folder, event: str, actor: Actor, what: str = "") -> None:
    """Enter that a person sees or takes the content, before it is shown."""
    record_act(context.database, _seen(agency, found, event, actor, what))


def _seen(agency: str, found: Folder, event: str, actor: Actor, what: str = "") -> Act:
    return Act(
        event=event,
        at=actor.at,
        person=actor.person,
        role=actor.role,
        document=found.row["document"],
        delivery=found.row["delivery"],
        agency=agency,
        what={"what": what} if what else {},
    )
