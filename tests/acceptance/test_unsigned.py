"""Packages without a signature that proves anything: by an allowance, until its day, and never as signed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from exchange.audit import Anchors, Exit, Status
from exchange.audit import bundle as bundles
from exchange.core.bundle import Role
from exchange.core.edxml import build_document
from exchange.core.enveloped import DSIG
from exchange.core.refusal import Refused
from exchange.core.unsigned import RSA_SHA1, Lack
from exchange.demo.pki import Pki
from exchange.desk.status import as_token
from exchange.evidence import gather, pack
from exchange.ledger import directory_store, reading
from exchange.preflight import of_document
from exchange.sequencing import Sequencing
from exchange.timeline import timeline
from tests.audit.making import bundle_of, document_id_of, house_under, write_anchors
from tests.house import House
from tests.ledger.test_counting import rows, tally
from tests.ledger.test_recount import check
from tests.province import COMMUNE, FINANCE, OFFICE

TODAY = date(2026, 11, 24)


def allow(house: House, agency: str, until: date | None) -> None:
    found = house.context.registry.current.directory.get(agency)
    assert found is not None
    directory_store.save(house.broker.database, [replace(found, unsigned_until=until)])
    house.context.registry.renew()


def bare(house: House, sender: str = OFFICE, *receivers: str, **changes: object) -> bytes:
    """A document that nobody signed."""
    message = house.province.message(sender, *(receivers or (FINANCE,)), at=house.clock.now, **changes)  # type: ignore[arg-type]
    return etree.tostring(build_document(message), encoding="UTF-8", xml_declaration=True)


def foreign(house: House) -> bytes:
    """With a Signature in the namespace of QCVN 102, as the axis' library writes it."""
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    return content.replace(DSIG.encode(), b"http://www.mic.gov.vn/TBT/QCVN_102_2016")


def sha1(house: House) -> bytes:
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    root = etree.fromstring(content)
    [method] = root.iter(f"{{{DSIG}}}SignatureMethod")
    method.set("Algorithm", RSA_SHA1)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def bare_status(house: House, document_id: str, code: str = "03") -> bytes:
    signed = etree.fromstring(house.province.status(FINANCE, OFFICE, document_id, code, house.clock.now))
    [signature] = signed.iter(f"{{{DSIG}}}Signature")
    parent = signature.getparent()
    assert parent is not None
    parent.remove(signature)
    return etree.tostring(signed, encoding="UTF-8", xml_declaration=True)


