"""What the exchange found in attached PDFs is shown, stands in the ledger, and is examined anew offline."""

import json
from dataclasses import replace

import pytest

from exchange.audit import Anchors, Exit, Report, Status, examining, output, verify
from exchange.audit import bundle as bundles
from exchange.core import bundle as layout
from exchange.core import pdf_kept
from exchange.core.leaf import canonical
from tests.audit.making import Made
from tests.audit.test_bundle import codes, signed_again
from tests.house import START


def entry_of_findings(made: Made) -> str:
    return next(
        name
        for name, content in made.files.items()
        if name.startswith(layout.ENTRIES) and "findings" in json.loads(content)["details"]["body"]
    )


def check(made: Made, anchors: Anchors | None = None, **files: bytes | None) -> Report:
    """Of a bundle that the broker packed and signed anew, with these files instead."""
    content = signed_again(made, **files)
    return bundles.check(content, made.anchors if anchors is None else anchors, START, examining.examine)


def other(made: Made, **signature: object) -> bytes:
    """Findings that say something else of the first signature."""
    value = json.loads(made.files[layout.FINDINGS])
    value["attachments"][0]["pdf"]["signatures"][0].update(signature)
    return canonical(value)


def test_signatures_in_attached_pdfs_are_shown_and_examined_anew(made: Made) -> None:
    report = verify(made.write("pdfs.asice", made.bundle), made.anchors)
    assert report.exit is Exit.PROVEN
    [told] = [each for each in report.findings if each.code == "pdf_told"]
    assert "van-ban.pdf" in told.text
    assert "NĐ 30/2020" in told.text
    anew = [each for each in report.findings if each.code == "pdf_signature"]
    assert len(anew) == 2
    assert all("The signature holds" in each.text for each in anew)
    assert "findings_entered" in codes(report, Status.PROVEN)
    assert "examined anew" in output.answer(report)


def test_the_page_for_people_tells_of_them(made: Made) -> None:
    page = made.files[layout.REPORT].decode()
    assert "Chữ ký trong tệp đính kèm" in page
    assert "van-ban.pdf: It bears a person's and an organ's signature" in page


def test_findings_that_the_ledger_did_not_enter_are_refused(made: Made) -> None:
    """The exchange says afterwards that it had found something else."""
    report = bundles.check(
        signed_again(made, **{layout.FINDINGS: other(made, holds=False)}), made.anchors, START
    )
    assert codes(report, Status.REFUSED) == {"findings_not_entered"}


@pytest.mark.parametrize(
    "said",
    [{"integrity": "altered"}, {"coverage": "part"}, {"field": "another"}],
    ids=lambda said: next(iter(said)),
)
def test_findings_that_are_not_what_is_in_the_file_are_refused(made: Made, said: dict[str, object]) -> None:
    """Even where the exchange keeps back its entry."""
    report = check(made, **{layout.FINDINGS: other(made, **said), entry_of_findings(made): None})
    assert codes(report, Status.REFUSED) == {"findings_differ"}
    assert "findings_unentered" in codes(report, Status.OPEN)
    assert "pdf_signature" not in codes(report, Status.PROVEN)


def test_findings_of_other_files_are_refused(made: Made) -> None:
    value = json.loads(made.files[layout.FINDINGS])
    value["attachments"][0]["digest"] = "0" * 64
    report = check(made, **{layout.FINDINGS: canonical(value), entry_of_findings(made): None})
    assert codes(report, Status.REFUSED) == {"findings_differ"}
    nothing = canonical({**value, "attachments": []})
    report = check(made, **{layout.FINDINGS: nothing, entry_of_findings(made): None})
    assert codes(report, Status.REFUSED) == {"findings_differ"}


def test_without_a_ca_nothing_is_called_good(made: Made) -> None:
    report = check(made, replace(made.anchors, authorities=()))
    assert {"pdf_unchecked", "pdf_told"} <= codes(report, Status.OPEN)
    assert "pdf_signature" not in codes(report, Status.PROVEN)


def test_a_signer_of_an_unknown_ca_is_not_proven(made: Made) -> None:
    agencies = [each for each in made.anchors.authorities if "Root" not in each.subject.rfc4514_string()]
    report = check(made, replace(made.anchors, authorities=tuple(agencies)))
    assert "pdf_signature_fails" in codes(report, Status.OPEN)
    assert "pdf_signature" not in codes(report, Status.PROVEN)


def test_a_pdf_that_takes_too_long_is_said_to_be_not_examined(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "SECONDS_MAX", 0.05)
    report = check(made)
    [said] = [each for each in report.findings if each.code == "pdf_unchecked"]
    assert "took longer" in said.text
    assert "pdf_signature" not in codes(report, Status.PROVEN)


def test_a_pdf_that_takes_too_much_memory_ends_its_process_alone(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setattr(
        examining,
        "PROGRAM",
        "from exchange.audit import examining as each; each.MEMORY_BYTES_MAX = 30_000_000; each.main()",
    )
    [said] = [each for each in check(made).findings if each.code == "pdf_unchecked"]
    assert "broke off" in said.text


def test_findings_are_read_strictly(made: Made) -> None:
    good = made.files[layout.FINDINGS]
    assert pdf_kept.read(good).files[0].readable
    value = json.loads(good)
    for broken in (
        b"",
        b"[]",
        b"[" * 100_000,
        good + b" ",
        canonical({**value, "at": "2026-11-24T00:00:00"}),
        canonical({**value, "attachments": [{**value["attachments"][0], "name": 1}]}),
        other(made, integrity="perfect"),
        other(made, holds="yes"),
    ):
        with pytest.raises(ValueError, match="findings"):
            pdf_kept.read(broken)
        report = bundles.check(signed_again(made, **{layout.FINDINGS: broken}), made.anchors, START)
        assert "part_unreadable" in codes(report, Status.REFUSED)
