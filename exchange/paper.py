"""Paper: an agency registers what it sent on paper, takes back what was wrong, says that it sent none."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from exchange.context import Context, today
from exchange.core import paper
from exchange.core.paper import BUSINESS_TYPE, Declaration, Registration, Withdrawal
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.ids import new_id
from exchange.ledger import paper as ledger
from exchange.ledger.acts import Act
from exchange.ledger.incoming import Actor
from exchange.ledger.paper import NewPaper, NotRegistered, Registered, Tell
from exchange.ledger.values import NewDocument, NewEntry


def register(context: Context, registration: Registration, actor: Actor | None = None) -> Registered:
    """Register a document that went on paper; the same again gives the same answer (promise 5).

    Raises ``Refused``: ``paper_invalid``, ``receiver_unknown``, ``receiver_is_sender``,
    ``receiver_duplicate``; ``paper_conflict`` where its mark stands for other content; ``not_found``
    where what it replaces is not there.
    """
    [answer] = register_all(context, [registration], actor)
    if isinstance(answer, Refused):
        raise answer
    return answer


def register_all(
    context: Context, batch: Sequence[Registration], actor: Actor | None = None
) -> list[Registered | Refused]:
    """Register several in one transaction, each with an answer of its own, in their order.

    With ``actor`` the person's act is written in that transaction, if anything is new.
    """
    answers: list[Registered | Refused | None] = []
    made: list[NewPaper] = []
    for registration in batch:
        new = _examined(context, registration)
        answers.append(new if isinstance(new, Refused) else None)
        if not isinstance(new, Refused):
            made.append(new)
    written = iter(_written(context, made, actor))
    return [next(written) if answer is None else answer for answer in answers]


def examine(context: Context, registration: Registration) -> bool:
    """Check a registration, and write nothing: would it be new? Raises ``Refused`` as ``register`` does."""
    new = _examined(context, registration)
    if isinstance(new, Refused):
        raise new
    before = ledger.find(context.database, registration.agency, new.document.document_id)
    if before is not None and before.digest != new.document.digest:
        raise _conflict(before, new)
    return before is None


def _examined(context: Context, registration: Registration) -> NewPaper | Refused:
    registration = paper.tidy(registration)
    try:
        receivers = paper.check(registration, context.registry.current.directory, today(context.now()))
    except Refused as refused:
        return refused
    return _new(context, registration, receivers)


def _new(context: Context, registration: Registration, receivers: Sequence[str]) -> NewPaper:
    facts = paper.facts(registration)
    document = replace(
        _document(context, registration.agency, registration.id, paper.payload(registration, receivers)),
        subject=registration.subject,
        priority=registration.priority,
        second_key=str(facts["second_key"]),
        number=registration.number,
        notation=registration.notation,
        promulgated_on=registration.promulgated_on,
        type_name=registration.type_name,
    )
    said = {**facts, "reason": registration.reason.value, "sent_on": registration.sent_on.isoformat()}
    entries = [
        _entry("paper", document, {**said, "by": registration.by, "receiver": receiver})
        for receiver in receivers
    ]
    return NewPaper(
        document=document, entries=tuple(entries), replaces=registration.replaces, by=registration.by
    )


def _document(context: Context, agency: str, mark: str, content: bytes) -> NewDocument:
    return NewDocument(
        id=new_id(),
        kind="paper",
        sender=agency,
        document_id=mark,
        digest=hashlib.sha256(content).hexdigest(),
        size=len(content),
        body=content,
        accepted_at=context.now(),
        business_type=BUSINESS_TYPE,
        paper=True,
        signed=False,
    )


def _entry(event: str, document: NewDocument, said: dict[str, object]) -> NewEntry:
    return NewEntry(
        at=document.accepted_at,
        event=event,
        document=document.id,
        delivery=new_id(),
        agency=document.sender,
        exchange_class="paper" if event == "paper" else "",
        body={**said, "digest": document.digest, "mark": document.document_id, "sender": document.sender},
    )


def _written(context: Context, made: Sequence[NewPaper], actor: Actor | None) -> list[Registered | Refused]:
    if not made:
        return []
    try:
        found = ledger.register(context.database, made, _tell(actor, _what(made)))
    except NotRegistered as missing:
        if len(made) > 1:  # one that replaces nothing keeps no other from being registered
            return [answer for each in made for answer in _written(context, [each], actor)]
        return [_missing(str(missing), "replaces")]
    return [
        was if was.digest == new.document.digest else _conflict(was, new)
        for was, new in zip(found, made, strict=True)
    ]


def _what(made: Sequence[NewPaper]) -> Mapping[str, object]:
    """What the act says beside who and when."""
    if len(made) > 1:
        return {}
    return {"replaces": made[0].replaces} if made[0].replaces else {}


def _tell(actor: Actor | None, what: Mapping[str, object]) -> Tell | None:
    """The act of a person: about the registration, or about several with their number."""
    if actor is None:
        return None

    def tell(found: Sequence[Registered]) -> Act | None:
        fresh = [each for each in found if each.fresh]
        if not fresh:
            return None
        return Act(
            event="paper_registered",
            at=actor.at,
            person=actor.person,
            role=actor.role,
            agency=fresh[0].agency,
            document=fresh[0].id if len(found) == 1 else "",
            what={**what, **({} if len(found) == 1 else {"lines": len(fresh)})},
        )

    return tell


def _conflict(was: Registered, new: NewPaper) -> Refused:
    digest = new.document.digest
    return Refused(
        Refusal(
            code="paper_conflict",
            where="id",
            detail=f"{was.mark} was registered with SHA-256 {was.digest}; this registration has {digest}.",
            detail_vi=f"{was.mark} đã đăng ký với SHA-256 {was.digest}; đăng ký này có {digest}.",
            values={"registered_digest": was.digest, "digest": digest, "id": was.id},
        )
    )


def _missing(mark: str, where: str) -> Refused:
    return refuse(
        "not_found",
        f"There is no registration {mark} of this agency.",
        f"Cơ quan này không có đăng ký {mark}.",
        where=where,
    )


def withdraw(context: Context, withdrawal: Withdrawal, actor: Actor | None = None) -> Registered:
    """Take a registration or declaration back, as a new entry; done before, it stays as it was.

    Raises ``Refused``: ``paper_invalid`` without a reason, ``not_found``.
    """
    why = paper.one_line(withdrawal.why)
    if not 1 <= len(why) <= paper.LENGTHS["remark"]:
        detail = ("1 to 500 characters say why.", "Lý do từ 1 đến 500 ký tự.")
        raise Refused(paper.invalid("why", *detail))
    mark = paper.one_line(withdrawal.id)
    try:
        return ledger.withdraw(
            context.database,
            withdrawal.agency,
            mark,
            why=why,
            by=withdrawal.by,
            at=context.now(),
            tell=_tell(actor, {"withdrawn": why}),
        )
    except NotRegistered:
        raise _missing(mark, "id") from None


def declare_none(context: Context, declaration: Declaration, actor: Actor | None = None) -> Registered:
    """Say that an agency sent nothing on paper in a month; said before and still standing, it stays.

    Raises ``Refused``: ``paper_invalid`` for a month that is not over or is none, ``paper_was_sent``
    where paper is registered for that month.
    """
    first = paper.month_declared(declaration, today(context.now()))
    number = declaration.year * 100 + declaration.month
    registered = ledger.registrations_in(context.database, declaration.agency, number)
    if registered:
        raise refuse(
            "paper_was_sent",
            f"{registered} paper copies stand for {first:%Y-%m}.",
            f"Đã đăng ký {registered} bản giấy trong tháng {first:%m/%Y}.",
            where="month",
            registrations=registered,
        )
    earlier = ledger.declarations(context.database, declaration.agency, f"{first:%Y-%m}")
    # One that was withdrawn may be said again; who says it at the same time gets the same mark.
    time = len(earlier) if earlier and earlier[-1].stands else len(earlier) + 1
    mark, content = paper.declared(declaration, time)
    document = _document(context, declaration.agency, mark, content)
    said: dict[str, object] = {"by": declaration.by, "reason": "", "receiver": "", "sent_on": str(first)}
    entry = _entry("paper_none", document, said)
    new = NewPaper(document=document, entries=(entry,), by=declaration.by)
    tell = _tell(actor, {"none_sent_in": f"{first:%Y-%m}"})
    [found] = ledger.register(context.database, [new], tell)
    return found


def registrations(context: Context, agency: str, *, before: str = "", most: int = 100) -> list[Registered]:
    """What an agency registered and declared, the newest first; ``before``: what is older than that id."""
    return ledger.of_agency(context.database, agency, before=before, most=most)


def registration(context: Context, agency: str, mark: str) -> Registered:
    """One registration or declaration; raises ``Refused`` (``not_found``)."""
    found = ledger.find(context.database, agency, paper.one_line(mark))
    if found is None:
        raise _missing(mark, "id")
    return found
