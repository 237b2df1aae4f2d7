"""The auditor: one file, a folder of what she trusts, and one command; nobody is there to be asked."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import urllib3

from exchange.client import Unreachable
from exchange.core import asic
from exchange.core import bundle as layout
from exchange.demo.journal import Sent
from exchange.demo.process import ProcessFailed, environment
from exchange.demo.screen import Finding, Screen
from exchange.demo.stage import Stage

COMPLETE_SECONDS_MAX = 20.0
VERIFY_SECONDS_MAX = 60.0
PROVEN, REFUSED = 0, 1  # exit codes: docs/audit.md
VERDICTS = {
    PROVEN: "ĐÃ CHỨNG MINH / PROVEN",
    REFUSED: "BỊ BÁC BỎ / REFUSED",
    2: "CHƯA ĐỦ ĐỂ KẾT LUẬN / NOT ENOUGH TO SAY",
    3: "KHÔNG ĐỌC ĐƯỢC / NOT READABLE",
}
BUNDLE, CHANGED = "evidence.asice", "changed.asice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the auditor has: the bundle, and from whom she had what she trusts."""

    folder: Path
    bundle: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the command found, and its exit code."""

    code: int
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def verdict(self) -> str:
        """In a word."""
        return VERDICTS.get(self.code, f"exit code {self.code}")

    @property
    def in_short(self) -> list[tuple[Finding, int]]:
        """The first of each kind, and how many there are of it; what is not proven comes last."""
        count = Counter(each.code for each in self.findings)
        first = {each.code: each for each in reversed(self.findings)}
        ordered = sorted(self.findings, key=lambda each: each.status == "open")
        kinds = dict.fromkeys(each.code for each in ordered)
        return [(first[code], count[code]) for code in kinds]


def open_case(stage: Stage, sent: Sent) -> Case:
    """Have the evidence of a document from the exchange, as its sender; every anchor from its own office."""
    folder = stage.data / "auditor"
    trust = folder / "trust"
    trust.mkdir(parents=True)
    ledger = urllib3.request("GET", f"{stage.broker.url}/ledger/key", timeout=10).data
    anchors = {
        "root-ca.pem": stage.outside.root.read_bytes(),
        "exchange.pem": (stage.data / "broker-certificate.pem").read_bytes(),
        "ledger-key.txt": ledger,
        "witness-key.txt": f"{stage.outside.witness.vkey.text}\n".encode(),
    }
    for name, content in anchors.items():
        (trust / name).write_bytes(content)
    case = Case(folder=folder, bundle=_complete(stage, sent))
    (folder / BUNDLE).write_bytes(case.bundle)
    return case


def _complete(stage: Stage, sent: Sent) -> bytes:
    """Once it lacks nothing: entries are sequenced, stamped and cosigned within seconds."""
    deadline = monotonic() + COMPLETE_SECONDS_MAX
    while True:
        content = _evidence(stage, sent)
        if monotonic() > deadline or not _lacking(stage, content):
            return content
        sleep(0.5)


def _evidence(stage: Stage, sent: Sent) -> bytes:
    answer = urllib3.request(
        "GET",
        f"{stage.broker.url}/v1/documents/{sent.acceptance.id}/evidence",
        headers={"Authorization": f"Bearer {sent.letter.sender.token}"},
        timeout=30,
    )
    if answer.status != 200:
        raise Unreachable(f"no evidence: {answer.status} {answer.data[:200]!r}")
    return answer.data


def _lacking(stage: Stage, content: bytes) -> bool:
    files = asic.read(content).files
    contents = layout.decode(files[layout.CONTENTS])
    cosigned = f"— {stage.outside.witness.vkey.name} ".encode() in files.get(layout.CHECKPOINT, b"")
    stamped = any(name.startswith(layout.STAMPS) for name in files)
    return bool(contents.pending or contents.unended) or not (cosigned and stamped)


def show(case: Case, screen: Screen) -> int:
    """Verify the bundle, then one in which a bit is another; how many answers were wrong."""
    screen.title(
        "Một tệp cho người kiểm tra: trục, CA và nhân chứng đã tắt; chỉ còn tệp và các khóa tin cậy",
        "One file for an auditor: exchange, CA and witness are off; the file and trusted keys are left",
    )
    screen.show(f"  $ exchange verify {BUNDLE} --trust trust --json  [dim]{_size(case.bundle)}[/]")
    answer = verify(case, BUNDLE)
    for finding, count in answer.in_short:
        screen.finding(finding, count)
    screen.point(
        f"{answer.verdict}: hồ sơ được kiểm tra không cần mạng, trong {answer.seconds:.1f} s",
        f"the bundle is checked offline in {answer.seconds:.1f} s (exit code {answer.code})",
        holds=answer.code == PROVEN,
    )
    change_one_bit(case)
    screen.show(
        f"  $ exchange verify {CHANGED} --trust trust --json  [dim]một bit đã đổi / one bit changed[/]"
    )
    changed = verify(case, CHANGED)
    for finding, count in changed.in_short:
        if finding.status == "refused":
            screen.finding(finding, count)
    screen.point(
        f"{changed.verdict}: tệp đã bị thay đổi",
        f"changed, and refused (exit code {changed.code})",
        holds=changed.code == REFUSED,
    )
    return (answer.code != PROVEN) + (changed.code != REFUSED)


def _size(content: bytes) -> str:
    return f"{len(content) / 1000:.0f} KB"


def verify(case: Case, name: str) -> Answer:
    """Run ``exchange verify`` in the auditor's folder, as she would."""
    begin = monotonic()
    ran = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-m", "exchange", "verify", name, "--trust", "trust", "--json"],
        cwd=case.folder,
        env=environment({}) | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=VERIFY_SECONDS_MAX,
        check=False,
    )
    seconds = monotonic() - begin
    if not ran.stdout:
        raise ProcessFailed(f"exchange verify said nothing: {ran.stderr}")
    (case.folder / f"{name}.json").write_text(ran.stdout, "utf-8")
    found = json.loads(ran.stdout)["findings"]
    findings = tuple(Finding(each["status"], each["code"], each["text_vi"], each["text"]) for each in found)
    return Answer(code=ran.returncode, findings=findings, seconds=seconds)


def change_one_bit(case: Case) -> None:
    """A copy of the bundle in which one bit is another."""
    changed = bytearray(case.bundle)
    changed[len(changed) // 2] ^= 1
    (case.folder / CHANGED).write_bytes(changed)
