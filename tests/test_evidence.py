"""What is gathered as evidence: everything, for who may have it; what is not there yet is named."""

import io
import json
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html
from pypdf import PdfReader
from typer.testing import CliRunner

from exchange.audit import Anchors, Exit, Report, Status, output
from exchange.audit import bundle as bundles
from exchange.cli.root import root
from exchange.core import asic
from exchange.core import bundle as layout
from exchange.core.bundle import Role
from exchange.core.receipt import ReceiptKind
from exchange.core.refusal import Refused
from exchange.demo.pki import Pki
from exchange.evidence import as_json, gather, style
from exchange.ledger import prove, reading
from exchange.sequencing import Sequencing
from tests.api.test_http import Caller, call, code
from tests.audit.making import (
    WITNESS,
    bundle_of,
    document_id_of,
    house_under,
    keep_lists,
    play,
    write_anchors,
)
from tests.house import START, House
from tests.pki import MakePki
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE

__all__ = ["call"]


def files_of(house: House, document: str, role: Role = Role.SENDER, agency: str = OFFICE) -> dict[str, bytes]:
    return dict(asic.read(bundle_of(house, document, role, agency)).files)


def contents_of(files: dict[str, bytes]) -> layout.Contents:
    return layout.decode(files[layout.CONTENTS])


def names(files: dict[str, bytes], folder: str) -> list[str]:
    return [name for name in files if name.startswith(folder)]


def codes(report: Report, status: Status) -> set[str]:
    return {finding.code for finding in report.of(status)}


# --- what is in it ---


def test_the_sender_gets_everything_that_there_is(house: House) -> None:
    content = house.province.document(OFFICE, FINANCE, DISTRICT, at=house.clock.now)
    document = house.submit(content, OFFICE).id
    house.fetch_all(FINANCE)
    status = house.province.status(FINANCE, OFFICE, document_id_of(content), "03", house.clock.now)
    house.report(status, FINANCE)
    Sequencing(house.context).round()
    files = files_of(house, document)
    assert files[layout.DOCUMENT] == content
    assert names(files, layout.STATUSES) == ["statuses/0001-03.edxml"]
    assert files["statuses/0001-03.edxml"] == status
    assert names(files, layout.RECEIPTS) == [f"receipts/0001-delivered-{FINANCE}.xml"]
    assert {receipt.kind for receipt in house.receipts(document)} == {
        ReceiptKind.ACCEPTANCE,
        ReceiptKind.DELIVERED,
    }
    events = [json.loads(json.loads(files[name])["leaf"])["event"] for name in names(files, layout.ENTRIES)]
    assert sorted(events) == ["accepted", "accepted", "delivered", "reported", "status_03"]
    assert len({json.loads(files[name])["checkpoint"] for name in names(files, layout.ENTRIES)}) == 1
    contents = contents_of(files)
    assert (contents.role, contents.agency, contents.pending) == (Role.SENDER, OFFICE, ())
    assert [each.receiver for each in contents.unended] == [DISTRICT]


def test_equal_evidence_gives_equal_bytes(house: House) -> None:
    document = house.send(OFFICE, FINANCE).id
    Sequencing(house.context).round()
    assert bundle_of(house, document) == bundle_of(house, document)


def test_an_entry_that_is_not_sequenced_is_named_and_when_to_come_back(house: House) -> None:
    document = house.send(OFFICE, FINANCE).id
    files = files_of(house, document)
    contents = contents_of(files)
    assert [each.event for each in contents.pending] == ["accepted"]
    assert contents.come_back_in_seconds >= house.context.settings.sequence_seconds
    assert not names(files, layout.ENTRIES)
    assert b"come back in" in files[layout.REPORT]
    Sequencing(house.context).round()
    house.fetch_all(FINANCE)
    later = files_of(house, document)
    assert [each.event for each in contents_of(later).pending] == ["delivered"]
    assert len(names(later, layout.ENTRIES)) == 1


def test_a_receiver_gets_its_own_part(house: House) -> None:
    content = house.province.document(OFFICE, FINANCE, DISTRICT, at=house.clock.now)
    document = house.submit(content, OFFICE).id
    house.fetch_all(FINANCE)
    Sequencing(house.context).round()
    files = files_of(house, document, Role.RECEIVER, FINANCE)
    assert layout.ACCEPTANCE not in files, "it names the other receivers"
    assert files[layout.DOCUMENT] == content
    assert len(names(files, layout.RECEIPTS)) == 1
    assert len(names(files, layout.ENTRIES)) == 2
    own = {name: text for name, text in files.items() if name != layout.DOCUMENT}
    assert DISTRICT.encode() not in b"".join(own.values())
    other = files_of(house, document, Role.RECEIVER, DISTRICT)
    assert layout.DOCUMENT not in other, "it was not handed over yet"
    assert not names(other, layout.RECEIPTS)


