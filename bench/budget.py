"""The budget: what each step of one document's way costs, in microseconds of processor time.

All in this process, one step after the other and many documents in each, so that a step is measured by
itself and threads wait for nobody; HTTP alone against an application that reads a body and answers.
"""

import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from bench import documents, load, processes
from bench.broker import Prepared
from bench.load import Plan
from bench.results import Budget
from bench.servers import launched
from exchange import intake, logs, settings
from exchange.adapter import Outgoing
from exchange.app import build_context, load_adapter, open_database
from exchange.connections import Connections
from exchange.context import Context, clock
from exchange.core import enveloped, parsing
from exchange.core.delivery import Step
from exchange.core.trust import public_key
from exchange.core.verifiers import BergshamraVerifier, SignxmlVerifier
from exchange.counting import Counting
from exchange.ledger import claim
from exchange.ledger.claim import Claim
from exchange.ledger.settle import Settlement, settle
from exchange.sequencing import Sequencing

DOCUMENTS = 640
TOGETHER = 16  # documents in a transaction, as under load
HTTP_POSTS = 3_000
_LEASE = "bench"

Item = TypeVar("Item")


def measure(folder: Path, corpus: Path, prepared: Prepared, say: Callable[[str], None]) -> Budget:
    """Measure every step. ``prepared`` has webhooks; its folder is used up."""
    logs.quiet()
    http = _http(folder, corpus)
    with _broker(prepared.folder) as (context, connections):
        posted = documents.read(corpus, 0, DOCUMENTS)
        found = Budget(http=http, **_intake(context, prepared.token, posted), **_worker(context, connections))
    say(f"budget: {found.accepted(found.signxml):,.0f} us to the answer, with signxml")
    return found


@contextmanager
def _broker(folder: Path) -> Iterator[tuple[Context, Connections]]:
    site = settings.load(
        data=folder,
        database_url=f"sqlite:///{folder / 'exchange.sqlite'}",
        authorities=folder / "authority.pem",
    )
    database = open_database(site)
    context = build_context(site, database)
    connections = Connections(context.registry, load_adapter, site.adapter_timeout_seconds)
    try:
        yield context, connections
    finally:
        connections.close()
        for part in (context.registry, context.stamp_age, context.pdfs, database):
            part.close()


def _us(work: Callable[[], object], count: int) -> float:
    """Processor time of all threads, for each of ``count``."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / count * 1e6


def _intake(context: Context, secret: str, posted: Sequence[bytes]) -> dict[str, float]:
    token, count = context.registry.current.authenticate(secret, clock()), len(posted)
    [registered] = context.registry.current.trust.certificates.values()
    certificate, key = registered.certificate, public_key(registered.certificate)
    found = [enveloped.find(parsing.parse(each, context.limits)) for each in posted]
    us: dict[str, float] = {}
    for name, verifier in (("signxml", SignxmlVerifier()), ("bergshamra", BergshamraVerifier())):
        verifier.accepts(posted[0], found[0], certificate)

        def verify(verifier: SignxmlVerifier | BergshamraVerifier = verifier) -> None:
            for content, shape in zip(posted, found, strict=True):
                assert verifier.accepts(content, shape, certificate)

        us[name] = _us(verify, count)
    us["reading"] = _us(
        lambda: [
            enveloped.detach(enveloped.find(parsing.parse(each, context.limits)), key) for each in posted
        ],
        count,
    )
    intake.examine(context, posted[0], token, clock())
    begun, examined = time.process_time(), []
    for each in posted:
        examined.append(intake.examine(context, each, token, clock()))
    whole = (time.process_time() - begun) / count * 1e6
    us["checking"] = max(0.0, whole - us["signxml"] - us["reading"])
    us["acceptance"] = _us(
        lambda: [
            context.issuer.acceptance(each.document, each.deliveries, each.notices, each.assurance)
            for each in examined
        ],
        count,
    )
    us["rows"] = _us(lambda: [intake.accept(context, each) for each in _parts(examined)], count)
    us["rows"] -= us["acceptance"]
    return us


def _worker(context: Context, connections: Connections) -> dict[str, float]:
    claimed: list[Claim] = []
    us = {"claiming": _us(lambda: _claim(context, claimed), DOCUMENTS)}
    us["delivering"] = _us(
        lambda: [connections.of(each.receiver).deliver(_outgoing(each)) for each in claimed], DOCUMENTS
    )
    now = clock()
    settlements = [
        Settlement(
            delivery=each.delivery, step=Step.HANDED, at=now, attempt=each.attempt, verdict="delivered"
        )
        for each in claimed
    ]
    us["settling"] = _us(
        lambda: [settle(context.database, each, context.issuer.end) for each in _parts(settlements)],
        DOCUMENTS,
    )
    us["sequencing"] = _us(Sequencing(context).round, DOCUMENTS)
    us["counting"] = _us(Counting(context).round, DOCUMENTS)
    return us


def _claim(context: Context, claimed: list[Claim]) -> None:
    while len(claimed) < DOCUMENTS:
        now = clock()
        claimed += claim.claim(
            context.database,
            now=now,
            most=TOGETHER,
            in_flight={},
            agency_concurrency=TOGETHER,
            lease=_LEASE,
            next_try=lambda _attempts, now=now: now + timedelta(hours=1),  # type: ignore[misc]
        )


def _outgoing(claimed: Claim) -> Outgoing:
    assert claimed.body is not None
    return Outgoing(
        key=claimed.delivery,
        kind="document",
        content=claimed.body,
        digest=claimed.digest,
        sender=claimed.sender,
        receiver=claimed.addressed_as,
        document_id=claimed.document_id,
        subject=claimed.subject,
        priority=claimed.priority,
        accepted_at=claimed.accepted_at,
    )


def _parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while part := list(islice(rest, TOGETHER)):
        yield part


def _http(folder: Path, corpus: Path) -> float:
    port = processes.free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.budget:answer", "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--lifespan", "off"]
    with launched(command, {}, folder / "http.log") as process:
        processes.wait_until_ready(process, port, "/", folder / "http.log")
        before = processes.processor_seconds(process.pid)
        found = load.run(
            Plan(
                port=port,
                path="/",
                token="none",
                corpus=str(corpus),
                first=0,
                count=HTTP_POSTS,
                connections=64,
                seconds_max=30,
            )
        )
        return (processes.processor_seconds(process.pid) - before) / found.accepted * 1e6


async def answer(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """An application that reads what is posted, and does nothing with it."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    status = 202 if scope["method"] == "POST" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
