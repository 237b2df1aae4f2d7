"""``exchange paper`` and ``exchange share``: a register taken over, the counters held to account."""

from pathlib import Path

from tests.test_cli_operators import Run, province, run

__all__ = ["province", "run"]

REGISTER = """Số, ký hiệu;Ngày ban hành;Trích yếu;Nơi nhận
5/TB-VP;20/05/2026;V/v nghỉ lễ;H45
6/TB-VP;31/02/2026;V/v họp;H45
"""


def test_a_register_is_taken_over_listed_and_withdrawn(province: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text(REGISTER, encoding="utf-8")
    arguments = ("paper", "import", str(file), "--agency", "H45.01", "--reason", "wet_signature")
    dry = run(*arguments, "--dry-run", code=1)
    assert "would be registered: 1" in dry.output
    assert "registered: 1" in run(*arguments, code=1).output
    again = run(*arguments, code=1)
    assert "known before: 1" in again.output
    assert "line 3" in again.output
    lines = run("paper", "list", "--agency", "H45.01").output.splitlines()
    [mark] = [line.split("\t")[0] for line in lines if line.startswith("register:")]
    run("paper", "withdraw", mark, "--agency", "H45.01", "--why", "ghi nhầm")
    assert run("paper", "list", "--agency", "H45.01").output.splitlines()[-1].endswith("no")


def test_a_file_that_is_no_register_is_said_so(province: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("a;b\n1;2\n", encoding="utf-8")
    assert "columns are missing" in run("paper", "import", str(file), "--agency", "H45.01", code=1).output


def test_a_month_without_paper_is_declared_and_a_wrong_one_refused(province: Path, run: Run) -> None:
    assert "none:2026-04:1" in run("paper", "none", "2026-04", "--agency", "H45.01").output
    assert "2013-05" in run("paper", "none", "April", "--agency", "H45.01", code=1).output
    run("paper", "none", "2026-13", "--agency", "H45.01", code=1)


def test_before_anything_was_counted_there_is_nothing_that_differs(province: Path, run: Run) -> None:
    assert "counted: 0" in run("share", "state").output
    assert "differences: 0" in run("share", "recount").output
