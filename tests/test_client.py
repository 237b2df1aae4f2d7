"""The client against a real broker, and against lines and servers that behave badly."""

import dataclasses
import hashlib
import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pybase64
import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from exchange import resources
from exchange.client import (
    Client,
    Damaged,
    Item,
    NotProven,
    Problem,
    Resending,
    Unreachable,
    compose,
    compose_status,
    safe_name,
    same_but_for_time,
    sign_message,
    unpack,
    verify_message,
    verify_receipt,
    write_file,
    write_folder,
)
from exchange.core import edxml
from exchange.core.codes import ABBREVIATIONS
from exchange.core.edxml import Attachment, BusinessType, DocumentMessage, build_document, build_status
from exchange.core.receipt import ReceiptKind
from exchange.core.schema import Schema
from exchange.core.signature import ParseLimits, parse
from exchange.demo.authority import Authority
from tests.adapters import peers
from tests.adapters.peers import Peer, Request, answer
from tests.client_broker import QUICK, Running, running
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, PROVINCE

PDF = b"%PDF-1.7 made up"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
def office(broker: Running) -> Iterator[Client]:
    with broker.client(OFFICE) as client:
        yield client


def signed(broker: Running, *receivers: str, sender: str = OFFICE) -> bytes:
    """A new document, composed and signed with the client."""
    broker.province.counter += 1
    message = compose(
        sender=sender,
        receivers=receivers or (FINANCE,),
        number=broker.province.counter,
        symbol="UBND-VX",
        subject="V/v họp giao ban",
        attachments=[("công văn.pdf", PDF)],
    )
    return sign_message(message, broker.province.keys[sender])


def refused(code: str) -> "pytest.RaisesExc[Problem]":
    return pytest.RaisesExc(Problem, check=lambda problem: problem.code == code)


@contextmanager
def peer(reply: Callable[[Request], bytes | None]) -> Iterator[Peer]:
    """A server that answers as ``reply`` says."""
    server = Peer()
    server.reply = reply
    try:
        yield server
    finally:
        server.close()


def address(server: Peer) -> str:
    return server.url.partition("/nhan")[0]


def to(server: Peer, **changes: object) -> Client:
    return Client(address(server), "token", timeout_seconds=5, resending=QUICK, **changes)  # type: ignore[arg-type]


class Line:
    """A line to the broker on which some answers get lost: the broker acted, and nobody hears of it.

    The first ``lost`` answers, or the first ``busy`` requests, to addresses that contain ``about``.
    """

    def __init__(self, broker: Running, *, lost: int = 0, busy: int = 0, about: str = "") -> None:
        self._broker, self._lost, self._busy, self._about = broker, lost, busy, about

    def __call__(self, request: Request) -> bytes | None:
        meant = self._about in request.target
        if meant and self._busy:
            self._busy -= 1
            return answer(503, b"{}", retry_after="0")
        passed_on = ("authorization", "content-type")
        reply = urllib3.request(
            request.method,
            self._broker.url + request.target,
            body=request.body,
            headers={name: value for name, value in request.headers.items() if name in passed_on},
            retries=False,
        )
        if meant and self._lost:
            self._lost -= 1
            return None
        passed_back = ("content-type", "exchange-digest")
        headers = {
            name.lower(): value for name, value in reply.headers.items() if name.lower() in passed_back
        }
        return answer(reply.status, reply.data, **headers)


# --- sending ---


def test_a_document_is_accepted_and_the_acceptance_is_proof(broker: Running, office: Client) -> None:
    document = signed(broker, FINANCE, "000.00.30.h45")
    acceptance = office.submit(document)
    receipt = verify_receipt(acceptance.xml, office.certificate(), document)
    assert receipt == acceptance.receipt
    assert receipt.kind is ReceiptKind.ACCEPTANCE
    assert [each.receiver for each in receipt.deliveries] == [FINANCE, DISTRICT]
    assert receipt.subject.id == acceptance.id


