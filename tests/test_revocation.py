"""Revocation end to end: a real CA is asked over HTTP, and documents are taken or refused by what it said."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from exchange import preflight
from exchange.context import clock
from exchange.core import receipt
from exchange.core.path import Status, validate
from exchange.core.receipt import Receipt
from exchange.core.refusal import Refusal, Refused
from exchange.core.signature import RegisteredCertificate, verify_own
from exchange.core.standing import Verdict
from exchange.core.trust import fingerprint
from exchange.demo.pki import Pki
from exchange.intake import Answer, accepted_before
from exchange.ledger import directory_store, revocations
from exchange.revocation import Revocation
from tests.client_broker import running
from tests.conftest import MakeHouse
from tests.core.authorities import Ca
from tests.house import START, House
from tests.province import FINANCE, OFFICE

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Site:
    """A broker whose office signs with a certificate of the PKI, which is asked step by step."""

    house: House
    pki: Pki
    revocation: Revocation

    @property
    def certificate(self) -> x509.Certificate:
        return self.house.province.keys[OFFICE].certificate

    def ask(self) -> int:
        """One round; how many questions were due."""
        count = self.revocation.step()
        self.house.context.registry.renew()
        return count

    def verdict(self) -> Verdict:
        return self.house.context.registry.current.verdicts[fingerprint(self.certificate)]

    def send(self, **changes: Any) -> Receipt:
        return self.acceptance(self.house.send(OFFICE, FINANCE, **changes))

    def acceptance(self, answer: Answer) -> Receipt:
        return receipt.read(verify_own(answer.acceptance, self.house.context.issuer.seal.certificate))

    def signed_at(self, moment: Any) -> bytes:
        return self.house.province.document(OFFICE, FINANCE, at=moment)

    def evidence(self) -> list[revocations.Evidence]:
        issuers = [fingerprint(self.pki.authority), fingerprint(self.pki.root)]
        return revocations.about(self.house.context.database, [fingerprint(self.certificate)], issuers)


@pytest.fixture
def make_site(make_house: MakeHouse, pki: Pki, tmp_path: Path) -> Any:
    def make(name: str = "agency-ec", **changes: object) -> Site:
        file = tmp_path / "authorities.pem"
        both = (pki.authority, pki.root)
        file.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in both))
        settings = {"revocation": "hard", "authorities": file, "revocation_hosts": (host(pki.url),)}
        house = make_house(**{**settings, **changes})
        pki.now = house.clock
        key = pki.signing_key(name)
        house.province.keys[OFFICE] = key
        registered = RegisteredCertificate(
            fingerprint=fingerprint(key.certificate),
            agency=OFFICE,
            certificate=key.certificate,
            valid_from=key.certificate.not_valid_before_utc,
        )
        directory_store.register_certificate(house.context.database, registered)
        house.context.registry.renew()
        return Site(house, pki, Revocation(house.context))

    return make


def host(url: str) -> str:
    return url.removeprefix("http://").partition("/")[0]


def refusal(work: Any) -> Refusal:
    with pytest.raises(Refused) as refused:
        work()
    [found] = refused.value.refusals
    return found


# --- what becomes of documents ---


def test_a_document_is_taken_once_the_ca_said_that_its_certificate_is_good(make_site: Any) -> None:
    site = make_site()
    found = refusal(site.send)
    assert found.code == "revocation_unknown"
    assert "not asked yet" in found.detail
    assert site.ask() == 2  # the lists of both CAs
    said = site.send()
    assert (said.revocation, said.revocation_as_of) == ("good", START)
    assert said.warnings == ()


def test_a_document_signed_after_the_revocation_is_refused_one_signed_before_and_posted_after_is_taken(
    make_site: Any,
) -> None:
    site = make_site()
    before = site.signed_at(site.house.clock.now)
    revoked_at = site.house.clock.pass_(minutes=30)
    site.pki.revoke("agency-ec", revoked_at, "cessation_of_operation")
    site.house.clock.pass_(hours=1)
    site.ask()
    found = refusal(lambda: site.house.submit(site.signed_at(revoked_at), OFFICE))
    assert found.code == "certificate_revoked"
    assert found.values["revoked_at"] == "2026-11-24T03:30:00.000000Z"
    assert "ngừng sử dụng" in found.detail_vi
    said = site.acceptance(site.house.submit(before, OFFICE))
    assert said.revocation == "revoked_since"
    assert [each.code for each in said.warnings] == ["certificate_revoked_since"]


def test_nothing_more_is_taken_once_the_key_may_be_in_other_hands(make_site: Any) -> None:
    site = make_site()
    before = site.signed_at(site.house.clock.now)
    site.pki.revoke("agency-ec", site.house.clock.pass_(minutes=30), "key_compromise")
    site.house.clock.pass_(hours=1)
    site.ask()
    assert refusal(lambda: site.house.submit(before, OFFICE)).code == "certificate_revoked"


def test_what_was_accepted_before_the_revocation_stays_accepted(make_site: Any) -> None:
    site = make_site()
    site.ask()
    before = site.signed_at(site.house.clock.now)
    accepted = site.house.submit(before, OFFICE)
    site.pki.revoke("agency-ec", START)
    site.house.clock.pass_(hours=1)
    site.ask()
    assert refusal(lambda: site.house.submit(before, OFFICE)).code == "certificate_revoked"
    again = accepted_before(site.house.context, before, OFFICE)
    assert again is not None
    assert again.acceptance == accepted.acceptance


def test_status_messages_are_judged_like_documents(make_site: Any) -> None:
    site = make_site(revocation="soft")
    answer = site.house.send(FINANCE, OFFICE)
    document_id = site.acceptance(answer).subject.document_id
    site.house.fetch_all(OFFICE)
    site.pki.revoke("agency-ec", START - DAY)
    site.ask()
    status = site.house.province.status(OFFICE, FINANCE, document_id, "01", site.house.clock.now)
    assert refusal(lambda: site.house.report(status, OFFICE)).code == "certificate_revoked"


def test_preflight_tells_an_agency_whose_certificate_was_revoked_that_nothing_would_go(
    make_site: Any,
) -> None:
    site = make_site()
    token = site.house.province.token(OFFICE)
    for each in site.house.province.agencies[OFFICE].certificates:
        directory_store.end_certificate(site.house.context.database, each.fingerprint, START)

    def ask() -> preflight.Preflight:
        site.ask()
        now = site.house.clock.now
        return preflight.of_question(
            site.house.context, token, [FINANCE], size=9, attachment_types=[], now=now
        )

    assert ask().would_go
    site.pki.revoke("agency-ec", START)
    site.house.clock.pass_(hours=1)
    assert ask().certificate_valid_to is None
    assert not ask().would_go


def test_soft_takes_what_nobody_knows_and_records_that_it_was_not_checked(make_site: Any) -> None:
    site = make_site(revocation="soft")
    said = site.send()
    assert said.revocation == "not_checked"
    assert [each.code for each in said.warnings] == ["revocation_not_checked"]
    site.ask()
    assert site.send().revocation == "good"
    # The CA is away for longer than its lists are good for.
    site.pki.close()
    site.house.clock.pass_(hours=3)
    site.ask()
    said = site.send()
    assert said.revocation == "not_checked"
    assert "2026-11-24 04:00:00 UTC" in said.warnings[0].text


def test_hard_refuses_once_what_the_ca_said_ran_out_and_takes_again_when_it_is_back(make_site: Any) -> None:
    site = make_site()
    site.ask()
    site.send()
    site.house.clock.pass_(hours=3)
    found = refusal(site.send)
    assert (found.code, found.values["retry_after_seconds"]) == ("revocation_unknown", 60)
    site.ask()
    assert site.send().revocation == "good"


def test_off_asks_nobody_and_says_nothing(make_site: Any) -> None:
    site = make_site(name="revoked", revocation="off")
    assert site.ask() == 0
    said = site.send()
    assert (said.revocation, said.warnings) == ("", ())


def test_what_a_certificate_of_no_configured_ca_signs_is_not_called_good(make_site: Any) -> None:
    site = make_site(revocation="soft")
    site.ask()
    answer = site.house.send(FINANCE, OFFICE)  # its certificate is the test province's
    said = site.acceptance(answer)
    assert said.revocation == "not_checked"
    assert "No trusted CA leads to it" in said.warnings[0].text


def test_a_reason_that_passes_by_itself_is_told_after_those_that_do_not(make_site: Any) -> None:
    site = make_site()
    with pytest.raises(Refused) as refused:
        site.house.send(OFFICE, "000.00.99.H99")
    assert [each.code for each in refused.value.refusals] == ["receiver_unknown", "revocation_unknown"]


# --- what is kept ---


def test_years_later_the_kept_evidence_shows_what_was_known_when_a_document_was_accepted(
    make_site: Any,
) -> None:
    site = make_site()
    site.ask()
    accepted_at = site.house.clock.now
    site.send()
    site.pki.revoke("agency-ec", accepted_at + 2 * DAY, "superseded")
    for _ in range(3):
        site.house.clock.pass_(days=1)
        site.ask()
    kept = site.evidence()
    database = site.house.context.database
    issuers = [fingerprint(site.pki.authority), fingerprint(site.pki.root)]
    then = revocations.about(database, [fingerprint(site.certificate)], issuers, known_at=accepted_at)
    assert 0 < len(then) < len(kept)

    def found(evidence: list[revocations.Evidence], at: Any) -> Any:
        return validate(
            site.certificate,
            anchors=[site.pki.root],
            intermediates=[site.pki.authority],
            crls=[each.der for each in evidence if each.kind == "crl"],
            ocsps=[each.der for each in evidence if each.kind == "ocsp"],
            at=at,
        )

    site.pki.close()  # and nobody is asked any more
    assert found(then, accepted_at).status is Status.GOOD
    later = found(kept, accepted_at)
    assert (later.status, later.revoked_at) == (Status.GOOD, accepted_at + 2 * DAY)
    assert found(kept, accepted_at + 2 * DAY).status is Status.REVOKED


def test_each_answer_is_kept_once_and_can_be_neither_changed_nor_removed(make_site: Any) -> None:
    site = make_site()
    site.ask()
    [*kept] = site.evidence()
    assert len({each.digest for each in kept}) == len(kept) == 2
    for each in kept:
        assert revocations.keep(site.house.context.database, each) is False
    for statement in (
        "UPDATE revocation_evidence SET fetched_at = 0",
        "DELETE FROM revocation_evidence",
    ):
        with (
            pytest.raises(DBAPIError, match="only grows"),
            site.house.context.database.write() as connection,
        ):
            connection.execute(text(statement))
    assert site.evidence() == kept


def test_a_process_that_starts_knows_what_others_were_answered(make_site: Any) -> None:
    site = make_site()
    site.ask()
    site.pki.close()
    with site.house.context.database.write() as connection:
        connection.execute(text("DELETE FROM verdict"))  # can be worked out anew
    registry = site.house.context.registry
    registry.current = registry._load()
    site.revocation = Revocation(site.house.context)
    assert site.ask() == 0
    assert site.verdict().status is Status.GOOD


def test_two_processes_ask_each_question_once(make_site: Any) -> None:
    site = make_site()
    other = Revocation(site.house.context)
    site.ask()
    assert other.step() == 0
    site.house.clock.pass_(hours=2)
    assert other.step() == 2
    assert site.ask() == 0


def test_a_ca_is_asked_again_before_its_answer_runs_out_and_no_sooner(make_site: Any) -> None:
    site = make_site()
    assert site.ask() == 2
    site.house.clock.pass_(minutes=50)
    assert site.ask() == 0
    site.house.clock.pass_(minutes=5)
    assert site.ask() == 2


def test_a_long_lived_list_is_asked_for_every_few_hours_all_the_same(make_site: Any) -> None:
    site = make_site(revocation_every_hours=0.25)
    site.ask()
    site.house.clock.pass_(minutes=16)
    assert site.ask() == 2


# --- OCSP, and CAs that misbehave ---


@contextmanager
def answering(make_answer: Any) -> Iterator[str]:
    """An HTTP server that answers everything as the test says."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            make_answer(self)

        do_POST = do_GET  # noqa: N815 as http.server wants it

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body(content: bytes, status: int = 200) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


