"""``POST /v1/verify``: whoever has a token asks what the signatures in some bytes prove; nothing is kept."""

import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import urllib3
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from exchange.demo.pki import Pki
from exchange.sequencing import Sequencing
from tests import pdfs
from tests.api.test_http import Caller, code
from tests.client_broker import running
from tests.pdfs import Desk
from tests.pki import HOLDERS
from tests.province import FINANCE, OFFICE


@dataclass
class Counter:
    """Asks at the counter of a running broker."""

    call: Caller
    desk: Desk

    def ask(self, body: bytes, **headers: str) -> dict[str, Any]:
        answer = self.call("POST", "/v1/verify", body=body, **headers)
        assert answer.status == 200, answer.data
        found: dict[str, Any] = answer.json()
        assert all(each["vi"] and each["en"] for each in found["text"])
        return found

    def submit(self, *, attachment: bytes) -> tuple[bytes, str, bytes]:
        """The document, its id, and its acceptance."""
        content = self.call.document(FINANCE, attachment=attachment)
        answer = self.call("POST", "/v1/documents", body=content)
        assert answer.status == 202
        return content, answer.headers["Exchange-Document"], answer.data


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    folder = tmp_path_factory.mktemp("verify")
    with Pki(folder / "pki", HOLDERS, lambda: datetime.now(UTC)) as pki:
        trusted = folder / "authorities.pem"
        trusted.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (pki.root, pki.authority)))
        with running(folder, rate_per_minute=100, pdf_authorities=trusted, pdf_findings=True) as site:
            http = urllib3.PoolManager(retries=False)
            yield Counter(Caller(site, http), Desk(pki))
            http.clear()


def test_a_pdf_is_told_signature_by_signature(counter: Counter) -> None:
    signed = counter.desk.sign(pdfs.plain(), "person", "organisation")
    found = counter.ask(signed)
    assert (found["kind"], found["holds"], found["bytes"]) == ("pdf", True, len(signed))
    assert found["pdf"]["both"] == "yes"
    assert [each["signer"]["role"] for each in found["pdf"]["signatures"]] == ["person", "organ"]
    altered = counter.ask(pdfs.flipped(signed, 60))
    assert not altered["holds"]
    assert {each["integrity"] for each in altered["pdf"]["signatures"]} == {"altered"}


def test_a_file_that_is_none_is_said_to_be_unreadable(counter: Counter) -> None:
    found = counter.ask(b"%PDF-1.7 made up")
    assert not found["holds"]
    assert not found["pdf"]["readable"]


def test_a_document_is_told_with_its_own_signature_and_those_in_its_attachments(counter: Counter) -> None:
    signed = counter.desk.sign(pdfs.plain(), "person", "organisation")
    content = counter.call.document(FINANCE, attachment=signed)
    found = counter.ask(content)
    assert (found["kind"], found["holds"], found["agency"]) == ("document", True, OFFICE)
    assert found["attachments"]["both"] == "yes"
    altered = counter.ask(content.replace(b"UBND-VX", b"UBND-XV"))
    assert not altered["holds"]
    assert [each["code"] for each in altered["refusals"]] == ["signature_invalid"]
    assert altered["attachments"]["both"] == "yes"
    expired = counter.call.document(FINANCE, attachment=counter.desk.sign(pdfs.plain(), "expired"))
    assert not counter.ask(expired)["holds"]


def test_a_status_message_is_told(counter: Counter) -> None:
    status = counter.call.site.province.status(FINANCE, OFFICE, "no such", "01", datetime.now(UTC))
    found = counter.ask(status)
    assert (found["kind"], found["holds"], found["agency"]) == ("status", True, FINANCE)


def test_a_document_of_any_age_can_be_verified(counter: Counter) -> None:
    old = datetime.now(UTC) - timedelta(days=90)
    content = counter.call.site.province.document(OFFICE, FINANCE, at=old)
    assert counter.ask(content)["refusals"] == []


