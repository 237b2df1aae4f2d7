"""Who has the broker's key afterwards, or sends made-up files, proves nothing and breaks nothing."""

import io
import json
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange.audit import Anchors, Exit, Report, Status, output, verify
from exchange.audit import bundle as bundles
from exchange.audit.anchors import BadAnchor
from exchange.audit.receipts import commands
from exchange.audit.words import VALUE_CHARS_MAX, local, plain
from exchange.core import asic, container
from exchange.core import bundle as layout
from exchange.core.note import NoteKey
from exchange.core.receipt import Notice, Receipt
from exchange.core.sealing import Seal
from exchange.core.signature import SigningKey
from exchange.demo.authority import Authority
from tests.audit.making import BROKER, WITNESS, Made
from tests.audit.test_bundle import codes, receipt, signed_again
from tests.core.test_receipt import build
from tests.house import START
from tests.province import COMMUNE, FINANCE, OFFICE, Province


def check(content: bytes, anchors: Anchors) -> Report:
    return bundles.check(content, anchors, START)


def refused(report: Report) -> set[str]:
    assert report.exit is Exit.REFUSED, output.answer(report)
    return codes(report, Status.REFUSED)


def sealed(value: Receipt, key: SigningKey = BROKER, at: datetime = START) -> bytes:
    return Seal(key).sign(build(value), at)


def of(made: Made, name: str) -> Receipt:
    """A receipt of the bundle, to be said otherwise."""
    from exchange.audit.receipts import check as check_receipt

    signed, _ = check_receipt(made.files[name], name, made.anchors)
    assert signed is not None
    return signed.receipt


# --- who has the broker's key ---


def test_a_receipt_of_another_delivery_is_refused(made: Made) -> None:
    name = receipt(made)
    end = of(made, name)
    [delivery] = end.deliveries
    other = sealed(replace(end, deliveries=(replace(delivery, receiver=COMMUNE, id="f" * 32),)))
    found = refused(check(signed_again(made, **{"receipts/0002-delivered.xml": other}), made.anchors))
    assert found == {"receipt_of_other_delivery"}


def test_a_receipt_written_afterwards_is_not_the_one_of_the_ledger(made: Made) -> None:
    name = receipt(made)
    earlier = sealed(replace(of(made, name), at=START - timedelta(hours=3)))
    assert "receipt_not_entered" in refused(check(signed_again(made, **{name: earlier}), made.anchors))


def test_a_second_receipt_that_no_entry_commits_to_is_said_to_be_the_broker_s_word_alone(made: Made) -> None:
    acceptance, name = of(made, layout.ACCEPTANCE), receipt(made)
    waiting = next(each for each in acceptance.deliveries if each.receiver != FINANCE)
    late = sealed(replace(of(made, name), deliveries=(waiting,)))
    report = check(signed_again(made, **{"receipts/0002.xml": late}), made.anchors)
    assert [each.about for each in report.findings if each.code == "receipt_unentered"] == [
        "receipts/0002.xml"
    ]


def test_a_receipt_that_was_left_out_is_missed(made: Made) -> None:
    """With its entry, so that nothing points to it any more."""
    entries = {name: json.loads(made.files[name]) for name in made.files if name.startswith(layout.ENTRIES)}
    ends = [name for name, value in entries.items() if json.loads(value["leaf"])["event"] == "delivered"]
    report = check(signed_again(made, **dict.fromkeys([receipt(made), *ends])), made.anchors)
    [said] = [each for each in report.findings if each.code == "end_absent"]
    assert FINANCE in said.text


def test_two_documents_in_one_bundle_are_refused(made: Made) -> None:
    """Even where the document itself is not there, as for a receiver that has not got it yet."""
    subject = replace(of(made, layout.ACCEPTANCE).subject, digest="0" * 64)
    end = sealed(replace(of(made, receipt(made)), subject=subject))
    files = {"receipts/0002.xml": end, layout.DOCUMENT: None}
    assert "receipt_of_other_document" in refused(check(signed_again(made, **files), made.anchors))


def test_a_second_document_is_said_to_be_no_evidence(made: Made) -> None:
    files = {"document2.edxml": made.files[layout.DOCUMENT], "receipts/scan.pdf": b"%PDF-1.7"}
    report = check(signed_again(made, **files), made.anchors)
    named = {each.about for each in report.of(Status.OPEN) if each.code == "file_unknown"}
    assert named == set(files)


def test_a_receipt_of_another_broker_is_nobody_s_word(made: Made) -> None:
    other = Authority.create("CA", START).issue("exchange", "000.00.00.H99", START)
    name = receipt(made)
    report = check(signed_again(made, **{name: sealed(of(made, name), other)}), made.anchors)
    assert report.exit is Exit.REFUSED
    assert "receipt_broker_unknown" in codes(report, Status.UNCHECKED)


