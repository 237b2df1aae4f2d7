"""Faults that other systems of this kind shipped, and what must hold here instead."""

import asyncio
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from exchange.adapter import AgencyAdapter, Outcome, Outgoing
from exchange.api.submission import Submission
from exchange.client import Problem
from exchange.connections import _Kept
from exchange.core.receipt import ReceiptKind
from exchange.core.refusal import Refused
from exchange.dispatch import Dispatch
from exchange.ledger import claim, inbox, reading
from exchange.ledger.directory_store import end_certificate, save
from exchange.retry import retry
from tests.client_broker import running
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE


def use(house: House, agency: str, adapter: AgencyAdapter) -> None:
    """Let an agency's software be this object."""
    known = house.context.registry.current.directory.get(agency)
    assert known is not None
    made_from = (known.adapter, repr(sorted(known.options.items())))
    house.connections._kept[agency] = _Kept(adapter, made_from)


class Counting(AgencyAdapter):
    """Delivers, and counts how often each key came."""

    def __init__(self) -> None:
        super().__init__({}, 5)
        self.keys: list[str] = []

    def deliver(self, outgoing: Outgoing) -> Outcome:
        from exchange.adapter import Delivered

        self.keys.append(outgoing.key)
        return Delivered()


class Broken(AgencyAdapter):
    """Fails in a way that its author did not foresee."""

    def __init__(self) -> None:
        super().__init__({}, 5)

    def deliver(self, outgoing: Outgoing) -> Outcome:
        raise KeyError("unforeseen")


PAST = datetime(2026, 1, 1, tzinfo=UTC)
PUSHED = {FINANCE: ("simulator", {"behaviour": "always"}), COMMUNE: ("simulator", {"behaviour": "always"})}


def test_two_hundred_concurrent_submissions_are_each_stored_with_their_own_content(house: House) -> None:
    submission = Submission(house.context)
    documents = [
        house.province.document(OFFICE, FINANCE, at=house.clock.now, attachment=f"bản số {number}".encode())
        for number in range(200)
    ]
    authorization = f"Bearer {house.province.secrets[OFFICE]}".encode()

    async def post(content: bytes) -> str:
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": content}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/documents",
            "headers": [(b"authorization", authorization)],
        }
        await submission(scope, receive, send)  # type: ignore[arg-type]
        assert sent[0]["status"] == 202, sent[1]["body"]
        return dict(sent[0]["headers"])[b"exchange-document"].decode()  # type: ignore[call-overload]

    async def post_all() -> list[str]:
        return await asyncio.gather(*(post(content) for content in documents))

    ids = asyncio.run(post_all())
    submission.close()
    assert len(set(ids)) == 200
    for identity, content in zip(ids, documents, strict=True):
        digest = reading.digest_of(house.context.database, identity)
        assert digest == hashlib.sha256(content).hexdigest()
        assert house.context.payloads.read(digest) == content


def test_the_same_bytes_get_the_original_acceptance_for_ever_and_are_delivered_once(house: House) -> None:
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    first = house.submit(content, OFFICE)
    assert house.fetch_all(FINANCE) == [content]
    house.clock.pass_(days=20)
    second = house.submit(content, OFFICE)
    assert (second.id, second.acceptance, second.fresh) == (first.id, first.acceptance, False)
    assert house.fetch_all(FINANCE) == []


