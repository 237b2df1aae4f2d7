"""The operator's commands: directory, certificates, tokens, dead letters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.cli.root import root
from exchange.demo.authority import Authority, certificate_pem
from tests.house import House
from tests.province import FINANCE, OFFICE

HEADER = (
    "code,code_qd20,aliases,name,level,parent,valid_from,valid_to,successor,"
    "adapter,options,document_bytes_max,attachment_types\n"
)
PROVINCE_LINE = "000.00.00.H45,H45,,UBND tỉnh Phú Yên,province,,2016-04-01,,,inbox,,,\n"
OFFICE_LINE = "000.00.01.H45,H45.01,,Văn phòng,department,000.00.00.H45,2016-04-01,,,inbox,,,\n"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("EXCHANGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run_(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(root, list(arguments))
        assert result.exit_code == code, result.output
        return result

    return run_


@pytest.fixture
def province(tmp_path: Path, run: Run) -> Path:
    file = tmp_path / "province.csv"
    file.write_text(HEADER + PROVINCE_LINE + OFFICE_LINE, encoding="utf-8")
    run("directory", "import", str(file))
    return file


def test_a_dry_run_shows_what_would_change_and_changes_nothing(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "province.csv"
    file.write_text(HEADER + PROVINCE_LINE + OFFICE_LINE, encoding="utf-8")
    assert "added" in run("directory", "import", str(file), "--dry-run").output
    assert "000.00.01.H45" not in run("directory", "show").output
    run("directory", "import", str(file))
    assert "000.00.01.H45" in run("directory", "show").output


def test_a_wrong_file_is_refused_with_its_lines_and_changes_nothing(province: Path, run: Run) -> None:
    province.write_text(HEADER + OFFICE_LINE.replace("000.00.00.H45", "000.00.99.H45"), encoding="utf-8")
    output = run("directory", "import", str(province), code=1).output
    assert "2" in output
    assert "000.00.99.H45" in output
    assert "nothing was imported" in output


def test_what_is_exported_imports_again_without_a_change(province: Path, run: Run, tmp_path: Path) -> None:
    run("directory", "export", str(tmp_path / "out.csv"))
    assert "changed: 0" in run("directory", "import", str(tmp_path / "out.csv")).output


def test_an_unknown_adapter_or_option_is_named(province: Path, run: Run) -> None:
    province.write_text(HEADER + PROVINCE_LINE.replace(",inbox,", ",pigeon,"), encoding="utf-8")
    output = run("directory", "import", str(province), code=1).output
    assert "pigeon" in output
    assert "Line 2" in output


def test_an_agency_is_shown_by_any_of_its_codes_and_a_slip_is_answered_with_the_nearest(
    province: Path, run: Run
) -> None:
    assert "Văn phòng" in run("directory", "show", "H45.01").output
    assert "000.00.01.H45" in run("directory", "show", "000.00.01.H46", code=1).output


def test_two_tokens_may_be_active_and_the_token_itself_is_shown_once(province: Path, run: Run) -> None:
    secrets = [run("token", "create", OFFICE).output.strip() for _ in range(2)]
    assert len(set(secrets)) == 2
    assert "two active" in run("token", "create", OFFICE, code=1).output
    listed = run("token", "list", OFFICE).output
    assert not any(secret in listed for secret in secrets)
    identity = listed.splitlines()[1].split("\t")[0]
    run("token", "revoke", identity)
    assert "no active token" in run("token", "revoke", identity, code=1).output
    run("token", "create", OFFICE, "--scope", "read")
    assert "unknown scope" in run("token", "create", OFFICE, "--scope", "all", code=2).output


def test_a_certificate_is_registered_only_under_a_configured_authority(
    province: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    ours, other = Authority.create("Ours", now), Authority.create("Other", now)
    (tmp_path / "ca.pem").write_bytes(ours.certificate_pem)
    (tmp_path / "good.pem").write_bytes(certificate_pem(ours.issue("x", OFFICE, now)))
    (tmp_path / "bad.pem").write_bytes(certificate_pem(other.issue("x", OFFICE, now)))
    assert "no authority" in run("certificate", "add", OFFICE, str(tmp_path / "good.pem"), code=1).output
    monkeypatch.setenv("EXCHANGE_AUTHORITIES", str(tmp_path / "ca.pem"))
    run("certificate", "add", OFFICE, str(tmp_path / "bad.pem"), code=1)
    run("certificate", "add", OFFICE, str(tmp_path / "good.pem"))
    listed = run("certificate", "list", OFFICE).output
    assert OFFICE in listed
    assert OFFICE not in run("certificate", "list", "--expiring-days", "60").output
    fingerprint = listed.splitlines()[1].split("\t")[1]
    assert "ended" in run("certificate", "end", fingerprint).output


def test_a_certificate_signs_for_one_agency_and_an_ended_one_stays_ended(
    province: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    ours, file = Authority.create("Ours", now), str(tmp_path / "office.pem")
    (tmp_path / "ca.pem").write_bytes(ours.certificate_pem)
    (tmp_path / "office.pem").write_bytes(certificate_pem(ours.issue("x", OFFICE, now)))
    monkeypatch.setenv("EXCHANGE_AUTHORITIES", str(tmp_path / "ca.pem"))
    run("certificate", "add", OFFICE, file)
    assert f"registered for {OFFICE}" in run("certificate", "add", "000.00.00.H45", file, code=1).output
    line = run("certificate", "list", OFFICE).output.splitlines()[1]
    run("certificate", "end", line.split("\t")[1])
    assert "was ended" in run("certificate", "add", OFFICE, file, code=1).output
    assert run("certificate", "list", OFFICE).output.splitlines()[1] != line
    run("certificate", "add", OFFICE, file, "--reopen")
    assert run("certificate", "list", OFFICE).output.splitlines()[1] == line
    assert OFFICE not in run("certificate", "add", "000.00.00.H45", file, "--reopen", code=1).stdout


def test_tokens_and_certificates_are_given_to_an_agency_by_any_of_its_codes(
    province: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    ours = Authority.create("Ours", now)
    (tmp_path / "ca.pem").write_bytes(ours.certificate_pem)
    (tmp_path / "office.pem").write_bytes(certificate_pem(ours.issue("x", OFFICE, now)))
    monkeypatch.setenv("EXCHANGE_AUTHORITIES", str(tmp_path / "ca.pem"))
    assert OFFICE in run("certificate", "add", "H45.01", str(tmp_path / "office.pem")).output
    run("token", "create", "H45.01")
    assert OFFICE in run("token", "list").output
    assert "not in the directory" in run("token", "create", "H45.77", code=1).output


def test_dead_letters_are_listed_with_their_cause_and_sent_again(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = ("simulator", {"behaviour": "refuses", "code": "full", "reason": "Sổ đã đầy"})
    house = House.build(tmp_path / "data", "", {FINANCE: refusing})
    house.send(OFFICE, FINANCE)
    house.work()
    house.close()
    listed = run("dead", "list").output
    assert "Sổ đã đầy" in listed
    delivery = listed.splitlines()[1].split("\t")[0]
    assert "round 2" in run("dead", "retry", delivery).output
    assert "sent again already" in run("dead", "retry", delivery, code=1).output
    assert "nothing to send again" in run("dead", "retry", "--all", "--cause", "full", code=1).output
