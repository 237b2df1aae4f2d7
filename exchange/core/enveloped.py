"""The one shape of signature that is taken, and what our own reading of it proves.

XML Signature lets a signature point anywhere, in many ways; most attacks on it are in that freedom.
So the shape is fixed before any cryptography: one enveloped signature over the whole document.
The names follow W3C XML Signature Syntax and Processing 1.1.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from exchange.core.edxml_values import NAMESPACE
from exchange.core.elements import (
    algorithm_refused,
    check_algorithm,
    check_plain,
    children,
    decode,
    line,
    malformed,
    wrapped,
)
from exchange.core.refusal import refuse
from exchange.core.trust import PublicKey

DSIG = "http://www.w3.org/2000/09/xmldsig#"
EDXML = NAMESPACE
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DSIG + "enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"

_HEADER_PATH = [f"{{{EDXML}}}{name}" for name in ("edXMLHeader", "edXMLEnvelope", "edXML")]
# Beside the certificate KeyInfo may say in words whose it is; nothing of that is read.
_X509_CHILDREN = {f"{{{DSIG}}}X509Certificate", f"{{{DSIG}}}X509SubjectName"}
_IDS = etree.XPath("//@*[contains('|Id|ID|id|AssertionID|', concat('|', local-name(), '|'))]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enveloped:
    """A signature of the right shape; not yet verified."""

    element: etree._Element
    signed_info: etree._Element
    method: str  # RSA_SHA256 or ECDSA_SHA256
    digest: bytes  # what the signature says is the SHA-256 of the rest of the document
    value: bytes
    certificate_der: bytes  # the certificate that KeyInfo names: used to look it up, never as a key
    under_root: bool  # else under edXMLHeader
    references: int = 1  # all of them are checked by whoever found the shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What our own reading of the tree proves about its signature."""

    content_unchanged: bool  # the tree without the signature has the signed digest
    signed_by_key: bool  # the signature value belongs to this SignedInfo and this key

    @property
    def complete(self) -> bool:
        """Whether the tree is covered by the signature of this key."""
        return self.content_unchanged and self.signed_by_key


def find(root: etree._Element) -> Enveloped:
    """The one signature of the document, if its shape is the one that is taken.

    Refused: ``signature_missing``, ``signature_multiple``, ``signature_namespace``,
    ``signature_wrapped`` (position, references, identifiers), ``signature_algorithm``,
    ``signature_malformed`` (anything else that is missing, unreadable or too much).
    """
    element, under_root = locate(root)
    if element.find(f"{{{DSIG}}}Object") is not None:
        raise wrapped("The signature holds an Object.", "Chữ ký chứa phần tử Object.", element)
    signed_info, value, key_info = children(element, *ds("SignedInfo", "SignatureValue", "KeyInfo"))
    method, digest = _read_signed_info(signed_info)
    return Enveloped(
        element=element,
        signed_info=signed_info,
        method=method,
        digest=digest,
        value=decode(value),
        certificate_der=read_key_info(key_info),
        under_root=under_root,
    )


def ds(*names: str) -> list[str]:
    """The tags of these elements of XML Signature."""
    return [f"{{{DSIG}}}{name}" for name in names]


def locate(root: etree._Element) -> tuple[etree._Element, bool]:
    """The one signature of the document and whether it stands under the root, before it is read."""
    element = _only_signature(root)
    under_root = _check_position(element)
    _check_identifiers(root)
    _check_sections(element)
    return element, under_root


def detach(enveloped: Enveloped, key: PublicKey) -> Evidence:
    """Take the signature out of its tree and say whether it covers what remains.

    A verifier that parses the bytes itself could see another document than we do. This reading
    closes that gap: exclusive C14N of our tree must have the digest that stands in our SignedInfo,
    and the key must have signed our SignedInfo (core validation, XML Signature 3.2).

    Refused: ``signature_malformed`` (a value that this key cannot have made), ``xml_forbidden`` (see
    ``canonical``).
    """
    signed_by_key = is_signed_by(enveloped, key)
    root = enveloped.element.getroottree().getroot()
    _remove(enveloped.element)
    return Evidence(
        content_unchanged=hashlib.sha256(canonical(root)).digest() == enveloped.digest,
        signed_by_key=signed_by_key,
    )


def is_signed_by(enveloped: Enveloped, key: PublicKey) -> bool:
    """Whether this key signed SignedInfo; refused, as ``signature_malformed``, what it cannot have made."""
    _check_length(enveloped, key)
    return _signed(canonical(enveloped.signed_info), enveloped, key)


def canonical(element: etree._Element) -> bytes:
    """Exclusive C14N without comments; ``xml_forbidden`` where the standard defines no result."""
    try:
        return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    except etree.C14NError:
        raise refuse(
            "xml_forbidden",
            "The XML has no canonical form: a namespace name is not an absolute URI.",
            "XML không có dạng chuẩn: tên không gian tên không phải URI tuyệt đối.",
        ) from None


