"""CAs of a test: certificates, CRLs and OCSP answers of any kind, wrong ones above all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LONG_AGO, FAR_AWAY = NOW - 400 * DAY, NOW + 3650 * DAY

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Extension = tuple[x509.ExtensionType, bool]
Revoked = Mapping[int, tuple[datetime, x509.ReasonFlags | None]]

DIGITAL_SIGNATURE = x509.KeyUsage(True, True, *[False] * 7)
CA_USAGE = x509.KeyUsage(*[False] * 5, True, True, False, False)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certify(
    name: str,
    key: Key,
    issuer: x509.Name,
    signed_by: Key,
    *,
    begins: datetime = LONG_AGO,
    ends: datetime = FAR_AWAY,
    extensions: Iterable[Extension] = (),
    algorithm: hashes.HashAlgorithm | None = None,
    serial: int | None = None,
    subject: x509.Name | None = None,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject or named(name),
        public_key=key.public_key(),
        serial_number=serial or x509.random_serial_number(),
        not_valid_before=begins,
        not_valid_after=ends,
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signed_by, algorithm or hashes.SHA256())


@dataclass
class Ca:
    """One CA with its key; what it revokes stands in its CRLs and OCSP answers."""

    key: Key
    certificate: x509.Certificate
    revoked: dict[int, tuple[datetime, x509.ReasonFlags | None]] = field(default_factory=dict)

    @classmethod
    def root(cls, name: str = "Root", key: Key | None = None, **changes: object) -> "Ca":
        key = key or ec_key()
        extensions: list[Extension] = [(x509.BasicConstraints(True, None), True), (CA_USAGE, True)]
        certificate = certify(name, key, named(name), key, extensions=extensions, **changes)  # type: ignore[arg-type]
        return cls(key, certificate)

    def authority(self, name: str = "Authority", key: Key | None = None, **changes: object) -> "Ca":
        """A CA under this one."""
        key = key or ec_key()
        extensions: list[Extension] = [(x509.BasicConstraints(True, 0), True), (CA_USAGE, True)]
        return Ca(key, self.issue(name, key, extensions=extensions, **changes))

    def issue(
        self,
        name: str = "Agency",
        key: Key | None = None,
        extensions: Iterable[Extension] | None = None,
        **changes: object,
    ) -> x509.Certificate:
        """A certificate; by default one that names an OCSP responder and may sign documents."""
        if extensions is None:
            extensions = [(x509.BasicConstraints(False, None), True), (DIGITAL_SIGNATURE, True)]
        asked = x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(
                    x509.oid.AuthorityInformationAccessOID.OCSP,
                    x509.UniformResourceIdentifier("http://127.0.0.1/ocsp"),
                )
            ]
        )
        return certify(
            name,
            key or ec_key(),
            self.certificate.subject,
            self.key,
            extensions=[*extensions, (asked, False)],
            **changes,  # type: ignore[arg-type]
        )

    def revoke(
        self, certificate: x509.Certificate, at: datetime, reason: x509.ReasonFlags | None = None
    ) -> None:
        self.revoked[certificate.serial_number] = (at, reason)

    def crl(
        self,
        at: datetime = NOW,
        until: datetime | None = None,
        *,
        key: Key | None = None,
        issuer: x509.Name | None = None,
        extensions: Iterable[Extension] = (),
        algorithm: hashes.HashAlgorithm | None = None,
    ) -> bytes:
        """A list of what is revoked by then."""
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=issuer or self.certificate.subject, last_update=at, next_update=until or at + DAY
        )
        for serial, (since, reason) in self.revoked.items():
            if since <= at:
                entry = x509.RevokedCertificateBuilder(serial, since)
                if reason is not None:
                    entry = entry.add_extension(x509.CRLReason(reason), critical=False)
                builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key or self.key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)

    def responder(
        self, *, check: bool = False, purpose: bool = True, name: str = "Responder"
    ) -> tuple[Key, x509.Certificate]:
        """Who may answer in the CA's name; ``check``: its own certificate can be revoked."""
        extensions: list[Extension] = [(DIGITAL_SIGNATURE, True)]
        if purpose:
            extensions.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False))
        if not check:
            extensions.append((x509.OCSPNoCheck(), False))
        key = ec_key()
        return key, self.issue(name, key, extensions)

    def ocsp(
        self,
        certificate: x509.Certificate,
        at: datetime = NOW,
        until: datetime | None = None,
        *,
        by: tuple[Key, x509.Certificate] | None = None,
        carries: Sequence[x509.Certificate] | None = None,
        unknown: bool = False,
        extensions: Iterable[Extension] = (),
        algorithm: hashes.HashAlgorithm | None = None,
    ) -> bytes:
        """What is said of a certificate, by the CA itself or by a responder."""
        key, answerer = by or (self.key, self.certificate)
        since, reason = self.revoked.get(certificate.serial_number, (None, None))
        status = ocsp.OCSPCertStatus.GOOD
        if unknown:
            status = ocsp.OCSPCertStatus.UNKNOWN
        elif since is not None and since <= at:
            status = ocsp.OCSPCertStatus.REVOKED
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=self.certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=at,
            next_update=until or at + DAY,
            revocation_time=since if revoked else None,
            revocation_reason=reason if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, answerer)
        if carried := [answerer] if carries is None else list(carries):
            builder = builder.certificates(carried)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)
