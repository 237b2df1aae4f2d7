"""``POST /v1/preflight``: would this go through? Per receiver, all obstacles at once."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from exchange.api.dependencies import InContext, Submitter, Text
from exchange.api.problem import invalid, refusal_view
from exchange.context import Context
from exchange.core.pdf_findings import DocumentFindings
from exchange.core.refusal import Refusal
from exchange.ledger.directory_store import Token
from exchange.preflight import Preflight, of_document, of_question

router = APIRouter(prefix="/v1", tags=["preflight"])

BYTES_MAX = 2**53  # JSON's numbers are exact up to here


class Question(BaseModel):
    """A document that is not made yet: its receivers, its size, the types of its attachments."""

    model_config = ConfigDict(strict=True, extra="forbid")
    receivers: Annotated[list[Text], FailFast()] = Field(min_length=1)
    bytes: int = Field(default=0, ge=0, le=BYTES_MAX)
    attachment_types: Annotated[list[Text], FailFast()] = Field(default=[], max_length=1000)


class ProspectView(BaseModel):
    """One receiver."""

    addressed_as: str
    receiver: str
    name: str
    would_go: bool
    forwarded: bool
    reachable_lately: bool | None
    last_contact: datetime | None
    failing_since: datetime | None
    refusals: list[dict[str, object]]


class PreflightView(BaseModel):
    """The whole answer."""

    would_go: bool
    sender: str
    certificate_valid_to: datetime | None
    bytes_max: int
    receivers: list[ProspectView]
    refusals: list[dict[str, object]] = []
    findings: DocumentFindings | None = None


@router.post("/preflight")
async def ask(request: Request, context: InContext, token: Submitter) -> PreflightView:
    """Asked with JSON for a document to come, or with the edXML itself, signed or not."""
    request.app.state.rate.check(token.agency)
    content = await request.body()
    answer = _by_question if "json" in request.headers.get("content-type", "") else _by_document
    # On a thread: planning for many receivers must not keep everybody else waiting.
    return await run_in_threadpool(answer, context, token, content)


def _by_question(context: Context, token: Token, content: bytes) -> PreflightView:
    try:
        question = Question.model_validate_json(content)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise invalid([{**each, "loc": ("body", *each["loc"])} for each in errors]) from None
    found = of_question(
        context,
        token,
        question.receivers,
        size=question.bytes,
        attachment_types=question.attachment_types,
        now=context.now(),
    )
    return _view(found)


def _by_document(context: Context, token: Token, content: bytes) -> PreflightView:
    return _view(of_document(context, token, content, context.now()))


def _view(found: Preflight) -> PreflightView:
    refusals = list(found.refusals)
    if found.too_large:
        refusals = [*refusals, Refusal(code="document_too_large", values={"limit": found.bytes_max})]
    if found.certificate_valid_to is None:
        refusals = [*refusals, Refusal(code="certificate_expired", where="directory")]
    return PreflightView(
        would_go=found.would_go,
        sender=found.sender,
        certificate_valid_to=found.certificate_valid_to,
        bytes_max=found.bytes_max,
        refusals=[refusal_view(refusal) for refusal in refusals],
        findings=found.findings,
        receivers=[
            ProspectView(
                addressed_as=each.addressed_as,
                receiver=each.receiver,
                name=each.name,
                would_go=each.would_go,
                forwarded=each.forwarded,
                reachable_lately=each.reachable_lately,
                last_contact=each.last_contact,
                failing_since=each.failing_since,
                refusals=[refusal_view(refusal) for refusal in each.refusals],
            )
            for each in found.prospects
        ],
    )
