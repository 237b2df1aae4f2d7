"""Signatures in PDFs: what holds, what does not, and as of when; signed for the test by its own PKI."""

import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core.pades import Examiner
from exchange.core.pdf_findings import (
    Basis,
    Both,
    Changes,
    Coverage,
    Integrity,
    Names,
    PdfFindings,
    Role,
    SignatureFinding,
)
from exchange.core.standing import Status
from exchange.demo.pki import Pki
from exchange.demo.pki_plan import Holder
from tests import pdfs
from tests.house import START, Clock
from tests.pdfs import Desk
from tests.pki import HOLDERS, MakePki
from tests.programs import needs

DAY = timedelta(days=1)
PERSON = "Nguyễn Văn Thử"


@pytest.fixture
def desk(pki: Pki) -> Desk:
    return Desk(pki)


@dataclass
class Examined:
    """What is found by the desk's evidence."""

    desk: Desk

    def __call__(
        self, pdf: bytes, at: object = START, names: Names | None = None, **evidence: object
    ) -> PdfFindings:
        found = Examiner(self.desk.evidence(**evidence)).examine(pdf, at, names)  # type: ignore[arg-type]
        for each in (*found.text, *(sentence for one in found.signatures for sentence in one.text)):
            assert all((each.vi, each.en)), "every finding has words in both languages"
        return found


@pytest.fixture
def examined(desk: Desk) -> Examined:
    return Examined(desk)


def one(found: PdfFindings) -> SignatureFinding:
    [signature] = found.signatures
    return signature


# --- who signed ---


@pytest.mark.parametrize(
    ("holders", "both"),
    [
        (["person"], Both.NO),
        (["organisation"], Both.NO),
        (["person", "organisation"], Both.YES),
        (["organisation", "person"], Both.YES),
    ],
)
def test_a_person_and_an_organ_are_told_apart(
    desk: Desk, examined: Examined, holders: list[str], both: Both
) -> None:
    found = examined(desk.sign(pdfs.plain(), *holders), names=Names(persons=("nguyễn  văn thử",)))
    assert found.readable
    assert not found.lenient
    assert not found.wrong
    assert [each.field for each in found.signatures] == holders
    roles = {each.field: (each.signer.role, each.signer.basis) for each in found.signatures if each.signer}
    if "person" in holders:
        assert roles["person"] == (Role.PERSON, Basis.DOCUMENT)
    if "organisation" in holders:
        assert roles["organisation"] == (Role.ORGAN, Basis.CERTIFICATE)
    assert found.both is both


def test_a_registered_certificate_is_an_organs_whatever_its_subject_says(
    desk: Desk, examined: Examined
) -> None:
    mark = desk.asn1("person").sha256.hex()
    signer = one(examined(desk.sign(pdfs.plain(), "person"), organs={mark: "000.00.01.H45"})).signer
    assert signer is not None
    assert (signer.role, signer.basis, signer.agency) == (Role.ORGAN, Basis.DIRECTORY, "000.00.01.H45")
    assert (signer.name, signer.organisation) == (PERSON, "UBND tỉnh Phú Yên")


def test_an_unsigned_file_is_readable_and_says_so(examined: Examined) -> None:
    found = examined(pdfs.plain())
    assert found.readable
    assert found.signatures == ()
    assert found.both is Both.NO
    assert not found.wrong
    assert found.text[0].en == "It carries no digital signature."


# --- integrity and coverage ---


def test_every_flipped_byte_under_the_signature_is_noticed(desk: Desk, examined: Examined) -> None:
    pdf = desk.sign(pdfs.plain(), "organisation")
    assert one(examined(pdf)).coverage is Coverage.FILE
    positions = [position for each in pdfs.signed_ranges(pdf) for position in each]
    for position in positions[::37]:
        found = examined(pdfs.flipped(pdf, position))
        assert not any(each.holds for each in found.signatures), position
        assert found.both is Both.NO


def test_every_flipped_byte_of_the_signatures_value_is_noticed(desk: Desk, examined: Examined) -> None:
    pdf = desk.sign(pdfs.plain(), "organisation", chain=False)
    before, contents, after = pdfs.contents(pdf)
    signed = cms.ContentInfo.load(contents)["content"]
    [info] = signed["signer_infos"]
    # All but numbers of versions, lists of algorithms and empty parameters: nobody signs or needs these.
    parts = [
        signed["certificates"].contents,
        *(info[name].dump() for name in ("sid", "signed_attrs", "signature_algorithm", "signature")),
        info["digest_algorithm"]["algorithm"].dump(),
    ]
    for part in parts:
        begin = contents.rindex(part)
        for position in range(begin, begin + len(part), 5):
            altered = before + pdfs.flipped(contents, position).hex().encode() + after
            assert not any(each.holds for each in examined(altered).signatures), (
                position - begin,
                part.hex(),
            )


