"""``exchange account``: the first administrator, and what is done for persons from the machine itself."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.cli.root import root

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("EXCHANGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EXCHANGE_WEB_ADDRESS", "https://exchange.example/")
    monkeypatch.setenv("COLUMNS", "200")

    def run_(*arguments: str, code: int = 0, typed: str = "") -> Result:
        result = CliRunner().invoke(root, ["account", *arguments], input=typed)
        assert result.exit_code == code, result.output
        return result

    return run_


def state(run: Run, login: str) -> str:
    [line] = [line for line in run("list").output.splitlines() if line.startswith(f"{login}\t")]
    return line.rpartition("\t")[2]


def test_the_first_administrator_gets_a_link_and_no_password(run: Run) -> None:
    output = run("create", "--login", "Lan", "--role", "administrator", "--name", "Nguyễn Thị Lan").output
    assert re.search(r"^https://exchange\.example/web/invitation/[\w-]{43}$", output, re.MULTILINE)
    assert state(run, "lan") == "invited"


def test_a_password_may_be_typed_instead(run: Run) -> None:
    long = "a password of tests alone\n"
    run("create", "--login", "lan", "--role", "auditor", "--password", typed=long * 2)
    assert state(run, "lan") == "active"


def test_an_account_is_shut_and_opened_again(run: Run) -> None:
    run("create", "--login", "lan", "--role", "auditor")
    run("disable", "lan")
    assert state(run, "lan") == "disabled"
    run("enable", "lan")
    run("unlock", "lan")
    run("reset-second-factor", "lan")
    assert "/web/invitation/" in run("password", "lan").output
    assert state(run, "lan") == "invited"


WRONG = {
    "a clerk without an agency": ("--login", "lan", "--role", "clerk"),
    "a clerk of an agency that is not there": (
        "--login",
        "lan",
        "--role",
        "clerk",
        "--agency",
        "000.00.99.H45",
    ),
    "an auditor with an agency": ("--login", "lan", "--role", "auditor", "--agency", "000.00.01.H45"),
    "a login with a space": ("--login", "la n", "--role", "auditor"),
    "a login that is too short": ("--login", "l", "--role", "auditor"),
    "a name of two lines": ("--login", "lan", "--role", "auditor", "--name", "a\nb"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_said_and_nothing_is_made(
    run: Run, case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from exchange.cli.root import main

    monkeypatch.setattr("sys.argv", ["exchange", "account", "create", *WRONG[case]])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "account_invalid" in capsys.readouterr().err
    assert "lan\t" not in run("list").output


def test_a_login_is_one_persons(run: Run) -> None:
    run("create", "--login", "lan", "--role", "auditor")
    result = CliRunner().invoke(root, ["account", "create", "--login", "LAN", "--role", "auditor"])
    assert "account_invalid" in repr(result.exception)


@pytest.mark.parametrize("command", ["disable", "enable", "password", "unlock", "reset-second-factor"])
def test_an_account_that_is_not_there_is_said(run: Run, command: str) -> None:
    assert "nobody" in run(command, "nobody", code=1).output
