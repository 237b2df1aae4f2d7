"""The commands of docs/time.md do what it says, run as they stand there."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.context import clock
from exchange.core.note import Checkpoint, read
from exchange.ledger import stamps, tree
from tests.client_broker import running
from tests.pki import MakePki
from tests.processes import until
from tests.province import FINANCE, OFFICE

TRY, CHECK, CHECK_LATER = re.findall(
    r"```sh\n(.*?)```",
    (Path(__file__).parents[1] / "docs" / "time.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


def run(commands: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def bundle(tmp_path: Path, make_pki: MakePki) -> Path:
    """What the auditor has; the broker's files lie elsewhere."""
    pki = make_pki(now=clock)
    folder = tmp_path / "auditor"
    folder.mkdir()
    root = folder / "tsa-root.pem"
    root.write_bytes(pki.root.public_bytes(Encoding.PEM))
    quick = {"sequence_seconds": 0.1, "sweep_seconds": 0.1}
    with running(tmp_path, tsa_url=pki.tsa_url(), tsa_certificates=root, **quick) as site:
        database = site.broker.database
        site.client().submit(site.province.document(OFFICE, FINANCE, at=clock()))
        until(lambda: stamps.over(database, 0), 20, "a time-stamp")
        found, note = stamps.over(database, 0), tree.published(database)
        assert found is not None
        assert note is not None
        assert found.size == Checkpoint.parse(read(note).text).size
        (folder / "stamp.tsr").write_bytes(found.token)
        (folder / "checkpoint.txt").write_text(note, encoding="utf-8")
    return folder


def test_an_administrator_tries_an_authority_with_the_commands_of_the_document(
    tmp_path: Path, make_pki: MakePki
) -> None:
    pki = make_pki(now=clock)
    (tmp_path / "roots.pem").write_bytes(pki.root.public_bytes(Encoding.PEM))
    done = run(TRY, tmp_path, EXCHANGE_TSA_URL=pki.tsa_url(), EXCHANGE_TSA_CERTIFICATES="roots.pem")
    assert done.returncode == 0, done.stderr
    assert "Verification: OK" in done.stdout
    done = run(
        TRY, tmp_path, EXCHANGE_TSA_URL=pki.tsa_url("other-tsa"), EXCHANGE_TSA_CERTIFICATES="roots.pem"
    )
    assert done.returncode != 0


def test_an_auditor_checks_a_stamp_with_the_commands_of_the_document(bundle: Path) -> None:
    for commands in (CHECK, CHECK_LATER):
        done = run(commands, bundle)
        assert done.returncode == 0, done.stderr
        assert "Verification: OK" in done.stdout
    shown = run(CHECK, bundle).stdout
    assert shown.startswith("exchange/ledger\n1\n")
    assert re.search(r"^Time stamp: .* GMT$", shown, re.MULTILINE)


@pytest.mark.parametrize("changed", ["the number of entries", "the root of another"])
def test_a_changed_checkpoint_is_found_out_with_the_commands_of_the_document(
    bundle: Path, changed: str, make_pki: MakePki
) -> None:
    note = (bundle / "checkpoint.txt").read_text(encoding="utf-8")
    if changed == "the number of entries":
        (bundle / "checkpoint.txt").write_text(note.replace("\n1\n", "\n2\n"), encoding="utf-8")
        done = run(CHECK, bundle)
        assert "message imprint mismatch" in done.stderr
    else:
        (bundle / "tsa-root.pem").write_bytes(make_pki().certificate("other-root").public_bytes(Encoding.PEM))
        done = run(CHECK, bundle)
        assert "certificate verify error" in done.stderr
    assert done.returncode != 0
