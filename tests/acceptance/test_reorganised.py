"""Agencies are renamed, closed, merged and split between two documents: where the next ones go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.api import documents
from exchange.context import today
from exchange.core.directory import Former
from exchange.core.receipt import Receipt
from exchange.core.refusal import Refused
from exchange.intake import Answer
from exchange.ledger import directory_store
from exchange.preflight import of_question
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE


def change(house: House, agency: str, **changes: object) -> None:
    changed = replace(house.province.agencies[agency], **changes)  # type: ignore[arg-type]
    house.province.agencies[agency] = changed
    directory_store.save(house.context.database, [changed])
    house.context.registry.renew()


def close(house: House, agency: str, *successors: str) -> None:
    """Closed after today; it is tomorrow now."""
    change(house, agency, valid_to=today(house.clock.now), successors=successors)
    house.clock.pass_(days=1)


def acceptance(house: House, answer: Answer) -> Receipt:
    return house.receipts(answer.id)[0]


def refused(house: House, *receivers: str) -> list[tuple[str, str]]:
    content = house.province.document(OFFICE, *receivers, at=house.clock.now)
    with pytest.raises(Refused) as found:
        house.submit(content, OFFICE)
    return [(each.code, each.where) for each in found.value.refusals]


def test_a_sender_is_told_in_the_signed_acceptance_whom_its_document_went_to_instead(house: House) -> None:
    close(house, DISTRICT, COMMUNE)
    receipt = acceptance(house, house.send(OFFICE, DISTRICT))
    assert [each.forwarded_from for each in receipt.deliveries] == [DISTRICT]
    [warning] = receipt.warnings
    assert warning.code == "receiver_forwarded"
    assert f"{DISTRICT} đã ngừng hoạt động; văn bản chuyển tới {COMMUNE}" in warning.text
    assert f"{DISTRICT} is closed" in warning.text


def test_two_closed_receivers_with_one_heir_are_one_delivery_and_a_warning_for_each(house: House) -> None:
    close(house, DISTRICT, COMMUNE)
    close(house, FINANCE, COMMUNE)
    receipt = acceptance(house, house.send(OFFICE, DISTRICT, FINANCE))
    assert [each.receiver for each in receipt.deliveries] == [COMMUNE]
    assert [each.text.split()[0] for each in receipt.warnings] == [DISTRICT, FINANCE]


def test_a_document_follows_a_chain_that_grew_since_the_sender_learnt_the_code(house: House) -> None:
    close(house, DISTRICT, COMMUNE)
    close(house, COMMUNE, FINANCE)
    receipt = acceptance(house, house.send(OFFICE, DISTRICT))
    assert [(each.receiver, each.forwarded_from) for each in receipt.deliveries] == [(FINANCE, DISTRICT)]


def test_a_document_for_a_split_agency_is_refused_and_preflight_says_the_same(house: House) -> None:
    close(house, DISTRICT, COMMUNE, FINANCE)
    assert refused(house, DISTRICT) == [("receiver_split", "To[1]/OrganId")]
    told = of_question(
        house.context,
        house.province.token(OFFICE),
        [DISTRICT],
        size=1,
        attachment_types=(),
        now=house.clock.now,
    )
    assert not told.would_go
    [refusal] = told.prospects[0].refusals
    assert (refusal.code, refusal.values["successors"]) == ("receiver_split", [COMMUNE, FINANCE])


@pytest.mark.parametrize("part", [COMMUNE, FINANCE])
def test_each_part_of_a_split_agency_reports_on_what_the_whole_received(house: House, part: str) -> None:
    message = house.province.message(OFFICE, DISTRICT, at=house.clock.now)
    identity = house.submit(house.province.signed(message), OFFICE).id
    house.fetch_all(DISTRICT)
    close(house, DISTRICT, COMMUNE, FINANCE)
    house.report(house.province.status(part, OFFICE, message.document_id, "03", house.clock.now), part)
    assert house.deliveries(identity)[DISTRICT]["business"] == "03"


def test_each_part_of_a_split_agency_hears_what_became_of_what_the_whole_sent(house: House) -> None:
    message = house.province.message(DISTRICT, OFFICE, at=house.clock.now)
    house.submit(house.province.signed(message), DISTRICT)
    house.fetch_all(OFFICE)
    close(house, DISTRICT, COMMUNE, FINANCE)
    status = house.province.status(OFFICE, DISTRICT, message.document_id, "03", house.clock.now)
    identity = house.report(status, OFFICE).id
    deliveries = house.deliveries(identity)
    assert {name: each["forwarded_from"] for name, each in deliveries.items()} == {
        COMMUNE: DISTRICT,
        FINANCE: DISTRICT,
    }


def test_a_refusal_calls_an_agency_by_its_name_of_today_and_not_of_tomorrow(house: House) -> None:
    day = today(house.clock.now)
    old = house.province.agencies[FINANCE]
    former = Former(until=day, name=old.name, level=old.level, parent=old.parent)
    change(house, FINANCE, name="Tên ngày mai", former=(former,), adapter="")
    for name in (old.name, "Tên ngày mai"):
        content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
        with pytest.raises(Refused) as found:
            house.submit(content, OFFICE)
        assert f"({name})" in found.value.refusals[0].detail
        house.clock.pass_(days=1)
    assert today(house.clock.now) == day + timedelta(days=2)


def test_who_follows_a_closed_agency_reads_what_it_sent_and_received_from_the_day_of_closing(
    house: House,
) -> None:
    received = house.send(OFFICE, DISTRICT).id
    sent = house.province.message(DISTRICT, OFFICE, at=house.clock.now)
    house.submit(house.province.signed(sent), DISTRICT)
    house.fetch_all(DISTRICT)
    token = house.province.token(FINANCE)
    for look in (
        lambda: documents.show(house.context, token, received),
        lambda: documents.find(house.context, token, sent.document_id),
    ):
        with pytest.raises(Refused, match="not_found"):
            look()
    close(house, DISTRICT, FINANCE)
    shown = documents.show(house.context, token, received)
    assert [each.receiver for each in shown.deliveries] == [DISTRICT]
    found = documents.find(house.context, token, sent.document_id).id
    assert documents.content(house.context, token, found).body == house.province.signed(sent)
    assert len(documents.receipts(house.context, token, found).receipts) > 0
    with pytest.raises(Refused, match="not_found"):
        documents.show(house.context, house.province.token(COMMUNE), found)
