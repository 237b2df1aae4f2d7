"""Something may have left though nobody heard so: the receiver's signed word decides, and ends it once."""

from dataclasses import replace

import pytest

from exchange.core.receipt import ReceiptKind
from exchange.dispatch import Dispatch
from exchange.ledger import directory_store, reading
from exchange.pickup import Pickup
from exchange.retry import retry
from tests.acceptance.test_withdrawal import (
    PUSHED,
    Failing,
    end,
    pass_until_the_end,
    revoke,
    send,
    take_back,
)
from tests.anomaly.test_lessons import use
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import FINANCE, OFFICE

SILENT = {FINANCE: ("simulator", {"behaviour": "never"})}
NOT_LEFT = "It had not left yet"


def report(house: House, document_id: str, code: str) -> None:
    house.clock.pass_(seconds=1)
    house.report(house.province.status(FINANCE, OFFICE, document_id, code, house.clock.now), FINANCE)


def fetch_and_fall_silent(house: House) -> str:
    """The receiver's client fetches and does not acknowledge; its lease runs out."""
    pickup = Pickup(house.context)
    [item] = pickup.lease(FINANCE, 1, 300)
    pickup.fetch(FINANCE, item.delivery, item.lease)
    pickup.close()
    house.clock.pass_(minutes=10)
    house.sweep()
    return item.delivery


def words(house: House, document: str) -> list[str]:
    dossier = reading.dossier(house.context.database, document)
    assert dossier is not None
    return [each["description"] for each in dossier.statuses]


@pytest.mark.parametrize("code", ["01", "02", "03", "06"])
def test_what_was_fetched_under_a_lease_that_ran_out_is_delivered_by_the_receivers_word(
    house: House, code: str
) -> None:
    identity, document_id = send(house, FINANCE)
    delivery = fetch_and_fall_silent(house)
    assert house.states(identity) == {FINANCE: "available"}
    report(house, document_id, code)
    pass_until_the_end(house)
    assert end(house, identity) == (ReceiptKind.DELIVERED, "", False)
    assert house.receipts(identity)[1].reference == f"status {code}"
    assert house.deliveries(identity)[FINANCE]["business"] == code
    pickup = Pickup(house.context)
    assert pickup.fetch(FINANCE, delivery, "")[1]
    pickup.close()


def test_what_was_pushed_and_its_answer_lost_is_delivered_by_the_receivers_word(
    make_house: MakeHouse,
) -> None:
    house = make_house(SILENT)
    identity, document_id = send(house, FINANCE)
    house.work()
    report(house, document_id, "03")
    assert house.states(identity) == {FINANCE: "delivered"}
    pass_until_the_end(house)
    assert end(house, identity) == (ReceiptKind.DELIVERED, "", False)
    assert house.deliveries(identity)[FINANCE]["attempts"] == 1


def test_a_client_that_reports_before_it_acknowledges_may_still_acknowledge(house: House) -> None:
    identity, document_id = send(house, FINANCE)
    pickup = Pickup(house.context)
    [item] = pickup.lease(FINANCE, 1, 300)
    report(house, document_id, "03")
    assert pickup.fetch(FINANCE, item.delivery, item.lease)[1]
    pickup.acknowledge(FINANCE, item.delivery, item.lease)
    pickup.close()
    assert end(house, identity) == (ReceiptKind.DELIVERED, "", False)


@pytest.mark.parametrize("how", ["revoked", "taken_back"])
@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        ("03", (ReceiptKind.DELIVERED, "", False)),
        ("16", (ReceiptKind.DELIVERED, "", False)),
        ("15", (ReceiptKind.REFUSED, None, False)),
        ("", (ReceiptKind.REFUSED, None, True)),
    ],
)
@pytest.mark.parametrize("way", ["fetched", "pushed"])
def test_a_withdrawal_of_what_may_have_left_waits_for_the_receivers_word(
    make_house: MakeHouse, way: str, how: str, answer: str, ended: tuple[ReceiptKind, str | None, bool]
) -> None:
    house = make_house(SILENT if way == "pushed" else {})
    identity, document_id = send(house, FINANCE)
    if way == "pushed":
        house.work()
    else:
        fetch_and_fall_silent(house)
    (revoke if how == "revoked" else take_back)(house, document_id, FINANCE)
    assert house.states(identity) == {FINANCE: "waiting"}
    if answer:
        report(house, document_id, answer)
    pass_until_the_end(house)
    assert end(house, identity) == tuple(how if part is None else part for part in ended)
    if how == "taken_back":
        assert house.deliveries(identity)[FINANCE]["take_back"] == {"03": "13", "": "13"}.get(answer, answer)
    assert NOT_LEFT not in words(house, identity)


def test_the_request_for_what_may_have_left_reaches_the_receiver_and_the_document_no_more(
    house: House,
) -> None:
    identity, document_id = send(house, FINANCE)
    fetch_and_fall_silent(house)
    take_back(house, document_id, FINANCE)
    [request] = house.fetch_all(FINANCE)
    assert b">13<" in request
    report(house, document_id, "15")
    delivery = house.deliveries(identity)[FINANCE]
    assert (delivery["state"], delivery["take_back"]) == ("refused", "15")
    assert reading.dead_letters(house.context.database, 10) == []


