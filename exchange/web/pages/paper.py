"""What a clerk's agency sent on paper: registered, corrected, or said to be nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from exchange import paper
from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.codes import PRIORITIES, number_and_symbol
from exchange.core.paper import Declaration, Registration, Withdrawal
from exchange.core.refusal import Refused, refuse
from exchange.core.share import Reason
from exchange.desk import receivers
from exchange.desk.incoming import plain
from exchange.ids import new_id
from exchange.ledger.paper import Registered
from exchange.web.pages.composing import FIRST, TYPES
from exchange.web.pages.desk import actor_of, name_of
from exchange.web.pages.incoming import day_of
from exchange.web.pages.sending import reasons
from exchange.web.rendering import page
from exchange.web.texts import said
from exchange.web.visitor import Clerk, Visitor

router = APIRouter(prefix="/web/paper")

SHOWN = 50  # registrations of one page
Text = Annotated[str, Form(max_length=2_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What stands in the form."""

    mark: str
    replaces: str = ""
    number: str = ""
    notation: str = ""
    promulgated_on: str = ""
    sent_on: str = ""
    type_name: str = FIRST
    priority: str = "0"
    subject: str = ""
    reason: str = ""
    remark: str = ""
    to: tuple[str, ...] = ()
    more: str = ""


@router.get("")
def show(visit: Clerk, context: InContext) -> Response:
    """What was registered, and the form for more."""
    return _page(visit, context, _blank(visit, context))


def _blank(visit: Visitor, context: Context) -> Filled:
    """An empty form; for a correction, what stands."""
    day = today(context.now()).isoformat()
    corrected = visit.query.get("correct", "")
    if not corrected:
        return Filled(mark=new_id(), promulgated_on=day, sent_on=day)
    content: Mapping[str, Any] = paper.registration(context, visit.agency, corrected).content
    if "none_sent_in" in content:
        raise refuse("not_found", f"Registration {corrected[:100]}", f"Đăng ký {corrected[:100]}")
    return Filled(
        mark=new_id(),
        replaces=corrected,
        to=tuple(content["receivers"]),
        priority=str(content["priority"]),
        **{
            name: str(content[name])
            for name in (
                "number", "notation", "promulgated_on", "sent_on", "type_name", "subject", "reason", "remark",
            )
        },
    )  # fmt: skip


