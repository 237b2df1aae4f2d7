"""The CMS inside a PDF (RFC 5652, PAdES): the value of a signature, and the time-stamps (RFC 3161).

Whether a certificate is trusted is for ``exchange.core.path``; here it only has to fit the value.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core, keys, tsp
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    extract_tst_data_iter,
    validate_sig_integrity,
)

from exchange.core.algorithms import HASHES, key_weakness, weakness
from exchange.core.path import Answers, Paths
from exchange.core.pdf_findings import Integrity, Sentence, Stamp
from exchange.core.receipt import instant
from exchange.core.standing import Status
from exchange.core.trust import is_valid_at

Digest = Callable[[str], bytes]  # of what is signed, by the name of the hash

HASH_OF: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a signature's value proves, and the certificates that it carries."""

    integrity: Integrity
    certificate: x509.Certificate | None = None
    others: tuple[x509.Certificate, ...] = ()


def check_detached(signed: cms.SignedData, digest: Digest) -> Value:
    """As ``check_value``, of a signature that must not bring its content along (ISO 32000-2, 12.8.3.3)."""
    if signed["encap_content_info"]["content"] is not core.VOID:
        return Value(integrity=Integrity.UNREADABLE)
    return check_value(signed, digest)


def check_value(signed: cms.SignedData, digest: Digest) -> Value:
    """Whether the value is over these bytes and by the key of its certificate; never raises."""
    try:
        return _check_value(signed, digest)
    # Whatever the parsers raise about somebody else's bytes.
    except Exception:
        return Value(integrity=Integrity.UNREADABLE)


def _check_value(signed: cms.SignedData, digest: Digest) -> Value:
    if len(signed["signer_infos"]) != 1:
        return Value(integrity=Integrity.UNREADABLE)
    info = extract_signer_info(signed)
    # (1) the certificate that the signed attributes name (RFC 5035), where they name one
    found = extract_certs_for_validation(signed)
    certificate, others = _load(found.signer_cert), tuple(map(_load, found.other_certs))
    hash_name: str = info["digest_algorithm"]["algorithm"].native
    # (2) with algorithms and a key that prove something
    if _weak(hash_name, info["signature_algorithm"], found.signer_cert.public_key):
        return Value(integrity=Integrity.WEAK, certificate=certificate, others=others)
    # (3) the bytes, and (4) the value
    intact, valid = validate_sig_integrity(
        info,
        found.signer_cert,
        expected_content_type=signed["encap_content_info"]["content_type"].native,
        actual_digest=digest(hash_name),
    )
    integrity = Integrity.FORGED if not valid else Integrity.INTACT if intact else Integrity.ALTERED
    return Value(integrity=integrity, certificate=certificate, others=others)


def _load(certificate: Any) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate.dump())


def _weak(hash_name: str, algorithm: algos.SignedDigestAlgorithm, key: keys.PublicKeyInfo) -> bool:
    if hash_name not in HASHES:
        return True
    # Here plain RSA names no hash: it is the digest's own (RFC 3370 3.2).
    if algorithm["algorithm"].native == "rsassa_pkcs1v15":
        return key.algorithm != "rsa" or bool(key_weakness(key))
    return bool(weakness(algorithm, key))


