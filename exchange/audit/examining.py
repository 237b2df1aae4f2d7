"""PDFs are examined in a process of their own, which is ended when it takes too long or too much memory.

The libraries that read PDFs are written for files of good will, and an auditor is sent others too. The
process has no secrets: the document and the auditor's own CAs go in, findings come out.
"""

import base64
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from exchange.core import pdf_kept
from exchange.core.pdf_findings import Evidence
from exchange.core.pdf_kept import Kept

SECONDS_MAX = 60.0
MEMORY_BYTES_MAX = 2_000_000_000
ANSWER_BYTES_MAX = 64_000_000
DERS = ("anchors", "crls", "ocsps")
PROGRAM = "from exchange.audit.examining import main; main()"


class NotExamined(Exception):
    """The PDFs could not be examined; ``reason_vi`` and ``reason_en`` say why."""

    def __init__(self, reason_vi: str, reason_en: str) -> None:
        super().__init__(reason_en)
        self.reason_vi, self.reason_en = reason_vi, reason_en


def examine(document: bytes, evidence: Evidence, at: datetime) -> Kept:
    """What is found out about the PDFs in an edXML document; raises ``NotExamined``."""
    question = {
        "at": at.isoformat(),
        **{name: list(map(_text, getattr(evidence, name))) for name in DERS},
    }
    try:
        answer = subprocess.run(  # noqa: S603  ourselves
            [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {PROGRAM}"],
            input=json.dumps(question).encode() + b"\n" + document,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotExamined(f"quá {SECONDS_MAX:g} giây", f"it took longer than {SECONDS_MAX:g} s") from None
    try:
        return pdf_kept.read(answer.stdout)
    except ValueError:
        raise NotExamined(
            "tiến trình kiểm tra PDF dừng giữa chừng", "the process that examines them broke off"
        ) from None


def _text(der: bytes) -> str:
    return base64.b64encode(der).decode()


def main() -> None:
    """The process: one question on standard input, its answer on standard output."""
    _limit()
    header, _, document = sys.stdin.buffer.read().partition(b"\n")
    question = json.loads(header)
    anchors, crls, ocsps = (tuple(map(base64.b64decode, question[name])) for name in DERS)
    evidence = Evidence(anchors=anchors, crls=crls, ocsps=ocsps)
    answer = _answer(document, evidence, datetime.fromisoformat(question["at"]))
    sys.stdout.buffer.write(answer)


def _limit() -> None:
    with suppress(ImportError, ValueError, OSError):  # not on every system
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, MEMORY_BYTES_MAX),
            (resource.RLIMIT_CPU, int(SECONDS_MAX)),
            (resource.RLIMIT_FSIZE, ANSWER_BYTES_MAX),
        ):
            resource.setrlimit(kind, (most, most))


def _answer(document: bytes, evidence: Evidence, at: datetime) -> bytes:
    import logging

    from exchange.audit.words import LIMITS
    from exchange.core import edxml
    from exchange.core.leaf import canonical
    from exchange.core.pades import Examiner  # a second of loading, here alone
    from exchange.core.parsing import parse
    from exchange.core.pdf_document import examined, together

    logging.disable()
    message = edxml.read(parse(document, LIMITS))
    assert isinstance(message, edxml.DocumentMessage)
    found = together(list(examined(message, Examiner(evidence).examine, at)), at)
    return canonical(json.loads(json.dumps(asdict(found), default=datetime.isoformat)))
