"""The benchmark itself: it can be believed only if its parts do what it says of them."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from bench import (
    budget_report,
    documents,
    ledger,
    ledger_report,
    load,
    processes,
    report,
    share,
    share_report,
)
from bench.documents import Size
from bench.keys import Keys
from bench.load import Load, Plan
from bench.measure import FULL
from bench.results import Accept, Budget, Contender, Delivered, Journey, Kind, Memory, Results, Sample
from bench.servers import SCHEMA, Server, start_baseline
from bench.sink import Sink

COUNT = 20


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys.make()


@pytest.fixture(scope="module")
def corpus(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "small.documents"
    documents.make(path, COUNT, Size.SMALL, keys.sender, processes=1)
    return path


@pytest.fixture(scope="module")
def plain(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("plain")
    with start_baseline(folder, sender=keys.sender, stack=keys.stack, workers=1) as server:
        yield server


def plan(server: Server, corpus: Path, *, count: int = COUNT, rate: float = 0.0, token: str = "") -> Plan:
    return Plan(
        port=server.port,
        path=server.path,
        token=token or server.token,
        corpus=str(corpus),
        first=0,
        count=count,
        connections=2,
        seconds_max=20,
        rate=rate,
    )


def test_every_document_of_the_corpus_is_signed_follows_the_strict_schema_and_is_its_own(
    corpus: Path, keys: Keys
) -> None:
    certificate = x509.load_pem_x509_certificate(keys.sender.certificate)
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    made = documents.read(corpus, 0, COUNT)
    ids = set()
    for document in made:
        result = XMLVerifier().verify(
            document, x509_cert=certificate, expect_config=SignatureConfiguration(location="./")
        )
        assert isinstance(result, VerifyResult)
        assert result.signed_xml is not None
        schema.assertValid(result.signed_xml)
        ids.add(result.signed_xml.findtext(".//{*}MessageHeader/{*}DocumentId"))
    assert len(ids) == len(set(made)) == COUNT


def test_a_document_has_about_forty_elements_and_an_attachment_of_the_size_it_is_named_after() -> None:
    text = documents.unsigned(1, Size.MEDIUM, datetime.now(UTC))
    root = etree.fromstring(text.encode())
    encoded = root.findtext(".//{*}ContentTransferEncoded") or ""
    assert 40 <= len(list(root.iter())) <= 50
    assert len(encoded) * 3 // 4 == pytest.approx(200 * 1024, abs=3)


def test_reading_past_the_end_of_a_corpus_is_an_error(corpus: Path) -> None:
    with pytest.raises(ValueError, match="has no documents"):
        documents.read(corpus, 10, COUNT)


def test_the_plain_stack_stores_what_it_accepts_and_says_when_an_id_comes_again(
    plain: Server, corpus: Path
) -> None:
    before = plain.count("accepted")
    first = load.run(plan(plain, corpus))
    again = load.run(plan(plain, corpus))
    assert (first.posted, first.accepted, first.failures) == (COUNT, COUNT, {})
    assert again.failures == {"409": COUNT}
    assert plain.count("accepted") - before == COUNT
    assert 0 < first.p50_ms <= first.p95_ms <= first.p99_ms <= first.max_ms


def test_failures_are_counted_by_status_and_the_first_answer_is_kept(plain: Server, corpus: Path) -> None:
    refused = load.run(plan(plain, corpus, token="another"))
    assert (refused.accepted, refused.failures) == (0, {"401": COUNT})
    assert "the token is unknown" in refused.answer


def test_the_open_loop_posts_at_its_rate_whatever_the_server_answers(plain: Server, corpus: Path) -> None:
    found = load.run(plan(plain, corpus, rate=40, token="another"))
    assert found.posted == COUNT
    assert (COUNT - 1) / 40 - 0.1 <= found.seconds < 5  # no faster; how much later is the server's affair


def test_the_plain_stack_that_delivers_answers_when_the_receiver_has_each_document(
    keys: Keys, corpus: Path, tmp_path: Path
) -> None:
    with (
        Sink() as sink,
        start_baseline(
            tmp_path, sender=keys.sender, stack=keys.stack, workers=1, deliver_to=sink.url
        ) as server,
    ):
        found = load.run(plan(server, corpus))
        assert (found.accepted, found.failures) == (COUNT, {})
        assert server.count("accepted") == COUNT
        assert sink.count() == (COUNT, COUNT)


def test_the_plain_stack_that_delivers_does_not_accept_what_nobody_takes(
    keys: Keys, corpus: Path, tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{processes.free_port()}/documents"
    with start_baseline(
        tmp_path, sender=keys.sender, stack=keys.stack, workers=1, deliver_to=nobody
    ) as server:
        found = load.run(plan(server, corpus))
    assert (found.accepted, found.failures) == (0, {"502": COUNT})


_CHILD = "import sys, time; kept = b'x' * (60 << 20)\nwhile time.process_time() < 0.5: pass\n"
_WAITS = "print('waits', flush=True); sys.stdin.read()\n"
_PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {_CHILD!r}])
subprocess.run([sys.executable, "-c", {_CHILD + _WAITS!r}])
"""


