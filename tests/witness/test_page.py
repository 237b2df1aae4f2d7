"""What docs/witness.md tells auditors to type is typed here."""

import re
import subprocess
from pathlib import Path

from exchange.core import note
from exchange.witness.key import VKEY_FILE, witness_key
from tests.processes import ROOT
from tests.witness.made_log import MadeLog

PAGE = (ROOT / "docs" / "witness.md").read_text(encoding="utf-8")


def typed(folder: Path) -> subprocess.CompletedProcess[str]:
    [block] = [each for each in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "openssl" in each]
    return subprocess.run(
        ["sh", "-euc", block],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )


def test_an_auditor_verifies_a_cosignature_with_openssl_alone(tmp_path: Path) -> None:
    key = witness_key(tmp_path, "w.vn/witness")
    log = MadeLog()
    text = log.checkpoint(7).text
    other = note.NoteKey("w.vn/witness-2", log.key._private_key)
    lines = [other.cosign(text, 5), key.cosign(text, 1_795_489_200)]
    (tmp_path / "checkpoint.txt").write_text(note.with_cosignatures(log.note(7), lines))
    assert (tmp_path / VKEY_FILE).exists()
    done = typed(tmp_path)
    assert "Signature Verified Successfully" in done.stdout, done.stderr
    assert "03:00:00 UTC 2026" in done.stdout


def test_an_auditor_sees_that_a_cosignature_is_of_another_checkpoint(tmp_path: Path) -> None:
    key = witness_key(tmp_path, "w.vn/witness")
    log = MadeLog()
    line = key.cosign(log.checkpoint(6).text, 1_795_489_200)
    (tmp_path / "checkpoint.txt").write_text(note.with_cosignatures(log.note(7), [line]))
    done = typed(tmp_path)
    assert done.returncode != 0
    assert "Verified Successfully" not in done.stdout
