"""The process in which attached files are examined: what a hostile one breaks is this, and nothing else.

``exchange.pdfs`` starts it, speaks to it over standard input (a socket), and ends it. It has no settings,
no database and no secrets. It ends by itself when the other side closes, when a request takes longer than
it may, and after it ran out of memory.
"""

import logging
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter

from exchange.core import edxml
from exchange.core.parsing import ParseLimits, parse
from exchange.core.pdf_document import Examine, examined, listed
from exchange.core.pdf_findings import AttachmentFindings, Evidence, Names, PdfFindings
from exchange.core.pdf_texts import TOO_BIG
from exchange.core.refusal import Refused

FRAME = struct.Struct(">I")
READY = b"ready"
END = b""
NICENESS = 10  # findings are never urgent, the exchange itself is
FILES_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the bytes that follow."""

    kind: Literal["document", "pdf"]
    at: datetime
    document_bytes_max: int
    depth_max: int


_EVIDENCE: TypeAdapter[dict[str, Any]] = TypeAdapter(
    dict[str, tuple[bytes, ...] | dict[str, str]],
    config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64"),
)
QUESTION = TypeAdapter(Question)
LISTED: TypeAdapter[tuple[AttachmentFindings, ...]] = TypeAdapter(tuple[AttachmentFindings, ...])
ATTACHMENT = TypeAdapter(AttachmentFindings)
PDF = TypeAdapter(PdfFindings)


def send(channel: socket.socket, frame: bytes) -> None:
    """Write one frame; raises ``OSError``."""
    channel.sendall(FRAME.pack(len(frame)))
    channel.sendall(frame)


def receive(channel: socket.socket) -> bytes:
    """Read one frame; raises ``EOFError`` when the other side is gone, ``OSError``."""
    return _exactly(channel, *FRAME.unpack(_exactly(channel, FRAME.size)))


def _exactly(channel: socket.socket, size: int) -> bytes:
    frame = bytearray(size)
    view, done = memoryview(frame), 0
    while done < size:
        count = channel.recv_into(view[done:])
        if not count:
            raise EOFError
        done += count
    return bytes(frame)


def pack(evidence: Evidence) -> bytes:
    """As it goes over the line."""
    return _EVIDENCE.dump_json(asdict(evidence))


def main(seconds_max: float, memory_bytes_max: int) -> None:
    """Answer until the other side closes."""
    from exchange.core.pades import Examiner  # a second of loading, here alone

    logging.disable()
    _limit(memory_bytes_max)
    channel = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    send(channel, READY)
    examiner = Examiner(Evidence())
    while True:
        try:
            evidence, question, content = receive(channel), receive(channel), receive(channel)
        except (EOFError, ConnectionError):
            return
        signal.setitimer(signal.ITIMER_REAL, seconds_max)  # its signal ends the process, whatever it does
        if evidence:
            examiner = Examiner(Evidence(**_EVIDENCE.validate_json(evidence)))
        watched = _Watched(examiner.examine)
        for frame in _answer(QUESTION.validate_json(question), content, watched):
            send(channel, frame)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if watched.ran_out:
            return  # without a last word, so that nothing more is asked
        send(channel, END)


class _Watched:
    """The examination, and whether it ran out of memory: what is left then is not relied on."""

    def __init__(self, examine: Examine) -> None:
        self._examine = examine
        self.ran_out = False

    def __call__(self, content: bytes, at: datetime, names: Names) -> PdfFindings:
        found = self._examine(content, at, names)
        self.ran_out = self.ran_out or TOO_BIG in found.text
        return found


def _answer(question: Question, content: bytes, examine: Examine) -> Iterator[bytes]:
    """First what there is, then each finding as soon as it is made."""
    if question.kind == "pdf":
        yield PDF.dump_json(examine(content, question.at, Names()))
        return
    limits = ParseLimits(document_bytes_max=question.document_bytes_max, depth_max=question.depth_max)
    try:
        message = edxml.read(parse(content, limits))
    except Refused:
        message = None
    if not isinstance(message, edxml.DocumentMessage):
        yield LISTED.dump_json(())
        return
    yield LISTED.dump_json(listed(message))
    yield from map(ATTACHMENT.dump_json, examined(message, examine, question.at))


def _limit(memory_bytes_max: int) -> None:
    limits: tuple[tuple[int, int], ...] = (
        (resource.RLIMIT_AS, memory_bytes_max),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES_MAX),
    )
    for kind, most in limits:
        resource.setrlimit(kind, (most, most))
    os.nice(NICENESS)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
