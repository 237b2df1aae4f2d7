"""Which certificate speaks for which agency, and what a certificate must be to be registered.

A certificate is checked once, when it is registered; from then on its fingerprint is the key by
which a signature finds it. Nothing that stands inside a document adds to the trust.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from exchange.core.refusal import Refused, refuse

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

RSA_BITS_MIN = 2048  # NIST SP 800-131A rev. 2, table 2
_SIGNATURE_HASHES = ("sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCertificate:
    """A certificate that signs for one agency from ``valid_from`` until before ``valid_to``."""

    fingerprint: str  # SHA-256 of the DER, lower-case hex
    agency: str  # the agency's code
    certificate: x509.Certificate
    valid_from: datetime  # aware, UTC
    valid_to: datetime | None = None  # None: open

    def signs_at(self, moment: datetime) -> bool:
        """Whether it is registered for its agency at ``moment`` and within its own validity."""
        registered = self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)
        return registered and is_valid_at(self.certificate, moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """All registered certificates by their fingerprint."""

    certificates: Mapping[str, RegisteredCertificate]

    @classmethod
    def only(cls, certificate: x509.Certificate) -> "Trust":
        """This certificate alone, of no agency: for who checks a signature outside an exchange."""
        name = fingerprint(certificate)
        registered = RegisteredCertificate(
            fingerprint=name, agency="", certificate=certificate, valid_from=certificate.not_valid_before_utc
        )
        return cls(certificates={name: registered})

    def find(self, fingerprint: str) -> RegisteredCertificate | None:
        """The registered certificate with this SHA-256, if there is one."""
        return self.certificates.get(fingerprint)


def named(name: x509.Name) -> str:
    """A name with its parts (RFC 4514), that of an organization's code in words too."""
    return name.rfc4514_string({NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier"})


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate's DER in lower-case hex: its name everywhere in the exchange."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def is_valid_at(certificate: x509.Certificate, moment: datetime) -> bool:
    """Whether ``moment`` lies in notBefore..notAfter, both inclusive (RFC 5280 4.1.2.5)."""
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def load_certificate(data: bytes) -> x509.Certificate:
    """Read exactly one certificate, PEM or DER; refused as ``certificate_unsuitable`` otherwise."""
    try:
        if b"-----BEGIN" in data:
            certificates = x509.load_pem_x509_certificates(data)
        else:
            certificates = [x509.load_der_x509_certificate(data)]
    except (ValueError, x509.InvalidVersion):
        raise _unsuitable("it cannot be read as PEM or DER", "không đọc được dạng PEM hay DER") from None
    if len(certificates) != 1:
        raise _unsuitable("the file has more than one", "tệp chứa nhiều hơn một chứng thư số")
    if not is_readable(certificates[0]):
        raise _unsuitable("its names or times cannot be read", "không đọc được tên hoặc thời hạn")
    return certificates[0]


def is_readable(certificate: x509.Certificate) -> bool:
    """Whether names and times are well formed: the library reads them only when it is asked for them."""
    try:
        return bool(
            certificate.subject.rfc4514_string() is not None
            and certificate.issuer.rfc4514_string() is not None
            and certificate.not_valid_before_utc <= certificate.not_valid_after_utc
        )
    except ValueError:
        return False


def public_key(certificate: x509.Certificate) -> PublicKey:
    """The key of a certificate: RSA of 2048 bits and more, or P-256; ``certificate_unsuitable`` otherwise."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise _unsuitable("its key cannot be read", "không đọc được khóa") from None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_BITS_MIN:
            raise _unsuitable(
                f"its RSA key has {key.key_size} bits; {RSA_BITS_MIN} are the least",
                f"khóa RSA {key.key_size} bit; tối thiểu {RSA_BITS_MIN}",
            )
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise _unsuitable("its key is neither RSA nor ECDSA P-256", "khóa không phải RSA hay ECDSA P-256")


def check_suitable(certificate: x509.Certificate) -> None:
    """Refuse (``certificate_unsuitable``) a certificate that must not sign documents.

    Taken: RSA of 2048 bits and more, or ECDSA on P-256; KeyUsage, where present, with
    digitalSignature or nonRepudiation (RFC 5280 4.2.1.3); not a CA; signed with SHA-2.
    """
    public_key(certificate)
    _check_hash(certificate)
    if _constraints(certificate).ca:
        raise _unsuitable("it belongs to a CA", "đây là chứng thư số của CA")
    usage = _key_usage(certificate)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise _unsuitable(
            "its KeyUsage allows neither digitalSignature nor nonRepudiation",
            "KeyUsage không cho phép digitalSignature hay nonRepudiation",
        )


def check_chain(certificate: x509.Certificate, authorities: Iterable[x509.Certificate], at: datetime) -> None:
    """Check once, at registration, that a configured CA issued this certificate (RFC 5280 6.1, one step).

    Each configured CA is trusted as such: an intermediate CA is trusted when it is in the list.
    Refused: ``certificate_unsuitable`` (see ``check_suitable``), ``certificate_expired`` (at
    ``at``), ``certificate_chain`` (no configured CA, valid at ``at``, issued it).

    Revocation is not asked here: at registration it says nothing about later signatures. Its place
    is ``exchange.core.signature.check_signing_time``.
    """
    check_suitable(certificate)
    if not is_valid_at(certificate, at):
        raise expired(certificate, at)
    if not any(_issued(authority, certificate, at) for authority in authorities):
        raise refuse(
            "certificate_chain",
            f"No configured CA issued it; its issuer is {certificate.issuer.rfc4514_string()}.",
            f"Không CA nào được cấu hình đã cấp; bên cấp là {certificate.issuer.rfc4514_string()}.",
            issuer=certificate.issuer.rfc4514_string(),
        )


def expired(certificate: x509.Certificate, at: datetime) -> Refused:
    """The refusal of a certificate that is not valid at ``at``, too early or too late."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return refuse(
        "certificate_expired",
        f"It is valid from {begins.isoformat()} to {ends.isoformat()}; the time was {at.isoformat()}.",
        f"Hiệu lực từ {begins.isoformat()} đến {ends.isoformat()}; thời điểm xét là {at.isoformat()}.",
        valid_from=begins.isoformat(),
        valid_to=ends.isoformat(),
    )


def _issued(authority: x509.Certificate, certificate: x509.Certificate, at: datetime) -> bool:
    usage = _key_usage(authority)
    may_issue = _constraints(authority).ca and (usage is None or usage.key_cert_sign)
    if not may_issue or not is_valid_at(authority, at):
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False  # another name, another kind of key, another key
    return True


def _check_hash(certificate: x509.Certificate) -> None:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    if algorithm is None or algorithm.name not in _SIGNATURE_HASHES:
        raise _unsuitable("its CA signed it without SHA-2", "CA không ký bằng SHA-2")


def _constraints(certificate: x509.Certificate) -> x509.BasicConstraints:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return x509.BasicConstraints(ca=False, path_length=None)
    except ValueError:
        raise _unsuitable("its extensions cannot be read", "không đọc được phần mở rộng") from None


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _unsuitable(why: str, why_vi: str) -> Refused:
    return refuse(
        "certificate_unsuitable",
        f"The certificate is not taken: {why}.",
        f"Không nhận chứng thư số: {why_vi}.",
    )
