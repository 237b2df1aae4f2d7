"""Evidence: how long ``exchange verify`` takes for the bundle of one document, offline.

A broker is started and takes one document of 200 KB; the bundle is what it gives out once the document's
entries are in its tree. The time is the command's as an auditor runs it, start of Python and all.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import urllib3

from bench import documents
from bench.broker import Layout, prepare_broker, start_broker
from bench.documents import Size
from bench.keys import Keys
from bench.results import Target, Verified
from bench.servers import ROOT, Server
from exchange.core import asic
from exchange.core import bundle as layout

SECONDS = 1.0  # the target
RUNS = 7
_WAIT_SECONDS = 30.0
_PROVEN = 0


def measure(folder: Path, say: Callable[[str], None]) -> Verified:
    """Make a bundle and verify it some times."""
    keys = Keys.make()
    documents.make(folder / "documents", 1, Size.MEDIUM, keys.sender, processes=1)
    prepared = prepare_broker(folder / "prepared", keys, "")
    with start_broker(folder / "run", Layout(verifier="signxml", api_processes=1), prepared) as server:
        bundle = _bundle(server, documents.read(folder / "documents", 0, 1)[0])
        trust = _trust(server, keys, folder)
    (folder / "evidence.asice").write_bytes(bundle)
    runs = [_verify(folder / "evidence.asice", trust) for _ in range(RUNS)]
    found = Verified(
        bundle_bytes=len(bundle),
        files=len(asic.read(bundle).files),
        proven=runs[0][2],
        seconds=tuple(seconds for seconds, _, _ in runs),
        processor_seconds=statistics.median(used for _, used, _ in runs),
    )
    say(f"bundle verified in {found.median:.2f} s")
    return found


def _ask(server: Server, method: str, path: str, body: bytes = b"") -> bytes:
    address = f"http://127.0.0.1:{server.port}{path}"
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/xml"}
    answer = urllib3.request(method, address, body=body or None, headers=headers, timeout=10)
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {answer.data[:200]!r}")
    return answer.data


def _bundle(server: Server, document: bytes) -> bytes:
    """Of a document, once its entries are in the tree."""
    headers = {"Authorization": f"Bearer {server.token}", "Accept": "application/json"}
    address = f"http://127.0.0.1:{server.port}{server.path}"
    answer = urllib3.request(
        "POST", address, body=document, headers=headers | {"Content-Type": "application/xml"}, timeout=10
    )
    path = f"{server.path}/{answer.json()['id']}/evidence"
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        bundle = _ask(server, "GET", path)
        if not layout.decode(asic.read(bundle).files[layout.CONTENTS]).pending:
            return bundle
        if time.monotonic() > deadline:
            raise RuntimeError("the document's entries were not sequenced")
        time.sleep(0.2)


def _trust(server: Server, keys: Keys, folder: Path) -> Path:
    trust = folder / "trust"
    trust.mkdir()
    (trust / "authority.pem").write_bytes(keys.authority)
    (trust / "exchange.pem").write_bytes((folder / "run" / "broker-certificate.pem").read_bytes())
    (trust / "ledger.vkey").write_bytes(_ask(server, "GET", "/ledger/key"))
    return trust


def _verify(bundle: Path, trust: Path) -> tuple[float, float, int]:
    """Seconds of the command, those of a processor, and how much is proven."""
    begun, before = time.monotonic(), _processor_seconds()
    ran = subprocess.run(
        [sys.executable, "-m", "exchange", "verify", str(bundle), "--trust", str(trust), "--json"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    used = _processor_seconds() - before
    if ran.returncode != _PROVEN:
        raise RuntimeError(f"exchange verify: {ran.returncode}\n{ran.stdout.decode()}{ran.stderr.decode()}")
    return seconds, used, sum(each["status"] == "proven" for each in json.loads(ran.stdout)["findings"])


def _processor_seconds() -> float:
    """Of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def section(found: Verified) -> str:
    """What was measured, as a list in Markdown."""
    return (
        f"- `exchange verify` of a bundle of {found.bundle_bytes / 1000:,.0f} KB in {found.files} files, "
        f"{found.proven} findings proven:\n  {found.median:.2f} s "
        f"({min(found.seconds):.2f}-{max(found.seconds):.2f}), of the command as a whole;\n"
        f"  {found.processor_seconds:.2f} s of a processor."
    )


def targets(found: Verified | None) -> list[Target]:
    """Whether it is as fast as it should be."""
    if found is None:
        return []
    return [
        Target(
            what="a bundle verified offline",
            wanted=f"under {SECONDS:g} s",
            reached=f"{found.median:.2f} s",
            met=found.median < SECONDS,
        )
    ]
