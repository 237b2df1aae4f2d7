"""Evidence bundles: everything that there is of one document, checked against itself and the anchors."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509

from exchange.audit import bundle_links, checkpoints, documents, pdfs, proofs, receipts, revocation, stamps
from exchange.audit.anchors import Anchors
from exchange.audit.container import check as check_container
from exchange.audit.documents import Evidence, Message
from exchange.audit.finding import Finding, Report, Status
from exchange.audit.pdfs import Examine
from exchange.audit.proofs import NotAProof, Proof
from exchange.audit.receipts import Signed
from exchange.audit.words import finding, unreadable
from exchange.core import asic, pdf_kept
from exchange.core import bundle as layout
from exchange.core.bundle import Contents
from exchange.core.container import Container, ContainerLimits, NotAContainer
from exchange.core.note import Checkpoint
from exchange.core.receipt import Receipt
from exchange.core.refusal import Refused
from exchange.core.trust import is_readable, named
from exchange.core.unsigned import NOT_SIGNED, Lack

EXPANDED_LEAST, EXPANDED_TIMES = 32_000_000, 20  # what a container may unpack to, by its size


@dataclass(slots=True, kw_only=True)
class Bundle:
    """What was read so far of a bundle, and what was found."""

    container: Container
    anchors: Anchors
    now: datetime
    examine: Examine | None
    findings: list[Finding] = field(default_factory=list)
    contents: Contents | None = None
    document: Message | None = None
    unsigned: Lack | None = None
    """Why the document proves no signer, where the exchange is to have said so when it took it."""
    receipts: dict[str, Signed] = field(default_factory=dict)
    statuses: dict[str, Message] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    """Of checkpoint.txt, whoever signed it."""
    _evidence: Evidence | None = None

    def file(self, name: str) -> bytes | None:
        """A file of the bundle; None if it is not there or damaged."""
        return self.container.files.get(name)

    def under(self, folder: str, ending: str = "") -> list[tuple[str, bytes]]:
        """The files in a folder, by name."""
        files = self.container.files.items()
        return sorted(each for each in files if each[0].startswith(folder) and each[0].endswith(ending))

    def spoken(self) -> dict[str, Receipt]:
        """What the receipts say, by file."""
        return {name: signed.receipt for name, signed in self.receipts.items()}

    def evidence(self) -> Evidence:
        """What came along to judge certificates with."""
        if self._evidence is None:
            self._evidence = self._read_evidence()
        return self._evidence

    def _read_evidence(self) -> Evidence:
        return Evidence(
            intermediates=tuple(_certificates(content for _, content in self.under(layout.CERTIFICATES))),
            crls=tuple(content for _, content in self.under(layout.REVOCATION, ".crl")),
            ocsps=tuple(content for _, content in self.under(layout.REVOCATION, ".ocsp")),
        )


def check(
    content: bytes,
    anchors: Anchors,
    now: datetime,
    examine: Examine | None = None,
    *,
    strangers: bool = True,
) -> Report:
    """Everything that the bundle proves, and what not. PDFs are looked into with ``examine`` alone.

    Without ``strangers`` a bundle is not looked into that nobody signed who is trusted: it can be made to
    cost minutes.
    """
    try:
        container = asic.read(content, _limits_for(content))
    except NotAContainer as error:
        return unreadable("container", why_vi=error.reason_vi, why=error.reason)
    except Refused as refused:
        detail = refused.refusals[0]
        return unreadable("container", why_vi=detail.detail_vi, why=detail.detail)
    bundle = Bundle(container=container, anchors=anchors, now=now, examine=examine)
    # (1) the container: nothing was changed since the exchange signed it
    bundle.findings += check_container(container, anchors)
    if not strangers and not any(each.code == "container_signature" for each in bundle.findings):
        return Report(kind="bundle", findings=(*bundle.findings, finding("bundle_of_stranger")))
    bundle.findings += _unknown(container)
    # (2) what it says of itself; (3) the document; (4) receipts; (5) what receivers said
    _contents(bundle)
    _document(bundle)
    _receipts(bundle)
    _statuses(bundle)
    # (6) the ledger: its checkpoint, the entries in it, and what entries and receipts say of each other
    _checkpoint(bundle)
    _entries(bundle)
    _unsigned(bundle)
    bundle.findings += bundle_links.check(
        bundle.contents, bundle.proofs, bundle.spoken(), bundle.statuses, container.files
    )
    # (7) when, by somebody else's clock; (8) whether the signer's certificate was revoked
    _stamps(bundle)
    _revocation(bundle)
    # (9) the signatures in attached PDFs
    _pdfs(bundle)
    # (10) what is not there
    bundle.findings += _limits(bundle)
    return Report(kind="bundle", findings=tuple(bundle.findings), facts=_facts(bundle))


def _limits_for(content: bytes) -> ContainerLimits:
    """Ours are not compressed; what others packed again unpacks to a few times as much."""
    limits = ContainerLimits()
    return replace(limits, bytes_max=min(limits.bytes_max, EXPANDED_LEAST + EXPANDED_TIMES * len(content)))


def _unknown(container: Container) -> list[Finding]:
    """Files that nobody looks at; without a word they would seem to be evidence, too."""
    names = [*container.files, *container.damaged]
    return [
        finding("file_unknown", name) for name in names if not layout.is_part(name) and name not in asic.OWN
    ]


def _contents(bundle: Bundle) -> None:
    content = bundle.file(layout.CONTENTS)
    try:
        bundle.contents = layout.decode(content or b"")
    except ValueError as error:
        bundle.findings.append(finding("part_unreadable", layout.CONTENTS, why=error))


def _document(bundle: Bundle) -> None:
    content = bundle.file(layout.DOCUMENT)
    if content is None:
        bundle.findings.append(finding("document_absent"))
        return
    bare = documents.unsigned(content)
    if bare is not None:
        bundle.document, bundle.unsigned = bare
        return
    bundle.document, findings = documents.check(
        content, layout.DOCUMENT, bundle.anchors, bundle.evidence(), bundle.now
    )
    bundle.findings += findings


def _unsigned(bundle: Bundle) -> None:
    """Whoever takes a signature off makes an unsigned document: it must be the exchange's word, too."""
    content, message, lack = bundle.file(layout.DOCUMENT), bundle.document, bundle.unsigned
    if content is None or message is None or lack is None:
        return
    warned = any(
        each.code == NOT_SIGNED
        for signed in bundle.receipts.values()
        if signed.receipt.subject.digest == message.digest
        for each in signed.receipt.warnings
    )
    entered = any(
        proof.leaf.event in ("accepted", "reported")
        and proof.leaf.document == message.digest
        and proof.body.get("signed") is False
        for proof in bundle.proofs.values()
    )
    # A receiver has the entry's word alone, and that a little later.
    awaited = bundle.contents is not None and bool(bundle.contents.pending)
    if warned or entered or awaited:
        bundle.findings.append(documents.unsigned_finding(message, lack, layout.DOCUMENT))
        return
    bundle.document = None
    _, findings = documents.check(content, layout.DOCUMENT, bundle.anchors, bundle.evidence(), bundle.now)
    bundle.findings += findings


