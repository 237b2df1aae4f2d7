"""Receipts: what is built reads back, follows its schema, and verifies in software that is not ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import xmlsec
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from exchange import resources
from exchange.core.enveloped import canonical
from exchange.core.receipt import Consignment, Notice, Receipt, ReceiptKind, Subject, build, read
from exchange.core.refusal import Refused
from exchange.core.schema import Schema
from exchange.core.sealing import Seal
from exchange.core.signature import SigningKey, sign, verify_own
from exchange.demo.authority import Authority, certificate_pem

NOW = datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
SCHEMA = Schema(resources.read("schemas", "receipt.xsd"))
KEY: SigningKey = Authority.create("Test CA", NOW).issue("exchange", "000.00.00.H45", NOW)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 4 * 10**15).map(lambda us: EPOCH + timedelta(microseconds=us))
UNPRINTABLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=UNPRINTABLE), min_size=1, max_size=40)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)
CONSIGNMENTS = st.builds(
    Consignment,
    id=TEXT,
    receiver=TEXT,
    addressed_as=TEXT,
    expires_at=MOMENTS,
    forwarded_from=st.one_of(st.just(""), TEXT),
)


def consistent(receipt: Receipt) -> Receipt:
    """Nothing is said of a certificate where none is named."""
    return receipt if receipt.certificate else replace(receipt, revocation="", revocation_as_of=None)


RECEIPTS = st.builds(
    Receipt,
    id=TEXT,
    kind=st.sampled_from(ReceiptKind),
    broker=TEXT,
    subject=st.builds(
        Subject,
        id=TEXT,
        kind=st.sampled_from(["document", "status"]),
        sender=TEXT,
        document_id=TEXT,
        digest=DIGEST,
        size=st.integers(0, 10**9),
    ),
    at=MOMENTS,
    deliveries=st.lists(CONSIGNMENTS, min_size=1, max_size=3).map(tuple),
    certificate=st.one_of(st.just(""), DIGEST),
    revocation=st.sampled_from(["", "good", "revoked_since", "not_checked"]),
    revocation_as_of=st.one_of(st.none(), MOMENTS),
    warnings=st.lists(st.builds(Notice, code=TEXT, text=TEXT), max_size=2).map(tuple),
).map(consistent)  # fmt: skip


def example(**changes: object) -> Receipt:
    values: dict[str, object] = {
        "id": "1",
        "kind": ReceiptKind.REFUSED,
        "broker": "exchange",
        "subject": Subject(
            id="2",
            kind="document",
            sender="000.00.01.H45",
            document_id="x,1/UBND-VX",
            digest="0" * 64,
            size=9,
        ),
        "at": NOW,
        "deliveries": (Consignment(id="3", receiver="000.00.05.H45", addressed_as="H45.05", expires_at=NOW),),
        "reason_code": "full",
        "reason": "Sổ đã đầy <&> \x00",
        "attempts": 3,
        **changes,
    }
    return Receipt(**values)  # type: ignore[arg-type]


@given(RECEIPTS)
def test_what_is_built_follows_the_schema_and_reads_back_the_same(receipt: Receipt) -> None:
    root = build(receipt)
    assert SCHEMA.check(root) == ()
    assert read(etree.fromstring(etree.tostring(root))) == receipt


def test_a_signed_receipt_follows_the_schema_and_verifies() -> None:
    signed = sign(build(example()), KEY)
    assert SCHEMA.check(etree.fromstring(signed)) == ()
    assert read(verify_own(signed, KEY.certificate)).reason == "Sổ đã đầy <&> "


def test_a_receipt_verifies_in_an_independent_implementation() -> None:
    root = etree.fromstring(sign(build(example()), KEY))
    node = xmlsec.tree.find_node(root, xmlsec.Node.SIGNATURE)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate_pem(KEY), xmlsec.KeyFormat.CERT_PEM)
    context.verify(node)


def test_a_changed_receipt_is_refused() -> None:
    signed = sign(build(example()), KEY)
    with pytest.raises(Refused, match="signature_invalid"):
        verify_own(signed.replace(b">refused<", b">delivered<"), KEY.certificate)


def test_a_receipt_of_another_key_is_refused() -> None:
    other = Authority.create("Other", NOW).issue("exchange", "x", NOW)
    with pytest.raises(Refused, match="certificate_unknown"):
        verify_own(sign(build(example()), other), KEY.certificate)


def test_a_document_is_not_taken_for_a_receipt() -> None:
    with pytest.raises(ValueError, match="not a receipt"):
        read(etree.fromstring("<other/>"))


RSA_KEY: SigningKey = Authority.create("Test CA", NOW).issue(
    "exchange", "000.00.00.H45", NOW, algorithm="rsa"
)
SEALS = [(key, Seal(key)) for key in (KEY, RSA_KEY)]
# What XML can carry at all, carriage returns and everything that needs escaping included.
ANY_TEXT = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_categories=UNPRINTABLE), st.sampled_from("\t\n\r&<>\"' ")),
    max_size=40,
)


@given(RECEIPTS, ANY_TEXT, st.sampled_from(SEALS))
def test_a_sealed_receipt_is_the_receipt_and_verifies_whatever_it_says(
    receipt: Receipt, text: str, pair: tuple[SigningKey, Seal]
) -> None:
    key, seal = pair
    deliveries = tuple(replace(each, id=f"d{n}") for n, each in enumerate(receipt.deliveries))
    subject = replace(receipt.subject, id="s")  # no two ids of one receipt are equal
    receipt = replace(receipt, subject=subject, deliveries=deliveries)
    root = build(replace(receipt, reason_code="x", reason=text, reference=text))
    before = etree.tostring(root)
    sealed = seal.sign(root, receipt.at)
    assert etree.tostring(root) == before
    assert canonical(verify_own(sealed, key.certificate)) == canonical(root)
