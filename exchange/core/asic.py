"""ASiC-E with XAdES: a container whose files one signature covers (ETSI EN 319 162-1 clause 4.4).

The signature refers to every file, and to the two lists in META-INF. ASiCManifest has the same digests
once more, in a form that is followed with openssl alone.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from cryptography import x509
from lxml import etree

from exchange.core import asic_signature
from exchange.core.asic_signature import NAMESPACE, Signed
from exchange.core.container import Container, ContainerLimits, pack, unpack
from exchange.core.elements import check_algorithm, children, decode, malformed
from exchange.core.enveloped import DSIG, SHA256, ds
from exchange.core.parsing import ParseLimits, parse
from exchange.core.refusal import refuse
from exchange.core.signing import SigningKey
from exchange.core.trust import fingerprint

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
MANIFEST = "META-INF/manifest.xml"
ASIC_MANIFEST = "META-INF/ASiCManifest001.xml"
SIGNATURES = "META-INF/signatures001.xml"
OWN = (MANIFEST, ASIC_MANIFEST, SIGNATURES)
LIMITS = ParseLimits(document_bytes_max=16_000_000, depth_max=16)
_ODF = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file to be packed, with its MIME type."""

    name: str
    content: bytes
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the signature of a container proves. ``changed`` and ``missing`` are the faults."""

    signed_at: datetime
    covered: tuple[str, ...]
    changed: tuple[str, ...]
    """Files that are not those that were signed."""
    missing: tuple[str, ...]
    """Files that were signed and are not there."""
    uncovered: tuple[str, ...]
    """Files that the signature says nothing of."""


def build(parts: Sequence[Part], key: SigningKey, at: datetime) -> bytes:
    """The container, signed at this moment. Equal parts, key and moment give equal bytes."""
    listed = [*parts, Part(name=MANIFEST, content=_manifest(parts), kind="text/xml")]
    asic_manifest = Part(name=ASIC_MANIFEST, content=_asic_manifest(listed), kind="text/xml")
    signature = asic_signature.sign(
        [(each.name, each.content, each.kind) for each in (*listed, asic_manifest)], key, at
    )
    files = [(each.name, each.content) for each in (*listed, asic_manifest)]
    return pack(MEDIA_TYPE, [*files, (SIGNATURES, signature)])


def read(content: bytes, limits: ContainerLimits | None = None) -> Container:
    """Unpack; ``NotAContainer`` if it is none, ``signature_missing`` if it is not a signed ASiC-E."""
    container = unpack(content, limits or ContainerLimits())
    if container.media_type != MEDIA_TYPE or SIGNATURES not in container.files:
        raise refuse(
            "signature_missing",
            f"The container has no {SIGNATURES}.",
            f"Gói không có {SIGNATURES}.",
            "mimetype" if container.media_type != MEDIA_TYPE else SIGNATURES,
        )
    return container


def named_certificate(container: Container) -> bytes:
    """The certificate that the signature names, DER; nothing is verified yet."""
    return asic_signature.read(container.files[SIGNATURES]).certificate_der


def verify(container: Container, certificate: x509.Certificate) -> Coverage:
    """What the holder of ``certificate`` signed of this container.

    Refused if the signature itself does not hold: with the codes of ``xades.find``, and
    ``certificate_unknown`` if it names another certificate. Changed and missing files are told, not
    refused: the reader wants to know which.
    """
    signed = asic_signature.read(container.files[SIGNATURES])
    if hashlib.sha256(signed.certificate_der).hexdigest() != fingerprint(certificate):
        raise refuse("certificate_unknown", where="KeyInfo", expected=fingerprint(certificate))
    if not asic_signature.is_signed_by(signed, certificate):
        raise refuse(
            "signature_invalid",
            "The container's signature was not made with the key of this certificate, or was altered.",
            "Chữ ký của gói không được tạo bằng khóa của chứng thư số này, hoặc đã bị sửa.",
            SIGNATURES,
        )
    files = container.files
    digests = {name: hashlib.sha256(content).digest() for name, content in files.items()}
    changed = [name for name, digest in signed.digests.items() if name in files and digests[name] != digest]
    damaged = [name for name in container.damaged if name in signed.digests]
    missing = [name for name in signed.digests if name not in files and name not in damaged]
    if not (changed or damaged or missing):
        _check_agreement(signed, files, certificate)
    return Coverage(
        signed_at=signed.signed_at,
        covered=tuple(name for name in signed.digests if name in files and name not in changed),
        changed=(*changed, *damaged),
        missing=tuple(missing),
        uncovered=tuple(
            name for name in (*files, *container.damaged) if name not in signed.digests and name != SIGNATURES
        ),
    )


def _check_agreement(signed: Signed, files: Mapping[str, bytes], certificate: x509.Certificate) -> None:
    """Other readers must find what we find: signxml, and whoever goes by the list in the container."""
    if not asic_signature.is_confirmed(signed, certificate, files.__getitem__):
        raise refuse("signature_disputed", where=SIGNATURES, own_reading=True)
    listed = read_manifest(files[ASIC_MANIFEST]) if ASIC_MANIFEST in files else {}
    if listed != {name: digest for name, digest in signed.digests.items() if name != ASIC_MANIFEST}:
        raise refuse(
            "signature_wrapped",
            "The container's list of files and its signature differ.",
            "Danh mục tệp của gói và chữ ký khác nhau.",
            ASIC_MANIFEST,
        )


def read_manifest(content: bytes) -> dict[str, bytes]:
    """Name and SHA-256 of each file that an ASiCManifest lists, strictly."""
    root = parse(content, LIMITS)
    tag = f"{{{NAMESPACE}}}"
    references = root.findall(f"{tag}DataObjectReference")
    if root.tag != f"{tag}ASiCManifest":
        raise malformed("This is no ASiCManifest.", "Đây không phải ASiCManifest.", root)
    children(root, f"{tag}SigReference", *[f"{tag}DataObjectReference"] * len(references), attributes=())
    digests: dict[str, bytes] = {}
    for reference in references:
        method, digest = children(
            reference, *ds("DigestMethod", "DigestValue"), attributes=("URI", "MimeType")
        )
        check_algorithm(method, SHA256)
        name = unquote(reference.get("URI", ""))
        if name in digests:
            raise malformed("A file is listed twice.", "Một tệp bị liệt kê hai lần.", reference)
        digests[name] = decode(digest)
    return digests


def _manifest(parts: Sequence[Part]) -> bytes:
    root = etree.Element(f"{{{_ODF}}}manifest", nsmap={"manifest": _ODF})
    root.set(f"{{{_ODF}}}version", "1.2")
    for path, kind in (("/", MEDIA_TYPE), *((each.name, each.kind) for each in parts)):
        entry = etree.SubElement(root, f"{{{_ODF}}}file-entry")
        entry.set(f"{{{_ODF}}}full-path", path)
        entry.set(f"{{{_ODF}}}media-type", kind)
    return _written(root)


def _asic_manifest(parts: Sequence[Part]) -> bytes:
    root = etree.Element(f"{{{NAMESPACE}}}ASiCManifest", nsmap={"asic": NAMESPACE, "ds": DSIG})
    etree.SubElement(root, f"{{{NAMESPACE}}}SigReference", {"URI": SIGNATURES, "MimeType": "text/xml"})
    for part in parts:
        reference = etree.SubElement(
            root, f"{{{NAMESPACE}}}DataObjectReference", {"URI": quote(part.name), "MimeType": part.kind}
        )
        etree.SubElement(reference, f"{{{DSIG}}}DigestMethod", {"Algorithm": SHA256})
        digest = etree.SubElement(reference, f"{{{DSIG}}}DigestValue")
        digest.text = base64.b64encode(hashlib.sha256(part.content).digest()).decode()
    return _written(root)


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
