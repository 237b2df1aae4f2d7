"""The groups of receivers that an agency makes for itself."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.refusal import refuse
from exchange.desk import receivers
from exchange.desk.incoming import plain
from exchange.ids import new_id
from exchange.ledger import drafts
from exchange.ledger.acts import Act
from exchange.ledger.drafts import Group, NameTaken
from exchange.web.pages.desk import name_of
from exchange.web.rendering import page
from exchange.web.texts import said
from exchange.web.visitor import Clerk, Visitor

router = APIRouter(prefix="/web/groups")

NAME_MAX = 100
GROUPS_MAX = 100  # of one agency
Text = Annotated[str, Form(max_length=2_000)]


@router.get("")
def show(visit: Clerk, context: InContext) -> Response:
    """All groups, and the form for a new one."""
    return _page(visit, context, Group(id="", agency="", name="", members=(), changed_at=context.now()))


@router.get("/{group}")
def edit(visit: Clerk, context: InContext, group: str) -> Response:
    """One group to be changed."""
    return _page(visit, context, _own(context, visit.agency, group))


def _own(context: Context, agency: str, group: str) -> Group:
    for each in drafts.groups(context.database, agency):
        if each.id == group:
            return each
    raise refuse("not_found", f"Group {group[:100]}", f"Nhóm {group[:100]}")


def _page(visit: Visitor, context: Context, chosen: Group, errors: dict[str, str] | None = None) -> Response:
    day, directory = today(context.now()), context.registry.current.directory
    return page(
        visit,
        "groups.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        groups=[
            (each, [name_of(context, member) for member in each.members])
            for each in drafts.groups(context.database, visit.agency)
        ],
        chosen=chosen,
        agencies=[
            (each.code, each.as_of(day).name) for each in receivers.single(directory, visit.agency, day)
        ],
        errors=errors or {},
        done=visit.query.get("done", ""),
    )


@router.post("")
def save(
    visit: Clerk,
    context: InContext,
    group: Text = "",
    name: Text = "",
    to: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Keep a group, new or changed."""
    known = {each.code for each in receivers.single(
        context.registry.current.directory, visit.agency, today(context.now()))}  # fmt: skip
    made = Group(
        id=_own(context, visit.agency, group).id if group else new_id(),
        agency=visit.agency,
        name=plain(name)[:NAME_MAX],
        members=tuple(each for each in dict.fromkeys(to or ()) if each in known),
        changed_at=context.now(),
    )
    if not made.name or not made.members:
        key = "members" if made.name else "name"
        return _page(visit, context, made, {key: said(f"groups.missing.{key}", visit.language)})
    if not group and len(drafts.groups(context.database, visit.agency)) >= GROUPS_MAX:
        return _page(visit, context, made, {"name": said("groups.too_many", visit.language)})
    try:
        drafts.save_group(context.database, made, _act(visit, "group_changed", made))
    except NameTaken:
        return _page(visit, context, made, {"name": said("groups.taken", visit.language)})
    return RedirectResponse("/web/groups?done=saved", HTTPStatus.SEE_OTHER)


def _act(visit: Visitor, event: str, made: Group) -> Act:
    """Who writes to whom is decided here: it is entered with the receivers."""
    return Act(
        event=event,
        at=made.changed_at,
        person=visit.person,
        role=visit.role,
        agency=visit.agency,
        what={"group": made.id, "name": made.name, "members": list(made.members)},
    )


@router.post("/{group}/remove")
def remove(visit: Clerk, context: InContext, group: str) -> Response:
    """Remove a group; what was sent by it stays."""
    found = replace(_own(context, visit.agency, group), members=(), changed_at=context.now())
    drafts.remove_group(context.database, visit.agency, group, _act(visit, "group_removed", found))
    return RedirectResponse("/web/groups?done=removed", HTTPStatus.SEE_OTHER)
