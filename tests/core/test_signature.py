"""Signing and verifying: what holds, what goes on, and what the caller is told."""

import base64
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from exchange.core.enveloped import DSIG, EDXML, Enveloped, canonical
from exchange.core.refusal import Refusal, Refused
from exchange.core.signature import (
    ParseLimits,
    Signed,
    SigningKey,
    Trust,
    check_signing_time,
    sign,
    verifier,
    verify,
    verify_own,
)
from exchange.core.verifiers import BothVerifier, Name
from tests.core.hostile import NOW, cast, message, registered, self_made, signed, trust_of

LIMITS = ParseLimits()
NAMES: tuple[Name, ...] = ("signxml", "bergshamra", "both")
KINDS = ("rsa", "ec")


def key_of(kind: str) -> SigningKey:
    return {"rsa": cast().rsa, "ec": cast().ec}[kind]


def accepted(document: bytes, name: Name = "both") -> Signed:
    return verify(document, cast().trust, NOW, verifier(name), LIMITS)


def refusal_of(document: bytes, name: Name = "both") -> Refusal:
    with pytest.raises(Refused) as refused:
        accepted(document, name)
    return refused.value.refusals[0]


def receipt() -> etree._Element:
    return etree.fromstring(
        "<receipt xmlns='urn:r'><digest>ab</digest><at>2026-11-24T02:00:00Z</at></receipt>"
    )


# --- what holds ---


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_document_is_accepted_with_its_signer_and_digest(kind: str, name: Name) -> None:
    document = signed(key_of(kind))
    outcome = accepted(document, name)
    assert outcome.certificate.certificate == key_of(kind).certificate
    assert outcome.certificate.agency == "000.00.01.H45"
    assert outcome.digest == hashlib.sha256(document).hexdigest()


def test_what_goes_on_is_what_was_signed_with_the_lines_of_the_source() -> None:
    outcome = accepted(signed())
    assert canonical(outcome.root) == canonical(message())
    assert outcome.root.find(f".//{{{DSIG}}}Signature") is None
    assert outcome.source is outcome.root
    assert next(outcome.root.iter(f"{{{EDXML}}}edXMLManifest")).sourceline == 17


@pytest.mark.parametrize("before", ["x<b/>y", "x<b/>", "x", ""])
def test_text_after_the_signature_belongs_to_its_parent(before: str) -> None:
    document = sign(etree.fromstring(f"<a>{before}z</a>"), cast().rsa)
    moved = document.replace(f"<a>{before}z".encode(), f"<a>{before}".encode())
    moved = moved.replace(b"</ds:Signature>", b"</ds:Signature>z")
    assert etree.tostring(accepted(moved).root) == f"<a>{before}z</a>".encode()


def test_another_agencys_document_is_accepted_as_its_own() -> None:
    assert accepted(signed(cast().other)).certificate.agency == "000.00.02.H45"


def test_a_signature_under_the_root_is_accepted_too() -> None:
    document = etree.fromstring(signed())
    document.append(next(document.iter(f"{{{DSIG}}}Signature")))
    assert canonical(accepted(etree.tostring(document)).root) == canonical(message())


