"""The demonstration, as a stranger runs it: a process of its own, with real processes under it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.audit import Anchors, verify
from exchange.audit.finding import Exit, Status

ROOT = Path(__file__).parents[1]
ROW = re.compile(
    r"^  (\S.*?) {2,}([a-z][a-z ]*?) +([\d-]+) +([\d-]+) +([\d-]+) +([\d-]+) +([\d-]+) +(\d+%|-)$"
)


pytestmark = pytest.mark.xdist_group("demo")  # it is played once, on one worker


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Path]:
    data = tmp_path_factory.mktemp("demo") / "data"
    # What somebody has set for an exchange of their own must not reach the demo's.
    own = {"EXCHANGE_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none", "EXCHANGE_PORT": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "exchange", "demo", "--quick", "--data", str(data)],
        cwd=ROOT,
        env={**os.environ, **own, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    assert ran.stderr == "", ran.stderr
    return ran.returncode, ran.stdout, data


def test_the_demo_holds_every_promise_and_ends_with_0(played: tuple[int, str, Path]) -> None:
    code, output, _ = played
    assert not re.search(r"^  ✗", output, re.MULTILINE), output
    assert "Mọi cam kết đều được giữ. / Every promise held." in output
    assert code == 0


def test_the_table_shows_what_became_of_each_agency_s_documents(played: tuple[int, str, Path]) -> None:
    found = filter(None, map(ROW.match, map(str.rstrip, played[1].splitlines())))
    table = {row[1]: row.groups()[1:] for row in found}
    assert len(table) >= 12, played[1]
    _software, sent, delivered, *_, electronic = table["Văn phòng UBND tỉnh"]
    assert int(sent) > 0
    assert int(delivered) > 0
    assert electronic != "-"
    refusing = table["Ban Quản lý Khu kinh tế"]
    assert (refusing[0], refusing[1], refusing[2]) == ("refuses", "-", "-")
    assert int(refusing[3]) > 0
    assert int(table["UBND huyện Đồng Xuân"][2]) > 0, "what was down at first got its documents later"
    assert int(table["UBND xã Phú Mỡ"][4]) > 0, "what is never reached ends as expired"


def test_one_history_and_one_proven_receipt_are_shown(played: tuple[int, str, Path]) -> None:
    output = played[1]
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3}  Trục đã tiếp nhận để chuyển tới Sở Nội vụ", output)
    assert "Accepted by the exchange for Sở Nội vụ" in output
    shown = re.search(r"its SHA-256 +([0-9a-f]{64})\s+tệp của ta / of our file +([0-9a-f]{64}) ✓", output)
    assert shown is not None, output
    assert shown[1] == shown[2]


def test_the_evidence_of_a_document_proves_itself_offline(played: tuple[int, str, Path]) -> None:
    _, output, data = played
    for kind in ("bundle", "nhân chứng", "stamps/", "chưa bị thu hồi"):
        assert kind in output, output
    report = verify(data / "auditor" / "evidence.asice", Anchors.load([data / "auditor" / "trust"]))
    assert report.exit is Exit.PROVEN, report.findings
    found = {finding.code for finding in report.of(Status.PROVEN)}
    assert {"container_signature", "log_signature", "witness_signature", "stamp", "revocation_good"} <= found
    changed = verify(data / "auditor" / "changed.asice", Anchors.load([data / "auditor" / "trust"]))
    assert changed.exit is Exit.REFUSED, changed.findings


def test_a_document_signed_with_a_key_that_was_reported_lost_is_refused(
    played: tuple[int, str, Path],
) -> None:
    assert re.search(r"a key that was reported lost +422  Chứng thư số đã bị thu hồi", played[1]), played[1]


def test_no_process_of_the_demo_is_left(played: tuple[int, str, Path]) -> None:
    processes = re.findall(r"tiến trình (\d+)", played[1])
    assert len(processes) == 2, played[1]
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(int(process), 0)


def test_what_the_demo_did_lies_in_the_folder_that_was_asked_for(played: tuple[int, str, Path]) -> None:
    _, output, data = played
    assert str(data) in output
    assert (data / "exchange.sqlite").stat().st_size > 0
    assert list((data / "folders").rglob("*.edxml"))


def test_where_its_ca_is_not_installed_the_demo_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "certomancer.py").write_text('raise ModuleNotFoundError(name="certomancer")', "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "exchange", "demo", "--quick"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "make demo" in ran.stderr
    assert "Traceback" not in ran.stderr