def test_an_answer_that_was_lost_is_asked_for_again_and_the_document_is_taken_once(broker: Running) -> None:
    document = signed(broker)
    with peer(Line(broker, lost=2)) as line, broker.client(url=address(line)) as client:
        acceptance = client.submit(document)
        assert len(line.requests) == 3
        assert {request.body for request in line.requests} == {document}
    with broker.client() as client:
        assert client.submit(document).xml == acceptance.xml
        assert len(client.document(acceptance.id).deliveries) == 1


def test_a_busy_exchange_gets_the_same_bytes_again(broker: Running) -> None:
    document = signed(broker)
    with peer(Line(broker, busy=2)) as line, broker.client(url=address(line)) as client:
        assert client.submit(document).receipt.subject.digest == hashlib.sha256(document).hexdigest()
        assert len(line.requests) == 3


def test_resending_ends(broker: Running) -> None:
    document = signed(broker)
    with peer(lambda request: None) as line, to(line) as client:
        with pytest.raises(Unreachable):
            client.submit(document)
        assert len(line.requests) == 1 + QUICK.times
    with (
        peers.nobody() as url,
        Client(url, "token", resending=QUICK) as client,
        pytest.raises(Unreachable),
    ):
        client.submit(document)


@pytest.mark.parametrize(("status", "code"), [(503, "broker_busy"), (500, "broker_failed")])
def test_an_exchange_that_stays_busy_or_fails_says_so_and_has_decided_nothing(status: int, code: str) -> None:
    told = f'{{"code": "{code}", "refusals": [{{"code": "{code}", "title": "Later"}}]}}'.encode()
    with (
        peer(lambda request: answer(status, told, content_type="application/problem+json")) as line,
        to(line) as client,
    ):
        with pytest.raises(Unreachable, match="Later") as caught:
            client.submit(b"<a/>")
        assert [each.code for each in caught.value.refusals] == [code]
        assert len(line.requests) == 1 + QUICK.times


def test_a_wait_that_the_exchange_asks_for_is_kept_within_a_bound() -> None:
    resending = Resending(first_seconds=1, most_seconds=5)
    assert resending.wait_seconds(1, 3) == 3
    assert resending.wait_seconds(1, 3600) == 5
    assert 0.7 <= resending.wait_seconds(1, None) <= 1
    assert 3.5 <= resending.wait_seconds(9, None) <= 5


def test_every_reason_of_a_refusal_is_told_at_once_in_both_languages(broker: Running, office: Client) -> None:
    with pytest.raises(Problem) as caught:
        office.submit(signed(broker, "000.99.99.H45", FINANCE, OFFICE))
    assert caught.value.status == 422
    assert [each.code for each in caught.value.refusals] == ["receiver_unknown", "receiver_is_sender"]
    first = caught.value.refusals[0]
    assert first.where == "To[1]/OrganId"
    assert "not in the directory" in first.sentence
    assert "danh bạ" in first.sentence_vi
    assert first.values["receiver"] == "000.99.99.H45"
    assert "receiver_is_sender" in str(caught.value)


def test_other_bytes_under_the_same_id_are_refused_with_both_digests(broker: Running, office: Client) -> None:
    document = signed(broker)
    office.submit(document)
    message = edxml.read(parse(document, ParseLimits()))
    assert isinstance(message, DocumentMessage)
    other = sign_message(dataclasses.replace(message, subject="V/v khác"), broker.province.keys[OFFICE])
    with pytest.raises(Problem) as caught:
        office.submit(other)
    assert (caught.value.status, caught.value.code) == (409, "document_id_conflict")
    assert caught.value.refusals[0].values["accepted_digest"] == hashlib.sha256(document).hexdigest()


def test_a_document_above_the_limit_is_refused_with_the_limit(office: Client) -> None:
    with pytest.raises(Problem) as caught:
        office.submit(b"<a>" + b" " * 21_000_000 + b"</a>")
    assert caught.value.status == 413
    assert caught.value.refusals[0].values["limit"] == 20_000_000


def test_a_wrong_token_opens_nothing(broker: Running) -> None:
    with Client(broker.url, "wrong") as client, refused("token_invalid"):
        client.look()


