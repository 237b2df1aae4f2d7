"""The adapter ``mayan`` against Mayan EDMS 4 itself."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from adapters.mayan import Adapter
from exchange.adapter import AgencyAdapter, Delivered, Outgoing, Reached, Retry, StatusReport, Unreachable
from exchange.core.filing import filing
from exchange.core.letter import File, Letter
from tests.adapters.conformance import CollectsConformance, HandsOverConformance, Held, Options
from tests.adapters.conformance import outgoing as outgoing_long_ago
from tests.adapters.letters import document
from tests.real.mayan import Installation
from tests.real.software import wait_until


@pytest.fixture
def options(mayan_installation: Installation, tmp_path: Path) -> Options:
    mayan_installation.empty()
    token = tmp_path / "token"
    token.write_text(mayan_installation.token)
    return {"url": mayan_installation.url, "token": f"file:{token}", "outgoing": {}}


@pytest.fixture
def adapter(options: Options) -> Iterator[Adapter]:
    made = Adapter(options, 60)
    yield made
    made.close()


def outgoing(content: bytes) -> Outgoing:
    return replace(outgoing_long_ago(content), accepted_at=datetime.now(UTC))


def item(mayan: Installation, title: str, files: Mapping[str, bytes], **fields: str) -> object:
    """What a clerk wrote, and marked to be sent; its number."""
    [kind] = mayan.all("document_types", label="Văn bản đi")
    made = mayan.call("POST", "documents/", {"document_type_id": kind["id"], "label": title}).json()["id"]
    for name, value in fields.items():
        [found] = mayan.all("metadata_types", name=name)
        mayan.call("POST", f"documents/{made}/metadata/", {"metadata_type_id": found["id"], "value": value})
    for name, content in files.items():
        data = {"action_name": "append", "filename": name}
        mayan.call("POST", f"documents/{made}/files/", data=data, files={"file_new": (name, content)})
    wait_until(lambda: len(mayan.all(f"documents/{made}/files")) == len(files), 30, "files are not listed")
    mayan.move(made, "Gửi")
    return made


class TestConformance(CollectsConformance, HandsOverConformance):
    adapter_class = Adapter
    timeout_seconds = 60
    crowd = 8
    wrong_options = (
        ({"token": "123456"}, "token"),
        ({"states": {"Hoàn thành": "01"}}, "states.Hoàn thành"),
    )
    secrets = ("123456",)

    @pytest.fixture
    def options(self, options: Options) -> Options:
        return options

    @pytest.fixture
    def held(self, adapter: AgencyAdapter, mayan_installation: Installation) -> Held:
        def read() -> Mapping[str, str]:
            found = mayan_installation.all("documents")
            keys = [str(each["description"]).rpartition("edxml-")[2] for each in found]
            return {key: hashlib.sha256(adapter.stored(key) or b"").hexdigest() for key in keys}

        return read

    @pytest.fixture
    def ready(self, mayan_installation: Installation) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for name, content in messages.items():
                if content:  # Mayan keeps no empty file
                    item(mayan_installation, name, {f"{name}.edxml": content})

        return put

    def test_what_is_ready_is_collected_unchanged(
        self, adapter: AgencyAdapter, ready: Callable[[Mapping[str, bytes]], None]
    ) -> None:
        messages = {"một": bytes(range(256)), "ba": b"x" * self.large_bytes}
        ready(messages)
        assert {each.content for each in adapter.collect()} == set(messages.values())

    def test_what_was_refused_is_not_collected_again(
        self, adapter: AgencyAdapter, ready: Callable[[Mapping[str, bytes]], None]
    ) -> None:
        ready({"một": b"1", "hai": b"2"})
        for _ in range(3):  # what Mayan answers with 500 while its SQLite is busy is marked the next time
            for each in adapter.collect():
                adapter.refused(each.key, ["Chữ ký không hợp lệ.", "The signature is not valid."])
        assert list(adapter.collect()) == []


def test_a_document_is_filed_with_its_metadata_the_signed_original_and_each_attached_file(
    adapter: Adapter, mayan_installation: Installation
) -> None:
    signed = document(files={"Công văn 12.txt": b"noi dung", "trống.txt": b""})
    outcome = adapter.deliver(outgoing(signed))
    assert isinstance(outcome, Delivered)
    [filed] = mayan_installation.all("documents")
    assert (str(filed["id"]), filed["label"]) == (outcome.reference, filing(signed).subject)
    metadata = mayan_installation.all(f"documents/{filed['id']}/metadata")
    values = {each["metadata_type"]["name"]: each["value"] for each in metadata}  # type: ignore[index]
    assert (values["so_ky_hieu"], values["ngay_ban_hanh"]) == ("12/UBND-VX", "2026-11-24")
    files = {
        str(each["filename"]): each["checksum"]
        for each in mayan_installation.all(f"documents/{filed['id']}/files")
    }
    assert files == {
        "ban-goc.edxml": hashlib.sha256(signed).hexdigest(),
        "tep-1 Công văn 12.txt": hashlib.sha256(b"noi dung").hexdigest(),
    }


def test_an_attempt_that_died_after_the_document_was_made_goes_on_where_it_ended(
    options: Options, adapter: Adapter, mayan_installation: Installation
) -> None:
    once = outgoing(document())
    adapter.create(adapter.calls(), once, filing(once.content))
    after = Adapter(options, 60)
    assert isinstance(after.deliver(once), Delivered)
    after.close()
    [filed] = mayan_installation.all("documents")
    assert len(mayan_installation.all(f"documents/{filed['id']}/files")) == 2
    assert len(mayan_installation.all(f"documents/{filed['id']}/metadata")) == 7


def test_another_original_under_the_key_is_left_alone(adapter: Adapter) -> None:
    adapter.deliver(outgoing(document(number="12")))
    assert isinstance(adapter.deliver(outgoing(document(number="13"))), Retry)


def test_steps_of_the_workflow_are_reported_once_each(
    options: Options, adapter: Adapter, mayan_installation: Installation
) -> None:
    adapter.deliver(outgoing(document()))
    [filed] = mayan_installation.all("documents")
    assert list(adapter.collect()) == []
    mayan_installation.move(filed["id"], "Tiếp nhận", "đã vào sổ")
    mayan_installation.move(filed["id"], "Xử lý")
    first = list(adapter.collect())
    assert list(adapter.collect()) == first
    reports = [each.content for each in first if isinstance(each.content, StatusReport)]
    told = [(each.delivery, each.code, each.words, each.staff) for each in reports]
    assert told == [(outgoing(b"").key, "03", "đã vào sổ", "admin"), (outgoing(b"").key, "05", "", "admin")]
    for each in first:
        adapter.collected(each.key)
    restarted = Adapter(options, 60)
    assert list(adapter.collect()) == list(restarted.collect()) == []
    restarted.close()


def letter_of(mayan: Installation, **fields: str) -> object:
    wanted = {"so_ky_hieu": "12/STC-VP", "ngay_ban_hanh": "24/11/2026", "noi_nhan": "H45.01; H45.02"}
    return item(mayan, "V/v quyết toán", {"Công văn 12.txt": b"noi dung"}, **{**wanted, **fields})


def test_what_a_clerk_marked_is_a_letter_and_marked_as_sent_once_it_was_accepted(
    adapter: Adapter, mayan_installation: Installation
) -> None:
    number = letter_of(mayan_installation)
    [collected] = adapter.collect()
    assert collected.content == Letter(
        number="12",
        notation="STC-VP",
        promulgated_on=date(2026, 11, 24),
        type_name="Công văn",
        subject="V/v quyết toán",
        receivers=("H45.01", "H45.02"),
        files=(File(name="Công văn 12.txt", content=b"noi dung"),),
    )
    adapter.collected(collected.key)
    adapter.collected(collected.key)
    assert mayan_installation.state(number) == ("Đã gửi", "")
    assert list(adapter.collect()) == []


def test_a_refusal_gives_it_back_with_the_reasons_as_the_comment(
    adapter: Adapter, mayan_installation: Installation
) -> None:
    number = letter_of(mayan_installation)
    [collected] = adapter.collect()
    adapter.refused(collected.key, ["Không có cơ quan H45.02.", "Mã sai."])
    assert mayan_installation.state(number) == ("Dự thảo", "Không có cơ quan H45.02.\nMã sai.")
    mayan_installation.move(number, "Gửi")
    assert [each.key for each in adapter.collect()] == [collected.key]


def test_the_connection_is_tried_with_the_token(options: Options, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("sai")
    for token, expected in ((options["token"], Reached), (f"file:{wrong}", Unreachable)):
        adapter = Adapter({**options, "token": token}, 30)
        assert isinstance(adapter.check(), expected)
        adapter.close()
