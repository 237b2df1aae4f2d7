"""An agency is closed while documents wait there: each goes on to the one that follows, or comes back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from exchange.audit.anchors import Anchors
from exchange.audit.receipts import check
from exchange.cli.agency_files import sentence
from exchange.closing import Closings, Outlook, outlook
from exchange.context import today
from exchange.core.receipt import ReceiptKind
from exchange.core.reorganisation import Reorganised
from exchange.counting import Counting
from exchange.intake import Answer
from exchange.ledger import closing as ledger
from exchange.ledger import directory_store, reading
from exchange.ledger.counting import CAUSE_TALLY, EXCHANGE, TALLY
from exchange.pickup import Pickup
from exchange.retry import retry
from exchange.sequencing import Sequencing
from exchange.timeline import timeline
from tests.conftest import MakeHouse
from tests.core.plan_file import plan, step
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE
from tests.reorganising import MONTH, contents, write_down


def prepare(house: House, *lines: str) -> Reorganised:
    """Write a plan down; each line begins tomorrow."""
    return write_down(house, plan(*lines), today(house.clock.now) + timedelta(days=1))


def closing(house: House) -> int:
    """One round of the sweep; how many messages it dealt with."""
    return Closings(house.context).step()


def tomorrow(house: House) -> None:
    house.clock.pass_(days=1)


def merge(agency: str, successor: str, waiting: str = "forward") -> str:
    return step("merge", agency, date="", successors=successor, waiting=waiting, note="NQ 1")


def ends_of(house: House, answer: Answer) -> list[tuple[str, ReceiptKind, str]]:
    """Receiver, kind and cause of every end that was told to the sender."""
    return [
        (each.deliveries[0].receiver, each.kind, each.reason_code)
        for each in house.receipts(answer.id)
        if each.kind is not ReceiptKind.ACCEPTANCE
    ]


def said(house: House, answer: Answer) -> str:
    """What the verifier says, in English, of the last receipt."""
    row = reading.receipts_of(house.context.database, answer.id)[-1]
    _, [vouched, *_] = check(row["body"], "receipt.xml", Anchors())
    return vouched.text


def test_a_waiting_document_goes_on_to_the_agency_that_follows_and_the_sender_is_told(house: House) -> None:
    content = house.province.document(OFFICE, COMMUNE, at=house.clock.now)
    answer = house.submit(content, OFFICE)
    prepare(house, merge(COMMUNE, FINANCE))
    assert closing(house) == 0, "not before its day"
    tomorrow(house)
    assert closing(house) == 1
    assert ends_of(house, answer) == [(COMMUNE, ReceiptKind.REFUSED, "receiver_forwarded")]
    reason = house.receipts(answer.id)[-1].reason
    assert f"{COMMUNE} ngừng hoạt động từ ngày 25/11/2026 (NQ 1); văn bản chuyển tới {FINANCE}" in reason
    assert f"it goes on to {FINANCE}" in reason
    assert "Forwarded to the agency that follows (" in said(house, answer)
    assert "Ended without" not in said(house, answer)
    assert house.fetch_all(FINANCE) == [content]
    assert ends_of(house, answer)[-1] == (FINANCE, ReceiptKind.DELIVERED, "")
    onward = house.deliveries(answer.id)[FINANCE]
    assert (onward["forwarded_from"], onward["round"]) == (COMMUNE, 1)


def test_a_waiting_document_comes_back_with_a_receipt_where_the_plan_says_so(house: House) -> None:
    answer = house.send(OFFICE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE, "return"))
    tomorrow(house)
    assert closing(house) == 1
    assert ends_of(house, answer) == [(COMMUNE, ReceiptKind.REFUSED, "receiver_closed")]
    assert f"kế thừa có {FINANCE}; văn bản trả lại bên gửi" in house.receipts(answer.id)[-1].reason
    assert house.fetch_all(FINANCE) == []


def test_what_waits_at_an_agency_that_is_split_comes_back_with_the_codes_of_those_that_follow(
    house: House,
) -> None:
    answer = house.send(OFFICE, COMMUNE)
    prepare(house, step("split", COMMUNE, date="", successors=f"{FINANCE};{DISTRICT}", waiting="return"))
    tomorrow(house)
    closing(house)
    assert ends_of(house, answer) == [(COMMUNE, ReceiptKind.REFUSED, "receiver_split")]
    assert f"it is followed by {FINANCE}, {DISTRICT}" in house.receipts(answer.id)[-1].reason


def test_a_document_for_its_own_sender_is_not_forwarded(house: House) -> None:
    answer = house.send(FINANCE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE))
    tomorrow(house)
    closing(house)
    assert ends_of(house, answer) == [(COMMUNE, ReceiptKind.REFUSED, "receiver_closed")]
    assert "chính là bên gửi" in house.receipts(answer.id)[-1].reason


def test_a_document_that_the_agency_that_follows_does_not_take_comes_back_with_the_reason(
    house: House,
) -> None:
    answer = house.send(OFFICE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE))
    follower = house.context.registry.current.directory.get(FINANCE)
    assert follower is not None
    limits = replace(follower.limits, attachment_types=frozenset({"image/tiff"}))
    directory_store.save(house.context.database, [replace(follower, limits=limits)])
    house.context.registry.renew()
    due = ledger.closings(house.context.database, today(house.clock.now) + timedelta(days=1))
    directory = house.context.registry.current.directory
    assert outlook(contents(house), directory, due, house.clock.now) == {COMMUNE: Outlook(returned=1)}
    tomorrow(house)
    closing(house)
    assert ends_of(house, answer) == [(COMMUNE, ReceiptKind.REFUSED, "receiver_closed")]
    assert "chỉ nhận tệp đính kèm loại image/tiff" in house.receipts(answer.id)[-1].reason
    assert house.fetch_all(FINANCE) == []


def test_one_document_for_two_agencies_that_merge_goes_on_once(house: House) -> None:
    both = house.send(OFFICE, COMMUNE, DISTRICT)
    named = house.send(OFFICE, COMMUNE, FINANCE)
    prepare(house, merge(COMMUNE, FINANCE), merge(DISTRICT, FINANCE))
    tomorrow(house)
    assert closing(house) == 3
    assert len(house.fetch_all(FINANCE)) == 2
    assert house.states(both.id) == {COMMUNE: "refused", DISTRICT: "refused", FINANCE: "delivered"}
    assert house.states(named.id) == {COMMUNE: "refused", FINANCE: "delivered"}


def test_a_document_that_a_client_is_fetching_is_left_to_it(house: House) -> None:
    answer = house.send(OFFICE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE))
    tomorrow(house)
    pickup = Pickup(house.context)
    [leased] = pickup.lease(COMMUNE, 1, 300)
    assert closing(house) == 0
    pickup.acknowledge(COMMUNE, leased.delivery, leased.lease)
    pickup.close()
    assert closing(house) == 0
    assert house.states(answer.id) == {COMMUNE: "delivered"}


def test_a_document_that_is_given_back_goes_on(house: House) -> None:
    answer = house.send(OFFICE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE))
    tomorrow(house)
    pickup = Pickup(house.context)
    pickup.lease(COMMUNE, 1, 60)
    pickup.close()
    house.clock.pass_(minutes=2)
    house.sweep()
    assert closing(house) == 1
    assert house.states(answer.id)[FINANCE] == "available"


def test_receipts_for_a_closed_sender_go_to_the_one_that_follows_and_no_end_is_told_of_them(
    house: House,
) -> None:
    answer = house.send(COMMUNE, OFFICE)
    house.fetch_all(OFFICE)
    prepare(house, merge(COMMUNE, FINANCE, "return"))
    tomorrow(house)
    assert closing(house) == 1
    assert ends_of(house, answer) == [(OFFICE, ReceiptKind.DELIVERED, "")]
    [receipt] = house.fetch_all(FINANCE)
    assert b"ContentHandover" in receipt


def test_receipts_for_a_sender_that_was_split_go_to_each_part(house: House) -> None:
    house.send(COMMUNE, OFFICE)
    house.fetch_all(OFFICE)
    prepare(house, step("split", COMMUNE, date="", successors=f"{FINANCE};{DISTRICT}", waiting="return"))
    tomorrow(house)
    assert closing(house) == 1
    assert len(house.fetch_all(FINANCE)) == len(house.fetch_all(DISTRICT)) == 1
    assert house.fetch_all(COMMUNE) == []


def test_receipts_for_an_agency_that_nobody_follows_stay_for_it_to_fetch(house: House) -> None:
    house.send(COMMUNE, OFFICE)
    house.fetch_all(OFFICE)
    prepare(house, step("close", COMMUNE, date="", waiting="return"))
    tomorrow(house)
    assert closing(house) == 0
    assert len(house.fetch_all(COMMUNE)) == 1


def test_two_that_deal_with_the_same_at_once_end_it_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = house.send(OFFICE, COMMUNE)
    due = {each.agency: each for each in prepare(house, merge(COMMUNE, FINANCE)).closings}
    tomorrow(house)
    seen = ledger.held(house.context.database, [COMMUNE], "", 10)
    monkeypatch.setattr(ledger, "closings", lambda *_: due)
    monkeypatch.setattr(ledger, "held", lambda _database, _agencies, after, _most: [] if after else seen)
    assert [closing(house), closing(house)] == [1, 0]
    assert len(ends_of(house, answer)) == 1
    assert house.states(answer.id) == {COMMUNE: "refused", FINANCE: "available"}


def test_whoever_follows_reports_and_the_sender_takes_back_the_document_that_went_on(house: House) -> None:
    message = house.province.message(OFFICE, COMMUNE, at=house.clock.now)
    answer = house.submit(house.province.signed(message), OFFICE)
    prepare(house, merge(COMMUNE, FINANCE))
    tomorrow(house)
    closing(house)
    asked = house.province.status(OFFICE, COMMUNE, message.document_id, "13", house.clock.now)
    house.report(asked, OFFICE)
    assert house.states(answer.id) == {COMMUNE: "refused", FINANCE: "refused"}
    assert house.deliveries(answer.id)[FINANCE]["cause"] == "taken_back"


def test_what_went_on_or_came_back_is_no_dead_letter_and_is_not_sent_again(house: House) -> None:
    answers = {agency: house.send(OFFICE, agency) for agency in (COMMUNE, DISTRICT)}
    prepare(house, merge(COMMUNE, FINANCE), merge(DISTRICT, FINANCE, "return"))
    tomorrow(house)
    assert closing(house) == 2
    assert reading.dead_letters(house.context.database, 10) == []
    for agency in (COMMUNE, DISTRICT):
        assert retry(house.context, house.deliveries(answers[agency].id)[agency]["id"]) is None


def test_the_history_of_a_document_tells_that_it_was_forwarded_and_the_ledger_that_it_began(
    house: House,
) -> None:
    answer = house.send(OFFICE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE))
    tomorrow(house)
    closing(house)
    dossier = reading.dossier(house.context.database, answer.id)
    assert dossier is not None
    told = [each for each in timeline(dossier) if each.event == "forwarded"]
    assert [each.text_vi for each in told] == [f"Chuyển tiếp tới đơn vị kế thừa {FINANCE}"]


def test_certificates_end_with_the_agency_and_tokens_when_its_receipts_have_run_out(house: House) -> None:
    prepare(house, merge(COMMUNE, FINANCE))
    _, agencies, tokens = directory_store.load(house.context.database)
    [commune] = [each for each in agencies if each.code == COMMUNE]
    [certificate] = commune.certificates
    end = certificate.valid_to
    assert end is not None
    assert end.isoformat() == "2026-11-24T17:00:00+00:00"  # midnight in Vietnam
    assert {each.expires_at for each in tokens if each.agency == COMMUNE} == {end + MONTH}
    assert all(each.expires_at > end + MONTH for each in tokens if each.agency != COMMUNE)


def test_a_document_for_an_agency_that_is_pushed_to_is_attempted(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {})})
    answer = house.send(OFFICE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE))
    tomorrow(house)
    assert closing(house) == 1
    house.work()
    assert house.states(answer.id)[FINANCE] == "delivered"


def test_what_the_dry_run_tells_is_what_is_done(house: House) -> None:
    for receiver in (COMMUNE, COMMUNE, DISTRICT):
        house.send(OFFICE, receiver)
    house.send(FINANCE, COMMUNE)
    done = prepare(house, merge(COMMUNE, FINANCE), merge(DISTRICT, FINANCE, "return"))
    due = {each.agency: each for each in done.closings}
    told = outlook(contents(house), done.directory, due, house.clock.now)
    assert told == {COMMUNE: Outlook(forwarded=2, returned=1), DISTRICT: Outlook(returned=1)}
    tomorrow(house)
    assert closing(house) == 4
    assert len(house.fetch_all(FINANCE)) == 2 + 1  # two documents, and the receipt of its own
    assert all(sentence(each) for each in done.changes)


@pytest.mark.parametrize("waiting", ["forward", "return"])
def test_a_broker_that_was_down_on_the_day_deals_with_it_later(house: House, waiting: str) -> None:
    answer = house.send(OFFICE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE, waiting))
    house.clock.pass_(days=2, hours=12)
    assert closing(house) == 1
    assert house.states(answer.id)[COMMUNE] == "refused"


def test_a_document_that_went_on_is_one_exchange_of_the_day_on_which_it_was_sent(house: House) -> None:
    def counted() -> list[tuple[object, ...]]:
        Sequencing(house.context).round()
        Counting(house.context).round()
        with house.context.database.read() as connection:
            columns = EXCHANGE.c.receiver, EXCHANGE.c.electronic, EXCHANGE.c.sent_on
            return sorted(map(tuple, connection.execute(select(*columns))))

    house.send(OFFICE, COMMUNE)
    prepare(house, merge(COMMUNE, FINANCE))
    sent_on = today(house.clock.now)
    tomorrow(house)
    closing(house)
    assert (FINANCE, "under_way", sent_on) in counted()
    house.fetch_all(FINANCE)
    assert counted() == [(FINANCE, "delivered", sent_on), (COMMUNE, "none", sent_on)]
    with house.context.database.read() as connection:
        tallied = connection.execute(select(TALLY).where(TALLY.c.facet == "all")).mappings().all()
        causes = connection.execute(select(CAUSE_TALLY)).all()
    assert [(row["unit"], row["electronic"], row["refused"]) for row in tallied] == [
        ("documents", 1, 0),
        ("exchanges", 1, 0),
    ]
    assert causes == []
