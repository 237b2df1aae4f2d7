"""SFTP, against asyncssh's own server; OpenSSH's is in tests/real."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from adapters.sftp import Adapter
from exchange.adapter import AgencyAdapter, Delivered, Reached, Retry
from tests.adapters.conformance import ABSENT, Options, outgoing
from tests.adapters.drop_folder import DropFolderConformance
from tests.adapters.lines import LineConformance

PASSWORD = "mật khẩu của văn thư"
KEY_MADE = asyncssh.generate_private_key("ssh-ed25519")
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER_KEY = asyncssh.generate_private_key("ssh-ed25519")


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode()


class Door(asyncssh.SSHServer):
    """Lets one user in, by password or key."""

    def __init__(self, inside: list[asyncssh.SSHServerConnection]) -> None:
        self._inside = inside

    def connection_made(self, connection: asyncssh.SSHServerConnection) -> None:
        self._inside.append(connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("vanthu", PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "vanthu" and key == KEY_MADE.convert_to_public()


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


@pytest.fixture
def port(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> Iterator[int]:
    """A server whose users see the test's folder as the whole disk."""

    inside: list[asyncssh.SSHServerConnection] = []

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Door(inside),
            server_host_keys=[HOST_KEY],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(tmp_path).encode()),
        )

    async def stop() -> None:
        server.close()
        await server.wait_closed()
        for connection in inside:
            connection.abort()
            await connection.wait_closed()
        if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    yield server.get_port()
    asyncio.run_coroutine_threadsafe(stop(), loop).result()


class TestSftp(DropFolderConformance, LineConformance):
    adapter_class = Adapter
    large_bytes = 3_000_000
    crowd = 40
    secrets = (PASSWORD,)
    wrong_options = (
        ({"host": ABSENT}, "host"),
        ({"port": 0}, "port"),
        ({"user": ""}, "user"),
        ({"password": ABSENT}, "password"),
        ({"password": PASSWORD}, "password"),
        ({"private_key": "env:EXCHANGE_TEST_SFTP_PASSWORD"}, "private_key"),
        ({"host_key": ABSENT}, "host_key"),
        ({"host_key": ""}, "host_key"),
        ({"host_key": "SHA256:abc"}, "host_key"),
        ({"path": ""}, "path"),
        ({"bytes_max": 0}, "bytes_max"),
        ({"connections": 0}, "connections"),
    )

    @pytest.fixture
    def options(self, port: int, incoming: Path, sending: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
        monkeypatch.setenv("EXCHANGE_TEST_SFTP_PASSWORD", PASSWORD)
        return {
            "host": "127.0.0.1",
            "port": port,
            "user": "vanthu",
            "password": "env:EXCHANGE_TEST_SFTP_PASSWORD",
            "host_key": public(HOST_KEY),
            "path": incoming.name,
            "outgoing": f"/{sending.name}",
            "quiet_seconds": 0,
        }

    def test_a_key_lets_in_as_well(self, options: Options, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_bytes(KEY_MADE.export_private_key())
        changed = {**options, "private_key": f"file:{file}"}
        del changed["password"]
        adapter = Adapter(changed, 20.0)
        assert isinstance(adapter.deliver(outgoing()), Delivered)
        adapter.close()

    def test_a_server_with_another_key_is_told_nothing(self, options: Options, incoming: Path) -> None:
        adapter = Adapter({**options, "host_key": public(OTHER_KEY)}, 20.0)
        outcome = adapter.deliver(outgoing())
        adapter.close()
        assert isinstance(outcome, Retry)
        assert "HostKeyNotVerifiable" in outcome.reason
        assert list(incoming.iterdir()) == []

    def test_while_a_host_key_is_replaced_both_are_known(self, options: Options) -> None:
        adapter = Adapter({**options, "host_key": f"{public(OTHER_KEY)}\n{public(HOST_KEY)}"}, 20.0)
        assert isinstance(adapter.deliver(outgoing()), Delivered)
        adapter.close()

    def test_a_wrong_password_is_tried_again_and_not_shown(
        self, options: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EXCHANGE_TEST_SFTP_PASSWORD", "sai")
        adapter = Adapter(options, 20.0)
        outcome = adapter.deliver(outgoing())
        adapter.close()
        assert isinstance(outcome, Retry)
        assert "PermissionDenied" in outcome.reason
        assert "sai" not in outcome.reason

    def test_the_server_says_what_it_is(self, adapter: AgencyAdapter) -> None:
        reached = adapter.check()
        assert isinstance(reached, Reached)
        assert "SSH" in reached.words

    def test_a_name_that_is_not_utf8_does_not_hide_the_others(self, adapter: Adapter, sending: Path) -> None:
        (sending / "a.edxml").write_bytes(b"a")
        Path((bytes(sending) + b"/\xff.edxml").decode("utf-8", "surrogateescape")).write_bytes(b"b")
        assert [each.key for each in adapter.collect()] == ["a.edxml"]