def test_an_acceptance_outlives_everything_that_made_it_possible(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        content = site.province.document(OFFICE, FINANCE, at=datetime.now(UTC))
        first = site.client().submit(content)
        database = site.broker.database
        end_certificate(database, site.province.agencies[OFFICE].certificates[0].fingerprint, PAST)
        closed = replace(site.province.agencies[FINANCE], valid_to=PAST.date())
        save(database, [closed])
        site.broker.context.registry.renew()
        assert site.client().submit(content).xml == first.xml
        with pytest.raises(Problem):
            site.client().submit(site.province.document(OFFICE, FINANCE, at=datetime.now(UTC)))


def test_other_bytes_under_the_same_id_are_a_conflict_that_names_both_digests(house: House) -> None:
    province, now = house.province, house.clock.now
    message = province.message(OFFICE, FINANCE, at=now, number=7)
    other = province.message(OFFICE, FINANCE, at=now, number=7, attachment=b"another text")
    first, second = province.signed(message), province.signed(other)
    house.submit(first, OFFICE)
    with pytest.raises(Refused) as refused:
        house.submit(second, OFFICE)
    [refusal] = refused.value.refusals
    assert refusal.code == "document_id_conflict"
    assert refusal.values["accepted_digest"] == hashlib.sha256(first).hexdigest()
    assert refusal.values["digest"] == hashlib.sha256(second).hexdigest()


def test_a_refused_submission_leaves_no_key_behind(house: House) -> None:
    province, now = house.province, house.clock.now
    wrong = province.signed(province.message(OFFICE, "000.00.77.H45", at=now, number=8))
    with pytest.raises(Refused):
        house.submit(wrong, OFFICE)
    mended = province.signed(province.message(OFFICE, FINANCE, at=now, number=8))
    assert house.submit(mended, OFFICE).fresh


def test_a_lost_receipt_does_not_lead_to_a_second_delivery(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    counting = Counting()
    use(house, FINANCE, counting)
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    for _ in range(3):
        house.submit(content, OFFICE)
        house.work()
    assert len(counting.keys) == 1


def test_after_the_last_try_the_document_stays_visible_with_content_cause_and_receipt(
    make_house: MakeHouse,
) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "never"})}, expiry_hours=1)
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    answer = house.submit(content, OFFICE)
    house.work()
    house.clock.pass_(hours=2)
    house.sweep()
    [dead] = reading.dead_letters(house.context.database, 10)
    assert (dead["state"], dead["cause"], dead["receiver"]) == ("expired", "expired", FINANCE)
    assert house.context.payloads.read(dead["digest"]) == content
    assert [each.kind for each in house.receipts(answer.id)] == [ReceiptKind.ACCEPTANCE, ReceiptKind.EXPIRED]


def test_a_dead_letter_is_sent_again_once_and_ends_with_a_receipt_of_its_own(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "refuses", "code": "full", "reason": "full"})})
    answer = house.send(OFFICE, FINANCE)
    house.work()
    [dead] = reading.dead_letters(house.context.database, 10)
    use(house, FINANCE, Counting())
    new = retry(house.context, dead["id"])
    assert new is not None
    assert retry(house.context, dead["id"]) is None
    house.work()
    assert house.states(answer.id) == {FINANCE: "delivered"}
    assert [each.kind for each in house.receipts(answer.id)] == [
        ReceiptKind.ACCEPTANCE,
        ReceiptKind.REFUSED,
        ReceiptKind.DELIVERED,
    ]
    assert reading.dead_letters(house.context.database, 10) == []


def test_one_broken_receiver_does_not_stop_the_loop_for_the_others(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    use(house, FINANCE, Broken())
    answer = house.send(OFFICE, FINANCE, COMMUNE)
    house.work()
    assert house.states(answer.id) == {FINANCE: "waiting", COMMUNE: "delivered"}
    assert "KeyError" in house.deliveries(answer.id)[FINANCE]["reason"]


def test_overlapping_sweeps_make_exactly_one_receipt(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "never"})}, expiry_hours=1)
    answers = [house.send(OFFICE, FINANCE) for _ in range(20)]
    house.clock.pass_(hours=2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: house.sweep(), range(8)))
    for answer in answers:
        kinds = [each.kind for each in house.receipts(answer.id)]
        assert kinds == [ReceiptKind.ACCEPTANCE, ReceiptKind.EXPIRED]


