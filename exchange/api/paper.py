"""``/v1/paper``: what an agency sent on paper, registered by its own software."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, FailFast, Field

from exchange import paper
from exchange.api.dependencies import InContext, Reader, Submitter, Text
from exchange.core.paper import RECEIVERS_MAX, Declaration, Registration, Withdrawal
from exchange.core.share import Reason
from exchange.ledger.paper import Registered

router = APIRouter(prefix="/v1", tags=["paper"])

PAGE_MAX = 200


class Sheet(BaseModel):
    """A document that went on paper, to one or several receivers on one day."""

    model_config = ConfigDict(extra="forbid")
    id: Text
    number: Text
    notation: Text = ""
    promulgated_on: date
    sent_on: date
    receivers: Annotated[list[Text], FailFast()] = Field(min_length=1, max_length=RECEIVERS_MAX)
    reason: Reason
    subject: Text = ""
    type_name: Text = ""
    priority: Annotated[int, Field(strict=True, ge=0, le=4)] = 0
    remark: Text = ""
    replaces: Text = ""


class Why(BaseModel):
    """Why a registration is taken back."""

    model_config = ConfigDict(extra="forbid")
    why: Text


class Month(BaseModel):
    """A month in which nothing was sent on paper."""

    model_config = ConfigDict(extra="forbid")
    year: Annotated[int, Field(strict=True)]
    month: Annotated[int, Field(strict=True)]


class CopyView(BaseModel):
    """One receiver; ``exchange`` is what the ledger's leaf names."""

    exchange: str
    receiver: str
    withdrawn_at: datetime | None
    why: str


class RegisteredView(BaseModel):
    """A registration, or the declaration that none was sent; ``content`` is what ``digest`` is of."""

    id: str
    digest: str
    registered_at: datetime
    by: str
    stands: bool
    content: dict[str, Any]
    copies: list[CopyView]
    fresh: bool


class Page(BaseModel):
    """Registrations, the newest first; ``next`` is given as ``before`` for those that follow."""

    registrations: list[RegisteredView]
    next: str | None


Mark = Annotated[Text, Query(min_length=1)]


@router.post("/paper", status_code=201)
def register(
    request: Request, context: InContext, token: Submitter, sheet: Sheet, response: Response
) -> RegisteredView:
    """Register. The same again: 200 with the same registration; other content under its id: 409."""
    request.app.state.rate.check(token.agency)
    values = {**sheet.model_dump(), "receivers": tuple(sheet.receivers)}
    registration = Registration(agency=token.agency, by=_by(token.id), **values)
    return _answer(paper.register(context, registration), response)


@router.post("/paper/none", status_code=201)
def declare_none(
    request: Request, context: InContext, token: Submitter, month: Month, response: Response
) -> RegisteredView:
    """Say that nothing was sent on paper in a month that is over."""
    request.app.state.rate.check(token.agency)
    declaration = Declaration(agency=token.agency, year=month.year, month=month.month, by=_by(token.id))
    return _answer(paper.declare_none(context, declaration), response)


@router.post("/paper/withdrawal")
def withdraw(
    request: Request,
    context: InContext,
    token: Submitter,
    id: Mark,
    why: Why,
) -> RegisteredView:
    """Take a registration or declaration back: a new entry, the old ones stay on record."""
    request.app.state.rate.check(token.agency)
    withdrawal = Withdrawal(agency=token.agency, id=id, why=why.why, by=_by(token.id))
    return _view(paper.withdraw(context, withdrawal))


@router.get("/paper")
def list_(
    context: InContext,
    token: Reader,
    id: Text = "",
    before: Text = "",
    most: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
) -> Page:
    """The caller's own registrations; with ``id`` that one alone."""
    if id:
        return Page(registrations=[_view(paper.registration(context, token.agency, id))], next=None)
    found = paper.registrations(context, token.agency, before=before, most=most)
    following = found[-1].id if len(found) == most else None
    return Page(registrations=[_view(each) for each in found], next=following)


def _by(token: str) -> str:
    return f"token {token}"


def _answer(found: Registered, response: Response) -> RegisteredView:
    if not found.fresh:
        response.status_code = 200
    return _view(found)


def _view(found: Registered) -> RegisteredView:
    return RegisteredView(
        id=found.mark,
        digest=found.digest,
        registered_at=found.registered_at,
        by=found.by,
        stands=found.stands,
        content=dict(found.content),
        copies=[
            CopyView(
                exchange=copy.exchange,
                receiver=copy.receiver,
                withdrawn_at=copy.withdrawn_at,
                why=copy.why,
            )
            for copy in found.copies
        ],
        fresh=found.fresh,
    )
