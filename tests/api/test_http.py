"""The HTTP interface, over a real socket: who may do what, what is refused and how it is said."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3

from exchange.core.codes import CodeForm
from exchange.core.directory import Alias
from exchange.core.refusal_texts import CATALOGUE
from exchange.ledger import directory_store
from tests.client_broker import Running, running
from tests.province import COMMUNE, FINANCE, OFFICE


@dataclass
class Caller:
    """Speaks plain HTTP to the broker."""

    site: Running
    http: urllib3.PoolManager

    def __call__(
        self,
        method: str,
        path: str,
        agency: str | None = OFFICE,
        body: bytes | dict[str, object] | None = None,
        **headers: str,
    ) -> urllib3.BaseHTTPResponse:  # fmt: skip
        if agency is not None:
            headers["Authorization"] = f"Bearer {self.site.province.secrets[agency]}"
        if isinstance(body, dict):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, self.site.url + path, body=body, headers=named)

    def document(self, *receivers: str, sender: str = OFFICE, **changes: object) -> bytes:
        return self.site.province.document(sender, *receivers, at=datetime.now(UTC), **changes)

    def post(self, *receivers: str, **changes: object) -> str:
        answer = self("POST", "/v1/documents", body=self.document(*receivers, **changes))
        assert answer.status == 202, answer.data
        return answer.headers["Exchange-Document"]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with running(tmp_path_factory.mktemp("api"), rate_per_minute=1000, receivers_max=3) as site:
        http = urllib3.PoolManager(retries=False)
        yield Caller(site, http)
        http.clear()


def code(answer: urllib3.BaseHTTPResponse) -> str:
    """The problem's code, after a look at its form (RFC 9457)."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status == CATALOGUE[problem["code"]].status
    for refusal in problem["refusals"]:
        assert refusal["remedy"]
        assert refusal["remedy_vi"]
    found: str = problem["code"]
    return found


def test_the_answer_is_the_signed_acceptance_or_its_json(call: Caller) -> None:
    content = call.document(FINANCE)
    xml = call("POST", "/v1/documents", body=content)
    assert xml.headers["Content-Type"] == "application/xml"
    assert b"<Kind>acceptance</Kind>" in xml.data
    as_json = call("POST", "/v1/documents", body=content, Accept="application/json").json()
    assert as_json["acceptance"].encode() == xml.data
    assert [each["receiver"] for each in as_json["deliveries"]] == [FINANCE]


@pytest.mark.parametrize(
    "path", ["/v1/documents/x", "/v1/inbox", "/v1/agencies", "/v1/documents?document_id=x"]
)
def test_without_a_token_nothing_is_shown(call: Caller, path: str) -> None:
    assert code(call("GET", path, agency=None)) == "token_missing"
    assert code(call("GET", path, agency=None, Authorization="Bearer wrong")) == "token_invalid"


def test_a_token_of_another_agency_cannot_send_in_the_sender_s_name(call: Caller) -> None:
    answer = call("POST", "/v1/documents", agency=FINANCE, body=call.document(COMMUNE))
    assert code(answer) == "signer_not_sender"


def test_only_sender_and_receivers_see_a_document_and_a_receiver_only_its_own_part(call: Caller) -> None:
    identity = call.post(FINANCE, COMMUNE)
    assert len(call("GET", f"/v1/documents/{identity}").json()["deliveries"]) == 2
    mine = call("GET", f"/v1/documents/{identity}", agency=FINANCE).json()
    assert [each["receiver"] for each in mine["deliveries"]] == [FINANCE]
    assert {each["delivery"] for each in mine["timeline"]} == {mine["deliveries"][0]["id"]}
    for path in ("", "/content", "/receipts"):
        assert code(call("GET", f"/v1/documents/{identity}{path}", agency="000.00.30.H45")) == "not_found"


