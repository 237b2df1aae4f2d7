"""A make-believe PKI at work: certificates, CRLs, an OCSP responder, time-stamps, by certomancer.

Its keys are made when it starts and are thrown away; they prove nothing about anyone.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertificateSpec, CertLabel, CertomancerConfig, PKIArchitecture
from certomancer.registry.issued.general import RevocationStatus
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request

from exchange.core.signing import PrivateKey, SigningKey
from exchange.demo.pki_plan import ARCHITECTURE, AUTHORITIES, Holder, plan, revocation

HOST = "127.0.0.1"


def make_keys(folder: Path, holders: Mapping[str, Holder]) -> None:
    """A key file for every authority and holder that has none yet; RSA takes part of a second each."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kinds = dict(AUTHORITIES) | {label: holder.algorithm for label, holder in holders.items()}
    for label, kind in kinds.items():
        if not _key_file(folder, label).exists():
            key = (
                rsa.generate_private_key(public_exponent=65537, key_size=2048)
                if kind == "rsa"
                else ec.generate_private_key(ec.SECP256R1())
            )
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _key_file(folder, label).write_bytes(pem)


def _key_file(folder: Path, label: str) -> Path:
    return folder / f"{label}.pem"


class Pki:
    """A root, a CA under it, and its services on 127.0.0.1, from ``start`` (or ``with``) until ``close``.

    ``now`` is the time of all its services: what they sign, and whether a revocation has happened yet.
    """

    def __init__(self, folder: Path, holders: Mapping[str, Holder], now: Callable[[], datetime]) -> None:
        """Keys come from ``folder`` (see ``make_keys``); certificates are valid around the time it is now."""
        self.now = now
        self._folder = folder
        self._server = make_server(HOST, 0, self._answer, threaded=True, request_handler=Quiet)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="pki", daemon=True
        )
        self.url = f"http://{HOST}:{self._server.server_port}"
        make_keys(folder, holders)
        keys = {label: f"{label}.pem" for label in (*AUTHORITIES, *holders)}
        config = plan(self.url, keys, holders, whole(now()))
        self._architecture: PKIArchitecture = CertomancerConfig(
            config, key_search_dir=str(folder), lazy_load_keys=True
        ).get_pki_arch(ArchLabel(ARCHITECTURE))
        self._animator = _Animator(self)

    @property
    def architecture(self) -> PKIArchitecture:
        """Certomancer's own view of it."""
        return self._architecture

    def start(self) -> "Pki":
        """Answer from now on."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> "Pki":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- where it answers ---

    def tsa_url(self, service: str = "tsa") -> str:
        """Of the time-stamping authority, or of one that must not be believed (see the plan)."""
        return f"{self.url}/{ARCHITECTURE}/tsa/{service}"

    @property
    def ocsp_url(self) -> str:
        """Of the CA's OCSP responder."""
        return f"{self.url}/{ARCHITECTURE}/ocsp/ocsp"

    def crl_url(self, issuer: str = "authority") -> str:
        """Of the newest CRL of ``authority`` or ``root``."""
        return f"{self.url}/{ARCHITECTURE}/crls/{issuer}/latest.crl"

    # --- what it issued ---

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor."""
        return self.certificate("root")

    @property
    def authority(self) -> x509.Certificate:
        """The CA that issues all certificates, under the root."""
        return self.certificate("authority")

    def certificate(self, name: str) -> x509.Certificate:
        """The certificate of a holder or an authority."""
        return x509.load_der_x509_certificate(self._architecture.get_cert(CertLabel(name)).dump())

    def private_key(self, name: str) -> PrivateKey:
        """The private key of a holder or an authority."""
        key = load_pem_private_key(_key_file(self._folder, name).read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        return key

    def signing_key(self, name: str) -> SigningKey:
        """Key and certificate of a holder, ready to sign."""
        return SigningKey(self.private_key(name), self.certificate(name))

    def revoke(self, name: str, at: datetime, reason: str = "key_compromise") -> None:
        """Revoke a certificate as of ``at``: in OCSP at once, in the CRL from its next update."""
        specs: dict[CertLabel, CertificateSpec] = self._architecture._cert_specs
        status = RevocationStatus.from_config(revocation(at, reason))  # type: ignore[no-untyped-call]
        specs[CertLabel(name)] = replace(specs[CertLabel(name)], revocation=status)

    def _answer(self, environ: Any, start_response: Any) -> Any:
        return self._animator(environ, start_response)


def whole(moment: datetime) -> datetime:
    """Without a fraction of a second, as RFC 5280 4.1.2.5 and 5.1.2.4 want it."""
    return moment.replace(microsecond=0)


class _Animator(Animator):
    """Certomancer's services under our clock."""

    def __init__(self, pki: Pki) -> None:
        store = AnimatorArchStore({pki.architecture.arch_label: pki.architecture})
        super().__init__(store, with_web_ui=False, allow_time_override=False)
        self._pki = pki

    def at_time(self, request: Request) -> datetime:  # noqa: ARG002
        return whole(self._pki.now())


class Quiet(WSGIRequestHandler):
    """Answers without a line in the log for each request."""

    def log(self, *_: object) -> None:
        """Nothing."""
