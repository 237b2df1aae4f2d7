"""SMB against Samba."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.smb import Adapter
from exchange.adapter import AgencyAdapter, Reached, Retry
from tests.adapters.conformance import ABSENT, Options, outgoing
from tests.adapters.lines import LineConformance
from tests.proxy import Proxy
from tests.real.dying import DyingConformance
from tests.real.figures import FigureConformance
from tests.real.file_servers import PASSWORD, USER, Server, samba


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = samba(tmp_path_factory.mktemp("samba"), tmp_path_factory.getbasetemp())
    made.start()
    yield made
    made.kill()


class TestSamba(FigureConformance, DyingConformance, LineConformance):
    adapter_class = Adapter
    secrets = (PASSWORD,)
    wrong_options = (({"share": ABSENT}, "share"),)

    @pytest.fixture
    def options(
        self,
        server: Server,
        incoming: Path,
        sending: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Options:
        monkeypatch.setenv("EXCHANGE_TEST_SMB_PASSWORD", PASSWORD)
        return {
            "host": "127.0.0.1",
            "port": server.port,
            "share": "agency",
            "user": USER,
            "password": "env:EXCHANGE_TEST_SMB_PASSWORD",
            "path": f"{tmp_path.name}/{incoming.name}",
            "outgoing": rf"\{tmp_path.name}\{sending.name}",
            "quiet_seconds": 0,
        }

    @pytest.fixture
    def full(self, options: Options, small_disk: Path, tmp_path: Path) -> Options:
        return {**options, "path": f"{tmp_path.name}/{small_disk.name}"}

    @pytest.fixture
    def readonly(self, options: Options) -> Options:
        return {**options, "share": "readonly"}

    def test_the_server_says_what_it_speaks(self, adapter: AgencyAdapter) -> None:
        assert adapter.check() == Reached("SMB 3.1.1")

    def test_nothing_is_readable_on_the_line(
        self, options: Options, between: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = bytearray()
        between._mute = lambda part: bool(seen.extend(part))
        adapter = Adapter({**options, "port": between.port}, 20.0)
        adapter.deliver(outgoing(b"nothing for others to read"))
        adapter.close()
        assert len(seen) > 1000
        assert b"nothing for others" not in seen
        assert PASSWORD.encode() not in seen
        assert PASSWORD.encode("utf-16-le") not in seen

    @pytest.mark.parametrize(
        "change", [{"password": "env:EXCHANGE_TEST_SMB_WRONG"}, {"share": "khong-co"}, {"user": "khong-ai"}]
    )
    def test_what_does_not_let_us_in_is_tried_again_and_not_shown(
        self, options: Options, change: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EXCHANGE_TEST_SMB_WRONG", "sai-mat-khau")
        adapter = Adapter({**options, **change}, 20.0)
        outcome = adapter.deliver(outgoing())
        adapter.close()
        assert isinstance(outcome, Retry)
        assert "sai-mat-khau" not in outcome.reason

    def test_what_somebody_still_writes_is_left_alone(
        self, adapter: Adapter, made: object, options: Options, sending: Path
    ) -> None:
        (sending / "a.edxml").write_bytes(b"half")
        writer = Adapter(options, 20.0)
        with (
            writer._files() as files,
            files._opened(  # type: ignore[attr-defined]
                f"{options['outgoing']}/a.edxml".replace("\\", "/").strip("/"), 0x2, share=7
            ),
        ):
            assert list(adapter.collect()) == []
        writer.close()
        assert [each.content for each in adapter.collect()] == [b"half"]