class Elsewhere:
    """The PKI's own addresses, as seen from a proxy that the test plays."""

    def __init__(self, pki: Pki, change: Any) -> None:
        self.pki, self.change, self.asked = pki, change, 0

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked += 1
        size = int(handler.headers.get("Content-Length", 0))
        content = handler.rfile.read(size)
        got = urllib3.request(
            handler.command, handler.path, body=content, headers={"Content-Type": "application/ocsp-request"}
        )
        status, data = self.change(handler.path, got.status, got.data)
        body(data, status)(handler)


def gone_lists(path: str, status: int, data: bytes) -> tuple[int, bytes]:
    return (404, b"") if path.endswith("authority/latest.crl") else (status, data)


def test_ocsp_is_asked_where_a_list_cannot_be_had(make_site: Any, pki: Pki) -> None:
    with answering(Elsewhere(pki, gone_lists)) as proxy:
        site = make_site(revocation_proxy=proxy)
        site.ask()
        assert site.verdict().status is Status.NOT_CHECKED
        assert "the answer is 404" in site.verdict().reason_en
        assert site.ask() == 1
        assert site.verdict().status is Status.GOOD
        assert {each.kind for each in site.evidence()} == {"crl", "ocsp"}
        assert site.send().revocation == "good"
        site.pki.revoke("agency-ec", START)
        site.house.clock.pass_(hours=1)
        site.ask()
        assert site.verdict().status is Status.REVOKED


