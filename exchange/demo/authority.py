"""A make-believe certificate authority. Its keys live in memory and prove nothing about anyone."""

from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from exchange.core.signing import PrivateKey, SigningKey

KeyUsage = Literal["digital_signature", "content_commitment", "key_encipherment"]
_COMMON_NAME_CHARS_MAX = 64  # RFC 5280 A.1, ub-common-name


class Authority:
    """A self-signed CA that issues certificates to agencies."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._private_key = private_key
        self.certificate = certificate

    @classmethod
    def create(cls, name: str, now: datetime, days: int = 3650) -> "Authority":
        """A new CA, valid from ``now`` for ``days``."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), _name(name), key, now, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        return cls(key, builder.sign(key, hashes.SHA256()))

    @property
    def certificate_pem(self) -> bytes:
        """The CA's certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        name: str,
        agency_code: str,
        now: datetime,
        *,
        days: int = 365,
        algorithm: Literal["ec", "rsa"] = "ec",
        key_usage: tuple[KeyUsage, ...] = ("digital_signature", "content_commitment"),
    ) -> SigningKey:
        """A new key (P-256 or RSA-2048; the latter takes a second) with a certificate for an agency."""
        key: PrivateKey
        if algorithm == "rsa":
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        return SigningKey(key, self.certify(name, agency_code, key, now, days=days, key_usage=key_usage))

    def certify(
        self,
        name: str,
        agency_code: str,
        key: PrivateKey,
        now: datetime,
        *,
        days: int = 365,
        key_usage: tuple[KeyUsage, ...] = ("digital_signature", "content_commitment"),
    ) -> x509.Certificate:
        """A certificate for a key that exists already; without ``key_usage`` the extension is left out."""
        builder = _builder(_name(name, agency_code), self.certificate.subject, key, now, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if key_usage:
            builder = builder.add_extension(_usage(*key_usage), critical=True)
        return builder.sign(self._private_key, hashes.SHA256())


def private_key_pem(key: SigningKey) -> bytes:
    """The private key as unencrypted PKCS#8 PEM: for the demonstration's files, which are thrown away."""
    return key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_pem(key: SigningKey) -> bytes:
    """The certificate as PEM, as an administrator registers it."""
    return key.certificate.public_bytes(Encoding.PEM)


def _name(name: str, agency_code: str = "") -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.COMMON_NAME, name[:_COMMON_NAME_CHARS_MAX]),
    ]
    if agency_code:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, agency_code))
    return x509.Name(attributes)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})
