"""Folders: real files, real failures of the system."""

import hashlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import folder
from adapters.folder import Adapter, file_name
from exchange.adapter import Delivered, Retry
from tests.adapters.conformance import (
    ABSENT,
    VIETNAMESE,
    CollectsConformance,
    HandsOverConformance,
    Held,
    Options,
    many,
    outgoing,
)

KEY = outgoing().key


class TestFolder(HandsOverConformance, CollectsConformance):
    adapter_class = Adapter
    wrong_options = (
        ({"path": ABSENT}, "path"),
        ({"path": ""}, "path"),
        ({"path": "relative/folder"}, "path"),
        ({"path": 7}, "path"),
        ({"outgoing": "relative/folder"}, "outgoing"),
        ({"quiet_seconds": -1}, "quiet_seconds"),
        ({"bytes_max": 0}, "bytes_max"),
    )

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
    def options(self, incoming: Path, sending: Path) -> Options:
        return {"path": str(incoming), "outgoing": str(sending), "quiet_seconds": 0}

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

    # --- delivering ---

    def test_the_name_shows_the_document_and_the_delivery(self, adapter: Adapter, incoming: Path) -> None:
        adapter.deliver(outgoing(document_id=VIETNAMESE))
        [path] = incoming.iterdir()
        assert path.name.startswith("000.00.00.G22-2015-09-30-7816-VPCP-TTDT-ve-viec-Ung-dung-chu-ky-so")
        assert path.name.endswith(f"-{KEY}.edxml")

    def test_status_messages_and_receipts_lie_apart(self, adapter: Adapter, incoming: Path) -> None:
        adapter.deliver(outgoing(kind="status"))
        adapter.deliver(outgoing(kind="receipt", document_id="r1"))
        [status] = (incoming / "status").iterdir()
        [receipt] = (incoming / "receipts").iterdir()
        assert status.suffix == ".edxml"
        assert receipt.name == f"r1-{KEY}.xml"

    def test_the_reference_is_the_file(self, adapter: Adapter, incoming: Path) -> None:
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Delivered)
        assert (incoming / outcome.reference).read_bytes() == outgoing().content

    @pytest.mark.parametrize(
        "document_id", ["../../etc/x", "/etc/x", "..", ".", "", "a/../../b", "x\0y", "CON", "~", "a\n" * 300]
    )
    def test_no_document_id_leads_out_of_the_folder(
        self, adapter: Adapter, incoming: Path, tmp_path: Path, document_id: str
    ) -> None:
        for key in (KEY, f"../{KEY}", "Ω/.."):
            assert isinstance(adapter.deliver(outgoing(document_id=document_id, key=key)), Delivered)
        assert len(list(incoming.iterdir())) == 3
        assert {path.name for path in tmp_path.iterdir()} == {"đến", "đi"}

    @given(document_id=st.text(max_size=300), key=st.text(min_size=1, max_size=100))
    def test_every_name_is_harmless_on_every_file_system(self, document_id: str, key: str) -> None:
        name = file_name(outgoing(document_id=document_id, key=key))
        assert len(name) < 200
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")
        assert name[0].isalnum()

    def test_keys_that_differ_in_case_are_two_files_everywhere(self) -> None:
        names = [file_name(outgoing(key=key)).lower() for key in ("AbC", "abc")]
        assert names[0] != names[1]

    def test_a_file_with_other_content_is_never_overwritten(self, adapter: Adapter, incoming: Path) -> None:
        adapter.deliver(outgoing())
        [path] = incoming.iterdir()
        path.write_bytes(b"changed by somebody")
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert path.name in outcome.reason
        assert path.read_bytes() == b"changed by somebody"

    def test_a_reader_never_sees_half_a_document(self, adapter: Adapter, incoming: Path) -> None:
        size, stop = 3_000_000, threading.Event()
        sizes: set[int] = set()

        def watch() -> None:
            while not stop.is_set():
                sizes.update(path.stat().st_size for path in incoming.glob("[!.]*.edxml"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        for document in many(20):
            adapter.deliver(outgoing(b"x" * size, key=document.key))
        stop.set()
        watcher.join()
        assert sizes == {size}

    def test_a_share_that_is_not_mounted_is_tried_again_and_not_replaced(
        self, adapter: Adapter, incoming: Path
    ) -> None:
        incoming.rmdir()
        for kind in ("document", "status", "receipt"):
            assert isinstance(adapter.deliver(outgoing(kind=kind)), Retry)
        assert not incoming.exists()
        incoming.mkdir()
        for kind in ("document", "status", "receipt"):
            assert isinstance(adapter.deliver(outgoing(kind=kind)), Delivered)  # type: ignore[arg-type]

    def test_a_file_in_place_of_the_folder_is_tried_again(self, adapter: Adapter, incoming: Path) -> None:
        incoming.rmdir()
        incoming.write_bytes(b"")
        assert isinstance(adapter.deliver(outgoing()), Retry)

    @pytest.mark.parametrize(
        ("limit", "error"),
        [
            # A full disk: the system refuses to let files grow.
            ("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))", "OSError"),
            # A folder of somebody else.
            ("os.setuid(65534) if os.getuid() == 0 else None", "PermissionError"),
        ],
        ids=["disk full", "no permission"],
    )
    def test_a_failing_disk_is_tried_again_and_leaves_nothing_half(
        self, incoming: Path, limit: str, error: str
    ) -> None:
        if "setuid" in limit:
            incoming.chmod(0o555)
        program = f"""
import os
from adapters.folder import Adapter
from tests.adapters.conformance import outgoing
os.chdir({str(incoming)!r})
adapter = Adapter({{"path": os.getcwd()}}, 5.0)
{limit}
print(adapter.deliver(outgoing(b"x" * 100_000)))
"""
        root = Path(__file__).parents[2]
        ran = subprocess.run(
            [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
        )
        assert ran.stdout.startswith("Retry(")
        assert error in ran.stdout
        assert list(incoming.iterdir()) == []

    def test_what_a_crash_left_half_written_is_removed_when_it_is_old(
        self, options: Options, incoming: Path
    ) -> None:
        old, young = incoming / f".x-{KEY}.edxml.aaaa.tmp", incoming / f".x-{KEY}.edxml.bbbb.tmp"
        for path in (old, young):
            path.write_bytes(b"<half")
        ago = time.time() - folder.LEFT_OVER_SECONDS - 1
        os.utime(old, (ago, ago))
        Adapter(options, 5.0).deliver(outgoing())
        assert not old.exists()
        assert young.exists()

    # --- collecting ---

    def test_what_is_not_a_finished_message_is_left_alone(self, adapter: Adapter, sending: Path) -> None:
        for name in ("a.tmp", ".b.edxml", "c.edxml.tmp", "d.xml", "e.EDXML.part"):
            (sending / name).write_bytes(b"x")
        (sending / "folder.edxml").mkdir()
        os.mkfifo(sending / "pipe.edxml")
        assert list(adapter.collect()) == []

    def test_a_file_that_still_changes_is_left_alone(self, options: Options, sending: Path) -> None:
        adapter = Adapter({**options, "quiet_seconds": 0.2}, 5.0)
        path = sending / "a.edxml"
        path.write_bytes(b"<half")
        os.utime(path, (0, 0))  # as copying tools do
        assert list(adapter.collect()) == []
        time.sleep(0.25)
        assert [each.content for each in adapter.collect()] == [b"<half"]

    def test_a_file_from_a_clock_that_runs_ahead_is_collected(self, options: Options, sending: Path) -> None:
        path = sending / "a.edxml"
        path.write_bytes(b"a")
        ahead = time.time() + 3600
        os.utime(path, (ahead, ahead))
        assert len(list(Adapter({**options, "quiet_seconds": 0.2}, 5.0).collect())) == 1

    def test_a_file_that_cannot_be_read_does_not_stop_the_others(
        self, adapter: Adapter, sending: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        secret = sending.parent / "secret"
        secret.write_bytes(b"of the broker's machine")
        (sending / "a.edxml").write_bytes(b"a")
        (sending / "b.edxml").symlink_to(secret)
        (sending / "c.edxml").write_bytes(b"c")
        for _ in range(3):
            assert [each.content for each in adapter.collect()] == [b"a", b"c"]
        warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(warnings) == 1
        assert "b.edxml" in warnings[0].getMessage()

    def test_what_was_taken_moves_to_sent(self, adapter: Adapter, sending: Path) -> None:
        (sending / "a.edxml").write_bytes(b"a")
        for each in adapter.collect():
            adapter.collected(each.key)
        assert (sending / "sent" / "a.edxml").read_bytes() == b"a"

    def test_what_was_sent_is_never_overwritten(self, adapter: Adapter, sending: Path) -> None:
        for content in (b"first", b"second", b"third"):
            (sending / "a.edxml").write_bytes(content)
            for each in adapter.collect():
                adapter.collected(each.key)
        assert sorted(path.read_bytes() for path in (sending / "sent").iterdir()) == [
            b"first",
            b"second",
            b"third",
        ]

    def test_a_file_replaced_meanwhile_is_not_marked_as_sent(self, adapter: Adapter, sending: Path) -> None:
        (sending / "a.edxml").write_bytes(b"first")
        [first] = adapter.collect()
        (sending / "new").write_bytes(b"other")
        (sending / "new").rename(sending / "a.edxml")
        adapter.collected(first.key)
        assert [each.content for each in adapter.collect()] == [b"other"]

    def test_a_worker_that_takes_over_can_mark_what_another_collected(
        self, options: Options, adapter: Adapter, sending: Path
    ) -> None:
        (sending / "a.edxml").write_bytes(b"a")
        [each] = adapter.collect()
        Adapter(options, 5.0).collected(each.key)
        assert list(adapter.collect()) == []

    def test_a_refused_file_lies_apart_with_the_reasons(self, adapter: Adapter, sending: Path) -> None:
        (sending / "a.edxml").write_bytes(b"a")
        for each in adapter.collect():
            adapter.refused(each.key, ["Chữ ký không hợp lệ.", "Nơi nhận đã đóng."])
        assert (sending / "refused" / "a.edxml").read_bytes() == b"a"
        reasons = (sending / "refused" / "a.edxml.txt").read_text("utf-8")
        assert reasons == "Chữ ký không hợp lệ.\nNơi nhận đã đóng.\n"

    def test_a_file_that_is_too_large_is_refused_and_the_others_go_on(
        self, options: Options, sending: Path
    ) -> None:
        adapter = Adapter({**options, "bytes_max": 10}, 5.0)
        (sending / "a.edxml").write_bytes(b"x" * 11)
        (sending / "b.edxml").write_bytes(b"x" * 10)
        assert [each.key for each in adapter.collect()] == ["b.edxml"]
        assert "10 bytes" in (sending / "refused" / "a.edxml.txt").read_text("utf-8")

    def test_a_file_that_cannot_be_moved_does_not_stop_the_others(
        self, adapter: Adapter, sending: Path
    ) -> None:
        (sending / "sent").write_bytes(b"a file where the folder should be")
        for name in ("a", "b"):
            (sending / f"{name}.edxml").write_bytes(b"x")
        for each in adapter.collect():
            adapter.collected(each.key)
        assert len(list(adapter.collect())) == 2

    @pytest.mark.parametrize("key", ["../a.edxml", "/etc/a.edxml", ".a.edxml", "a.txt", "sent/a.edxml", ""])
    def test_no_key_leads_out_of_the_folder(self, adapter: Adapter, key: str) -> None:
        with pytest.raises(ValueError, match="not collected here"):
            adapter.collected(key)

    def test_a_missing_outgoing_folder_is_said_and_harmless(
        self, adapter: Adapter, sending: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        sending.rmdir()
        assert list(adapter.collect()) == []
        assert "cannot be listed" in caplog.text


def test_an_agency_that_sends_in_another_way_has_nothing_to_collect(tmp_path: Path) -> None:
    assert list(Adapter({"path": str(tmp_path)}, 5.0).collect()) == []
