"""What a run of the benchmark found, as values."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bench import ledger, share
from bench.documents import Size
from bench.ledger import Figures
from bench.load import Load

Verifier = Literal["signxml", "bergshamra"]


class Kind(StrEnum):
    """What is measured, as the tables call it."""

    PLAIN_ACCEPTS = "plain stack, accept only"  # what end to end is judged against
    PLAIN_DELIVERS = "plain stack, delivers"  # what accepting is judged against
    SIGNXML = "broker, signxml"
    BERGSHAMRA = "broker, bergshamra"


BROKERS: Mapping[Kind, Verifier] = {Kind.SIGNXML: "signxml", Kind.BERGSHAMRA: "bergshamra"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    rounds: int
    seconds: float  # of load in each run of accept
    latency_seconds: float
    corpus: Mapping[Size, int]  # distinct documents of each size
    delivered: int  # documents in each run to the receipt
    memory: int  # documents of the memory scenario
    ledger: ledger.Scale
    share: share.Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server in one layout.

    The broker of one process is API and worker in one; of more, these are API processes beside
    the worker.
    """

    kind: Kind
    processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of load against one server."""

    load: Load
    stored: int  # documents of this run in the database afterwards
    server_seconds: float  # processor time of the server
    elsewhere: float  # share of the machine that others used meanwhile, 0..1
    taken: int | None = None  # what the sink took of a plain stack that delivers

    @property
    def lost(self) -> int:
        """Accepted documents that the database, or the sink that had to take them, does not have."""
        kept = self.stored if self.taken is None else min(self.stored, self.taken)
        return max(0, self.load.accepted - kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Documents a second, from post to ``202``, one sample a round."""

    size: Size
    contender: Contender
    connections: int  # of the load
    samples: tuple[Sample, ...]

    @property
    def rate(self) -> float:
        """Median documents a second."""
        return statistics.median(sample.load.rate for sample in self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One run from the first post until every document was delivered and had its receipt."""

    sample: Sample
    receipts: int
    requests: int  # webhook calls that the receivers took
    distinct: int  # distinct deliveries among them
    seconds: float

    @property
    def rate(self) -> float:
        """Documents a second, delivered and with their receipt."""
        return self.receipts / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Documents a second, from post to receipt, one journey a round."""

    contender: Contender
    journeys: tuple[Journey, ...]

    @property
    def rate(self) -> float:
        """Median documents a second."""
        return statistics.median(journey.rate for journey in self.journeys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The answer's time at half of the rate that was measured before, in the open loop."""

    contender: Contender
    rate: float
    sample: Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory of the broker's processes."""

    contender: Contender
    start_bytes: int
    halfway_bytes: int
    end_bytes: int
    samples: tuple[Sample, Sample]  # of the first half, and of the second


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target, and what was reached."""

    what: str
    wanted: str
    reached: str
    met: bool
    beside: str = ""  # the ratio against the other plain stack, which judges nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The bundle of one document, verified offline."""

    bundle_bytes: int
    files: int
    proven: int
    """What the verifier says is proven."""
    seconds: tuple[float, ...]
    processor_seconds: float
    """The median, of a processor."""

    @property
    def median(self) -> float:
        """Of the runs."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Microseconds of processor time for one document of 2 KB, by step."""

    http: float  # reading a post and answering it, nothing else
    signxml: float  # the library alone
    bergshamra: float
    reading: float  # parsing, the signature's shape, our own reading of what it covers
    checking: float  # schema, fields, sender, receivers, and all else until it may be accepted
    acceptance: float  # building and signing it
    rows: float  # T1 without the acceptance
    claiming: float  # T2
    delivering: float  # by webhook, to a sink on this machine
    settling: float  # T3, with the signed receipt
    sequencing: float  # T4, of all entries of the document
    counting: float  # T5, likewise

    def accepted(self, verifier: float) -> float:
        """From the post to the answer."""
        return self.http + verifier + self.reading + self.checking + self.acceptance + self.rows

    def delivered(self, verifier: float) -> float:
        """From the post to the receipt, sequenced and counted."""
        behind = self.claiming + self.delivering + self.settling + self.sequencing + self.counting
        return self.accepted(verifier) + behind

    def least(self, verifier: float) -> float:
        """What no way around accepting can leave out: HTTP, the verifying library, signing, rows."""
        return self.http + verifier + self.acceptance + self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that one run of the benchmark found."""

    scale: Scale
    accepts: tuple[Accept, ...]
    delivered: tuple[Delivered, ...]
    latencies: tuple[Latency, ...]
    memory: tuple[Memory, ...]
    ledger: Figures | None
    share: share.Figures | None
    budget: Budget | None = None
    evidence: Verified | None = None
    seconds: float