def test_an_administrator_gets_everything(house: House) -> None:
    document = house.send(OFFICE, FINANCE, DISTRICT).id
    files = files_of(house, document, Role.ADMINISTRATOR, "")
    assert layout.ACCEPTANCE in files
    assert contents_of(files).agency == ""


def test_of_what_is_not_there_and_of_receipts_there_is_no_evidence(house: House) -> None:
    document = house.send(OFFICE, FINANCE).id
    [receipt] = reading.receipts_of(house.context.database, document)
    for name in ("nothing", receipt["id"]):
        with pytest.raises(Refused, match="not_found"):
            gather(house.context, name, Role.ADMINISTRATOR, "")


def test_proofs_come_under_the_newest_checkpoint_that_a_witness_cosigned(pki: Pki, tmp_path: Path) -> None:
    with house_under(pki, tmp_path / "house") as house:
        document = play(house, pki)
        cosigned = prove.prove(house.context.database, prove.entries_of(house.context.database, document))
        house.send(OFFICE, FINANCE)
        Sequencing(house.context).round()
        after = prove.prove(house.context.database, prove.entries_of(house.context.database, document))
        assert after == cosigned
        assert WITNESS.vkey.name in cosigned[0]["checkpoint"]
        later = house.send(OFFICE, FINANCE).id
        Sequencing(house.context).round()
        [uncosigned] = prove.prove(house.context.database, prove.entries_of(house.context.database, later))
        assert WITNESS.vkey.name not in uncosigned["checkpoint"]


# --- revocation ---


@pytest.mark.parametrize(
    ("revoked_after_hours", "signed_before_hours", "reason", "verdict"),
    [
        (-1, 0, "superseded", Exit.REFUSED),
        (1, 0, "superseded", Exit.PROVEN),
        (1, 0, "key_compromise", Exit.PROVEN),
        (-1, 2, "superseded", Exit.PROVEN),
        (-1, 2, "key_compromise", Exit.REFUSED),
    ],
    ids=["before signing", "after", "stolen after the acceptance", "replaced before", "stolen before"],
)
def test_a_revocation_counts_from_its_moment(
    make_pki: MakePki,
    tmp_path: Path,
    revoked_after_hours: int,
    signed_before_hours: int,
    reason: str,
    verdict: Exit,
) -> None:
    """A key stolen before the exchange had the document may have signed it, whatever time it names."""
    pki = make_pki()
    with house_under(pki, tmp_path / "house") as house:
        content = house.province.document(OFFICE, FINANCE, at=START - timedelta(hours=signed_before_hours))
        document = house.submit(content, OFFICE).id
        pki.revoke("agency-ec", START + timedelta(hours=revoked_after_hours), reason)
        house.clock.pass_(hours=3)
        keep_lists(house, pki)
        Sequencing(house.context).round()
        bundle = bundle_of(house, document)
        anchors = Anchors.load([write_anchors(house, pki, tmp_path)])
    report = bundles.check(bundle, anchors, START)
    assert report.exit is verdict, output.answer(report)
    expected = {Exit.PROVEN: (Status.PROVEN, "revocation_good"), Exit.REFUSED: (Status.REFUSED, "revoked")}
    status, code_ = expected[verdict]
    assert code_ in codes(report, status)


# --- over HTTP and by command ---


def test_sender_and_receivers_may_ask_and_nobody_else(call: Caller) -> None:
    document = call.post(FINANCE)
    for agency, role in ((OFFICE, "sender"), (FINANCE, "receiver")):
        answer = call("GET", f"/v1/documents/{document}/evidence", agency=agency)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == asic.MEDIA_TYPE
        assert f"{document}.asice" in answer.headers["Content-Disposition"]
        assert contents_of(dict(asic.read(answer.data).files)).role == role
    assert code(call("GET", f"/v1/documents/{document}/evidence", agency=COMMUNE)) == "not_found"
    assert code(call("GET", "/v1/documents/nothing/evidence")) == "not_found"


def test_json_has_the_same_without_the_bytes(call: Caller) -> None:
    document = call.post(FINANCE)
    answer = call("GET", f"/v1/documents/{document}/evidence", Accept="application/json").json()
    assert answer["contents"]["document"]["id"] == document
    assert answer["contents"]["pending"] or answer["entries"]
    assert answer["acceptance"].startswith("<?xml")


