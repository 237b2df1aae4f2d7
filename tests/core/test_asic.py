"""ASiC-E: what the signature of a container covers, for other software too; and what it does not."""

import base64
import subprocess
from pathlib import Path

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exchange.core import asic
from exchange.core.asic import ASIC_MANIFEST, MANIFEST, SIGNATURES, Coverage, Part
from exchange.core.container import NotAContainer, pack
from exchange.core.enveloped import DSIG
from exchange.core.refusal import Refused
from exchange.core.signature import SigningKey
from exchange.demo.authority import Authority, certificate_pem
from tests.core.test_receipt import KEY, NOW, RSA_KEY
from tests.thorough import examples

PARTS = (
    Part(name="document.edxml", content="<a>Văn bản</a>".encode(), kind="application/xml"),
    Part(name="receipts/số 1.xml", content=b"<b/>", kind="application/xml"),
    Part(name="checkpoint.txt", content=b"a\n1\n", kind="text/plain"),
)
NAMES = ("document.edxml", "receipts/số 1.xml", "checkpoint.txt", MANIFEST, ASIC_MANIFEST)
BUNDLE = asic.build(PARTS, KEY, NOW)
FILES = dict(asic.read(BUNDLE).files)


def verified(content: bytes, key: SigningKey = KEY) -> Coverage:
    return asic.verify(asic.read(content), key.certificate)


def changed(**files: bytes | None) -> bytes:
    """The bundle with other files, packed well: no checksum gives it away."""
    kept = {name: files.get(name, content) for name, content in {**FILES, **files}.items()}
    return pack(asic.MEDIA_TYPE, [(name, content) for name, content in kept.items() if content is not None])


@pytest.mark.parametrize("key", [KEY, RSA_KEY], ids=["ecdsa", "rsa"])
def test_the_signature_covers_every_file_but_itself(key: SigningKey) -> None:
    coverage = verified(asic.build(PARTS, key, NOW), key)
    assert coverage == Coverage(signed_at=NOW, covered=NAMES, changed=(), missing=(), uncovered=())


def test_equal_parts_give_equal_bytes() -> None:
    assert asic.build(PARTS, KEY, NOW) == BUNDLE
    assert asic.read(BUNDLE).plain


def test_a_changed_file_is_named() -> None:
    coverage = verified(changed(**{"checkpoint.txt": b"a\n2\n"}))
    assert coverage.changed == ("checkpoint.txt",)
    assert "checkpoint.txt" not in coverage.covered


def test_a_file_that_is_missing_is_named() -> None:
    assert verified(changed(**{"document.edxml": None})).missing == ("document.edxml",)


def test_a_file_that_was_added_is_said_to_be_not_covered() -> None:
    assert verified(changed(**{"other.txt": b"trust me"})).uncovered == ("other.txt",)


def test_a_damaged_file_counts_as_changed() -> None:
    damaged = BUNDLE.replace("<a>Văn bản</a>".encode(), "<a>Văn bảm</a>".encode())
    assert verified(damaged).changed == ("document.edxml",)


def test_the_certificate_must_be_the_one_that_is_expected() -> None:
    other = Authority.create("Other", NOW).issue("exchange", "x", NOW)
    with pytest.raises(Refused, match="certificate_unknown"):
        verified(BUNDLE, other)


def test_a_signature_of_another_key_under_the_same_certificate_is_refused() -> None:
    other = Authority.create("Other", NOW).issue("exchange", "x", NOW)
    forged = asic.read(asic.build(PARTS, other, NOW)).files[SIGNATURES].decode()
    mine, theirs = (base64.b64encode(k.certificate.public_bytes(Encoding.DER)).decode() for k in (KEY, other))
    with pytest.raises(Refused, match="signature_invalid"):
        verified(changed(**{SIGNATURES: forged.replace(theirs, mine).encode()}))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('URI="document.edxml"', 'URI="document.edxm"', "signature_invalid"),
        ('URI="document.edxml"', 'URI="checkpoint.txt"', "signature_malformed"),
        ('URI="document.edxml"', 'URI="#file-2"', "signature_malformed"),
        ('URI="document.edxml"', 'URI="document%2Eedxml"', "signature_malformed"),
        ("<xades:MimeType>text/plain", "<xades:MimeType>text/html", "signature_invalid"),
        ("2026-11-24T03", "2026-11-24T04", "signature_invalid"),
        ('ObjectReference="#file-1"', 'ObjectReference="#file-2"', "signature_invalid"),
        ("</asic:XAdESSignatures>", "<a/></asic:XAdESSignatures>", "signature_malformed"),
    ],
)
def test_whatever_is_changed_in_the_signature_is_refused(old: str, new: str, code: str) -> None:
    signature = FILES[SIGNATURES].decode()
    assert old in signature
    with pytest.raises(Refused, match=code):
        verified(changed(**{SIGNATURES: signature.replace(old, new, 1).encode()}))


