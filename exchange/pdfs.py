"""Files are examined in processes of their own, ended when one takes too long or too much memory.

The libraries that read PDFs are written for files of good will: a made-up one of a few hundred kilobytes
keeps them busy for minutes, in gigabytes (docs/decisions.md). No thread can be ended; a process can.
"""

import queue
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from exchange.core import pdf_texts
from exchange.core.pdf_document import together, unreadable
from exchange.core.pdf_findings import AttachmentFindings, DocumentFindings, Evidence, PdfFindings, Sentence
from exchange.pdf_process import (
    ATTACHMENT,
    LISTED,
    PDF,
    QUESTION,
    READY,
    Question,
    pack,
    receive,
    send,
)

log = structlog.get_logger(__name__)

START_SECONDS = 60.0  # to load the libraries, on a machine that is busy
GRACE_SECONDS = 2.0  # after which a process that did not end itself is ended


class Busy(Exception):
    """Nothing can be examined now: all processes are at work for too long, or none can be begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What examining may cost, and what documents are read with."""

    processes: int
    seconds_max: float
    memory_bytes_max: int
    document_bytes_max: int
    depth_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a process said; ``broken`` is why it did not say all."""

    frames: tuple[bytes, ...]
    broken: Sentence | None = None


class Pdfs:
    """Examines files by the evidence there is at the time. Shared by threads."""

    def __init__(self, limits: Limits, evidence: Callable[[], Evidence]) -> None:
        self._limits = limits
        self._evidence = evidence
        self._free: queue.LifoQueue[_Process | None] = queue.LifoQueue()
        for _ in range(limits.processes):
            self._free.put(None)  # a process is begun when it is needed
        self._closed = False

    def of_document(self, content: bytes, at: datetime) -> DocumentFindings:
        """What is found out about all attachments of a document; raises ``Busy``."""
        answer = self._ask("document", content, at)
        if not answer.frames:
            return replace(together((), at), text=(answer.broken or pdf_texts.CRASHED,))
        found = list(LISTED.validate_json(answer.frames[0]))
        for position, frame in enumerate(answer.frames[1:]):
            found[position] = ATTACHMENT.validate_json(frame)
        if answer.broken is not None:
            _blame(found, len(answer.frames) - 1, answer.broken)
        return together(found, at)

    def of_pdf(self, content: bytes, at: datetime) -> PdfFindings:
        """What is found out about one PDF; raises ``Busy``."""
        answer = self._ask("pdf", content, at)
        if not answer.frames:
            return unreadable(answer.broken or pdf_texts.CRASHED)
        return PDF.validate_json(answer.frames[0])

    def close(self) -> None:
        """End the processes that are free, and each that is at work when its work is done."""
        self._closed = True
        with suppress(queue.Empty):
            while True:
                process = self._free.get_nowait()
                if process is not None:
                    process.end()

    def _ask(self, kind: Literal["document", "pdf"], content: bytes, at: datetime) -> _Answer:
        question = Question(
            kind=kind,
            at=at,
            document_bytes_max=self._limits.document_bytes_max,
            depth_max=self._limits.depth_max,
        )
        try:
            process = self._free.get(timeout=self._limits.seconds_max)
        except queue.Empty:
            raise Busy from None
        try:
            if process is not None and not process.alive:
                process.end()
                process = None
            process = process or _Process(self._limits)
            return process.ask(question, content, self._evidence())
        finally:
            self._free.put(process)
            if self._closed:
                self.close()


def _blame(found: list[AttachmentFindings], position: int, reason: Sentence) -> None:
    """Write the reason to the attachment that was under examination; those after it were not reached."""
    if position < len(found):
        found[position] = replace(found[position], pdf=unreadable(reason), text=())


class _Process:
    """One process, from its start until it ends; for one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        """Begin it; raises ``Busy``."""
        self._seconds_max = limits.seconds_max
        self._given: Evidence | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._channel, theirs = socket.socketpair()
        command = [sys.executable, "-m", "exchange.pdf_process"]
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 our own module
                    [*command, str(limits.seconds_max), str(limits.memory_bytes_max)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"PYTHONPATH": str(Path(__file__).parents[1])},  # nothing else of ours
                    start_new_session=True,
                )
            self._channel.settimeout(START_SECONDS)
            if receive(self._channel) != READY:
                raise EOFError
        except (OSError, EOFError) as error:
            self._abandon()
            log.error("pdf_process_not_begun", error=type(error).__name__)
            raise Busy from None

    @property
    def alive(self) -> bool:
        """Whether it takes a question."""
        return self._process is not None and self._process.poll() is None

    def ask(self, question: Question, content: bytes, evidence: Evidence) -> _Answer:
        """What it says, as far as it gets."""
        frames: list[bytes] = []
        try:
            self._channel.settimeout(self._seconds_max + GRACE_SECONDS)
            known = evidence is self._given
            for frame in (
                b"" if known else pack(evidence),
                QUESTION.dump_json(question),
                content,
            ):
                send(self._channel, frame)
            self._given = evidence
            while frame := receive(self._channel):
                frames.append(frame)
        except (OSError, EOFError):
            reason = self.end()
            log.warning("pdf_process_ended", reason=reason.en, bytes=len(content))
            return _Answer(frames=tuple(frames), broken=reason)
        return _Answer(frames=tuple(frames))

    def _abandon(self) -> None:
        self._channel.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> Sentence:
        """End it; says why it had ended, if it had."""
        assert self._process is not None
        self._channel.close()
        try:
            code = self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return pdf_texts.TOO_SLOW
        if code == -signal.SIGALRM:
            return pdf_texts.TOO_SLOW
        # It stopped by itself, or was killed by nobody here: there was not enough memory.
        return pdf_texts.TOO_BIG if code in (0, -signal.SIGKILL) else pdf_texts.CRASHED
