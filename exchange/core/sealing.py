"""Seal: the broker's own signature under its receipts, made by pybergshamra.

XAdES baseline B (``exchange.core.xades``), in a fraction of the time that signxml takes, and other threads
run meanwhile: a receipt is signed for every acceptance and every end.
"""

import base64
from datetime import datetime

import pybergshamra
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.algorithms import SignatureMethod

from exchange.core.enveloped import DSIG, ENVELOPED, EXCLUSIVE_C14N, SHA256
from exchange.core.receipt import instant
from exchange.core.signing import SigningKey
from exchange.core.xades import CONTENT_ID, REFERENCE_TEMPLATE, SIGNATURE_ID, properties

_DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n"
_AT = "{at}"  # where the moment goes
_TEMPLATE = (
    '<ds:Signature xmlns:ds="{dsig}" Id="{id}"><ds:SignedInfo>'
    '<ds:CanonicalizationMethod Algorithm="{c14n}"/><ds:SignatureMethod Algorithm="{method}"/>'
    '<ds:Reference Id="{content}" URI=""><ds:Transforms><ds:Transform Algorithm="{enveloped}"/>'
    '<ds:Transform Algorithm="{c14n}"/></ds:Transforms><ds:DigestMethod Algorithm="{sha256}"/>'
    "<ds:DigestValue></ds:DigestValue></ds:Reference>{reference}</ds:SignedInfo>"
    "<ds:SignatureValue></ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    "{properties}</ds:Signature>"
)


class Seal:
    """One key and its certificate, ready to seal; shared by threads."""

    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self.certificate = key.certificate
        pem = key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        elliptic = key.method is SignatureMethod.ECDSA_SHA256
        load = pybergshamra.load_ec_p256_private_pem if elliptic else pybergshamra.load_rsa_private_pem
        keys = pybergshamra.KeysManager()
        keys.add_key(load(pem))
        self._context = pybergshamra.DsigContext(keys, secure_defaults=True, strict_verification=True)
        self._before, self._after = _TEMPLATE.format(
            dsig=DSIG,
            id=SIGNATURE_ID,
            content=CONTENT_ID,
            reference=REFERENCE_TEMPLATE,
            properties=properties(key.certificate, _AT, {CONTENT_ID: "application/xml"}),
            c14n=EXCLUSIVE_C14N,
            method=key.method.value,
            enveloped=ENVELOPED,
            sha256=SHA256,
            certificate=base64.b64encode(key.certificate.public_bytes(Encoding.DER)).decode(),
        ).split(_AT)

    def sign(self, root: etree._Element, at: datetime) -> bytes:
        """The receipt with an enveloped signature over the whole as its last child, as UTF-8.

        ``at`` is the time of signing that the signature claims. ``root`` is a tree of our own with
        children and no signature; it stays as it is. The same receipt, time and key give the same
        bytes (ECDSA by RFC 6979).
        """
        text = etree.tostring(root, encoding="unicode")
        content, end, name = text.rpartition("</")
        prepared = f"{_DECLARATION}{content}{self._before}{instant(at)}{self._after}{end}{name}"
        return pybergshamra.sign(self._context, prepared).encode()
