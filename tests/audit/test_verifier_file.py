"""The verifier as one file: a plain Python, the packages that it names, no network, no exchange."""

import json
import os
import shutil
import subprocess
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from exchange.audit import output, publishing, verify
from tests.audit.making import Made

# Whatever opens a socket in that environment fails, and with it the test.
NO_NETWORK = """
import sys
def refuse(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        raise OSError(f"the network is off: {event}")
sys.addaudithook(refuse)
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    publishing.main(folder)
    return folder


@pytest.fixture(scope="module")
def python(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with exactly the packages of the published list, put there without a network."""
    folder = tmp_path_factory.mktemp("plain")
    venv.create(folder, with_pip=False)
    [packages] = folder.glob("lib/python*/site-packages")
    for name in named(published):
        copy(name, packages)
    (packages / "sitecustomize.py").write_text(NO_NETWORK)
    return folder / "bin" / "python"


def named(published: Path) -> list[str]:
    lines = (published / publishing.REQUIREMENTS).read_text().splitlines()
    return [line.partition("==")[0] for line in lines if "==" in line]


def copy(name: str, packages: Path) -> None:
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:  # for another system or Python
        return
    for file in files:
        if ".." not in file.parts:
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), target)


def run(python: Path, *arguments: object, code: int) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [python, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        cwd=python.parents[1],
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_one_file_proves_a_bundle_in_a_fresh_environment(made: Made, published: Path, python: Path) -> None:
    bundle = made.write("one-file.asice", made.bundle)
    run(python, "-c", "import exchange", code=1)
    command = (published / publishing.NAME, "verify", bundle, "--trust", made.trust)
    said = run(python, *command, "--json", code=0)
    assert json.loads(said.stdout) == json.loads(output.as_json(verify(bundle, made.anchors), str(bundle)))
    assert "ĐÃ CHỨNG MINH / PROVEN" in run(python, *command, code=0).stdout
    assert "openssl ts -verify" in run(python, *command, "--explain", code=0).stdout


def test_it_ends_with_the_documented_codes(made: Made, published: Path, python: Path) -> None:
    file, bundle = published / publishing.NAME, made.write("codes.asice", made.bundle)
    changed = made.write("changed.asice", made.bundle.replace(b"UBND-VX", b"UBND-VY"))
    other = made.write("other.txt", b"good morning")
    run(python, file, "verify", changed, "--trust", made.trust, code=1)
    run(python, file, "verify", bundle, code=2)
    run(python, file, "verify", other, "--trust", made.trust, code=3)
    assert "nothing to trust" in run(python, file, "verify", bundle, "--trust", other, code=3).stderr
    run(python, file, "verify", made.folder / "missing", code=3)
    assert "usage" in run(python, file, "verify", code=64).stderr
    run(python, file, "recount", other, "--mirror", made.folder, code=3)
    run(python, file, "mirror", "ftp://127.0.0.1/ledger", made.folder / "mirror", code=3)


def test_the_network_is_off_in_that_environment(published: Path, python: Path, tmp_path: Path) -> None:
    said = run(python, published / publishing.NAME, "mirror", "http://127.0.0.1:9", tmp_path / "m", code=3)
    assert "the network is off" in said.stderr


def test_equal_sources_give_an_equal_file(published: Path) -> None:
    assert publishing.archive() == (published / publishing.NAME).read_bytes()


def test_a_missing_package_is_said_in_a_sentence(published: Path, tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=False)
    said = run(tmp_path / "bin" / "python", published / publishing.NAME, "verify", "a", code=3)
    assert publishing.REQUIREMENTS in said.stderr
    assert "Traceback" not in said.stderr


def test_every_package_of_the_list_is_pinned_with_hashes(published: Path) -> None:
    text = (published / publishing.REQUIREMENTS).read_text()
    assert {"lxml", "signxml", "cryptography"} <= set(named(published))
    assert "fastapi" not in named(published)
    assert text.count("--hash=sha256:") >= 2 * len(named(published))
