"""``exchange adapter`` and ``exchange agency``: what is said of living software, and remembered."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import adapters
from exchange.cli.adapters import group
from exchange.conformance.scaffold import scaffold
from exchange.ledger import acts
from tests.adapters import peers
from tests.adapters.peers import Peer, answer
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import FINANCE, OFFICE

ROOT = Path(__file__).parents[1]
KNOWN = ("--config", 'lint.isort.known-first-party=["adapters"]')  # as it will be once it lies there
SECRET = "a secret of thirty-two bytes, here"


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def house(make_house: MakeHouse, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> House:
    house = make_house({FINANCE: ("webhook", {"url": peer.url, "secret": SECRET})})
    monkeypatch.setenv("EXCHANGE_DATA", str(house.context.settings.data))
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", house.context.settings.database_url)
    return house


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(group, arguments)
    return result.exit_code, result.output


def small(*arguments: str) -> tuple[int, str]:
    return run(
        "adapter", "test", *arguments, "--crowd", "8", "--large-bytes", "200000", "--timeout-seconds", "5"
    )


def test_an_agencys_software_that_answers_is_told_and_one_that_does_not_is_an_error(
    house: House, peer: Peer
) -> None:
    peer.reply = lambda request: answer(204, server="Phần mềm 3.1".encode().decode("latin-1"))
    code, words = run("agency", "ping", FINANCE)
    assert (code, "✓" in words) == (0, True)
    assert [each.method for each in peer.requests] == ["OPTIONS"]
    peer.reply = lambda request: answer(503, b"bao tri")
    code, words = run("agency", "ping", FINANCE)
    assert (code, "http_503 bao tri" in words) == (1, True)


def test_an_agency_that_fetches_by_itself_has_nothing_to_be_called(house: House) -> None:
    code, words = run("agency", "ping", OFFICE)
    assert (code, "nothing to call" in words) == (0, True)


def test_the_trial_of_an_agencys_software_is_a_table_and_stays_in_the_ledger(house: House) -> None:
    code, words = small("--agency", FINANCE)
    assert code == 0, words
    assert words.count("MUST") == 9
    [done] = [each for each in acts.newest(house.context.database) if each.event == "adapter_tried"]
    assert (done.agency, done.body["adapter"], done.body["broken"]) == (FINANCE, "webhook", [])


def test_software_that_breaks_a_must_ends_the_command_with_an_error(house: House, peer: Peer) -> None:
    peer.reply = lambda request: answer(422, b"khong nhan " + SECRET.encode())
    code, words = small("--agency", FINANCE)
    assert code == 1
    assert "khong nhan ***" in words
    assert SECRET not in words
    [done] = [each for each in acts.newest(house.context.database) if each.event == "adapter_tried"]
    assert "document" in done.body["broken"]


def test_software_that_rejects_no_key_twice_is_found_out(peer: Peer) -> None:
    seen: set[str] = set()

    def once(request: peers.Request) -> bytes:
        key = request.headers.get("idempotency-key", "")
        again = key in seen
        seen.add(key)
        return answer(422, b"trung") if again else answer(200)

    peer.reply = once
    code, words = small("webhook", "--options", json.dumps({"url": peer.url, "secret": SECRET}))
    broken = [line for line in words.splitlines() if line.startswith("✗")]
    assert code == 1
    assert len(broken) == 2
    assert all("key" in line for line in broken)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--agency"),
        (("webhook", "--agency", FINANCE), "--agency"),
        (("webhook", "--options", "[1]"), "JSON"),
        (("webhook", "--options", "khong-co.json"), "JSON"),
        (("webhook", "--options", '{"ulr": "http://127.0.0.1:1", "secret": "x"}'), "did you mean 'url'"),
        (("khong_co",), "khong_co"),
    ],
)
def test_a_slip_is_told_in_words(arguments: tuple[str, ...], said: str) -> None:
    code, words = run("adapter", "test", *arguments)
    assert (code, said in words) == (2, True), words


def test_a_new_adapter_keeps_every_promise_before_anything_is_filled_in(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("adapters", "tests/adapters"):
        (tmp_path / folder).mkdir(parents=True)
    code, words = run("adapter", "new", "m_office", "--folder", str(tmp_path))
    assert code == 0, words
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path / "adapters")])
    (tmp_path / "token").write_text("a token that nobody reads")
    options = {"url": peer.url, "token": f"file:{tmp_path / 'token'}"}
    code, words = small("m_office", "--options", json.dumps(options))
    assert code == 0, words
    again, words = run("adapter", "new", "m_office", "--folder", str(tmp_path))
    assert (again, "m_office" in words) == (1, True)


def test_what_a_new_adapter_begins_with_is_in_the_form_of_the_house() -> None:
    for path, text in scaffold("m_office").items():
        for command in (["check", "-q", *KNOWN], ["format", "-q", "--check"]):
            made = subprocess.run(  # our own linter
                [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(ROOT / path), "-"],
                input=text,
                capture_output=True,
                text=True,
                check=False,
                cwd=ROOT,
            )
            assert made.returncode == 0, f"{path}: {made.stdout}{made.stderr}"
