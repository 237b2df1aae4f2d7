"""``--explain``: the commands that it prints are run here, by bash, openssl, sha256sum and xmlsec1."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from exchange.audit import Report, Status, output, verify
from exchange.core import bundle as layout
from tests.audit.making import Made
from tests.programs import needs


@pytest.fixture(scope="module")
def unpacked(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle as an auditor unpacks it, with the anchors that the commands name beside it."""
    folder = tmp_path_factory.mktemp("unpacked")
    (folder / "evidence.asice").write_bytes(made.bundle)
    subprocess.run(["unzip", "-q", "evidence.asice"], cwd=folder, check=True)
    roots = (made.trust / "root.pem").read_bytes()
    lists = b"".join(path.read_bytes() for path in (folder / "certificates").iterdir())
    (folder / "broker.pem").write_bytes((made.trust / "broker.pem").read_bytes())
    (folder / "tsa-roots.pem").write_bytes(roots)
    (folder / "ca.pem").write_bytes(roots + lists)
    return folder


@pytest.fixture(scope="module")
def report(made: Made) -> Report:
    return verify(made.write("explained.asice", made.bundle), made.anchors)


def commands_of(report: Report, code: str, about: str = "") -> Sequence[str]:
    [found] = [each for each in report.findings if each.code == code and about in each.about]
    return found.commands


def bash(folder: Path, *commands: str) -> list[str]:
    """What each command prints; each must succeed."""
    said = []
    for command in commands:
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", command],
            cwd=folder,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said.append(done.stdout + done.stderr)
    return said


def expected(command: str) -> str:
    return command.rpartition("    # ")[2]


def test_every_hash_on_the_way_to_the_root_is_that_of_sha256sum(report: Report, unpacked: Path) -> None:
    commands = [each for each in commands_of(report, "entries_inclusion") if not each.startswith("# ")]
    assert len(commands) > 10
    for command, said in zip(commands, bash(unpacked, *commands), strict=True):
        assert said.split()[0] == expected(command)
    root = re.search(r"root ([0-9a-f]{64})", output.answer(report, "en"))
    assert root is not None
    assert root[1] in {expected(command) for command in commands}


@pytest.mark.parametrize("code", ["log_signature", "witness_signature"])
def test_signatures_on_the_checkpoint_are_those_of_openssl(report: Report, unpacked: Path, code: str) -> None:
    assert "Signature Verified Successfully" in bash(unpacked, *commands_of(report, code))[-1]


def test_the_time_stamp_is_that_of_openssl(report: Report, unpacked: Path) -> None:
    write, check, show = commands_of(report, "stamp")
    said = bash(unpacked, write, check, show)
    assert "Verification: OK" in said[1]
    assert "Nov 24 03:01:05 2026 GMT" in said[2]


def test_the_signer_s_path_and_its_revocation_are_those_of_openssl(report: Report, unpacked: Path) -> None:
    read, path, _ = commands_of(report, "document_signature", layout.DOCUMENT)
    assert "signer.pem: OK" in bash(unpacked, read, path)[-1]
    *lists, check, _ = commands_of(report, "revocation_good")
    assert "signer.pem: OK" in bash(unpacked, *lists, check)[-1]


def test_digests_are_those_of_sha256sum_and_openssl(report: Report, unpacked: Path) -> None:
    [command] = commands_of(report, "receipt_of_these_bytes")
    assert bash(unpacked, command)[0].split()[0] == expected(command)
    _, dates, listed, digest = commands_of(report, "container_signature")
    assert "CN = exchange" in bash(unpacked, dates)[0]
    assert bash(unpacked, digest)[0].strip() in bash(unpacked, listed)[0]
    names = commands_of(report, "files_in_ledger")
    entries = "".join(path.read_text() for path in (unpacked / "entries").iterdir())
    assert all(said.split()[0] in entries for said in bash(unpacked, *names))


@needs("xmlsec1")
def test_every_xml_signature_is_that_of_xmlsec1(report: Report, unpacked: Path) -> None:
    for finding in report.of(Status.PROVEN):
        signer = [each for each in finding.commands if "signer.pem" in each][:1]
        for command in (each for each in finding.commands if each.startswith("xmlsec1")):
            assert "OK" in bash(unpacked, *signer, command)[-1]


@needs("pdfsig")
def test_signatures_in_attached_pdfs_are_those_of_pdfsig(report: Report, unpacked: Path) -> None:
    first, second = (each.commands for each in report.findings if each.code == "pdf_signature")
    assert first == second
    assert bash(unpacked, *first)[-1].count("Signature is Valid") == 2


def test_every_step_is_numbered_and_ends_with_the_verdict(report: Report) -> None:
    said = output.steps(report)
    numbers = [int(each) for each in re.findall(r"^\((\d+)\)", said, re.MULTILINE)]
    assert numbers == list(range(1, len(report.findings) + 1))
    assert said.endswith("ĐÃ CHỨNG MINH / PROVEN")
    assert "$ openssl ts -verify" in said


@pytest.mark.parametrize(("language", "foreign"), [("vi", "Unchanged since"), ("en", "Nguyên vẹn")])
def test_one_language_alone_is_spoken_where_that_is_asked_for(
    report: Report, language: output.Language, foreign: str
) -> None:
    assert foreign not in output.answer(report, language)
    assert foreign not in output.steps(report, language)
    assert foreign in output.answer(report)


def test_what_proves_has_commands_that_show_it(report: Report) -> None:
    silent = [each.code for each in report.of(Status.PROVEN) if not each.commands]
    assert silent == []