def codes(run: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as error:
        run()
    return [each.code for each in error.value.refusals]


LACKS = {Lack.MISSING: bare, Lack.FOREIGN: foreign, Lack.SHA1: sha1}


def test_who_is_not_allowed_it_is_refused_as_ever(house: House) -> None:
    said = {lack: codes(lambda make=make: house.submit(make(house), OFFICE)) for lack, make in LACKS.items()}  # type: ignore[misc]
    assert said == {
        Lack.MISSING: ["signature_missing"],
        Lack.FOREIGN: ["signature_namespace"],
        Lack.SHA1: ["signature_algorithm"],
    }
    allow(house, COMMUNE, TODAY)  # another one's allowance is of no use
    assert codes(lambda: house.submit(bare(house), OFFICE)) == ["signature_missing"]


def test_who_is_allowed_it_is_taken_told_and_counted_as_not_signed(house: House) -> None:
    allow(house, OFFICE, TODAY)
    for make in LACKS.values():
        content = make(house)
        answer = house.submit(content, OFFICE)
        [warning] = house.receipts(answer.id)[0].warnings
        assert warning.code == "not_signed"
        assert "không tính là đã ký" in warning.text
        assert "does not count as signed" in warning.text
        assert house.receipts(answer.id)[0].certificate == ""
        [document] = rows(house, f"SELECT signed, certificate FROM document WHERE id = '{answer.id}'")
        assert (bool(document["signed"]), document["certificate"]) == (False, "")
        assert house.fetch_all(FINANCE) == [content]  # the very bytes
        assert not house.submit(content, OFFICE).fresh
    check(house)
    assert tally(house).items() >= {"electronic": 3, "unsigned": 3}.items()


def test_the_allowance_ends_with_its_day_in_vietnam(house: House) -> None:
    allow(house, OFFICE, TODAY)
    house.clock.now = datetime(2026, 11, 24, 16, 59, 59, tzinfo=UTC)
    house.submit(bare(house), OFFICE)
    house.clock.now += timedelta(seconds=1)
    with pytest.raises(Refused) as error:
        house.submit(bare(house), OFFICE)
    [refusal] = error.value.refusals
    assert refusal.code == "signature_missing"
    assert "2026-11-24" in refusal.detail
    assert "2026-11-24" in refusal.detail_vi


def test_a_signature_that_is_to_be_verified_is_never_overlooked(house: House) -> None:
    allow(house, OFFICE, TODAY)
    signed = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    assert codes(lambda: house.submit(signed.replace("báo cáo".encode(), b"bao cao"), OFFICE)) == [
        "signature_invalid"
    ]
    other = house.province.keys[OFFICE]
    house.province.keys[OFFICE] = house.province.authority.issue(OFFICE, OFFICE, house.clock.now)
    assert codes(
        lambda: house.submit(house.province.document(OFFICE, FINANCE, at=house.clock.now), OFFICE)
    ) == ["certificate_unknown"]
    house.province.keys[OFFICE] = other
    second = signed.replace(b"</ds:Signature>", b"</ds:Signature>" + b"<ds:Signature/>", 1)
    assert set(codes(lambda: house.submit(second, OFFICE))) <= {"signature_multiple", "xml_malformed"}
    answer = house.submit(signed, OFFICE)  # and one that holds counts as signed
    assert rows(house, f"SELECT signed FROM document WHERE id = '{answer.id}'")[0]["signed"]
    assert house.receipts(answer.id)[0].warnings == ()


def test_without_a_signature_the_token_says_who_sends(house: House) -> None:
    for agency in (OFFICE, COMMUNE):
        allow(house, agency, TODAY)
    assert codes(lambda: house.submit(bare(house), COMMUNE)) == ["signer_not_sender"]


def test_what_the_axis_itself_refuses_nobody_may_send(house: House) -> None:
    allow(house, OFFICE, TODAY)
    assert codes(lambda: house.submit(bare(house, OFFICE, FINANCE, sphere="MẬT"), OFFICE)) == [
        "secret_document"
    ]
    assert codes(lambda: house.submit(bare(house, OFFICE, "000.00.77.H45"), OFFICE)) == ["receiver_unknown"]
    broken = bare(house).replace(b"<edXML:CodeNumber>", b"<edXML:CodeNumber>1<x/>")
    assert codes(lambda: house.submit(broken, OFFICE)) in (["schema_violated"], ["xml_malformed"])


def test_a_draft_of_who_is_allowed_it_would_go(house: House) -> None:
    allow(house, OFFICE, TODAY)
    token = as_token(OFFICE, house.clock.now)
    answer = of_document(house.context, token, bare(house), house.clock.now)
    assert answer.would_go
    assert answer.unsigned
    house.clock.pass_(days=1)
    assert not of_document(house.context, token, bare(house), house.clock.now).unsigned


def test_a_status_that_nobody_signed_is_kept_and_moves_no_delivery(house: House) -> None:
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    document = house.submit(content, OFFICE).id
    status = bare_status(house, document_id_of(content))
    assert codes(lambda: house.report(status, FINANCE)) == ["signature_missing"]
    allow(house, FINANCE, TODAY)
    answer = house.report(status, FINANCE)
    assert house.states(document) == {FINANCE: "available"}
    assert house.deliveries(document)[FINANCE]["business"] == "03"
    assert house.fetch_all(OFFICE) == [status]
    dossier = reading.dossier(house.context.database, document)
    assert dossier is not None
    assert [(each["code"], each["message"]) for each in dossier.statuses] == [("03", None)]
    [told] = [each for each in timeline(dossier) if each.event == "status_03"]
    assert told.text.endswith("(not signed)")
    assert told.text_vi.endswith("(không có chữ ký số hợp lệ)")
    assert [each.code for each in house.receipts(answer.id)[0].warnings] == ["not_signed"]


@pytest.fixture
def vouched(pki: Pki, tmp_path: Path) -> Iterator[tuple[House, Anchors]]:
    """A broker with a certificate of the time of the test, and what an auditor trusts."""
    with house_under(pki, tmp_path) as house:
        yield house, Anchors.load([write_anchors(house, pki, tmp_path)])


def test_evidence_says_plainly_that_it_is_not_signed(vouched: tuple[House, Anchors]) -> None:
    house, anchors = vouched
    allow(house, OFFICE, TODAY)
    document = house.submit(sha1(house), OFFICE).id
    house.fetch_all(FINANCE)
    Sequencing(house.context).round()
    for role, agency in ((Role.SENDER, OFFICE), (Role.RECEIVER, FINANCE)):
        report = bundles.check(bundle_of(house, document, role, agency), anchors, house.clock.now)
        assert report.of(Status.REFUSED) == ()
        assert "document_unsigned" in {each.code for each in report.of(Status.UNCHECKED)}
        assert "document_signature" not in {each.code for each in report.findings}
        assert report.exit is Exit.INCOMPLETE
    dossier = reading.dossier(house.context.database, document)
    assert dossier is not None
    assert timeline(dossier)[0].text.endswith("(not signed)")


def test_whose_signature_was_taken_off_is_refused_and_not_called_unsigned(
    vouched: tuple[House, Anchors],
) -> None:
    house, anchors = vouched
    document = house.send(OFFICE, FINANCE).id
    house.fetch_all(FINANCE)
    Sequencing(house.context).round()
    gathered = replace(gather(house.context, document, Role.SENDER, OFFICE), document=bare(house))
    bundle = pack(gathered, house.context.issuer.seal.key, house.clock.now)
    report = bundles.check(bundle, anchors, house.clock.now)
    refused = {each.code for each in report.of(Status.REFUSED)}
    assert {"document_signature_wrong", "receipt_of_other_bytes"} <= refused
    assert "document_unsigned" not in {each.code for each in report.findings}