def test_what_was_signed_with_another_key_is_forged(desk: Desk, examined: Examined) -> None:
    found = one(examined(desk.sign(pdfs.plain(), "person", key="agency-rsa")))
    assert found.integrity is Integrity.FORGED
    assert not found.holds


def test_a_signature_with_sha_1_proves_nothing(desk: Desk, examined: Examined) -> None:
    found = one(examined(desk.sign(pdfs.plain(), "person", md_algorithm="sha1")))
    assert found.integrity is Integrity.WEAK
    assert not found.holds


def test_other_content_appended_after_signing_breaks_every_signature(desk: Desk, examined: Examined) -> None:
    found = examined(pdfs.with_other_text(desk.sign(pdfs.plain(), "person", "organisation")))
    assert [each.changes for each in found.signatures] == [Changes.CONTENT] * 2
    assert [each.integrity for each in found.signatures] == [Integrity.INTACT] * 2
    assert not any(each.holds for each in found.signatures)
    assert found.both is Both.NO


def test_a_second_signature_and_material_for_verification_break_no_signature(
    desk: Desk, examined: Examined
) -> None:
    signed = desk.sign(pdfs.plain(), "person", "organisation")
    found = examined(desk.stamp(desk.with_evidence(signed, "person")))
    assert [(each.coverage, each.changes) for each in found.signatures] == [
        (Coverage.REVISION, Changes.FORM),
        (Coverage.REVISION, Changes.EVIDENCE),
    ]
    assert found.both is Both.YES
    assert [each.holds for each in found.stamps] == [True]


@pytest.mark.parametrize("rest", [b"\n% a comment\n", b"%PDF-1.7\nanother file\n%%EOF\n"])
def test_bytes_after_the_end_of_what_was_signed_are_noticed(
    desk: Desk, examined: Examined, rest: bytes
) -> None:
    found = examined(desk.sign(pdfs.plain(), "person") + rest)
    assert not any(each.holds for each in found.signatures)


@pytest.mark.parametrize("left_out", [0, 40])
def test_a_signature_that_leaves_out_more_than_itself_does_not_hold(
    desk: Desk, examined: Examined, left_out: int
) -> None:
    found = one(examined(pdfs.handmade(desk, "organisation", left_out=left_out)))
    assert found.integrity is Integrity.INTACT
    assert (found.coverage is Coverage.FILE) == found.holds == (left_out == 0)


def test_a_signature_that_brings_its_own_content_is_not_read(desk: Desk, examined: Examined) -> None:
    found = one(examined(pdfs.handmade(desk, "organisation", encapsulated=True)))
    assert found.integrity is Integrity.UNREADABLE
    assert not found.holds


def test_one_signature_that_cannot_be_read_hides_no_other(desk: Desk, examined: Examined) -> None:
    signed = desk.sign(pdfs.plain(), "person", "organisation")
    before, contents, after = pdfs.contents(signed)
    found = examined(before + b"00" * len(contents) + after)
    assert [(each.field, each.integrity) for each in found.signatures] == [
        ("organisation", Integrity.UNREADABLE),
        ("person", Integrity.INTACT),
    ]
    assert found.wrong


