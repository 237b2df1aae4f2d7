"""Business status, take-back, revocation, update and replacement, as agencies practise them."""

import pytest

from exchange.core.edxml import Business, BusinessType, Replacement
from exchange.core.receipt import ReceiptKind
from exchange.core.refusal import Refused
from exchange.ledger import inbox, reading
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE


def sent(house: House, *receivers: str) -> tuple[str, str]:
    """A document on its way; the broker's id and its DocumentId."""
    message = house.province.message(OFFICE, *receivers, at=house.clock.now)
    answer = house.submit(house.province.signed(message), OFFICE)
    return answer.id, message.document_id


def report(house: House, reporter: str, other: str, document_id: str, code: str) -> None:
    house.clock.pass_(seconds=1)
    house.report(house.province.status(reporter, other, document_id, code, house.clock.now), reporter)


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


def test_the_broker_itself_reports_01_when_the_software_has_the_document(house: House) -> None:
    identity, _ = sent(house, FINANCE)
    assert house.deliveries(identity)[FINANCE]["business"] == "none"
    house.fetch_all(FINANCE)
    assert house.deliveries(identity)[FINANCE]["business"] == "01"
    dossier = reading.dossier(house.context.database, identity)
    assert dossier is not None
    [status] = dossier.statuses
    assert (status["code"], status["reported_by"], status["message"]) == ("01", "exchange", None)


def test_a_status_reaches_the_sender_like_a_document_and_causes_no_receipt(house: House) -> None:
    identity, document_id = sent(house, FINANCE)
    house.fetch_all(FINANCE)
    house.fetch_all(OFFICE)
    signed = house.province.status(FINANCE, OFFICE, document_id, "03", house.clock.now)
    house.report(signed, FINANCE)
    assert house.fetch_all(OFFICE) == [signed]
    assert house.fetch_all(FINANCE) == []
    assert house.deliveries(identity)[FINANCE]["business"] == "03"
    assert len(house.receipts(identity)) == 2


def test_statuses_that_repeat_or_come_late_are_kept_and_change_nothing(house: House) -> None:
    identity, document_id = sent(house, FINANCE)
    house.fetch_all(FINANCE)
    for code in ("03", "05", "04", "03", "06", "05"):
        report(house, FINANCE, OFFICE, document_id, code)
    assert house.deliveries(identity)[FINANCE]["business"] == "06"
    dossier = reading.dossier(house.context.database, identity)
    assert dossier is not None
    assert [(each["code"], each["expected"]) for each in dossier.statuses] == [
        ("01", True), ("03", True), ("05", True), ("04", False), ("03", False), ("06", True), ("05", False),
    ]  # fmt: skip


def test_the_same_status_message_twice_is_one_event(house: House) -> None:
    identity, document_id = sent(house, FINANCE)
    signed = house.province.status(FINANCE, OFFICE, document_id, "03", house.clock.now)
    first, second = house.report(signed, FINANCE), house.report(signed, FINANCE)
    assert (second.id, second.fresh) == (first.id, False)
    dossier = reading.dossier(house.context.database, identity)
    assert dossier is not None
    assert len(dossier.statuses) == 1


def test_only_the_receiver_reports_and_only_the_sender_takes_back(house: House) -> None:
    _, document_id = sent(house, FINANCE)
    with pytest.raises(Refused) as refused:
        report(house, OFFICE, FINANCE, document_id, "03")
    assert codes(refused) == ["status_not_allowed"]
    with pytest.raises(Refused) as refused:
        report(house, FINANCE, OFFICE, document_id, "13")
    assert codes(refused) == ["status_not_allowed"]
    with pytest.raises(Refused) as refused:
        report(house, COMMUNE, OFFICE, document_id, "03")
    assert codes(refused) == ["status_document_unknown"]