def test_a_status_reaches_the_sender_and_shows_in_the_history(broker: Running, office: Client) -> None:
    document = signed(broker, COMMUNE)
    acceptance = office.submit(document)
    with broker.client(COMMUNE) as commune:
        [item] = commune.lease(50)
        commune.acknowledge(item)
        message = compose_status(
            sender=COMMUNE, other=OFFICE, document_id=item.document_id, code="03", description="Vào sổ"
        )
        report = sign_message(message, broker.province.keys[COMMUNE])
        accepted = commune.report(report)
        assert commune.report(report).xml == accepted.xml
    verify_receipt(accepted.xml, office.certificate(), report)
    shown = office.document(acceptance.id)
    assert shown.deliveries[0].business == "03"
    assert "status_03" in [event.event for event in shown.timeline]


def test_preflight_tells_all_obstacles_and_sends_nothing(broker: Running, office: Client) -> None:
    asked = office.preflight([FINANCE, "000.99.99.H45"], document_bytes=1000)
    assert not asked.would_go
    assert [each.would_go for each in asked.receivers] == [True, False]
    assert [each.code for each in asked.receivers[1].refusals] == ["receiver_unknown"]
    document = signed(broker)
    assert office.preflight_document(document).would_go
    with refused("not_found"):
        office.find(f"{OFFICE},{datetime.now(UTC):%Y/%m/%d},never/UBND-VX")


# --- what became of it ---


def test_a_document_is_followed_from_acceptance_to_its_receipts(broker: Running, office: Client) -> None:
    document = signed(broker, DISTRICT)
    acceptance = office.submit(document)
    assert office.find(acceptance.receipt.subject.document_id) == acceptance.id
    before = office.document(acceptance.id)
    assert [(each.receiver, each.state, each.final) for each in before.deliveries] == [
        (DISTRICT, "available", False)
    ]
    assert office.content(acceptance.id) == document
    with broker.client(DISTRICT) as district:
        for item in district.lease(50):
            district.acknowledge(item)
    after = office.document(acceptance.id)
    assert after.deliveries[0].state == "delivered"
    assert after.deliveries[0].final_at is not None
    certificate = office.certificate()
    receipts = [verify_receipt(each.xml, certificate, document) for each in office.receipts(acceptance.id)]
    assert [each.kind for each in receipts] == [ReceiptKind.ACCEPTANCE, ReceiptKind.DELIVERED]


def test_what_is_not_yours_is_not_there(broker: Running, office: Client) -> None:
    acceptance = office.submit(signed(broker, FINANCE))
    with broker.client(COMMUNE) as commune:
        with refused("not_found"):
            commune.document(acceptance.id)
        with refused("not_found"):
            commune.content(acceptance.id)


def test_an_id_never_leads_to_another_address(office: Client) -> None:
    for id in ("", ".", ".."):
        with pytest.raises(ValueError, match="no id"):
            office.document(id)
    with refused("no_such_address"):
        office.document("../certificate")
    with refused("not_found"):
        office.document("x?y#zé")


# --- the inbox ---


def test_two_clients_of_one_agency_never_get_the_same(broker: Running, office: Client) -> None:
    for _ in range(4):
        office.submit(signed(broker, PROVINCE))
    with broker.client(PROVINCE) as one, broker.client(PROVINCE) as two:
        assert len(one.look()) == 4
        first, second = one.lease(2), two.lease(10)
        assert not {item.delivery for item in first} & {item.delivery for item in second}
        assert len(first) == len(second) == 2
        for item in first:
            one.release(item)
        assert {item.delivery for item in two.lease(10)} == {item.delivery for item in first}
        with refused("lease_lost"):
            one.acknowledge(first[0])


