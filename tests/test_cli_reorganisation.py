"""``exchange directory reorganise`` at a terminal: what it tells and does, and what it is refused for."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange import settings
from exchange.app import open_database
from exchange.cli.root import root
from exchange.core.directory_file import COLUMNS
from exchange.ledger import acts, directory_store
from tests.core.plan_file import DISTRICT, HERE, NEW, OTHER, PROVINCE, REFORM, THERE, plan, step

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("EXCHANGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run_(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(root, ["directory", *arguments])
        assert result.exit_code == code, result.output
        return result

    return run_


@pytest.fixture
def reorganise(tmp_path: Path, run: Run) -> Callable[..., str]:
    """Import a small province, then take a plan; the output."""
    lines = [
        f"{PROVINCE},H45,,UBND tỉnh,province,,2016-04-01,,,inbox,,,",
        f"{DISTRICT},H45.30,,UBND huyện,district,{PROVINCE},2016-04-01,,,inbox,,,",
        f"{OTHER},,,UBND huyện khác,district,{PROVINCE},2016-04-01,,,inbox,,,",
        f"{HERE},H45.30.20,,UBND xã Đây,commune,{DISTRICT},2016-04-01,,,inbox,,,",
        f"{THERE},,,UBND xã Đó,commune,{DISTRICT},2016-04-01,,,inbox,,,",
        f"000.20.31.H45,,,UBND xã Xa,commune,{OTHER},2016-04-01,,,inbox,,,",
    ]
    directory = tmp_path / "province.csv"
    directory.write_text("\n".join([",".join(COLUMNS), *lines, ""]), encoding="utf-8")
    run("import", str(directory))

    def reorganise_(content: bytes, *options: str, code: int = 0) -> str:
        file = tmp_path / "plan.csv"
        file.write_bytes(content)
        return run("reorganise", str(file), *options, code=code).output

    return reorganise_


Reorganise = Callable[..., str]


def test_a_dry_run_tells_every_change_and_every_closing_and_changes_nothing(
    reorganise: Reorganise, run: Run
) -> None:
    output = reorganise(REFORM, "--dry-run")
    assert f"thêm / added    {NEW} (UBND xã Mới)" in output
    assert f"{HERE} (UBND xã Đây) valid_to: – → 2025-06-30" in output
    assert (
        f"ngừng từ / closed from 2025-07-01 {HERE} (UBND xã Đây) → {NEW};"
        " văn bản đang chờ / what waits: chuyển tiếp / forward"
    ) in output
    assert "agencies that are closed: 4; văn bản chuyển tiếp / documents forwarded: 0" in output
    assert "sẽ thay đổi / would change: 10" in output
    assert NEW not in run("show").output


def test_a_plan_is_taken_and_is_an_act_of_the_ledger(reorganise: Reorganise, run: Run) -> None:
    assert "đã thay đổi / changed: 10" in reorganise(REFORM)
    assert HERE not in run("show", "--on", "2025-07-01").output
    assert f"\t{NEW}\t" in run("show", "H45.30.20", "--on", "2025-07-01").output
    with closing(open_database(settings.load())) as database:
        act, _ = acts.newest(database)  # the import before it is one, too
    assert act.event == "directory_changed"
    assert (act.body["changes"], act.body["closed"], act.body["person"]) == (10, 4, "operator")
    assert "đã thay đổi / changed: 0" in reorganise(REFORM)


def test_every_fault_is_told_in_both_languages_and_nothing_changes(reorganise: Reorganise, run: Run) -> None:
    content = plan(
        step("merge", HERE, successors=THERE), step("rename", "H45.30.20", date="1/7/2025", name="A")
    )
    output = reorganise(content, code=1)
    assert "plan.csv: Dòng 2, cột waiting: merge (sáp nhập) cần ô này." in output
    assert "Line 3, column date: '1/7/2025' is not a date. If 1 July 2025 is meant" in output
    assert "nothing was imported, problems: 2" in output
    assert HERE in run("show").output


def test_an_unknown_adapter_of_a_new_agency_is_told_with_the_nearest_one(reorganise: Reorganise) -> None:
    line = step("create", NEW, name="Xã Mới", level="commune", parent=DISTRICT, adapter="inbx")
    output = reorganise(plan(line), code=1)
    assert "Line 2, column adapter: there is no adapter 'inbx'. Write inbox" in output


def test_lines_without_a_day_take_the_one_that_is_given(reorganise: Reorganise, run: Run) -> None:
    content = plan(step("đổi tên", HERE, date="", name="UBND phường Đây"))
    assert "Thêm --on vào lệnh".lower() in reorganise(content, code=1).lower()
    reorganise(content, "--on", "2025-07-01")
    assert "UBND xã Đây" in run("show", HERE, "--on", "2025-06-30").output
    assert "UBND phường Đây" in run("show", HERE, "--on", "2025-07-01").output


def test_a_change_by_somebody_else_in_between_takes_nothing(
    reorganise: Reorganise, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = directory_store.load

    def load_early(database: object) -> object:
        version, agencies, tokens = load(database)  # type: ignore[arg-type]
        return version - 1, agencies, tokens

    monkeypatch.setattr(directory_store, "load", load_early)
    assert "nothing was changed: run the command again" in reorganise(REFORM, code=1)
    assert NEW not in run("show").output
