"""The signature of an ASiC-E container: XAdES baseline B over its files (ETSI EN 319 162-1 clause 4.4.3).

One shape is made and that one is read: a reference with the digest of each file, and one to the properties.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier

from exchange.core import enveloped
from exchange.core.elements import check_algorithm, children, decode, malformed
from exchange.core.enveloped import DSIG, EXCLUSIVE_C14N, SHA256, canonical, ds
from exchange.core.parsing import ParseLimits, parse
from exchange.core.receipt import instant
from exchange.core.signing import PrivateKey, SigningKey
from exchange.core.trust import public_key
from exchange.core.xades import REFERENCE_TEMPLATE, SIGNATURE_ID, properties, read_properties

NAMESPACE = "http://uri.etsi.org/02918/v1.2.1#"
LIMITS = ParseLimits(document_bytes_max=32_000_000, depth_max=16)
_COORDINATE_BYTES = 32  # of a P-256 signature
_TEMPLATE = (
    '<asic:XAdESSignatures xmlns:asic="{asic}"><ds:Signature xmlns:ds="{dsig}" Id="{id}"><ds:SignedInfo>'
    '<ds:CanonicalizationMethod Algorithm="{c14n}"/><ds:SignatureMethod Algorithm="{method}"/>'
    "{references}</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
    "<ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{properties}"
    "</ds:Signature></asic:XAdESSignatures>"
)
_REFERENCE = (
    '<ds:Reference Id="{id}" URI="{uri}"><ds:DigestMethod Algorithm="{sha256}"/>'
    "<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A container's signature of the right shape; not yet verified."""

    content: bytes
    signature: enveloped.Enveloped
    certificate_der: bytes
    signed_at: datetime
    digests: Mapping[str, bytes]
    """SHA-256 of each file that it covers."""


def sign(files: Sequence[tuple[str, bytes, str]], key: SigningKey, at: datetime) -> bytes:
    """The signature over these files: name, content, MIME type."""
    named = {f"file-{number}": file for number, file in enumerate(files, 1)}
    references = [
        _REFERENCE.format(
            id=id_, uri=quote(name), sha256=SHA256, digest=_base64(hashlib.sha256(content).digest())
        )
        for id_, (name, content, _) in named.items()
    ]
    text = _TEMPLATE.format(
        asic=NAMESPACE,
        dsig=DSIG,
        id=SIGNATURE_ID,
        c14n=EXCLUSIVE_C14N,
        method=key.method.value,
        references="".join(references) + REFERENCE_TEMPLATE,
        certificate=_base64(key.certificate.public_bytes(Encoding.DER)),
        properties=properties(
            key.certificate, instant(at), {id_: kind for id_, (_, _, kind) in named.items()}
        ),
    )
    return _signed(etree.fromstring(text), key.private_key)


def _signed(root: etree._Element, key: PrivateKey) -> bytes:
    """Fill in the digest of the properties, then the value over SignedInfo."""
    signed_info, value, _, container = root[0]
    signed_info[-1][-1].text = _base64(hashlib.sha256(canonical(container[0][0])).digest())
    value.text = _base64(_value(canonical(signed_info), key))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _value(data: bytes, key: PrivateKey) -> bytes:
    """As XML Signature writes it: for ECDSA both numbers one behind the other (6.4.3)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        der = key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return b"".join(number.to_bytes(_COORDINATE_BYTES, "big") for number in decode_dss_signature(der))
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def read(content: bytes) -> Signed:
    """The signature, if its shape is the one that is taken; refused as ``xades.find`` refuses."""
    root = parse(content, LIMITS)
    element, under_root = enveloped.locate(root)
    if root.tag != f"{{{NAMESPACE}}}XAdESSignatures" or len(root) != 1 or not under_root:
        raise malformed("This is no XAdESSignatures.", "Đây không phải XAdESSignatures.", root)
    signed_info, value, key_info, container = children(
        element, *ds("SignedInfo", "SignatureValue", "KeyInfo", "Object")
    )
    count = len(signed_info.findall(f"{{{DSIG}}}Reference"))
    c14n, method, *references = children(
        signed_info, *ds("CanonicalizationMethod", "SignatureMethod", *["Reference"] * count)
    )
    if not references:
        raise malformed("The signature covers no file.", "Chữ ký không bao tệp nào.", signed_info)
    *to_files, to_properties = references
    signature = enveloped.Enveloped(
        element=element,
        signed_info=signed_info,
        method=enveloped.read_methods(c14n, method),
        digest=b"",
        value=decode(value),
        certificate_der=enveloped.read_key_info(key_info),
        under_root=True,
        references=count,
    )
    return Signed(
        content=content,
        signature=signature,
        certificate_der=signature.certificate_der,
        signed_at=read_properties(element, container, to_properties, to_files, signature.certificate_der),
        digests=_digests(to_files),
    )


def _digests(references: Sequence[etree._Element]) -> dict[str, bytes]:
    digests: dict[str, bytes] = {}
    for reference in references:
        method, digest = children(reference, *ds("DigestMethod", "DigestValue"), attributes=("Id", "URI"))
        check_algorithm(method, SHA256)
        uri = reference.get("URI", "")
        name = unquote(uri)
        if not uri or uri.startswith("#") or quote(name) != uri or name in digests:
            raise malformed(
                f"A reference names no file, or one twice: {uri[:80]!r}.",
                f"Một tham chiếu không trỏ tới tệp, hoặc trùng tệp: {uri[:80]!r}.",
                reference,
            )
        digests[name] = decode(digest)
    return digests


def is_signed_by(signed: Signed, certificate: x509.Certificate) -> bool:
    """Whether the certificate's key made this signature; of the files nothing is asked yet."""
    return enveloped.is_signed_by(signed.signature, public_key(certificate))


def is_confirmed(signed: Signed, certificate: x509.Certificate, resolve: Callable[[str], bytes]) -> bool:
    """Whether signxml finds the same: each file, as ``resolve`` gives it by name, has the signed digest."""
    configuration = XAdESSignatureConfiguration(
        require_x509=True,
        location="./",
        expect_references=signed.signature.references,
        signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        ignore_ambiguous_key_info=False,
        verification_time=certificate.not_valid_before_utc,  # its validity is the caller's question
    )
    try:
        XAdESVerifier().verify(
            signed.content,
            x509_cert=certificate,
            expect_config=configuration,
            uri_resolver=lambda uri: resolve(unquote(uri)),
        )
    except (SignXMLException, etree.LxmlError, ValueError):
        return False
    return True


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