def test_a_message_is_fetched_unchanged_and_acknowledging_twice_is_harmless(
    broker: Running, office: Client
) -> None:
    document = signed(broker, FINANCE)
    office.submit(document)
    with broker.client(FINANCE) as finance:
        items = finance.lease(50, 600)
        contents = {item.delivery: finance.fetch(item) for item in items}
        assert document in contents.values()
        assert all(hashlib.sha256(contents[item.delivery]).hexdigest() == item.digest for item in items)
        for item in items:
            finance.acknowledge(item)
            finance.acknowledge(item)
        assert document in [finance.fetch(item) for item in items]


def an_item() -> Item:
    return Item(
        delivery="d",
        lease="l",
        kind="document",
        digest="",
        bytes=4,
        sender=OFFICE,
        addressed_as=FINANCE,
        document_id="x",
        subject="",
        priority=0,
        accepted_at=datetime.now(UTC),
    )


def test_content_that_was_damaged_on_the_way_is_not_taken() -> None:
    with (
        peer(
            lambda request: answer(200, b"<b/>", exchange_digest=hashlib.sha256(b"<a/>").hexdigest())
        ) as line,
        to(line) as client,
        pytest.raises(Damaged, match="SHA-256"),
    ):
        client.fetch(an_item())


# --- the exchange itself ---


def test_the_directory_is_asked_by_name_and_code(office: Client) -> None:
    assert [agency.code for agency in office.agencies("cơ quan 000.00.05")] == [FINANCE]
    agency = office.agency(FINANCE.lower())
    assert (agency.level, agency.parent, agency.open, agency.connected) == (
        "department",
        PROVINCE,
        True,
        True,
    )
    assert office.agencies("cơ quan", on=date(2010, 1, 1)) == ()
    with refused("not_found"):
        office.agency("000.99.99.H45")


def test_with_the_exchanges_certificate_every_acceptance_is_proven(broker: Running) -> None:
    stranger = Authority.create("Kẻ lạ", datetime.now(UTC)).certificate
    secret = broker.province.secrets[OFFICE]
    document = signed(broker)
    with Client(broker.url, secret, broker_certificate=stranger) as client, pytest.raises(NotProven):
        client.submit(document)
    with broker.client() as client:
        certificate = client.certificate()
    with Client(broker.url, secret, broker_certificate=certificate) as client:
        client.submit(document)


# --- servers that are not the exchange ---


def test_redirects_are_not_followed_and_the_token_stays_here() -> None:
    with (
        peer(lambda request: answer(200)) as elsewhere,
        peer(lambda request: answer(307, location=address(elsewhere))) as line,
        to(line) as client,
    ):
        with refused("http_307"):
            client.submit(b"<a/>")
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "page", [b"<html>Login</html>", b'{"items": 3}', b"[]", b"", b'{"items": [{"delivery": "d"}]}']
)
def test_another_page_is_not_taken_for_an_answer(page: bytes) -> None:
    with peer(lambda request: answer(200, page)) as line, to(line) as client, pytest.raises(Damaged):
        client.look()


@pytest.mark.parametrize("page", [b"<html>Login</html>", b"", b"<Receipt xmlns='urn:exchange:receipt:1'/>"])
def test_another_page_is_not_taken_for_an_acceptance(page: bytes) -> None:
    with peer(lambda request: answer(202, page)) as line, to(line) as client, pytest.raises(Damaged):
        client.submit(b"<a/>")


def test_the_acceptance_of_another_document_is_not_taken(broker: Running, office: Client) -> None:
    other = office.submit(signed(broker)).xml
    with (
        peer(lambda request: answer(202, other)) as line,
        to(line) as client,
        pytest.raises(Damaged, match="speaks of a document"),
    ):
        client.submit(b"<a/>")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"code": "x"}', b'{"code": "x", "refusals": [3]}'])
def test_a_refusal_that_is_not_the_exchanges_own_keeps_its_status(body: bytes) -> None:
    with (
        peer(lambda request: answer(404, body, content_type="application/problem+json")) as line,
        to(line) as client,
        refused("http_404"),
    ):
        client.look()