def garble(path: str, status: int, data: bytes) -> tuple[int, bytes]:
    return status, data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (garble, "not signed by its CA, or was altered"),
        (lambda path, status, data: (200, b"<html>Not here</html>"), "cannot be read"),
        (lambda path, status, data: (200, b""), "cannot be read"),
        (lambda path, status, data: (500, data), "the answer is 500"),
        (lambda path, status, data: (302, data), "the answer is 302"),
        (lambda path, status, data: (200, data * 400), "has more than 100000 bytes"),
    ],
    ids=["altered", "a page", "nothing", "an error", "elsewhere", "too much"],
)
def test_what_is_not_a_cas_answer_is_not_kept_and_the_reason_is_told(
    make_site: Any, pki: Pki, change: Any, why: str
) -> None:
    with answering(Elsewhere(pki, change)) as proxy:
        site = make_site(revocation_proxy=proxy, revocation_bytes_max=100_000)
        site.ask()
        assert site.evidence() == []
        found = refusal(site.send)
        assert found.code == "revocation_unknown"
        assert why in found.detail
        assert site.pki.crl_url() in found.detail


def test_a_list_of_another_ca_in_its_place_is_not_kept(make_site: Any, pki: Pki) -> None:
    other = Ca.root("Other")

    def change(path: str, status: int, data: bytes) -> tuple[int, bytes]:
        return 200, other.crl(START)

    with answering(Elsewhere(pki, change)) as proxy:
        site = make_site(revocation_proxy=proxy)
        site.ask()
        assert site.evidence() == []
        assert "speaks of something else" in site.verdict().reason_en


