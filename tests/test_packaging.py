"""What is shipped: the wheel with its data, and requirements that are pinned, hashed and complete."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from exchange.version import VERSION
from tests.test_architecture import Module, imports, modules, sample

ROOT = Path(__file__).parents[1]
RUN, DEV = "requirements.txt", "requirements-dev.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|@ ")

one_build = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(build, cwd=ROOT, check=False, capture_output=True, text=True)
    if built.returncode:
        pytest.fail((built.stdout + built.stderr).strip().rpartition("\n")[2])
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@one_build
def test_the_wheel_carries_every_module_and_adapter(wheel: zipfile.ZipFile) -> None:
    modules = {
        path.relative_to(ROOT).as_posix()
        for top in ("exchange", "adapters")
        for path in (ROOT / top).rglob("*.py")
    }
    assert modules
    assert modules - set(wheel.namelist()) == set()


@one_build
def test_the_wheel_carries_schemas_and_configuration_inside_the_package(wheel: zipfile.ZipFile) -> None:
    data = {f"exchange/_data/{kind}/{name}" for kind in ("schemas", "config") for name in data_files(kind)}
    assert data
    assert data - set(wheel.namelist()) == set()


@one_build
def test_the_wheel_carries_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"exchange", "adapters", f"exchange-{VERSION}.dist-info"}


@one_build
def test_the_wheel_names_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    about = f"exchange-{VERSION}.dist-info"
    assert "exchange = exchange.cli:main" in wheel.read(f"{about}/entry_points.txt").decode()
    assert "License-Expression: Apache-2.0" in wheel.read(f"{about}/METADATA").decode()
    assert b"Apache License" in wheel.read(f"{about}/licenses/LICENSE")


@one_build
def test_an_installed_wheel_finds_the_same_data_as_the_sources(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    wheel.extractall(site)
    script = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "from exchange import resources\n"
        f"assert resources.__file__.startswith({str(site)!r})\n"
        "sys.stdout.buffer.write(resources.read(sys.argv[1], sys.argv[2]))"
    )
    for kind in ("schemas", "config"):
        name = data_files(kind)[0]
        read = subprocess.run(
            [sys.executable, "-c", script, kind, name], cwd=tmp_path, check=True, capture_output=True
        ).stdout
        assert read == (ROOT / kind / name).read_bytes()


def data_files(kind: str) -> list[str]:
    folder = ROOT / kind
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def pins(name: str) -> Iterator[tuple[Requirement, str]]:
    """Each requirement of a requirements file, and the options that stand behind it."""
    joined = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in joined.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement, _, options = line.partition(" --")
            yield Requirement(requirement.strip()), f"--{options}" if options else ""


def versions(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for requirement, _ in pins(name):
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


@pytest.mark.parametrize("name", [RUN, DEV])
def test_every_requirement_is_one_exact_version_with_hashes(name: str) -> None:
    for requirement, options in pins(name):
        assert re.fullmatch(r"==[^=,*]+", str(requirement.specifier)), requirement
        assert HASH.search(options), f"{requirement} has no hash"


@pytest.mark.parametrize("name", [RUN, DEV])
def test_requirements_say_nothing_of_where_packages_come_from(name: str) -> None:
    assert not ADDRESS.search((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        (RUN, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["build"]),
        (DEV, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
    ids=[RUN, DEV],
)
def test_every_dependency_of_the_project_is_pinned_within_its_bounds(name: str, declared: list[str]) -> None:
    pinned = versions(name)
    for requirement in map(Requirement, declared):
        if requirement.name == PROJECT["name"]:  # one extra that includes another
            continue
        found = pinned.get(canonicalize_name(requirement.name), set())
        assert found, f"{requirement} is not in {name}: run make requirements"
        outside = [pin for pin in found if not requirement.specifier.contains(pin.removeprefix("=="))]
        assert not outside, f"{requirement} is pinned to {outside} in {name}: run make requirements"


def test_the_broker_is_tested_with_the_versions_it_runs_with() -> None:
    tested = versions(DEV)
    assert {name: pin for name, pin in versions(RUN).items() if tested.get(name) != pin} == {}


def unshipped(parsed: tuple[Module, ...]) -> list[str]:
    """Imports of the product that its run-time requirements do not bring."""
    provided = {canonicalize_name(requirement.name) for requirement, _ in pins(RUN)}
    owners = packages_distributions()
    ours_or_standard = {"exchange", "adapters", "_typeshed"} | sys.stdlib_module_names
    return [
        f"{module.name}:{line} imports {name}"
        for module in parsed
        if module.ours
        for line, name in imports(module)
        if (top := name.partition(".")[0]) not in ours_or_standard
        and not provided & {canonicalize_name(owner) for owner in owners.get(top, [])}
    ]


def test_the_product_imports_only_what_its_requirements_bring() -> None:
    assert unshipped((sample("exchange.demo.province", "import vietnam_provinces"),))
    assert not unshipped((sample("exchange.tables", "import sqlalchemy, sqlmodel"),))
    assert unshipped(modules()) == []


def test_the_project_has_the_licence_it_names() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text(encoding="utf-8")
