"""XAdES baseline B (ETSI EN 319 132-1): what a signature of the broker says of itself, and signs as well.

A second reference covers SignedProperties: when it was signed, with which certificate, and what kind of data.
One shape is made and that one is read; agencies' documents are read by ``enveloped.find``, without it.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from exchange.core import enveloped
from exchange.core.elements import check_algorithm, children, decode, malformed, text, wrapped
from exchange.core.enveloped import DSIG, EXCLUSIVE_C14N, SHA256, Enveloped, canonical, ds
from exchange.core.refusal import refuse

XADES = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"  # the Type of the reference (clause 4.3.1)

# Ids of the broker's own signatures; there is one signature in a document.
SIGNATURE_ID = "xades-signature"
CONTENT_ID = "xades-content"
PROPERTIES_ID = "xades-signed-properties"

REFERENCE_TEMPLATE = (
    f'<ds:Reference Type="{SIGNED_PROPERTIES}" URI="#{PROPERTIES_ID}">'
    f'<ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE_C14N}"/></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue></ds:DigestValue></ds:Reference>'
)
_PROPERTIES_TEMPLATE = (
    '<ds:Object><xades:QualifyingProperties xmlns:xades="{xades}" Target="#{signature}">'
    '<xades:SignedProperties Id="{properties}"><xades:SignedSignatureProperties>'
    "<xades:SigningTime>{at}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
    '<ds:DigestMethod Algorithm="{sha256}"/><ds:DigestValue>{certificate}</ds:DigestValue>'
    "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
    "<xades:SignedDataObjectProperties>{formats}</xades:SignedDataObjectProperties>"
    "</xades:SignedProperties></xades:QualifyingProperties></ds:Object>"
)
_FORMAT_TEMPLATE = (
    '<xades:DataObjectFormat ObjectReference="#{reference}"><xades:MimeType>{kind}</xades:MimeType>'
    "</xades:DataObjectFormat>"
)
_REFERENCES = f"{{{DSIG}}}SignedInfo/{{{DSIG}}}Reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualified:
    """A signature of the right shape with its qualifying properties, whose digest is the signed one."""

    signature: Enveloped
    signed_at: datetime | None  # the signer's word; None: a signature from before, without properties


def properties(certificate: x509.Certificate, at: str, kinds: dict[str, str]) -> str:
    """The ds:Object of a signature: made at this moment, of data with these MIME types by reference Id.

    With ``at`` as ``{at}`` it is a template for moments. DataObjectFormat is asked for each signed
    data object (clause 6.3, table 2).
    """
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return _PROPERTIES_TEMPLATE.format(
        xades=XADES,
        signature=SIGNATURE_ID,
        properties=PROPERTIES_ID,
        at=at,
        sha256=SHA256,
        certificate=base64.b64encode(digest).decode(),
        formats="".join(
            _FORMAT_TEMPLATE.format(reference=reference, kind=kind) for reference, kind in kinds.items()
        ),
    )


def find(root: etree._Element) -> Qualified:
    """The one signature of what the broker signed: with its properties, or plain as ``enveloped.find``.

    Refused as there, and with ``signature_invalid`` where the properties are not the signed ones or
    name another certificate than KeyInfo.
    """
    element, under_root = enveloped.locate(root)
    if element.find(f"{{{DSIG}}}Object") is None or len(element.findall(_REFERENCES)) < 2:
        return Qualified(signature=enveloped.find(root), signed_at=None)
    signed_info, value, key_info, container = children(
        element, *ds("SignedInfo", "SignatureValue", "KeyInfo", "Object")
    )
    c14n, method, content, reference = children(
        signed_info, *ds("CanonicalizationMethod", "SignatureMethod", "Reference", "Reference")
    )
    signature = Enveloped(
        element=element,
        signed_info=signed_info,
        method=enveloped.read_methods(c14n, method),
        digest=enveloped.read_reference(content),
        value=decode(value),
        certificate_der=enveloped.read_key_info(key_info),
        under_root=under_root,
        references=2,
    )
    signed_at = read_properties(element, container, reference, [content], signature.certificate_der)
    return Qualified(signature=signature, signed_at=signed_at)


def read_properties(
    element: etree._Element,
    container: etree._Element,
    reference: etree._Element,
    contents: list[etree._Element],
    certificate_der: bytes,
) -> datetime:
    """The time of signing, after the properties were found to be those that ``reference`` covers.

    ``contents`` are the other references; each has its DataObjectFormat, in this order.
    """
    (qualifying,) = children(container, _tag("QualifyingProperties"), attributes=())
    (signed,) = children(qualifying, _tag("SignedProperties"), attributes=("Target",))
    _check_target(qualifying, "Target", element)
    _check_reference(reference, signed)
    about_signature, about_data = children(
        signed, _tag("SignedSignatureProperties"), _tag("SignedDataObjectProperties")
    )
    time, certificates = children(about_signature, _tag("SigningTime"), _tag("SigningCertificateV2"))
    if _certificate_digest(certificates) != hashlib.sha256(certificate_der).digest():
        raise refuse(
            "signature_invalid",
            "The signed properties name another certificate than KeyInfo.",
            "Thuộc tính được ký ghi chứng thư số khác với KeyInfo.",
            "SigningCertificateV2",
        )
    formats = children(about_data, *[_tag("DataObjectFormat")] * len(contents))
    for described, content in zip(formats, contents, strict=True):
        _check_target(described, "ObjectReference", content)
        (kind,) = children(described, _tag("MimeType"), attributes=("ObjectReference",))
        text(kind)
    return _moment(time)


def _check_reference(reference: etree._Element, signed: etree._Element) -> None:
    """The reference covers exactly these properties, and their digest is the signed one."""
    if reference.get("Type") != SIGNED_PROPERTIES:
        raise wrapped("The signature has several references.", "Chữ ký có nhiều Reference.", reference)
    _check_target(reference, "URI", signed)
    transforms, method, digest = children(
        reference, *ds("Transforms", "DigestMethod", "DigestValue"), attributes=("Id", "Type", "URI")
    )
    (c14n,) = children(transforms, *ds("Transform"), attributes=())
    check_algorithm(c14n, EXCLUSIVE_C14N)
    check_algorithm(method, SHA256)
    if hashlib.sha256(canonical(signed)).digest() != decode(digest):
        raise refuse(
            "signature_invalid",
            "The properties of the signature are not the ones that were signed.",
            "Thuộc tính của chữ ký khác với thuộc tính đã ký.",
            "SignedProperties",
        )


def _check_target(pointer: etree._Element, attribute: str, target: etree._Element) -> None:
    if not target.get("Id") or pointer.get(attribute) != f"#{target.get('Id')}":
        raise wrapped(
            "A reference points to something else than it should.",
            "Một tham chiếu trỏ sai phần tử.",
            pointer,
        )


def _certificate_digest(certificates: etree._Element) -> bytes:
    (certificate,) = children(certificates, _tag("Cert"), attributes=())
    (container,) = children(certificate, _tag("CertDigest"), attributes=())
    method, digest = children(container, *ds("DigestMethod", "DigestValue"), attributes=())
    check_algorithm(method, SHA256)
    return decode(digest)


def _moment(time: etree._Element) -> datetime:
    try:
        moment = datetime.fromisoformat(text(time))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise malformed("SigningTime is not a moment.", "SigningTime không phải thời điểm.", time)
    return moment


def _tag(name: str) -> str:
    return f"{{{XADES}}}{name}"
