"""Signatures in attached PDFs: examined after the acceptance, kept for ever, required by who wants to."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from exchange.connections import load_adapter
from exchange.core.edxml import Business, BusinessType
from exchange.core.pdf_findings import Basis, Both, DocumentFindings, Role
from exchange.core.refusal import Refusal, Refused
from exchange.core.standing import Status
from exchange.core.trust import fingerprint
from exchange.findings import Findings
from exchange.intake import accepted_before
from exchange.ledger import directory_store, findings, reading, revocations
from exchange.ledger.findings import pending
from exchange.ledger.revocations import Evidence
from exchange.preflight import of_document
from tests import pdfs
from tests.conftest import MakeHouse
from tests.house import START, House
from tests.pdfs import Desk
from tests.pki import Pki
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, registered


@dataclass
class Site:
    """A broker that trusts the desk's PKI; its agencies send what the desk signs."""

    house: House
    desk: Desk

    def send(self, pdf: bytes, *receivers: str, **changes: object) -> str:
        return self.house.send(OFFICE, *(receivers or (COMMUNE,)), attachment=pdf, **changes).id

    def refused(self, pdf: bytes, *receivers: str) -> tuple[Refusal, ...]:
        with pytest.raises(Refused) as refused:
            self.send(pdf, *receivers)
        return refused.value.refusals

    def round(self) -> int:
        return Findings(self.house.context).round()

    def found(self, document: str) -> DocumentFindings:
        found = findings.of_document(self.house.context.database, document)
        assert found is not None
        return found


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(make_house: MakeHouse, pki: Pki, tmp_path: Path) -> MakeSite:
    def make(**changes: object) -> Site:
        trusted = tmp_path / "pdf.pem"
        trusted.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (pki.root, pki.authority)))
        values = {"pdf_findings": True, "pdf_authorities": trusted, **changes}
        adapters = {FINANCE: ("inbox", {"pdf_signatures": "required"})}
        return Site(make_house(adapters, **values), Desk(pki))

    return make


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site()


# --- after the acceptance ---


def test_an_accepted_document_is_examined_once_and_as_of_its_acceptance(site: Site) -> None:
    document = site.send(site.desk.sign(pdfs.plain(), "person", "organisation"))
    unsigned = site.send(b"%PDF-1.7 made up")
    assert findings.of_document(site.house.context.database, document) is None
    site.house.clock.pass_(days=3)
    assert site.round() == 2
    found = site.found(document)
    assert (found.both, found.at) == (Both.YES, START)
    [attachment] = found.attachments
    assert attachment.name == "van-ban.pdf"
    assert attachment.pdf is not None
    assert [each.field for each in attachment.pdf.signatures] == ["person", "organisation"]
    [bad] = site.found(unsigned).attachments
    assert bad.pdf is not None
    assert not bad.pdf.readable
    assert site.round() == 0


def test_status_messages_and_receipts_are_not_examined(site: Site) -> None:
    site.send(b"%PDF-1.7 made up", COMMUNE)
    site.house.fetch_all(COMMUNE)
    assert [each.accepted_at for each in pending(site.house.context.database, 10)] == [START]


def test_a_document_of_before_anything_was_examined_is_left_alone(site: Site) -> None:
    database = site.house.context.database
    old, new = site.send(pdfs.plain()), site.send(pdfs.plain())
    assert [each.document for each in pending(database, 10)] == [old, new]
    as_of(site, old, datetime.now(UTC) - timedelta(hours=2))
    assert [each.document for each in pending(database, 10)] == [old, new]


def as_of(site: Site, document: str, moment: datetime) -> str:
    """A copy of a document that came at another moment."""
    milliseconds = int(moment.timestamp() * 1000)
    copy = f"{milliseconds:012x}{document[12:]}"
    columns = "kind, sender, digest, size, accepted_at, subject, priority, number, notation, type_name,"
    columns += " business_type, earlier, paper, signed, certificate, receipt_kind"
    with site.house.context.database.write() as connection:
        connection.execute(
            text(
                f"INSERT INTO document (id, document_id, {columns}) SELECT :id, :id, {columns}"
                " FROM document WHERE id = :document"
            ),
            {"id": copy, "document": document},
        )
    return copy


def test_after_days_away_everything_that_came_is_examined_the_oldest_first(site: Site) -> None:
    database = site.house.context.database
    first = site.send(pdfs.plain())
    site.round()
    base = datetime.now(UTC)
    came = [as_of(site, first, base + timedelta(hours=hour)) for hour in range(1, 60)]
    assert [each.document for each in pending(database, 100)] == came[:1]
    assert site.round() == len(came)
    assert all(findings.of_document(database, each) for each in came)


