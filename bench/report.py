"""The report: tables, and each target of the benchmark with what was reached."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bench import method
from bench.documents import Size
from bench.machine import Machine
from bench.results import Accept, Delivered, Journey, Latency, Memory, Results, Sample

ACCEPT_TARGETS: Mapping[str, float] = {"signxml": 8, "bergshamra": 15}
DELIVERED_TARGETS: Mapping[str, float] = {"signxml": 5, "bergshamra": 10}
LATENCY_TARGET_MS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target, and what was reached."""

    what: str
    wanted: str
    reached: str
    met: bool


def write(results: Results, machine: Machine, on: date) -> str:
    """The whole report as Markdown."""
    blocks = [
        "# Performance",
        f"Written by `make bench` on {on.isoformat()}; a run takes about {results.seconds / 60:.0f} minutes.",
        _targets(results),
        "## Accept: documents a second, from post to `202`",
        _accept_table(results.accepts),
        _baseline_sentence(results.accepts),
    ]
    if results.delivered:
        blocks += ["## Accept to delivered with receipt, 2 KB", _delivered_table(results)]
    if results.latencies:
        blocks += [
            "## The answer's time at half of the accepted rate, open loop, 2 KB",
            _latency_table(results),
        ]
    if results.memory:
        blocks += ["## Resident memory", _memory_table(results.memory)]
    blocks += ["## How it was measured", method.write(results, machine)]
    return "\n\n".join(blocks) + "\n"


def baseline(accepts: Iterable[Accept], size: Size) -> Accept:
    """The plain stack in the number of processes that suits it better at this size."""
    return max((each for each in accepts if each.size is size and not each.contender.verifier), key=_rate)


def best(accepts: Iterable[Accept], size: Size, verifier: str) -> Accept | None:
    """The broker with one verifier in the number of processes that suits it better at this size."""
    found = [each for each in accepts if each.size is size and each.contender.verifier == verifier]
    return max(found, key=_rate, default=None)


def ratio(rates: Sequence[float], others: Sequence[float]) -> float:
    """The median, over the rounds, of one rate divided by the other of the same round."""
    return statistics.median(rate / other for rate, other in zip(rates, others, strict=True))


def targets(results: Results) -> list[Target]:
    """Every target that this run can judge."""
    found = [*_accept_targets(results), *_delivered_targets(results)]
    for latency in results.latencies:
        p99 = latency.sample.load.p99_ms
        found.append(
            Target(
                what=f"p99 of the answer at half load, {latency.contender.name}",
                wanted=f"under {LATENCY_TARGET_MS} ms",
                reached=f"{p99:.0f} ms",
                met=p99 < LATENCY_TARGET_MS and not latency.sample.load.failures,
            )
        )
    samples = list(_all_samples(results))
    failures = sum(sum(sample.load.failures.values()) for sample in samples)
    lost = sum(sample.lost for sample in samples)
    posted = sum(sample.load.posted for sample in samples)
    found.append(
        Target(
            what="posts without `202`; accepted and not in the database",
            wanted="0; 0",
            reached=f"{failures} of {posted:,}; {lost}",
            met=not failures and not lost,
        )
    )
    return found


def _rate(accept: Accept) -> float:
    return accept.rate


def _rates(accept: Accept) -> list[float]:
    return [sample.load.rate for sample in accept.samples]


def _accept_targets(results: Results) -> list[Target]:
    found = []
    for size in (Size.SMALL, Size.MEDIUM):
        for verifier, wanted in ACCEPT_TARGETS.items():
            accept = best(results.accepts, size, verifier)
            if accept is None:
                continue
            reached = ratio(_rates(accept), _rates(baseline(results.accepts, size)))
            found.append(_ratio_target(f"accept {size}, {accept.contender.name}", wanted, reached))
    return found


def _delivered_targets(results: Results) -> list[Target]:
    found = []
    for verifier, wanted in DELIVERED_TARGETS.items():
        candidates = [each for each in results.delivered if each.contender.verifier == verifier]
        if not candidates:
            continue
        chosen = max(candidates, key=lambda each: each.rate)
        rates = [journey.rate for journey in chosen.journeys]
        reached = ratio(rates, _rates(baseline(results.accepts, Size.SMALL)))
        complete = all(_complete(journey) for journey in chosen.journeys)
        target = _ratio_target(f"accept to receipt 2 KB, {chosen.contender.name}", wanted, reached)
        found.append(
            target
            if complete
            else Target(what=target.what, wanted=target.wanted, reached="incomplete", met=False)
        )
    return found


def _complete(journey: Journey) -> bool:
    return journey.receipts == journey.sample.load.accepted and journey.distinct >= journey.receipts


def _ratio_target(what: str, wanted: float, reached: float) -> Target:
    return Target(
        what=what, wanted=f"{wanted:.0f} x plain stack", reached=f"{reached:.1f} x", met=reached >= wanted
    )


