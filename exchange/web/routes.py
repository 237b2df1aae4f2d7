"""All pages in one router. A new area's module goes into ``AREAS``."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from exchange.core.refusal import refuse
from exchange.web.navigation import entries_for
from exchange.web.pages import (
    account,
    accounts,
    acts,
    agencies,
    agency,
    composing,
    confirming,
    desk,
    document,
    documents,
    failures,
    groups,
    incoming,
    invitation,
    ledger,
    oidc,
    outgoing,
    overview,
    paper,
    paper_file,
    registers,
    reports,
    second_factor,
    sending,
    settings,
    sign_in,
)
from exchange.web.rendering import TYPES, YEAR_SECONDS, static_files
from exchange.web.visitor import Anybody, Person

AREAS = (
    sign_in,
    second_factor,
    oidc,
    invitation,
    overview,
    documents,
    document,
    desk,
    incoming,
    registers,
    sending,
    composing,
    groups,
    outgoing,
    agencies,
    agency,
    failures,
    reports,
    paper,
    paper_file,
    ledger,
    acts,
    accounts,
    confirming,
    settings,
    account,
)

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/web")
def root(visit: Anybody) -> Response:  # noqa: ARG001
    """To the pages."""
    return RedirectResponse("/web/", HTTPStatus.SEE_OTHER)


@router.get("/web/")
def home(visit: Person) -> Response:
    """To the first page that the person has."""
    return RedirectResponse(entries_for(visit.role)[0].path, HTTPStatus.SEE_OTHER)


@router.get("/web/static/{name}")
def static(visit: Anybody, name: str) -> Response:  # noqa: ARG001
    """A style or a script; kept for as long as its address stays."""
    content = static_files().get(name)
    if content is None:
        raise refuse("no_such_address")
    return Response(
        content,
        media_type=TYPES["." + name.rpartition(".")[2]],
        headers={"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"},
    )


for area in AREAS:
    router.include_router(area.router)
router.include_router(outgoing.books)