def test_a_newer_exchange_may_say_more() -> None:
    told = b'{"code": "brand_new", "status": 422, "x": 1, "refusals": [{"code": "brand_new", "y": 2}]}'
    with (
        peer(lambda request: answer(422, told, content_type="application/problem+json")) as line,
        to(line) as client,
        refused("brand_new"),
    ):
        client.look()


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_that_nobody_explains_decides_nothing(status: int) -> None:
    with peer(lambda request: answer(status, b"<html>")) as line, to(line) as client:
        with pytest.raises(Unreachable, match=str(status)):
            client.submit(b"<a/>")
        assert len(line.requests) == 1 + QUICK.times


def test_a_lease_is_asked_for_once() -> None:
    with peer(lambda request: None) as line, to(line) as client:
        with pytest.raises(Unreachable):
            client.lease()
        assert len(line.requests) == 1


def test_an_answer_that_ends_too_early_is_no_answer() -> None:
    server = Peer()
    server.talk = peers.says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    try:
        with to(server) as client, pytest.raises(Unreachable):
            client.look()
    finally:
        server.close()


def test_https_is_trusted_only_under_the_named_authority(tmp_path: Path) -> None:
    identity = peers.identity(tmp_path)
    server = Peer(identity.context)
    server.reply = lambda request: answer(200, b'{"items": []}')
    try:
        with to(server, ca_file=str(identity.ca_file)) as client:
            assert client.look() == ()
        with to(server) as client, pytest.raises(Unreachable, match="certificate"):
            client.look()
        assert server.lines == 2, "a certificate that is not trusted does not become so by asking again"
    finally:
        server.close()