def test_a_document_that_was_committed_late_is_found(site: Site) -> None:
    first = site.send(pdfs.plain())
    late = as_of(site, first, datetime.now(UTC) - timedelta(minutes=50))
    latest = site.send(pdfs.plain())
    assert site.round() == 3
    later = as_of(site, first, datetime.now(UTC) - timedelta(minutes=40))
    worker = Findings(site.house.context)
    assert worker.round() == 1
    assert worker.round() == 0
    for each in (late, latest, later):
        assert site.found(each)


def test_a_document_whose_bytes_are_gone_keeps_no_other_waiting(site: Site) -> None:
    gone = site.send(pdfs.plain(page_bytes=100_000))
    [file] = [each for each in (site.house.context.settings.data / "payloads").rglob("*") if each.is_file()]
    file.unlink()
    there = site.send(pdfs.plain())
    assert site.round() == 1
    assert site.found(there)
    assert findings.of_document(site.house.context.database, gone) is None


def test_what_another_process_found_first_stays(site: Site) -> None:
    document = site.send(pdfs.plain())
    database = site.house.context.database
    site.round()
    first = site.found(document)
    findings.record(database, {document: replace(first, both=Both.YES, attachments=())}, START)
    assert site.found(document) == first
    assert events(site, document) == ["accepted", "examined"]


def events(site: Site, document: str) -> list[str]:
    dossier = reading.dossier(site.house.context.database, document)
    assert dossier is not None
    return [each["event"] for each in dossier.entries]


def test_the_ledger_commits_to_what_was_found_of_pdfs(site: Site) -> None:
    document, other = site.send(pdfs.plain()), site.send(b"no PDF")
    site.round()
    told = findings.told(site.house.context.database, document)
    assert told is not None
    dossier = reading.dossier(site.house.context.database, document)
    assert dossier is not None
    assert dossier.entries[-1]["body"] == {"findings": hashlib.sha256(told).hexdigest()}
    assert events(site, other) == ["accepted"]
    assert findings.told(site.house.context.database, other) is None


@pytest.mark.parametrize("statement", ["UPDATE finding SET body = '{}'", "DELETE FROM finding"])
def test_the_database_refuses_to_change_a_finding(site: Site, statement: str) -> None:
    site.send(pdfs.plain())
    site.round()
    with (
        pytest.raises(DBAPIError, match="the ledger only grows"),
        site.house.context.database.write() as connection,
    ):
        connection.execute(text(statement))


def test_no_finding_can_be_replaced(site: Site) -> None:
    if not site.house.context.database.embedded:
        return  # PostgreSQL has no REPLACE
    site.send(pdfs.plain())
    site.round()
    with (
        pytest.raises(DBAPIError, match="refuses REPLACE"),
        site.house.context.database.write() as connection,
    ):
        connection.execute(text("INSERT OR REPLACE INTO finding SELECT * FROM finding"))


def test_switched_off_nothing_is_examined(make_site: MakeSite) -> None:
    site = make_site(pdf_findings=False)
    site.send(pdfs.plain())
    assert site.round() == 0


def test_the_newest_lists_that_the_exchange_keeps_tell_who_is_revoked(site: Site) -> None:
    desk, database = site.desk, site.house.context.database
    for name, crl in zip(("authority", "root"), desk.crls(), strict=True):
        kept = Evidence(
            kind="crl",
            digest=hashlib.sha256(crl).hexdigest(),
            url=desk.pki.crl_url(name),
            issuer=fingerprint(desk.pki.certificate(name)),
            this_update=START,
            next_update=None,
            der=crl,
            fetched_at=START,
        )
        assert revocations.keep(database, kept)
    document = site.send(desk.sign(pdfs.plain(), "person", "revoked"))
    site.round()
    [attachment] = site.found(document).attachments
    assert attachment.pdf is not None
    assert [each.revocation for each in attachment.pdf.signatures] == [Status.GOOD, Status.REVOKED]


def test_a_certificate_of_the_directory_is_its_agencys(site: Site) -> None:
    key = site.desk.pki.signing_key("agency-ec")
    directory_store.register_certificate(site.house.context.database, registered(key, OFFICE, START))
    site.house.context.registry.renew()
    document = site.send(site.desk.sign(pdfs.plain(), "agency-ec"))
    site.round()
    [attachment] = site.found(document).attachments
    assert attachment.pdf is not None
    signer = attachment.pdf.signatures[0].signer
    assert signer is not None
    assert (signer.role, signer.basis, signer.agency) == (Role.ORGAN, Basis.DIRECTORY, OFFICE)