def _remove(element: etree._Element) -> None:
    """Remove an element and keep the text that follows it, which belongs to the parent."""
    parent, previous = element.getparent(), element.getprevious()
    assert parent is not None, "a signature is never the root"
    if element.tail and previous is not None:
        previous.tail = (previous.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _check_length(enveloped: Enveloped, key: PublicKey) -> None:
    """Refuse a value that is shorter or longer than the key makes: pybergshamra takes some.

    RSA: as long as the modulus (RFC 8017 8.2.2). ECDSA: r and s, each as long as the order of the
    curve, not DER (XML Signature 6.4.3).
    """
    size = (key.key_size + 7) // 8
    wanted = size if isinstance(key, rsa.RSAPublicKey) else 2 * size
    if _fits(enveloped.method, key) and len(enveloped.value) != wanted:
        raise malformed(
            f"SignatureValue has {len(enveloped.value)} bytes; this key makes {wanted}.",
            f"SignatureValue dài {len(enveloped.value)} byte; khóa này tạo {wanted}.",
            enveloped.element,
        )


def _fits(method: str, key: PublicKey) -> bool:
    return method == (RSA_SHA256 if isinstance(key, rsa.RSAPublicKey) else ECDSA_SHA256)


def _signed(signed_info: bytes, enveloped: Enveloped, key: PublicKey) -> bool:
    value = enveloped.value
    if not _fits(enveloped.method, key):
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, signed_info, padding.PKCS1v15(), hashes.SHA256())
        else:
            r, s = value[: len(value) // 2], value[len(value) // 2 :]
            pair = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            key.verify(pair, signed_info, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _only_signature(root: etree._Element) -> etree._Element:
    found = list(root.iter("{*}Signature"))
    if not found:
        raise refuse("signature_missing")
    foreign = [element for element in found if element.tag != f"{{{DSIG}}}Signature"]
    if foreign:
        raise refuse("signature_namespace", where=line(foreign[0]))
    if len(found) > 1:
        raise refuse("signature_multiple", where=line(found[1]), signatures=len(found))
    return found[0]


def _check_position(element: etree._Element) -> bool:
    """Whether it stands under the root; the only other place is edXML/edXMLEnvelope/edXMLHeader."""
    above = [ancestor.tag for ancestor in element.iterancestors()]
    if len(above) != 1 and above != _HEADER_PATH:
        raise wrapped(
            "The Signature stands neither in edXMLHeader nor under the root.",
            "Signature không nằm trong edXMLHeader hay ngay dưới gốc.",
            element,
        )
    return len(above) == 1


def _check_identifiers(root: etree._Element) -> None:
    """Refuse doubled identifiers: nothing here refers to one, but readers downstream may."""
    doubled = [name for name, times in Counter(map(str, _IDS(root))).items() if times > 1]
    if doubled:
        raise refuse(
            "signature_wrapped",
            f"The identifier {doubled[0][:60]} is used twice.",
            f"Định danh {doubled[0][:60]} bị dùng hai lần.",
        )


def _check_sections(element: etree._Element) -> None:
    """Refuse CDATA sections in the signature: pybergshamra reads a value only up to one."""
    if b"<![CDATA[" in etree.tostring(element, with_tail=False):
        raise malformed("The signature holds a CDATA section.", "Chữ ký chứa mục CDATA.", element)


def _read_signed_info(signed_info: etree._Element) -> tuple[str, bytes]:
    """The signature method and the signed digest, after every algorithm was found allowed."""
    references = signed_info.findall(f"{{{DSIG}}}Reference")
    if len(references) > 1:
        raise wrapped("The signature has several references.", "Chữ ký có nhiều Reference.", references[1])
    c14n, method, reference = children(
        signed_info, *ds("CanonicalizationMethod", "SignatureMethod", "Reference")
    )
    return read_methods(c14n, method), read_reference(reference)


def read_methods(c14n: etree._Element, method: etree._Element) -> str:
    """The signature method, which is allowed as the canonicalization is."""
    check_algorithm(c14n, EXCLUSIVE_C14N)
    check_algorithm(method, RSA_SHA256, ECDSA_SHA256)
    return method.get("Algorithm", "")


def read_reference(reference: etree._Element) -> bytes:
    """The digest of the whole document without the signature, which this reference must cover."""
    if reference.get("URI") != "":
        raise wrapped("The signature covers only a part.", "Chữ ký chỉ bao một phần.", reference)
    transforms, digest_method, digest = children(
        reference, *ds("Transforms", "DigestMethod", "DigestValue"), attributes=("Id", "URI")
    )
    _check_transforms(transforms)
    check_algorithm(digest_method, SHA256)
    return decode(digest)


def _check_transforms(transforms: etree._Element) -> None:
    steps = list(transforms)
    if not steps or steps[0].get("Algorithm") != ENVELOPED:
        raise wrapped(
            "The first transform is not enveloped-signature.",
            "Transform đầu tiên không phải enveloped-signature.",
            transforms,
        )
    if len(steps) != 2:
        raise algorithm_refused(transforms, f"{len(steps)} transforms")
    enveloped, c14n = children(transforms, *ds("Transform", "Transform"), attributes=())
    check_algorithm(enveloped, ENVELOPED)
    check_algorithm(c14n, EXCLUSIVE_C14N)


def read_key_info(key_info: etree._Element) -> bytes:
    """The one certificate that KeyInfo holds, DER."""
    (data,) = children(key_info, *ds("X509Data"))
    check_plain(data, ())
    certificates = data.findall(f"{{{DSIG}}}X509Certificate")
    if len(certificates) != 1 or any(child.tag not in _X509_CHILDREN for child in data):
        raise malformed(
            "KeyInfo must hold exactly one X509Certificate, the signer's, and no other key.",
            "KeyInfo phải chứa đúng một X509Certificate của người ký và không có khóa khác.",
            data,
        )
    for subject in data.iterchildren(f"{{{DSIG}}}X509SubjectName"):
        if len(subject) or subject.attrib:
            raise malformed("X509SubjectName is not plain.", "X509SubjectName sai dạng.", subject)
    return decode(certificates[0], attributes=())