def test_a_signed_list_that_says_something_else_than_the_signature_is_refused() -> None:
    """Whoever reads the list alone must not find another bundle."""
    root = etree.fromstring(FILES[ASIC_MANIFEST])
    root.remove(root[1])
    parts = [Part(name=ASIC_MANIFEST, content=etree.tostring(root), kind="text/xml")]
    listed = [(part.name, part.content, part.kind) for part in (*PARTS, *parts)]
    files = [(name, content) for name, content, _ in listed]
    signature = asic.asic_signature.sign(listed, KEY, NOW)
    with pytest.raises(Refused, match="signature_wrapped"):
        verified(pack(asic.MEDIA_TYPE, [*files, (SIGNATURES, signature)]))


@pytest.mark.parametrize(
    "content",
    [changed(**{SIGNATURES: None}), pack("text/plain", FILES.items())],
    ids=["unsigned", "another type"],
)
def test_a_container_without_a_signature_is_no_bundle(content: bytes) -> None:
    with pytest.raises(Refused, match="signature_missing"):
        asic.read(content)


@settings(max_examples=examples(100, 300))
@given(st.integers(0, len(BUNDLE) * 8 - 1))
def test_every_flipped_bit_is_refused_or_lies_outside_the_files(bit: int) -> None:
    flipped = bytearray(BUNDLE)
    flipped[bit // 8] ^= 1 << bit % 8
    try:
        container = asic.read(bytes(flipped))
        coverage = asic.verify(container, KEY.certificate)
    except (NotAContainer, Refused):
        return
    assert coverage.changed or coverage.missing or not container.plain
    if not coverage.changed and not coverage.missing:  # then only the packing differs, and is said to
        assert {name: container.files[name] for name in NAMES} == {name: FILES[name] for name in NAMES}


# --- software that is not ours ---


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files in the working folder: there relative references are looked for."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verify_with_xmlsec(folder: Path) -> None:
    root = etree.parse(folder / SIGNATURES).getroot()
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate_pem(KEY), xmlsec.KeyFormat.CERT_PEM)
    context.verify(xmlsec.tree.find_node(root, xmlsec.Node.SIGNATURE))


def test_the_signature_verifies_with_xmlsec(unpacked: Path) -> None:
    verify_with_xmlsec(unpacked)
    (unpacked / "checkpoint.txt").write_bytes(b"a\n2\n")
    with pytest.raises(xmlsec.Error):
        verify_with_xmlsec(unpacked)


def test_the_digests_are_those_of_openssl(unpacked: Path) -> None:
    for reference in etree.fromstring(FILES[ASIC_MANIFEST]).iter("{*}DataObjectReference"):
        name = asic.unquote(reference.get("URI", ""))
        command = ["openssl", "dgst", "-sha256", "-binary", unpacked / name]
        digest = subprocess.run(command, capture_output=True, check=True).stdout
        assert reference.findtext(f"{{{DSIG}}}DigestValue") == base64.b64encode(digest).decode()


def test_the_signature_value_is_that_of_openssl(unpacked: Path) -> None:
    rsa = asic.read(asic.build(PARTS, RSA_KEY, NOW)).files[SIGNATURES]
    root = etree.fromstring(rsa)
    [signed_info] = root.iter(f"{{{DSIG}}}SignedInfo")
    (unpacked / "signed").write_bytes(etree.tostring(signed_info, method="c14n", exclusive=True))
    (unpacked / "value").write_bytes(
        base64.b64decode(next(root.iter(f"{{{DSIG}}}SignatureValue")).text or "")
    )
    (unpacked / "certificate.pem").write_bytes(certificate_pem(RSA_KEY))
    key = ["openssl", "x509", "-in", "certificate.pem", "-pubkey", "-noout", "-out", "key.pem"]
    subprocess.run(key, check=True)
    check = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "value", "signed"]
    assert b"Verified OK" in subprocess.run(check, capture_output=True, check=True).stdout
