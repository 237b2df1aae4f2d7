"""``POST /v1/preflight``: would this go through? Per receiver, all obstacles at once."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exchange.api.dependencies import InContext, Submitter
from exchange.api.problem import refusal_view
from exchange.context import Context
from exchange.core import edxml, parsing
from exchange.core.edxml import DocumentMessage
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.intake import check_not_secret, check_receivers
from exchange.ledger.directory_store import Token
from exchange.preflight import Preflight, preflight

router = APIRouter(prefix="/v1", tags=["preflight"])


class Question(BaseModel):
    """A document that is not made yet: its receivers, its size, the types of its attachments."""

    model_config = ConfigDict(strict=True, extra="forbid")
    receivers: list[str] = Field(min_length=1)
    bytes: int = Field(default=0, ge=0)
    attachment_types: list[str] = []


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


@router.post("/preflight")
async def ask(request: Request, context: InContext, token: Submitter) -> PreflightView:
    """Asked with JSON for a document to come, or with the edXML itself, signed or not."""
    content = await request.body()
    if "json" in request.headers.get("content-type", ""):
        return _by_question(context, token, content)
    return _by_document(context, token, content)


def _by_question(context: Context, token: Token, content: bytes) -> PreflightView:
    try:
        question = Question.model_validate_json(content)
    except ValidationError as error:
        raise Refused(
            *(
                Refusal(
                    code="request_invalid",
                    where=".".join(map(str, each["loc"])),
                    detail=each["msg"],
                    detail_vi="Giá trị không hợp lệ.",
                )
                for each in error.errors()
            )
        ) from None
    return _answer(context, token, question.receivers, question.bytes, question.attachment_types, [])


def _by_document(context: Context, token: Token, content: bytes) -> PreflightView:
    root = parsing.parse(content, context.limits)
    refusals = [
        Refusal(
            code="schema_violated",
            where=f"line {violation.line}: {violation.path}",
            detail=violation.message,
            detail_vi=violation.message_vi,
        )
        for violation in context.schema.check(root)
    ]
    message = edxml.read(root)
    if not isinstance(message, DocumentMessage):
        raise refuse("not_edxml", "Preflight takes documents.", "Chỉ kiểm tra trước văn bản.")
    refusals += _obstacles(lambda: check_not_secret(context, message))
    refusals += _obstacles(lambda: edxml.check_attachments(message, context.settings.attachments_max))
    receivers = [receiver.organ_id for receiver in message.receivers]
    types = [attachment.content_type for attachment in message.attachments]
    return _answer(context, token, receivers, len(content), types, refusals)


def _obstacles(check: Callable[[], None]) -> list[Refusal]:
    try:
        check()
    except Refused as refused:
        return list(refused.refusals)
    return []


def _answer(
    context: Context,
    token: Token,
    receivers: list[str],
    size: int,
    types: list[str],
    refusals: list[Refusal],
) -> PreflightView:
    sender = context.registry.current.directory.get(token.agency)
    if sender is None:
        raise refuse("sender_unknown", f"{token.agency} is not in the directory.", "", where="token")
    refusals = [*refusals, *_obstacles(lambda: check_receivers(context, len(receivers)))]
    found = preflight(context, sender, receivers, size=size, attachment_types=types, now=context.now())
    return _view(found, refusals)


def _view(found: Preflight, refusals: list[Refusal]) -> PreflightView:
    if found.too_large:
        refusals = [*refusals, Refusal(code="document_too_large", values={"limit": found.bytes_max})]
    if found.certificate_valid_to is None:
        refusals = [*refusals, Refusal(code="certificate_expired", where="directory")]
    return PreflightView(
        would_go=found.would_go and not refusals,
        sender=found.sender,
        certificate_valid_to=found.certificate_valid_to,
        bytes_max=found.bytes_max,
        refusals=[refusal_view(refusal) for refusal in refusals],
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