@pytest.mark.parametrize(("answer", "state"), [("15", "15"), ("16", "16")])
def test_a_take_back_is_closed_by_each_receiver(house: House, answer: str, state: str) -> None:
    identity, document_id = sent(house, FINANCE, COMMUNE)
    for receiver in (FINANCE, COMMUNE):
        house.fetch_all(receiver)
        report(house, OFFICE, receiver, document_id, "13")
    report(house, FINANCE, OFFICE, document_id, answer)
    deliveries = house.deliveries(identity)
    assert deliveries[FINANCE]["take_back"] == state
    assert deliveries[COMMUNE]["take_back"] == "13"
    [request] = house.fetch_all(COMMUNE)
    assert b">13<" in request


def test_a_document_taken_back_before_it_left_does_not_leave_and_the_receiver_hears_nothing(
    house: House,
) -> None:
    identity, document_id = sent(house, FINANCE, COMMUNE)
    report(house, OFFICE, FINANCE, document_id, "13")
    deliveries = house.deliveries(identity)
    assert (deliveries[FINANCE]["state"], deliveries[FINANCE]["cause"]) == ("refused", "taken_back")
    assert deliveries[FINANCE]["take_back"] == "15"
    assert house.fetch_all(FINANCE) == []
    assert len(house.fetch_all(COMMUNE)) == 1
    ended = [each for each in house.receipts(identity) if each.kind is ReceiptKind.REFUSED]
    assert [each.reason_code for each in ended] == ["taken_back"]


def test_a_document_that_a_client_has_leased_is_not_taken_from_under_it(house: House) -> None:
    identity, document_id = sent(house, FINANCE)
    now = house.clock.now
    inbox.lease(
        house.context.database, FINANCE, most=1, token="client", now=now, until=house.clock.pass_(minutes=5)
    )
    report(house, OFFICE, FINANCE, document_id, "13")
    assert house.deliveries(identity)[FINANCE]["state"] == "leased"
    assert house.deliveries(identity)[FINANCE]["take_back"] == "13"


def test_a_revocation_reaches_those_who_have_the_document_and_stops_it_for_the_others(
    house: House,
) -> None:
    identity, document_id = sent(house, FINANCE, COMMUNE)
    house.fetch_all(FINANCE)
    revocation = house.province.message(
        OFFICE,
        FINANCE,
        COMMUNE,
        at=house.clock.now,
        business=Business(doc_type=BusinessType.REVOKE, document_id=document_id, reason="Sai nội dung"),
    )
    house.submit(house.province.signed(revocation), OFFICE)
    assert len(house.fetch_all(FINANCE)) == 1
    assert house.states(identity) == {FINANCE: "delivered", COMMUNE: "refused"}
    assert house.deliveries(identity)[COMMUNE]["cause"] == "revoked"


def test_a_revocation_may_carry_the_id_of_what_it_revokes(house: House) -> None:
    identity, document_id = sent(house, FINANCE)
    house.fetch_all(FINANCE)
    revocation = house.province.message(
        OFFICE, FINANCE, at=house.clock.now, number=1, business=Business(doc_type=BusinessType.REVOKE)
    )
    assert revocation.document_id == document_id
    answer = house.submit(house.province.signed(revocation), OFFICE)
    assert answer.fresh
    assert answer.id != identity
    report(house, FINANCE, OFFICE, document_id, "15")
    assert house.states(identity) == {FINANCE: "delivered"}


@pytest.mark.parametrize("answer", ["15", "16"])
def test_the_answer_to_an_update_is_expected_and_a_take_back_may_still_follow(
    house: House, answer: str
) -> None:
    identity, document_id = sent(house, FINANCE)
    business = Business(doc_type=BusinessType.UPDATE, document_id=document_id, reason="Sửa số liệu")
    update = house.province.message(OFFICE, FINANCE, at=house.clock.now, business=business)
    house.submit(house.province.signed(update), OFFICE)
    house.fetch_all(FINANCE)
    for about in (document_id, update.document_id):
        report(house, FINANCE, OFFICE, about, answer)
    dossier = reading.dossier(house.context.database, identity)
    assert dossier is not None
    assert [(each["code"], each["expected"]) for each in dossier.statuses] == [("01", True), (answer, True)]
    report(house, OFFICE, FINANCE, document_id, "13")
    assert house.deliveries(identity)[FINANCE]["take_back"] == "13"


