"""The container of a bundle: what its signature covers, what was changed, what it says nothing of."""

from cryptography import x509

from exchange.audit import receipts
from exchange.audit.anchors import Anchors
from exchange.audit.finding import Finding
from exchange.audit.words import finding, local, refusal, subject
from exchange.core import asic
from exchange.core.asic import ASIC_MANIFEST, SIGNATURES, Coverage
from exchange.core.container import Container
from exchange.core.refusal import Refused
from exchange.core.trust import fingerprint, is_valid_at, load_certificate


def check(container: Container, anchors: Anchors) -> list[Finding]:
    """Who packed the files, and whether they are still what was packed."""
    try:
        named = load_certificate(asic.named_certificate(container))
        coverage = asic.verify(container, named)
    except Refused as refused:
        return [refusal("container_signature_wrong", refused, SIGNATURES)]
    findings = [finding("file_changed", name) for name in coverage.changed]
    findings += [finding("file_missing", name) for name in coverage.missing]
    if not findings:
        findings.append(_whole(coverage, named, anchors))
    findings += [finding("file_not_covered", name) for name in coverage.uncovered]
    return findings if container.plain else [*findings, finding("packed_otherwise")]


def _whole(coverage: Coverage, named: x509.Certificate, anchors: Anchors) -> Finding:
    values = {"at": local(coverage.signed_at), "subject": subject(named)}
    if not is_valid_at(named, coverage.signed_at):
        return finding("container_certificate_validity", SIGNATURES, **values)
    return finding(
        "container_signature" if anchors.is_exchange(named) else "container_broker_unknown",
        SIGNATURES,
        count=len(coverage.covered),
        fingerprint=fingerprint(named),
        **values,
    ).shown_by(*_COMMANDS)


# To be run in a folder where the bundle was unpacked, as all that follow.
_COMMANDS = (
    *receipts.commands(SIGNATURES),
    f'grep -o \'URI="[^"]*"\\|DigestValue>[^<]*\' {ASIC_MANIFEST}',
    "openssl dgst -sha256 -binary document.edxml | base64    # and so each file in that list",
)
