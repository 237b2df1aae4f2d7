"""The load generator: one process that posts documents over kept connections.

Closed loop: each connection posts the next document as soon as it has its answer. Open loop:
documents are due at a fixed rate whatever the server does, and an answer's time counts from the
moment its document was due, so that waiting in line here is not hidden.

It speaks just enough HTTP/1.1 for that, so that it leaves the two cores to the server. A run
ends by itself: it is limited in documents and in time.
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import uvloop

from bench import documents

_GRACE_SECONDS = 30.0  # how long the last answers may take after the time is up
_TICK_SECONDS = 0.001
_OPEN_SECONDS = 0.003  # between two connections
_RECONNECTS_MAX = 1000
_JOIN_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run: what is posted where, how hard and for how long."""

    port: int
    path: str
    token: str
    corpus: str
    first: int
    count: int
    connections: int
    seconds_max: float
    rate: float = 0.0  # documents a second in the open loop; 0 is the closed loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run found. Latencies are those of the answers 202."""

    posted: int
    accepted: int
    failures: dict[str, int]  # by HTTP status, or "connection", "connection refused", "unanswered"
    seconds: float  # from when every connection was open to the last answer
    counted: int  # answers 202 in that time
    started_at: float  # time.time() of the first post
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    generator_seconds: float  # processor time of this process while it posted
    process_seconds: float  # the same with starting and reading the documents
    answer: str  # the first answer that was not 202, to explain a failure

    @property
    def rate(self) -> float:
        """Documents accepted a second."""
        return self.counted / self.seconds if self.seconds else 0.0


def run(plan: Plan) -> Load:
    """Run a plan in its own process and wait for its result."""
    process = start(plan)
    return finish(process, plan)