def _all_samples(results: Results) -> Iterable[Sample]:
    for accept in results.accepts:
        yield from accept.samples
    for delivered in results.delivered:
        yield from (journey.sample for journey in delivered.journeys)
    yield from (latency.sample for latency in results.latencies)
    yield from (memory.sample for memory in results.memory)


def _targets(results: Results) -> str:
    judged = targets(results)
    rows = [(each.what, each.wanted, each.reached, "met" if each.met else "**missed**") for each in judged]
    missed = [each.what for each in judged if not each.met]
    verdict = "Missed: " + "; ".join(missed) + "." if missed else "Every target measured here is met."
    return _table(("target", "wanted", "reached", ""), rows) + "\n\n" + verdict


def _accept_table(accepts: Sequence[Accept]) -> str:
    rows = []
    for accept in accepts:
        base = _rates(baseline(accepts, accept.size))
        rows.append(
            (
                str(accept.size),
                accept.contender.name,
                str(accept.contender.processes),
                _spread(_rates(accept)),
                f"{ratio(_rates(accept), base):.1f}",
                _number(_median(accept.samples, _server_ms)),
                _number(_median(accept.samples, lambda each: each.load.p50_ms)),
                _number(_median(accept.samples, lambda each: each.load.p99_ms)),
                _failures(accept.samples),
                _elsewhere(accept.samples),
            )
        )
    head = ("attachment", "server", "processes", "documents/s", "x plain", "processor ms each")
    return _table((*head, "p50 ms", "p99 ms", "failures; lost", "others' load"), rows)


def _baseline_sentence(accepts: Sequence[Accept]) -> str:
    sizes = {each.size for each in accepts}
    told = [f"{baseline(accepts, size).contender.processes} for {size}" for size in Size if size in sizes]
    return (
        "The plain stack counts in the number of worker processes that suits it better: "
        + ", ".join(told)
        + "."
        " Ratios are medians of the ratios within each round."
    )


def _delivered_table(results: Results) -> str:
    base = _rates(baseline(results.accepts, Size.SMALL))
    return _table(
        (
            "server",
            "processes",
            "documents/s",
            "x plain, accept only",
            "receipts of accepted",
            "webhook calls",
            "others' load",
        ),
        [_delivered_row(each, base) for each in results.delivered],
    )


def _delivered_row(delivered: Delivered, base: Sequence[float]) -> tuple[str, ...]:
    rates = [journey.rate for journey in delivered.journeys]
    receipts = sum(journey.receipts for journey in delivered.journeys)
    accepted = sum(journey.sample.load.accepted for journey in delivered.journeys)
    return (
        delivered.contender.name,
        str(delivered.contender.processes),
        _spread(rates),
        f"{ratio(rates, base):.1f}",
        f"{receipts:,} of {accepted:,}",
        f"{sum(journey.requests for journey in delivered.journeys):,}",
        _elsewhere([journey.sample for journey in delivered.journeys]),
    )


def _latency_table(results: Results) -> str:
    return _table(
        (
            "server",
            "processes",
            "posted/s",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "most ms",
            "failures; lost",
            "others' load",
        ),
        [_latency_row(each) for each in results.latencies],
    )


def _latency_row(latency: Latency) -> tuple[str, ...]:
    found = latency.sample.load
    times = (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms)
    return (
        latency.contender.name,
        str(latency.contender.processes),
        _number(latency.rate),
        *(_number(each) for each in times),
        _failures([latency.sample]),
        _elsewhere([latency.sample]),
    )


def _memory_table(found: Sequence[Memory]) -> str:
    rows = [
        (
            each.contender.name,
            f"{each.start_bytes / 2**20:.0f} MiB",
            f"{each.end_bytes / 2**20:.0f} MiB",
            f"{each.sample.load.accepted:,}",
        )
        for each in found
    ]
    return _table(("server, one API process", "at the start", "after the documents", "documents"), rows)


def _median(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    return statistics.median(of(sample) for sample in samples)


def _server_ms(sample: Sample) -> float:
    return sample.server_seconds / max(1, sample.load.accepted) * 1000


def _spread(rates: Sequence[float]) -> str:
    return f"{_number(statistics.median(rates))} ({_number(min(rates))}-{_number(max(rates))})"


def _number(value: float) -> str:
    """Three digits are all that such a figure carries."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _failures(samples: Sequence[Sample]) -> str:
    failures = sum(sum(sample.load.failures.values()) for sample in samples)
    return f"{failures}; {sum(sample.lost for sample in samples)}"


def _elsewhere(samples: Sequence[Sample]) -> str:
    share = max(sample.elsewhere for sample in samples)
    return f"{share:.0%}{' !' if share > method.BUSY else ''}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
