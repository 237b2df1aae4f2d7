"""Signatures in attached PDFs: what the exchange found, whether the ledger has it, and what is found anew."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from exchange.audit.anchors import Anchors
from exchange.audit.documents import Evidence, Message
from exchange.audit.examining import NotExamined
from exchange.audit.finding import Finding
from exchange.audit.proofs import Proof
from exchange.audit.words import finding, local
from exchange.core.edxml import DocumentMessage
from exchange.core.pdf_findings import Evidence as PdfEvidence
from exchange.core.pdf_findings import Sentence
from exchange.core.pdf_kept import Kept, KeptFile, KeptSignature

# Examines the PDFs of a document, in bytes, by this evidence, as of a moment; raises ``NotExamined``.
Examine = Callable[[bytes, PdfEvidence, datetime], Kept]


def entered(content: bytes, about: str, proofs: Iterable[Proof]) -> list[Finding]:
    """Whether the ledger's entry commits to these findings."""
    digests = {proof.body.get("findings") for proof in proofs if proof.leaf.event == "examined"} - {None}
    if not digests:
        return [finding("findings_unentered", about)]
    if digests != {hashlib.sha256(content).hexdigest()}:
        return [finding("findings_not_entered", about)]
    return [finding("findings_entered", about).shown_by(f"sha256sum {about}    # stands in its entry")]


def told(kept: Kept, about: str) -> list[Finding]:
    """What the exchange found of each file."""
    return [
        finding("pdf_told", about, name=each.name, at=local(kept.at), **_said(each.sentences()))
        for each in kept.files
    ]


def examined(
    kept: Kept,
    about: str,
    document: tuple[Message, bytes],
    anchors: Anchors,
    evidence: Evidence,
    examine: Examine | None,
) -> list[Finding]:
    """What is found anew, by the auditor's own CAs, in the files of the document itself."""
    message, content = document
    if not isinstance(message.message, DocumentMessage) or not message.message.attachments:
        return []
    if examine is None:
        return [finding("pdf_unchecked", about, why_vi="không làm ở đây", why="that is not done here")]
    if not anchors.authorities:
        return [finding("pdf_unchecked", about, why_vi="chưa có CA tin cậy", why="no CA was given")]
    given = PdfEvidence(
        anchors=tuple(each.public_bytes(Encoding.DER) for each in anchors.authorities),
        crls=evidence.crls,
        ocsps=evidence.ocsps,
    )
    try:
        own = examine(content, given, kept.at)
    except NotExamined as error:
        return [finding("pdf_unchecked", about, why_vi=error.reason_vi, why=error.reason_en)]
    differing = _differing(kept.files, own.files)
    if differing:
        return [finding("findings_differ", about, names=", ".join(differing))]
    return [_signature(file, each) for file in own.files for each in file.signatures]


def _differing(kept: Sequence[KeptFile], own: Sequence[KeptFile]) -> list[str]:
    """The files of which something else was said than is in them. Trust is left out: it is each one's own."""
    if [each.position for each in kept] != [each.position for each in own]:
        return [", ".join(each.name for each in (*kept, *own)) or "—"]
    return [
        before.name
        for before, after in zip(kept, own, strict=True)
        if before.digest not in ("", after.digest)
        or (before.readable and _facts(before.signatures) != _facts(after.signatures))
    ]


def _facts(signatures: Iterable[KeptSignature]) -> list[tuple[str, ...]]:
    return [(each.field, each.fingerprint, each.integrity, each.coverage) for each in signatures]


def _signature(file: KeptFile, signature: KeptSignature) -> Finding:
    code = "pdf_signature" if signature.holds else "pdf_signature_fails"
    found = finding(code, file.name, field=signature.field, **_said(signature.text))
    return found.shown_by(*_commands(file.position))


def _commands(position: int) -> tuple[str, ...]:
    """Of each element grep finds the begin and the end; some senders put a ZIP around each file."""
    file = f"attachment-{position}.pdf"
    return (
        "tr -d '\\r\\n' < document.edxml | grep -o 'ContentTransferEncoded>[^<]*' "
        f"| sed -n {2 * position - 1}p | cut -d'>' -f2 | base64 -d > {file}",
        f"if unzip -tq {file} > {file}.log 2>&1; then unzip -p {file} > inside && mv inside {file}; fi",
        f"pdfsig -nocert {file}",
    )


def _said(sentences: Iterable[Sentence]) -> dict[str, str]:
    listed = list(sentences)
    return {"said_vi": " ".join(each.vi for each in listed), "said": " ".join(each.en for each in listed)}
