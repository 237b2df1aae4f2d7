"""The scenarios: what is started, loaded, watched and counted, and in which order.

The contenders take turns within a round, so that a slow minute of the machine meets all of them,
and ratios are formed within a round. Every run starts a server on an empty database and ends it.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from bench import budget, documents, evidence, ledger, load, processes, share
from bench.broker import Layout, Prepared, prepare_broker, start_broker
from bench.documents import Size
from bench.keys import Keys
from bench.load import Plan
from bench.results import (
    BROKERS,
    Accept,
    Contender,
    Delivered,
    Journey,
    Kind,
    Latency,
    Memory,
    Results,
    Sample,
    Scale,
    Verified,
)
from bench.servers import Server, start_baseline
from bench.sink import Sink

Part = Literal["accept", "delivered", "latency", "memory", "ledger", "budget", "evidence", "report"]
# Without the reports: they fill a database with ten million exchanges, which takes longer than all the rest.
PARTS: tuple[Part, ...] = ("accept", "delivered", "latency", "memory", "ledger", "budget", "evidence")

_WARM_UP = {Size.SMALL: 60, Size.MEDIUM: 20, Size.LARGE: 2}  # documents before the clock runs
# What suits each best: of 2, 3, 4, 16, 64 for the plain stack, of 16, 32, 64 (200 KB: 8, 16) for the broker.
_CONNECTIONS_PLAIN = {Size.SMALL: 2, Size.MEDIUM: 2, Size.LARGE: 4}
_CONNECTIONS_BROKER = {Size.SMALL: 64, Size.MEDIUM: 16, Size.LARGE: 4}
_WARM_UP_SECONDS = 30.0
_POLL_SECONDS = 0.05
_DELIVERY_SECONDS_MAX = 60.0
_MEMORY_SECONDS_MAX = 120.0


FULL = Scale(
    rounds=3,
    seconds=2.5,
    latency_seconds=7.0,
    corpus={Size.SMALL: 20_100, Size.MEDIUM: 2_000, Size.LARGE: 50},
    delivered=1_200,
    memory=20_000,
    ledger=ledger.FULL,
    share=share.FULL,
)
QUICK = Scale(
    rounds=1,
    seconds=2.0,
    latency_seconds=3.0,
    corpus={Size.SMALL: 6_100, Size.MEDIUM: 1_500, Size.LARGE: 30},
    delivered=1_000,
    memory=3_000,
    ledger=ledger.QUICK,
    share=share.QUICK,
)


class Bench:
    """One run of the benchmark in a folder of its own."""

    def __init__(self, folder: Path, scale: Scale, sink: Sink, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._scale = scale
        self._sink = sink  # takes what the plain stack posts on, and the broker's webhooks
        self._say = say
        self._keys = Keys.make()
        self._rates: dict[Contender, float] = {}  # of accepting small documents, as measured here
        self._prepared: dict[str, Prepared] = {}  # by where the receivers take webhooks

    def run(self, parts: Sequence[Part], *, broker: bool) -> Results:
        """Measure the parts; without ``broker`` the plain stack alone."""
        started = time.monotonic()
        sizes = list(Size) if "accept" in parts else [Size.SMALL]
        for size in sizes:
            self._make(size)
        accepts = tuple(each for size in sizes for each in self._accept(size, broker=broker))
        self._rates = {each.contender: each.rate for each in accepts if each.size is Size.SMALL}
        wanted = set(parts) if broker else set()
        return Results(
            scale=self._scale,
            accepts=accepts,
            delivered=self._delivered() if "delivered" in wanted else (),
            latencies=self._latencies() if "latency" in wanted else (),
            memory=self._memory() if "memory" in wanted else (),
            ledger=self.ledger() if "ledger" in wanted else None,
            share=self.share() if "report" in wanted else None,
            budget=self._budget() if "budget" in wanted else None,
            evidence=self.evidence() if "evidence" in wanted else None,
            seconds=time.monotonic() - started,
        )

    def _make(self, size: Size) -> None:
        count = self._scale.corpus[size]
        started = time.monotonic()
        documents.make(self._corpus(size), count, size, self._keys.sender)
        each, seconds = self._corpus(size).stat().st_size / count, time.monotonic() - started
        self._say(f"signed {count} documents of {size} ({each:,.0f} bytes each) in {seconds:.0f} s")

    def _corpus(self, size: Size) -> Path:
        return self._folder / f"{size.name.lower()}.documents"

    def _accept(self, size: Size, *, broker: bool) -> list[Accept]:
        contenders = _contenders(size, broker=broker)
        samples: dict[Contender, list[Sample]] = {each: [] for each in contenders}
        for number in range(1, self._scale.rounds + 1):
            for contender in contenders:
                with self._started(contender) as server:
                    self._warm_up(server, size)
                    sample = self._accepted(server, size, contender)
                samples[contender].append(sample)
                self._say(f"accept {size}, round {number}: {_told(contender, sample)}")
        return [
            Accept(
                size=size,
                contender=each,
                connections=_connections(size, each),
                samples=tuple(samples[each]),
            )
            for each in contenders
        ]

    def _accepted(self, server: Server, size: Size, contender: Contender) -> Sample:
        _, taken_before = self._sink.count()
        sample = self._load(server, self._plan(server, size, contender))
        _, taken = self._sink.count()
        if contender.kind is not Kind.PLAIN_DELIVERS:
            return sample
        return replace(sample, taken=taken - taken_before)

    def _delivered(self) -> tuple[Delivered, ...]:
        contenders = [each for each in _contenders(Size.SMALL, broker=True) if each.kind in BROKERS]
        journeys: dict[Contender, list[Journey]] = {each: [] for each in contenders}
        for number in range(1, self._scale.rounds + 1):
            for contender in contenders:
                journey = self._journey(contender)
                journeys[contender].append(journey)
                self._say(
                    f"to receipt, round {number}: {_named(contender)}: {journey.rate:,.0f}/s, "
                    f"{journey.receipts} receipts in {journey.seconds:.1f} s"
                )
        return tuple(Delivered(contender=each, journeys=tuple(journeys[each])) for each in contenders)

    def _journey(self, contender: Contender) -> Journey:
        with self._started(contender, self._sink.url) as server:
            self._warm_up(server, Size.SMALL)
            _wait_for(server, _WARM_UP[Size.SMALL])
            before = (server.count("receipts"), *self._sink.count())
            plan = self._plan(
                server, Size.SMALL, contender, count=self._scale.delivered, seconds=_DELIVERY_SECONDS_MAX
            )
            sample = self._load(server, plan)
            ended = _wait_for(server, before[0] + sample.load.accepted)
            after = (server.count("receipts"), *self._sink.count())
        return Journey(
            sample=sample,
            receipts=after[0] - before[0],
            requests=after[1] - before[1],
            distinct=after[2] - before[2],
            seconds=ended - sample.load.started_at,
        )

    def _latencies(self) -> tuple[Latency, ...]:
        found = []
        for kind in BROKERS:
            contender = max(
                (each for each in self._rates if each.kind is kind), key=lambda each: self._rates[each]
            )
            rate = self._rates[contender] / 2
            with self._started(contender) as server:
                self._warm_up(server, Size.SMALL)
                seconds = self._scale.latency_seconds
                plan = self._plan(server, Size.SMALL, contender, seconds=seconds, rate=rate)
                sample = self._load(server, plan)
            found.append(Latency(contender=contender, rate=rate, sample=sample))
            self._say(f"answers at half load: {_told(contender, sample)}, p99 {sample.load.p99_ms:.0f} ms")
        return tuple(found)

    def _memory(self) -> tuple[Memory, ...]:
        """With the default verifier in one process."""
        contender = Contender(kind=Kind.SIGNXML, processes=1)
        with self._started(contender) as server:
            start = server.resident_bytes()
            half = self._scale.memory // 2
            plan = self._plan(server, Size.SMALL, contender, count=half, seconds=_MEMORY_SECONDS_MAX)
            first = self._load(server, plan)
            halfway = server.resident_bytes()
            sample = self._load(server, replace(plan, first=half))
            end = server.resident_bytes()
        self._say(f"memory: {start >> 20}, {halfway >> 20}, {end >> 20} MiB in {2 * half:,} documents")
        return (
            Memory(
                contender=contender,
                start_bytes=start,
                halfway_bytes=halfway,
                end_bytes=end,
                samples=(first, sample),
            ),
        )

    def _budget(self) -> budget.Budget:
        """Every step by itself, in this process."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            prepared = prepare_broker(Path(name) / "broker", self._keys, self._sink.url)
            return budget.measure(Path(name), self._corpus(Size.SMALL), prepared, self._say)

    def ledger(self) -> ledger.Figures:
        """The ledger's tree, for which nothing else has to be measured."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            return ledger.measure(Path(name), self._scale.ledger, self._say)

    def share(self) -> share.Figures:
        """Reports over many exchanges, for which nothing else has to be measured."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            return share.measure(Path(name), self._scale.share, self._say)

    def evidence(self) -> Verified:
        """A bundle of one document, verified offline."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            return evidence.measure(Path(name), self._say)

    @contextmanager
    def _started(self, contender: Contender, webhooks: str = "") -> Iterator[Server]:
        """A server on an empty database; the broker's receivers take webhooks, or fetch."""
        with (
            tempfile.TemporaryDirectory(dir=self._folder) as name,
            self._server(Path(name), contender, webhooks) as server,
        ):
            yield server

    def _server(self, folder: Path, contender: Contender, webhooks: str) -> AbstractContextManager[Server]:
        if contender.kind not in BROKERS:
            return start_baseline(
                folder,
                sender=self._keys.sender,
                stack=self._keys.stack,
                workers=contender.processes,
                deliver_to=self._sink.url if contender.kind is Kind.PLAIN_DELIVERS else "",
                typed=contender.kind is Kind.PLAIN_DELIVERS,
            )
        if webhooks not in self._prepared:
            name = f"prepared-{len(self._prepared)}"
            self._prepared[webhooks] = prepare_broker(self._folder / name, self._keys, webhooks)
        layout = Layout(verifier=BROKERS[contender.kind], api_processes=contender.processes)
        return start_broker(folder, layout, self._prepared[webhooks])

    def _plan(
        self,
        server: Server,
        size: Size,
        contender: Contender,
        *,
        count: int | None = None,
        seconds: float | None = None,
        rate: float = 0.0,
    ) -> Plan:
        """The measured run: from the front of the corpus, short of what warms up."""
        most = self._scale.corpus[size] - _WARM_UP[size]
        return Plan(
            port=server.port,
            path=server.path,
            token=server.token,
            corpus=str(self._corpus(size)),
            first=0,
            count=most if count is None else min(most, count),
            connections=_connections(size, contender),
            seconds_max=self._scale.seconds if seconds is None else seconds,
            rate=rate,
        )

    def _warm_up(self, server: Server, size: Size) -> None:
        """Post the last documents of the corpus, so that nothing is done for the first time later."""
        found = load.run(
            Plan(
                port=server.port,
                path=server.path,
                token=server.token,
                corpus=str(self._corpus(size)),
                first=self._scale.corpus[size] - _WARM_UP[size],
                count=_WARM_UP[size],
                connections=4,
                seconds_max=_WARM_UP_SECONDS,
            )
        )
        if not found.accepted:
            raise RuntimeError(f"nothing was accepted: {found.failures} {found.answer}")

    def _load(self, server: Server, plan: Plan) -> Sample:
        stored = server.count("accepted")
        server_before, sink_before = server.processor_seconds(), self._sink.processor_seconds()
        machine_before = processes.machine_processor_seconds()
        began = time.monotonic()
        found = load.run(plan)
        capacity = (time.monotonic() - began) * (os.cpu_count() or 1)
        server_seconds = server.processor_seconds() - server_before
        machine_seconds = processes.machine_processor_seconds() - machine_before
        sink_seconds = self._sink.processor_seconds() - sink_before
        others = machine_seconds - server_seconds - sink_seconds - found.process_seconds
        return Sample(
            load=found,
            stored=server.count("accepted") - stored,
            server_seconds=server_seconds,
            elsewhere=max(0.0, others / capacity),
        )