@pytest.mark.parametrize("size", [0, 1, 2_000, 200_000])
def test_attachments_of_any_size_are_covered(size: int) -> None:
    content = base64.b64encode(bytes(range(256)) * (size // 256 + 1))[: size // 4 * 4].decode()
    document = sign(message(content=content), cast().ec)
    assert next(accepted(document).root.iter(f"{{{EDXML}}}ContentTransferEncoded")).text in (content, None)


# --- where verifiers disagree ---


@dataclass(frozen=True)
class Says:
    """A verifier that was fooled, or is at fault: always the same answer."""

    answer: bool

    def accepts(self, document: bytes, enveloped: Enveloped, certificate: x509.Certificate) -> bool:
        return self.answer


def test_a_verifier_that_is_fooled_lets_nothing_through() -> None:
    with pytest.raises(Refused, match="signature_disputed"):
        verify(signed().replace(b"12/UBND", b"13/UBND"), cast().trust, NOW, Says(True), LIMITS)


def test_a_verifier_that_refuses_a_good_signature_is_named_as_the_fault() -> None:
    with pytest.raises(Refused, match="signature_disputed"):
        verify(signed(), cast().trust, NOW, Says(False), LIMITS)


@pytest.mark.parametrize("answer", [True, False])
def test_two_verifiers_that_disagree_are_both_named(answer: bool) -> None:
    both = BothVerifier(signxml=Says(answer), bergshamra=Says(not answer))
    with pytest.raises(Refused, match="signature_disputed") as refused:
        verify(signed(), cast().trust, NOW, both, LIMITS)
    assert refused.value.refusals[0].values == {"signxml": answer, "bergshamra": not answer}


# --- who may sign, and when ---


def test_the_fault_is_named_content_or_key() -> None:
    assert refusal_of(signed().replace(b"12/UBND", b"13/UBND")).where == "DigestValue"
    certificate = base64.b64encode(cast().ec.certificate.public_bytes(Encoding.DER))
    other = base64.b64encode(cast().other.certificate.public_bytes(Encoding.DER))
    assert refusal_of(signed(cast().ec).replace(certificate, other)).where == "SignatureValue"


def test_an_unknown_certificate_is_named_by_its_fingerprint() -> None:
    refusal = refusal_of(signed(cast().unregistered))
    assert refusal.code == "certificate_unknown"
    assert (
        refusal.values["fingerprint"]
        == hashlib.sha256(cast().unregistered.certificate.public_bytes(Encoding.DER)).hexdigest()
    )


def test_a_certificate_is_judged_at_the_time_that_is_handed_in() -> None:
    document = signed(cast().expired)
    verify(document, cast().trust, NOW - timedelta(days=2), verifier("both"), LIMITS)
    with pytest.raises(Refused, match="certificate_expired"):
        verify(document, cast().trust, NOW, verifier("both"), LIMITS)


def test_a_key_of_a_kind_that_is_never_registered_is_refused_not_tried() -> None:
    foreign = self_made(ed25519.Ed25519PrivateKey.generate())
    own, named = (
        base64.b64encode(each.public_bytes(Encoding.DER)) for each in (cast().ec.certificate, foreign)
    )
    entry = registered(foreign, "x")
    trust = Trust(certificates={entry.fingerprint: entry})
    with pytest.raises(Refused, match="certificate_unsuitable"):
        verify(signed(cast().ec).replace(own, named), trust, NOW, verifier("both"), LIMITS)


def timed(signed_at: datetime | None, valid_from: datetime, valid_to: datetime | None = None) -> str:
    entry = registered(cast().ec.certificate, "000.00.01.H45", valid_from, valid_to)
    outcome = Signed(root=message(), certificate=entry, digest="")
    try:
        check_signing_time(outcome, signed_at, NOW, skew_seconds=300, age_days_max=30)
    except Refused as refused:
        return refused.refusals[0].code
    return "taken"


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "taken"),
        (4, "taken"),
        (6, "signing_time_implausible"),
        (-60, "taken"),
        (-29 * 24 * 60, "taken"),
        (-31 * 24 * 60, "signing_time_implausible"),
    ],
)
def test_the_time_of_signing_must_be_plausible(minutes: int, said: str) -> None:
    assert timed(NOW + timedelta(minutes=minutes), NOW - timedelta(days=90)) == said


def test_a_signature_before_or_after_the_registration_is_refused() -> None:
    hour, refused = timedelta(hours=1), "certificate_not_valid_at_signing"
    assert timed(NOW - hour, NOW) == refused
    assert timed(NOW - hour, NOW - 2 * hour, NOW - hour) == refused
    assert timed(NOW - 2 * hour, NOW - 2 * hour, NOW - hour) == "taken"


def test_a_signature_before_the_certificate_began_is_refused() -> None:
    early = cast().ec.certificate.not_valid_before_utc - timedelta(hours=1)
    outcome = Signed(root=message(), certificate=registered(cast().ec.certificate, "x"), digest="")
    with pytest.raises(Refused, match="certificate_not_valid_at_signing"):
        check_signing_time(outcome, early, NOW, skew_seconds=300, age_days_max=1000)


def test_a_message_without_a_time_counts_as_signed_now() -> None:
    assert timed(None, NOW) == "taken"
    assert timed(None, NOW - timedelta(days=1), NOW) == "certificate_not_valid_at_signing"


# --- signing ---


@pytest.mark.parametrize("kind", KINDS)
def test_signing_twice_gives_the_same_bytes_and_leaves_the_root_alone(kind: str) -> None:
    root = message()
    before = etree.tostring(root)
    assert sign(root, key_of(kind)) == sign(root, key_of(kind))
    assert etree.tostring(root) == before


def test_a_signature_is_the_last_child_of_the_header_or_of_the_root() -> None:
    document = etree.fromstring(signed())
    header = document.find(f"{{{EDXML}}}edXMLEnvelope/{{{EDXML}}}edXMLHeader")
    assert header is not None
    assert header[-1].tag == f"{{{DSIG}}}Signature"
    assert etree.fromstring(sign(receipt(), cast().ec))[-1].tag == f"{{{DSIG}}}Signature"


def test_a_signed_document_is_utf_8_with_a_declaration() -> None:
    assert signed().startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<edXML ")
    assert "UBND tỉnh".encode() in signed()


