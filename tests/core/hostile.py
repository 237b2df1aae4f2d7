"""Hostile and broken signed documents, each with the code that it must be refused with.

Reusable: ``cast()`` has the keys, ``message()`` an unsigned document, ``hostile()`` the corpus.
"""

import base64
import copy
import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import SignatureMethod

from exchange.core.enveloped import DSIG, ECDSA_SHA256, EDXML, ENVELOPED, EXCLUSIVE_C14N, RSA_SHA256, SHA256
from exchange.core.signing import PrivateKey, SigningKey, sign
from exchange.core.trust import RegisteredCertificate, Trust, fingerprint
from exchange.demo.authority import Authority

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_DIGESTS = {SHA256: "sha256", DSIG + "sha1": "sha1", MORE + "md5": "md5", MORE + "sha384": "sha384"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The keys of one story; making them costs a second, so they are made once per process."""

    authority: Authority
    rsa: SigningKey  # the sender's
    ec: SigningKey  # the sender's too
    other: SigningKey  # another agency's
    unregistered: SigningKey
    expired: SigningKey
    early: SigningKey

    @property
    def trust(self) -> Trust:
        """All but one are registered."""
        agencies = [(self.rsa, "000.00.01.H45"), (self.ec, "000.00.01.H45"), (self.other, "000.00.02.H45")]
        agencies += [(self.expired, "000.00.01.H45"), (self.early, "000.00.01.H45")]
        return trust_of(*agencies)


def trust_of(*agencies: tuple[SigningKey, str]) -> Trust:
    entries = [registered(key.certificate, code) for key, code in agencies]
    return Trust(certificates={entry.fingerprint: entry for entry in entries})


def registered(
    certificate: x509.Certificate,
    agency: str,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
) -> RegisteredCertificate:
    return RegisteredCertificate(
        fingerprint=fingerprint(certificate),
        agency=agency,
        certificate=certificate,
        valid_from=valid_from or NOW - timedelta(days=300),
        valid_to=valid_to,
    )


def self_made(
    key: PrivateKey | ed25519.Ed25519PrivateKey,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, NOW - timedelta(days=9), NOW + timedelta(days=9)
    )
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


@cache
def cast() -> Cast:
    begin = NOW - timedelta(days=100)
    authority = Authority.create("CA thử nghiệm", NOW - timedelta(days=1000))
    return Cast(
        authority=authority,
        rsa=authority.issue("UBND tỉnh", "000.00.01.H45", begin, algorithm="rsa"),
        ec=authority.issue("UBND tỉnh", "000.00.01.H45", begin),
        other=authority.issue("Sở Tài chính", "000.00.02.H45", begin),
        unregistered=authority.issue("Không đăng ký", "000.00.03.H45", begin),
        expired=authority.issue("UBND tỉnh", "000.00.01.H45", begin, days=99),
        early=authority.issue("UBND tỉnh", "000.00.01.H45", NOW + timedelta(days=1)),
    )


def message(subject: str = "V/v họp & báo cáo <quý IV>", content: str = "VsSDbiBi4bqjbg==") -> etree._Element:
    """A small unsigned document in the form of QCVN 102, with prefixed and unprefixed elements."""
    text = f"""<edXML xmlns="{EDXML}">
  <edXML:edXMLEnvelope xmlns:edXML="{EDXML}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>000.00.01.H45</edXML:OrganId><edXML:OrganName>UBND tỉnh</edXML:OrganName></edXML:From>
        <edXML:To><edXML:OrganId>000.00.02.H45</edXML:OrganId></edXML:To>
        <edXML:DocumentId>000.00.01.H45,2026/11/24,12/UBND-VX</edXML:DocumentId>
        <edXML:Subject/>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList>
        <edXML:TraceHeader><edXML:OrganId>000.00.01.H45</edXML:OrganId><edXML:Timestamp>2026/11/24 08:59:00</edXML:Timestamp></edXML:TraceHeader>
        <edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType></edXML:Bussiness>
      </edXML:TraceHeaderList>
    </edXML:edXMLHeader>
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0">
        <edXML:Reference><edXML:ContentId>cid:1</edXML:ContentId><edXML:AttachmentName>a.pdf</edXML:AttachmentName></edXML:Reference>
      </edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded>
    <Attachment><ContentId>cid:1</ContentId><ContentTransferEncoded>{content}</ContentTransferEncoded></Attachment>
  </AttachmentEncoded>
</edXML>"""  # noqa: E501
    root = etree.fromstring(text.encode())
    next(root.iter("{*}Subject")).text = subject
    return root


def signed(key: SigningKey | None = None) -> bytes:
    return sign(message(), key or cast().rsa)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    name: str
    document: bytes
    code: str


@cache
def hostile() -> tuple[Hostile, ...]:
    """The corpus: everything here is refused with its code, whoever verifies."""
    corpus = (
        *_of_parsing(),
        *_of_number(),
        *_of_position(),
        *_of_parts(),
        *_of_algorithms(),
        *_of_references(),
        *_of_content(),
        *_of_keys(),
    )
    return tuple(Hostile(name=name, document=document, code=code) for name, document, code in corpus)


Case = tuple[str, bytes, str]


def _of_parsing() -> Iterator[Case]:
    document = signed()
    body = document.split(b"\n", 1)[1]
    for name, doctype in {
        "a plain DOCTYPE": b"<!DOCTYPE edXML>",
        "a DOCTYPE behind a comment": b"<!-- x --> <!DOCTYPE edXML>",
        "a DOCTYPE with an address": b'<!DOCTYPE edXML SYSTEM "http://127.0.0.1:9/x.dtd">',
        "a billion laughs": b'<!DOCTYPE l [<!ENTITY a "lol">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
        + b"]>",
        "a quadratic blow-up": b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 100_000 + b'">]>',
        "an external file": b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        "an external address": b'<!DOCTYPE l [<!ENTITY a SYSTEM "http://127.0.0.1:9/">]>',
        "an external parameter entity": b'<!DOCTYPE l [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]>',
    }.items():
        yield name, doctype + body.replace(b"12/UBND-VX", b"&a;"), "xml_forbidden"
    yield "an instruction before the root", b"<?x y?>" + body, "xml_forbidden"
    yield "an instruction after the root", body + b"<?x y?>", "xml_forbidden"
    yield "an instruction inside", body.replace(b"<edXML:To>", b"<edXML:To><?x y?>"), "xml_forbidden"
    yield "a comment inside a value", body.replace(b"00.02", b"00.0<!-- -->2"), "xml_forbidden"
    yield "a comment before a value", body.replace(b">000.00.02", b"><!-- -->000.00.02"), "xml_forbidden"
    yield "a comment after a value", body.replace(b"0.02.H45<", b"0.02.H45<!-- --><"), "xml_forbidden"
    yield "a declaration of UTF-16", document.replace(b"'UTF-8'", b"'UTF-16'"), "xml_forbidden"
    yield "a declaration of UTF-7", document.replace(b"'UTF-8'", b"'UTF-7'"), "xml_forbidden"
    yield "UTF-16 with a mark", body.decode().encode("utf-16"), "xml_forbidden"
    yield "UTF-16 without a mark", body.decode().encode("utf-16-be"), "xml_forbidden"
    yield "XML 1.1", document.replace(b"'1.0'", b"'1.1'"), "xml_forbidden"
    yield "deep nesting", b"<a>" * 5000 + b"</a>" * 5000, "xml_forbidden"
    yield "nesting just too deep", b"<a>" * 33 + b"</a>" * 33, "xml_forbidden"
    yield (
        "a huge attribute",
        body.replace(b"<AttachmentEncoded", b'<AttachmentEncoded a="%s"' % (b"x" * 100_000)),
        "xml_forbidden",
    )
    yield "a gigantic attribute", b'<a b="' + b"x" * 10_500_000 + b'"/>', "document_too_large"
    yield "a gigantic text", b"<a>" + b"x" * 10_500_000 + b"</a>", "document_too_large"
    yield "a gigantic CDATA section", b"<a><![CDATA[" + b"x" * 10_500_000 + b"]]></a>", "document_too_large"
    yield "a gigantic document", b" " * 16_000_001, "document_too_large"
    yield "very many elements", b"<a>" + b"<b/>" * 200_000 + b"</a>", "xml_forbidden"
    yield (
        "very many attributes",
        b"<a " + b"".join(b'b%d="" ' % n for n in range(250_000)) + b"/>",
        "xml_forbidden",
    )
    yield "a long namespace on many elements", _namespaced(), "xml_forbidden"
    yield "a very long name", b"<" + b"a" * 60_000 + b"/>", "xml_forbidden"
    yield (
        "a relative namespace",
        body.replace(b"<edXML:To>", b'<edXML:To xmlns:r="relative">'),
        "xml_forbidden",
    )
    yield "an unknown entity", body.replace(b"12/UBND-VX", b"&a;"), "xml_malformed"
    yield "an unbound prefix", body.replace(b"<edXML:To>", b"<x:y/><edXML:To>"), "xml_malformed"
    yield "bytes that are not UTF-8", body.replace(b"12/UBND-VX", b"\xff"), "xml_malformed"
    yield "an encoded surrogate", body.replace(b"12/UBND-VX", b"\xed\xa0\x80"), "xml_malformed"
    yield "two roots", body + body, "xml_malformed"
    yield "half a document", body[:1000], "xml_malformed"
    yield "no document", b"", "xml_malformed"
    yield "a PDF", b"%PDF-1.7\n", "xml_malformed"


def _namespaced() -> bytes:
    return b'<a xmlns:p="urn:' + b"x" * 50_000 + b'">' + b"<p:b/>" * 20_000 + b"</a>"


def _of_number() -> Iterator[Case]:
    document = signed()
    unsigned = etree.tostring(message())
    raw = document[document.index(b"<ds:Signature ") : document.index(b"</edXML:edXMLHeader>")]
    yield "no signature", unsigned, "signature_missing"
    yield (
        "an empty DigitalSignature",
        _edit(document, _replace_signature(f"{{{EDXML}}}DigitalSignature")),
        "signature_missing",
    )
    yield (
        "a signature in the edXML namespace",
        document.replace(DSIG.encode(), EDXML.encode()),
        "signature_namespace",
    )
    yield (
        "a signature in no namespace",
        _edit(document, _replace_signature("Signature")),
        "signature_namespace",
    )
    yield (
        "another Signature beside",
        document.replace(b"<edXML:To>", b"<Signature/><edXML:To>"),
        "signature_namespace",
    )
    yield "a second signature after", document.replace(raw, raw + raw), "signature_multiple"
    yield (
        "a second signature before",
        document.replace(b"<edXML:MessageHeader>", raw + b"<edXML:MessageHeader>", 1),
        "signature_multiple",
    )
    yield (
        "a second signature under the root",
        document.replace(b"</edXML>", raw + b"</edXML>"),
        "signature_multiple",
    )
    yield (
        "a second signature, empty",
        document.replace(raw, b'<Signature xmlns="%s"/>' % DSIG.encode() + raw),
        "signature_multiple",
    )
    yield "another agency's signature before", _signed_twice(), "signature_multiple"


def _of_position() -> Iterator[Case]:
    document = signed()
    for parent in ("MessageHeader", "TraceHeaderList", "edXMLEnvelope", "edXMLBody", "Subject", "Attachment"):
        yield f"the signature moved to {parent}", _edit(document, _moved_to(parent)), "signature_wrapped"
    yield (
        "the document wrapped in a root",
        b"<edXML>" + document.split(b"\n", 1)[1] + b"</edXML>",
        "signature_wrapped",
    )
    yield "the document wrapped in a second envelope", _edit(document, _wrapped_envelope), "signature_wrapped"
    yield (
        "a header of another namespace",
        document.replace(b"edXML:edXMLHeader", b"edXML:Header"),
        "signature_wrapped",
    )
    yield (
        "an Object",
        document.replace(b"</ds:Signature>", b"<ds:Object/></ds:Signature>"),
        "signature_wrapped",
    )
    yield "the document moved into an Object", _edit(document, _original_in_object), "signature_wrapped"
    yield "an identifier used twice", _sign_text('<a><b Id="x"/><c ID="x"/></a>'), "signature_wrapped"
    yield (
        "a prefixed identifier used twice",
        _sign_text('<a xmlns:p="urn:p"><b p:id="x"/><c id="x"/></a>'),
        "signature_wrapped",
    )


def _of_parts() -> Iterator[Case]:
    """The signature's own elements: too much, missing, or unreadable."""
    document = signed()
    own, other = _certificate(cast().rsa), _certificate(cast().other)
    for name, old, new in (
        ("a KeyValue", b"<ds:X509Data>", _key_value(cast().other) + b"<ds:X509Data>"),
        ("a KeyName", b"<ds:X509Data>", b"<ds:KeyName>x</ds:KeyName><ds:X509Data>"),
        (
            "a RetrievalMethod",
            b"<ds:X509Data>",
            b'<ds:RetrievalMethod URI="http://127.0.0.1:9/"/><ds:X509Data>',
        ),
        ("a second certificate", b"</ds:X509Data>", other + b"</ds:X509Data>"),
        ("a second X509Data", b"</ds:KeyInfo>", b"<ds:X509Data>" + other + b"</ds:X509Data></ds:KeyInfo>"),
        ("a certificate in the edXML namespace", own, own.replace(b"ds:", b"edXML:")),
        ("a certificate revocation list", b"</ds:X509Data>", b"<ds:X509CRL>AAAA</ds:X509CRL></ds:X509Data>"),
        ("no certificate", own, b""),
        ("an empty certificate", own, b"<ds:X509Certificate/>"),
        ("text between", b"<ds:KeyInfo>", b"x<ds:KeyInfo>"),
        ("an unknown attribute", b"<ds:KeyInfo>", b'<ds:KeyInfo a="b">'),
        ("an odd Id", b"<ds:KeyInfo>", b'<ds:KeyInfo Id="1 2">'),
        ("a doubled padding", b"=</ds:SignatureValue>", b"==</ds:SignatureValue>"),
        ("a wrong character in base64", b"<ds:SignatureValue>", b"<ds:SignatureValue>*"),
        ("an element in base64", b"<ds:SignatureValue>", b"<ds:SignatureValue><ds:x/>"),
        ("a second value", b"<ds:KeyInfo>", b"<ds:SignatureValue>AAAA</ds:SignatureValue><ds:KeyInfo>"),
        ("a CDATA section", b"<ds:SignatureValue>", b"<ds:SignatureValue><![CDATA[]]>"),
        ("an unknown element", b"<ds:KeyInfo>", b"<x/><ds:KeyInfo>"),
    ):
        assert old in document
        yield f"{name} in the signature", document.replace(old, new), "signature_malformed"
    for part in ("SignedInfo", "SignatureValue", "KeyInfo"):
        yield f"no {part}", _edit(document, _without(part)), "signature_malformed"


def _of_algorithms() -> Iterator[Case]:
    key = cast().rsa
    spki = key.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    refused = "signature_algorithm"
    yield "RSA-SHA1", forge(message(), key, value=_rsa(hashes.SHA1()), method=DSIG + "rsa-sha1"), refused
    yield "RSA-MD5", forge(message(), key, value=_rsa(hashes.MD5()), method=MORE + "rsa-md5"), refused
    yield (
        "RSA-SHA512",
        forge(message(), key, value=_rsa(hashes.SHA512()), method=MORE + "rsa-sha512"),
        refused,
    )
    yield (
        "HMAC keyed with the public key, DER",
        forge(message(), key, value=_hmac(spki), method=MORE + "hmac-sha256"),
        refused,
    )
    yield (
        "HMAC keyed with the public key, PEM",
        forge(message(), key, value=_hmac(pem), method=MORE + "hmac-sha256"),
        refused,
    )
    yield (
        "HMAC with an empty key",
        forge(message(), key, value=_hmac(b""), method=MORE + "hmac-sha256"),
        refused,
    )
    yield "HMAC-SHA1", forge(message(), key, value=_hmac(spki), method=DSIG + "hmac-sha1"), refused
    for name, digest in (("SHA-1", DSIG + "sha1"), ("MD5", MORE + "md5"), ("SHA-384", MORE + "sha384")):
        yield f"a digest by {name}", forge(message(), key, digest_method=digest), refused
    for name, c14n in (
        ("inclusive", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        ("exclusive with comments", EXCLUSIVE_C14N + "WithComments"),
        ("misnamed", "http://www.w3.org/TR/xml-exc-c14n#"),
    ):
        yield f"SignedInfo by {name} C14N", forge(message(), key, c14n=c14n), refused
        yield f"content by {name} C14N", forge(message(), key, transforms=(ENVELOPED, c14n)), refused
    for name, transform in (
        ("XPath", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ("XSLT", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("base64", DSIG + "base64"),
    ):
        yield (
            f"a transform by {name}",
            forge(message(), key, transforms=(ENVELOPED, transform, EXCLUSIVE_C14N)),
            refused,
        )
    yield "no C14N transform", forge(message(), key, transforms=(ENVELOPED,)), refused
    document = signed()
    prefixes = b'<ec:InclusiveNamespaces xmlns:ec="%s" PrefixList="edXML"/>' % EXCLUSIVE_C14N.encode()
    for element in (b"CanonicalizationMethod", b"Transform"):
        old = b'<ds:%s Algorithm="%s"/>' % (element, EXCLUSIVE_C14N.encode())
        new = old[:-2] + b">" + prefixes + b"</ds:" + element + b">"
        assert old in document
        yield f"a PrefixList in {element.decode()}", document.replace(old, new), refused
    length = b'#rsa-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>'
    yield "an HMACOutputLength", document.replace(b'#rsa-sha256"/>', length), refused
    yield "no algorithm", document.replace(b'Algorithm="%s"' % SHA256.encode(), b""), refused


def _of_references() -> Iterator[Case]:
    key, refused = cast().rsa, "signature_wrapped"
    yield "a signature over the subject only", _over_a_part("Subject"), refused
    yield "a signature over an empty element", _over_a_part("BussinessDocType"), refused
    yield "two references", forge(message(), key, targets=("", "")), refused
    yield "a reference more", _over_a_part("Subject", beside=("",)), refused
    yield "no URI", signed().replace(b' URI=""', b""), refused
    yield "an XPointer to the root", signed().replace(b'URI=""', b'URI="#xpointer(/)"'), refused
    yield "a reference to a file", signed().replace(b'URI=""', b'URI="file:///etc/passwd"'), refused
    yield "a reference to an address", signed().replace(b'URI=""', b'URI="http://127.0.0.1:9/"'), refused
    yield "no reference", _edit(signed(), _without("Reference")), "signature_malformed"
    yield "no transforms", _edit(signed(), _without("Transforms")), "signature_malformed"
    yield "no enveloped transform", forge(message(), key, transforms=(EXCLUSIVE_C14N,)), refused
    yield (
        "the transforms in the other order",
        forge(message(), key, transforms=(EXCLUSIVE_C14N, ENVELOPED)),
        refused,
    )
    yield from _wrapping()


def _wrapping() -> Iterator[Case]:
    """The classical forms (McIntosh and Austel 2005; Somorovsky et al. 2012) with a signature by Id."""
    original = etree.fromstring(_over_a_part(None, mark="original"))
    evil = message(subject="Chuyển tiền")
    header = evil.find(f".//{{{EDXML}}}edXMLHeader")
    assert header is not None

    def variant(
        build: Callable[[etree._Element, etree._Element, etree._Element], None], identifier: str = ""
    ) -> bytes:
        document, inner = copy.deepcopy(evil), copy.deepcopy(original)
        if identifier:
            document.set("Id", identifier)
        signature = _signature(inner)
        place = document.find(f".//{{{EDXML}}}edXMLHeader")
        assert place is not None
        place.append(signature)
        build(document, inner, signature)
        return etree.tostring(document)

    def in_object(_: etree._Element, inner: etree._Element, signature: etree._Element) -> None:
        etree.SubElement(signature, f"{{{DSIG}}}Object").append(inner)

    def last(document: etree._Element, inner: etree._Element, _: etree._Element) -> None:
        document.append(inner)

    def first(document: etree._Element, inner: etree._Element, _: etree._Element) -> None:
        document.insert(0, inner)

    refused = "signature_wrapped"
    yield "the original in an Object, found by Id", variant(in_object), refused
    yield "the original as a last sibling, found by Id", variant(last), refused
    yield "the original as a first sibling, found by Id", variant(first), refused
    yield "the original beside, with a doubled Id", variant(last, "original"), refused


def _of_content() -> Iterator[Case]:
    for key in (cast().rsa, cast().ec):
        document, kind = signed(key), key.method.name
        for name, old, new in (
            ("an element's text", b"12/UBND-VX", b"13/UBND-VX"),
            ("the receiver", b"000.00.02.H45", b"000.00.04.H45"),
            ("an attachment", b"VsSDbiBi", b"VsSDbiBj"),
            ("an attribute", b'version="1.0"', b'version="1.1"'),
            ("a space in a text", b"UBND t", b"UBND  t"),
            ("white space between elements", b"<edXML:Bussiness>", b"\n<edXML:Bussiness>"),
            ("a new attribute", b"<edXML:To>", b'<edXML:To a="">'),
            ("a new element", b"<edXML:To>", b"<edXML:To><edXML:Email>x</edXML:Email>"),
            ("a removed element", b"<edXML:AttachmentName>a.pdf</edXML:AttachmentName>", b""),
            ("another prefix", b"edXML:", b"e:"),
            ("the digest, longer", b"<ds:DigestValue>", b"<ds:DigestValue>AAAA"),
            ("the text after the signature", b"</ds:Signature>", b"</ds:Signature> "),
            ("white space in SignedInfo", b"<ds:SignatureMethod", b" <ds:SignatureMethod"),
        ):
            assert old in document, old
            changed = document.replace(old, new).replace(
                b"xmlns:edXML", b"xmlns:e" if new == b"e:" else b"xmlns:edXML"
            )
            yield f"changed: {name} ({kind})", changed, "signature_invalid"
        yield f"two elements swapped ({kind})", _edit(document, _swap), "signature_invalid"
        yield f"an element doubled ({kind})", _edit(document, _double), "signature_invalid"
        size = 64 if key.method is SignatureMethod.ECDSA_SHA256 else 256
        for name, part, content, code in (
            ("the digest of nothing", "DigestValue", hashlib.sha256(b"").digest(), "signature_invalid"),
            ("a value of zeros", "SignatureValue", bytes(size), "signature_invalid"),
            ("a value of ones", "SignatureValue", b"\xff" * size, "signature_invalid"),
            ("a short value", "SignatureValue", b"\x01" * (size - 1), "signature_malformed"),
            ("a long value", "SignatureValue", b"\x01" * (size + 1), "signature_malformed"),
        ):
            yield f"{name} ({kind})", _edit(document, _set(part, content)), code


def _of_keys() -> Iterator[Case]:
    people = cast()
    forged = forge(message(), people.ec, value=_ecdsa(people.other), method=ECDSA_SHA256)
    yield "another key than the certificate's", forged, "signature_invalid"
    swapped = signed(people.ec).replace(_certificate(people.ec), _certificate(people.other))
    yield "the embedded certificate swapped", swapped, "signature_invalid"
    swapped = signed(people.rsa).replace(_certificate(people.rsa), _certificate(people.ec))
    yield "the embedded certificate swapped for one of another kind", swapped, "signature_invalid"
    confused = forge(message(), people.rsa, value=_ecdsa(people.ec), method=ECDSA_SHA256)
    yield "an ECDSA method with an RSA certificate", confused, "signature_invalid"
    der = forge(message(), people.ec, value=_ecdsa(people.ec, der=True), method=ECDSA_SHA256)
    yield "an ECDSA value in DER", der, "signature_malformed"
    yield "an RSA value without its leading zero", _without_zero(), "signature_malformed"
    yield "an unregistered certificate", signed(people.unregistered), "certificate_unknown"
    truncated = signed().replace(_certificate(people.rsa), b"<ds:X509Certificate>AAAA</ds:X509Certificate>")
    yield "a certificate that is none", truncated, "certificate_unknown"
    yield (
        "the authority's own certificate",
        signed().replace(_certificate(people.rsa), _authority()),
        "certificate_unknown",
    )
    yield "an expired certificate", signed(people.expired), "certificate_expired"
    yield "a certificate of tomorrow", signed(people.early), "certificate_expired"


# --- how they are made ---


def forge(
    root: etree._Element,
    key: SigningKey,
    *,
    value: Callable[[bytes], bytes] | None = None,
    method: str = RSA_SHA256,
    digest_method: str = SHA256,
    c14n: str = EXCLUSIVE_C14N,
    transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE_C14N),
    targets: tuple[str, ...] = ("",),
) -> bytes:
    """Sign with any algorithms and references: genuine where a permissive verifier would accept it."""
    info = etree.Element(f"{{{DSIG}}}SignedInfo", nsmap={"ds": DSIG})
    etree.SubElement(info, f"{{{DSIG}}}CanonicalizationMethod", Algorithm=c14n)
    etree.SubElement(info, f"{{{DSIG}}}SignatureMethod", Algorithm=method)
    for uri in targets:
        target = root.xpath("//*[@Id=$uri]", uri=uri[1:])[0] if uri else root
        reference = etree.SubElement(info, f"{{{DSIG}}}Reference", URI=uri)
        steps = etree.SubElement(reference, f"{{{DSIG}}}Transforms")
        for transform in transforms:
            etree.SubElement(steps, f"{{{DSIG}}}Transform", Algorithm=transform)
        etree.SubElement(reference, f"{{{DSIG}}}DigestMethod", Algorithm=digest_method)
        digest = hashlib.new(_DIGESTS[digest_method], _c14n(target, transforms[-1])).digest()
        etree.SubElement(reference, f"{{{DSIG}}}DigestValue").text = base64.b64encode(digest).decode()
    signature = etree.Element(f"{{{DSIG}}}Signature", nsmap={"ds": DSIG})
    signature.append(info)
    content = (value or _rsa(hashes.SHA256()))(_c14n(info, c14n))
    etree.SubElement(signature, f"{{{DSIG}}}SignatureValue").text = base64.b64encode(content).decode()
    signature.append(key.key_info())
    header = root.find(f".//{{{EDXML}}}edXMLHeader")
    (root if header is None else header).append(signature)
    return etree.tostring(root)


def _c14n(element: etree._Element, algorithm: str) -> bytes:
    return etree.tostring(
        element, method="c14n", exclusive="exc" in algorithm, with_comments="With" in algorithm
    )


def _rsa(digest: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    key = cast().rsa.private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    return lambda data: key.sign(data, padding.PKCS1v15(), digest)


def _ecdsa(signer: SigningKey, *, der: bool = False) -> Callable[[bytes], bytes]:
    key = signer.private_key
    assert isinstance(key, ec.EllipticCurvePrivateKey)

    def value(data: bytes) -> bytes:
        content = key.sign(data, ec.ECDSA(hashes.SHA256()))
        return (
            content
            if der
            else b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(content))
        )

    return value


def _hmac(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda data: hmac.digest(secret, data, "sha256")


def _over_a_part(name: str | None, mark: str = "part", beside: tuple[str, ...] = ()) -> bytes:
    root = message()
    target = root if name is None else next(root.iter(f"{{{EDXML}}}{name}"))
    target.set("Id", mark)
    return forge(root, cast().rsa, targets=(f"#{mark}", *beside))


def _sign_text(text: str) -> bytes:
    return sign(etree.fromstring(text), cast().rsa)


def _without_zero() -> bytes:
    """A genuine signature whose value begins with a zero byte, which is left out: one in 256 does."""
    for number in range(10_000):
        root = etree.fromstring(sign(message(subject=f"số {number}"), cast().rsa))
        value = next(root.iter(f"{{{DSIG}}}SignatureValue"))
        content = base64.b64decode(value.text or "")
        if content[0] == 0:
            value.text = base64.b64encode(content[1:]).decode()
            return etree.tostring(root)
    raise AssertionError("no signature began with a zero byte")


def _signed_twice() -> bytes:
    document = signed()
    foreign = etree.tostring(_signature(etree.fromstring(signed(cast().other))), with_tail=False)
    return document.replace(b"<ds:Signature ", foreign + b"<ds:Signature ", 1)


def _certificate(key: SigningKey) -> bytes:
    content = base64.b64encode(key.certificate.public_bytes(Encoding.DER))
    return b"<ds:X509Certificate>" + content + b"</ds:X509Certificate>"


def _authority() -> bytes:
    content = base64.b64encode(cast().authority.certificate.public_bytes(Encoding.DER))
    return b"<ds:X509Certificate>" + content + b"</ds:X509Certificate>"


def _key_value(key: SigningKey) -> bytes:
    public = key.certificate.public_key()
    point = base64.b64encode(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    return (
        b'<ds:KeyValue><d:ECKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">'
        b'<d:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/><d:PublicKey>'
        + point
        + b"</d:PublicKey></d:ECKeyValue></ds:KeyValue>"
    )


def _signature(root: etree._Element) -> etree._Element:
    return next(root.iter(f"{{{DSIG}}}Signature"))


Edit = Callable[[etree._Element], etree._Element | None]


def _edit(document: bytes, edit: Edit) -> bytes:
    root = etree.fromstring(document)
    changed = edit(root)
    return etree.tostring(root if changed is None else changed)


def _replace_signature(tag: str) -> Edit:
    def edit(root: etree._Element) -> None:
        signature = _signature(root)
        parent = signature.getparent()
        assert parent is not None
        parent.replace(signature, parent.makeelement(tag))

    return edit


def _moved_to(name: str) -> Edit:
    return lambda root: next(root.iter(f"{{{EDXML}}}{name}")).append(_signature(root))


def _without(name: str) -> Edit:
    def edit(root: etree._Element) -> None:
        element = next(root.iter(f"{{{DSIG}}}{name}"))
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return edit


def _set(name: str, content: bytes) -> Edit:
    def edit(root: etree._Element) -> None:
        next(root.iter(f"{{{DSIG}}}{name}")).text = base64.b64encode(content).decode()

    return edit


def _wrapped_envelope(root: etree._Element) -> None:
    outer = root.makeelement(root[0].tag)
    outer.append(root[0])
    root.insert(0, outer)


def _original_in_object(root: etree._Element) -> etree._Element:
    evil = message(subject="Chuyển tiền")
    signature = _signature(root)
    header = evil.find(f".//{{{EDXML}}}edXMLHeader")
    assert header is not None
    header.append(signature)
    etree.SubElement(signature, f"{{{DSIG}}}Object").append(root)
    return evil


def _swap(root: etree._Element) -> None:
    first = next(root.iter(f"{{{EDXML}}}From"))
    second = first.getnext()
    assert second is not None
    second.addnext(first)


def _double(root: etree._Element) -> None:
    receiver = next(root.iter(f"{{{EDXML}}}To"))
    receiver.addnext(copy.deepcopy(receiver))
