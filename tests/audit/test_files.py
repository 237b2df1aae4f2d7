"""Files by themselves, receipts, documents, proofs, checkpoints: what is changed is refused or told."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exchange.audit import Anchors, BadAnchor, Exit, Report, Status, output, verify
from exchange.core import bundle as layout
from exchange.core.signature import sign
from exchange.demo.authority import Authority
from tests.audit.making import BROKER, WITNESS, Made
from tests.audit.test_bundle import codes, flipped, pytestmark, receipt
from tests.core.test_receipt import build, example
from tests.house import START
from tests.province import OFFICE, Province
from tests.thorough import examples

__all__ = ["pytestmark"]
PROOF = "entries/4.json"


def check(made: Made, content: bytes, anchors: Anchors | None = None) -> Report:
    """The report of a file with this content; the name tells nothing."""
    return verify(made.write("file", content), made.anchors if anchors is None else anchors, now=START)


# --- what each proves ---


def test_a_receipt_is_proven_with_its_document(made: Made) -> None:
    path = made.write("receipt.xml", made.files[receipt(made)])
    document = made.write("document.edxml", made.files[layout.DOCUMENT])
    report = verify(path, made.anchors, document=document)
    assert report.exit is Exit.PROVEN
    assert codes(report, Status.PROVEN) == {"receipt_signature", "receipt_of_these_bytes"}
    assert codes(report, Status.OPEN) == {"nobody_need_have_read", "own_clock"}
    other = verify(path, made.anchors, document=path)
    assert codes(other, Status.REFUSED) == {"receipt_of_other_bytes"}


def test_a_plain_receipt_of_before_is_proven_too(made: Made) -> None:
    plain = sign(build(example(at=START)), BROKER)
    assert check(made, plain).exit is Exit.PROVEN


def test_a_receipt_from_outside_its_certificate_s_validity_is_refused(made: Made) -> None:
    late = sign(build(example(at=BROKER.certificate.not_valid_after_utc.replace(year=2030))), BROKER)
    assert codes(check(made, late), Status.REFUSED) == {"receipt_certificate_validity"}


def test_a_document_is_proven_under_its_authority_and_what_it_does_not_show_is_said(made: Made) -> None:
    report = check(made, made.files["statuses/0001-03.edxml"])
    assert report.exit is Exit.PROVEN
    assert "status 03 “registered”" in output.answer(report, "en")
    assert codes(report, Status.OPEN) == {
        "signing_time_claimed",
        "certificate_of_agency",
        "revocation_absent",
        "outside_canonical_form",
        "acceptance_not_given",
    }


@pytest.mark.parametrize("begins_in_days", [-500, 2])
def test_a_document_signed_outside_its_certificate_s_validity_is_refused(
    made: Made, begins_in_days: int
) -> None:
    authority = Authority.create("CA", START - timedelta(days=1000))
    province = Province.create(START)
    province.keys[OFFICE] = authority.issue(OFFICE, OFFICE, START + timedelta(days=begins_in_days))
    content = province.document(OFFICE, "000.00.05.H45", at=START)
    report = check(made, content, Anchors(authorities=(authority.certificate,)))
    assert codes(report, Status.REFUSED) == {"signer_validity"}


def test_a_certificate_that_only_names_the_trusted_authority_is_refused(made: Made) -> None:
    """Its path is looked for, and does not hold: that is more than not knowing the signer."""
    forged = Authority.create("Test CA", START)
    true = Authority.create("Test CA", START)
    province = Province.create(START)
    province.keys[OFFICE] = forged.issue(OFFICE, OFFICE, START)
    content = province.document(OFFICE, "000.00.05.H45", at=START)
    report = check(made, content, Anchors(authorities=(true.certificate,)))
    assert codes(report, Status.REFUSED) == {"signer_path"}


def test_a_proof_is_proven_by_the_key_of_its_ledger(made: Made) -> None:
    report = check(made, made.files[PROOF])
    assert report.exit is Exit.PROVEN
    assert codes(report, Status.PROVEN) == {"log_signature", "witness_signature", "entry_inclusion"}
    assert report.facts["index"] == 4


def test_a_checkpoint_is_proven_by_the_key_of_its_ledger(made: Made) -> None:
    report = check(made, made.files[layout.CHECKPOINT])
    assert codes(report, Status.PROVEN) == {"log_signature", "witness_signature"}
    without = check(made, made.files[layout.CHECKPOINT], replace(made.anchors, logs=()))
    assert without.exit is Exit.INCOMPLETE


def test_an_erased_entry_still_stands_in_the_ledger(made: Made) -> None:
    value = json.loads(made.files[PROOF])
    erased = layout.canonical({**value, "salt": "", "details": {}})
    report = check(made, erased)
    assert report.exit is Exit.PROVEN
    assert "entry_erased" in codes(report, Status.OPEN)


def test_a_proof_in_another_writing_is_checked_all_the_same(made: Made) -> None:
    report = check(made, json.dumps(json.loads(made.files[PROOF]), indent=2).encode())
    assert report.exit is Exit.PROVEN
    assert "written_otherwise" in codes(report, Status.OPEN)


def test_a_witness_that_has_not_cosigned_is_named(made: Made) -> None:
    text = made.files[layout.CHECKPOINT].decode()
    bare = "".join(line for line in text.splitlines(keepends=True) if WITNESS.vkey.name not in line)
    report = check(made, bare.encode())
    assert report.exit is Exit.PROVEN
    assert "witness_absent" in codes(report, Status.OPEN)


# --- changed ---

TOLD = {"written_otherwise", "witness_absent"}


@settings(max_examples=examples(50, 150), deadline=None)
@given(part=st.integers(0, 10**6), place=st.integers(0, 10**9))
def test_a_flipped_bit_in_a_receipt_a_proof_or_a_checkpoint_is_refused_or_told(
    made: Made, part: int, place: int
) -> None:
    files = [
        layout.ACCEPTANCE,
        receipt(made),
        *(f"entries/{index}.json" for index in range(5)),
        layout.CHECKPOINT,
    ]
    content = made.files[files[part % len(files)]]
    report = check(made, flipped(content, place % (len(content) * 8)))
    assert report.exit is not Exit.PROVEN or codes(report, Status.OPEN) & TOLD
    if report.exit is Exit.INCOMPLETE:  # it names another signer or ledger than before: nobody who is trusted
        assert codes(report, Status.UNCHECKED) <= {"log_unknown", "receipt_broker_unknown", "signer_unknown"}


@settings(max_examples=examples(30, 60), deadline=None)
@given(place=st.integers(0, 10**9))
def test_a_flipped_bit_in_a_document_is_refused_or_outside_of_what_is_signed(made: Made, place: int) -> None:
    content = made.files[layout.DOCUMENT]
    changed = flipped(content, place % (len(content) * 8))
    report = check(made, changed)
    if report.exit is Exit.PROVEN:
        assert canonical(changed) == canonical(content)
        assert "outside_canonical_form" in codes(report, Status.OPEN)


def canonical(content: bytes) -> bytes:
    return etree.tostring(etree.fromstring(content), method="c14n", exclusive=True, with_comments=False)


@settings(max_examples=examples(50, 150))
@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_other_bytes_are_not_readable(made: Made, content: bytes) -> None:
    assert check(made, content).exit is Exit.UNREADABLE


# --- anchors ---


def test_what_an_anchor_is_for_is_told_by_what_it_holds(made: Made, tmp_path: Path) -> None:
    anchors = made.anchors
    assert (len(anchors.authorities), len(anchors.exchanges)) == (2, 1)
    assert (len(anchors.logs), len(anchors.witnesses)) == (1, 1)
    der = tmp_path / "broker.cer"
    der.write_bytes(BROKER.certificate.public_bytes(Encoding.DER))
    assert Anchors.load([der]).is_exchange(BROKER.certificate)
    assert Anchors.load([]) == Anchors()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x30\x03\x02\x01\x01",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"\xff",
    ],
)
def test_a_file_with_nothing_to_trust_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "anchor").write_bytes(content)
    with pytest.raises(BadAnchor, match="nothing to trust"):
        Anchors.load([tmp_path])


def test_a_private_key_is_no_anchor(made: Made) -> None:
    with pytest.raises(BadAnchor):
        Anchors.load([made.folder / "data" / "broker-key.pem"])