# --- at the door, where a receiver asks for it ---


def test_a_receiver_that_requires_signatures_gets_documents_that_bear_both(site: Site) -> None:
    assert site.send(site.desk.sign(pdfs.plain(), "person", "organisation"), FINANCE, COMMUNE)


@pytest.mark.parametrize(
    ("holders", "codes"),
    [
        ((), ["pdf_signature_missing"]),
        (("person",), ["pdf_signature_missing"]),
        (("organisation",), ["pdf_signature_missing"]),
        (("person", "expired"), ["pdf_signature_missing", "pdf_signature_invalid"]),
        (("person", "organisation", "expired"), ["pdf_signature_invalid"]),
    ],
)
def test_a_receiver_that_requires_signatures_is_spared_the_rest(
    site: Site, holders: tuple[str, ...], codes: list[str]
) -> None:
    pdf = site.desk.sign(pdfs.plain(), *holders)
    refusals = site.refused(pdf, FINANCE, COMMUNE)
    assert [each.code for each in refusals] == codes
    assert all(each.values["receivers"] == [FINANCE] for each in refusals)
    assert site.send(pdf, COMMUNE), "others take it as it is"


def test_a_tampered_or_unreadable_pdf_is_not_for_such_a_receiver(site: Site) -> None:
    signed = site.desk.sign(pdfs.plain(), "person", "organisation")
    for pdf in (pdfs.flipped(signed, 60), signed[:-400], b"%PDF-1.7 made up"):
        assert "pdf_signature_missing" in [each.code for each in site.refused(pdf, FINANCE)]


def test_a_revocation_without_attachments_reaches_such_a_receiver(site: Site) -> None:
    message = site.house.province.message(OFFICE, FINANCE, at=START)
    signed = site.desk.sign(pdfs.plain(), "person", "organisation")
    sent = site.house.province.message(OFFICE, FINANCE, at=START, attachment=signed)
    site.house.submit(site.house.province.signed(sent), OFFICE)
    revoke = Business(doc_type=BusinessType.REVOKE, document_id=sent.document_id)
    site.house.submit(site.house.province.signed(replace(message, business=revoke, attachments=())), OFFICE)


def test_what_was_accepted_stays_accepted_though_its_receiver_requires_signatures_by_now(site: Site) -> None:
    content = site.house.province.document(OFFICE, DISTRICT, at=START, attachment=pdfs.plain())
    first = site.house.submit(content, OFFICE)
    district = replace(site.house.province.agencies[DISTRICT], options={"pdf_signatures": "required"})
    directory_store.save(site.house.context.database, [district])
    site.house.context.registry.renew()
    with pytest.raises(Refused):
        site.house.submit(content, OFFICE)
    before = accepted_before(site.house.context, content, OFFICE)
    assert before is not None
    assert before.id == first.id


def test_an_unknown_wish_of_a_receiver_is_told_when_the_directory_is_imported() -> None:
    with pytest.raises(ValueError, match="pdf_signatures"):
        load_adapter("inbox", {"pdf_signatures": "perhaps"}, 1.0)


def test_preflight_tells_what_the_door_would_refuse_and_what_was_found(site: Site) -> None:
    token = site.house.province.token(OFFICE)
    content = site.house.province.document(
        OFFICE, FINANCE, at=START, attachment=site.desk.sign(pdfs.plain(), "person")
    )
    told = of_document(site.house.context, token, content, START)
    assert [each.code for each in told.refusals] == ["pdf_signature_missing"]
    assert not told.would_go
    assert told.findings is not None
    assert told.findings.both is Both.NO


# --- at the door, where the site wants it ---


def test_the_acceptance_tells_what_was_found_where_the_site_wants_it(make_site: MakeSite) -> None:
    site = make_site(findings_at_intake_bytes_max=100_000)
    document = site.send(site.desk.sign(pdfs.plain(), "person", "expired"))
    [acceptance] = site.house.receipts(document)
    [warning] = acceptance.warnings
    assert warning.code == "pdf_signatures"
    assert "Nguyễn Văn Thử" in warning.text
    assert "expired at" in warning.text
    large = site.send(site.desk.sign(pdfs.plain(page_bytes=200_000), "person"))
    assert site.house.receipts(large)[0].warnings == ()


def test_by_default_no_document_waits_for_its_pdfs(site: Site) -> None:
    document = site.send(site.desk.sign(pdfs.plain(), "person", "expired"), COMMUNE)
    assert site.house.receipts(document)[0].warnings == ()