@pytest.mark.parametrize("url", ["exchange.example", "ftp://exchange.example", "http://", "https://a/?b=c"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Client(url, "token")


# --- proof ---


def test_a_receipt_does_not_prove_what_it_does_not_say(broker: Running, office: Client) -> None:
    document = signed(broker)
    xml, certificate = office.submit(document).xml, office.certificate()
    with pytest.raises(NotProven, match="speaks of a document"):
        verify_receipt(xml, certificate, document + b"\n")
    with pytest.raises(NotProven, match="altered"):
        verify_receipt(xml.replace(FINANCE.encode(), DISTRICT.encode()), certificate)
    with pytest.raises(NotProven, match="another certificate"):
        verify_receipt(xml, broker.province.keys[OFFICE].certificate)
    with pytest.raises(NotProven):
        verify_receipt(document, broker.province.keys[OFFICE].certificate)
    with pytest.raises(NotProven):
        verify_receipt(b"<a/>", certificate)


def test_a_document_is_proven_by_a_certificate_or_the_authority_that_issued_it(broker: Running) -> None:
    document = signed(broker)
    own = broker.province.keys[OFFICE].certificate
    authority = broker.province.authority.certificate
    assert verify_message(document, [own]).issuer is None
    proven = verify_message(document, [broker.province.keys[FINANCE].certificate, authority])
    assert proven.issuer == authority
    assert proven.certificate == own
    assert proven.digest == hashlib.sha256(document).hexdigest()
    assert isinstance(proven.message, DocumentMessage)
    assert proven.signed_at == proven.message.signed_at
    with pytest.raises(NotProven, match="Nobody you trust"):
        verify_message(document, [Authority.create("Kẻ lạ", datetime.now(UTC)).certificate])
    with pytest.raises(NotProven, match="altered"):
        verify_message(document.replace(b"UBND-VX", b"UBND-XX"), [own])
    with pytest.raises(NotProven):
        verify_message(document.replace(b"Signature", b"Sign"), [own])


def test_a_document_signed_before_or_after_its_certificate_is_not_proven(broker: Running) -> None:
    key = broker.province.keys[OFFICE]
    for days in (-101, 4000):
        message = compose(
            sender=OFFICE, receivers=[FINANCE], number=1, symbol="UBND-VX", subject="V/v",
            signed_at=datetime.now(UTC) + timedelta(days=days),
        )  # fmt: skip
        with pytest.raises(NotProven, match="not valid at"):
            verify_message(sign_message(message, key), [key.certificate])


# --- composing ---

STRICT = Schema(resources.read("schemas", "edxml-strict.xsd"))
# The text "null" is what some software writes for nothing, and is read as nothing.
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40).filter(
    "null".__ne__
)
AT = datetime(2026, 11, 24, 18, 30, 5, 999, tzinfo=UTC)


def draft(**changes: object) -> DocumentMessage:
    values: dict[str, object] = {
        "sender": OFFICE,
        "receivers": [FINANCE],
        "number": 7,
        "symbol": "UBND-VX",
        "subject": "V/v họp",
        "signed_at": AT,
        **changes,
    }
    return compose(**values)  # type: ignore[arg-type]


def test_what_is_left_out_is_filled_in_as_the_law_has_it() -> None:
    message = draft()
    assert message.promulgation_date == date(2026, 11, 25), "the day in Vietnam, not in Greenwich"
    assert message.document_id == "000.00.01.H45,2026/11/25,07/UBND-VX"
    assert (message.code_number, message.code_notation) == ("07", "UBND-VX")
    assert (message.type, message.type_detail, message.type_name) == (2, 18, "Công văn")
    assert message.signed_at == AT.replace(microsecond=0)
    assert message.business.doc_type is BusinessType.NEW
    assert message.business.paper is False


@pytest.mark.parametrize(("name", "abbreviation"), ABBREVIATIONS.items())
def test_the_type_is_read_from_the_symbol(name: str, abbreviation: str) -> None:
    assert draft(symbol=f"{abbreviation}-UBND").type_name == name


def test_the_three_kinds_that_refer_to_an_earlier_document() -> None:
    revoking = draft(revokes="a", reason="Ban hành nhầm")
    assert (revoking.business.doc_type, revoking.earlier) == (BusinessType.REVOKE, ("a",))
    updating = draft(updates="a")
    assert (updating.business.doc_type, updating.earlier) == (BusinessType.UPDATE, ("a",))
    replacing = draft(replaces="a", receivers=[FINANCE, DISTRICT])
    assert (replacing.business.doc_type, replacing.earlier) == (BusinessType.REPLACE, ("a",))
    assert replacing.business.replacements[0].organ_ids == (FINANCE, DISTRICT)
    with pytest.raises(ValueError, match="one of them"):
        draft(revokes="a", updates="b")


@pytest.mark.parametrize(
    "wrong",
    [
        {"receivers": []},
        {"sender": "null"},
        {"attachments": [("trống.pdf", b"")]},
        {"attachments": [("lớn.pdf", bytes(7_500_001))]},
    ],
)
def test_what_cannot_be_a_document_is_refused_here(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"receiver|code|empty|bytes"):
        draft(**wrong)


@given(
    number=st.integers(1, 99999),
    subject=PRINTABLE,
    names=st.lists(PRINTABLE.filter(lambda name: not {"/", "\\"} & set(name)), max_size=3),
    priority=st.integers(0, 4),
    paper=st.booleans(),
    earlier=st.sampled_from([{}, {"revokes": "a"}, {"updates": "b,c"}, {"replaces": "d"}]),
)
def test_what_is_composed_follows_the_schema_and_reads_back_the_same(
    number: int, subject: str, names: list[str], priority: int, paper: bool, earlier: dict[str, str]
) -> None:
    message = draft(
        number=number, subject=subject, attachments=[(name, PDF) for name in names], priority=priority,
        paper=paper, **earlier,
    )  # fmt: skip
    root = build_document(message)
    assert STRICT.check(root) == ()
    assert edxml.read(root) == message
    assert same_but_for_time(message, dataclasses.replace(message, trace=()))


def test_what_is_written_decomposed_or_spread_is_composed_as_it_will_be_read() -> None:
    message = draft(
        symbol=" QĐ-UBND ",
        subject="V/v  họp",
        attachments=[(unicodedata.normalize("NFD", "Quyết định.pdf"), PDF)],
        document_id=unicodedata.normalize("NFD", "Đắk Lắk  1"),
        revokes=unicodedata.normalize("NFD", " Đắk Lắk 2\n"),
    )
    assert edxml.read(build_document(message)) == message
    assert (message.document_id, message.earlier) == ("Đắk Lắk 1", ("Đắk Lắk 2",))
    assert message.attachments[0].name == "Quyết định.pdf"
    told = compose_status(sender=FINANCE, other=OFFICE, document_id=" Đắk  Lắk 1", code="03", signed_at=AT)
    assert edxml.read(build_status(told)) == told


def test_a_status_names_number_and_date_where_the_id_has_them() -> None:
    message = compose_status(
        sender=FINANCE,
        other=OFFICE,
        document_id="000.00.01.H45,2026/11/25,07/UBND-VX",
        code="03",
        signed_at=AT,
    )
    assert message.response_for.code == "07/UBND-VX"
    assert message.response_for.promulgation_date == date(2026, 11, 25)
    bare = compose_status(sender=FINANCE, other=OFFICE, document_id="a,b,c", code="01", signed_at=AT)
    assert (bare.response_for.code, bare.response_for.promulgation_date) == ("", None)
    for each in (message, bare):
        root = build_status(each)
        assert STRICT.check(root) == ()
        assert edxml.read(root) == each


# --- keeping ---


@given(st.text(max_size=400))
def test_a_name_from_outside_becomes_a_harmless_file_name(text: str) -> None:
    name = safe_name(text)
    assert name == Path(name).name != ""
    assert len(name.encode()) <= 200
    assert not set(name) & set('/\\<>:"|?*\0\n\r\t\u202e\u200b')
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "-..-etc-passwd"),
        ("Công văn số 12.pdf", "Công văn số 12.pdf"),
        ("ảnh\u202egpj.exe", "ảnhgpj.exe"),
        ("CON.pdf", "_CON.pdf"),
        (".bashrc", "bashrc"),
        ("..", "_"),
        ("a\n\tb.pdf", "a b.pdf"),
    ],
)
def test_known_tricks_with_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_ending() -> None:
    name = safe_name("ệ" * 300 + ".pdf")
    assert name.endswith("ệ.pdf")
    assert len(name.encode()) <= 200


