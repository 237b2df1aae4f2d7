"""Figures for Prometheus. Counters are this process's own; what stands where is asked of the database."""

import time
from collections.abc import Callable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from exchange.core.alarms import Rule
from exchange.ledger import alarms, claim
from exchange.ledger.database import Database

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

SUBMISSIONS = Counter(
    "exchange_submissions", "Answers to submissions, by HTTP status", ["status"], registry=REGISTRY
)
SUBMISSION_SECONDS = Histogram(
    "exchange_submission_seconds",
    "Time from the request to the answer",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
REFUSALS = Counter("exchange_refusals", "Refusals at the door, by code", ["code"], registry=REGISTRY)
ATTEMPTS = Counter("exchange_attempts", "Attempts, by verdict", ["verdict"], registry=REGISTRY)

OPEN_CIRCUITS = Gauge(
    "exchange_open_circuits", "Agencies whose software is left alone for a while", registry=REGISTRY
)
ACKNOWLEDGEMENTS = Counter(
    "exchange_acknowledgements", "Messages that agencies fetched and acknowledged", registry=REGISTRY
)
EXPIRIES = Counter("exchange_expiries", "Deliveries that were not made within their time", registry=REGISTRY)
SEQUENCED = Counter(
    "exchange_sequenced", "Entries that got their leaf in the ledger's tree", registry=REGISTRY
)
COUNTED = Counter(
    "exchange_counted", "Leaves of the ledger's tree that were counted for the share", registry=REGISTRY
)
SHARE_DIFFERENCES = Gauge(
    "exchange_share_differences",
    "Rows in which the newest recount of this process found the counters not to be what the ledger says",
    registry=REGISTRY,
)
COSIGNATURES = Counter(
    "exchange_cosignatures", "Answers of witnesses, by outcome", ["witness", "outcome"], registry=REGISTRY
)
SIGN_INS = Counter(
    "exchange_sign_ins",
    "Persons signing in: signed_in, or why it was refused (password, second_factor, locked, provider)",
    ["outcome"],
    registry=REGISTRY,
)
STAMPS = Counter("exchange_stamps", "Time-stamps asked for, by outcome", ["outcome"], registry=REGISTRY)
REVOCATION_ANSWERS = Counter(
    "exchange_revocation_answers",
    "Answers of CAs about certificates, by kind (crl, ocsp) and outcome",
    ["kind", "outcome"],
    registry=REGISTRY,
)
CERTIFICATES = Gauge(
    "exchange_certificates",
    "Registered certificates in use, by what is known of their revocation",
    ["revocation"],
    registry=REGISTRY,
)
CERTIFICATES_EXPIRING = Gauge(
    "exchange_certificates_expiring",
    "Certificates in use that end soon, and whether their agencies have others that go on",
    ["followed"],
    registry=REGISTRY,
)
NOTICES = Counter(
    "exchange_notices", "Notices by e-mail and webhook, by outcome", ["channel", "outcome"], registry=REGISTRY
)
STAMP_AGE = Gauge(
    "exchange_stamp_age_seconds",
    "For how long the ledger has had entries that no time-stamp covers; 0 also where none are asked for",
    registry=REGISTRY,
)

COUNT_SECONDS = 5.0  # the database is not counted more often than this


class DeliveryGauge:
    """How many deliveries stand in which state, and how many alarms are open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted = 0.0
        self._counts: dict[tuple[str, str], int] = {}
        self._alarms: dict[str, int] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One sample per kind and state, and one per rule."""
        if time.monotonic() - self._counted > COUNT_SECONDS:
            self._counts = claim.count_by_state(self._database)
            self._alarms = alarms.count_open(self._database)
            self._counted = time.monotonic()
        gauge = GaugeMetricFamily(
            "exchange_deliveries", "Deliveries by kind and state", labels=["kind", "state"]
        )
        for (kind, state), count in self._counts.items():
            gauge.add_metric([kind, state], count)
        yield gauge
        opened = GaugeMetricFamily("exchange_alarms_open", "Alarms that are open, by rule", labels=["rule"])
        for rule in Rule:
            opened.add_metric([rule.value], self._alarms.get(rule.value, 0))
        yield opened


def exposition(gauge: DeliveryGauge) -> bytes:
    """Everything, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(gauge)
    return generate_latest(REGISTRY) + generate_latest(registry)


class _Everything(Collector):
    """What ``exposition`` shows, for a server of its own."""

    def __init__(self, gauge: DeliveryGauge) -> None:
        self._gauge = gauge

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()
        yield from self._gauge.collect()


def serve(host: str, port: int, database: Database) -> Callable[[], None]:
    """Answer with the figures at ``host:port`` until the returned function is called.

    Raises ``OSError`` when the address is taken.
    """
    registry = CollectorRegistry()
    registry.register(_Everything(DeliveryGauge(database)))
    server, thread = start_http_server(port, host, registry)

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return close