def test_the_whole_way_through_the_inbox(call: Caller) -> None:
    content = call.document(FINANCE)
    identity = call("POST", "/v1/documents", body=content).headers["Exchange-Document"]
    leased = call("POST", "/v1/inbox/lease", agency=FINANCE, body={"limit": 100}).json()["items"]
    [item] = [each for each in leased if call_content(call, each) == content]
    delivery, lease = item["delivery"], {"lease": item["lease"]}
    assert code(call("POST", f"/v1/inbox/{delivery}/acknowledge", agency=OFFICE, body=lease)) == "not_found"
    wrong = {"lease": "another"}
    assert code(call("POST", f"/v1/inbox/{delivery}/acknowledge", agency=FINANCE, body=wrong)) == "lease_lost"
    assert call("POST", f"/v1/inbox/{delivery}/acknowledge", agency=FINANCE, body=lease).status == 204
    assert call("POST", f"/v1/inbox/{delivery}/acknowledge", agency=FINANCE, body=lease).status == 204
    receipts = call("GET", f"/v1/documents/{identity}/receipts").json()["receipts"]
    assert [each["kind"] for each in receipts] == ["acceptance", "delivered"]


def call_content(call: Caller, item: Any) -> bytes:
    path, lease = f"/v1/inbox/{item['delivery']}", item["lease"]
    return call("GET", path, agency=FINANCE, Exchange_Lease=lease).data


def test_what_is_released_can_be_leased_again_at_once(call: Caller) -> None:
    call.post(COMMUNE)
    [item, *_] = call("POST", "/v1/inbox/lease", agency=COMMUNE, body={"limit": 100}).json()["items"]
    released = call(
        "POST", f"/v1/inbox/{item['delivery']}/release", agency=COMMUNE, body={"lease": item["lease"]}
    )
    assert released.status == 204
    again = call("POST", "/v1/inbox/lease", agency=COMMUNE, body={"limit": 100}).json()["items"]
    assert item["delivery"] in [each["delivery"] for each in again]


def test_every_receiver_that_cannot_be_reached_is_named_at_once(call: Caller) -> None:
    answer = call("POST", "/v1/documents", body=call.document("000.00.77.H45", "H99.01"))
    assert code(answer) == "receiver_unknown"
    refusals = answer.json()["refusals"]
    assert [each["code"] for each in refusals] == ["receiver_unknown", "receiver_unknown"]
    assert "H99.01" in refusals[1]["detail"]


def test_limits_are_answered_with_the_limit(call: Caller) -> None:
    many = ("000.00.00.H45", FINANCE, COMMUNE, "000.00.30.H45")
    answer = call("POST", "/v1/documents", body=call.document(*many))
    assert code(answer) == "too_many_receivers"
    assert answer.json()["refusals"][0]["values"]["limit"] == 3
    answer = call("POST", "/v1/documents", body=b"x" * 20_000_001)
    assert code(answer) == "document_too_large"
    assert answer.json()["refusals"][0]["values"]["limit"] == 20_000_000


def test_bad_bodies_are_told_what_is_wrong(call: Caller) -> None:
    assert code(call("POST", "/v1/documents", body=b"")) == "xml_malformed"
    assert code(call("POST", "/v1/documents", body=b"<a>")) == "xml_malformed"
    assert code(call("POST", "/v1/documents", body=b'<!DOCTYPE a><a xmlns="x"/>')) == "xml_forbidden"
    unsigned = call.document(FINANCE).replace(b"ds:Signature", b"ds:Other")
    assert call("POST", "/v1/documents", body=unsigned).status == 422
    assert code(call("POST", "/v1/status", body=call.document(FINANCE))) == "not_edxml"


def test_json_bodies_are_taken_strictly(call: Caller) -> None:
    assert code(call("POST", "/v1/inbox/lease", body={"limit": "10"})) == "request_invalid"
    assert code(call("POST", "/v1/inbox/lease", body={"limit": 0})) == "request_invalid"
    assert code(call("POST", "/v1/inbox/lease", body={"wrong": 1})) == "request_invalid"
    assert code(call("POST", "/v1/preflight", body={"receivers": []})) == "request_invalid"