def zipped(content: bytes) -> bytes:
    """A file as the axis' SDK packs it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0b0c1f9e-8a57-4a53-9f56-0d1a3f0c8b11.pdf", content)
    return buffer.getvalue()


def test_attachments_come_out_of_their_zip_each_under_a_name_of_its_own() -> None:
    def attachment(name: str, content: bytes) -> Attachment:
        return Attachment(content_id=name, name=name, encoded=pybase64.b64encode(content).decode())

    message = dataclasses.replace(
        draft(),
        attachments=(
            attachment("a.pdf", zipped(PDF)),
            attachment("A.PDF", PDF),
            attachment("../a.pdf", PDF),
            attachment("message.edxml", PDF),
            Attachment(content_id="x", name="hỏng.pdf", encoded="***"),
        ),
    )
    unpacked = unpack(message)
    assert unpacked.files == (
        ("a.pdf", PDF),
        ("A (2).PDF", PDF),
        ("-a.pdf", PDF),
        ("message (2).edxml", PDF),
    )
    assert len(unpacked.unreadable) == 1
    assert "hỏng.pdf" in unpacked.unreadable[0]


def test_a_folder_is_there_as_a_whole_and_the_same_once_more(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "văn bản"
    (tmp_path / "in" / ".văn bản.unfinished").mkdir(parents=True)  # of a run that was cut off
    (tmp_path / "in" / ".văn bản.unfinished" / "half").write_bytes(b"")
    files = [("message.edxml", b"<a/>"), ("a.pdf", PDF)]
    for _ in range(2):
        assert write_folder(folder, files) == folder
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == dict(files)
        assert [path.name for path in folder.parent.iterdir()] == ["văn bản"]
    with pytest.raises(FileExistsError):
        write_folder(folder, [("message.edxml", b"<b/>")])


def test_a_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    assert write_file(path, b"<a/>") == write_file(path, b"<a/>") == path
    with pytest.raises(FileExistsError):
        write_file(path, b"<b/>")
    assert path.read_bytes() == b"<a/>"
