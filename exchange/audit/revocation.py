"""Whether the signer's certificate was revoked, by the CRLs and OCSP answers that came along."""

from datetime import datetime

from cryptography import x509

from exchange.audit.anchors import Anchors
from exchange.audit.documents import Evidence
from exchange.audit.finding import Finding
from exchange.audit.words import finding


def check(
    certificate: x509.Certificate,
    about: str,
    anchors: Anchors,
    evidence: Evidence,
    *,
    at: datetime,
    seen_at: datetime | None,
) -> list[Finding]:
    """Where it stood at ``at``, the time of signing. ``seen_at``: when the exchange had the document.

    Without an answer, or without a CA that is trusted, it is not checked.
    """
    if not evidence.crls and not evidence.ocsps:
        return [finding("revocation_absent", about)]
    if not anchors.authorities:
        return [finding("revocation_unchecked", about, why_vi="chưa có CA tin cậy.", why="no CA was given.")]
    # Costs half a second.
    from exchange.core.path import Status, validate
    from exchange.core.standing import COMPROMISED

    found = validate(
        certificate,
        anchors=anchors.authorities,
        intermediates=evidence.intermediates,
        crls=evidence.crls,
        ocsps=evidence.ocsps,
        at=at,
    )
    reasons = {"why_vi": found.reason_vi, "why": found.reason_en}
    revoked_at = found.revoked_at
    # Whoever has the key writes whatever time of signing he likes.
    stolen = (
        revoked_at is not None and found.cause in COMPROMISED and (seen_at is None or revoked_at <= seen_at)
    )
    if found.status is Status.REVOKED or stolen:
        return [finding("revoked", about, **reasons)]
    if found.status is Status.GOOD:
        return [finding("revocation_good", about, **reasons).shown_by(*_commands(at))]
    if found.status is Status.INVALID:
        return []  # the signer's path was judged with the message
    if found.status is Status.NOT_CHECKED:
        return [finding("revocation_absent", about)]
    return [finding("revocation_unchecked", about, **reasons)]


def _commands(at: datetime) -> tuple[str, ...]:
    return (
        'for each in revocation/*.crl; do openssl crl -inform DER -in "$each" -out "$each.pem"; done',
        "cat revocation/*.pem > crls.pem",
        f"openssl verify -attime {int(at.timestamp())} -crl_check -CRLfile crls.pem -CAfile ca.pem "
        "signer.pem",
        "openssl ocsp -respin revocation/*.ocsp -issuer ca.pem -cert signer.pem -CAfile ca.pem -no_nonce",
    )
