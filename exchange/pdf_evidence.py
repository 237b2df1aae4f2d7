"""What signatures in PDFs are judged by: trusted CAs and their lists, registered certificates."""

import threading
from pathlib import Path
from time import monotonic

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core.pdf_findings import Evidence
from exchange.ledger import revocations
from exchange.ledger.database import Database
from exchange.registry import Registry
from exchange.settings import Settings

RENEW_SECONDS = 60.0  # so often it is asked whether CAs have given newer lists


class PdfEvidence:
    """The same value as long as nothing changes. Shared by threads."""

    def __init__(self, settings: Settings, registry: Registry, database: Database) -> None:
        self._settings = settings
        self._registry = registry
        self._database = database
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._last = 0  # the newest answer of a CA that is known
        self._lists: dict[str, str] = {}  # digest of the newest list, by its address
        self._made: tuple[object, Evidence] | None = None

    def __call__(self) -> Evidence:
        """Of now; raises ``ValueError`` where a file that the settings name cannot be read."""
        with self._lock:
            self._renew()
            settings = self._settings
            files = seen(settings.authorities, settings.pdf_authorities, settings.tsa_certificates)
            mark = (self._registry.current.version, self._last, files)
            if self._made is None or self._made[0] != mark:
                self._made = (mark, self._make())
            return self._made[1]

    def _renew(self) -> None:
        if monotonic() - self._asked_at < RENEW_SECONDS:
            return
        for kept in revocations.newest(self._database, self._last):
            if not kept.place.certificate:
                self._lists[kept.place.url] = kept.digest
            self._last = max(self._last, kept.id)
        self._asked_at = monotonic()

    def _make(self) -> Evidence:
        settings = self._settings
        anchors = (*_der(settings.authorities), *_der(settings.pdf_authorities))
        lists = revocations.load(self._database, sorted(self._lists.values()))
        return Evidence(
            anchors=tuple(dict.fromkeys(anchors)),
            stamp_anchors=_der(settings.tsa_certificates),
            crls=tuple(each.der for each in lists),
            organs={
                each.fingerprint: each.agency for each in self._registry.current.trust.certificates.values()
            },
        )


def _der(file: Path | None) -> tuple[bytes, ...]:
    return tuple(each.public_bytes(Encoding.DER) for each in read_certificates(file))


def seen(*files: Path | None) -> tuple[tuple[int, int] | None, ...]:
    """What tells that a file was changed, of each; None for one that is not there."""
    return tuple(None if file is None else _seen(file) for file in files)


def _seen(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def read_certificates(file: Path | None) -> tuple[x509.Certificate, ...]:
    """Those in a PEM file that the settings name, if they name one; raises ``ValueError``."""
    if file is None:
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(file.read_bytes()))
    except (OSError, ValueError) as error:
        raise ValueError(f"the certificates of {file} cannot be read ({type(error).__name__})") from None
