"""Trust anchors: the certificates and keys that the auditor got by a way of his own.

What a file holds tells what it is: certificates of CAs (for signers and for time-stamps), other
certificates (the exchange's), keys of logs and of witnesses. An agency's own certificate is named apart:
else that agency could write receipts, and the exchange documents.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from exchange.core.note import ED25519, NotANote, Vkey
from exchange.core.trust import fingerprint, is_readable

FILE_BYTES_MAX = 16_000_000


class BadAnchor(Exception):
    """A file that was given as an anchor and is none."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"không có gì để tin cậy trong tệp này / nothing to trust in this file: {path} ({why})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """What is trusted; an empty one trusts nobody."""

    authorities: tuple[x509.Certificate, ...] = ()
    exchanges: tuple[x509.Certificate, ...] = ()
    """Vouch for receipts and bundles alone."""
    signers: tuple[x509.Certificate, ...] = ()
    """Of agencies; vouch for documents and statuses alone."""
    logs: tuple[Vkey, ...] = ()
    witnesses: tuple[Vkey, ...] = ()

    @classmethod
    def load(cls, paths: Iterable[Path], signers: Iterable[Path] = ()) -> "Anchors":
        """From files and folders of files, those of agencies' own certificates apart.

        Raises ``BadAnchor`` for a file that holds none, or ``OSError``.
        """
        found = [each for path in _files(paths) for each in _read(path)]
        certificates = [each for each in found if isinstance(each, x509.Certificate)]
        keys = [each for each in found if isinstance(each, Vkey)]
        return cls(
            authorities=tuple(filter(is_authority, certificates)),
            exchanges=tuple(each for each in certificates if not is_authority(each)),
            signers=tuple(each for path in _files(signers) for each in _own(path)),
            logs=tuple(key for key in keys if key.algorithm == ED25519),
            witnesses=tuple(key for key in keys if key.algorithm != ED25519),
        )

    def is_exchange(self, certificate: x509.Certificate) -> bool:
        """Whether this very certificate is trusted for receipts and bundles."""
        return _among(certificate, self.exchanges)

    def is_signer(self, certificate: x509.Certificate) -> bool:
        """Whether this very certificate is trusted for documents."""
        return _among(certificate, self.signers)

    def log(self, origin: str) -> Vkey | None:
        """The key of the log with this name (C2SP: a log's key has its origin for a name)."""
        return next((key for key in self.logs if key.name == origin), None)


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may issue others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _among(certificate: x509.Certificate, trusted: Iterable[x509.Certificate]) -> bool:
    named = fingerprint(certificate)
    return any(fingerprint(each) == named for each in trusted)


def _own(path: Path) -> list[x509.Certificate]:
    """An agency's certificates; a CA among them would vouch for everybody that it issued."""
    found = [each for each in _read(path) if isinstance(each, x509.Certificate)]
    if not found or any(map(is_authority, found)):
        raise BadAnchor(path, "no certificate of an agency")
    return found


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if not each.name.startswith("."))
            yield from (each for each in inside if each.is_file())
        else:
            yield path


def _read(path: Path) -> list[x509.Certificate | Vkey]:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise BadAnchor(path, "too large")
    content = path.read_bytes()
    try:
        if b"-----BEGIN" in content:
            return _readable(x509.load_pem_x509_certificates(content))
        if content.startswith(b"\x30"):
            return _readable([x509.load_der_x509_certificate(content)])
    except (ValueError, x509.InvalidVersion) as error:
        raise BadAnchor(path, f"certificate: {error}") from None
    return _keys(path, content)


def _readable(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate | Vkey]:
    if not all(map(is_readable, certificates)):
        raise ValueError("its names or times cannot be read")
    return list(certificates)


def _keys(path: Path, content: bytes) -> list[x509.Certificate | Vkey]:
    try:
        lines = [line.strip() for line in content.decode().splitlines()]
        keys: list[x509.Certificate | Vkey] = [
            Vkey.parse(line) for line in lines if line and not line.startswith("#")
        ]
    except (NotANote, UnicodeDecodeError) as error:
        raise BadAnchor(path, str(error)) from None
    if not keys:
        raise BadAnchor(path, "empty")
    return keys
