"""What every drop folder does, whatever protocol leads to it: the same tests for all of them.

The servers of the tests serve folders of this machine, so that what lies there can be looked at.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from exchange.adapter import AgencyAdapter, Delivered, Reached, Retry, Unreachable
from exchange.software.drop_folder import LEFT_OVER_SECONDS
from tests.adapters.conformance import (
    VIETNAMESE,
    CollectsConformance,
    HandsOverConformance,
    Held,
    Options,
    outgoing,
)

KEY = outgoing().key


class DropFolderConformance(HandsOverConformance, CollectsConformance):
    """A subclass gives ``options`` that lead to the folders ``incoming`` and ``sending``."""

    @pytest.fixture
    def incoming(self, tmp_path: Path) -> Path:
        path = tmp_path / "đến"
        path.mkdir()
        return path

    @pytest.fixture
    def sending(self, tmp_path: Path) -> Path:
        path = tmp_path / "đi"
        path.mkdir()
        return path

    @pytest.fixture
    def held(self, incoming: Path) -> Held:
        def read() -> Mapping[str, str]:
            files = [path for path in incoming.rglob("*") if path.is_file()]
            found = {path.stem.rsplit("-", 1)[1]: path for path in files}
            assert len(found) == len(files)
            return {key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in found.items()}

        return read

    @pytest.fixture
    def ready(self, sending: Path) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for name, content in messages.items():
                (sending / f"{name}.edxml").write_bytes(content)

        return put

    @pytest.fixture
    def made(self, options: Options) -> Iterator[Callable[..., AgencyAdapter]]:
        """Another adapter, with these options changed; closed at the end."""
        adapters: list[AgencyAdapter] = []

        def make(**changes: object) -> AgencyAdapter:
            adapters.append(self.adapter_class({**options, **changes}, self.timeout_seconds))
            return adapters[-1]

        yield make
        for each in adapters:
            each.close()

    # --- delivering ---

    def test_the_name_shows_the_document_and_the_delivery(
        self, adapter: AgencyAdapter, incoming: Path
    ) -> None:
        adapter.deliver(outgoing(document_id=VIETNAMESE))
        [path] = incoming.iterdir()
        assert path.name.startswith("000.00.00.G22-2015-09-30-7816-VPCP-TTDT-ve-viec-Ung-dung-chu-ky-so")
        assert path.name.endswith(f"-{KEY}.edxml")

    def test_status_messages_and_receipts_lie_apart(self, adapter: AgencyAdapter, incoming: Path) -> None:
        adapter.deliver(outgoing(kind="status"))
        adapter.deliver(outgoing(kind="receipt", document_id="r1"))
        [status] = (incoming / "status").iterdir()
        [receipt] = (incoming / "receipts").iterdir()
        assert status.suffix == ".edxml"
        assert receipt.name == f"r1-{KEY}.xml"

    def test_the_reference_is_the_file(self, adapter: AgencyAdapter, incoming: Path) -> None:
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Delivered)
        assert (incoming / outcome.reference).read_bytes() == outgoing().content

    @pytest.mark.parametrize(
        "document_id", ["../../etc/x", "/etc/x", "..", ".", "", "a/../../b", "x\0y", "CON", "~", "a\n" * 300]
    )
    def test_no_document_id_leads_out_of_the_folder(
        self, adapter: AgencyAdapter, incoming: Path, tmp_path: Path, document_id: str
    ) -> None:
        for key in (KEY, f"../{KEY}", "Ω/.."):
            assert isinstance(adapter.deliver(outgoing(document_id=document_id, key=key)), Delivered)
        assert len(list(incoming.iterdir())) == 3
        assert {path.name for path in tmp_path.iterdir()} == {"đến", "đi"}

    def test_a_file_with_other_content_is_never_overwritten(
        self, adapter: AgencyAdapter, incoming: Path
    ) -> None:
        adapter.deliver(outgoing())
        [path] = incoming.iterdir()
        path.write_bytes(b"changed by somebody")
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert path.name in outcome.reason
        assert path.read_bytes() == b"changed by somebody"

    def test_a_share_that_is_not_mounted_is_tried_again_and_not_replaced(
        self, adapter: AgencyAdapter, incoming: Path
    ) -> None:
        incoming.rmdir()
        for kind in ("document", "status", "receipt"):
            assert isinstance(adapter.deliver(outgoing(kind=kind)), Retry)
        assert not incoming.exists()
        incoming.mkdir()
        for kind in ("document", "status", "receipt"):
            assert isinstance(adapter.deliver(outgoing(kind=kind)), Delivered)  # type: ignore[arg-type]

    def test_a_file_in_place_of_the_folder_is_tried_again(
        self, adapter: AgencyAdapter, incoming: Path
    ) -> None:
        incoming.rmdir()
        incoming.write_bytes(b"")
        assert isinstance(adapter.deliver(outgoing()), Retry)

    def test_what_a_crash_left_half_written_is_removed_when_it_is_old(
        self, made: Callable[..., AgencyAdapter], incoming: Path
    ) -> None:
        old, young = incoming / f".x-{KEY}.edxml.aaaa.tmp", incoming / f".x-{KEY}.edxml.bbbb.tmp"
        for path in (old, young):
            path.write_bytes(b"<half")
        ago = time.time() - LEFT_OVER_SECONDS - 1
        os.utime(old, (ago, ago))
        made().deliver(outgoing())
        assert not old.exists()
        assert young.exists()

    def test_a_file_that_still_changes_is_left_alone(
        self, made: Callable[..., AgencyAdapter], sending: Path
    ) -> None:
        adapter = made(quiet_seconds=0.2)
        path = sending / "a.edxml"
        path.write_bytes(b"<half")
        os.utime(path, (0, 0))  # as copying tools do
        assert list(adapter.collect()) == []
        time.sleep(0.25)
        assert [each.content for each in adapter.collect()] == [b"<half"]

    def test_a_file_from_a_clock_that_runs_ahead_is_collected(
        self, made: Callable[..., AgencyAdapter], sending: Path
    ) -> None:
        path = sending / "a.edxml"
        path.write_bytes(b"a")
        ahead = time.time() + 3600
        os.utime(path, (ahead, ahead))
        adapter = made(quiet_seconds=0.2)
        assert list(adapter.collect()) == []
        time.sleep(0.25)
        assert len(list(adapter.collect())) == 1

    def test_what_was_taken_moves_to_sent(self, adapter: AgencyAdapter, sending: Path) -> None:
        (sending / "a.edxml").write_bytes(b"a")
        for each in adapter.collect():
            adapter.collected(each.key)
        assert (sending / "sent" / "a.edxml").read_bytes() == b"a"

    def test_what_was_sent_is_never_overwritten(self, adapter: AgencyAdapter, sending: Path) -> None:
        for content in (b"first", b"second", b"third"):
            (sending / "a.edxml").write_bytes(content)
            for each in adapter.collect():
                adapter.collected(each.key)
        assert sorted(path.read_bytes() for path in (sending / "sent").iterdir()) == [
            b"first",
            b"second",
            b"third",
        ]

    def test_a_file_replaced_meanwhile_is_not_marked_as_sent(
        self, adapter: AgencyAdapter, sending: Path
    ) -> None:
        (sending / "a.edxml").write_bytes(b"first")
        [first] = adapter.collect()
        (sending / "new").write_bytes(b"another")
        (sending / "new").rename(sending / "a.edxml")
        adapter.collected(first.key)
        assert [each.content for each in adapter.collect()] == [b"another"]

    def test_a_worker_that_takes_over_can_mark_what_another_collected(
        self, made: Callable[..., AgencyAdapter], adapter: AgencyAdapter, sending: Path
    ) -> None:
        (sending / "a.edxml").write_bytes(b"a")
        [each] = adapter.collect()
        made().collected(each.key)
        assert list(adapter.collect()) == []

    def test_a_refused_file_lies_apart_with_the_reasons(self, adapter: AgencyAdapter, sending: Path) -> None:
        (sending / "a.edxml").write_bytes(b"a")
        for each in adapter.collect():
            adapter.refused(each.key, ["Chữ ký không hợp lệ.", "Nơi nhận đã đóng."])
        assert (sending / "refused" / "a.edxml").read_bytes() == b"a"
        reasons = (sending / "refused" / "a.edxml.txt").read_text("utf-8")
        assert reasons == "Chữ ký không hợp lệ.\nNơi nhận đã đóng.\n"

    def test_a_file_that_is_too_large_is_refused_and_the_others_go_on(
        self, made: Callable[..., AgencyAdapter], sending: Path
    ) -> None:
        adapter = made(bytes_max=10)
        (sending / "a.edxml").write_bytes(b"x" * 11)
        (sending / "b.edxml").write_bytes(b"x" * 10)
        assert [each.key for each in adapter.collect()] == ["b.edxml"]
        assert "10 bytes" in (sending / "refused" / "a.edxml.txt").read_text("utf-8")

    def test_a_file_that_cannot_be_moved_does_not_stop_the_others(
        self, adapter: AgencyAdapter, sending: Path
    ) -> None:
        (sending / "sent").write_bytes(b"a file where the folder should be")
        for name in ("a", "b"):
            (sending / f"{name}.edxml").write_bytes(b"x")
        for each in adapter.collect():
            adapter.collected(each.key)
        assert len(list(adapter.collect())) == 2

    @pytest.mark.parametrize("key", ["../a.edxml", "/etc/a.edxml", ".a.edxml", "a.txt", "sent/a.edxml", ""])
    def test_no_key_leads_out_of_the_folder(self, adapter: AgencyAdapter, key: str) -> None:
        with pytest.raises(ValueError, match="not collected here"):
            adapter.collected(key)

    def test_a_missing_outgoing_folder_is_said_and_harmless(
        self, adapter: AgencyAdapter, sending: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        sending.rmdir()
        assert list(adapter.collect()) == []
        assert "cannot be listed" in caplog.text

    # --- asking ---

    def test_folders_that_are_there_are_reached(self, adapter: AgencyAdapter) -> None:
        assert isinstance(adapter.check(), Reached)

    @pytest.mark.parametrize("missing", ["incoming", "sending"])
    def test_a_folder_that_is_not_there_is_not_reached(
        self, adapter: AgencyAdapter, missing: str, request: pytest.FixtureRequest
    ) -> None:
        request.getfixturevalue(missing).rmdir()
        assert isinstance(adapter.check(), Unreachable)

    def test_what_was_delivered_is_read_back(self, adapter: AgencyAdapter) -> None:
        assert adapter.stored(KEY) is None
        document = outgoing(bytes(range(256)), kind="status")
        adapter.deliver(document)
        assert adapter.stored(KEY) == document.content
