"""The adapter ``mayan`` against a light peer; tests/real asks Mayan itself."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.mayan import Adapter
from exchange.adapter import Reached, Retry, StatusReport, Unreachable
from exchange.core.letter import Letter
from tests.adapters.conformance import CollectsConformance, Held, NetworkConformance, Options, outgoing
from tests.adapters.letters import document
from tests.adapters.mayan_peer import MayanPeer
from tests.adapters.peers import answer

TOKEN = "f00dfeed0123456789abcdef"


@pytest.fixture
def peer() -> Iterator[MayanPeer]:
    made = MayanPeer()
    yield made
    made.close()


@pytest.fixture
def options(peer: MayanPeer, tmp_path: Path) -> Options:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    return {"url": peer.url, "token": f"file:{token}", "outgoing": {}}


@pytest.fixture
def adapter(options: Options) -> Iterator[Adapter]:
    made = Adapter(options, 20)
    yield made
    made.close()


class TestConformance(NetworkConformance, CollectsConformance):
    adapter_class = Adapter
    secrets = (TOKEN,)
    one_connection: ClassVar[Mapping[str, object]] = {"connections": 1}
    wrong_options = (
        ({"url": "vanban.gov.vn"}, "url"),
        ({"token": TOKEN}, "token"),
        ({"states": {"Hoàn thành": "13"}}, "states.Hoàn thành"),
        ({"outgoing": {"stat": "x"}}, "outgoing.stat"),
    )

    @pytest.fixture
    def peer(self, peer: MayanPeer) -> MayanPeer:
        return peer

    @pytest.fixture
    def options(self, options: Options) -> Options:
        return options

    def options_for(self, options: Options, url: str) -> Options:
        return {**options, "url": url}

    @pytest.fixture
    def held(self, peer: MayanPeer) -> Held:
        def read() -> Mapping[str, str]:
            digests = {}
            for each in peer.mayan.documents.values():
                files = {file["filename"]: file["bytes"] for file in each["files"]}
                original = hashlib.sha256(files.get("ban-goc.edxml", b"")).hexdigest()
                digests[each["description"].rpartition("edxml-")[2]] = original
            assert len(digests) == len(peer.mayan.documents)
            return digests

        return read

    @pytest.fixture
    def ready(self, peer: MayanPeer) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for name, content in messages.items():
                letter_of(peer, name, {f"{name}.edxml": content})

        return put


def letter_of(peer: MayanPeer, label: str, files: Mapping[str, bytes], **metadata: str) -> int:
    """What a clerk marked to be sent; its number."""
    number = peer.mayan.add("Văn bản đi", label)
    document = peer.mayan.documents[number]
    document["metadata"] = metadata
    for place, (name, content) in enumerate(files.items(), 1):
        document["files"].append({"id": place, "filename": name, "size": len(content), "bytes": content})
    peer.mayan.move(number, "Chờ gửi")
    return number


def test_steps_of_the_workflow_are_reported_once_each(adapter: Adapter, peer: MayanPeer) -> None:
    adapter.deliver(outgoing(document()))
    peer.mayan.move(1, "Đã tiếp nhận", "đã vào sổ")
    [report] = adapter.collect()
    assert isinstance(report.content, StatusReport)
    told = (report.content.delivery, report.content.code, report.content.words, report.content.staff)
    assert told == (outgoing().key, "03", "đã vào sổ", "vanthu")
    adapter.collected(report.key)
    peer.mayan.move(1, "Hoàn thành")
    [last] = adapter.collect()
    assert isinstance(last.content, StatusReport)
    assert last.content.code == "06"
    adapter.refused(last.key, ["Đã có trạng thái sau."])
    assert list(adapter.collect()) == []


def test_only_metadata_that_the_document_type_has_are_filed(adapter: Adapter, peer: MayanPeer) -> None:
    adapter.deliver(outgoing(document()))
    filed = peer.mayan.documents[1]["metadata"]
    assert filed == {
        "so_ky_hieu": "12/UBND-VX",
        "ngay_ban_hanh": "2026-11-24",
        "loai_van_ban": "Công văn",
        "noi_nhan": "H45.01",
    }


def test_what_another_broker_filed_meanwhile_is_found(
    adapter: Adapter, options: Options, peer: MayanPeer
) -> None:
    adapter.deliver(outgoing(key="019a0000000070008000000000000009"))
    other = Adapter(options, 20)
    other.deliver(outgoing(document()))
    other.close()
    adapter.deliver(outgoing(document()))
    assert len(peer.mayan.documents) == 2
    assert len(peer.mayan.documents[2]["files"]) == 2


def test_a_file_that_mayans_workers_do_not_list_in_time_is_tried_again(
    options: Options, peer: MayanPeer
) -> None:
    peer.mayan.idle = True
    adapter = Adapter(options, 0.5)
    outcome = adapter.deliver(outgoing(document()))
    assert isinstance(outcome, Retry)
    peer.mayan.idle = False
    assert isinstance(adapter.deliver(outgoing(document())), Retry)  # sent up already, and not once more
    adapter.close()
    assert peer.mayan.documents[1]["files"] == []


def test_a_refusal_gives_a_letter_back_with_the_reasons(adapter: Adapter, peer: MayanPeer) -> None:
    fields = {"so_ky_hieu": "12/STC", "ngay_ban_hanh": "24/11/2026", "noi_nhan": "H45.01"}
    number = letter_of(peer, "Tờ trình", {"a.pdf": b"%PDF"}, **fields)
    [collected] = adapter.collect()
    assert isinstance(collected.content, Letter)
    assert (collected.content.subject, collected.content.promulgated_on) == ("Tờ trình", date(2026, 11, 24))
    adapter.refused(collected.key, ["Không có cơ quan H45.01."])
    assert peer.mayan.documents[number]["log"][-1]["comment"] == "Không có cơ quan H45.01."
    assert list(adapter.collect()) == []


def test_a_file_that_is_too_large_is_given_back(options: Options, peer: MayanPeer) -> None:
    number = letter_of(peer, "lớn", {"a.pdf": b"%PDF"})
    adapter = Adapter({**options, "bytes_max": 3}, 20)
    assert list(adapter.collect()) == []
    adapter.close()
    assert "a.pdf" in peer.mayan.documents[number]["log"][-1]["comment"]


def test_what_is_not_prepared_is_named_and_tried_again(options: Options) -> None:
    adapter = Adapter({**options, "type": "Công văn đến"}, 20)
    outcome = adapter.deliver(outgoing())
    adapter.close()
    assert isinstance(outcome, Retry)
    assert "Công văn đến" in outcome.reason


def test_the_connection_is_tried(adapter: Adapter, peer: MayanPeer) -> None:
    assert adapter.check() == Reached("Mayan EDMS: Văn bản đến")
    peer.reply = lambda request: answer(403, b"{}")
    assert isinstance(Adapter(adapter.options, 20).check(), Unreachable)