def start(plan: Plan) -> subprocess.Popen[str]:
    """Start a plan in its own process; ``finish`` waits for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench.load", json.dumps(asdict(plan))],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )


def finish(process: subprocess.Popen[str], plan: Plan) -> Load:
    """Wait for a started plan; a generator that hangs is ended."""
    try:
        output, _ = process.communicate(timeout=plan.seconds_max + 2 * _GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Load(**json.loads(output))


class _Connection(asyncio.Protocol):
    """One kept connection: at most one request is under way."""

    def __init__(self, run: "_Run") -> None:
        self._run = run
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.since = 0.0  # when the document under way was due; 0 when idle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape alone

    def send(self, request: tuple[bytes, ...], since: float) -> None:
        assert self._transport is not None
        self.since = since
        for part in request:
            self._transport.write(part)

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _content_length(self._received[:end])
        if len(self._received) < end + 4 + length:
            return
        answer, self._received = self._received, b""
        since, self.since = self.since, 0.0
        self._run.answered(self, answer, since)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._run.lost(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError("an answer without Content-Length")
    return int(lowered[at + 17 :].split(b"\r\n", 1)[0])


class _Run:
    """The state of one run; everything happens on one event loop."""

    def __init__(self, plan: Plan, requests: list[tuple[bytes, ...]]) -> None:
        self._plan = plan
        self._requests = requests
        self._next = 0
        self._idle: deque[_Connection] = deque()
        self._connections: set[_Connection] = set()
        self._due: deque[float] = deque()
        self._latencies: list[float] = []
        self._failures: Counter[str] = Counter()
        self._first_failure = ""
        self._reconnects = 0
        self._reconnecting: set[asyncio.Task[None]] = set()
        self._started = self._ended = self._deadline = 0.0
        self._wall = 0.0
        self._before = 0  # answers that came before every connection was open
        self._over = asyncio.Event()
        self._closing = False

    async def execute(self) -> Load:
        self._wall = time.time()
        ticking = asyncio.create_task(self._tick()) if self._plan.rate else None
        await self._open()
        self._started = self._ended = time.perf_counter()
        self._before = len(self._latencies)
        self._hand_out()
        try:
            await asyncio.wait_for(self._over.wait(), self._plan.seconds_max + _GRACE_SECONDS)
        except TimeoutError:
            self._failures["unanswered"] = sum(1 for each in self._connections if each.since)
        if ticking is not None:
            ticking.cancel()
        self._closing = True
        for connection in self._connections:
            connection.close()
        return self._result()

    async def _open(self) -> None:
        """Open the connections one by one under load.

        Several processes that share a listening socket leave a new connection to whoever is idle;
        opened all at once before the load, they may all fall to one process for the whole run.
        """
        self._deadline = time.perf_counter() + self._plan.seconds_max
        for _ in range(self._plan.connections):
            await self._connect()
            self._hand_out()
            await asyncio.sleep(_OPEN_SECONDS)
        self._deadline = time.perf_counter() + self._plan.seconds_max

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._plan.port)
        self._connections.add(connection)
        self._idle.append(connection)

    async def _reconnect(self) -> None:
        try:
            await self._connect()
        except OSError:
            self._failures["connection refused"] += 1
            if not self._connections:
                self._over.set()
        self._hand_out()

    async def _tick(self) -> None:
        """Make documents due at the fixed rate."""
        most = len(self._requests)
        made = 0
        first = time.perf_counter()
        while made < most:
            now = time.perf_counter()
            while made < most and first + made / self._plan.rate <= now:
                self._due.append(first + made / self._plan.rate)
                made += 1
            self._hand_out()
            await asyncio.sleep(_TICK_SECONDS)

    def _take(self) -> float | None:
        """When the next document is due, if there is one to post now."""
        if self._next >= len(self._requests):
            return None
        if self._plan.rate:
            return self._due.popleft() if self._due else None
        now = time.perf_counter()
        return now if now < self._deadline else None

    def _hand_out(self) -> None:
        while self._idle:
            since = self._take()
            if since is None:
                break
            request = self._requests[self._next]
            self._next += 1
            self._idle.popleft().send(request, since)
        self._end_if_done()

    def _end_if_done(self) -> None:
        if len(self._idle) < len(self._connections):
            return
        none_left = self._next >= len(self._requests)
        if none_left or (not self._plan.rate and time.perf_counter() >= self._deadline):
            self._over.set()

    def answered(self, connection: _Connection, answer: bytes, since: float) -> None:
        self._ended = time.perf_counter()
        status = answer[9:12].decode()
        if status == "202":
            self._latencies.append(self._ended - since)
        else:
            self._failures[status] += 1
            self._first_failure = self._first_failure or answer[:2000].decode(errors="replace")
        self._idle.append(connection)
        self._hand_out()

    def lost(self, connection: _Connection) -> None:
        if self._closing:
            return
        self._connections.discard(connection)
        if connection.since:
            self._failures["connection"] += 1
        else:
            self._idle.remove(connection)
        self._reconnects += 1
        if self._reconnects > _RECONNECTS_MAX:
            self._over.set()
            return
        task = asyncio.create_task(self._reconnect())
        self._reconnecting.add(task)
        task.add_done_callback(self._reconnecting.discard)

    def _result(self) -> Load:
        times = sorted(self._latencies)
        return Load(
            posted=self._next,
            accepted=len(times),
            failures=dict(self._failures),
            seconds=self._ended - self._started,
            counted=len(times) - self._before,
            started_at=self._wall,
            p50_ms=_percentile(times, 0.50),
            p95_ms=_percentile(times, 0.95),
            p99_ms=_percentile(times, 0.99),
            max_ms=_percentile(times, 1.0),
            generator_seconds=0.0,
            process_seconds=0.0,
            answer=self._first_failure,
        )


def _percentile(times: list[float], part: float) -> float:
    """The nearest-rank percentile, in milliseconds."""
    if not times:
        return 0.0
    return times[min(len(times) - 1, int(part * len(times)))] * 1000


def _request(plan: Plan, document: bytes) -> tuple[bytes, ...]:
    head = (
        f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {plan.token}\r\n"
        f"Content-Type: application/xml\r\nContent-Length: {len(document)}\r\n\r\n"
    ).encode()
    return (head + document,) if len(document) < _JOIN_BYTES_MAX else (head, document)


async def _execute(plan: Plan) -> Load:
    count = min(plan.count, int(plan.rate * plan.seconds_max)) if plan.rate else plan.count
    posts = [_request(plan, each) for each in documents.read(Path(plan.corpus), plan.first, count)]
    gc.collect()
    gc.freeze()
    gc.disable()
    before = time.process_time()
    load = await _Run(plan, posts).execute()
    after = time.process_time()
    return replace(load, generator_seconds=after - before, process_seconds=after)


def main() -> None:
    """Read a plan as JSON from the command line, print the result as JSON."""
    plan = Plan(**json.loads(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(_execute(plan))
    sys.stdout.write(json.dumps(asdict(load)))


if __name__ == "__main__":
    main()