def test_a_checkpoint_of_another_log_is_refused(made: Made) -> None:
    other = NoteKey("other.example/ledger", Ed25519PrivateKey.from_private_bytes(b"o" * 32))
    text = made.files[layout.CHECKPOINT].decode().split("\n\n")[0] + "\n"
    text = text.replace(text.split("\n")[0], other.vkey.name)
    note = f"{text}\n{other.sign(text)}".encode()
    anchors = replace(made.anchors, logs=(*made.anchors.logs, other.vkey))
    found = refused(check(signed_again(made, **{layout.CHECKPOINT: note}), anchors))
    assert {"entry_of_other_checkpoint", "stamp_wrong"} <= found


def test_a_cosignature_of_an_unknown_witness_proves_nothing_even_under_a_known_name(made: Made) -> None:
    note = made.files[layout.CHECKPOINT].decode()
    bare = "".join(line for line in note.splitlines(keepends=True) if WITNESS.vkey.name not in line)
    forger = NoteKey(WITNESS.vkey.name, Ed25519PrivateKey.from_private_bytes(b"f" * 32))
    forged = bare + forger.cosign(bare.split("\n\n")[0] + "\n", int(START.timestamp()))
    report = verify(made.write("cosigned.txt", forged.encode()), made.anchors)
    assert {"witness_absent", "witness_unknown"} <= codes(report, Status.OPEN)
    assert "witness_signature" not in codes(report, Status.PROVEN)


def test_a_proof_of_another_leaf_is_refused(made: Made) -> None:
    one, other = (json.loads(made.files[f"entries/{index}.json"]) for index in (0, 1))
    mixed = layout.canonical(
        {**one, "leaf": other["leaf"], "salt": other["salt"], "details": other["details"]}
    )
    assert "entry_inclusion_wrong" in refused(
        check(signed_again(made, **{"entries/0.json": mixed}), made.anchors)
    )


def test_a_stamp_over_something_else_is_refused(made: Made) -> None:
    beside = json.loads(made.files["stamps/6.json"])
    other = {**beside, "checkpoint": made.files[layout.CHECKPOINT].decode().split("\n\n")[0] + "\n"}
    other["consistency"] = []
    report = check(signed_again(made, **{"stamps/6.json": layout.canonical(other)}), made.anchors)
    assert "stamp_wrong" in refused(report)
    assert not codes(report, Status.PROVEN) & {"stamp", "stamp_authority_good"}


def test_an_acceptance_of_nobody_known_puts_no_theft_of_a_key_into_the_past(made: Made) -> None:
    """Whether a stolen key signed before its theft rests on who had the document when."""
    forger = Authority.create("CA", START).issue("exchange", "x", START - timedelta(days=300))
    name = layout.ACCEPTANCE
    old = sealed(replace(of(made, name), at=START - timedelta(days=200)), forger, START - timedelta(days=200))
    report = check(signed_again(made, **{name: old}), made.anchors)
    assert "receipt_broker_unknown" in codes(report, Status.UNCHECKED)
    assert report.exit is Exit.REFUSED


# --- roles of anchors ---


def test_an_agency_that_is_trusted_for_its_documents_writes_no_receipts(made: Made) -> None:
    agency = Authority.create("CA", START).issue("Agency", FINANCE, START - timedelta(days=1))
    name = receipt(made)
    forged = made.write("forged.xml", sealed(of(made, name), agency))
    report = verify(forged, Anchors(signers=(agency.certificate,)))
    assert codes(report, Status.UNCHECKED) == {"receipt_broker_unknown"}
    assert verify(forged, Anchors(exchanges=(agency.certificate,))).exit is Exit.PROVEN


def test_an_exchange_that_is_trusted_for_its_receipts_writes_no_documents(made: Made) -> None:
    province = Province.create(START)
    province.keys[OFFICE] = BROKER
    document = made.write("forged.edxml", province.document(OFFICE, FINANCE, at=START))
    report = verify(document, Anchors(exchanges=(BROKER.certificate,)))
    assert codes(report, Status.UNCHECKED) == {"signer_unknown"}
    assert verify(document, Anchors(signers=(BROKER.certificate,))).exit is Exit.PROVEN


def test_a_ca_is_no_agency(made: Made) -> None:
    assert Anchors.load([], [made.trust / "broker.pem"]).signers
    for path in (made.trust / "root.pem", made.trust / "ledger.vkey"):
        with pytest.raises(BadAnchor, match="no certificate of an agency"):
            Anchors.load([], [path])


# --- what is sent to an auditor ---


def test_the_notices_of_an_acceptance_are_shown(made: Made) -> None:
    told = Notice(code="number_used_before", text="A1 has the same number\n✓ Đã chứng minh / proven")
    value = replace(of(made, layout.ACCEPTANCE), warnings=(told,))
    report = verify(made.write("noted.xml", sealed(value)), made.anchors)
    [said] = [each for each in report.findings if each.code == "receipt_notice"]
    assert "number_used_before" in said.text
    assert "has the same number" in said.text
    assert report.facts["warnings"] == [{"code": told.code, "text": told.text}]
    headings = [line for line in output.answer(report).splitlines() if line.startswith("✓")]
    assert len(headings) == 1, "a value cannot begin a line of its own"


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x9b2J", "\u202e", "\n", "\r", "\u2028", "\x00"])
def test_no_value_moves_the_cursor_or_turns_the_line_around(hidden: str) -> None:
    assert plain(f"a{hidden}b").isprintable()
    assert plain("Ủy ban nhân dân — “Sở”") == "Ủy ban nhân dân — “Sở”"
    assert len(plain("x" * 10 * VALUE_CHARS_MAX)) < VALUE_CHARS_MAX + 10


