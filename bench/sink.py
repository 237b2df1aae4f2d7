"""An agency's software that takes every document: a bare HTTP server in its own process.

It answers each POST with 200 after the body has come in whole, and counts requests and distinct
idempotency keys; ``GET /count`` tells both. It ends when its standard input closes, and in any
case after its time is up.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

import uvloop

from bench import processes

IDEMPOTENCY_HEADER = b"idempotency-key"
_LIFETIME_SECONDS = 1800.0


class Sink:
    """A running sink, as the process that started it sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sink"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/documents"

    def __enter__(self) -> "Sink":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def count(self) -> tuple[int, int]:
        """Requests taken so far, and how many distinct idempotency keys they carried."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count", timeout=10) as answer:
            taken = json.load(answer)
        return taken["requests"], taken["distinct"]

    def processor_seconds(self) -> float:
        """Processor time that the sink's process has used up to now."""
        return processes.processor_seconds(self._process.pid)

    def stop(self) -> None:
        """End the sink's process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait(timeout=10)


class _Counts:
    def __init__(self) -> None:
        self.requests = 0
        self.keys: set[bytes] = set()


class _Connection(asyncio.Protocol):
    def __init__(self, counts: _Counts) -> None:
        self._counts = counts
        self._head = b""
        self._body_left = 0  # bytes of the body still to come; they are dropped as they come
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape alone

    def data_received(self, data: bytes) -> None:
        while data:
            if self._body_left:
                taken = min(self._body_left, len(data))
                self._body_left -= taken
                data = data[taken:]
                if not self._body_left:
                    self._answer(b'{"taken":true}')
            else:
                data = self._read_head(data)

    def _read_head(self, data: bytes) -> bytes:
        """Take the head of a request; what follows it is given back."""
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return b""
        head, rest = self._head[:end], self._head[end + 4 :]
        self._head = b""
        if head.startswith(b"GET "):
            counts = {"requests": self._counts.requests, "distinct": len(self._counts.keys)}
            self._answer(json.dumps(counts).encode())
            return rest
        self._counts.requests += 1
        self._counts.keys.add(_header(head, IDEMPOTENCY_HEADER))
        self._body_left = int(_header(head, b"content-length") or b"0")
        if not self._body_left:
            self._answer(b'{"taken":true}')
        return rest

    def _answer(self, body: bytes) -> None:
        assert self._transport is not None
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(body) + body)


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return b""


async def _serve(standard_input: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    counts = _Counts()
    server = await loop.create_server(lambda: _Connection(counts), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    over = asyncio.Event()
    loop.add_reader(standard_input.fileno(), over.set)  # readable when it closes
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), _LIFETIME_SECONDS)
    server.close()


def main() -> None:
    """Serve on a free port, which is the first line printed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.stdin.buffer))


if __name__ == "__main__":
    main()
