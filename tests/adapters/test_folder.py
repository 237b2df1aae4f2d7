"""Folders: real files, real failures of the system."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from adapters.folder import Adapter
from tests.adapters.conformance import ABSENT, Options, many, outgoing
from tests.adapters.drop_folder import DropFolderConformance


class TestFolder(DropFolderConformance):
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
    def options(self, incoming: Path, sending: Path) -> Options:
        return {"path": str(incoming), "outgoing": str(sending), "quiet_seconds": 0}

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

    # --- collecting ---

    def test_what_is_not_a_finished_message_is_left_alone(self, adapter: Adapter, sending: Path) -> None:
        for name in ("a.tmp", ".b.edxml", "c.edxml.tmp", "d.xml", "e.EDXML.part"):
            (sending / name).write_bytes(b"x")
        (sending / "folder.edxml").mkdir()
        os.mkfifo(sending / "pipe.edxml")
        assert list(adapter.collect()) == []

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


def test_an_agency_that_sends_in_another_way_has_nothing_to_collect(tmp_path: Path) -> None:
    assert list(Adapter({"path": str(tmp_path)}, 5.0).collect()) == []
