"""Findings: what the signatures in attached PDFs are worth, looked at after the acceptance or at the door.

After it: every document, in the background, once, as of its acceptance. At the door: where a receiver
asks for it, whose documents are refused without them; and, if the site wants it, for all small documents,
whose acceptance then tells.
"""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Event
from time import monotonic

import structlog

from exchange.context import Context
from exchange.core import routing
from exchange.core.edxml import BusinessType, DocumentMessage
from exchange.core.pdf_document import required_by
from exchange.core.pdf_findings import AttachmentFindings, Both, DocumentFindings
from exchange.core.pdf_texts import notice, sentences
from exchange.core.receipt import Notice
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.ledger import findings
from exchange.ledger.findings import LATE, Pending
from exchange.payloads import Missing
from exchange.pdfs import Busy

log = structlog.get_logger(__name__)

BATCH = 100  # documents whose findings share a commit
BATCH_SECONDS = 2.0  # after which those that are done are committed
AHEAD = 400  # looked at: of these, several processes take different ones
SOON = timedelta(seconds=30)  # looked back, when all that was there is done
LOOK_BACK_SECONDS = 60.0  # between looks for what came late
RETRY_SECONDS = 10


class Findings:
    """Examines accepted documents. Several at once do no harm: what one found first stays."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = Event()
        self._look_back_at = 0.0
        self._unread: set[str] = set()  # documents whose bytes are gone

    def stop(self) -> None:
        """Begin no further document."""
        self._stop.set()

    def round(self) -> int:
        """Examine what waits; how many documents."""
        count = 0
        while self._context.settings.pdf_findings and not self._stop.is_set():
            waiting = self._waiting()
            chosen = random.sample(waiting, min(BATCH, len(waiting)))
            found = self._examine(chosen)
            findings.record(self._context.database, found, self._context.now())
            count += len(found)
            if not found:
                break
        return count

    def _waiting(self) -> list[Pending]:
        far = monotonic() >= self._look_back_at
        waiting = findings.pending(self._context.database, AHEAD, LATE if far else SOON)
        if far and not waiting:
            self._look_back_at = monotonic() + LOOK_BACK_SECONDS
        return [each for each in waiting if each.document not in self._unread]

    def _examine(self, waiting: Iterable[Pending]) -> dict[str, DocumentFindings]:
        found: dict[str, DocumentFindings] = {}
        until = monotonic() + BATCH_SECONDS
        for each in waiting:
            if self._stop.is_set() or (found and monotonic() > until):
                break
            try:
                content = self._context.payloads.read(each.digest)
                found[each.document] = self._context.pdfs.of_document(content, each.accepted_at)
            except Missing as error:
                self._unread.add(each.document)  # the others are not kept waiting
                log.error("not_examined", document=each.document, error=str(error))
            except Busy:
                break  # another time
        return found


# --- at the door ---


def may_take_long(context: Context) -> bool:
    """Whether some documents are examined before they are accepted."""
    return context.settings.findings_at_intake_bytes_max > 0 or context.registry.current.pdfs_required


def at_the_door(
    context: Context, content: bytes, message: DocumentMessage, plan: routing.Plan, now: datetime
) -> tuple[Notice, ...]:
    """What is found out about a document before it is accepted, if that is wanted of it.

    Refused: ``pdf_signature_missing``, ``pdf_signature_invalid`` (see ``judge``), ``broker_busy``.
    """
    told = len(content) <= context.settings.findings_at_intake_bytes_max
    if not told and not _asking(message, plan):
        return ()
    try:
        found = context.pdfs.of_document(content, now)
    except Busy:
        raise refuse(
            "broker_busy",
            "The attached PDFs could not be examined now.",
            "Tạm thời chưa kiểm tra được các PDF đính kèm.",
            retry_after_seconds=RETRY_SECONDS,
        ) from None
    judge(found, message, plan)
    return _notices(found) if told else ()


def look(context: Context, content: bytes, now: datetime) -> DocumentFindings | None:
    """What is found out about a document that is only asked about; None if that cannot be done now."""
    try:
        return context.pdfs.of_document(content, now)
    except Busy:
        return None


def judge(found: DocumentFindings, message: DocumentMessage, plan: routing.Plan) -> None:
    """Raise ``Refused`` where a receiver asks for PDFs with both signatures, and these have them not.

    One of the PDFs must bear both, and nothing may be wrong with any. A revocation may go without any.
    """
    asking = _asking(message, plan)
    if not asking:
        return
    missing = [] if found.both is Both.YES else [_missing(found, asking)]
    wrong = [_invalid(each, asking) for each in found.attachments if each.pdf is not None and each.pdf.wrong]
    if missing or wrong:
        raise Refused(*missing, *wrong)


def _asking(message: DocumentMessage, plan: routing.Plan) -> list[str]:
    """The receivers that ask for it, as the sender addressed them."""
    if message.business.doc_type is BusinessType.REVOKE and not message.attachments:
        return []
    return [route.addressed_as for route in plan.routes if required_by(route.receiver.options)]


def _missing(found: DocumentFindings, asking: list[str]) -> Refusal:
    names = ", ".join(asking)
    return Refusal(
        code="pdf_signature_missing",
        where="AttachmentEncoded",
        detail=f"{names}: {' '.join(each.en for each in found.text)}",
        detail_vi=f"{names}: {' '.join(each.vi for each in found.text)}",
        values={"receivers": asking},
    )


def _invalid(attachment: AttachmentFindings, asking: list[str]) -> Refusal:
    told = tuple(sentences(attachment))
    return Refusal(
        code="pdf_signature_invalid",
        where=f"AttachmentEncoded/Attachment[{attachment.position}]",
        detail=f"{attachment.name}: {' '.join(each.en for each in told)}",
        detail_vi=f"{attachment.name}: {' '.join(each.vi for each in told)}",
        values={"receivers": asking, "attachment": attachment.name},
    )


def _notices(found: DocumentFindings) -> tuple[Notice, ...]:
    return tuple(
        Notice(code="pdf_signatures", text=notice(each)) for each in found.attachments if each.pdf is not None
    )
