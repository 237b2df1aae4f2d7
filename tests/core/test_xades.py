"""XAdES: the broker's receipts are baseline B signatures, for other software too; nothing else is taken."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import xmlsec
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier, XAdESVerifyResult

from exchange.core import enveloped, xades
from exchange.core.enveloped import DSIG
from exchange.core.receipt import build
from exchange.core.refusal import Refused
from exchange.core.sealing import Seal
from exchange.core.signature import SigningKey, sign, verifier, verify_own
from exchange.core.verifiers import Name
from exchange.core.xades import XADES
from exchange.demo.authority import Authority, certificate_pem
from tests.core.test_receipt import KEY, RSA_KEY, example

AT = datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
SEALED = {key: Seal(key).sign(build(example()), AT) for key in (KEY, RSA_KEY)}
RECEIPT = SEALED[KEY]
KEYS = pytest.mark.parametrize("key", [KEY, RSA_KEY], ids=["ecdsa", "rsa"])


@KEYS
@pytest.mark.parametrize("name", ["signxml", "bergshamra", "both"])
def test_a_receipt_verifies_with_each_verifier(key: SigningKey, name: Name) -> None:
    assert verify_own(SEALED[key], key.certificate, verifier=verifier(name)).tag.endswith("Receipt")


@KEYS
def test_a_receipt_verifies_with_xmlsec(key: SigningKey) -> None:
    verify_with_xmlsec(SEALED[key], key)


@KEYS
def test_a_receipt_verifies_with_the_xades_verifier_of_signxml(key: SigningKey) -> None:
    content, properties = verify_with_signxml(SEALED[key], key)
    assert content.tag.endswith("Receipt")
    assert properties.tag == f"{{{XADES}}}SignedProperties"


def test_the_signature_says_when_and_with_which_certificate_it_was_made() -> None:
    found = xades.find(etree.fromstring(RECEIPT))
    assert found.signed_at == AT
    assert found.signature.certificate_der == KEY.certificate.public_bytes(xades.Encoding.DER)


def test_a_plain_signature_of_before_still_verifies() -> None:
    plain = sign(build(example()), KEY)
    assert xades.find(etree.fromstring(plain)).signed_at is None
    verify_own(plain, KEY.certificate)


def test_an_agency_s_document_may_not_be_signed_like_that() -> None:
    with pytest.raises(Refused, match="signature_wrapped"):
        enveloped.find(etree.fromstring(RECEIPT))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("03:00:00.123456Z</xades:SigningTime", "04:00:00.123456Z</xades:SigningTime", "signature_invalid"),
        ("<xades:MimeType>application/xml", "<xades:MimeType>text/plain", "signature_invalid"),
        ("<Attempts>3", "<Attempts>4", "signature_invalid"),
        ('Target="#xades-signature"', 'Target="#xades-content"', "signature_wrapped"),
        ('ObjectReference="#xades-content"', 'ObjectReference="#xades-signature"', "signature_invalid"),
        ('URI="#xades-signed-properties"', 'URI="#xades-signature"', "signature_wrapped"),
        ('URI="#xades-signed-properties"', 'URI=""', "signature_wrapped"),
        ('Type="http://uri.etsi.org/01903#SignedProperties" ', "", "signature_wrapped"),
        ('Id="xades-content" URI=""', 'Id="xades-content" URI="#3"', "signature_wrapped"),
        ('<Delivery id="3"', '<Delivery id="xades-signed-properties"', "signature_wrapped"),
        ("</xades:QualifyingProperties>", "</xades:QualifyingProperties><a/>", "signature_malformed"),
        ("</ds:Object>", "</ds:Object><ds:Object/>", "signature_malformed"),
        ("</xades:SignedProperties>", "</xades:SignedProperties><xades:Unsigned/>", "signature_malformed"),
    ],
)  # fmt: skip
def test_whatever_is_changed_in_a_receipt_is_refused(old: str, new: str, code: str) -> None:
    changed = RECEIPT.decode().replace(old, new, 1)
    assert changed != RECEIPT.decode()
    with pytest.raises(Refused, match=code):
        verify_own(changed.encode(), KEY.certificate)


def resealed(change: Callable[[str], str]) -> bytes:
    """A receipt of the right key whose template was changed before it was signed: mathematics holds."""
    seal = Seal(KEY)
    seal._before, seal._after = change(f"{seal._before}{{at}}{seal._after}").split("{at}")
    return seal.sign(build(example()), AT)


OTHER = Authority.create("Other", AT).issue("other", "x", AT)


def another_certificate(template: str) -> str:
    digest = hashlib.sha256(OTHER.certificate.public_bytes(xades.Encoding.DER)).digest()
    encoded = xades.base64.b64encode(digest).decode()
    return re.sub(r"(<xades:CertDigest>.*<ds:DigestValue>)[^<]+", rf"\g<1>{encoded}", template)


def test_a_receipt_that_names_another_certificate_in_its_properties_is_refused() -> None:
    sealed = resealed(another_certificate)
    with pytest.raises(Refused, match="signature_invalid") as caught:
        verify_own(sealed, KEY.certificate)
    assert caught.value.refusals[0].where == "SigningCertificateV2"
    with pytest.raises(SignXMLException, match="certificate digest"):
        verify_with_signxml(sealed, KEY)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda template: template.replace("{at}", "{at} or later"), "signature_malformed"),
        (
            lambda template: template.replace(
                'ObjectReference="#xades-content"', 'ObjectReference="#xades-signature"'
            ),
            "signature_wrapped",
        ),
        (lambda template: template.replace("xmlenc#sha256", "xmldsig-more#sha384"), "signature_algorithm"),
    ],
)
def test_a_receipt_of_another_shape_is_refused_though_its_mathematics_holds(
    change: Callable[[str], str], code: str
) -> None:
    with pytest.raises(Refused, match=code):
        verify_own(resealed(change), KEY.certificate)


def verify_with_xmlsec(signed: bytes, key: SigningKey) -> None:
    root = etree.fromstring(signed)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate_pem(key), xmlsec.KeyFormat.CERT_PEM)
    context.verify(xmlsec.tree.find_node(root, xmlsec.Node.SIGNATURE))


def verify_with_signxml(signed: bytes, key: SigningKey) -> tuple[etree._Element, etree._Element]:
    configuration = XAdESSignatureConfiguration(require_x509=True, location="./", expect_references=2)
    content, properties = XAdESVerifier().verify(
        signed, x509_cert=key.certificate, expect_config=configuration
    )
    assert isinstance(properties, XAdESVerifyResult)
    assert properties.signature_xml.tag == f"{{{DSIG}}}Signature"
    assert content.signed_xml is not None
    assert properties.signed_xml is not None
    return content.signed_xml, properties.signed_xml
