"""The broker's own keys: read from the data folder, made there at the first start."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from exchange.core.note import NoteKey
from exchange.core.signature import SigningKey
from exchange.ids import new_id

log = structlog.get_logger(__name__)

KEY_FILE = "broker-key.pem"
CERTIFICATE_FILE = "broker-certificate.pem"
LOG_KEY_FILE = "ledger-key.pem"
PEOPLE_KEY_FILE = "people-key"
LOCK_FILE = ".broker-key.lock"
SELF_SIGNED_DAYS = 1826


def broker_key(data: Path, name: str, since: datetime | None = None) -> SigningKey:
    """The key in ``data``. Where there is none: a new one, self-signed; a site replaces both files.

    A new one is good from ``since`` on, by default from now.
    """
    key_file, certificate_file = data / KEY_FILE, data / CERTIFICATE_FILE
    if not key_file.exists():
        with _alone(data / LOCK_FILE):
            if not key_file.exists():  # a process that started with us may have made it meanwhile
                _make(key_file, certificate_file, name, since or datetime.now(UTC))
                log.warning("broker_key_made", certificate=str(certificate_file))
    return SigningKey.load(key_file.read_bytes(), certificate_file.read_bytes())


def log_key(data: Path, origin: str) -> NoteKey:
    """The Ed25519 key in ``data`` that signs checkpoints as ``origin``; a new one where there is none.

    Raises ``NotANote`` if no key may have this name.
    """
    key_file = data / LOG_KEY_FILE
    if not key_file.exists():
        with _alone(data / LOCK_FILE):
            if not key_file.exists():  # a process that started with us may have made it meanwhile
                _write(key_file, _pem(Ed25519PrivateKey.generate()), 0o600)
                log.warning("ledger_key_made", key=str(key_file))
    return NoteKey.load(origin, key_file.read_bytes())


def people_key(data: Path) -> bytes:
    """The key in ``data`` that seals second factors in the database; a new one where there is none."""
    key_file = data / PEOPLE_KEY_FILE
    if not key_file.exists():
        with _alone(data / LOCK_FILE):
            if not key_file.exists():  # a process that started with us may have made it meanwhile
                _write(key_file, Fernet.generate_key(), 0o600)
    return key_file.read_bytes()


@contextmanager
def _alone(lock_file: Path) -> Iterator[None]:
    """One process (and thread) at a time; a lock of a process that was killed is gone with it."""
    with lock_file.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(key_file: Path, certificate_file: Path, name: str, since: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since - timedelta(minutes=5))
        .not_valid_after(since + timedelta(days=SELF_SIGNED_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signing_only(), critical=True)
        .sign(key, hashes.SHA256())
    )
    # The certificate first: the key file is what says that both are there.
    _write(certificate_file, certificate.public_bytes(Encoding.PEM), 0o644)
    _write(key_file, _pem(key), 0o600)


def _pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _signing_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{new_id()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
