"""The files attached to a document, and what is found out about each."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from exchange.core import pdf_texts
from exchange.core.edxml_values import Attachment, DocumentMessage
from exchange.core.pdf_findings import (
    AttachmentFindings,
    Both,
    DocumentFindings,
    Names,
    PdfFindings,
    Sentence,
    best,
)
from exchange.core.refusal import Refused

EXPANDED_BYTES_MAX = 100_000_000  # out of the ZIP that some senders put around a file
HEADER_WITHIN = 1024  # ISO 32000-2, annex I: readers look for %PDF- so far

OPTION, REQUIRED = (
    "pdf_signatures",
    "required",
)  # of an agency that takes documents with both signatures alone

Examine = Callable[[bytes, datetime, Names], PdfFindings]


def required_by(options: Mapping[str, object]) -> bool:
    """Whether an agency with these options takes documents only with a person's and an organ's signature."""
    return options.get(OPTION) == REQUIRED


def is_pdf(content: bytes) -> bool:
    """Whether a file says that it is a PDF."""
    return b"%PDF-" in content[:HEADER_WITHIN]


def listed(message: DocumentMessage) -> tuple[AttachmentFindings, ...]:
    """The attachments of a document, before anything is known of them."""
    return tuple(
        _attachment(position, each, b"", None, pdf_texts.NOT_REACHED)
        for position, each in enumerate(message.attachments, 1)
    )


def examined(message: DocumentMessage, examine: Examine, at: datetime) -> Iterator[AttachmentFindings]:
    """What is found out about each attachment, one after the other; never raises."""
    names = Names(persons=_given(message.full_name), organs=_given(message.sender.organ_name))
    for position, each in enumerate(message.attachments, 1):
        try:
            content = each.content(EXPANDED_BYTES_MAX)
        except Refused as refused:
            first = refused.refusals[0]
            reason = Sentence(vi=first.detail_vi, en=first.detail)
            yield _attachment(position, each, b"", None, reason)
            continue
        if is_pdf(content):
            yield _attachment(position, each, content, examine(content, at, names))
        else:
            yield _attachment(position, each, content, None, pdf_texts.NOT_A_PDF)


def together(attachments: Sequence[AttachmentFindings], at: datetime) -> DocumentFindings:
    """The findings of a whole document, from those of its attachments."""
    both = best(each.pdf.both for each in attachments if each.pdf is not None)
    return DocumentFindings(
        at=at, both=both, attachments=tuple(attachments), text=pdf_texts.of_document(attachments, both)
    )


def unreadable(reason: Sentence) -> PdfFindings:
    """Of a file that could not be examined."""
    return PdfFindings(readable=False, both=Both.NO, text=(reason,))


def _attachment(
    position: int, attachment: Attachment, content: bytes, pdf: PdfFindings | None, *text: Sentence
) -> AttachmentFindings:
    return AttachmentFindings(
        position=position,
        content_id=attachment.content_id,
        name=attachment.name or attachment.content_id,
        bytes=len(content),
        digest=hashlib.sha256(content).hexdigest() if content else "",
        pdf=pdf,
        text=text,
    )


def _given(name: str) -> tuple[str, ...]:
    return (name,) if name else ()
