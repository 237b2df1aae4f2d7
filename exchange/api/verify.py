"""``POST /v1/verify``: what do the signatures in these bytes prove? Nothing is kept."""

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from exchange.api.dependencies import InContext, ReaderOrSubmitter
from exchange.api.problem import refusal_view
from exchange.context import Context
from exchange.core.pdf_findings import DocumentFindings, PdfFindings, Sentence
from exchange.core.receipt import Receipt
from exchange.verification import Check, verify

router = APIRouter(prefix="/v1", tags=["verify"])


class ReceiptFound(BaseModel):
    """What a receipt of this exchange says."""

    id: str
    kind: str
    at: datetime
    sender: str
    document_id: str
    digest: str
    receivers: list[str]
    reason: str


class VerificationView(BaseModel):
    """What was found, in values and in sentences."""

    kind: str
    digest: str
    bytes: int
    at: datetime
    holds: bool
    text: list[Sentence]
    agency: str
    certificate: str
    pdf: PdfFindings | None
    attachments: DocumentFindings | None
    receipt: ReceiptFound | None
    checks: list[Check]
    refusals: list[dict[str, object]]


@router.post("/verify")
async def ask(request: Request, context: InContext, token: ReaderOrSubmitter) -> VerificationView:
    """The exact bytes of an edXML message, a PDF, a receipt or an evidence bundle of this exchange."""
    request.app.state.rate.check(token.agency)
    content = await request.body()
    return await run_in_threadpool(_verified, context, content)


def _verified(context: Context, content: bytes) -> VerificationView:
    found = verify(context, content, context.now())
    return VerificationView(
        refusals=[refusal_view(each) for each in found.refusals],
        receipt=None if found.receipt is None else _receipt(found.receipt),
        **{
            name: getattr(found, name)
            for name in (
                "kind", "digest", "bytes", "at", "holds", "text", "agency", "certificate", "pdf",
                "attachments", "checks",
            )
        },
    )  # fmt: skip


def _receipt(receipt: Receipt) -> ReceiptFound:
    return ReceiptFound(
        id=receipt.id,
        kind=receipt.kind.value,
        at=receipt.at,
        sender=receipt.subject.sender,
        document_id=receipt.subject.document_id,
        digest=receipt.subject.digest,
        receivers=[each.receiver for each in receipt.deliveries],
        reason=receipt.reason,
    )
