"""Signing in by an identity provider."""

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.core.refusal import refuse
from exchange.ledger import people
from exchange.people import provider, sign_in
from exchange.people.provider import NotProven
from exchange.web.pages.sign_in import arrived, inside
from exchange.web.rendering import page
from exchange.web.visitor import Anybody, Visitor, address_of, cookie_name

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/web/oidc")

Text = Annotated[str, Query(max_length=4_000)]


@router.get("")
def leave(visit: Anybody, context: InContext, next: Text = "") -> Response:
    """To the provider."""
    _check_there_is_one(context)
    try:
        leaving = provider.leave(context, inside(next))
    except NotProven as error:
        log.error("provider_unusable", error=str(error))
        return page(visit, "oidc_refused.html", HTTPStatus.BAD_GATEWAY, reason="away")
    answer = RedirectResponse(leaving.address, HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        cookie_name(context, "oidc"),
        leaving.kept,
        max_age=provider.WAIT_SECONDS,
        path="/",
        secure=context.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return answer


def _check_there_is_one(context: Context) -> None:
    if not context.settings.oidc_issuer:
        raise refuse("no_such_address")


@router.get("/answer")
def arrive(visit: Anybody, request: Request, context: InContext) -> Response:
    """Back from the provider: in, if the account with this subject may."""
    _check_there_is_one(context)
    address = address_of(request, context)
    try:
        arrival = provider.arrive(
            context, request.cookies.get(cookie_name(context, "oidc"), ""), dict(request.query_params)
        )
    except NotProven as error:
        log.warning("provider_not_believed", error=str(error))
        sign_in.refuse(context, None, address, "provider")
        return _turned(visit, context, "not_proven")
    account = people.by_subject(context.database, arrival.subject)
    if account is None or account.disabled_at is not None:
        sign_in.refuse(context, account, address, "provider")
        return _turned(visit, context, "unknown")
    return _forgotten(
        arrived(context, sign_in.let_in(context, account, address, "provider"), inside(arrival.next)), context
    )


def _turned(visit: Visitor, context: Context, reason: str) -> Response:
    return _forgotten(page(visit, "oidc_refused.html", HTTPStatus.FORBIDDEN, reason=reason), context)


def _forgotten(answer: Response, context: Context) -> Response:
    """What the browser kept is of use once."""
    answer.delete_cookie(
        cookie_name(context, "oidc"),
        path="/",
        secure=context.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return answer