def _contenders(size: Size, *, broker: bool) -> list[Contender]:
    """Who takes part, in the order of a round.

    The plain stack in two processes alone: it needs them (1.3 to 2.1 times as much as in one). The
    broker in one as well for small documents, to save time with larger ones.
    """
    plain = [Contender(kind=kind, processes=2) for kind in Kind if kind not in BROKERS]
    counts = (1, 2) if size is Size.SMALL else (2,)
    brokers = [Contender(kind=kind, processes=count) for kind in BROKERS for count in counts]
    return [*plain, *brokers] if broker else plain


def _connections(size: Size, contender: Contender) -> int:
    return (_CONNECTIONS_BROKER if contender.kind in BROKERS else _CONNECTIONS_PLAIN)[size]


def _wait_for(server: Server, receipts: int) -> float:
    """When so many documents were delivered, as seen in the database; a limit ends the wait."""
    deadline = time.monotonic() + _DELIVERY_SECONDS_MAX
    while time.monotonic() < deadline:
        if server.count("delivered") >= receipts:
            break
        time.sleep(_POLL_SECONDS)
    return time.time()


def _named(contender: Contender) -> str:
    return f"{contender.kind}, {contender.processes} process{'es' if contender.processes > 1 else ''}"


def _told(contender: Contender, sample: Sample) -> str:
    found = sample.load
    told = f"{_named(contender)}: {found.rate:,.1f}/s"
    if found.failures:
        told += f", failures {found.failures}"
    if sample.elsewhere > 0.1:
        told += f" (others used {sample.elsewhere:.0%} of the machine)"
    return told
