"""Towards the national axis: a light peer on 127.0.0.1 that was written from what the library sends."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from lxml import etree

from adapters.vxp import Adapter
from exchange.adapter import AgencyAdapter, Delivered, Outgoing, Reached, Refused, Retry, Unreachable
from exchange.core import edxml, parsing
from exchange.core.edxml import DocumentMessage, StatusMessage, TraceHeader
from tests.adapters import peers
from tests.adapters.conformance import (
    ABSENT,
    NO_ANSWER,
    CollectsConformance,
    Held,
    NetworkConformance,
    Options,
    at_once,
    many,
    outgoing,
)
from tests.adapters.peers import Peer
from tests.adapters.vxp_peer import KEY, SYSTEM, AxisPeer
from tests.api.test_axis import client
from tests.client_broker import running
from tests.province import FINANCE, OFFICE, Province

OWN = "000.00.00.H45"
MINISTRY, OTHER = "000.00.00.G22", "000.00.00.G09"
AT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
PROVINCE = Province.create(AT)


def digests(peer: AxisPeer) -> Held:
    return lambda: {key: hashlib.sha256(body).hexdigest() for key, body in peer.held.items() if key}


def document(*receivers: str, number: int = 1, **changes: object) -> bytes:
    return PROVINCE.document(OFFICE, *receivers, at=AT, number=number, **changes)


def going(content: bytes, receiver: str, key: str = "a" * 32) -> Outgoing:
    message = read(content)
    assert isinstance(message, DocumentMessage)
    made = outgoing(content, key=key, document_id=message.document_id)
    return replace(made, sender=OFFICE, receiver=receiver, accepted_at=AT)


def read(content: bytes) -> DocumentMessage | StatusMessage:
    return edxml.read(parsing.parse(content, parsing.ParseLimits()))


@pytest.fixture
def peer() -> Iterator[AxisPeer]:
    made = AxisPeer()
    yield made
    made.close()


@pytest.fixture
def options(peer: AxisPeer, tmp_path: Path) -> Options:
    (tmp_path / "key").write_text(KEY)
    return {"url": peer.url, "system": SYSTEM, "key": f"file:{tmp_path / 'key'}", "code": OWN}


class TestVxp(NetworkConformance, CollectsConformance):
    adapter_class = Adapter
    secrets = (KEY,)
    one_connection: ClassVar[Options] = {"connections": 1}
    wrong_options = (
        ({"url": ABSENT}, "url"),
        ({"url": "axis.example"}, "url"),
        ({"system": ""}, "system"),
        ({"system": "trục"}, "system"),
        ({"key": KEY}, "key"),
        ({"key": "env:KHONG_CO_BIEN_NAY"}, "key"),
        ({"code": ABSENT}, "code"),
        ({"days": 0}, "days"),
    )

    @pytest.fixture
    def peer(self, peer: AxisPeer) -> AxisPeer:
        return peer

    @pytest.fixture
    def options(self, options: Options) -> Options:
        return options

    @pytest.fixture
    def held(self, adapter: AgencyAdapter, peer: AxisPeer) -> Held:
        return digests(peer)

    def options_for(self, options: Options, url: str) -> Options:
        return {**options, "url": url}

    @pytest.fixture
    def ready(self, peer: AxisPeer) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for number, content in enumerate(messages.values()):
                peer.wait(content, doc_id=f"id-{number}")

        return put

    def test_after_every_failure_the_next_delivery_succeeds(
        self, hurried: AgencyAdapter, peer: Peer, held: Held
    ) -> None:
        peer.reply = peers.and_closes(peer.reply)
        failures = [peers.closes, peers.resets, peers.silent, *map(peers.says, NO_ANSWER.values())]
        for talk, document in zip(failures, many(len(failures)), strict=True):
            peer.talk = talk
            assert isinstance(hurried.deliver(document), Retry)
            peer.talk = Peer.serve
            assert isinstance(hurried.deliver(document), Delivered)


@pytest.fixture
def adapter(options: Options) -> Iterator[Adapter]:
    made = Adapter(options, 20.0)
    yield made
    made.close()


def another(options: Options, **changes: object) -> Adapter:
    return Adapter({**options, **changes}, 20.0)


# --- what leaves ---


def test_the_copy_that_leaves_says_that_it_went_through_here_and_carries_no_broken_signature(
    adapter: Adapter, peer: AxisPeer
) -> None:
    content = document(MINISTRY)
    assert adapter.deliver(going(content, MINISTRY)) == Delivered("axis-0")
    [sent] = peer.messages
    copy, original = read(sent.content), read(content)
    assert isinstance(copy, DocumentMessage)
    assert isinstance(original, DocumentMessage)
    assert copy.trace == (*original.trace, TraceHeader(organ_id=OWN, timestamp=copy.trace[-1].timestamp))
    assert copy.trace[-1].timestamp == AT
    assert replace(copy, trace=original.trace) == original
    assert b"SignatureValue" not in sent.content
    inside = etree.fromstring(sent.content)[0]
    assert {each.prefix for each in inside.iter()} == {"edXML"}


def test_a_hub_that_changes_nothing_gets_the_signed_original(options: Options, peer: AxisPeer) -> None:
    content = document(MINISTRY)
    adapter = another(options, trace=False)
    assert isinstance(adapter.deliver(going(content, MINISTRY)), Delivered)
    adapter.close()
    assert peer.messages[0].content == content


def test_two_receivers_outside_are_served_by_one_package(adapter: Adapter, peer: AxisPeer) -> None:
    content = document(MINISTRY, OTHER)
    outcomes = at_once(adapter, [going(content, MINISTRY, "a" * 32), going(content, OTHER, "b" * 32)])
    assert [type(each) for each in outcomes] == [Delivered, Delivered]
    assert peer.sends == 1
    assert [each.to for each in peer.messages] == [MINISTRY, OTHER]


def test_receivers_of_our_own_province_are_left_off_the_copy(options: Options, peer: AxisPeer) -> None:
    adapter = another(options, ours=["H45"])
    adapter.deliver(going(document(FINANCE, MINISTRY), MINISTRY))
    adapter.close()
    assert [each.to for each in peer.messages] == [MINISTRY]


@pytest.mark.parametrize("receivers", [(MINISTRY,), (MINISTRY, OTHER)])
def test_what_was_sent_and_whose_answer_was_lost_is_not_sent_again(
    options: Options, peer: AxisPeer, receivers: tuple[str, ...]
) -> None:
    content = document(*receivers)
    for number, receiver in enumerate(receivers):  # each by another process, that died at once
        peer.drop = "sendEdoc"
        killed = another(options)
        outcome = killed.deliver(going(content, receiver, f"{number:032x}"))
        killed.close()
        assert isinstance(outcome, Retry if number == 0 else Delivered)
        peer.drop = ""
        after = another(options)
        assert after.deliver(going(content, receiver, f"{number:032x}")) == Delivered(f"axis-0-{number}")
        after.close()
    assert peer.sends == 1


def test_sent_again_by_the_administrator_it_is_sent_again(adapter: Adapter, peer: AxisPeer) -> None:
    content = document(MINISTRY)
    adapter.deliver(going(content, MINISTRY, "a" * 32))
    peer.messages[0].status = "fail"
    assert isinstance(adapter.deliver(going(content, MINISTRY, "b" * 32)), Delivered)
    assert peer.sends == 2


def test_a_document_that_went_through_here_before_is_refused(adapter: Adapter, peer: AxisPeer) -> None:
    hop = TraceHeader(organ_id=OWN.lower(), timestamp=AT)
    outcome = adapter.deliver(going(document(MINISTRY, trace=(hop,)), MINISTRY))
    assert isinstance(outcome, Refused)
    assert outcome.code == "loop"
    assert peer.sends == 0


def test_a_status_leaves_as_it_is(adapter: Adapter, peer: AxisPeer) -> None:
    content = PROVINCE.status(OFFICE, MINISTRY, "x", "03", AT)
    assert isinstance(adapter.deliver(outgoing(content, kind="status")), Delivered)
    [sent] = peer.messages
    assert (sent.kind, sent.content) == ("status", content)


@pytest.mark.parametrize("code", ["10", "18", "19", "20", "21", "22", "23", "99"])
def test_what_the_axis_refuses_is_final_with_its_code_and_words(
    adapter: Adapter, peer: AxisPeer, code: str
) -> None:
    peer._sendEdoc = lambda request, signed: peer._fail(code, "Không nhận")  # type: ignore[method-assign]
    assert adapter.deliver(going(document(MINISTRY), MINISTRY)) == Refused(
        f"vxp_{code}", f"{code} Không nhận"
    )


def test_a_wrong_key_says_nothing_of_the_document(options: Options, peer: AxisPeer, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("khoa-cu")
    adapter = another(options, key=f"file:{tmp_path / 'old'}")
    outcome = adapter.deliver(going(document(MINISTRY), MINISTRY))
    adapter.close()
    assert isinstance(outcome, Retry)
    assert outcome.not_before is not None


# --- what comes ---


def test_our_own_document_that_comes_back_fails_and_is_not_taken(adapter: Adapter, peer: AxisPeer) -> None:
    peer.wait(document(OFFICE, trace=(TraceHeader(organ_id=OWN, timestamp=AT),)), doc_id="ve-lai")
    assert list(adapter.collect()) == []
    assert peer.waiting["ve-lai"].status == "fail"


def test_collecting_goes_on_from_the_oldest_that_still_waits(adapter: Adapter, peer: AxisPeer) -> None:
    peer.wait(b"1", doc_id="one")
    for each in adapter.collect():
        adapter.collected(each.key)
    peer.calls.clear()
    assert list(adapter.collect()) == []
    first = [signed["fromDate"] for name, signed in peer.calls if name == "getReceivedEdocList"]
    assert min(first) > f"{datetime.now(UTC).year - 1}/01/01"
    assert peer.waiting["one"].status == "done"


def test_one_that_cannot_be_fetched_keeps_no_other(adapter: Adapter, peer: AxisPeer) -> None:
    peer.wait(b"1", doc_id="one")
    peer.wait(b"2", doc_id="two")
    whole = peer._getEdoc
    peer._getEdoc = lambda request, signed: (  # type: ignore[method-assign]
        peer._fail("21", "hỏng") if signed["docId"] == "one" else whole(request, signed)
    )
    assert [each.content for each in adapter.collect()] == [b"2"]


def test_packages_come_as_raw_bytes_where_the_axis_can_do_that(options: Options, peer: AxisPeer) -> None:
    peer.wait(b"\x00raw", doc_id="one")
    adapter = another(options, download=True)
    assert [each.content for each in adapter.collect()] == [b"\x00raw"]
    adapter.close()


def test_documents_come_before_the_statuses_about_them(adapter: Adapter, peer: AxisPeer) -> None:
    peer.wait(b"status", doc_id="one", kind="status")
    peer.wait(b"document", doc_id="two")
    assert [each.content for each in adapter.collect()] == [b"document", b"status"]


def test_a_check_tells_whether_the_key_is_right(options: Options, peer: AxisPeer, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("khoa-cu")
    right, wrong = another(options), another(options, key=f"file:{tmp_path / 'old'}")
    assert right.check() == Reached("VXP")
    assert isinstance(wrong.check(), Unreachable)
    right.close()
    wrong.close()


# --- the exchange's own side of the same interface ---


def test_the_exchange_s_own_axis_takes_and_gives_what_this_adapter_says(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        office, finance = (
            Adapter(
                {
                    "url": f"{site.url}/vxp",
                    "system": made.system,
                    "key": f"file:{tmp_path / made.system}",
                    "code": code,
                    "trace": False,
                },
                20.0,
            )
            for code in (OFFICE, FINANCE)
            for made in [client(site, code)]
            if (tmp_path / made.system).write_text(made.key)
        )
        content = site.province.document(OFFICE, FINANCE, at=datetime.now(UTC))
        first = office.deliver(going(content, FINANCE))
        assert isinstance(first, Delivered)
        [found] = finance.collect()
        assert found.content == content
        finance.collected(found.key)
        assert list(finance.collect()) == []
        assert {unit.code102 for unit in office.units()} >= {OFFICE, FINANCE}
        office.close()
        finance.close()
