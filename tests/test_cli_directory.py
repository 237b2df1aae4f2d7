"""``exchange directory`` at a terminal: what a clerk's file is told, and what an import would change."""

import hashlib
import re
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange import settings
from exchange.app import open_database
from exchange.cli import agency_files
from exchange.cli.root import root
from exchange.connections import adapter_names
from exchange.core.directory_file import COLUMNS
from exchange.demo.authority import Authority, certificate_pem
from exchange.ledger import acts, directory_store
from exchange.ledger.database import Database

HEADER = ",".join(COLUMNS) + "\n"
PROVINCE = "000.00.00.H45,H45,,UBND tỉnh Phú Yên,province,,2016-04-01,,,inbox,,,\n"
OFFICE = "000.00.01.H45,H45.01,,Văn phòng,department,000.00.00.H45,2016-04-01,,,inbox,,,\n"
RENAMED = OFFICE.replace("2016-04-01,,", "2016-04-01,2025-06-30,") + (
    "000.00.01.H45,,,Văn phòng mới,department,000.00.00.H45,2025-07-01,,,,,,\n"
)
SECRET = "0123456789abcdef0123456789abcdef"
WEBHOOK = OFFICE.replace(
    "inbox,", f'webhook,"{{""url"": ""https://example.org/"", ""secret"": ""{SECRET}""}}"'
)
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
def put(tmp_path: Path, run: Run) -> Callable[..., str]:
    """Write a file and import it; the output."""

    def put_(*lines: str, dry_run: bool = False, code: int = 0) -> str:
        file = tmp_path / "province.csv"
        file.write_text(HEADER + "".join(lines), encoding="utf-8")
        return run("directory", "import", str(file), *(["--dry-run"] if dry_run else []), code=code).output

    return put_


Put = Callable[..., str]


def test_a_renaming_is_told_with_its_day_and_shown_as_of_a_date(put: Put, run: Run) -> None:
    put(PROVINCE, OFFICE)
    output = put(PROVINCE, RENAMED, dry_run=True)
    assert "000.00.01.H45 (Văn phòng mới) name (từ / from 2025-07-01): Văn phòng → Văn phòng mới" in output
    assert "sẽ thay đổi / would change: 1" in output
    put(PROVINCE, RENAMED)
    for day, name in (("2025-06-30", "Văn phòng\t"), ("2025-07-01", "Văn phòng mới\t")):
        assert name in run("directory", "show", "H45.01", "--on", day).output


def test_an_import_is_an_act_of_the_ledger_unless_it_changes_nothing(put: Put, tmp_path: Path) -> None:
    put(PROVINCE, OFFICE, dry_run=True)
    put(PROVINCE, OFFICE)
    put(PROVINCE, OFFICE)
    with closing(open_database(settings.load())) as database:
        [act] = acts.newest(database)
    content = (tmp_path / "province.csv").read_bytes()
    assert (act.event, act.body["person"], act.body["changes"]) == ("directory_changed", "operator", 2)
    assert act.body["file"] == hashlib.sha256(content).hexdigest()


def test_a_name_that_is_overwritten_for_all_days_is_told_so(put: Put) -> None:
    put(PROVINCE, RENAMED)
    put(PROVINCE, OFFICE)
    assert "name (mọi ngày / on all days): Văn phòng → Khác" in put(
        PROVINCE, OFFICE.replace("Văn phòng", "Khác"), dry_run=True
    )


def test_a_renamed_agency_exports_and_imports_without_a_change(put: Put, run: Run, tmp_path: Path) -> None:
    put(PROVINCE, RENAMED)
    run("directory", "export", str(tmp_path / "out.csv"))
    assert "changed: 0" in run("directory", "import", str(tmp_path / "out.csv")).output