@pytest.mark.parametrize("text", ["<a Id='x'/>", "<a ID='x'/>", "<a><Signature/></a>"])
def test_what_cannot_be_signed_as_a_whole_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match=r"Id on the root|a signature already"):
        sign(etree.fromstring(text), cast().ec)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("root", [message(), receipt()], ids=["document", "receipt"])
def test_what_we_sign_verifies_in_an_independent_implementation(root: etree._Element, kind: str) -> None:
    key = key_of(kind)
    document = etree.fromstring(sign(root, key))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(
        key.certificate.public_bytes(Encoding.PEM), xmlsec.constants.KeyDataFormatCertPem
    )
    context.verify(xmlsec.tree.find_node(document, xmlsec.constants.NodeSignature))


names = st.sampled_from(["a", "b", "c-d", "đơn", "{urn:a}a", "{urn:b}b", f"{{{EDXML}}}Subject"])
characters = st.characters(
    codec="utf-8", categories=["L", "M", "N", "P", "S", "Z"], include_characters="\t\n\r\x85"
)
texts = st.text(characters, max_size=12)
attributes = st.dictionaries(st.sampled_from(["x", "y", "{urn:a}x", "{urn:b}x", "đ"]), texts, max_size=3)


def _element(
    name: str, attributes: dict[str, str], text: str, tail: str, children: Sequence[etree._Element] = ()
) -> etree._Element:
    element = etree.Element(name, attributes, {"p": "urn:a", "q": "urn:b"})
    element.text, element.tail = text, tail
    element.extend(children)
    return element


leaves = st.builds(_element, names, attributes, texts, texts)
trees = st.recursive(
    leaves,
    lambda children: st.builds(_element, names, attributes, texts, texts, st.lists(children, max_size=3)),
    max_leaves=8,
)


@given(root=trees, kind=st.sampled_from(KINDS))
def test_whatever_is_signed_verifies_and_reads_back_the_same(root: etree._Element, kind: str) -> None:
    root.tail = None
    outcome = accepted(sign(root, key_of(kind)))
    assert canonical(outcome.root) == canonical(root)


# --- receipts ---


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_receipt_verifies_against_the_certificate_of_its_maker(kind: str, name: Name) -> None:
    key = key_of(kind)
    root = verify_own(sign(receipt(), key), key.certificate, verifier=verifier(name))
    assert canonical(root) == canonical(receipt())


def test_a_receipt_stays_proof_after_the_certificate_ended() -> None:
    assert verify_own(sign(receipt(), cast().expired), cast().expired.certificate).tag == "{urn:r}receipt"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"<digest>ab", b"<digest>cd"), "signature_invalid"),
        ((b"<digest>ab", b"<?x?><digest>ab"), "xml_forbidden"),
        ((b"</ds:Signature>", b"<ds:Object/></ds:Signature>"), "signature_wrapped"),
        ((b"xmldsig-more#ecdsa-sha256", b"xmldsig-more#ecdsa-sha1"), "signature_algorithm"),
    ],
)
def test_a_changed_receipt_is_refused(change: tuple[bytes, bytes], code: str) -> None:
    document = sign(receipt(), cast().ec)
    assert change[0] in document
    with pytest.raises(Refused, match=code):
        verify_own(document.replace(*change), cast().ec.certificate)


def test_a_receipt_of_another_maker_is_refused() -> None:
    with pytest.raises(Refused, match="certificate_unknown"):
        verify_own(sign(receipt(), cast().other), cast().ec.certificate)


def test_a_receipt_signed_in_a_header_is_refused() -> None:
    with pytest.raises(Refused, match="signature_wrapped"):
        verify_own(signed(cast().ec), cast().ec.certificate)


# --- many at once ---


@pytest.mark.parametrize("name", NAMES)
def test_threads_verify_and_sign_at_the_same_time_without_mixing(name: Name) -> None:
    shared, keys = verifier(name), [cast().rsa, cast().ec, cast().other]
    trust = trust_of((cast().rsa, "rsa"), (cast().ec, "ec"), (cast().other, "other"))
    wrong: list[str] = []

    def work(number: int) -> None:
        key = keys[number % 3]
        for round_ in range(20):
            document = sign(message(subject=f"{number}/{round_}"), key)
            outcome = verify(document, trust, NOW, shared, LIMITS)
            subject = next(outcome.root.iter(f"{{{EDXML}}}Subject")).text
            if (
                subject != f"{number}/{round_}"
                or outcome.certificate.agency != ["rsa", "ec", "other"][number % 3]
            ):
                wrong.append(f"{number}/{round_}: {subject}")
            with pytest.raises(Refused, match="signature_invalid"):
                verify(document.replace(b"UBND-VX", b"UBND-XX"), trust, NOW, shared, LIMITS)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
