"""WebDAV against WsgiDAV under cheroot, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.webdav import Adapter
from tests.adapters.conformance import Options
from tests.real.dying import DyingConformance
from tests.real.figures import FigureConformance
from tests.real.file_servers import PASSWORD, USER, Server, wsgidav


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = wsgidav(tmp_path_factory.mktemp("wsgidav"), tmp_path_factory.getbasetemp())
    made.start()
    yield made
    made.kill()


class TestWsgiDav(FigureConformance, DyingConformance):
    adapter_class = Adapter
    secrets = (PASSWORD,)

    @pytest.fixture
    def options(
        self,
        server: Server,
        incoming: Path,
        sending: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Options:
        monkeypatch.setenv("EXCHANGE_TEST_DAV_PASSWORD", PASSWORD)
        return {
            "url": f"http://127.0.0.1:{server.port}/{tmp_path.name}/",
            "user": USER,
            "password": "env:EXCHANGE_TEST_DAV_PASSWORD",
            "path": incoming.name,
            "outgoing": sending.name,
            "quiet_seconds": 0,
        }

    def at_port(self, options: Options, port: int) -> Options:
        path = str(options["url"]).split("/", 3)[3]
        return {**options, "url": f"http://127.0.0.1:{port}/{path}"}

    @pytest.fixture
    def full(self, options: Options, small_disk: Path) -> Options:
        return {**options, "path": small_disk.name}

    @pytest.fixture
    def readonly(
        self, options: Options, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Options]:
        made = wsgidav(tmp_path, tmp_path_factory.getbasetemp(), readonly=True)
        made.start()
        yield self.at_port(options, made.port)
        made.kill()