def test_an_export_opens_in_a_spreadsheet_as_utf8(put: Put, run: Run, tmp_path: Path) -> None:
    put(PROVINCE)
    run("directory", "export", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfcode,")


def test_agencies_that_a_file_leaves_out_are_counted(put: Put) -> None:
    put(PROVINCE, OFFICE)
    assert "left as they are: 1" in put(PROVINCE)


def test_every_fault_is_told_in_both_languages_with_line_and_column(put: Put) -> None:
    output = put(PROVINCE, OFFICE.replace("2016-04-01", "01/04/2016"), code=1)
    assert "province.csv: Dòng 3, cột valid_from: '01/04/2016' không phải ngày hợp lệ." in output
    assert "Line 3, column valid_from: '01/04/2016' is not a date." in output
    assert "nothing was imported, problems: 1" in output


@pytest.mark.parametrize(
    ("written", "meant"), [("inbx", "inbox"), ("web-hook", "webhook"), ("folders", "folder")]
)
def test_an_unknown_adapter_is_told_with_the_nearest_one(put: Put, written: str, meant: str) -> None:
    output = put(PROVINCE, OFFICE.replace(",inbox,", f",{written},"), code=1)
    assert "Line 3, column adapter: " in output
    assert "Dòng 3, cột adapter: " in output
    assert f"Write {meant}, if that is meant." in output
    assert f"Nếu đúng ý thì ghi {meant}." in output


def test_an_adapter_like_no_other_is_answered_with_all_that_there_are(put: Put) -> None:
    output = put(PROVINCE, OFFICE.replace(",inbox,", ",zzz,"), code=1)
    assert f"Write one of: {', '.join(adapter_names())}." in output


def test_what_an_adapter_says_of_its_options_has_line_and_column_and_no_secret(put: Put) -> None:
    output = put(PROVINCE, WEBHOOK.replace("url", "uri"), code=1)
    assert "Line 3, column options: the adapter webhook says: option 'u" in output
    assert "Dòng 3, cột options: bộ kết nối webhook báo: option 'u" in output
    assert SECRET not in output


def test_a_secret_among_the_options_is_not_shown(put: Put) -> None:
    put(PROVINCE, OFFICE)
    output = put(PROVINCE, WEBHOOK, dry_run=True)
    assert "options: – → secret, url" in output
    assert SECRET not in output


def test_faults_are_told_in_the_order_of_the_lines_and_a_flood_of_them_is_cut(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agency_files, "PROBLEMS_SHOWN", 3)
    slips = [(",inbox,", ",inbx,"), ("2016-04-01", "hôm nay")] * 3
    lines = [OFFICE.replace(".01", f".1{place}").replace(*slip) for place, slip in enumerate(slips)]
    output = put(PROVINCE, *lines, code=1)
    assert re.findall(r"Line (\d+)", output) == ["3", "4", "5"]
    assert "và 3 lỗi nữa / and 3 more" in output
    assert "nothing was imported, problems: 6" in output


def test_a_directory_that_changed_meanwhile_is_not_overwritten(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(PROVINCE, OFFICE)
    load = directory_store.load

    def load_and_be_overtaken(database: Database) -> object:
        loaded = load(database)
        directory_store.save(database, loaded[1])
        return loaded

    monkeypatch.setattr(directory_store, "load", load_and_be_overtaken)
    output = put(PROVINCE, RENAMED, code=1)
    assert "run the command again" in output
    assert "chạy lại lệnh" in output
    monkeypatch.undo()


def test_an_unknown_code_is_answered_in_both_languages(put: Put, run: Run) -> None:
    put(PROVINCE, OFFICE)
    output = run("directory", "show", "000.00.01.H46", code=1).output
    assert re.search(r"không có cơ quan nào .* gần giống: 000\.00\.01\.H45", output)
    assert re.search(r"no agency has .* near: 000\.00\.01\.H45", output)


def test_certificates_are_listed_by_any_code_of_their_agency(
    put: Put, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(PROVINCE, OFFICE)
    now = datetime.now(UTC) - timedelta(minutes=1)
    authority = Authority.create("Ours", now)
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem)
    (tmp_path / "office.pem").write_bytes(certificate_pem(authority.issue("x", "000.00.01.H45", now)))
    monkeypatch.setenv("EXCHANGE_AUTHORITIES", str(tmp_path / "ca.pem"))
    run("certificate", "add", "h45.01", str(tmp_path / "office.pem"))
    assert "000.00.01.H45\t" in run("certificate", "list", "H45.01").output
    assert "not in the directory" in run("certificate", "list", "H45.77", code=1).output
    (tmp_path / "ca.pem").write_text("none")
    output = run("certificate", "add", "H45.01", str(tmp_path / "office.pem"), code=1).output
    assert "is not a PEM file of certificates" in output
    assert "không phải tệp PEM" in output
