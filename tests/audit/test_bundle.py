"""An evidence bundle is proven under the anchors alone; whatever is changed in it is refused, or told."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import example as seen
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.audit import Anchors, Exit, Report, Status, output, verify
from exchange.audit import bundle as bundles
from exchange.core import asic, container
from exchange.core import bundle as layout
from exchange.core.asic import Part
from exchange.core.receipt import ReceiptKind
from exchange.core.sealing import Seal
from exchange.core.signature import SigningKey
from exchange.demo.authority import Authority
from tests.audit.making import BROKER, WITNESS, Made
from tests.core.test_receipt import build, example
from tests.house import START
from tests.province import OFFICE, Province
from tests.thorough import examples

# Of broken certificates and CRLs the library warns that it will refuse them one day.
pytestmark = [
    pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Attribute's length"),
]
NOTHING = Anchors()
META = "META-INF/"


def codes(report: Report, status: Status) -> set[str]:
    return {finding.code for finding in report.of(status)}


def check(content: bytes, anchors: Anchors) -> Report:
    return bundles.check(content, anchors, START)


def signed_again(made: Made, key: SigningKey = BROKER, **files: bytes | None) -> bytes:
    """The bundle with other files, signed anew: as a broker could that wants to deceive."""
    changed = {**made.files, **files}
    kinds = {name: "application/octet-stream" for name in changed if not name.startswith(META)}
    parts = [
        Part(name=name, content=content, kind=kinds[name])
        for name, content in changed.items()
        if name in kinds and content is not None
    ]
    return asic.build(parts, key, START)


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


# --- whole ---


def test_a_bundle_is_proven_by_the_anchors_alone(made: Made) -> None:
    report = verify(made.write("whole.asice", made.bundle), made.anchors)
    assert report.exit is Exit.PROVEN, output.answer(report)
    assert codes(report, Status.PROVEN) == {
        "container_signature",
        "document_signature",
        "receipt_signature",
        "receipt_of_these_bytes",
        "log_signature",
        "witness_signature",
        "entries_inclusion",
        "files_in_ledger",
        "stamp",
        "stamp_authority_good",
        "revocation_good",
        "findings_entered",
        "pdf_signature",
    }
    assert codes(report, Status.OPEN) == {
        "pdf_told",
        "revocation_absent",  # of the receiver that reported
        "delivery_unended",
        "acceptance_is_no_delivery",
        "nobody_need_have_read",
    }
    assert report.facts["document"]["sender"] == "000.00.01.H45"  # type: ignore[index]


def test_a_bundle_is_verified_within_a_second(made: Made) -> None:
    path = made.write("fast.asice", made.bundle)
    begin = time.process_time()
    assert verify(path, made.anchors).exit is Exit.PROVEN
    assert time.process_time() - begin < 1


def test_nothing_is_called_good_without_an_anchor(made: Made) -> None:
    report = check(made.bundle, NOTHING)
    assert report.exit is Exit.INCOMPLETE
    assert codes(report, Status.UNCHECKED) == {
        "container_broker_unknown",
        "receipt_broker_unknown",
        "signer_unknown",
        "log_unknown",
        "stamp_authority_unknown",
        "revocation_unchecked",
    }
    assert "witness_unknown" in codes(report, Status.OPEN)
    assert not codes(report, Status.PROVEN) & {
        "document_signature",
        "receipt_signature",
        "log_signature",
        "stamp",
    }


@pytest.mark.parametrize(
    ("without", "unchecked"),
    [
        ("exchanges", {"container_broker_unknown", "receipt_broker_unknown"}),
        ("authorities", {"signer_unknown", "stamp_authority_unknown", "revocation_unchecked"}),
        ("logs", {"log_unknown"}),
    ],
)
def test_a_missing_anchor_leaves_its_part_unchecked(made: Made, without: str, unchecked: set[str]) -> None:
    report = check(made.bundle, replace(made.anchors, **{without: ()}))  # type: ignore[arg-type]
    assert (report.exit, codes(report, Status.UNCHECKED)) == (Exit.INCOMPLETE, unchecked)
    assert all(finding.remedy and finding.remedy_vi for finding in report.of(Status.UNCHECKED))


def test_without_a_witness_s_key_its_word_is_not_covered(made: Made) -> None:
    report = check(made.bundle, replace(made.anchors, witnesses=()))
    assert report.exit is Exit.PROVEN
    assert "witness_signature" not in codes(report, Status.PROVEN)
    [said] = [each for each in report.of(Status.OPEN) if each.code == "witness_unknown"]
    assert WITNESS.vkey.name in said.text


def test_anchors_of_others_prove_nothing(made: Made) -> None:
    other = Authority.create("Another CA", START)
    stranger = other.issue("exchange", "x", START)
    anchors = Anchors(authorities=(other.certificate,), exchanges=(stranger.certificate,))
    report = check(made.bundle, anchors)
    assert report.exit is Exit.INCOMPLETE
    assert {"signer_unknown", "stamp_authority_unknown"} <= codes(report, Status.UNCHECKED)


# --- changed ---


@pytest.fixture(scope="module")
def places(made: Made) -> dict[str, range]:
    """Where the bytes of each file lie in the bundle."""
    found = {}
    for name, content in made.files.items():
        begin = made.bundle.index(name.encode() + content) + len(name)
        found[name] = range(begin, begin + len(content))
    return found


@settings(max_examples=examples(60, 250), deadline=None)
@given(place=st.integers(0, 10**9))
def test_a_flipped_bit_anywhere_in_a_bundle_is_refused_or_told(
    made: Made, places: dict[str, range], place: int
) -> None:
    bit = place % (len(made.bundle) * 8)
    report = check(flipped(made.bundle, bit), made.anchors)
    file = next((name for name, place in places.items() if bit // 8 in place), None)
    if file is None:  # in ZIP's own bytes: the files are all there, or it does not open
        assert (
            not report.readable
            or codes(report, Status.REFUSED)
            or "packed_otherwise" in codes(report, Status.OPEN)
        )
    elif file == asic.SIGNATURES:
        assert report.exit in (Exit.REFUSED, Exit.UNREADABLE)
    else:
        assert report.exit is Exit.REFUSED
        assert ("file_changed", file) in {(each.code, each.about) for each in report.of(Status.REFUSED)}


# What the broker alone says: it may say something else, and sign that.
OWN_WORD = (layout.CONTENTS, layout.REPORT, layout.PAPER, layout.CERTIFICATES)


@settings(max_examples=examples(60, 250), deadline=None)
@given(part=st.integers(0, 10**6), place=st.integers(0, 10**9))
@seen(part=12, place=272)  # in the unsigned header of a time-stamp
def test_a_flipped_bit_in_a_part_is_noticed_even_where_the_broker_signs_the_bundle_anew(
    made: Made, part: int, place: int
) -> None:
    names = [name for name in made.files if not name.startswith((*OWN_WORD, META))]
    name = names[part % len(names)]
    bit = place % (len(made.files[name]) * 8)
    report = check(signed_again(made, **{name: flipped(made.files[name], bit)}), made.anchors)
    if report.exit is not Exit.PROVEN:
        return
    # The header of a CMS (its version, the digests that it announces) is not signed: whoever flips a bit of
    # it has the same stamp by the same authority, and nothing else is said.
    if name.startswith(layout.STAMPS):
        assert codes(report, Status.PROVEN) == codes(check(made.bundle, made.anchors), Status.PROVEN)
        return
    # A CRL that is not believed any more: then nobody is called unrevoked by it. DER around the list and its
    # signature (the count of unused bits) is not signed.
    assert name.startswith(layout.REVOCATION)
    signed = x509.load_der_x509_crl(made.files[name]).tbs_certlist_bytes
    unsigned = signed in flipped(made.files[name], bit)
    assert unsigned or "revocation_good" not in codes(report, Status.PROVEN)


CHANGES: Mapping[str, tuple[Callable[[Made], dict[str, bytes | None]], str]] = {
    "the acceptance is another's": (
        lambda made: {layout.ACCEPTANCE: made.files[receipt(made)]},
        "receipt_of_other_kind",
    ),
    "an entry's details are others": (
        lambda made: {"entries/0.json": _edited(made, "entries/0.json", salt="0" * 32)},
        "entry_details_wrong",
    ),
    "an entry is said to stand elsewhere": (
        lambda made: {"entries/0.json": _edited(made, "entries/0.json", index=1)},
        "entry_inclusion_wrong",
    ),
    "an entry has another checkpoint": (
        lambda made: {"entries/0.json": _edited(made, "entries/0.json", checkpoint="x\n")},
        "entry_of_other_checkpoint",
    ),
    "a proof is none": (lambda made: {"entries/0.json": b"{}"}, "proof_form"),
    "the checkpoint is none": (lambda made: {layout.CHECKPOINT: b"x\n1\n"}, "checkpoint_form"),
    "a stamp is garbage": (lambda made: {"stamps/6.tsr": b"garbage"}, "stamp_wrong"),
    "a stamp's checkpoint is missing": (lambda made: {"stamps/6.json": None}, "part_unreadable"),
    "the stamped tree is another": (
        lambda made: {
            "stamps/6.json": made.files["stamps/6.json"].replace(b'"consistency":["', b'"consistency":["00')
        },
        "stamp_wrong",
    ),
    "the contents are of another document": (
        lambda made: {layout.CONTENTS: made.files[layout.CONTENTS].replace(b'"digest":"', b'"digest":"0')},
        "contents_of_other_document",
    ),
    "the contents are missing": (lambda made: {layout.CONTENTS: None}, "part_unreadable"),
    "the document is another": (
        lambda made: {layout.DOCUMENT: made.files[layout.DOCUMENT].replace(b"edXML", b"edxml")},
        "receipt_of_other_bytes",
    ),
    "a status is another's": (
        lambda made: {"statuses/0001-03.edxml": made.files[layout.DOCUMENT]},
        "status_of_other_document",
    ),
}


def receipt(made: Made) -> str:
    return next(name for name in made.files if name.startswith(layout.RECEIPTS))


def _edited(made: Made, name: str, **values: object) -> bytes:
    return layout.canonical({**json.loads(made.files[name]), **values})


@pytest.mark.parametrize("what", CHANGES)
def test_a_part_that_does_not_fit_is_refused_with_its_reason(made: Made, what: str) -> None:
    change, code = CHANGES[what]
    report = check(signed_again(made, **change(made)), made.anchors)
    assert report.exit is Exit.REFUSED
    assert code in codes(report, Status.REFUSED)


def test_a_file_that_was_added_is_said_to_be_not_covered(made: Made) -> None:
    files = [*made.files.items(), ("note.txt", b"trust me")]
    report = check(container.pack(asic.MEDIA_TYPE, files), made.anchors)
    assert report.exit is Exit.PROVEN
    assert [each.about for each in report.of(Status.OPEN) if each.code == "file_not_covered"] == ["note.txt"]


def test_a_file_that_was_taken_out_is_named(made: Made) -> None:
    files = [each for each in made.files.items() if each[0] != layout.ACCEPTANCE]
    report = check(container.pack(asic.MEDIA_TYPE, files), made.anchors)
    [finding] = report.of(Status.REFUSED)
    assert (finding.code, finding.about) == ("file_missing", layout.ACCEPTANCE)


def test_a_sender_s_own_receipt_is_no_receipt() -> None:
    """Even where the auditor trusts the sender's certificate itself, for its documents."""
    forger = Authority.create("CA", START).issue("exchange", OFFICE, START)
    province = Province.create(START)
    province.keys[OFFICE] = forger
    document = province.document(OFFICE, "000.00.05.H45", at=START)
    digest = hashlib.sha256(document).hexdigest()
    subject = replace(example().subject, digest=digest, size=len(document))
    own = build(example(kind=ReceiptKind.ACCEPTANCE, subject=subject, at=START, reason_code=""))
    parts = [
        Part(name=layout.DOCUMENT, content=document, kind="application/xml"),
        Part(name=layout.ACCEPTANCE, content=Seal(forger).sign(own, START), kind="application/xml"),
    ]
    report = check(
        asic.build(parts, forger, START),
        Anchors(exchanges=(forger.certificate,), signers=(forger.certificate,)),
    )
    assert "receipt_by_signer" in codes(report, Status.REFUSED)


def test_a_bundle_signed_by_a_stranger_is_not_proven(made: Made) -> None:
    stranger = Authority.create("CA", START).issue("exchange", "x", START)
    report = check(signed_again(made, stranger), made.anchors)
    assert report.exit is Exit.INCOMPLETE
    assert codes(report, Status.UNCHECKED) == {"container_broker_unknown"}


def test_what_is_no_bundle_is_not_readable(made: Made) -> None:
    for content in (made.bundle[:-100], made.bundle[:50], b"PK", container.pack("text/plain", [])):
        report = check(content, made.anchors)
        assert report.exit is Exit.UNREADABLE
        assert report.findings[0].remedy


def test_the_same_file_and_anchors_give_the_same_answer(made: Made, tmp_path: Path) -> None:
    (tmp_path / "a.asice").write_bytes(made.bundle)
    answers = {output.steps(verify(tmp_path / "a.asice", Anchors.load([made.trust]))) for _ in range(2)}
    assert len(answers) == 1
