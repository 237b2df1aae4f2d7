"""``exchange report``: tables, files, and what is said of a wrong question."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.cli.root import main, root
from tests.house import House
from tests.province import OFFICE
from tests.reports.history import play

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "data"
    house = House.build(folder, "")
    play(house)
    house.close()
    return folder


@pytest.fixture
def run(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("EXCHANGE_DATA", str(data))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)

    def run_(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(root, ["report", *arguments])
        assert result.exit_code == code, result.output
        return result

    return run_


def test_a_table_is_shown_with_what_it_rests_on(run: Run) -> None:
    output = run("share", "--from", "2026-11", "--lang", "en").output
    assert "2026-11\t4\t2\t0\t6\t66.7 %" in output
    assert "entries 0 to" in output
    assert "66,7 %" in run("share", "--from", "2026-11").output


@pytest.mark.parametrize("kind", ["share", "time", "duration", "refusals", "waiting"])
def test_every_report_has_its_command(run: Run, kind: str) -> None:
    run(kind, "--from", "2026")


def test_the_file_s_ending_chooses_its_form(run: Run, tmp_path: Path) -> None:
    for name, begins in (("a.json", b"{"), ("a.csv", b"\xef\xbb\xbf"), ("a.xlsx", b"PK"), ("a.pdf", b"%PDF")):
        run("share", "--from", "2026", "-o", name)
        assert (tmp_path / name).read_bytes().startswith(begins)
    run("share", "--from", "2026-Q4", "--by", "quarter", "--format", "csv")
    assert (tmp_path / "share-quarter-202610-202612.csv").exists()


def test_one_agency_by_any_of_its_codes(run: Run, tmp_path: Path) -> None:
    run("share", "--from", "2026-11", "--agency", OFFICE.lower(), "-o", "own.json")
    assert json.loads((tmp_path / "own.json").read_bytes())["question"]["agency"] == OFFICE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("share", "--from", "11/2013"), "is no period"),
        (("share", "--from", "2014", "--to", "2013"), "ends before it begins"),
        (("time", "--unit", "documents"), "documents are counted in the report share alone"),
        (("share", "-o", "report.doc"), "--format: json, csv, xlsx, pdf"),
        (("entries", "other.json", "-o", "entries.jsonl"), "is missing"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_do(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    assert said in run(*arguments, code=2).output


def test_a_file_of_targets_that_cannot_be_read_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "targets.csv").write_text("day,percent\n2013-01-01,many\n", encoding="utf-8")
    monkeypatch.setenv("EXCHANGE_TARGETS", str(tmp_path / "targets.csv"))
    assert "line 2: 'many' is no percentage" in run("share", "--from", "2013", code=2).output


def test_a_file_of_days_that_cannot_be_used_is_told_with_its_line_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "holidays.csv"
    file.write_text("day,kind,name\n2026-02-30,holiday,Tết\n", encoding="utf-8")
    for name, path in (("holidays", file), ("targets", tmp_path / "nothing.csv")):
        monkeypatch.setenv("EXCHANGE_DATA", str(tmp_path / "data"))
        monkeypatch.setenv(f"EXCHANGE_{name.upper()}", str(path))
        monkeypatch.setattr("sys.argv", ["exchange", "worker"])
        with pytest.raises(SystemExit, match="2"):
            main()
        told = capsys.readouterr().err
        assert f"EXCHANGE_{name.upper()}" in told
        assert str(path) in told
        assert ("line 2: '2026-02-30' is no day" in told) == (name == "holidays")
        monkeypatch.delenv(f"EXCHANGE_{name.upper()}")
