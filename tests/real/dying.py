"""What only a real server of files does: it dies at any moment, runs out of disk, lets nobody write."""

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.adapter import AgencyAdapter, Delivered, Retry
from tests.adapters.conformance import Held, Options, outgoing
from tests.adapters.drop_folder import DropFolderConformance
from tests.proxy import Proxy, proxy
from tests.real.file_servers import Server


class DyingConformance(DropFolderConformance):
    """A subclass gives the fixture ``server``, which ``options`` lead to."""

    large_bytes = 50_000_000
    crowd = 200
    timeout_seconds = 20.0

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        """A folder on a file system of one megabyte."""
        folder = tmp_path / "nhỏ"
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("only root can make a small disk")
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)

    def at_port(self, options: Options, port: int) -> Options:
        """The same options, for a server on another port of 127.0.0.1."""
        return {**options, "port": port}

    def through(self, options: Options, between: Proxy) -> AgencyAdapter:
        """An adapter whose line goes through a proxy."""
        changed = {**self.at_port(options, between.port), "connections": 1}
        return self.adapter_class(changed, self.timeout_seconds)

    def test_a_server_killed_in_the_middle_of_a_document_gets_it_once(
        self, server: Server, options: Options, incoming: Path, held: Held
    ) -> None:
        document = outgoing(bytes(range(256)) * 40_000)
        with proxy(("127.0.0.1", server.port)) as between:
            adapter = self.through(options, between)
            assert isinstance(adapter.deliver(outgoing(key="0")), Delivered)
            between.bytes_per_second = 5_000_000
            killer = threading.Thread(target=_kill_when_half_written, args=(server, incoming))
            killer.start()
            outcome = adapter.deliver(document)
            killer.join()
            assert isinstance(outcome, Retry)
            assert [
                path for path in incoming.iterdir() if document.key in path.name and path.suffix != ".tmp"
            ] == []
            server.start()
            between.bytes_per_second = 0
            assert isinstance(adapter.deliver(document), Delivered)
            adapter.close()
        for left_over in incoming.glob(".*.tmp"):
            left_over.unlink()
        assert held()[document.key] == document.digest

    def test_a_line_cut_after_any_answer_leaves_the_document_there_once(
        self, server: Server, options: Options, incoming: Path
    ) -> None:
        """Also where the file was renamed and the answer to that was lost: it is found, not doubled."""
        lost = 0
        for _ in range(5):  # answers come in more pieces or fewer, so that a round may miss that one
            cuts = 0
            while (found := self._cut(server, options, incoming, cuts)) is not None:
                cuts += 1
                lost += found
            if lost:
                break
        assert lost

    def _cut(self, server: Server, options: Options, incoming: Path, answers: int) -> bool | None:
        """Whether the file was there though its sender did not hear so; None: nothing was cut any more."""
        for path in incoming.iterdir():
            path.unlink()
        document = outgoing(b"x" * 20_000)
        with proxy(("127.0.0.1", server.port)) as between:
            between.answers_left = answers
            adapter = self.through(options, between)
            first = adapter.deliver(document)
            there = any(incoming.glob("*.edxml"))
            between.answers_left = None
            second = adapter.deliver(document)
            adapter.close()
        assert isinstance(second, Delivered), second
        assert [path.read_bytes() for path in incoming.glob("*.edxml")] == [document.content]
        return None if isinstance(first, Delivered) else there

    def test_a_full_disk_is_tried_again_and_leaves_nothing_half(
        self, full: Options, small_disk: Path
    ) -> None:
        adapter = self.adapter_class(full, self.timeout_seconds)
        outcome = adapter.deliver(outgoing(b"x" * 5_000_000))
        adapter.close()
        assert isinstance(outcome, Retry)
        assert list(small_disk.iterdir()) == []

    def test_a_server_that_only_lets_read_is_tried_again(self, readonly: Options) -> None:
        adapter = self.adapter_class(readonly, self.timeout_seconds)
        outcome = adapter.deliver(outgoing())
        adapter.close()
        assert isinstance(outcome, Retry)

    def test_a_server_that_was_started_again_is_reached_at_once(
        self, server: Server, adapter: AgencyAdapter
    ) -> None:
        assert isinstance(adapter.deliver(outgoing()), Delivered)
        server.kill()
        server.start()
        assert isinstance(adapter.deliver(outgoing(key="0")), Delivered)


def _kill_when_half_written(server: Server, incoming: Path) -> None:
    while not any(path.stat().st_size > 100_000 for path in incoming.glob(".*.tmp")):
        time.sleep(0.005)
    server.kill()