def test_processor_time_and_memory_of_a_server_count_its_children_and_the_time_of_ended_ones() -> None:
    command = [sys.executable, "-c", _PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdout.readline()  # by now one child has ended and another waits
        used, resident = processes.processor_seconds(parent.pid), processes.resident_bytes(parent.pid)
        parent.stdin.close()
    assert 0.9 <= used < 2.5  # the system counts in ticks of 10 ms, process by process
    assert 60 << 20 <= resident < 110 << 20


def test_the_sink_counts_requests_and_distinct_idempotency_keys(corpus: Path, plain: Server) -> None:
    with Sink() as sink:
        posted = load.run(
            Plan(
                port=sink.port,
                path="/",
                token="",
                corpus=str(corpus),
                first=0,
                count=5,
                connections=1,
                seconds_max=10,
            )
        )
        assert (posted.posted, posted.failures) == (5, {"200": 5})
        assert sink.count() == (5, 1)  # the load generator sends no key: all are the same one


def sample(
    rate: float,
    *,
    failures: int = 0,
    stored: int | None = None,
    taken: int | None = None,
    elsewhere: float = 0.0,
) -> Sample:
    accepted = round(rate)
    found = Load(
        posted=accepted + failures,
        accepted=accepted,
        failures={"503": failures} if failures else {},
        seconds=1.0,
        counted=accepted,
        started_at=0.0,
        p50_ms=1.0,
        p95_ms=2.0,
        p99_ms=3.0,
        max_ms=4.0,
        generator_seconds=0.1,
        process_seconds=0.2,
        answer="",
    )
    kept = accepted if stored is None else stored
    return Sample(load=found, stored=kept, server_seconds=1.0, elsewhere=elsewhere, taken=taken)


def accept(kind: Kind, *samples: Sample) -> Accept:
    contender = Contender(kind=kind, processes=2)
    return Accept(size=Size.SMALL, contender=contender, connections=2, samples=samples)


def journey(rate: float) -> Journey:
    found = sample(rate)
    count = found.load.accepted
    return Journey(sample=found, receipts=count, requests=count, distinct=count, seconds=1.0)


def results(*fast: Sample, delivered: float = 0.0) -> Results:
    """Plain stacks of 100/s that delivers and of 200/s that accepts only, but for one fast round."""
    accepts = (
        accept(Kind.PLAIN_ACCEPTS, sample(200), sample(400), sample(200)),
        accept(Kind.PLAIN_DELIVERS, *(sample(rate, taken=rate) for rate in (100, 200, 100))),
        accept(Kind.BERGSHAMRA, *fast),
    )
    broker = Contender(kind=Kind.BERGSHAMRA, processes=2)
    journeys = Delivered(contender=broker, journeys=(journey(delivered),) * 3)
    return Results(
        scale=FULL,
        accepts=accepts,
        delivered=(journeys,) if delivered else (),
        latencies=(),
        memory=(),
        ledger=None,
        share=None,
        seconds=1.0,
    )


def test_a_ratio_is_the_median_of_the_ratios_within_the_rounds() -> None:
    judged = report.targets(results(sample(1600), sample(1600), sample(1700)))
    assert [(each.reached, each.met) for each in judged] == [("16.0 x", True), ("0 of 6,100; 0", True)]


def test_accepting_is_judged_against_the_plain_stack_that_delivers_and_the_way_to_the_receipt_is_not() -> (
    None
):
    accepting, to_receipt, _ = report.targets(
        results(sample(1600), sample(1600), sample(1600), delivered=2000)
    )
    assert accepting.wanted == "15 x plain stack, delivers"
    assert (accepting.reached, accepting.beside) == ("16.0 x", "8.0 x plain stack, accept only")
    assert to_receipt.wanted == "10 x plain stack, accept only"
    assert (to_receipt.reached, to_receipt.beside) == ("10.0 x", "20.0 x plain stack, delivers")


def test_a_missed_ratio_a_failure_and_a_lost_document_are_said_plainly() -> None:
    judged = report.targets(results(sample(1400), sample(1400, failures=1), sample(1400, stored=1399)))
    assert [(each.reached, each.met) for each in judged] == [("14.0 x", False), ("1 of 5,401; 1", False)]


def test_a_ratio_that_rests_on_a_busy_machine_is_marked() -> None:
    judged = report.targets(results(sample(1600), sample(1600, elsewhere=0.2), sample(1600)))
    assert judged[0].reached == "16.0 x !"


def test_memory_levels_off_where_the_second_half_of_the_documents_adds_little() -> None:
    def memory(end: int) -> Memory:
        halves = (sample(100), sample(100))
        contender = Contender(kind=Kind.SIGNXML, processes=1)
        return Memory(contender=contender, start_bytes=100, halfway_bytes=200, end_bytes=end, samples=halves)

    found = replace(results(*[sample(100)] * 3), memory=(memory(208), memory(220)))
    assert [(each.reached, each.met) for each in report.targets(found)[-2:]] == [
        ("+4.0%", True),
        ("+10.0%", False),
    ]


def test_the_budget_says_how_far_a_target_can_be_reached() -> None:
    budget = Budget(**dict.fromkeys(budget_report.STEPS, 100.0))
    told = budget_report.reachable(
        budget, cores=2, generator_us=100.0, plain=500.0, wanted={"signxml": 8, "bergshamra": 15}
    )
    assert (
        "- signxml: 600 us to the answer, 1,100 us to the receipt. 8 x the plain stack leaves 400 us." in told
    )
    assert "alone take 400 us: 8.0 x at the very most" in told
    assert "| webhook | 100 |" in budget_report.steps(budget)


def test_what_the_receiver_lacks_of_a_plain_stack_that_delivers_is_lost() -> None:
    assert sample(100, taken=99).lost == 1
    assert sample(100, stored=98, taken=99).lost == 2
    assert sample(100, stored=101, taken=101).lost == 0


def test_the_ledger_s_figures_are_of_a_tree_that_holds_what_is_proven(tmp_path: Path) -> None:
    scale = ledger.Scale(rounds=1, seconds=0.2, tree=70_000, rehashed=3_000)
    found = ledger.measure(tmp_path, scale, lambda _: None)  # each proof is checked as it is built
    assert found.proof_hashes == 17
    assert found.tiles_bytes == 32 * (70_000 + 273 + 1)
    assert found.sequenced > 0
    assert found.proof_ms <= found.proof_most_ms
    assert "70,000 entries" in ledger_report.section(found)
    [cost, proof, rehashed] = report.targets(replace(results(*[sample(100)] * 3), ledger=found))[-3:]
    assert cost.reached == f"{found.sequence_us / 1e4:.1%}"  # of 10 ms
    assert (proof.met, rehashed.met) == (found.proof_most_ms < 10, found.rehashed_rate >= 100_000)


def test_reports_are_timed_over_a_history_of_which_they_count_every_exchange(tmp_path: Path) -> None:
    scale = share.Scale(exchanges=7_200, rounds=1)
    store = share.measured(
        "SQLite", f"sqlite:///{tmp_path / 'share.sqlite'}", tmp_path, scale, lambda _: None
    )
    found = share.Figures(scale=scale, stores=(store,))
    assert len(store.reports) == len(list(share.questions()))
    assert 0 < found.most_ms == max(each.median_ms for each in store.reports)
    assert "| share by pair, 36 months |" in share_report.section(found)
    connection = sqlite3.connect(tmp_path / "share.sqlite")
    try:
        counted = "SELECT sum(electronic + with_paper + paper + under_way + refused + expired) FROM tally"
        for facet in ("all", "pair", "pair_quarter", "pair_year", "receiver", "type", "urgency"):
            where = f"WHERE facet = '{facet}' AND unit = 'exchanges'"
            assert connection.execute(f"{counted} {where}").fetchone() == (7_200,), facet
        assert connection.execute("SELECT count(*) FROM exchange").fetchone() == (7_200,)
    finally:
        connection.close()
    [target] = report.targets(replace(results(*[sample(100)] * 3), share=found))[-1:]
    assert target.met == (found.most_ms < share_report.TARGET_MS)