def test_an_update_must_say_what_it_updates(house: House) -> None:
    update = house.province.message(
        OFFICE, FINANCE, at=house.clock.now, business=Business(doc_type=BusinessType.UPDATE)
    )
    with pytest.raises(Refused) as refused:
        house.submit(house.province.signed(update), OFFICE)
    assert set(codes(refused)) <= {"reference_missing", "schema_violated"}


def test_nobody_replaces_what_another_agency_sent(house: House) -> None:
    _, document_id = sent(house, FINANCE)
    replacement = house.province.message(
        DISTRICT,
        FINANCE,
        at=house.clock.now,
        business=Business(
            doc_type=BusinessType.REPLACE,
            replacements=(Replacement(document_id=document_id, organ_ids=(FINANCE,)),),
        ),
    )
    with pytest.raises(Refused) as refused:
        house.submit(house.province.signed(replacement), DISTRICT)
    assert codes(refused) == ["reference_not_allowed"]


@pytest.mark.parametrize("kind", [BusinessType.UPDATE, BusinessType.REVOKE])
def test_a_reference_to_a_document_from_before_the_exchange_is_taken_with_a_warning(
    house: House, kind: BusinessType
) -> None:
    update = house.province.message(
        OFFICE,
        FINANCE,
        at=house.clock.now,
        business=Business(doc_type=kind, document_id="000.00.01.H45,2015/01/01,1/UBND-VX"),
    )
    answer = house.submit(house.province.signed(update), OFFICE)
    [acceptance] = house.receipts(answer.id)
    assert [each.code for each in acceptance.warnings] == ["earlier_unknown"]


def test_the_same_number_symbol_and_date_again_is_taken_with_a_warning(house: House) -> None:
    now = house.clock.now
    first = house.province.message(OFFICE, FINANCE, at=now, number=9)
    house.submit(house.province.signed(first), OFFICE)
    second = house.province.message(OFFICE, FINANCE, at=now, number=9, document_id="another-id")
    answer = house.submit(house.province.signed(second), OFFICE)
    [acceptance] = house.receipts(answer.id)
    assert [each.code for each in acceptance.warnings] == ["number_used_before"]


def test_a_secret_document_is_refused(house: House) -> None:
    with pytest.raises(Refused) as refused:
        house.send(OFFICE, FINANCE, sphere="Tối mật")
    assert codes(refused) == ["secret_document"]


def test_who_takes_a_document_and_confirms_later_is_delivered_by_its_status(make_house: MakeHouse) -> None:
    house = make_house({FINANCE: ("simulator", {"behaviour": "accepts"})})
    identity, document_id = sent(house, FINANCE)
    house.work()
    assert house.states(identity) == {FINANCE: "accepted"}
    report(house, FINANCE, OFFICE, document_id, "03")
    assert house.states(identity) == {FINANCE: "delivered"}
    assert [each.kind for each in house.receipts(identity)][-1] is ReceiptKind.DELIVERED


def test_a_closed_agency_s_documents_go_to_its_successor(house: House) -> None:
    from dataclasses import replace
    from datetime import timedelta

    from exchange.context import today
    from exchange.ledger import directory_store

    day = today(house.clock.now)
    yesterday = day - timedelta(days=1)
    closed = replace(house.province.agencies[DISTRICT], valid_to=yesterday, successors=(COMMUNE,))
    directory_store.save(house.context.database, [closed])
    house.context.registry.renew()
    answer = house.send(OFFICE, DISTRICT)
    [delivery] = house.deliveries(answer.id).values()
    assert (delivery["receiver"], delivery["forwarded_from"]) == (COMMUNE, DISTRICT)
    assert len(house.fetch_all(COMMUNE)) == 1
