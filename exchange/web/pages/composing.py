"""From a PDF to a document: the form, and the receivers by themselves, by kind and by the agency's groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core import letter as letters
from exchange.core.codes import DOCUMENT_TYPES, PRIORITIES, number_and_symbol
from exchange.core.edxml import BusinessType
from exchange.core.letter import Change, Letter
from exchange.core.refusal import Refused
from exchange.desk import composing, receivers, sending
from exchange.desk.incoming import plain
from exchange.desk.keys import key_of
from exchange.ledger import drafts, outgoing_reading
from exchange.ledger.reading import Dossier
from exchange.web.pages.desk import actor_of
from exchange.web.pages.incoming import day_of
from exchange.web.pages.outgoing import own_document
from exchange.web.pages.sending import reasons
from exchange.web.rendering import day as day_shown
from exchange.web.rendering import page
from exchange.web.texts import said
from exchange.web.visitor import Clerk, Visitor

router = APIRouter(prefix="/web/compose")

TYPES = tuple(dict.fromkeys(each.name for each in sorted(DOCUMENT_TYPES, key=lambda each: -each.group)))
FIRST = "Công văn"
CHANGES = {
    "revoke": BusinessType.REVOKE,
    "update": BusinessType.UPDATE,
    "replace": BusinessType.REPLACE,
}
COPIES_MAX = 999  # NĐ 30/2020, App. VI: three digits
Text = Annotated[str, Form(max_length=2_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was typed, to be shown again where something is wrong."""

    number: str = ""
    notation: str = ""
    on: str = ""
    type_name: str = FIRST
    subject: str = ""
    priority: str = "0"
    place: str = ""
    position: str = ""
    signer: str = ""
    copies: str = ""
    paper: str = ""
    change: str = ""
    earlier: str = ""
    reason: str = ""
    to: tuple[str, ...] = ()
    more: str = ""
    without: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[Mapping[str, str], ...] = ()


@router.get("")
def ask(visit: Clerk, context: InContext) -> Response:
    """The form; with ``change`` and ``earlier`` for a document that changes an earlier one."""
    change = visit.query.get("change", "")
    if change not in CHANGES:
        return _form(visit, context, Filled(on=today(context.now()).isoformat()))
    dossier = own_document(context, visit.agency, visit.query.get("earlier", ""))
    return _form(visit, context, _changing(context, change, dossier))


def _changing(context: Context, change: str, dossier: Dossier) -> Filled:
    """What is known already: to whom the earlier one went, and what it was."""
    row = dossier.document
    code = number_and_symbol(row["number"], row["notation"])
    revoking = change == "revoke"
    return Filled(
        on=today(context.now()).isoformat(),
        type_name=FIRST if revoking or row["type_name"] not in TYPES else row["type_name"],
        notation="" if revoking else row["notation"],
        subject=f"Thu hồi văn bản số {code} ngày {day_shown(row['promulgated_on'])}"
        if revoking
        else row["subject"],
        priority=str(row["priority"]),
        change=change,
        earlier=row["id"],
        to=tuple(each["receiver"] for each in outgoing_reading.newest(dossier.deliveries)),
    )


def _form(visit: Visitor, context: Context, filled: Filled, status: int = HTTPStatus.OK) -> Response:
    day, directory = today(context.now()), context.registry.current.directory
    own = directory.get(visit.agency)
    groups = drafts.groups(context.database, visit.agency)
    earlier = own_document(context, visit.agency, filled.earlier).document if filled.change else None
    return page(
        visit,
        "compose.html",
        status,
        filled=filled,
        earlier=earlier,
        earlier_code=number_and_symbol(earlier["number"], earlier["notation"]) if earlier else "",
        types=[(each, each) for each in TYPES],
        priorities=[(str(each), said(f"priority.{each}", visit.language)) for each in PRIORITIES],
        sets=[(each, _title(visit, each)) for each in receivers.sets(directory, visit.agency, groups, day)],
        agencies=[
            (each.code, each.as_of(day).name, bool(each.adapter))
            for each in receivers.single(directory, visit.agency, day)
        ],
        signs=own is not None and key_of(context, own, context.now()) is not None,
    )


def _title(visit: Visitor, choice: receivers.Choice) -> str:
    if choice.value.startswith(receivers.UNDER):
        return said("send.set.under", visit.language, name=choice.name)
    if choice.value.startswith(receivers.GROUP):
        return said("send.set.group", visit.language, name=choice.name)
    return said(f"send.set.{choice.value.partition(':')[2]}", visit.language)


