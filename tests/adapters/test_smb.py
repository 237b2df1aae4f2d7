"""SMB against what speaks none of it; Samba is in tests/real."""

import pytest

from adapters.smb import Adapter
from exchange.adapter import Retry
from tests.adapters import peers
from tests.adapters.conformance import ABSENT, Options, outgoing
from tests.adapters.lines import StrangerConformance

PASSWORD = "mật khẩu của văn thư"
WRONG: tuple[tuple[Options, str], ...] = (
    ({"host": ABSENT}, "host"),
    ({"share": ABSENT}, "share"),
    ({"share": "a/b"}, "share"),
    ({"user": ""}, "user"),
    ({"password": ABSENT}, "password"),
    ({"password": PASSWORD}, "password"),
    ({"path": "../x"}, "path"),
    ({"outgoing": r"a\..\..\x"}, "outgoing"),
    ({"connections": 0}, "connections"),
)


class TestSmb(StrangerConformance):
    adapter_class = Adapter

    @pytest.fixture
    def options(self, monkeypatch: pytest.MonkeyPatch) -> Options:
        monkeypatch.setenv("EXCHANGE_TEST_SMB_PASSWORD", PASSWORD)
        return {
            "host": "127.0.0.1",
            "share": "agency",
            "user": r"TINH\vanthu",
            "password": "env:EXCHANGE_TEST_SMB_PASSWORD",
            "path": r"\đến",
        }

    @pytest.mark.parametrize(("change", "name"), WRONG)
    def test_a_wrong_option_is_named(self, options: Options, change: Options, name: str) -> None:
        wrong = {key: value for key, value in {**options, **change}.items() if value is not ABSENT}
        with pytest.raises(ValueError, match=f"'{name}'") as caught:
            Adapter(wrong, 5.0)
        assert PASSWORD not in str(caught.value)

    def test_a_message_of_gigabytes_is_not_waited_for(self, options: Options, peer: peers.Peer) -> None:
        peer.talk = peers.babbles(b"\xff" * 100)
        adapter = Adapter({**options, "port": peer.port}, 20.0)
        assert isinstance(adapter.deliver(outgoing()), Retry)
        adapter.close()