def test_two_workers_never_attempt_one_delivery_at_once(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    counting = Counting()
    use(house, FINANCE, counting)
    for _ in range(40):
        house.send(OFFICE, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    barrier = threading.Barrier(4)

    def work(_: int) -> list[claim.Claim]:
        barrier.wait()
        mine: list[claim.Claim] = []
        while found := house.claim(dispatch, 3):
            mine += found
        return mine

    with ThreadPoolExecutor(4) as pool:
        claimed = [each for found in pool.map(work, range(4)) for each in found]
    for each in claimed:
        dispatch.attempt(each).result()
    dispatch.close()
    assert len(claimed) == 40
    assert sorted(counting.keys) == sorted(set(counting.keys))


def test_an_attempt_that_comes_back_late_does_not_end_the_delivery_a_second_time(
    make_house: MakeHouse,
) -> None:
    house = make_house(PUSHED)
    answer = house.send(OFFICE, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    [late] = house.claim(dispatch)
    house.clock.pass_(minutes=10)
    house.sweep()
    [second] = house.claim(dispatch)
    dispatch.attempt(second).result()
    dispatch.attempt(late).result()
    dispatch.close()
    assert [each.kind for each in house.receipts(answer.id)] == [
        ReceiptKind.ACCEPTANCE,
        ReceiptKind.DELIVERED,
    ]


def test_two_clients_of_one_agency_get_disjoint_documents(house: House) -> None:
    for _ in range(30):
        house.send(OFFICE, FINANCE)
    now = house.clock.now

    def lease(number: int) -> list[str]:
        got = inbox.lease(
            house.context.database,
            FINANCE,
            most=10,
            token=str(number),
            now=now,
            until=now + timedelta(minutes=5),
        )
        return [each.delivery for each in got]

    with ThreadPoolExecutor(3) as pool:
        taken = [delivery for got in pool.map(lease, range(6)) for delivery in got]
    assert len(taken) == len(set(taken)) == 30


def test_a_lease_that_runs_out_brings_the_document_back(house: House) -> None:
    house.send(OFFICE, FINANCE)
    now = house.clock.now
    inbox.lease(house.context.database, FINANCE, most=1, token="a", now=now, until=now + timedelta(minutes=5))
    assert inbox.look(house.context.database, FINANCE, 10) == []
    house.clock.pass_(minutes=6)
    house.sweep()
    assert len(inbox.look(house.context.database, FINANCE, 10)) == 1


def test_the_database_itself_refuses_to_change_or_delete_what_the_ledger_holds(house: House) -> None:
    house.send(OFFICE, FINANCE)
    for statement in (
        "UPDATE entry SET event = 'other'",
        "DELETE FROM entry",
        "UPDATE document SET digest = 'other'",
        "DELETE FROM document",
    ):
        with (
            pytest.raises(DatabaseError, match="the ledger only grows"),
            house.context.database.write() as db,
        ):
            db.execute(text(statement))


def test_accepted_and_delivered_never_share_a_word() -> None:
    from exchange.timeline import TEXTS

    accepted, delivered = TEXTS["accepted"], TEXTS["delivered"]
    assert "deliver" not in accepted[0].lower()
    assert "accept" not in delivered[0].lower()
    assert "đã tiếp nhận" not in delivered[1].lower()


def test_a_status_message_without_a_signature_is_refused(house: House) -> None:
    from lxml import etree

    from exchange.core.edxml import build_status

    province, now = house.province, house.clock.now
    message = province.message(OFFICE, FINANCE, at=now)
    answer = house.submit(province.signed(message), OFFICE)
    signed = province.status(FINANCE, OFFICE, message.document_id, "06", now)
    root = etree.fromstring(signed)
    for signature in root.iter("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        signature.getparent().remove(signature)  # type: ignore[union-attr]
        break
    with pytest.raises(Refused) as refused:
        house.report(etree.tostring(root), FINANCE)
    assert refused.value.refusals[0].code == "signature_missing"
    assert house.deliveries(answer.id)[FINANCE]["business"] == "none"
    assert build_status is not None


def test_urgent_documents_go_first_and_do_not_starve_the_others(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "always"})}, head_start_seconds=900)
    old = house.send(OFFICE, FINANCE)
    house.clock.pass_(minutes=61)
    ordinary = house.send(OFFICE, FINANCE)
    house.clock.pass_(seconds=1)
    urgent = house.send(OFFICE, FINANCE, priority=4)
    dispatch = Dispatch(house.context, house.connections)
    order = [each.document for each in house.claim(dispatch)]
    dispatch.close()
    assert order == [old.id, urgent.id, ordinary.id]


def test_no_agency_takes_more_than_its_share_of_the_workers(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    for _ in range(10):
        house.send(OFFICE, FINANCE)
    house.send(OFFICE, COMMUNE)
    claimed = claim.claim(
        house.context.database,
        now=house.clock.now,
        most=50,
        in_flight={FINANCE: 2},
        agency_concurrency=4,
        lease="w",
        next_try=lambda _: house.clock.now + timedelta(minutes=1),
    )
    assert [each.receiver for each in claimed].count(FINANCE) == 2
    assert [each.receiver for each in claimed].count(COMMUNE) == 1


def test_a_stopping_worker_gives_back_what_it_claimed(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    house.send(OFFICE, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    house.claim(dispatch)
    assert house.claim(dispatch) == []
    assert claim.give_back(house.context.database, "test", house.clock.now) == 1
    assert len(house.claim(dispatch)) == 1
    dispatch.close()
    assert DISTRICT
