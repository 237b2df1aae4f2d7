"""The adapter ``plone`` against a light peer; tests/real asks Plone itself."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.plone import Adapter
from exchange.adapter import Reached, Refused, StatusReport, Unreachable
from tests.adapters.conformance import CollectsConformance, Held, NetworkConformance, Options, outgoing
from tests.adapters.letters import document
from tests.adapters.peers import answer
from tests.adapters.plone_peer import PlonePeer

PASSWORD = "mat-khau-rat-bi-mat"
PLACE = "van-ban-den/2026-11/edxml-019a0000000070008000000000000001"


@pytest.fixture
def peer() -> Iterator[PlonePeer]:
    made = PlonePeer()
    yield made
    made.close()


@pytest.fixture
def options(peer: PlonePeer, tmp_path: Path) -> Options:
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    return {"url": peer.url, "user": "truc", "password": f"file:{password}", "outgoing": {}}


@pytest.fixture
def adapter(options: Options) -> Iterator[Adapter]:
    made = Adapter(options, 20)
    yield made
    made.close()


class TestConformance(NetworkConformance, CollectsConformance):
    adapter_class = Adapter
    secrets = (PASSWORD,)
    one_connection: ClassVar[Mapping[str, object]] = {"connections": 1}
    wrong_options = (
        ({"url": "vanban.gov.vn"}, "url"),
        ({"password": PASSWORD}, "password"),
        ({"states": {"pending": "13"}}, "states.pending"),
        ({"outgoing": {"stat": "x"}}, "outgoing.stat"),
    )

    @pytest.fixture
    def peer(self, peer: PlonePeer) -> PlonePeer:
        return peer

    @pytest.fixture
    def options(self, options: Options) -> Options:
        return options

    def options_for(self, options: Options, url: str) -> Options:
        return {**options, "url": url}

    @pytest.fixture
    def held(self, peer: PlonePeer) -> Held:
        def read() -> Mapping[str, str]:
            places = [each for each in peer.site.items if each.rpartition("/")[2].startswith("edxml-")]
            originals = [peer.site.items.get(f"{each}/ban-goc.edxml", {"bytes": b""}) for each in places]
            keys = [each.rpartition("edxml-")[2] for each in places]
            digests = [hashlib.sha256(each["bytes"]).hexdigest() for each in originals]
            return dict(zip(keys, digests, strict=True))

        return read

    @pytest.fixture
    def ready(self, peer: PlonePeer) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for name, content in messages.items():
                letter_of(peer, name, {f"{name}.edxml": content})

        return put


def letter_of(peer: PlonePeer, name: str, files: Mapping[str, bytes], **fields: object) -> str:
    """What a clerk marked to be sent; its path."""
    site, path = peer.site, f"van-ban-di/{name}"
    made = {"@type": "van_ban", "UID": name, "title": name, "Subject": [], "history": [], **fields}
    site.items[path] = made
    site.move(path, "pending")
    for file, content in files.items():
        shown = {"filename": file, "size": len(content)}
        site.items[f"{path}/{file}"] = {
            "@type": "File",
            "UID": file,
            "Subject": [],
            "file": shown,
            "bytes": content,
        }
    return path


def test_steps_of_the_workflow_are_reported_once_each(adapter: Adapter, peer: PlonePeer) -> None:
    adapter.deliver(outgoing(document()))
    peer.site.move(PLACE, "pending")
    [report] = adapter.collect()
    assert isinstance(report.content, StatusReport)
    assert (report.content.delivery, report.content.code) == (outgoing().key, "03")
    adapter.collected(report.key)
    peer.site.move(PLACE, "published")
    [last] = adapter.collect()
    assert isinstance(last.content, StatusReport)
    assert last.content.code == "06"
    adapter.refused(last.key, ["Đã có trạng thái sau."])
    assert list(adapter.collect()) == []


def test_a_refusal_gives_a_letter_back_with_the_reasons(adapter: Adapter, peer: PlonePeer) -> None:
    fields = {"so_ky_hieu": "12/STC", "ngay_ban_hanh": "2026-11-24", "noi_nhan": "H45.01"}
    path = letter_of(peer, "to-trinh", {"a.pdf": b"%PDF"}, **fields)
    [collected] = adapter.collect()
    adapter.refused(collected.key, ["Không có cơ quan H45.01."])
    assert peer.site.items[path]["history"][-1]["comments"] == "Không có cơ quan H45.01."
    assert list(adapter.collect()) == []


def test_what_cannot_be_a_letter_is_given_back_and_keeps_no_other(adapter: Adapter, peer: PlonePeer) -> None:
    letter_of(peer, "thieu", {"a.pdf": b"%PDF"})
    letter_of(peer, "du", {"a.edxml": b"<edXML/>"})
    assert [each.key for each in adapter.collect()] == ["du"]
    assert peer.site.items["van-ban-di/thieu"]["review_state"] == "private"


def test_of_several_signed_packages_none_is_sent_alone(adapter: Adapter, peer: PlonePeer) -> None:
    path = letter_of(peer, "hai", {"a.edxml": b"<edXML/>", "b.edxml": b"<edXML/>"})
    assert list(adapter.collect()) == []
    assert ".edxml" in peer.site.items[path]["history"][-1]["comments"]


def test_a_file_that_is_too_large_is_given_back(options: Options, peer: PlonePeer) -> None:
    path = letter_of(peer, "lon", {"a.pdf": b"%PDF"})
    adapter = Adapter({**options, "bytes_max": 3}, 20)
    assert list(adapter.collect()) == []
    adapter.close()
    assert "a.pdf" in peer.site.items[path]["history"][-1]["comments"]


def test_their_words_are_taken_out_of_their_answer(adapter: Adapter, peer: PlonePeer) -> None:
    peer.reply = lambda request: answer(400, b'{"type": "BadRequest", "message": "sai ki\\u1ec3u"}')
    assert adapter.deliver(outgoing()) == Refused("http_400", "sai kiểu")


def test_the_connection_is_tried(adapter: Adapter, peer: PlonePeer) -> None:
    assert adapter.check() == Reached("Plone: Văn thư")
    peer.reply = lambda request: answer(401, b"{}")
    assert isinstance(adapter.check(), Unreachable)