def _receipts(bundle: Bundle) -> None:
    acceptance = bundle.file(layout.ACCEPTANCE)
    files = [] if acceptance is None else [(layout.ACCEPTANCE, acceptance)]
    for name, content in (*files, *bundle.under(layout.RECEIPTS)):
        signed, findings = receipts.check(content, name, bundle.anchors)
        bundle.findings += findings
        if signed is not None:
            bundle.receipts[name] = signed
            bundle.findings += bundle_links.check_signers(signed, bundle.document, name)
    document = bundle.file(layout.DOCUMENT)
    if document is not None:
        bundle.findings += receipts.about_document(bundle.spoken(), document, layout.DOCUMENT)


def _statuses(bundle: Bundle) -> None:
    for name, content in bundle.under(layout.STATUSES):
        message, findings = documents.check(content, name, bundle.anchors, bundle.evidence(), bundle.now)
        bundle.findings += findings
        if message is not None:
            bundle.statuses[name] = message
            bundle.findings += bundle_links.check_status(message, bundle.document, name)


def _checkpoint(bundle: Bundle) -> None:
    content = bundle.file(layout.CHECKPOINT)
    if content is None:
        return
    text = content.decode(errors="replace")
    signed, findings = checkpoints.check(text, layout.CHECKPOINT, bundle.anchors)
    bundle.findings += findings
    bundle.checkpoint = None if signed is None else signed.checkpoint


def _entries(bundle: Bundle) -> None:
    found: list[Finding] = []
    for name, content in bundle.under(layout.ENTRIES):
        try:
            proof = proofs.read(content)
        except NotAProof as error:
            found.append(finding("proof_form", name, why=error))
            continue
        if bundle.checkpoint is None or proof.checkpoint.encode() != bundle.file(layout.CHECKPOINT):
            found.append(finding("entry_of_other_checkpoint", name))
            continue
        bundle.proofs[name] = proof
        found += proofs.check(proof, name, bundle.checkpoint)
    bundle.findings += _together(found, bundle)


