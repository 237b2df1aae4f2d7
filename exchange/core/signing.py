"""Signing: the same one shape of signature that is taken from others, made with signxml."""

import base64
import copy
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner

from exchange.core.enveloped import DSIG, EDXML
from exchange.core.trust import load_certificate

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_HEADER = f"{{{EDXML}}}edXMLEnvelope/{{{EDXML}}}edXMLHeader"


class SigningKey:
    """A private key and its certificate, ready to sign; keep it, loading a key costs milliseconds."""

    def __init__(self, private_key: PrivateKey, certificate: x509.Certificate) -> None:
        """Raise ``ValueError`` if the key is of another kind or does not belong to the certificate."""
        if private_key.public_key() != certificate.public_key():
            raise ValueError("the private key does not belong to the certificate")
        if isinstance(private_key, ec.EllipticCurvePrivateKey):
            if not isinstance(private_key.curve, ec.SECP256R1):
                raise ValueError("an elliptic key must be on P-256")
            self.method = SignatureMethod.ECDSA_SHA256
        else:
            self.method = SignatureMethod.RSA_SHA256
        self.private_key = private_key
        self.certificate = certificate
        self._key_info = _key_info(certificate)

    @classmethod
    def load(cls, private_key: bytes, certificate: bytes, password: bytes | None = None) -> "SigningKey":
        """From PEM (the certificate also DER). ``ValueError``, ``TypeError`` or ``Refused`` if unreadable."""
        key = load_pem_private_key(private_key, password)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("the private key is neither RSA nor elliptic")
        return cls(key, load_certificate(certificate))

    def key_info(self) -> etree._Element:
        """A fresh KeyInfo element with the certificate."""
        return copy.deepcopy(self._key_info)


def sign(root: etree._Element, key: SigningKey) -> bytes:
    """The document with an enveloped signature over the whole, as UTF-8 with an XML declaration.

    The signature is the last child of edXMLHeader in an edXML message, else of the root. ``root``
    stays as it is. The same document and key give the same bytes (ECDSA by RFC 6979).
    Raise ``ValueError`` for a document that has a signature, or an Id on its root.
    """
    if next(root.iter("{*}Signature"), None) is not None:
        raise ValueError("the document has a signature already")
    if "Id" in root.attrib or "ID" in root.attrib:
        raise ValueError("an Id on the root would become the reference of the signature")
    signer = _Utf8Signer(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=key.method,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signed = signer.sign(_with_placeholder(root), key=_signer(key.private_key), key_info=key.key_info())
    return etree.tostring(signed.getroottree(), encoding="UTF-8", xml_declaration=True)


class _Utf8Signer(XMLSigner):
    """signxml copies trees as US-ASCII and with the text behind them, and cannot read some copies."""

    def _tostring(self, xml_node: etree._Element, **kwargs: object) -> bytes:
        assert not kwargs
        return etree.tostring(xml_node, encoding="UTF-8", with_tail=False)


def _with_placeholder(root: etree._Element) -> etree._Element:
    """Mark for signxml where the signature goes; under the root it goes by itself."""
    if root.find(_HEADER) is None:
        return root
    marked = copy.deepcopy(root)
    header = marked.find(_HEADER)
    assert header is not None
    etree.SubElement(header, f"{{{DSIG}}}Signature", {"Id": "placeholder"}, {"ds": DSIG})
    return marked


def _key_info(certificate: x509.Certificate) -> etree._Element:
    key_info = etree.Element(f"{{{DSIG}}}KeyInfo", nsmap={"ds": DSIG})
    data = etree.SubElement(key_info, f"{{{DSIG}}}X509Data")
    content = etree.SubElement(data, f"{{{DSIG}}}X509Certificate")
    content.text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return key_info


class _DeterministicKey:
    """An elliptic key that signs by RFC 6979; signxml asks only for ``sign`` and ``key_size``."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.key_size = key.key_size

    def sign(self, data: bytes, signature_algorithm: ec.ECDSA) -> bytes:
        assert isinstance(signature_algorithm.algorithm, hashes.SHA256)
        return self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def _signer(key: PrivateKey) -> PrivateKey:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return cast(ec.EllipticCurvePrivateKey, _DeterministicKey(key))
    return key
