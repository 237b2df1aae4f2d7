"""Signatures on documents: who signed, whether it holds, and the tree that it covers.

This is the door to the modules beside it: ``parsing`` (bytes to tree), ``enveloped`` (the shape),
``verifiers`` (the port), ``trust`` (certificates), ``signing``. Nothing is acted on but the tree
that ``verify`` returns.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from lxml import etree

from exchange.core import enveloped, xades
from exchange.core.enveloped import Enveloped, Evidence
from exchange.core.parsing import ParseLimits, parse
from exchange.core.refusal import Refused, refuse
from exchange.core.signing import SigningKey, sign
from exchange.core.standing import Assurance, Mode, Verdict, judge
from exchange.core.trust import RegisteredCertificate, Trust, expired, fingerprint, is_valid_at, public_key
from exchange.core.verifiers import BergshamraVerifier, BothVerifier, SignxmlVerifier, Verifier, verifier

__all__ = [
    "BergshamraVerifier",
    "BothVerifier",
    "ParseLimits",
    "RegisteredCertificate",
    "Signed",
    "SigningKey",
    "SignxmlVerifier",
    "Trust",
    "Verifier",
    "check_signing_time",
    "parse",
    "sign",
    "verifier",
    "verify",
    "verify_own",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A document whose signature holds."""

    root: etree._Element  # exactly what the signature covers; its elements know their source lines
    certificate: RegisteredCertificate  # the signer's
    digest: str  # SHA-256 of the document's bytes, lower-case hex

    @property
    def source(self) -> etree._Element:
        """The tree that knows the lines of the document: the signed tree itself does."""
        return self.root


def verify(document: bytes, trust: Trust, now: datetime, verifier: Verifier, limits: ParseLimits) -> Signed:
    """Verify the enveloped signature of a document from outside.

    (1) Parse within limits. (2) Fix the shape: one signature over everything, allowed algorithms.
    (3) Find the registered certificate that KeyInfo names; (4) it must be valid now. (5) Ask the
    verifier, with the registered certificate. (6) Our own reading must agree, so that the tree which
    goes on is the one that was signed, whatever the verifier's parser saw.

    Refused with the codes of ``parsing.parse`` and ``enveloped.find``, and with
    ``certificate_unknown``, ``certificate_expired``, ``certificate_unsuitable`` (another kind of key
    than is registered), ``signature_invalid``, ``signature_disputed``.
    Whether the signer is the sender, and the time of signing (``check_signing_time``), are for the
    caller: only the message read from ``root`` says them.
    """
    root = parse(document, limits)
    signature = enveloped.find(root)
    registered = _registered(signature, trust)
    if not is_valid_at(registered.certificate, now):
        raise expired(registered.certificate, now)
    _check(document, signature, registered.certificate, verifier)
    return Signed(root=root, certificate=registered, digest=hashlib.sha256(document).hexdigest())


def verify_own(
    document: bytes,
    certificate: x509.Certificate,
    *,
    verifier: Verifier | None = None,
    limits: ParseLimits | None = None,
) -> etree._Element:
    """Verify what the holder of a known certificate signed (the broker's receipts); return the signed tree.

    As hardened as ``verify``; the signature stands under the root and names this certificate. It may be
    qualified (``xades``), as ours are, or plain, as ours were.
    A receipt stays proof after the certificate's end, so its validity is not asked. By default by
    signxml. Refused as in ``verify``.
    """
    root = parse(document, limits or ParseLimits())
    signature = xades.find(root).signature
    if not signature.under_root:
        raise refuse(
            "signature_wrapped", "The signature is not under the root.", "Chữ ký không nằm ngay dưới gốc."
        )
    if hashlib.sha256(signature.certificate_der).hexdigest() != fingerprint(certificate):
        raise refuse("certificate_unknown", where="KeyInfo", expected=fingerprint(certificate))
    _check(document, signature, certificate, verifier or SignxmlVerifier())
    return root


def check_signing_time(
    signed: Signed,
    signed_at: datetime | None,
    now: datetime,
    *,
    skew_seconds: float,
    age_days_max: float,
    verdict: Verdict | None = None,
    mode: Mode = "off",
) -> Assurance:
    """Check the time that the signer claims; a message that names none counts as signed now.

    Refused: ``signing_time_implausible`` (more than ``skew_seconds`` ahead of ``now``, or older
    than ``age_days_max``), ``certificate_not_valid_at_signing`` (outside the registration of the
    certificate, or outside its own validity), and as ``standing.judge`` does of what is known of the
    certificate's revocation, the ``verdict``. The claimed time is the signer's word.
    """
    claimed = signed_at or now
    if claimed - now > timedelta(seconds=skew_seconds) or now - claimed > timedelta(days=age_days_max):
        raise refuse(
            "signing_time_implausible",
            f"The document says it was signed at {claimed.isoformat()}; it is {now.isoformat()}.",
            f"Văn bản ghi thời điểm ký {claimed.isoformat()}; hiện tại là {now.isoformat()}.",
            "TraceHeader/Timestamp",
            signed_at=claimed.isoformat(),
            skew_seconds=skew_seconds,
            age_days_max=age_days_max,
        )
    if not signed.certificate.signs_at(claimed):
        raise _not_valid_at_signing(signed.certificate, claimed)
    return judge(verdict, mode, claimed, now)


def _not_valid_at_signing(registered: RegisteredCertificate, claimed: datetime) -> Refused:
    until = registered.valid_to.isoformat() if registered.valid_to else "open"
    return refuse(
        "certificate_not_valid_at_signing",
        f"Signed at {claimed.isoformat()}; registered for {registered.agency}"
        f" from {registered.valid_from.isoformat()} until {until}.",
        f"Ký lúc {claimed.isoformat()}; đăng ký cho {registered.agency}"
        f" từ {registered.valid_from.isoformat()} đến {until}.",
        "TraceHeader/Timestamp",
        signed_at=claimed.isoformat(),
        fingerprint=registered.fingerprint,
    )


def _registered(signature: Enveloped, trust: Trust) -> RegisteredCertificate:
    """The certificate that we registered; of the embedded one nothing but its digest is used."""
    named = hashlib.sha256(signature.certificate_der).hexdigest()
    registered = trust.find(named)
    if registered is None:
        raise refuse("certificate_unknown", where="KeyInfo", fingerprint=named)
    return registered


def _check(document: bytes, signature: Enveloped, certificate: x509.Certificate, verifier: Verifier) -> None:
    """Take the signature out of the tree if it holds, for the verifier and for our own reading."""
    evidence = enveloped.detach(signature, public_key(certificate))
    if not verifier.accepts(document, signature, certificate):
        raise _invalid(evidence)
    if not evidence.complete:
        raise refuse("signature_disputed", own_reading=False)


def _invalid(evidence: Evidence) -> Refused:
    """Say which half failed: people look for the fault in quite different places."""
    if not evidence.content_unchanged:
        return refuse(
            "signature_invalid",
            "The content is not the one that was signed.",
            "Nội dung khác với nội dung đã ký.",
            "DigestValue",
        )
    if not evidence.signed_by_key:
        return refuse(
            "signature_invalid",
            "The content is unchanged; the signature was not made with the key of this certificate.",
            "Nội dung nguyên vẹn; chữ ký không được tạo bằng khóa của chứng thư số này.",
            "SignatureValue",
        )
    return refuse("signature_disputed", own_reading=True)