def _together(found: list[Finding], bundle: Bundle) -> list[Finding]:
    """One sentence for all entries that are proven; the others one by one."""
    proven = [each for each in found if each.status is Status.PROVEN]
    others = [each for each in found if each.status is not Status.PROVEN]
    if not proven or bundle.checkpoint is None:
        return others
    listed = [proofs.said(bundle.proofs[each.about]) for each in proven]
    together = finding(
        "entries_inclusion",
        layout.ENTRIES,
        origin=bundle.checkpoint.origin,
        said_vi="; ".join(vietnamese for vietnamese, _ in listed),
        said="; ".join(english for _, english in listed),
    )
    commands = (command for each in proven for command in (f"# {each.about}", *each.commands))
    return [together.shown_by(*commands), *others]


def _stamps(bundle: Bundle) -> None:
    for name, token in bundle.under(layout.STAMPS, ".tsr"):
        beside = bundle.file(name.removesuffix(".tsr") + ".json")
        try:
            stamp = stamps.read(token, beside or b"")
        except ValueError as error:
            bundle.findings.append(finding("part_unreadable", name, why=error))
            continue
        if bundle.checkpoint is not None:
            bundle.findings += stamps.check(stamp, name, bundle.checkpoint, bundle.anchors, bundle.evidence())


def _revocation(bundle: Bundle) -> None:
    acceptance = bundle.receipts.get(layout.ACCEPTANCE)
    messages = (
        bundle.statuses if bundle.document is None else {layout.DOCUMENT: bundle.document, **bundle.statuses}
    )
    for name, message in messages.items():
        if message.certificate is None:
            continue
        seen_at = None
        # Anybody can write an acceptance, of whatever time.
        if name == layout.DOCUMENT and acceptance is not None:
            trusted = bundle.anchors.is_exchange(acceptance.certificate)
            seen_at = acceptance.receipt.at if trusted else None
        bundle.findings += revocation.check(
            message.certificate,
            name,
            bundle.anchors,
            bundle.evidence(),
            at=message.signed_at or bundle.now,
            seen_at=seen_at,
        )


def _pdfs(bundle: Bundle) -> None:
    content, document = bundle.file(layout.FINDINGS), bundle.file(layout.DOCUMENT)
    if content is None:
        return
    try:
        kept = pdf_kept.read(content)
    except ValueError as error:
        bundle.findings.append(finding("part_unreadable", layout.FINDINGS, why=error))
        return
    bundle.findings += pdfs.entered(content, layout.FINDINGS, bundle.proofs.values())
    bundle.findings += pdfs.told(kept, layout.FINDINGS)
    if bundle.document is not None and document is not None:
        bundle.findings += pdfs.examined(
            kept,
            layout.FINDINGS,
            (bundle.document, document),
            bundle.anchors,
            bundle.evidence(),
            bundle.examine,
        )


def _limits(bundle: Bundle) -> list[Finding]:
    contents, findings = bundle.contents, []
    if contents is not None:
        findings += bundle_links.missing(contents)
        findings += bundle_links.without_end(contents, bundle.spoken())
        findings += bundle_links.absent(contents, bundle.proofs, bundle.container.files)
        digest = contents.document.get("digest")
        if bundle.document is not None and digest != bundle.document.digest:
            findings.append(finding("contents_of_other_document", layout.CONTENTS, digest=digest))
    kinds = {signed.receipt.kind: signed.receipt for signed in bundle.receipts.values()}
    findings += [receipts.limits_of(kinds[kind]) for kind in sorted(kinds)]
    if not bundle.under(layout.STAMPS):
        findings.append(finding("own_clock"))
    if not bundle.proofs and not (contents is not None and contents.pending):
        findings.append(finding("ledger_absent"))
    return findings


def _facts(bundle: Bundle) -> dict[str, object]:
    contents, document = bundle.contents, bundle.document
    return {
        "document": None if contents is None else dict(contents.document),
        "role": None if contents is None else contents.role.value,
        "made_at": None if contents is None else contents.made_at,
        "signer": None
        if document is None or document.certificate is None
        else named(document.certificate.subject),
        "receipts": [{"file": name, **receipts.facts(signed)} for name, signed in bundle.receipts.items()],
        "entries": [{"file": name, **proofs.facts(proof)} for name, proof in bundle.proofs.items()],
    }


def _certificates(contents: Iterable[bytes]) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for content in contents:
        try:
            found += filter(is_readable, x509.load_pem_x509_certificates(content))
        except (ValueError, x509.InvalidVersion):  # whatever it is, it vouches for nobody
            continue
    return found