def _page(
    visit: Visitor,
    context: Context,
    filled: Filled,
    why: list[Mapping[str, str]] | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    day, directory = today(context.now()), context.registry.current.directory
    before = visit.query.get("before", "")
    found = paper.registrations(context, visit.agency, before=before, most=SHOWN + 1)
    return page(
        visit,
        "paper.html",
        status,
        filled=filled,
        why=why or [],
        lines=[_line(visit, context, each) for each in found[:SHOWN]],
        older=found[SHOWN - 1].id if len(found) > SHOWN else "",
        types=[(each, each) for each in TYPES],
        priorities=[(str(each), said(f"priority.{each}", visit.language)) for each in PRIORITIES],
        causes=[(each.value, said(f"reason.{each.value}", visit.language)) for each in Reason],
        agencies=[
            (each.code, each.as_of(day).name, bool(each.adapter))
            for each in receivers.single(directory, visit.agency, day)
        ],
        month=(day.replace(day=1) - timedelta(days=1)).strftime("%Y-%m"),
        done=visit.query.get("done", ""),
    )


def _line(visit: Visitor, context: Context, found: Registered) -> Mapping[str, Any]:
    content: Mapping[str, Any] = found.content
    none = "none_sent_in" in content
    reason = "" if none else said(f"reason.{content['reason']}", visit.language)
    return {
        "mark": found.mark,
        "none": content.get("none_sent_in", ""),
        "code": "" if none else number_and_symbol(content["number"], content["notation"]),
        "subject": content.get("subject", ""),
        "sent_on": None if none else day_of(content["sent_on"]),
        "receivers": "; ".join(name_of(context, each.receiver) for each in found.copies if each.receiver),
        "reason": reason,
        "stands": found.stands,
        "why": next((each.why for each in found.copies if each.why), ""),
        "at": found.registered_at,
    }


@router.post("")
def register(
    visit: Clerk,
    context: InContext,
    mark: Text = "",
    replaces: Text = "",
    number: Text = "",
    notation: Text = "",
    promulgated_on: Text = "",
    sent_on: Text = "",
    type_name: Text = "",
    priority: Text = "0",
    subject: Text = "",
    reason: Text = "",
    remark: Text = "",
    more: Annotated[str, Form(max_length=20_000)] = "",
    to: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Register it; the form sent twice registers once."""
    filled = Filled(
        mark=plain(mark) or new_id(), replaces=replaces, number=plain(number), notation=plain(notation),
        promulgated_on=promulgated_on, sent_on=sent_on, type_name=plain(type_name), priority=priority,
        subject=plain(subject), reason=reason, remark=plain(remark), to=tuple(to or ()), more=more,
    )  # fmt: skip
    try:
        paper.register(context, _registration(visit, filled), actor_of(visit, context))
    except Refused as refused:
        why = reasons(visit, refused.refusals)
        return _page(visit, context, filled, why, HTTPStatus.UNPROCESSABLE_ENTITY)
    return RedirectResponse("/web/paper?done=registered", HTTPStatus.SEE_OTHER)


def _registration(visit: Visitor, filled: Filled) -> Registration:
    """Raises ``Refused`` for what has not even the form of a day or a reason."""
    found: dict[str, date] = {}
    for name in ("promulgated_on", "sent_on"):
        day = day_of(getattr(filled, name))
        if day is None:
            raise refuse("paper_invalid", "It is no day.", "Không phải ngày.", where=name)
        found[name] = day
    if filled.reason not in {each.value for each in Reason}:
        raise refuse("paper_invalid", "Choose why it went on paper.", "Hãy chọn lý do.", where="reason")
    more = filled.more.replace(",", "\n").replace(";", "\n").split()
    return Registration(
        agency=visit.agency,
        id=filled.mark,
        replaces=filled.replaces,
        number=filled.number,
        notation=filled.notation.lstrip("/"),
        receivers=tuple(dict.fromkeys([*filled.to, *more])),
        reason=Reason(filled.reason),
        subject=filled.subject,
        type_name=filled.type_name,
        priority=int(filled.priority) if filled.priority in tuple("01234") else 0,
        remark=filled.remark,
        by=visit.person,
        **found,
    )


@router.post("/withdraw")
def withdraw(visit: Clerk, context: InContext, mark: Text = "", why: Text = "") -> Response:
    """Take a registration or a declaration back; it stays on record."""
    withdrawal = Withdrawal(agency=visit.agency, id=mark, why=plain(why), by=visit.person)
    paper.withdraw(context, withdrawal, actor_of(visit, context))
    return RedirectResponse("/web/paper?done=withdrawn", HTTPStatus.SEE_OTHER)


@router.post("/none")
def none(visit: Clerk, context: InContext, month: Text = "") -> Response:
    """Say that the agency sent nothing on paper in a month that is over."""
    first = day_of(f"{month}-01")
    try:
        if first is None:
            raise refuse("paper_invalid", "Write it as 2026-10.", "Ghi tháng dạng 2026-10.", where="month")
        declaration = Declaration(agency=visit.agency, year=first.year, month=first.month, by=visit.person)
        paper.declare_none(context, declaration, actor_of(visit, context))
    except Refused as refused:
        why = reasons(visit, refused.refusals)
        return _page(visit, context, _blank(visit, context), why, HTTPStatus.UNPROCESSABLE_ENTITY)
    return RedirectResponse("/web/paper?done=declared", HTTPStatus.SEE_OTHER)
