"""The administrator's commands: what is open, a test of the ways it is told, and addresses of agencies."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.alarms import Alarms
from exchange.cli.root import root
from tests.adapters.peers import Peer, answer, identity
from tests.house import House
from tests.mail_server import PASSWORD, MailServer, settings_of
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE

Run = Callable[..., Result]
BOSS = "quantri@tinh.vn"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A broker whose queue has grown."""
    house = House.build(
        tmp_path / "data",
        "",
        {FINANCE: ("simulator", {"behaviour": "never"})},
        alarm_queue_max=0,
        alarm_raise_seconds=0,
        alarm_end_minutes=0,
        alarm_disk_free_percent=0,
    )
    house.clock.now = datetime.now(UTC)
    house.send(OFFICE, FINANCE)
    house.clock.pass_(minutes=10)
    yield house
    house.close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("EXCHANGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run_(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(root, list(arguments))
        assert result.exit_code == code, result.output
        return result

    return run_


def look(house: House) -> None:
    Alarms(house.context, tuple).look(house.clock.now)


def test_what_is_open_is_listed_with_what_to_do_and_on_request_what_is_over(house: House, run: Run) -> None:
    look(house)
    [_, line] = run("alarm", "list").output.splitlines()
    cells = line.split("\t")
    assert (cells[0], cells[2], cells[3]) == ("warning", "not told", "queue_growing")
    assert "Hàng đợi gửi đang dồn lại / The queue is growing" in cells[5]
    assert "raise the setting workers" in cells[6]
    house.work()
    look(house)
    assert len(run("alarm", "list").output.splitlines()) == 1
    [_, line] = run("alarm", "list", "--ended", "5").output.splitlines()
    assert line.split("\t")[2].startswith("over ")


def test_a_test_goes_to_everybody_who_is_told_of_alarms_and_says_how_each_went(
    house: House, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nobody is told" in run("alarm", "test", code=1).output
    tls, peer = identity(tmp_path), Peer()
    server = MailServer(tls)
    try:
        for name, value in settings_of(server, tls).items():
            monkeypatch.setenv(f"EXCHANGE_{name.upper()}", str(value))
        monkeypatch.setenv("EXCHANGE_ALARM_MAIL_TO", f'["{BOSS}"]')
        monkeypatch.setenv("EXCHANGE_ALARM_WEBHOOK_URL", peer.url)
        monkeypatch.setenv("EXCHANGE_ALARM_WEBHOOK_SECRET", "0123456789abcdef")
        assert run("alarm", "test").output.count("sent") == 2
        assert server.subjects == ["[exchange] THỬ CẢNH BÁO / TEST ALARM"]
        assert peer.requests[0].headers["exchange-kind"] == "alarm"
        monkeypatch.setenv("EXCHANGE_MAIL_PASSWORD", "wrong-password")
        peer.reply = lambda request: answer(500)
        output = run("alarm", "test", code=1).output
        assert "the server answers 535" in output
        assert "the webhook answers 500" in output
        assert PASSWORD not in output
        assert "wrong-password" not in output
    finally:
        server.close()
        peer.close()


def test_addresses_of_agencies_are_set_listed_and_removed(house: House, run: Run) -> None:
    run("contact", "set", COMMUNE, "vanthu@xa.vn")
    run("contact", "set", DISTRICT, BOSS, "--kind", "oversight", "--kind", "daily")
    run("contact", "set", COMMUNE, "vanthu@xa.vn", "--kind", "waiting")
    assert run("contact", "list").output.splitlines()[1:] == [
        f"{DISTRICT}\t{BOSS}\tdaily oversight",
        f"{COMMUNE}\tvanthu@xa.vn\twaiting",
    ]
    assert len(run("contact", "list", COMMUNE).output.splitlines()) == 2
    run("contact", "remove", COMMUNE, "vanthu@xa.vn")
    assert "no address" in run("contact", "remove", COMMUNE, "vanthu@xa.vn", code=1).output


def test_what_is_no_address_is_refused(house: House, run: Run) -> None:
    assert "no e-mail address" in run("contact", "set", COMMUNE, "a@b.vn,c@d.vn", code=2).output


def test_an_agency_that_is_not_known_is_refused(house: House, run: Run) -> None:
    assert "not in the directory" in run("contact", "set", "H99", BOSS, code=1).output
