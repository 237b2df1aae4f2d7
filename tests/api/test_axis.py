"""The national axis' interface towards us, over a real socket, with a client that shares no code with it."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from exchange.core.edxml import build_document
from exchange.ids import new_id
from exchange.ledger import axis_keys, directory_store, reading
from exchange.ledger.axis_keys import AxisKey, TooManyKeys
from exchange.people.secrets import sealed
from tests.api.axis_client import AxisClient
from tests.client_broker import Running, running
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, PROVINCE

ALL = frozenset({"submit", "inbox", "read"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("axis"), rate_per_minute=1000) as site:
        yield site


def client(site: Running, *agencies: str, scopes: frozenset[str] = ALL, days: int = 1) -> AxisClient:
    now, system, secret = datetime.now(UTC), f"test.{new_id()[-8:]}", f"secret-{new_id()}"
    key = AxisKey(
        id=new_id(),
        system=system,
        agencies=agencies,
        scopes=scopes,
        sealed=sealed(site.broker.context.settings, secret),
        created_at=now - timedelta(days=2),
        expires_at=now + timedelta(days=days),
    )
    axis_keys.add(site.broker.database, key, now)
    return AxisClient(site.url, system, secret)


def document(site: Running, sender: str, *receivers: str) -> bytes:
    return site.province.document(sender, *receivers, at=datetime.now(UTC))


def listed(found: AxisClient, kind: str = "edoc") -> list[dict[str, Any]]:
    answer = found.ask("getReceivedEdocList", b"", messagetype=kind).json()
    assert (answer["status"], answer["ErrorCode"]) == ("OK", "0")
    data: list[dict[str, Any]] = answer["data"]
    return data


def test_a_document_goes_the_whole_way_by_the_axis_library_s_calls(site: Running) -> None:
    office, others = client(site, OFFICE), client(site, COMMUNE, DISTRICT)
    content = document(site, OFFICE, COMMUNE, DISTRICT)
    sent = office.send(content, OFFICE)
    assert (sent["status"], sent["ErrorCode"]) == ("OK", "0")
    assert office.send(content, OFFICE)["DocId"] == sent["DocId"]  # twice is once
    items = listed(others)
    assert [(each["from"], each["status"]) for each in items] == [(OFFICE, "initial")] * 2
    assert {each["to"] for each in items} == {COMMUNE, DISTRICT}  # one system, several agencies
    assert others.ask("countReceiveEdoc").json()["count"] == 2
    for item in items:
        data = others.ask("getEdoc", docId=item["docId"], filePath="xml").json()["data"]
        assert base64.b64decode(data) == content  # the very bytes
        assert hashlib.sha256(content).hexdigest() == item["sha256"]
    assert others.ask("downloadEdoc", b"", "GET", docId=items[0]["docId"]).data == content
    assert [each["status"] for each in listed(others)] == ["processing"] * 2
    assert others.ask("updateStatus", docid=items[0]["docId"], status="fail").json()["status"] == "OK"
    assert sorted(each["status"] for each in listed(others)) == ["initial", "processing"]  # it stays
    for item in [*items, items[0]]:
        assert others.ask("updateStatus", docid=item["docId"], status="done").json()["status"] == "OK"
    assert listed(others) == []
    told = office.ask("getSentEdocList", b"", docId=sent["DocId"], messagetype="edoc").json()["data"]
    assert [(each["senderDocId"], each["receiveStatus"]) for each in told] == [(sent["DocId"], "done")] * 2
    dossier = reading.dossier(site.broker.database, sent["DocId"])
    assert dossier is not None
    assert {row["state"] for row in dossier.deliveries} == {"delivered"}


def test_a_status_goes_back_and_who_is_allowed_it_need_not_sign(site: Running) -> None:
    office, finance = client(site, OFFICE), client(site, FINANCE)
    message = site.province.message(OFFICE, FINANCE, at=datetime.now(UTC))
    bare = etree.tostring(build_document(message), encoding="UTF-8")
    refused = office.send(bare, OFFICE)
    assert (refused["status"], refused["ErrorCode"]) == ("FAIL", "22")
    assert refused["ErrorDesc"].startswith("signature_missing: ")
    context = site.broker.context
    agency = context.registry.current.directory.get(OFFICE)
    assert agency is not None
    directory_store.save(site.broker.database, [replace(agency, unsigned_until=date.max)])
    context.registry.renew()
    assert office.send(bare, OFFICE)["status"] == "OK"
    [item] = listed(finance)
    data = finance.ask("getEdoc", docId=item["docId"]).json()["data"]
    assert base64.b64decode(data) == bare
    finance.ask("updateStatus", docid=item["docId"], status="done")
    status = site.province.status(FINANCE, OFFICE, message.document_id, "03", datetime.now(UTC))
    assert finance.send(status, FINANCE, "status")["status"] == "OK"
    assert office.ask("countReceiveStatus").json()["count"] == 1
    [told] = listed(office, "status")
    assert base64.b64decode(office.ask("getEdoc", docId=told["docId"]).json()["data"]) == status
    office.ask("updateStatus", docid=told["docId"], status="done")
    assert listed(office, "status") == []


def refused(site: Running, found: AxisClient, **values: str) -> str:
    answer = found.ask("getReceivedEdocList", b"", **values)
    assert answer.status == 200
    assert answer.json()["status"] == "FAIL"
    code: str = answer.json()["ErrorCode"]
    return code


def test_whoever_does_not_prove_to_be_the_system_is_told_nothing(site: Running) -> None:
    good = client(site, COMMUNE)
    assert listed(good) == []
    for wrong in (
        AxisClient(site.url, good.system, "another key"),
        AxisClient(site.url, "nobody", good.key),
        AxisClient(site.url, good.system, good.key, now=datetime.now(UTC) - timedelta(minutes=6)),
        AxisClient(site.url, good.system, good.key, now=datetime.now(UTC) + timedelta(minutes=6)),
        client(site, COMMUNE, days=-1),
    ):
        assert refused(site, wrong) == "15"
    [key] = axis_keys.keys_of(site.broker.database, good.system)
    assert axis_keys.revoke(site.broker.database, key.id, datetime.now(UTC))
    assert refused(site, good) == "15"


def test_headers_that_differ_from_what_was_signed_are_refused(site: Running) -> None:
    found = client(site, COMMUNE)
    headers = found.headers(messagetype="edoc")
    for changed in (
        [(name, "status" if value == "edoc" else value) for name, value in headers],
        [each for each in headers if each[0] != "XroadVnpt-sign-header"],
        [*headers, ("XroadVnpt-sign-header", "{}")],
        [(name, value.replace("systemid;", "")) for name, value in headers],
        [(name, "[" * 5000 if name.endswith("sign-header") else value) for name, value in headers],
        [(name, "[1]" if name.endswith("sign-header") else value) for name, value in headers],
        [(name, "1" if name.endswith("timestamp") else value) for name, value in headers],
    ):
        answer = found.post("getReceivedEdocList", changed, b"").json()
        assert (answer["status"], answer["ErrorCode"]) == ("FAIL", "15")
    assert found.post("getReceivedEdocList", headers, b"").json()["status"] == "OK"


def test_what_was_altered_on_the_way_or_sent_for_another_is_refused(site: Running) -> None:
    office = client(site, OFFICE)
    content = document(site, OFFICE, FINANCE)
    digest = hashlib.sha256(content).hexdigest()  # all digits are taken, too
    headers = office.headers(messagetype="edoc", hash_file=digest, **{"from": OFFICE})
    assert office.post("sendEdoc", headers, content + b" ").json()["ErrorCode"] == "10"
    assert office.post("sendEdoc", headers, content).json()["status"] == "OK"
    other = office.send(document(site, FINANCE, COMMUNE), FINANCE)
    assert other["ErrorCode"] == "19"
    assert office.send(document(site, FINANCE, COMMUNE), OFFICE)["ErrorCode"] == "19"
    assert office.send(document(site, OFFICE, "000.00.77.H45"), OFFICE)["ErrorCode"] == "18"
    assert office.send(b"no XML", OFFICE)["ErrorCode"] == "10"


def test_nobody_sees_the_queue_of_another_and_scopes_hold(site: Running) -> None:
    office, commune = client(site, OFFICE), client(site, COMMUNE)
    office.send(document(site, OFFICE, COMMUNE), OFFICE)
    item = listed(commune)[-1]
    for call in ("getEdoc", "updateStatus"):
        answer = office.ask(call, docId=item["docId"], docid=item["docId"], status="done").json()
        assert (answer["status"], answer["ErrorCode"]) == ("FAIL", "21")
    stranger = client(site, FINANCE).ask("downloadEdoc", b"", "GET", docId=item["docId"])
    assert (stranger.status, stranger.json()["status"]) == (404, "FAIL")
    reader = client(site, COMMUNE, scopes=frozenset({"read"}))
    assert refused(site, reader) == "15"
    assert reader.ask("getAgenciesList", b"").json()["status"] == "OK"
    wrong = commune.ask("updateStatus", docid=item["docId"], status="finished").json()
    assert wrong["ErrorCode"] == "22"
    commune.ask("updateStatus", docid=item["docId"], status="done")


def test_the_directory_is_told_in_both_forms_and_changed_by_nobody(site: Running) -> None:
    office = client(site, OFFICE)
    agencies = office.ask("getAgenciesList", b"").json()["data"]
    assert {each["code"] for each in agencies} >= {PROVINCE, OFFICE, COMMUNE}
    qd20 = office.ask("getAgenciesListQD20", b"").json()["data"]
    assert {each["code102"] for each in qd20} >= {PROVINCE, OFFICE}
    units = office.ask("getSynchronizeUnit", b"", AgencyCode=DISTRICT).json()["data"]
    assert {each["code"] for each in units} == {DISTRICT, COMMUNE}
    for call in ("registerAgency", "deleteAgency"):
        answer = office.ask(call, b'{"code":"000.00.99.H45"}').json()
        assert (answer["status"], answer["ErrorCode"]) == ("FAIL", "19")
        assert "administrator" in answer["ErrorDesc"]


def test_other_addresses_and_bodies_too_large_are_refused_before_they_are_read(site: Running) -> None:
    office = client(site, OFFICE)
    assert office.ask("dropEverything").json()["ErrorCode"] == "22"
    assert office.ask("getEdoc", b"", "GET", docId="x").json()["ErrorCode"] == "22"
    answer = office.ask("getEdoc", b"x" * 70_000, docId="x").json()
    assert answer["ErrorDesc"].startswith("document_too_large")


def test_a_system_has_two_active_keys_at_most(site: Running) -> None:
    found = client(site, OFFICE)
    [key] = axis_keys.keys_of(site.broker.database, found.system)
    now = datetime.now(UTC)
    axis_keys.add(site.broker.database, replace(key, id=new_id()), now)
    with pytest.raises(TooManyKeys):
        axis_keys.add(site.broker.database, replace(key, id=new_id()), now)
    assert found.key not in key.sealed
