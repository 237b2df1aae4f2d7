"""What the addresses share: the context, and the caller's token with the scope that is asked."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from pydantic import StringConstraints

from exchange.api.access import authenticate
from exchange.checks import acts_for
from exchange.context import Context
from exchange.core.refusal import Refused, refuse
from exchange.ledger import reading
from exchange.ledger.directory_store import Token

# A text from outside that is looked up or compared. No database can hold NUL in a text, and composing
# (NFC) takes time that grows with the square of a run of marks.
Text = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")]


def _context(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)
    return context


InContext = Annotated[Context, Depends(_context)]


def _with_scope(*scopes: str) -> Callable[[Request, Context], Token]:
    def dependency(request: Request, context: InContext) -> Token:
        return authenticate(context, request.headers.get("authorization", ""), *scopes)

    return dependency


Reader = Annotated[Token, Depends(_with_scope("read"))]
Fetcher = Annotated[Token, Depends(_with_scope("inbox"))]
Submitter = Annotated[Token, Depends(_with_scope("submit"))]
ReaderOrSubmitter = Annotated[Token, Depends(_with_scope("read", "submit"))]


def not_found(what: str) -> Refused:
    """There is no such thing, or it is not the caller's to see: the answer is the same."""
    return refuse(
        "not_found", f"{what} is not known to you.", f"Không tìm thấy {what} trong phạm vi của bạn."
    )


def standing(context: Context, token: Token) -> tuple[str, ...]:
    """The keys under which the caller's documents stand: its own, and those of closed ones it follows."""
    agency = context.registry.current.directory.get(token.agency)
    return (token.agency,) if agency is None else acts_for(context, agency, context.now())


def visible(context: Context, token: Token, document: str) -> str:
    """The key under which the caller stands at the document; raises ``Refused`` where it does not."""
    for key in standing(context, token):
        if reading.may_see(context.database, key, document):
            return key
    raise not_found(f"document {document}")
