"""Whether a certificate was revoked, by the CRLs and OCSP answers that came along."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from exchange.audit.anchors import Anchors
from exchange.audit.documents import Evidence
from exchange.audit.finding import Finding
from exchange.audit.words import finding


class Standing(StrEnum):
    """What is known of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    ABSENT = "absent"  # nothing that came along speaks of it
    UNCHECKED = "unchecked"
    NO_PATH = "no_path"  # to a CA that is trusted


def standing(
    certificate: x509.Certificate,
    anchors: Anchors,
    evidence: Evidence,
    *,
    at: datetime,
    seen_at: datetime | None,
) -> tuple[Standing, Mapping[str, str]]:
    """Where it stood at ``at``, the time of signing, and why. ``seen_at``: when somebody had what it signed.

    Without an answer, or without a CA that is trusted, it is not checked.
    """
    if not evidence.crls and not evidence.ocsps:
        return Standing.ABSENT, {}
    if not anchors.authorities:
        return Standing.UNCHECKED, {"why_vi": "chưa có CA tin cậy.", "why": "no CA was given."}
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
    revoked_at = found.revoked_at
    # Whoever has the key writes whatever time of signing he likes.
    stolen = (
        revoked_at is not None and found.cause in COMPROMISED and (seen_at is None or revoked_at <= seen_at)
    )
    known = {
        Status.GOOD: Standing.GOOD,
        Status.REVOKED: Standing.REVOKED,
        Status.INVALID: Standing.NO_PATH,
        Status.NOT_CHECKED: Standing.ABSENT,
    }
    result = Standing.REVOKED if stolen else known.get(found.status, Standing.UNCHECKED)
    return result, {"why_vi": found.reason_vi, "why": found.reason_en}


def check(
    certificate: x509.Certificate,
    about: str,
    anchors: Anchors,
    evidence: Evidence,
    *,
    at: datetime,
    seen_at: datetime | None,
) -> list[Finding]:
    """Where the certificate of a message's signer stood. ``seen_at``: when the exchange had the message."""
    found, reasons = standing(certificate, anchors, evidence, at=at, seen_at=seen_at)
    match found:
        case Standing.REVOKED:
            return [finding("revoked", about, **reasons)]
        case Standing.GOOD:
            return [finding("revocation_good", about, **reasons).shown_by(*commands(at, "signer.pem"))]
        case Standing.NO_PATH:
            return []  # the signer's path was judged with the message
        case Standing.ABSENT:
            return [finding("revocation_absent", about)]
    return [finding("revocation_unchecked", about, **reasons)]


def commands(at: datetime, certificate: str) -> tuple[str, ...]:
    """The same with openssl, of a certificate in this file."""
    return (
        'for each in revocation/*.crl; do openssl crl -inform DER -in "$each" -out "$each.pem"; done',
        "cat revocation/*.pem > crls.pem",
        f"openssl verify -attime {int(at.timestamp())} -crl_check -CRLfile crls.pem -CAfile ca.pem "
        f"{certificate}",
        f"openssl ocsp -respin revocation/*.ocsp -issuer ca.pem -cert {certificate} -CAfile ca.pem -no_nonce",
    )
