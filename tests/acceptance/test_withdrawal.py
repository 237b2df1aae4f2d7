"""What its sender withdrew does not go out: not later, not by a retry, and not without a word."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from exchange.adapter import AgencyAdapter, Delivered, Outcome, Outgoing, Retry
from exchange.core.edxml import Business, BusinessType
from exchange.core.receipt import ReceiptKind
from exchange.dispatch import Dispatch
from exchange.ledger import directory_store, reading
from exchange.pickup import Pickup
from exchange.retry import retry
from tests.anomaly.test_lessons import use
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, FINANCE, OFFICE

PUSHED = {FINANCE: ("simulator", {"behaviour": "always"})}


class Failing(AgencyAdapter):
    """Fails until it is told not to."""

    def __init__(self) -> None:
        super().__init__({}, 5)
        self.keys: list[str] = []
        self.works = False

    def deliver(self, outgoing: Outgoing) -> Outcome:
        self.keys.append(outgoing.key)
        return Delivered() if self.works else Retry("away")


def send(house: House, *receivers: str) -> tuple[str, str]:
    message = house.province.message(OFFICE, *receivers, at=house.clock.now)
    return house.submit(house.province.signed(message), OFFICE).id, message.document_id


def revoke(house: House, document_id: str, *receivers: str) -> None:
    business = Business(doc_type=BusinessType.REVOKE, document_id=document_id, reason="Sai")
    house.send(OFFICE, *receivers, business=business)


def take_back(house: House, document_id: str, receiver: str) -> None:
    house.report(house.province.status(OFFICE, receiver, document_id, "13", house.clock.now), OFFICE)


def pass_until_the_end(house: House) -> None:
    house.clock.pass_(hours=house.context.settings.expiry_hours)
    house.sweep()


def end(house: House, document: str) -> tuple[ReceiptKind, str, bool]:
    """The one end of a document with one receiver: kind, cause, and whether the receipt leaves a doubt."""
    acceptance, ended = house.receipts(document)
    assert acceptance.kind is ReceiptKind.ACCEPTANCE
    return ended.kind, ended.reason_code, "may have reached" in ended.reason


@pytest.mark.parametrize("how", ["revoked", "taken_back"])
def test_a_withdrawn_document_is_no_dead_letter_and_is_never_sent_again(house: House, how: str) -> None:
    identity, document_id = send(house, FINANCE)
    (revoke if how == "revoked" else take_back)(house, document_id, FINANCE)
    delivery = house.deliveries(identity)[FINANCE]
    assert (delivery["state"], delivery["cause"]) == ("refused", how)
    assert reading.dead_letters(house.context.database, 10) == []
    assert retry(house.context, delivery["id"]) is None


@pytest.mark.parametrize("how", ["taken back", "ended in doubt"])
def test_the_bell_rings_for_the_receipt_of_what_was_withdrawn(make_house: MakeHouse, how: str) -> None:
    """Its sender is not told only when a worker looks by itself."""
    house = make_house({**PUSHED, OFFICE: ("simulator", {"behaviour": "always"})})
    if how == "ended in doubt":
        use(house, FINANCE, Failing())
    _, document_id = send(house, FINANCE)
    if how == "ended in doubt":
        house.work()
    rung: list[str] = []
    house.context.bell.announce = rung.extend  # type: ignore[method-assign]
    take_back(house, document_id, FINANCE)
    if how == "ended in doubt":
        rung.clear()
        pass_until_the_end(house)
    with house.context.database.read() as connection:
        receipts = set(
            connection.execute(
                text("SELECT id FROM delivery WHERE kind = 'receipt' AND state = 'ready'")
            ).scalars()
        )
    assert receipts
    assert receipts <= set(rung)


def test_a_dead_letter_whose_document_was_revoked_since_is_not_sent_again(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "refuses", "code": "full", "reason": "đầy"})})
    identity, document_id = send(house, FINANCE)
    house.work()
    revoke(house, document_id, FINANCE)
    assert retry(house.context, house.deliveries(identity)[FINANCE]["id"]) is None


@pytest.mark.parametrize("how", ["revoked", "taken_back"])
def test_what_is_withdrawn_during_an_attempt_that_then_fails_does_not_go_out_again(
    make_house: MakeHouse, how: str
) -> None:
    house = make_house(PUSHED)
    software = Failing()
    use(house, FINANCE, software)
    identity, document_id = send(house, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    [claim] = house.claim(dispatch)
    (revoke if how == "revoked" else take_back)(house, document_id, FINANCE)
    dispatch.attempt(claim).result()
    dispatch.close()
    software.works = True
    house.clock.pass_(hours=1)
    house.sweep()
    house.work()
    assert claim.delivery in software.keys
    assert software.keys.count(claim.delivery) == 1
    assert len(software.keys) == 2  # the document once, and what withdraws it
    delivery = house.deliveries(identity)[FINANCE]
    assert (delivery["state"], delivery["cause"]) == ("waiting", how)
    assert delivery["take_back"] == ("13" if how == "taken_back" else "none")
    pass_until_the_end(house)
    assert software.keys.count(claim.delivery) == 1
    assert end(house, identity) == (ReceiptKind.REFUSED, how, True)


def test_what_is_withdrawn_during_an_attempt_that_succeeds_is_delivered(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    identity, document_id = send(house, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    [claim] = house.claim(dispatch)
    take_back(house, document_id, FINANCE)
    dispatch.attempt(claim).result()
    dispatch.close()
    assert house.states(identity) == {FINANCE: "delivered"}
    assert house.deliveries(identity)[FINANCE]["take_back"] == "13"


def test_what_is_withdrawn_under_a_worker_that_dies_ends_when_it_is_due(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    identity, document_id = send(house, FINANCE)
    dispatch = Dispatch(house.context, house.connections)
    house.claim(dispatch)
    revoke(house, document_id, FINANCE)
    dispatch.close()
    house.clock.pass_(hours=1)
    house.sweep()
    assert house.states(identity) == {FINANCE: "waiting"}
    pass_until_the_end(house)
    assert end(house, identity) == (ReceiptKind.REFUSED, "revoked", True)


@pytest.mark.parametrize("then", ["gives it back", "is not heard of again"])
def test_what_is_withdrawn_while_a_client_has_it_is_not_given_out_again(house: House, then: str) -> None:
    identity, document_id = send(house, FINANCE)
    pickup = Pickup(house.context)
    [item] = pickup.lease(FINANCE, 1, 300)
    take_back(house, document_id, FINANCE)
    if then == "gives it back":
        pickup.release(FINANCE, item.delivery, item.lease)
    pickup.close()
    house.clock.pass_(minutes=10)
    house.sweep()
    [request] = house.fetch_all(FINANCE)
    assert b">13<" in request
    pass_until_the_end(house)
    assert end(house, identity) == (ReceiptKind.REFUSED, "taken_back", True)


def test_a_status_message_that_cannot_be_delivered_has_a_receipt_and_is_a_dead_letter(
    make_house: MakeHouse,
) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "refuses", "code": "full", "reason": "đầy"})})
    _, document_id = send(house, COMMUNE)
    house.fetch_all(COMMUNE)
    message = house.province.message(FINANCE, COMMUNE, at=house.clock.now)
    house.submit(house.province.signed(message), FINANCE)
    house.fetch_all(COMMUNE)
    status = house.province.status(COMMUNE, FINANCE, message.document_id, "03", house.clock.now)
    answer = house.report(status, COMMUNE)
    house.work()
    assert [each.kind for each in house.receipts(answer.id)] == [ReceiptKind.ACCEPTANCE, ReceiptKind.REFUSED]
    assert answer.id in [row["document"] for row in reading.dead_letters(house.context.database, 10)]
    assert document_id


def test_taking_back_what_expired_before_anything_left_closes_the_request_at_once(house: House) -> None:
    identity, document_id = send(house, FINANCE)
    pass_until_the_end(house)
    take_back(house, document_id, FINANCE)
    delivery = house.deliveries(identity)[FINANCE]
    assert (delivery["state"], delivery["take_back"]) == ("expired", "15")
    assert house.fetch_all(FINANCE) == []
    assert retry(house.context, delivery["id"]) is None


def test_a_status_never_stands_in_for_a_delivery_that_was_not_made(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    identity, document_id = send(house, FINANCE)
    house.report(house.province.status(FINANCE, OFFICE, document_id, "03", house.clock.now), FINANCE)
    assert house.states(identity) == {FINANCE: "ready"}
    house.work()
    assert house.states(identity) == {FINANCE: "delivered"}
    assert house.deliveries(identity)[FINANCE]["attempts"] == 1


def test_an_agency_that_is_pushed_to_from_now_on_gets_what_lay_in_its_inbox(house: House) -> None:
    from dataclasses import replace

    identity, _ = send(house, FINANCE)
    pushed = replace(house.province.agencies[FINANCE], adapter="simulator", options={"behaviour": "always"})
    directory_store.save(house.context.database, [pushed])
    house.context.registry.renew()
    house.sweep()
    house.work()
    assert house.states(identity) == {FINANCE: "delivered"}


def test_after_an_outage_the_most_urgent_goes_before_what_waited_for_hours(make_house: MakeHouse) -> None:
    house = make_house(PUSHED)
    old, _ = send(house, FINANCE)
    house.clock.pass_(hours=3)
    urgent = house.send(OFFICE, FINANCE, priority=3)
    dispatch = Dispatch(house.context, house.connections)
    assert [each.document for each in house.claim(dispatch)] == [urgent.id, old]
    dispatch.close()
    assert timedelta(hours=3) < timedelta(seconds=3 * house.context.settings.head_start_seconds)
