"""``verify``: what kind of file it is, and what it proves."""

from datetime import UTC, datetime
from pathlib import Path

from exchange.audit import bundle, checkpoints, documents, ledger, proofs, receipts
from exchange.audit.anchors import Anchors
from exchange.audit.documents import Evidence
from exchange.audit.examining import examine
from exchange.audit.finding import Report
from exchange.audit.proofs import NotAProof
from exchange.audit.words import LIMITS, finding, unreadable
from exchange.core.parsing import parse
from exchange.core.receipt import NAMESPACE
from exchange.core.refusal import Refused

BYTES_MAX = 1_000_000_000


def verify(
    path: Path, anchors: Anchors, *, now: datetime | None = None, document: Path | None = None
) -> Report:
    """What the file or folder proves to somebody who trusts ``anchors``.

    ``document`` is the one that a receipt speaks of. ``now`` stands in for a time of signing where a document
    names none. Raises ``OSError`` if a file cannot be read at all.
    """
    if path.is_dir():
        return ledger.check(path, anchors)
    if path.stat().st_size > BYTES_MAX:
        return unreadable("too_large", limit=BYTES_MAX)
    content = path.read_bytes()
    moment = now or datetime.now(UTC)
    if content.startswith(b"PK"):
        return bundle.check(content, anchors, moment, examine)
    if content.lstrip()[:1] == b"{":
        return _proof(content, path.name, anchors)
    if "\n\n— ".encode() in content:
        return _checkpoint(content, path.name, anchors)
    original = None if document is None else (document.name, document.read_bytes())
    return _message(content, path.name, anchors, moment, original)


def _message(
    content: bytes, name: str, anchors: Anchors, now: datetime, original: tuple[str, bytes] | None
) -> Report:
    try:
        root = parse(content, LIMITS)
    except Refused as refused:
        detail = refused.refusals[0]
        return unreadable("unknown_kind", why_vi=detail.detail_vi, why=detail.detail)
    if root.tag == f"{{{NAMESPACE}}}Receipt":
        return _receipt(content, name, anchors, original)
    return _document(content, name, anchors, now)


def _receipt(content: bytes, name: str, anchors: Anchors, original: tuple[str, bytes] | None) -> Report:
    signed, findings = receipts.check(content, name, anchors)
    if signed is None:
        return Report(kind="receipt", findings=tuple(findings))
    receipt = signed.receipt
    if original is None:
        findings.append(finding("document_not_given", digest=receipt.subject.digest))
    else:
        findings += receipts.about_document({name: receipt}, original[1], original[0])
    findings += [receipts.limits_of(receipt), finding("own_clock")]
    return Report(kind="receipt", findings=tuple(findings), facts=receipts.facts(signed))


def _document(content: bytes, name: str, anchors: Anchors, now: datetime) -> Report:
    message, findings = documents.check(content, name, anchors, Evidence(), now)
    if message is None:
        return Report(kind="document", findings=tuple(findings))
    findings += documents.limits_of(message, name)
    return Report(kind="document", findings=tuple(findings), facts=documents.facts(message))


def _proof(content: bytes, name: str, anchors: Anchors) -> Report:
    try:
        proof = proofs.read(content)
    except NotAProof as error:
        return Report(kind="proof", findings=(finding("proof_form", name, why=error),), readable=False)
    signed, findings = checkpoints.check(proof.checkpoint, name, anchors)
    if signed is not None:
        findings += proofs.check(proof, name, signed.checkpoint)
    if not proof.canonical:
        findings.append(finding("written_otherwise", name))
    return Report(kind="proof", findings=tuple(findings), facts=proofs.facts(proof))


def _checkpoint(content: bytes, name: str, anchors: Anchors) -> Report:
    signed, findings = checkpoints.check(content.decode(errors="replace"), name, anchors)
    return Report(kind="checkpoint", findings=tuple(findings), readable=signed is not None)
