"""The main job: a signed document goes from one agency to many, and its sender knows of every end."""

import hashlib

from exchange.core.receipt import ReceiptKind
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE

SIMULATED = {
    FINANCE: ("simulator", {"behaviour": "always"}),
    DISTRICT: ("simulator", {"behaviour": "refuses", "code": "full", "reason": "The register is full"}),
    COMMUNE: ("simulator", {"behaviour": "fails_for_a_while", "attempts": 2}),
}


def test_a_document_reaches_every_receiver_unchanged_and_each_end_has_a_receipt(house: House) -> None:
    content = house.province.document(OFFICE, FINANCE, DISTRICT, COMMUNE, at=house.clock.now)
    answer = house.submit(content, OFFICE)
    for receiver in (FINANCE, DISTRICT, COMMUNE):
        assert house.fetch_all(receiver) == [content]
    assert set(house.states(answer.id).values()) == {"delivered"}
    kinds = [each.kind for each in house.receipts(answer.id)]
    assert kinds == [ReceiptKind.ACCEPTANCE] + [ReceiptKind.DELIVERED] * 3
    digest = hashlib.sha256(content).hexdigest()
    assert {each.subject.digest for each in house.receipts(answer.id)} == {digest}


def test_receipts_travel_to_the_sender_and_cause_no_receipts(house: House) -> None:
    answer = house.send(OFFICE, FINANCE)
    house.fetch_all(FINANCE)
    [receipt] = house.fetch_all(OFFICE)
    assert b"delivered" in receipt
    assert len(house.receipts(answer.id)) == 2
    assert house.fetch_all(OFFICE) == []


def test_each_receiver_ends_in_its_own_way(make_house: MakeHouse) -> None:
    house = make_house(SIMULATED)
    answer = house.send(OFFICE, FINANCE, DISTRICT, COMMUNE)
    house.work()
    assert house.states(answer.id) == {FINANCE: "delivered", DISTRICT: "refused", COMMUNE: "waiting"}
    for _ in range(2):
        house.clock.pass_(minutes=5)
        house.sweep()
        house.work()
    assert house.states(answer.id)[COMMUNE] == "delivered"
    refused = [each for each in house.receipts(answer.id) if each.kind is ReceiptKind.REFUSED]
    assert [(each.reason_code, each.reason) for each in refused] == [("full", "The register is full")]
    assert house.deliveries(answer.id)[COMMUNE]["attempts"] == 3


def test_what_is_not_delivered_in_time_expires_with_a_receipt_and_can_be_sent_again(
    make_house: MakeHouse,
) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "never"})}, expiry_hours=1)
    answer = house.send(OFFICE, FINANCE)
    house.work()
    house.clock.pass_(hours=2)
    house.sweep()
    assert house.states(answer.id) == {FINANCE: "expired"}
    assert [each.kind for each in house.receipts(answer.id)][1:] == [ReceiptKind.EXPIRED]