def test_a_signature_of_a_kind_that_proves_little_is_named(desk: Desk, examined: Examined) -> None:
    signed = desk.sign(pdfs.plain(), "person")
    found = one(examined(signed.replace(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 ")))
    assert found.integrity is Integrity.UNREADABLE
    assert "adbe.x509.rsa_sha1" in found.text[0].en


def test_a_file_that_word_processors_write_for_old_readers_is_read_and_said_to_be_loose(
    desk: Desk, examined: Examined
) -> None:
    found = examined(desk.sign(pdfs.hybrid(), "person", "organisation"))
    assert found.lenient
    assert found.both is Both.YES
    assert "leniently" in found.text[0].en


# --- certificates, revocation and time ---


def test_without_an_answer_of_the_ca_revocation_is_not_called_good(desk: Desk, examined: Examined) -> None:
    signed = desk.sign(pdfs.plain(), "person")
    assert one(examined(signed)).revocation is Status.NOT_CHECKED
    assert one(examined(signed, crls=desk.crls())).revocation is Status.GOOD
    assert (
        one(examined(signed, crls=desk.crls()[1:], ocsps=(desk.answer("person"),))).revocation is Status.GOOD
    )


def test_nobodys_certificate_proves_nothing(desk: Desk, examined: Examined) -> None:
    found = one(
        examined(desk.sign(pdfs.plain(), "person"), anchors=(pdfs.der(desk.pki.certificate("other-root")),))
    )
    assert found.integrity is Integrity.INTACT
    assert found.revocation is Status.INVALID
    assert not found.holds


def test_a_revoked_signer_does_not_hold(desk: Desk, examined: Examined) -> None:
    found = one(examined(desk.sign(pdfs.plain(), "revoked"), crls=desk.crls()))
    assert found.revocation is Status.REVOKED
    assert found.revoked_at == START - 30 * DAY
    assert not found.holds


def test_an_expired_signer_does_not_hold_without_a_time_stamp(desk: Desk, examined: Examined) -> None:
    found = one(examined(desk.sign(pdfs.plain(), "expired")))
    assert found.revocation is Status.INVALID
    assert not found.holds
    assert "expired" in found.trust.en


@pytest.mark.parametrize("stamped", [True, False])
def test_a_time_stamp_keeps_a_signature_beyond_the_end_of_its_certificate(
    desk: Desk, examined: Examined, stamped: bool
) -> None:
    signed = desk.sign(pdfs.plain(), "expiring", stamper=desk.stamper() if stamped else None)
    later = START + 40 * DAY
    found = one(examined(signed, later))
    assert found.holds is stamped
    assert found.as_of == (START if stamped else later)
    assert (found.stamp is not None) is stamped


@pytest.mark.parametrize("stamped", [True, False])
def test_what_was_revoked_after_the_time_stamp_was_signed_before(make_pki: MakePki, stamped: bool) -> None:
    clock = Clock()
    desk = Desk(make_pki(now=clock))
    signed = desk.sign(pdfs.plain(), "person", stamper=desk.stamper() if stamped else None)
    desk.pki.revoke("person", START + DAY, "superseded")
    clock.pass_(days=2)
    found = one(Examined(desk)(signed, clock.now, crls=desk.crls()))
    assert found.revoked_at == START + DAY
    assert (found.holds, found.revocation) == ((True, Status.GOOD) if stamped else (False, Status.REVOKED))


@pytest.mark.parametrize("service", ["other-tsa", "tsa-without-purpose"])
def test_a_time_stamp_of_nobodys_is_shown_and_not_relied_on(
    desk: Desk, examined: Examined, service: str
) -> None:
    found = one(examined(desk.sign(pdfs.plain(), "person", stamper=desk.stamper(service)), START + DAY))
    assert found.stamp is not None
    assert not found.stamp.holds
    assert found.as_of == START + DAY
    assert found.holds


def test_an_authority_may_be_trusted_for_time_stamps_alone(desk: Desk, examined: Examined) -> None:
    signed = desk.sign(pdfs.plain(), "person", stamper=desk.stamper("other-tsa"))
    root = pdfs.der(desk.pki.certificate("other-root"))
    found = one(examined(signed, START + DAY, stamp_anchors=(root,)))
    assert found.stamp is not None
    assert found.stamp.holds
    assert found.as_of == START
    assert not one(examined(signed, anchors=(), stamp_anchors=(*desk.evidence().anchors, root))).holds


def test_a_time_stamp_of_another_signature_is_not_taken(desk: Desk, examined: Examined) -> None:
    signed = desk.sign(pdfs.plain(), "person", stamper=pdfs.Misplaced(desk.pki.tsa_url()))
    found = one(examined(signed, START + DAY))
    assert found.stamp is not None
    assert not found.stamp.holds
    assert found.as_of == START + DAY


def test_what_the_file_carries_is_enough_for_years_later(make_pki: MakePki) -> None:
    clock = Clock()
    desk = Desk(make_pki(now=clock))
    signed = desk.sign(pdfs.plain(), "expiring", stamper=desk.stamper())
    kept = desk.stamp(desk.with_evidence(signed, "expiring"))
    found = Examined(desk)(kept, START + 3000 * DAY)
    signature = one(found)
    assert signature.holds
    assert signature.revocation is Status.GOOD
    assert signature.as_of == START
    assert [(each.at, each.holds) for each in found.stamps] == [(START, True)]


def test_a_time_stamp_over_the_file_proves_what_was_there_before_it_and_no_more(make_pki: MakePki) -> None:
    holders = {**HOLDERS, "late": Holder(name="Lê Thị Muộn", ends=timedelta(days=30))}
    desk = Desk(make_pki(holders=holders))
    kept = desk.sign(desk.stamp(desk.sign(pdfs.plain(), "expiring")), "late")
    found = Examined(desk)(kept, START + 40 * DAY)
    assert [(each.field, each.holds) for each in found.signatures] == [("expiring", True), ("late", False)]


# --- files that are none, or made to hurt ---


def cyclic() -> bytes:
    return pdfs.written(b"<< /Type /Catalog /AcroForm 2 0 R >>", b"3 0 R", b"2 0 R")


def deep() -> bytes:
    return pdfs.written(b"<< /Type /Catalog /AcroForm " + b"[" * 50_000 + b"]" * 50_000 + b" >>")


def own_table() -> bytes:
    head = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
    table = (
        b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<< /Size 2 /Root 1 0 R /Prev %d >>\n"
    )
    return head + table % len(head) + b"startxref\n%d\n%%%%EOF\n" % len(head)


BAD = {
    "empty": lambda: b"",
    "text": lambda: b"Kinh gui",
    "header alone": lambda: b"%PDF-1.7\n",
    "cut in half": lambda: pdfs.plain()[:300],
    "made up": lambda: b"%PDF-1.7 made up",
    "zeros": lambda: b"%PDF-1.7\n" + bytes(100_000),
    "circle of references": cyclic,
    "deep": deep,
    "circle of tables": own_table,
    "fields in a circle": lambda: pdfs.written(
        b"<< /Type /Catalog /AcroForm 2 0 R >>", b"<< /Fields [3 0 R] >>", b"<< /T (a) /Kids [3 0 R] >>"
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_said_and_never_raised(examined: Examined, name: str) -> None:
    found = examined(BAD[name]())
    assert not found.readable
    assert found.wrong
    assert found.both is Both.NO
    assert "could not be read" in found.text[0].en
    assert "Không đọc được" in found.text[0].vi


def test_an_encrypted_file_is_said_to_be_encrypted(examined: Examined) -> None:
    found = examined(pdfs.encrypted(pdfs.plain()))
    assert not found.readable
    assert "encrypted" in found.text[0].en


def test_no_cut_and_no_flipped_byte_of_a_signed_file_raises(desk: Desk, examined: Examined) -> None:
    signed = desk.sign(pdfs.plain(), "person", stamper=desk.stamper())
    for end in range(0, len(signed), 397):
        examined(signed[:end])
    for position in range(0, len(signed), 397):
        examined(pdfs.flipped(signed, position))


# --- the same by others ---


def test_openssl_finds_the_same_signatures_good(desk: Desk, examined: Examined, tmp_path: Path) -> None:
    for name in ("root", "authority"):
        pem = desk.pki.certificate(name).public_bytes(Encoding.PEM)
        (tmp_path / f"{name}.pem").write_bytes(pem)
    signed = desk.sign(pdfs.plain(), "person")
    for content, good in ((signed, True), (pdfs.flipped(signed, 60), False)):
        assert one(examined(content)).holds is good
        assert openssl_verifies(content, tmp_path) is good


def openssl_verifies(pdf: bytes, folder: Path) -> bool:
    _, contents, _ = pdfs.contents(pdf)
    (folder / "cms.der").write_bytes(cms.ContentInfo.load(contents).dump())
    (folder / "content").write_bytes(
        b"".join(pdf[each.start : each.stop] for each in pdfs.signed_ranges(pdf))
    )
    command = (
        f"openssl cms -verify -binary -inform DER -in {folder}/cms.der -content {folder}/content"
        f" -CAfile {folder}/root.pem -certfile {folder}/authority.pem -purpose any"
        f" -attime {int(START.timestamp())} -out /dev/null"
    )
    done = subprocess.run(command.split(), capture_output=True, check=False, timeout=30)
    return done.returncode == 0


@needs("pdfsig")
def test_pdfsig_sees_the_same_signatures_the_same_coverage_and_the_same_fault(
    desk: Desk, examined: Examined, tmp_path: Path
) -> None:
    both = desk.sign(pdfs.plain(), "person", "organisation")
    samples = {
        "one": desk.sign(pdfs.plain(), "person"),
        "both": both,
        "stamped": desk.sign(pdfs.plain(), "person", stamper=desk.stamper()),
        "kept": desk.with_evidence(both, "person"),
        "flipped": pdfs.flipped(both, 60),
        "forged": desk.sign(pdfs.plain(), "person", key="agency-rsa"),
        "changed": pdfs.with_other_text(both),
    }
    for name, content in samples.items():
        (tmp_path / "signed.pdf").write_bytes(content)
        told = pdfsig(tmp_path / "signed.pdf")
        assert told == [
            (each.coverage is Coverage.FILE, each.integrity is Integrity.INTACT)
            for each in examined(content).signatures
        ], name


def pdfsig(file: Path) -> list[tuple[bool, bool]]:
    """Of each signature: whether it covers the whole file, and whether it is over these bytes."""
    command = ["pdfsig", "-nocert", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout
    return [
        ("- Total document signed" in part, "Signature is Valid" in part)
        for part in told.split("\nSignature #")[1:]
    ]