def test_preflight_tells_every_obstacle_at_once_and_records_nothing(call: Caller) -> None:
    asked = {"receivers": [FINANCE, "000.00.77.H45", FINANCE], "bytes": 99_000_000}
    answer = call("POST", "/v1/preflight", body=asked).json()
    assert answer["would_go"] is False
    first, second, third = answer["receivers"]
    assert first["would_go"] is True
    assert [(each["code"], each["where"]) for each in second["refusals"]] == [
        ("receiver_unknown", "To[2]/OrganId")
    ]
    assert [each["code"] for each in third["refusals"]] == ["receiver_duplicate"]
    assert [each["code"] for each in answer["refusals"]] == ["document_too_large"]
    assert answer["certificate_valid_to"]


def test_preflight_takes_the_document_itself_signed_or_not(call: Caller) -> None:
    content = call.document(FINANCE, number=777)
    assert call("POST", "/v1/preflight", body=content).json()["would_go"] is True
    secret = call("POST", "/v1/preflight", body=call.document(FINANCE, sphere="Mật")).json()
    assert [each["code"] for each in secret["refusals"]] == ["secret_document"]
    document_id = f"{OFFICE},{datetime.now(UTC):%Y/%m/%d},777/UBND-VX"
    assert code(call("GET", f"/v1/documents?document_id={document_id}")) == "not_found"


def test_the_directory_answers_in_every_form(call: Caller) -> None:
    assert call("GET", f"/v1/agencies/{FINANCE}").json()["connected"] is True
    found = call("GET", "/v1/agencies?q=000.20").json()["agencies"]
    assert [each["code"] for each in found] == [COMMUNE]
    assert code(call("GET", "/v1/agencies/000.00.77.H45")) == "not_found"


def test_an_agency_is_searched_by_its_other_codes_too_while_they_are_in_force(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        old = Alias(code="A01.05", form=CodeForm.QD20, valid_from=date(2016, 4, 1), valid_to=date(2020, 1, 1))
        new = Alias(code="H45.05", form=CodeForm.QD20, valid_from=date(2016, 4, 1))
        agency = replace(site.province.agencies[FINANCE], aliases=(old, new))
        directory_store.save(site.broker.database, [agency])
        site.broker.context.registry.renew()
        with site.client() as client:
            assert [each.code for each in client.agencies("h45.05")] == [FINANCE]
            assert client.agencies("A01.05") == ()
            assert [each.code for each in client.agencies("A01.05", on=date(2019, 1, 1))] == [FINANCE]


def test_health_metrics_and_an_address_that_is_not_there(call: Caller) -> None:
    call.post("000.00.30.H45")
    assert call("GET", "/health/live", agency=None).json() == {"status": "live"}
    assert call("GET", "/health/ready", agency=None).json()["status"] == "ready"
    metrics = call("GET", "/metrics", agency=None).data.decode()
    assert 'exchange_submissions_total{status="202"}' in metrics
    assert 'exchange_deliveries{kind="document",state="available"}' in metrics
    assert code(call("GET", "/v2/nothing", agency=None)) == "no_such_address"
    assert code(call("DELETE", "/v1/documents", agency=None)) == "method_not_allowed"


def test_a_name_in_vietnamese_survives_the_whole_way(call: Caller) -> None:
    identity = call.post(FINANCE, subject="V/v Đắk Lắk, ưu tiên <hỏa tốc> & khẩn")
    assert (
        call("GET", f"/v1/documents/{identity}").json()["subject"] == "V/v Đắk Lắk, ưu tiên <hỏa tốc> & khẩn"
    )


def test_an_agency_that_sends_too_much_is_told_to_wait(tmp_path: Path) -> None:
    with running(tmp_path, rate_per_minute=2) as site:
        http = urllib3.PoolManager(retries=False)
        call = Caller(site, http)
        answers = [call("POST", "/v1/documents", body=call.document(FINANCE)) for _ in range(4)]
        http.clear()
    assert code(answers[-1]) == "rate_exceeded"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
