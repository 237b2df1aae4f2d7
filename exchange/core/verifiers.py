"""The verifier port: libraries that say whether a signature of the taken shape is valid.

A verifier is asked after ``exchange.core.enveloped`` has fixed the shape and the certificate was
found and is valid; it decides about mathematics alone. It reads the bytes with its own parser.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal, Protocol

import pybergshamra
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from exchange.core.enveloped import EDXML, Enveloped
from exchange.core.refusal import refuse

Name = Literal["signxml", "bergshamra", "both"]


class Verifier(Protocol):
    """Instances are shared by threads and keep nothing of a document."""

    def accepts(self, document: bytes, enveloped: Enveloped, certificate: x509.Certificate) -> bool:
        """Whether the signature in these bytes is valid under the certificate's key.

        ``enveloped`` was found in the same bytes. May raise ``Refused`` with ``signature_disputed``.
        """
        ...


class SignxmlVerifier:
    """The reference: signxml on libxml2."""

    def accepts(self, document: bytes, enveloped: Enveloped, certificate: x509.Certificate) -> bool:
        """See ``Verifier``. An ``XMLVerifier`` keeps its configuration in itself: one per call."""
        configuration = _configuration(
            enveloped.under_root, enveloped.references, certificate.not_valid_before_utc
        )
        try:
            _Utf8Verifier().verify(document, x509_cert=certificate, expect_config=configuration)
        except (SignXMLException, etree.LxmlError, ValueError):
            return False
        return True


class _Utf8Verifier(XMLVerifier):
    """signxml copies trees as US-ASCII and with the text behind them, and cannot read some copies."""

    def _tostring(self, xml_node: etree._Element, **kwargs: object) -> bytes:
        assert not kwargs
        return etree.tostring(xml_node, encoding="UTF-8", with_tail=False)


@lru_cache(maxsize=1024)
def _configuration(under_root: bool, references: int, verification_time: datetime) -> SignatureConfiguration:
    """Everything explicit, the time too: signxml would read the clock, and validity is our caller's."""
    return SignatureConfiguration(
        require_x509=True,
        location="./" if under_root else f"./{{{EDXML}}}edXMLEnvelope/{{{EDXML}}}edXMLHeader/",
        expect_references=references,
        signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        ignore_ambiguous_key_info=False,
        verification_time=verification_time,
    )


class BergshamraVerifier:
    """The fast one: pybergshamra in Rust, with its own parser, C14N and cryptography."""

    def accepts(
        self,
        document: bytes,
        enveloped: Enveloped,  # it takes the first Signature, and there is only one
        certificate: x509.Certificate,
    ) -> bool:
        """See ``Verifier``."""
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        try:
            result = pybergshamra.verify(
                _context(key, enveloped.references == 1), document.removeprefix(b"\xef\xbb\xbf").decode()
            )
        except (pybergshamra.BergshamraError, UnicodeDecodeError):
            return False
        return result.is_valid and result.all_reference_digests_verified


@lru_cache(maxsize=4096)
def _context(key: bytes, strict: bool) -> pybergshamra.DsigContext:
    """The one key that may have signed; loading it costs more than verifying.

    Strict mode knows no reference to the signature's own properties; their place is fixed before.
    """
    keys = pybergshamra.KeysManager()
    keys.add_key(pybergshamra.load_spki_der(key))
    return pybergshamra.DsigContext(
        keys,
        secure_defaults=True,
        trusted_keys_only=True,
        strict_verification=strict,
        hmac_min_out_len=256,
        require_reference_digests=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BothVerifier:
    """Asks both, and refuses with ``signature_disputed`` where they disagree."""

    signxml: Verifier = field(default_factory=SignxmlVerifier)
    bergshamra: Verifier = field(default_factory=BergshamraVerifier)

    def accepts(self, document: bytes, enveloped: Enveloped, certificate: x509.Certificate) -> bool:
        """See ``Verifier``."""
        signxml = self.signxml.accepts(document, enveloped, certificate)
        bergshamra = self.bergshamra.accepts(document, enveloped, certificate)
        if signxml != bergshamra:
            raise refuse("signature_disputed", signxml=signxml, bergshamra=bergshamra)
        return signxml


def verifier(name: Name) -> Verifier:
    """The verifier that the settings name."""
    verifiers: dict[Name, type[Verifier]] = {
        "signxml": SignxmlVerifier,
        "bergshamra": BergshamraVerifier,
        "both": BothVerifier,
    }
    return verifiers[name]()