def test_json_of_everything_can_be_written(pki: Pki, tmp_path: Path) -> None:
    with house_under(pki, tmp_path / "house") as house:
        gathered = gather(house.context, play(house, pki), Role.SENDER, OFFICE)
        value = as_json(gathered)
    assert [len(value[name]) for name in ("entries", "stamps", "statuses")] == [6, 1, 1]  # type: ignore[arg-type]


def test_an_administrator_gathers_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House.build(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'exchange.sqlite'}")
    document = house.send(OFFICE, FINANCE).id
    house.close()
    monkeypatch.setenv("EXCHANGE_DATA", str(tmp_path / "data"))
    out = tmp_path / "out.asice"
    done = CliRunner().invoke(root, ["evidence", document, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "not in the ledger yet" in done.output
    assert contents_of(dict(asic.read(out.read_bytes()).files)).role is Role.ADMINISTRATOR
    missing = CliRunner().invoke(root, ["evidence", "nothing"])
    assert missing.exit_code == 1


# --- the page for people ---


@pytest.fixture
def told(house: House) -> dict[str, bytes]:
    """The files of a bundle about a document with an awkward subject."""
    document = house.send(OFFICE, FINANCE, DISTRICT, subject="V/v <b>đóng</b> & mở").id
    house.fetch_all(FINANCE)
    Sequencing(house.context).round()
    return files_of(house, document)


@pytest.fixture
def page(told: dict[str, bytes]) -> html.HtmlElement:
    return html.fromstring(told[layout.REPORT].decode())


def test_the_page_on_paper_says_the_same(told: dict[str, bytes], page: html.HtmlElement) -> None:
    paper = PdfReader(io.BytesIO(told[layout.PAPER]))
    text = " ".join(" ".join(sheet.extract_text().split()) for sheet in paper.pages)
    for said in (*page.xpath("//h2/text()"), *page.xpath("//li/p/text()")):
        assert " ".join(said.split()) in text
    assert "V/v <b>đóng</b> & mở" in text
    assert paper.trailer["/Root"]["/Lang"] == "vi"  # type: ignore[index]
    assert paper.metadata is not None
    assert str(paper.metadata.title).startswith("Hồ sơ bằng chứng 000.00.01.H45")
    assert all(round(float(sheet.mediabox.width)) == 595 for sheet in paper.pages), "A4"


def test_the_page_says_what_happened_in_both_languages(page: html.HtmlElement) -> None:
    text = page.text_content()
    assert "ĐÃ CHUYỂN" in text
    assert "Delivered to the software of" in text
    assert "Chờ nơi nhận đến lấy" in text
    assert "V/v <b>đóng</b> & mở" in text
    assert not page.xpath("//b")
    assert "Trang này chỉ để đọc" in text


def test_the_page_fetches_nothing_and_runs_nothing(page: html.HtmlElement) -> None:
    assert not page.xpath("//script | //link | //img | //iframe | //@src | //@href | //@onclick")
    assert "url(" not in page.xpath("string(//style)")
    assert "@import" not in page.xpath("string(//style)")


def test_the_page_can_be_used_by_everybody(page: html.HtmlElement) -> None:
    """What WCAG 2.2 AA asks of a page without controls."""
    assert page.get("lang") == "vi"
    assert page.xpath("string(//title)").strip()
    assert page.xpath("//meta[@name='viewport']/@content") == ["width=device-width, initial-scale=1"]
    levels = [int(each.tag[1]) for each in page.xpath("//h1 | //h2 | //h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert page.xpath("count(//main)") == 1
    for table in page.xpath("//table"):
        assert table.xpath("./caption")
        assert all(each.get("scope") in ("col", "row") for each in table.xpath(".//th"))
    assert page.xpath("//span[@lang='en'] | //p[@lang='en']")
    assert [each.get("datetime") for each in page.xpath("//time")]


def luminance(color: str) -> float:
    parts = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("color", "least"), [(style.TEXT, 4.5), (style.QUIET, 4.5), (style.ACCENT, 4.5), (style.LINE, 3.0)]
)
def test_the_page_has_contrast(color: str, least: float) -> None:
    light, dark = luminance(style.PAPER) + 0.05, luminance(color) + 0.05
    assert light / dark >= least


def test_the_page_prints_on_paper_of_offices() -> None:
    assert re.search(r"@media print .*@page \{ size: A4", style.STYLE, re.DOTALL)