@router.post("")
def take(
    visit: Clerk,
    context: InContext,
    number: Text = "",
    notation: Text = "",
    on: Text = "",
    type_name: Text = "",
    subject: Text = "",
    priority: Text = "0",
    place: Text = "",
    position: Text = "",
    signer: Text = "",
    copies: Text = "",
    paper: Text = "",
    change: Text = "",
    earlier: Text = "",
    reason: Text = "",
    more: Annotated[str, Form(max_length=20_000)] = "",
    without: Text = "",
    to: Annotated[list[str] | None, Form()] = None,
    files: Annotated[list[UploadFile] | None, File()] = None,
) -> Response:
    """Make the document of it, and go on to what would become of it."""
    filled = Filled(
        number=plain(number).lstrip("/"), notation=plain(notation).lstrip("/"), on=on,
        type_name=plain(type_name), subject=plain(subject), priority=priority, place=plain(place),
        position=plain(position), signer=plain(signer), copies=plain(copies), paper=paper,
        change=change if change in CHANGES else "", earlier=earlier, reason=plain(reason),
        to=tuple(to or ()), more=more, without=without,
    )  # fmt: skip
    attached = _files(files or [])
    letter, errors = _letter(visit, context, filled, attached)
    if letter is None:
        return _again(visit, context, filled, errors)
    own = context.registry.current.directory.get(visit.agency)
    assert own is not None
    now = context.now()
    try:
        content = composing.compose(letter, own, context.registry.current.directory, now)
        draft = sending.keep(context, visit.agency, content, actor_of(visit, context))
    except Refused as refused:
        return _again(visit, context, filled, {}, tuple(reasons(visit, refused.refusals)))
    return RedirectResponse(f"/web/send/{draft}", HTTPStatus.SEE_OTHER)


def _again(
    visit: Visitor,
    context: Context,
    filled: Filled,
    errors: Mapping[str, str],
    why: tuple[Mapping[str, str], ...] = (),
) -> Response:
    values = {name: getattr(filled, name) for name in Filled.__dataclass_fields__}
    shown = Filled(**{**values, "errors": errors, "reasons": why})
    return _form(visit, context, shown, HTTPStatus.UNPROCESSABLE_ENTITY)


def _files(uploaded: list[UploadFile]) -> tuple[letters.File, ...]:
    read = ((each.filename or "", each.file.read()) for each in uploaded)
    return tuple(letters.File(name=name, content=content) for name, content in read if content)


def _letter(
    visit: Visitor, context: Context, filled: Filled, files: tuple[letters.File, ...]
) -> tuple[Letter | None, dict[str, str]]:
    errors = _missing(visit, filled, files)
    day = day_of(filled.on)
    chosen, wrong = _receivers(visit, context, filled)
    errors |= wrong
    changed = _change(visit, context, filled)
    if errors or day is None:
        return None, errors
    letter = Letter(
        number=filled.number,
        notation=filled.notation,
        promulgated_on=day,
        type_name=filled.type_name,
        subject=filled.subject,
        priority=int(filled.priority) if filled.priority in tuple("01234") else 0,
        files=files,
        receivers=tuple(each.code for each in chosen),
        place=filled.place,
        signer_position=filled.position,
        signer_name=filled.signer,
        paper=bool(filled.paper),
        copies=int(filled.copies) if filled.copies else None,
        change=changed,
    )
    return letter, {}


def _change(visit: Visitor, context: Context, filled: Filled) -> Change | None:
    """Raises ``Refused`` for a document that the agency did not send."""
    if not filled.change:
        return None
    dossier = own_document(context, visit.agency, filled.earlier)
    return Change(
        kind=CHANGES[filled.change],
        document_id=dossier.document["document_id"],
        reason=filled.reason,
        receivers=tuple(each["receiver"] for each in outgoing_reading.newest(dossier.deliveries)),
    )


def _missing(visit: Visitor, filled: Filled, files: tuple[letters.File, ...]) -> dict[str, str]:
    wanted: Mapping[str, Any] = {
        "number": filled.number,
        "notation": filled.notation,
        "subject": filled.subject,
        "on": day_of(filled.on),
        "files": files,
        "copies": not filled.copies or _count(filled.copies),
        **({"reason": filled.reason} if filled.change else {}),
    }
    return {name: said(f"send.missing.{name}", visit.language) for name, value in wanted.items() if not value}


def _count(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:9]) <= COPIES_MAX


def _receivers(visit: Visitor, context: Context, filled: Filled) -> tuple[tuple[Any, ...], dict[str, str]]:
    day: date = today(context.now())
    groups = drafts.groups(context.database, visit.agency)
    values = [*filled.to, *filled.more.replace(",", "\n").replace(";", "\n").split()]
    chosen = receivers.choose(context.registry.current.directory, visit.agency, groups, values, day)
    if chosen.unknown:
        named = ", ".join(chosen.unknown[:10])
        return (), {"more": said("send.unknown", visit.language, codes=named)}
    left = [each for each in chosen.agencies if each.adapter] if filled.without else list(chosen.agencies)
    if chosen.not_connected and not filled.without:
        named = "; ".join(each.as_of(day).name for each in chosen.not_connected[:20])
        return (), {"without": said("send.not_connected", visit.language, names=named)}
    return tuple(left), {} if left else {"to": said("send.missing.to", visit.language)}
