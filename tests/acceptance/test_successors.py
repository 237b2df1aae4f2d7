"""Agencies close and codes change while documents are on their way: nobody loses sight of them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from exchange.context import today
from exchange.core.codes import CodeForm
from exchange.core.directory import Alias
from exchange.core.edxml import Business, BusinessType
from exchange.core.refusal import Refused
from exchange.ledger import directory_store, inbox
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE

OLD = "H45.99"


def change(house: House, agency: str, **changes: object) -> None:
    changed = replace(house.province.agencies[agency], **changes)  # type: ignore[arg-type]
    house.province.agencies[agency] = changed
    directory_store.save(house.context.database, [changed])
    house.context.registry.renew()


def close(house: House, agency: str, successor: str) -> None:
    """Closed after today; it is tomorrow now."""
    change(house, agency, valid_to=today(house.clock.now), successors=(successor,))
    house.clock.pass_(days=1)


def sent(house: House, sender: str, *receivers: str) -> tuple[str, str]:
    message = house.province.message(sender, *receivers, at=house.clock.now)
    return house.submit(house.province.signed(message), sender).id, message.document_id


def report(house: House, reporter: str, other: str, document_id: str, code: str) -> None:
    house.clock.pass_(seconds=1)
    house.report(house.province.status(reporter, other, document_id, code, house.clock.now), reporter)


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


def revoke(house: House, sender: str, document_id: str, *receivers: str) -> None:
    business = Business(doc_type=BusinessType.REVOKE, document_id=document_id, reason="Sai nội dung")
    message = house.province.message(sender, *receivers, at=house.clock.now, business=business)
    house.submit(house.province.signed(message), sender)


def test_a_forwarded_document_is_taken_back_by_the_closed_code_that_its_sender_wrote(house: House) -> None:
    close(house, DISTRICT, COMMUNE)
    identity, document_id = sent(house, OFFICE, DISTRICT)
    report(house, OFFICE, DISTRICT, document_id, "13")
    assert house.deliveries(identity)[COMMUNE]["cause"] == "taken_back"


def test_a_request_to_a_receiver_that_closed_since_reaches_its_successor(house: House) -> None:
    identity, document_id = sent(house, OFFICE, DISTRICT)
    house.fetch_all(DISTRICT)
    close(house, DISTRICT, COMMUNE)
    report(house, OFFICE, DISTRICT, document_id, "13")
    assert house.deliveries(identity)[DISTRICT]["take_back"] == "13"
    [request] = house.fetch_all(COMMUNE)
    assert b">13<" in request
    report(house, COMMUNE, OFFICE, document_id, "15")
    assert house.deliveries(identity)[DISTRICT]["take_back"] == "15"


@pytest.mark.parametrize("named", [DISTRICT, COMMUNE])
def test_the_receivers_report_reaches_the_successor_of_a_sender_that_closed(house: House, named: str) -> None:
    identity, document_id = sent(house, DISTRICT, FINANCE)
    house.fetch_all(FINANCE)
    close(house, DISTRICT, COMMUNE)
    report(house, FINANCE, named, document_id, "03")
    assert house.deliveries(identity)[FINANCE]["business"] == "03"
    assert any(b">03<" in each for each in house.fetch_all(COMMUNE))


def test_a_successor_takes_back_what_its_predecessor_sent(house: House) -> None:
    identity, document_id = sent(house, DISTRICT, FINANCE)
    close(house, DISTRICT, COMMUNE)
    report(house, COMMUNE, FINANCE, document_id, "13")
    assert house.deliveries(identity)[FINANCE]["cause"] == "taken_back"


def test_a_successor_along_a_chain_acts_too(house: House) -> None:
    identity, document_id = sent(house, DISTRICT, FINANCE)
    close(house, DISTRICT, COMMUNE)
    close(house, COMMUNE, OFFICE)
    report(house, OFFICE, FINANCE, document_id, "13")
    assert house.deliveries(identity)[FINANCE]["cause"] == "taken_back"


def test_a_successor_revokes_what_its_predecessor_sent_and_what_has_not_left_stays(house: House) -> None:
    identity, document_id = sent(house, DISTRICT, FINANCE)
    close(house, DISTRICT, COMMUNE)
    revoke(house, COMMUNE, document_id, FINANCE)
    assert house.deliveries(identity)[FINANCE]["cause"] == "revoked"


def test_a_revocation_for_a_successor_stops_what_still_waits_for_its_predecessor(house: House) -> None:
    identity, document_id = sent(house, OFFICE, DISTRICT)
    close(house, DISTRICT, COMMUNE)
    revoke(house, OFFICE, document_id, DISTRICT)
    assert house.deliveries(identity)[DISTRICT]["cause"] == "revoked"


def test_nobody_acts_for_an_agency_that_is_open_or_that_another_follows(house: House) -> None:
    _, document_id = sent(house, DISTRICT, FINANCE)
    change(house, DISTRICT, successors=(COMMUNE,))
    for successor in ("still open", "another's"):
        with pytest.raises(Refused) as refused:
            revoke(house, COMMUNE if successor == "still open" else OFFICE, document_id, FINANCE)
        assert codes(refused) == ["reference_not_allowed"]
        with pytest.raises(Refused) as refused:
            report(house, COMMUNE if successor == "still open" else OFFICE, FINANCE, document_id, "13")
        assert codes(refused) == ["status_document_unknown"]
        if successor == "still open":
            close(house, DISTRICT, COMMUNE)


def test_a_status_may_name_the_other_side_by_a_code_withdrawn_since(house: House) -> None:
    yesterday = today(house.clock.now) - timedelta(days=1)
    was = Alias(code=OLD, form=CodeForm.QD20, valid_from=date(2020, 1, 1), valid_to=yesterday)
    identity, document_id = sent(house, OFFICE, FINANCE)
    change(house, OFFICE, aliases=(was,))
    house.fetch_all(FINANCE)
    report(house, FINANCE, OLD, document_id, "03")
    assert house.deliveries(identity)[FINANCE]["business"] == "03"


def test_a_code_that_is_another_s_since_still_means_who_had_it(house: House) -> None:
    day = today(house.clock.now)
    change(house, FINANCE, aliases=(Alias(code=OLD, form=CodeForm.QD20, valid_from=date(2020, 1, 1)),))
    identity, document_id = sent(house, OFFICE, OLD)
    was = Alias(code=OLD, form=CodeForm.QD20, valid_from=date(2020, 1, 1), valid_to=day)
    change(house, FINANCE, aliases=(was,))
    now = Alias(code=OLD, form=CodeForm.QD20, valid_from=day + timedelta(days=1))
    change(house, DISTRICT, aliases=(now,))
    house.clock.pass_(days=1)
    report(house, OFFICE, OLD, document_id, "13")
    assert house.deliveries(identity)[FINANCE]["cause"] == "taken_back"


def test_a_successor_that_got_the_document_too_reports_for_its_own_copy(house: House) -> None:
    identity, document_id = sent(house, OFFICE, DISTRICT, COMMUNE)
    house.fetch_all(DISTRICT)
    house.fetch_all(COMMUNE)
    close(house, DISTRICT, COMMUNE)
    report(house, COMMUNE, OFFICE, document_id, "03")
    deliveries = house.deliveries(identity)
    assert (deliveries[COMMUNE]["business"], deliveries[DISTRICT]["business"]) == ("03", "01")


def test_a_status_that_names_an_unknown_code_finds_nothing(house: House) -> None:
    _, document_id = sent(house, OFFICE, FINANCE)
    for nobody in ("000.00.88.H45", " "):
        with pytest.raises(Refused) as refused:
            report(house, OFFICE, nobody, document_id, "13")
        assert codes(refused)[0] in {"status_document_unknown", "schema_violated"}


def test_a_leased_document_that_is_taken_back_is_marked_withdrawn(house: House) -> None:
    identity, document_id = sent(house, OFFICE, FINANCE)
    until = house.clock.now + timedelta(minutes=5)
    inbox.lease(house.context.database, FINANCE, most=1, token="client", now=house.clock.now, until=until)
    report(house, OFFICE, FINANCE, document_id, "13")
    delivery = house.deliveries(identity)[FINANCE]
    assert (delivery["state"], delivery["withdrawn"]) == ("leased", "taken_back")
