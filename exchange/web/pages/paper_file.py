"""An agency's outgoing register as a file: shown line by line, then registered."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.core.paper_csv import BadFile
from exchange.core.refusal import refuse
from exchange.core.share import Reason
from exchange.desk import sending
from exchange.ids import new_id
from exchange.intake import digest_of
from exchange.ledger import drafts
from exchange.ledger.drafts import Draft
from exchange.paper_import import Taken, take
from exchange.web.pages.desk import actor_of, name_of
from exchange.web.pages.sending import reasons
from exchange.web.rendering import page
from exchange.web.texts import said
from exchange.web.visitor import Clerk, Visitor

router = APIRouter(prefix="/web/paper")

LINES_SHOWN = 500  # of a file
FILE_BYTES_MAX = 4_000_000
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/import")
def ask_file(visit: Clerk) -> Response:
    """The form for a file."""
    return page(visit, "paper_import.html", error="", causes=_causes(visit), done=visit.query.get("done", ""))


def _causes(visit: Visitor) -> list[tuple[str, str]]:
    return [
        ("", said("paper.reason_in_file", visit.language)),
        *((each.value, said(f"reason.{each.value}", visit.language)) for each in Reason),
    ]


@router.post("/import")
def take_file(
    visit: Clerk,
    context: InContext,
    reason: Text = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep the file, and show what it would do."""
    content = file.file.read(FILE_BYTES_MAX + 1) if file is not None else b""
    error = "" if content else said("paper.file_missing", visit.language)
    if len(content) > FILE_BYTES_MAX:
        error = said("paper.file_too_large", visit.language)
    if not error:
        try:
            list(_taken(visit, context, content, reason, dry_run=True))
        except BadFile as bad:
            error = str(bad)
    if error:
        return page(
            visit,
            "paper_import.html",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            error=error,
            causes=_causes(visit),
            done="",
        )
    draft = Draft(
        id=new_id(),
        agency=visit.agency,
        account=visit.person,
        created_at=context.now(),
        digest=digest_of(content),
        size=len(content),
        body=content,
    )
    sending.keep_draft(context, draft)
    query = f"?reason={quote(reason, safe='')}" if reason else ""
    return RedirectResponse(f"/web/paper/import/{draft.id}{query}", HTTPStatus.SEE_OTHER)


def _taken(visit: Visitor, context: Context, content: bytes, reason: str, *, dry_run: bool) -> list[Taken]:
    chosen = Reason(reason) if reason in {each.value for each in Reason} else None
    actor = actor_of(visit, context)
    found = take(context, visit.agency, content, by=visit.person, reason=chosen, dry_run=dry_run, actor=actor)
    return sorted(found, key=lambda each: each.line)


def _file(visit: Visitor, context: Context, draft: str) -> bytes:
    found = drafts.find(context.database, visit.agency, draft)
    if found is None or found.body is None:
        raise refuse("not_found", f"File {draft[:100]}", f"Tệp {draft[:100]}")
    return found.body


@router.get("/import/{draft}")
def show_file(visit: Clerk, context: InContext, draft: str) -> Response:
    """What the file would do, line by line; nothing is written."""
    reason = visit.query.get("reason", "")
    try:
        taken = _taken(visit, context, _file(visit, context, draft), reason, dry_run=True)
    except BadFile:  # it is another kind of draft
        raise refuse("not_found", f"File {draft[:100]}", f"Tệp {draft[:100]}") from None
    refused = [each for each in taken if each.refusals]
    fresh = sum(each.fresh for each in taken)
    shown = [*refused, *(each for each in taken if not each.refusals)][:LINES_SHOWN]
    return page(
        visit,
        "paper_import_draft.html",
        draft=draft,
        reason=reason,
        fresh=fresh,
        known=len(taken) - fresh - len(refused),
        refused=len(refused),
        cut=len(taken) > LINES_SHOWN,
        lines=[(each, name_of(context, each.receiver), reasons(visit, each.refusals)) for each in shown],
    )


@router.post("/import/{draft}")
def register_file(visit: Clerk, context: InContext, draft: str, reason: Text = "") -> Response:
    """Register every line that can be; the same file again registers nothing twice."""
    taken = _taken(visit, context, _file(visit, context, draft), reason, dry_run=False)
    fresh = sum(each.fresh for each in taken)
    drafts.discard(context.database, visit.agency, draft)
    return RedirectResponse(f"/web/paper/import?done={fresh}", HTTPStatus.SEE_OTHER)
