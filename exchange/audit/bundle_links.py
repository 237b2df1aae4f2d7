"""What the parts of a bundle say of each other: entries and receipts, statuses and the document."""

import hashlib
from collections.abc import Mapping
from shlex import quote

from exchange.audit.documents import Message
from exchange.audit.finding import Finding, refuses
from exchange.audit.proofs import Proof
from exchange.audit.receipts import Signed
from exchange.audit.words import event, finding
from exchange.core import bundle as layout
from exchange.core.bundle import Contents, Role
from exchange.core.edxml import DocumentMessage, StatusMessage
from exchange.core.receipt import Receipt, ReceiptKind
from exchange.core.trust import fingerprint


def check(
    contents: Contents | None,
    proofs: Mapping[str, Proof],
    receipts: Mapping[str, Receipt],
    statuses: Mapping[str, Message],
    files: Mapping[str, bytes],
) -> list[Finding]:
    """Each entry and receipt speaks of this document or of a status here, each entry of the receipts here."""
    subjects = {receipt.subject.digest for receipt in receipts.values()}
    about = subjects if contents is None else {str(contents.document.get("digest"))}
    spoken = about | {status.digest for status in statuses.values()}
    findings = [
        finding("receipt_of_other_document", name)
        for name, receipt in receipts.items()
        if receipt.subject.digest not in about
    ]
    findings += _to_others(receipts)
    findings += [
        finding("entry_of_other_document", name)
        for name, proof in proofs.items()
        if spoken and proof.leaf.document not in spoken
    ]
    digests = {name: hashlib.sha256(files[name]).hexdigest() for name in (*receipts, *statuses)}
    entered = _entered(proofs)
    for name, receipt in receipts.items():
        keys = [(_event(receipt), delivery.id) for delivery in receipt.deliveries]
        if any(entered.get(key, digests[name]) != digests[name] for key in keys):
            findings.append(finding("receipt_not_entered", name))
    known = {*entered.values(), *(proof.leaf.document for proof in proofs.values())}
    findings += [finding("receipt_of_other_kind", name) for name in _misplaced(receipts)]
    proven = [name for name, digest in digests.items() if digest in known]
    if proofs and contents is not None and not contents.pending:
        findings += [finding("receipt_unentered", name) for name in digests if name not in proven]
    if proven and not refuses(findings):
        found = finding("files_in_ledger", layout.ENTRIES, names=", ".join(proven))
        findings.append(
            found.shown_by(*(f"sha256sum {quote(name)}    # stands in its entry" for name in proven))
        )
    return findings


def _to_others(receipts: Mapping[str, Receipt]) -> list[Finding]:
    """Receipts of ends for receivers that the acceptance does not name."""
    acceptance = receipts.get(layout.ACCEPTANCE)
    if acceptance is None:
        return []
    named = {each.receiver for each in acceptance.deliveries}
    others = {
        name: [each.receiver for each in receipt.deliveries if each.receiver not in named]
        for name, receipt in receipts.items()
    }
    return [
        finding("receipt_of_other_delivery", name, names=", ".join(receivers))
        for name, receivers in others.items()
        if receivers
    ]


def without_end(contents: Contents, receipts: Mapping[str, Receipt]) -> list[Finding]:
    """Deliveries that were accepted and of which nothing here says how they ended, or that they go on."""
    acceptance = receipts.get(layout.ACCEPTANCE)
    if acceptance is None:
        return []
    told = {each.receiver for each in contents.unended}
    told |= {
        each.receiver
        for receipt in receipts.values()
        if receipt.kind is not ReceiptKind.ACCEPTANCE
        for each in receipt.deliveries
    }
    return [
        finding("end_absent", layout.CONTENTS, receiver=each.receiver)
        for each in acceptance.deliveries
        if each.receiver not in told
    ]


def check_signers(signed: Signed, document: Message | None, about: str) -> list[Finding]:
    """The exchange's word counts as another's: it must not be signed by who signed the document."""
    signer = None if document is None else document.certificate
    if signer is None or fingerprint(signed.certificate) != fingerprint(signer):
        return []
    return [finding("receipt_by_signer", about)]


def check_status(message: Message, document: Message | None, about: str) -> list[Finding]:
    """A status message must speak of the document in the bundle."""
    status = message.message
    if document is None or not isinstance(document.message, DocumentMessage):
        return []
    if isinstance(status, StatusMessage) and status.response_for.document_id == document.message.document_id:
        return []
    return [finding("status_of_other_document", about)]


def missing(contents: Contents) -> list[Finding]:
    """What the bundle could not hold because it was not there yet."""
    findings = []
    for each in contents.pending:
        said_vi, said = event(each.event)
        values = {"said_vi": said_vi, "said": said, "at": each.at}
        findings.append(
            finding("entry_pending", layout.CONTENTS, seconds=contents.come_back_in_seconds, **values)
        )
    for delivery in contents.unended:
        findings.append(
            finding("delivery_unended", layout.CONTENTS, receiver=delivery.receiver, at=contents.made_at)
        )
    return findings


def absent(contents: Contents, proofs: Mapping[str, Proof], files: Mapping[str, bytes]) -> list[Finding]:
    """Receipts that the ledger entered and that are not here; a receiver does not get the acceptance."""
    digests = {hashlib.sha256(content).hexdigest() for content in files.values()}
    kinds = ("receipt",) if contents.role is Role.RECEIVER else ("receipt", "acceptance")
    about = {name: proof for name, proof in proofs.items() if proof.leaf.event != "reported"}
    named = [(name, proof.body.get(kind)) for name, proof in about.items() for kind in kinds]
    return [finding("receipt_absent", name) for name, digest in named if digest and digest not in digests]


def _misplaced(receipts: Mapping[str, Receipt]) -> list[str]:
    """An acceptance where an end should be, or an end in its place."""
    return [
        name
        for name, receipt in receipts.items()
        if (name == layout.ACCEPTANCE) != (receipt.kind is ReceiptKind.ACCEPTANCE)
    ]


def _entered(proofs: Mapping[str, Proof]) -> dict[tuple[str, str], str]:
    """By event and delivery: the digest of the receipt that was entered."""
    entered = {}
    for proof in proofs.values():
        receipt = proof.body.get("receipt") or proof.body.get("acceptance")
        if receipt:
            entered[proof.leaf.event, proof.leaf.exchange] = str(receipt)
    return entered


def _event(receipt: Receipt) -> str:
    return "accepted" if receipt.kind is ReceiptKind.ACCEPTANCE else receipt.kind.value