def test_what_left_in_an_earlier_round_may_have_arrived(make_house: MakeHouse) -> None:
    house = make_house(SILENT)
    identity, document_id = send(house, FINANCE)
    house.work()
    pass_until_the_end(house)
    again = retry(house.context, house.deliveries(identity)[FINANCE]["id"])
    assert again is not None
    take_back(house, document_id, FINANCE)
    newest = house.deliveries(identity)[FINANCE]
    assert (newest["id"], newest["state"], newest["attempts"]) == (again.id, "waiting", 0)
    assert NOT_LEFT not in words(house, identity)
    report(house, document_id, "03")
    kinds = [each.kind for each in house.receipts(identity)]
    assert kinds == [ReceiptKind.ACCEPTANCE, ReceiptKind.EXPIRED, ReceiptKind.DELIVERED]


@pytest.mark.parametrize("then", ["fails", "is refused", "is cut off"])
def test_a_word_that_comes_during_an_attempt_counts_when_nothing_is_heard_of_it(
    make_house: MakeHouse, then: str
) -> None:
    behaviour = {"behaviour": "refuses" if then == "is refused" else "never"}
    house = make_house({FINANCE: ("simulator", behaviour)})
    identity, document_id = send(house, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    [claim] = house.claim(dispatch)
    report(house, document_id, "03")
    assert house.states(identity) == {FINANCE: "waiting"}
    if then == "is cut off":
        house.clock.pass_(hours=1)
        house.sweep()
        [claim] = house.claim(dispatch)
    dispatch.attempt(claim)
    dispatch.close()
    assert end(house, identity) == (ReceiptKind.DELIVERED, "", False)


def test_a_word_that_comes_before_the_answer_of_who_confirms_later_is_the_confirmation(
    make_house: MakeHouse,
) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "accepts"})})
    identity, document_id = send(house, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    [claim] = house.claim(dispatch)
    report(house, document_id, "03")
    dispatch.attempt(claim)
    dispatch.close()
    assert end(house, identity) == (ReceiptKind.DELIVERED, "", False)


def test_a_word_from_before_anything_left_proves_nothing_later(make_house: MakeHouse) -> None:
    house = make_house(SILENT)
    identity, document_id = send(house, FINANCE)
    report(house, document_id, "03")
    house.work()
    pass_until_the_end(house)
    assert end(house, identity) == (ReceiptKind.EXPIRED, "expired", False)


def test_taking_back_what_never_left_and_was_reported_on_asks_the_receiver(house: House) -> None:
    identity, document_id = send(house, FINANCE)
    report(house, document_id, "03")
    take_back(house, document_id, FINANCE)
    delivery = house.deliveries(identity)[FINANCE]
    assert (delivery["state"], delivery["take_back"]) == ("refused", "13")
    assert NOT_LEFT not in words(house, identity)
    [request] = house.fetch_all(FINANCE)
    assert b">13<" in request


@pytest.mark.parametrize("ended", ["expired", "refused"])
def test_a_word_after_the_end_is_kept_changes_no_receipt_and_is_enough(
    make_house: MakeHouse, ended: str
) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "refuses" if ended == "refused" else "never"})})
    identity, document_id = send(house, FINANCE)
    house.work()
    pass_until_the_end(house)
    assert len(reading.dead_letters(house.context.database, 10)) == 1
    report(house, document_id, "03")
    delivery = house.deliveries(identity)[FINANCE]
    assert (delivery["state"], delivery["business"]) == (ended, "03")
    assert len(house.receipts(identity)) == 2
    assert any(b">03<" in each for each in house.fetch_all(OFFICE))
    assert document_id not in [
        each["document_id"] for each in reading.dead_letters(house.context.database, 10)
    ]
    assert retry(house.context, delivery["id"]) is None


@pytest.mark.parametrize("ended", ["expired", "refused"])
def test_taking_back_what_ended_after_it_may_have_left_asks_the_receiver(
    make_house: MakeHouse, ended: str
) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "refuses" if ended == "refused" else "never"})})
    identity, document_id = send(house, FINANCE)
    house.work()
    pass_until_the_end(house)
    software = Failing()
    software.works = True
    use(house, FINANCE, software)
    take_back(house, document_id, FINANCE)
    house.work()
    assert len(software.keys) == 1
    delivery = house.deliveries(identity)[FINANCE]
    assert (delivery["state"], delivery["take_back"]) == (ended, "13")
    assert NOT_LEFT not in words(house, identity)
    assert retry(house.context, delivery["id"]) is None


def test_what_is_withdrawn_while_it_is_put_out_for_one_who_fetches_is_not_given_out(
    make_house: MakeHouse,
) -> None:
    house = make_house(PUSHED)
    identity, document_id = send(house, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    [claim] = house.claim(dispatch)
    fetching = replace(house.province.agencies[FINANCE], adapter="inbox", options={})
    directory_store.save(house.context.database, [fetching])
    house.context.registry.renew()
    take_back(house, document_id, FINANCE)
    dispatch.attempt(claim)
    dispatch.close()
    [request] = house.fetch_all(FINANCE)
    assert b">13<" in request
    assert house.states(identity) == {FINANCE: "waiting"}


def test_an_agency_is_not_called_unreachable_for_what_its_partner_withdrew(make_house: MakeHouse) -> None:
    house = make_house(SILENT)
    _, document_id = send(house, FINANCE)
    house.work()
    assert reading.waiting_since(house.context.database, [FINANCE])
    take_back(house, document_id, FINANCE)
    assert reading.waiting_since(house.context.database, [FINANCE]) == {}