def revocation_inside(signed: cms.SignedData) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """CRLs and OCSP answers among the signed attributes (ISO 32000-2, 12.8.3.3.2), DER."""
    for attribute in signed["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native == "adobe_revocation_info_archival":
            archival = attribute["values"][0]
            return _all(archival["crl"]), _all(archival["ocsp"])
    return (), ()


def _all(several: Any) -> tuple[bytes, ...]:
    return () if isinstance(several, core.Void) else tuple(each.dump() for each in several)


def stamps_on(signed: cms.SignedData) -> Iterator[cms.SignedData]:
    """The time-stamps over the value of a signature."""
    return extract_tst_data_iter(signed["signer_infos"][0], signed=False)


def value_digest(signed: cms.SignedData) -> Digest:
    """Of the value of a signature: what its time-stamps are over."""
    value: bytes = signed["signer_infos"][0]["signature"].native
    return lambda hash_name: _hash(value, hash_name)


def _hash(content: bytes, hash_name: str) -> bytes:
    digest = hashes.Hash(HASH_OF[hash_name])
    digest.update(content)
    return digest.finalize()


def check_stamp(
    token: cms.SignedData, imprint: Digest, paths: Paths, answers: Answers, at: datetime
) -> Stamp | None:
    """What a time-stamp over ``imprint`` says, and whether it holds at ``at``; None: it cannot be read."""
    try:
        return _check_stamp(token, imprint, paths, answers, at)
    # As in ``check_value``.
    except Exception:
        return None


def _check_stamp(
    token: cms.SignedData, imprint: Digest, paths: Paths, answers: Answers, at: datetime
) -> Stamp | None:
    inside = token["encap_content_info"]
    info = inside["content"].parsed
    if inside["content_type"].native != "tst_info" or not isinstance(info, tsp.TSTInfo):
        return None
    stamped_at: datetime = info["gen_time"].native
    content = bytes(inside["content"])
    value = check_value(token, lambda hash_name: _hash(content, hash_name))
    problem = (
        _wrong_imprint(info, imprint)
        or _wrong_value(value)
        or _wrong_authority(value, paths, answers, stamped_at, at)
    )
    authority = "" if value.certificate is None else value.certificate.subject.rfc4514_string()
    reason = problem or Sentence(
        vi=f"Dấu thời gian do {authority} cấp lúc {instant(stamped_at)}.",
        en=f"Time-stamped by {authority} at {instant(stamped_at)}.",
    )
    return Stamp(at=stamped_at, authority=authority, holds=problem is None, reason=reason)


def _wrong_imprint(info: tsp.TSTInfo, imprint: Digest) -> Sentence | None:
    hash_name: str = info["message_imprint"]["hash_algorithm"]["algorithm"].native
    if hash_name not in HASHES:
        return Sentence(
            vi=f"Dấu thời gian dùng thuật toán {hash_name} không được phép.",
            en=f"The time-stamp uses {hash_name}, which is not allowed.",
        )
    if info["message_imprint"]["hashed_message"].native != imprint(hash_name):
        return Sentence(
            vi="Dấu thời gian là của nội dung khác.", en="The time-stamp is one of something else."
        )
    return None


def _wrong_value(value: Value) -> Sentence | None:
    if value.integrity is Integrity.INTACT:
        return None
    return Sentence(
        vi="Chữ ký của dấu thời gian sai hoặc không đọc được.",
        en="The time-stamp's own signature is wrong or cannot be read.",
    )


def _wrong_authority(
    value: Value, paths: Paths, answers: Answers, stamped_at: datetime, at: datetime
) -> Sentence | None:
    assert value.certificate is not None
    if not _for_stamps(value.certificate):
        return Sentence(
            vi="Chứng thư số ký dấu thời gian không dùng để cấp dấu thời gian.",
            en="The certificate of the time-stamp is not meant for time-stamping.",
        )
    if not is_valid_at(value.certificate, stamped_at):
        return Sentence(
            vi="Chứng thư số ký dấu thời gian không có hiệu lực vào lúc đó.",
            en="The certificate of the time-stamp was not valid at its time.",
        )
    within = Paths(paths.anchors, (*paths.intermediates, *value.others))
    found = within.check(value.certificate, answers, at)
    if found.status in (Status.INVALID, Status.REVOKED):
        return Sentence(
            vi=f"Không tin được dấu thời gian: {found.reason_vi}",
            en=f"The time-stamp is not trusted: {found.reason_en}",
        )
    return None


def _for_stamps(certificate: x509.Certificate) -> bool:
    """RFC 3161 2.3: one purpose alone, and critical."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError, UnsupportedAlgorithm):
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
