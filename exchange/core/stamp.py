"""Stamp: a time-stamp of RFC 3161, checked offline: these bytes existed then, says that authority.

What is kept and checked is the authority's whole answer (RFC 3161 2.4.2, TimeStampResp in DER), as
``openssl ts -verify -in`` takes it. Whether the authority's certificate was revoked, ``core.path`` tells.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from rfc3161_client import (
    PKIStatus,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

TOKEN_BYTES_MAX = 65_536  # in the field: 2 to 8 KB
SHA256 = "2.16.840.1.101.3.4.2.1"

_REASON = re.compile(r'data: "Verify error: ?([^"]+)"')  # as OpenSSL says why it does not trust a chain
_PURPOSE = re.compile("unsuitable certificate purpose|EKU extension")


class Cause(StrEnum):
    """Why a time-stamp proves nothing."""

    MALFORMED = "malformed"
    NOT_GRANTED = "not_granted"
    DIGEST = "digest"
    NONCE = "nonce"
    SIGNATURE = "signature"
    PURPOSE = "purpose"
    CHAIN = "chain"


# Vietnamese, English.
TEXTS: Mapping[Cause, tuple[str, str]] = {
    Cause.MALFORMED: ("không phải dấu thời gian RFC 3161", "it is no time-stamp of RFC 3161"),
    Cause.NOT_GRANTED: ("tổ chức cấp dấu thời gian từ chối", "the authority did not grant it"),
    Cause.DIGEST: ("dấu thời gian của nội dung khác", "it is the time-stamp of something else"),
    Cause.NONCE: ("trả lời cho một yêu cầu khác", "it answers another request"),
    Cause.SIGNATURE: ("chữ ký của dấu thời gian sai", "its signature is wrong"),
    Cause.PURPOSE: (
        "chứng thư số ký không dùng để cấp dấu thời gian",
        "its certificate is not meant for time-stamping",
    ),
    Cause.CHAIN: (
        "chứng thư số ký không dẫn tới gốc được tin cậy tại thời điểm đó",
        "its certificate did not lead to a trusted root at that time",
    ),
}


class BadStamp(Exception):
    """The time-stamp proves nothing; ``reason_vi`` and ``reason_en`` say why."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        more = f" ({detail})" if detail else ""
        self.cause = cause
        self.reason_vi, self.reason_en = (text + more for text in TEXTS[cause])
        super().__init__(self.reason_en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """What a time-stamp says, all of it under the authority's signature."""

    at: datetime
    """UTC, in whole seconds: a fraction is left out."""
    authority: str
    """The subject of the authority's certificate (RFC 4514)."""
    policy: str
    """The OID of the policy under which the authority works."""
    serial: int
    certificate: x509.Certificate
    """The authority's, as the time-stamp carries it."""


def verify(
    digest: bytes, token: bytes, roots: Sequence[x509.Certificate], nonce: int | None = None
) -> Stamped:
    """What ``token`` says of the bytes with this SHA-256, if it leads to one of ``roots``.

    The chain is checked at the time of the stamp itself, so that it can be checked years later. ``roots``
    are self-signed; a CA below them may stand there too. Raises ``BadStamp``.
    """
    try:
        return _verified(_decoded(token), digest, roots, nonce)
    except BadStamp:
        raise
    # Whatever the parsers raise about somebody else's bytes.
    except Exception as error:
        raise BadStamp(Cause.MALFORMED, type(error).__name__) from None


def certificate_of(token: bytes) -> x509.Certificate:
    """The authority's certificate, as a token that was verified before carries it; raises ``BadStamp``."""
    return _signer(_decoded(token))


def _decoded(token: bytes) -> TimeStampResponse:
    """(1) It is DER of the right form, and was granted (RFC 3161 2.4.2)."""
    if len(token) > TOKEN_BYTES_MAX:
        raise BadStamp(Cause.MALFORMED, f"over {TOKEN_BYTES_MAX} bytes")
    response = decode_timestamp_response(token)
    if response.status != PKIStatus.GRANTED:
        raise BadStamp(Cause.NOT_GRANTED, "; ".join(response.status_string))
    return response


def _verified(
    response: TimeStampResponse, digest: bytes, roots: Sequence[x509.Certificate], nonce: int | None
) -> Stamped:
    info = response.tst_info
    # (2) of these bytes: the library compares the digest, and not what it was made with
    imprint = info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256 or imprint.message != digest:
        raise BadStamp(Cause.DIGEST, f"{imprint.message.hex()}, not {digest.hex()}")
    # (3) for this request
    if nonce is not None and info.nonce != nonce:
        raise BadStamp(Cause.NONCE)
    # (4) by one signer, whose certificate it carries
    certificate = _signer(response)
    # (5) signature, chain at the time of the stamp, purpose
    _check_signature(response, digest, roots)
    return Stamped(
        at=info.gen_time,
        authority=certificate.subject.rfc4514_string(),
        policy=info.policy.dotted_string,
        serial=info.serial_number,
        certificate=certificate,
    )


def _signer(response: TimeStampResponse) -> x509.Certificate:
    """The one certificate that the signer's identifier names.

    With two of one issuer and number, the one whose signature is checked need not be the one that is shown.
    """
    signers = list(response.signed_data.signer_infos)
    if len(signers) != 1:
        raise BadStamp(Cause.MALFORMED, f"{len(signers)} signers")
    certificates = [x509.load_der_x509_certificate(each) for each in response.signed_data.certificates]
    found = [
        each
        for each in certificates
        if each.issuer == signers[0].issuer and each.serial_number == signers[0].serial_number
    ]
    if len(found) != 1:
        raise BadStamp(Cause.CHAIN, f"it carries {len(found)} certificates of its signer")
    return found[0]


def _check_signature(response: TimeStampResponse, digest: bytes, roots: Sequence[x509.Certificate]) -> None:
    if not roots:
        raise BadStamp(Cause.CHAIN, "no root is trusted")
    try:
        VerifierBuilder(roots=list(dict.fromkeys(roots))).build().verify(response, digest)
    except VerificationError as error:
        text = str(error)
        reason = found[1] if (found := _REASON.search(text)) else ""
        if _PURPOSE.search(text):
            raise BadStamp(Cause.PURPOSE) from None
        raise BadStamp(Cause.CHAIN if reason else Cause.SIGNATURE, reason) from None