def test_a_receipt_is_told_and_a_forged_one_is_not_believed(counter: Counter) -> None:
    _, _, acceptance = counter.submit(attachment=pdfs.plain())
    found = counter.ask(acceptance)
    assert (found["kind"], found["holds"]) == ("receipt", True)
    assert found["receipt"]["kind"] == "acceptance"
    assert found["receipt"]["receivers"] == [FINANCE]
    forged = counter.ask(acceptance.replace(b"acceptance", b"delivered!"))
    assert (forged["holds"], forged["receipt"]) == (False, None)


def test_an_evidence_bundle_is_told_as_an_auditor_sees_it_and_an_altered_one_refused(
    counter: Counter,
) -> None:
    content, document, _ = counter.submit(attachment=pdfs.plain())
    Sequencing(counter.call.site.broker.context).round()
    bundle = counter.call("GET", f"/v1/documents/{document}/evidence").data
    found = counter.ask(bundle)
    assert (found["kind"], found["holds"]) == ("bundle", True)
    assert "proven" in {each["status"] for each in found["checks"]}
    altered = counter.ask(repacked(bundle, "document.edxml", content.replace(b"UBND-VX", b"UBND-XV")))
    assert not altered["holds"]


def repacked(bundle: bytes, name: str, other: bytes) -> bytes:
    """With another file of this name."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(bundle)) as old, zipfile.ZipFile(out, "w") as new:
        for each in old.infolist():
            new.writestr(each, other if each.filename == name else old.read(each))
    return out.getvalue()


def test_nothing_is_kept_of_what_is_verified(counter: Counter) -> None:
    content = counter.call.document(FINANCE, attachment=pdfs.plain())
    with counter.call.site.broker.database.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM payload")).scalar()
    counter.ask(content)
    with counter.call.site.broker.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM payload")).scalar() == before


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "xml_malformed"),
        (b"Kinh gui", "xml_malformed"),
        (b"<a/>", "nothing_to_verify"),
        (b"PK\x03\x04", "nothing_to_verify"),
    ],
)
def test_what_is_nothing_to_verify_is_refused(counter: Counter, body: bytes, expected: str) -> None:
    assert code(counter.call("POST", "/v1/verify", body=body)) == expected


@pytest.mark.parametrize(("scopes", "status"), [("read", 200), ("submit", 200), ("inbox", 403)])
def test_a_token_that_reads_or_submits_is_enough(counter: Counter, scopes: str, status: int) -> None:
    secret = counter.call.site.token(frozenset({scopes}))
    answer = counter.call(
        "POST", "/v1/verify", agency=None, body=pdfs.plain(), Authorization=f"Bearer {secret}"
    )
    assert answer.status == status
    assert counter.call("POST", "/v1/verify", agency=None, body=pdfs.plain()).status == 401


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(counter: Counter) -> None:
    limit = counter.call.site.broker.context.settings.document_bytes_max
    assert code(counter.call("POST", "/v1/verify", body=bytes(limit + 1))) == "document_too_large"


def test_what_was_found_after_the_acceptance_stands_in_the_document(counter: Counter) -> None:
    signed = counter.desk.sign(pdfs.plain(), "person", "organisation")
    _, document, _ = counter.submit(attachment=signed)
    until = time.monotonic() + 30
    while (shown := counter.call("GET", f"/v1/documents/{document}").json()["findings"]) is None:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert shown["both"] == "yes"
    [attachment] = shown["attachments"]
    assert [each["holds"] for each in attachment["pdf"]["signatures"]] == [True, True]
    assert counter.call("GET", f"/v1/documents/{document}", agency=FINANCE).json()["findings"] == shown


def test_too_many_questions_are_refused_for_a_while(counter: Counter) -> None:
    answers = [counter.call("POST", "/v1/verify", body=b"<a/>", agency=FINANCE) for _ in range(101)]
    assert code(answers[-1]) == "rate_exceeded"
