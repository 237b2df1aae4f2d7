"""Publish the verifier: one file that runs with a plain Python, and the pinned packages that it needs.

``python -m exchange.audit.publishing FOLDER`` (``make verifier``). Equal sources give equal bytes.
"""

import io
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
NAME = "exchange-verify.pyz"
REQUIREMENTS = "exchange-verify-requirements.txt"
ROOMS = ("exchange/audit", "exchange/core")
PACKAGES = (
    "asn1crypto",
    "cryptography",
    "lxml",
    "pybase64",
    "pybergshamra",
    "pyhanko",
    "pyhanko-certvalidator",
    "rfc3161-client",
    "signxml",
)
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_SHEBANG = b"#!/usr/bin/env python3\n"
_MAIN = f"""\
import sys

try:
    from exchange.audit.command import main
except ImportError as error:
    sys.stderr.write(f"{{error}}: pip install --require-hashes -r {REQUIREMENTS}\\n")
    sys.exit(3)  # as what cannot be read: 1 would be a verdict
sys.exit(main())
"""


def archive() -> bytes:
    """The verifier: our own modules that it is made of, and its entry."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in sorted(_sources()):
            info = zipfile.ZipInfo(name, _NO_TIME)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            file.writestr(info, content, zipfile.ZIP_DEFLATED)
    return _SHEBANG + buffer.getvalue()


def requirements(pinned: str) -> str:
    """Of the pinned packages of the broker those that the verifier needs, with their hashes."""
    needed = closure(PACKAGES)
    return "".join(
        block for block in _blocks(pinned) if canonicalize_name(block.split("==", maxsplit=1)[0]) in needed
    )


def closure(packages: tuple[str, ...]) -> set[str]:
    """The packages and whatever they need, on any system; extras of theirs are not asked for."""
    found: set[str] = set()
    waiting = [canonicalize_name(each) for each in packages]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [canonicalize_name(each.name) for each in _requirements(name)]
    return found


def _requirements(name: str) -> Iterator[Requirement]:
    try:
        listed = requires(name) or []
    except ModuleNotFoundError:  # only for other systems than this one
        return
    for each in map(Requirement, listed):
        if "extra" not in str(each.marker):
            yield each


def _sources() -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", _MAIN.encode()
    yield "exchange/__init__.py", (ROOT / "exchange/__init__.py").read_bytes()
    for room in ROOMS:
        for path in (ROOT / room).glob("*.py"):
            if path.name != Path(__file__).name:
                yield f"{room}/{path.name}", path.read_bytes()


def _blocks(pinned: str) -> Iterator[str]:
    """Each package with its hashes."""
    block = ""
    for line in pinned.splitlines(keepends=True):
        if block and not line.startswith(" "):
            yield block
            block = ""
        block += line
    yield block


def main(folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_bytes(archive())
    (folder / NAME).chmod(0o755)
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    (folder / REQUIREMENTS).write_text(requirements(pinned), encoding="utf-8")
    sys.stdout.write(f"{folder / NAME}\n{folder / REQUIREMENTS}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