def test_an_old_list_that_somebody_sends_again_does_not_take_back_a_revocation(
    make_site: Any, pki: Pki
) -> None:
    old: dict[str, bytes] = {}

    def replay(path: str, status: int, data: bytes) -> tuple[int, bytes]:
        return status, old.setdefault(path, data) if replaying else data

    replaying = True
    with answering(Elsewhere(pki, replay)) as proxy:
        site = make_site(revocation_proxy=proxy)
        site.ask()
        assert site.verdict().status is Status.GOOD
        site.pki.revoke("agency-ec", START + HOUR)
        site.house.clock.pass_(hours=2)
        site.ask()
        assert refusal(site.send).code == "revocation_unknown"  # the old one ran out
        assert "ran out at 2026-11-24 04:00:00 UTC" in site.verdict().reason_en
        replaying = False
        site.house.clock.pass_(hours=1)
        site.ask()
        assert refusal(site.send).code == "certificate_revoked"
        replaying = True
        site.house.clock.pass_(hours=2)
        site.ask()
        assert refusal(site.send).code == "certificate_revoked"


def test_a_ca_that_drips_or_says_nothing_costs_its_time_limit_and_is_left_alone_for_a_while(
    make_site: Any, pki: Pki
) -> None:
    asked = []

    def drip(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        with suppress(OSError):
            for _ in range(100):
                handler.wfile.write(b"0")
                handler.wfile.flush()
                sleep(0.05)

    with answering(drip) as proxy:
        site = make_site(revocation_proxy=proxy, revocation_timeout_seconds=0.3)
        begun = monotonic()
        site.ask()
        assert monotonic() - begun < 3
        assert len(asked) == 1  # the second question would have gone to the same host
        assert "no answer within 0.3 s" in refusal(site.send).detail
        site.house.clock.pass_(seconds=10)
        assert site.ask() == 0
        site.house.clock.pass_(seconds=60)
        site.ask()
        assert len(asked) == 2


def test_a_question_under_way_is_given_up_when_the_broker_stops(make_site: Any, pki: Pki) -> None:
    begun = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        begun.set()
        with suppress(OSError):
            handler.rfile.read(1)

    with answering(hang) as proxy:
        site = make_site(revocation_proxy=proxy)
        thread = threading.Thread(target=site.revocation.step)
        thread.start()
        assert begun.wait(10)
        site.revocation.stop()
        thread.join(5)
        assert not thread.is_alive()


def test_a_file_of_cas_that_changes_is_read_again(make_site: Any, pki: Pki) -> None:
    site = make_site()
    file = site.house.context.settings.authorities
    both = file.read_bytes()
    file.write_bytes(Ca.root("Another").certificate.public_bytes(Encoding.PEM))
    assert site.ask() == 0, "no CA of the office's certificate is trusted"
    file.write_bytes(both)
    assert site.ask() > 0


def test_only_hosts_are_asked_that_a_setting_or_a_configured_ca_names(
    make_site: Any, caplog: pytest.LogCaptureFixture
) -> None:
    # The CA's own certificate names no host here: the root's list is where the agency's is, so both need it.
    site = make_site(revocation_hosts=())
    allowed = site.ask()
    assert allowed == 2  # named in the certificate of the CA, which the root signed
    site = make_site(revocation_hosts=(), authorities=None, revocation="soft")
    assert site.ask() == 0
    assert site.send().revocation == "not_checked"


# --- everything at once, as it runs ---


def test_the_sweep_asks_by_itself_and_hundreds_of_certificates_cost_one_list(make_site: Any) -> None:
    site = make_site()
    site.house.broker.with_worker()
    until = monotonic() + 20
    while monotonic() < until:
        site.house.context.registry.renew()
        if fingerprint(site.certificate) in site.house.context.registry.current.verdicts:
            break
        sleep(0.05)
    assert site.verdict().status is Status.GOOD
    assert site.send().revocation == "good"


def test_a_sender_is_told_by_http_when_to_try_again(tmp_path: Path) -> None:
    with running(tmp_path, revocation="hard") as site:
        headers = {
            "Authorization": f"Bearer {site.province.secrets[OFFICE]}",
            "Content-Type": "application/xml",
        }
        content = site.province.document(OFFICE, FINANCE, at=clock())
        answer = urllib3.request("POST", f"{site.url}/v1/documents", body=content, headers=headers)
        assert answer.status == 503
        assert answer.headers["retry-after"] == "60"
        assert answer.json()["code"] == "revocation_unknown"
