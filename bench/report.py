"""The report: tables, and each target of the benchmark with what was reached."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from bench import budget_report, evidence, ledger_report, memory_report, method, share_report
from bench.documents import Size
from bench.machine import Machine
from bench.results import (
    BROKERS,
    Accept,
    Contender,
    Delivered,
    Journey,
    Kind,
    Latency,
    Results,
    Sample,
    Target,
)
from bench.tables import number, table

ACCEPT_TARGETS: Mapping[Kind, float] = {Kind.SIGNXML: 8, Kind.BERGSHAMRA: 15}
ACCEPT_BASE, ACCEPT_BESIDE = Kind.PLAIN_DELIVERS, Kind.PLAIN_ACCEPTS
DELIVERED_TARGETS: Mapping[Kind, float] = {Kind.SIGNXML: 5, Kind.BERGSHAMRA: 10}
DELIVERED_BASE, DELIVERED_BESIDE = Kind.PLAIN_ACCEPTS, Kind.PLAIN_DELIVERS
LATENCY_TARGET_MS = 150
SEQUENCING_SHARE = 0.05
PROOF_MS = 10
REHASHED_RATE = 100_000

_BASES = """\
Two plain stacks are measured. The accept targets are judged against the one as a user would write it, which
**delivers** by HTTP within the request: their factors were derived from such a stack. The broker's own accept
rows contain no delivery (its receivers fetch), so the ratio against one that **accepts only**, with the
broker's own schema, stands beside it: like against like. The targets to the receipt are judged against what
that kinder one needs only to accept, and there the broker does deliver."""

_PROCESSES = """\
The plain stack runs in two worker processes, which suit it better than one. The broker of one process is
API and worker in one; of two, these are API processes beside a third, the worker, which idles here. Ratios
are medians of the ratios within each round."""

_BUSY_MARK = " !"
_BUSY = """\
`!`: the figure rests on runs in which others used the machine, and is no basis for a verdict."""


def write(results: Results, machine: Machine, on: date) -> str:
    """The whole report as Markdown."""
    blocks = [
        "# Performance",
        f"Written by `make bench` on {on.isoformat()}; a run takes about {results.seconds / 60:.0f} minutes.",
        _targets(results),
        _BASES,
        "## Accept: documents a second, from post to `202`",
        _accept_table(results.accepts),
        _PROCESSES,
    ]
    if results.budget:
        blocks += ["## Where the time goes", *_budget(results, machine)]
    if results.delivered:
        blocks += ["## Accept to delivered with receipt, 2 KB", _delivered_table(results)]
    if results.latencies:
        blocks += [
            "## The answer's time at half of the accepted rate, open loop, 2 KB",
            _latency_table(results),
        ]
    if results.memory:
        blocks += ["## Resident memory", memory_report.section(results.memory)]
    if results.ledger:
        blocks += ["## The ledger's tree", ledger_report.section(results.ledger)]
    if results.share:
        blocks += ["## Reports over many exchanges", share_report.section(results.share)]
    if results.evidence:
        blocks += ["## Evidence", evidence.section(results.evidence)]
    blocks += ["## How it was measured", method.write(results, machine)]
    return "\n\n".join(blocks) + "\n"


def best(accepts: Iterable[Accept], size: Size, kind: Kind) -> Accept | None:
    """One kind of server in the number of processes that suits it better at this size."""
    found = [each for each in accepts if each.size is size and each.contender.kind is kind]
    return max(found, key=_rate, default=None)


def against(rates: Sequence[float], accepts: Iterable[Accept], size: Size, kind: Kind) -> float:
    """How many times the rate of the best plain stack of one kind; the rates are one a round."""
    return ratio(rates, _rates(_plain(accepts, size, kind)))


def _plain(accepts: Iterable[Accept], size: Size, kind: Kind) -> Accept:
    base = best(accepts, size, kind)
    assert base is not None, f"{kind} is always measured"
    return base


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
                what=f"p99 of the answer at half load, {latency.contender.kind}",
                wanted=f"under {LATENCY_TARGET_MS} ms",
                reached=f"{p99:.0f} ms" + _mark([latency.sample]),
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
    return [
        *found,
        *_ledger_targets(results),
        *memory_report.targets(results.memory),
        *evidence.targets(results.evidence),
        *_share_targets(results),
    ]


def _rate(accept: Accept) -> float:
    return accept.rate


def _rates(accept: Accept) -> list[float]:
    return [sample.load.rate for sample in accept.samples]


def _accept_targets(results: Results) -> list[Target]:
    found = []
    for size in (Size.SMALL, Size.MEDIUM):
        for kind, wanted in ACCEPT_TARGETS.items():
            accept = best(results.accepts, size, kind)
            if accept is None:
                continue
            reached = against(_rates(accept), results.accepts, size, ACCEPT_BASE)
            base = _plain(results.accepts, size, ACCEPT_BASE).samples
            beside = against(_rates(accept), results.accepts, size, ACCEPT_BESIDE)
            found.append(
                Target(
                    what=f"accept {size}, {kind}",
                    wanted=f"{wanted:.0f} x {ACCEPT_BASE}",
                    reached=f"{reached:.1f} x" + _mark([*accept.samples, *base]),
                    met=reached >= wanted,
                    beside=f"{beside:.1f} x {ACCEPT_BESIDE}",
                )
            )
    return found


def _delivered_targets(results: Results) -> list[Target]:
    found = []
    for kind, wanted in DELIVERED_TARGETS.items():
        candidates = [each for each in results.delivered if each.contender.kind is kind]
        if not candidates:
            continue
        chosen = max(candidates, key=lambda each: each.rate)
        rates = [journey.rate for journey in chosen.journeys]
        reached = against(rates, results.accepts, Size.SMALL, DELIVERED_BASE)
        base = _plain(results.accepts, Size.SMALL, DELIVERED_BASE).samples
        mark = _mark([*(journey.sample for journey in chosen.journeys), *base])
        beside = against(rates, results.accepts, Size.SMALL, DELIVERED_BESIDE)
        complete = all(_complete(journey) for journey in chosen.journeys)
        found.append(
            Target(
                what=f"accept to receipt 2 KB, {kind}",
                wanted=f"{wanted:.0f} x {DELIVERED_BASE}",
                reached=f"{reached:.1f} x{mark}" if complete else "incomplete",
                met=complete and reached >= wanted,
                beside=f"{beside:.1f} x {DELIVERED_BESIDE}",
            )
        )
    return found


def _share_targets(results: Results) -> list[Target]:
    found = results.share
    if found is None:
        return []
    return [
        Target(
            what=f"the slowest report over {found.scale.exchanges:,} exchanges",
            wanted=f"under {share_report.TARGET_MS:,} ms",
            reached=f"{found.most_ms:,.0f} ms",
            met=found.most_ms < share_report.TARGET_MS,
        )
    ]


def _ledger_targets(results: Results) -> list[Target]:
    found = results.ledger
    if found is None:
        return []
    # Beside the broker whose intake costs least: it leaves sequencing the least.
    brokers = [each for each in results.accepts if each.size is Size.SMALL and each.contender.kind in BROKERS]
    share = found.sequence_us / 1000 / min(_median(each.samples, _server_ms) for each in brokers)
    return [
        Target(
            what="sequencing, of the processor time of accepting 2 KB",
            wanted=f"under {SEQUENCING_SHARE:.0%}",
            reached=f"{share:.1%}",
            met=share < SEQUENCING_SHARE,
        ),
        Target(
            what=f"one proof out of {found.scale.tree:,} entries",
            wanted=f"under {PROOF_MS} ms",
            reached=f"{found.proof_most_ms:.1f} ms at most",
            met=found.proof_most_ms < PROOF_MS,
        ),
        Target(
            what="entries re-hashed offline",
            wanted=f"{REHASHED_RATE:,}/s",
            reached=f"{found.rehashed_rate:,.0f}/s",
            met=found.rehashed_rate >= REHASHED_RATE,
        ),
    ]


def _complete(journey: Journey) -> bool:
    return journey.receipts == journey.sample.load.accepted and journey.distinct >= journey.receipts


def _all_samples(results: Results) -> Iterable[Sample]:
    for accept in results.accepts:
        yield from accept.samples
    for delivered in results.delivered:
        yield from (journey.sample for journey in delivered.journeys)
    yield from (latency.sample for latency in results.latencies)
    for memory in results.memory:
        yield from memory.samples


def _targets(results: Results) -> str:
    judged = targets(results)
    rows = [
        (each.what, each.wanted, each.reached, "met" if each.met else "**missed**", each.beside)
        for each in judged
    ]
    missed = [each.what for each in judged if not each.met]
    verdict = "Missed: " + "; ".join(missed) + "." if missed else "Every target measured here is met."
    if any(each.reached.endswith(_BUSY_MARK) for each in judged):
        verdict += "\n\n" + _BUSY
    head = ("target", "wanted", "reached", "", "beside it, not judged")
    return table(head, rows) + "\n\n" + verdict


def _budget(results: Results, machine: Machine) -> list[str]:
    assert results.budget is not None
    plain = _plain(results.accepts, Size.SMALL, ACCEPT_BASE).rate
    wanted: dict[str, float] = {BROKERS[kind]: factor for kind, factor in ACCEPT_TARGETS.items()}
    return [
        budget_report.steps(results.budget),
        budget_report.reachable(
            results.budget,
            cores=machine.cores,
            generator_us=method.generator_us(results),
            plain=plain,
            wanted=wanted,
        ),
    ]


def _accept_table(accepts: Sequence[Accept]) -> str:
    rows = []
    for accept in accepts:
        rows.append(
            (
                str(accept.size),
                *_who(accept.contender),
                str(accept.connections),
                _spread(_rates(accept)),
                *_ratios(_rates(accept), accepts, accept.size),
                number(_median(accept.samples, _server_ms)),
                number(_median(accept.samples, lambda each: each.load.p50_ms)),
                number(_median(accept.samples, lambda each: each.load.p99_ms)),
                _failures(accept.samples),
                _elsewhere(accept.samples),
            )
        )
    head = ("attachment", "server", "processes", "connections", "documents/s", *_RATIOS, "processor ms each")
    return table((*head, "p50 ms", "p99 ms", "failures; lost", "others' load"), rows)


_RATIOS = ("x plain, delivers", "x plain, accept only")


def _ratios(rates: Sequence[float], accepts: Sequence[Accept], size: Size) -> tuple[str, str]:
    """Against both plain stacks, in the order of ``_RATIOS``."""
    delivers = against(rates, accepts, size, Kind.PLAIN_DELIVERS)
    return f"{delivers:.1f}", f"{against(rates, accepts, size, Kind.PLAIN_ACCEPTS):.1f}"


def _who(contender: Contender) -> tuple[str, str]:
    return str(contender.kind), str(contender.processes)


def _delivered_table(results: Results) -> str:
    return table(
        (
            "server",
            "processes",
            "documents/s",
            *_RATIOS,
            "receipts of accepted",
            "webhook calls",
            "others' load",
        ),
        [_delivered_row(each, results.accepts) for each in results.delivered],
    )


def _delivered_row(delivered: Delivered, accepts: Sequence[Accept]) -> tuple[str, ...]:
    rates = [journey.rate for journey in delivered.journeys]
    receipts = sum(journey.receipts for journey in delivered.journeys)
    accepted = sum(journey.sample.load.accepted for journey in delivered.journeys)
    return (
        *_who(delivered.contender),
        _spread(rates),
        *_ratios(rates, accepts, Size.SMALL),
        f"{receipts:,} of {accepted:,}",
        f"{sum(journey.requests for journey in delivered.journeys):,}",
        _elsewhere([journey.sample for journey in delivered.journeys]),
    )


def _latency_table(results: Results) -> str:
    return table(
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
        *_who(latency.contender),
        number(latency.rate),
        *(number(each) for each in times),
        _failures([latency.sample]),
        _elsewhere([latency.sample]),
    )


def _median(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    return statistics.median(of(sample) for sample in samples)


def _server_ms(sample: Sample) -> float:
    return sample.server_seconds / max(1, sample.load.accepted) * 1000


def _spread(rates: Sequence[float]) -> str:
    return f"{number(statistics.median(rates))} ({number(min(rates))}-{number(max(rates))})"


def _failures(samples: Sequence[Sample]) -> str:
    failures = sum(sum(sample.load.failures.values()) for sample in samples)
    return f"{failures}; {sum(sample.lost for sample in samples)}"


def _elsewhere(samples: Sequence[Sample]) -> str:
    return f"{max(sample.elsewhere for sample in samples):.0%}" + _mark(samples)


def _mark(samples: Iterable[Sample]) -> str:
    """Marks a figure that rests on a run in which others used the machine."""
    return _BUSY_MARK if any(sample.elsewhere > method.BUSY for sample in samples) else ""
