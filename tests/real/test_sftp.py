"""SFTP against OpenSSH."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sftp import Adapter
from exchange.adapter import AgencyAdapter, Reached
from tests.adapters.conformance import Options
from tests.adapters.lines import LineConformance
from tests.real.dying import DyingConformance
from tests.real.figures import FigureConformance
from tests.real.file_servers import USER, Server, sshd


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = sshd(tmp_path_factory.mktemp("sshd"))
    made.start()
    yield made
    made.kill()


class TestOpenSsh(FigureConformance, DyingConformance, LineConformance):
    adapter_class = Adapter

    def options_for(self, server: Server, incoming: Path) -> Options:
        folder = server.log.parent
        return {
            "host": "127.0.0.1",
            "port": server.port,
            "user": USER,
            "private_key": f"file:{folder / 'key'}",
            "host_key": (folder / "host.pub").read_text(),
            "path": str(incoming),
            "quiet_seconds": 0,
        }

    @pytest.fixture
    def options(self, server: Server, incoming: Path, sending: Path) -> Options:
        return {**self.options_for(server, incoming), "outgoing": str(sending)}

    @pytest.fixture
    def full(self, options: Options, small_disk: Path) -> Options:
        return {**options, "path": str(small_disk)}

    @pytest.fixture
    def readonly(self, tmp_path: Path, incoming: Path) -> Iterator[Options]:
        made = sshd(tmp_path, "-R")
        made.start()
        yield self.options_for(made, incoming)
        made.kill()

    def test_the_server_says_what_it_is(self, adapter: AgencyAdapter) -> None:
        reached = adapter.check()
        assert isinstance(reached, Reached)
        assert "OpenSSH" in reached.words