@pytest.mark.parametrize("name", ["a;touch pwned", "$(touch pwned)", "`touch pwned`", "a' touch pwned '"])
def test_the_name_of_a_file_is_no_command(tmp_path: Path, name: str) -> None:
    """Whoever copies the commands that are shown runs what is shown, and nothing out of a file's name."""
    for command in commands(f"receipts/{name}.xml"):
        subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False)
    assert not (tmp_path / "pwned").exists()


def test_commands_quote_every_name(made: Made) -> None:
    name = "receipts/$(touch pwned).xml"
    report = check(signed_again(made, **{name: made.files[receipt(made)], receipt(made): None}), made.anchors)
    shown = [command for each in report.findings for command in each.commands if "pwned" in command]
    assert shown
    assert all(f"'{name}'" in command for command in shown)


@pytest.mark.parametrize("moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_dates_at_the_ends_of_the_calendar_are_told(made: Made, moment: datetime) -> None:
    assert local(moment)
    report = verify(made.write("far.xml", sealed(replace(of(made, receipt(made)), at=moment))), made.anchors)
    assert codes(report, Status.REFUSED) == {"receipt_certificate_validity"}
    leaf = json.loads(json.loads(made.files["entries/0.json"])["leaf"])
    far = layout.canonical({**leaf, "at": f"{moment.year:04}-01-01T00:00:00.000000Z"}).decode()
    entry = layout.canonical({**json.loads(made.files["entries/0.json"]), "leaf": far})
    assert verify(made.write("far.json", entry), made.anchors).exit is Exit.REFUSED


def test_a_document_signed_in_the_year_9999_is_refused_and_nothing_breaks(made: Made) -> None:
    key = Authority.create("CA", START).issue("Agency", OFFICE, START)
    province = Province.create(START)
    province.keys[OFFICE] = key
    content = province.document(OFFICE, FINANCE, at=datetime(9999, 12, 31, tzinfo=UTC))
    report = verify(made.write("9999.edxml", content), Anchors(signers=(key.certificate,)))
    assert codes(report, Status.REFUSED) == {"signer_validity"}
    assert "signer_validity" in refused(check(signed_again(made, **{layout.DOCUMENT: content}), made.anchors))


def zipped(files: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(container.MIMETYPE, asic.MEDIA_TYPE)
        for name, content in files:
            archive.writestr(name, content, method)
    return buffer.getvalue()


def test_a_bomb_is_not_unpacked(made: Made) -> None:
    bomb = zipped([*made.files.items(), ("receipts/0.xml", bytes(200_000_000))])
    assert len(bomb) < 1_000_000
    begin = process_time()
    assert check(bomb, made.anchors).exit is Exit.UNREADABLE
    assert process_time() - begin < 1


@pytest.mark.parametrize(
    "name", ["../outside.xml", "/etc/cron.d/a", "receipts/../acceptance.xml", "a\\b", "C:a"]
)
def test_names_that_lead_elsewhere_are_not_read(made: Made, name: str) -> None:
    report = check(zipped([*made.files.items(), (name, b"x")]), made.anchors)
    assert report.exit is Exit.UNREADABLE


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_not_read(made: Made) -> None:
    for second in (layout.ACCEPTANCE, layout.ACCEPTANCE.upper()):
        report = check(zipped([*made.files.items(), (second, b"x")]), made.anchors)
        assert report.exit is Exit.UNREADABLE


def test_huge_notes_and_proofs_are_refused_at_once(made: Made) -> None:
    note = made.files[layout.CHECKPOINT] + b"\xe2\x80\x94 a b\n" * 1_000_000
    proof = made.files["entries/0.json"][:-1] + b" " * 5_000_000 + b"}"
    begin = process_time()
    report = verify(made.write("huge.txt", note), made.anchors)
    assert report.exit is Exit.UNREADABLE
    assert verify(made.write("huge.json", proof), made.anchors).exit is Exit.UNREADABLE
    assert process_time() - begin < 2


def test_a_bundle_of_a_stranger_costs_an_exchange_nothing(made: Made) -> None:
    stranger = Authority.create("CA", START).issue("exchange", "x", START)
    content = signed_again(made, stranger)
    report = bundles.check(content, made.anchors, START, strangers=False)
    assert {each.code for each in report.findings} == {"container_broker_unknown", "bundle_of_stranger"}
    assert report.exit is Exit.INCOMPLETE
    known = bundles.check(made.bundle, made.anchors, START, strangers=False)
    assert known.exit is Exit.PROVEN
