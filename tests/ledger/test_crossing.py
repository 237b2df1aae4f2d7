"""What one process decides on is what stands when it commits, whatever another does meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from exchange import confirm, intake
from exchange.app import Broker
from exchange.context import plan_again
from exchange.core.edxml import Business, BusinessType
from exchange.core.receipt import ReceiptKind
from exchange.core.refusal import Refusal
from exchange.dispatch import Dispatch
from exchange.ledger import again, reading
from exchange.ledger.reading import Record
from exchange.ledger.record import Examined
from exchange.ledger.values import NewDelivery
from exchange.pickup import Pickup
from exchange.retry import retry
from tests.conftest import MakeHouse
from tests.house import House, settings_for
from tests.province import FINANCE, OFFICE

DOCUMENTS = 25


def send(house: House) -> tuple[str, str]:
    message = house.province.message(OFFICE, FINANCE, at=house.clock.now)
    return house.submit(house.province.signed(message), OFFICE).id, message.document_id


def status(house: House, document_id: str, code: str) -> Examined:
    """A status message, judged and not accepted yet."""
    reporter, other = (OFFICE, FINANCE) if code == "13" else (FINANCE, OFFICE)
    content = house.province.status(reporter, other, document_id, code, house.clock.now)
    return confirm.examine(house.context, content, house.province.token(reporter), house.clock.now)


def revocation(house: House, document_id: str) -> Examined:
    """A revocation, judged and not accepted yet."""
    business = Business(doc_type=BusinessType.REVOKE, document_id=document_id, reason="Sai")
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now, business=business)
    return intake.examine(house.context, content, house.province.token(OFFICE), house.clock.now)


WITHDRAWALS: dict[str, Callable[[House, str], Examined]] = {
    "revoked": revocation,
    "taken_back": lambda house, document_id: status(house, document_id, "13"),
}
every_withdrawal = pytest.mark.parametrize("how", WITHDRAWALS)


def accept(house: House, *batch: Examined) -> None:
    assert not any(isinstance(answer, Refusal) for answer in intake.accept(house.context, batch))


def expire(house: House) -> None:
    house.clock.pass_(hours=house.context.settings.expiry_hours)
    house.sweep()


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_two_processes_that_take_status_messages_on_the_same_documents_never_deadlock(
    tmp_path: Path, postgresql_url: str
) -> None:
    house = House.build(tmp_path / "data", postgresql_url)
    other = Broker(settings_for(tmp_path / "data", postgresql_url), house.clock)
    sent = [send(house)[1] for _ in range(DOCUMENTS)]
    house.fetch_all(FINANCE)
    barrier = threading.Barrier(2)

    def take(context: intake.Context, batch: list[Examined]) -> None:
        barrier.wait()
        intake.accept(context, batch)

    with ThreadPoolExecutor(2) as pool:
        for codes in (("03", "04"), ("05", "06"), ("13", "15")):
            batches = [[status(house, document_id, code) for document_id in sent] for code in codes]
            contexts = (house.context, other.context)
            for taken in [pool.submit(take, *pair) for pair in zip(contexts, batches, strict=True)]:
                taken.result()
    other.close()
    house.close()


@every_withdrawal
def test_a_round_that_is_begun_while_a_withdrawal_is_judged_does_not_go_out(house: House, how: str) -> None:
    identity, document_id = send(house)
    expire(house)
    examined = WITHDRAWALS[how](house, document_id)
    assert retry(house.context, house.deliveries(identity)[FINANCE]["id"]) is not None
    accept(house, examined)
    newest = house.deliveries(identity)[FINANCE]
    assert (newest["round"], newest["state"], newest["cause"]) == (2, "refused", how)


@every_withdrawal
def test_a_round_that_is_begun_while_a_withdrawal_is_accepted_does_not_go_out(house: House, how: str) -> None:
    identity, document_id = send(house)
    expire(house)
    examined = WITHDRAWALS[how](house, document_id)
    begun, waited = threading.Event(), threading.Event()

    def begin(dead: Record) -> NewDelivery:
        begun.set()
        waited.wait(0.5)  # the withdrawal comes now, and finds the dead letter locked
        return plan_again(house.context, dead, house.clock.now)

    with ThreadPoolExecutor(2) as pool:
        sent_again = pool.submit(
            again.send_again, house.context.database, house.deliveries(identity)[FINANCE]["id"], begin
        )
        assert begun.wait(10)
        accepting = pool.submit(accept, house, examined)
        assert sent_again.result() is not None
        accepting.result()
    newest = house.deliveries(identity)[FINANCE]
    assert (newest["round"], newest["state"], newest["cause"]) == (2, "refused", how)


@every_withdrawal
def test_what_leaves_while_a_withdrawal_is_judged_is_not_said_to_have_stayed(house: House, how: str) -> None:
    identity, document_id = send(house)
    examined = WITHDRAWALS[how](house, document_id)
    pickup = Pickup(house.context)
    [item] = pickup.lease(FINANCE, 1, 300)
    pickup.release(FINANCE, item.delivery, item.lease)
    pickup.close()
    accept(house, examined)
    assert house.states(identity) == {FINANCE: "waiting"}
    dossier = reading.dossier(house.context.database, identity)
    assert dossier is not None
    assert "15" not in [each["code"] for each in dossier.statuses]


def test_a_document_that_is_accepted_while_its_revocation_is_judged_does_not_leave(house: House) -> None:
    message = house.province.message(OFFICE, FINANCE, at=house.clock.now)
    examined = revocation(house, message.document_id)
    identity = house.submit(house.province.signed(message), OFFICE).id
    accept(house, examined)
    assert house.deliveries(identity)[FINANCE]["cause"] == "revoked"


def test_a_document_and_its_revocation_in_one_batch_leave_the_revocation_alone_to_go(house: House) -> None:
    message = house.province.message(OFFICE, FINANCE, at=house.clock.now)
    content, token = house.province.signed(message), house.province.token(OFFICE)
    document = intake.examine(house.context, content, token, house.clock.now)
    accept(house, revocation(house, message.document_id), document)
    assert house.deliveries(document.document.id)[FINANCE]["cause"] == "revoked"
    assert len(house.fetch_all(FINANCE)) == 1


def test_who_confirms_while_its_answer_is_being_settled_has_confirmed(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "accepts"})})
    identity, document_id = send(house)
    dispatch = Dispatch(house.context, house.connections)
    [claim] = house.claim(dispatch)
    examined = status(house, document_id, "03")
    dispatch.attempt(claim)
    dispatch.close()
    accept(house, examined)
    assert [each.kind for each in house.receipts(identity)] == [ReceiptKind.ACCEPTANCE, ReceiptKind.DELIVERED]


def test_a_report_and_a_request_in_one_batch_end_the_delivery_once(house: House) -> None:
    identity, document_id = send(house)
    pickup = Pickup(house.context)
    [item] = pickup.lease(FINANCE, 1, 300)
    pickup.release(FINANCE, item.delivery, item.lease)
    pickup.close()
    accept(house, *(status(house, document_id, code) for code in ("13", "03", "15", "16", "06")))
    assert len(house.receipts(identity)) == 2
    assert house.deliveries(identity)[FINANCE]["business"] in ("03", "06")


def test_the_second_of_two_documents_with_one_number_is_warned_of_within_a_batch_too(house: House) -> None:
    message = house.province.message(OFFICE, FINANCE, at=house.clock.now)
    second = replace(message, document_id="another-id")
    third = replace(message, document_id="a-third-id")
    token = house.province.token(OFFICE)
    batch = [
        intake.examine(house.context, house.province.signed(each), token, house.clock.now)
        for each in (message, second, second, third)
    ]
    accept(house, *batch)
    warned = {}
    for each in (batch[0], batch[1], batch[3]):
        [acceptance] = house.receipts(each.document.id)
        warned[each.document.document_id] = [(notice.code, notice.text) for notice in acceptance.warnings]
    text = f"{message.document_id} has the same issuer, number, symbol and date"
    assert warned == {
        message.document_id: [],
        "another-id": [("number_used_before", text)],
        "a-third-id": [("number_used_before", text)],
    }
