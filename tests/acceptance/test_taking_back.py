"""A clerk takes back, revokes and replaces what the agency sent, and answers to such a request."""

from pathlib import Path

import pytest

from exchange.core.edxml import Business, BusinessType
from exchange.core.refusal import Refused
from exchange.demo.authority import certificate_pem, private_key_pem
from exchange.desk import incoming, taking_back
from exchange.ledger import acts, changes, reading
from tests.acceptance.test_desk import MakeHouse, act, told
from tests.house import House
from tests.province import COMMUNE, FINANCE, OFFICE

WRONG = "Gửi nhầm nơi nhận"


def dossier(house: House, document: str) -> reading.Dossier:
    found = reading.dossier(house.context.database, document)
    assert found is not None
    return found


def ask(house: House, document: str, *receivers: str) -> list[str]:
    found = dossier(house, document)
    return list(taking_back.ask(house.context, FINANCE, found, receivers, WRONG, act(house)))


def taken_in(house: House) -> tuple[str, str]:
    """A document of the finance department that the commune has in its register, and its delivery."""
    document = house.send(FINANCE, COMMUNE).id
    delivery = str(house.deliveries(document)[COMMUNE]["id"])
    incoming.accept(house.context, COMMUNE, delivery, act(house))
    return document, delivery


def test_what_nobody_has_fetched_is_stopped_and_its_receiver_hears_nothing(house: House) -> None:
    document = house.send(FINANCE, COMMUNE, OFFICE).id
    assert ask(house, document, COMMUNE) == [COMMUNE]
    assert house.states(document) == {COMMUNE: "refused", OFFICE: "available"}
    assert house.deliveries(document)[COMMUNE]["cause"] == "taken_back"
    assert house.fetch_all(COMMUNE) == []
    [asked] = acts.of_document(house.context.database, document)
    assert (asked.event, asked.body["receivers"], asked.body["reason"]) == ("asked_back", [COMMUNE], WRONG)


@pytest.mark.parametrize("code", ["15", "16"])
def test_a_receiver_that_has_it_is_asked_and_its_answer_is_seen(house: House, code: str) -> None:
    document, delivery = taken_in(house)
    ask(house, document, COMMUNE)
    assert [code for code, _ in told(house, COMMUNE)] == ["13"]
    assert incoming.folder(house.context, COMMUNE, delivery).answers == ("15", "16")
    incoming.answer(house.context, COMMUNE, delivery, code, "Đã xử lý", act(house))
    assert house.deliveries(document)[COMMUNE]["take_back"] == code
    assert [each["code"] for each in dossier(house, document).statuses][-2:] == ["13", code]
    assert incoming.folder(house.context, COMMUNE, delivery).answers == ()
    again = [row["receiver"] for row in taking_back.askable(dossier(house, document))]
    assert again == ([COMMUNE] if code == "16" else [])


def test_a_request_that_is_open_is_not_made_twice(house: House) -> None:
    document, _ = taken_in(house)
    before = dossier(house, document)
    ask(house, document, COMMUNE)
    # another window of the same clerk, opened before
    taking_back.ask(house.context, FINANCE, before, [COMMUNE], WRONG, act(house))
    assert [code for code, _ in told(house, COMMUNE)] == ["13"]
    done = [each.event for each in acts.of_document(house.context.database, document)]
    assert done == ["opened", "taken", "asked_back"]
    with pytest.raises(Refused, match="desk_step_not_possible"):
        ask(house, document, COMMUNE)


def test_with_the_agencys_key_the_request_is_signed_and_proven(make_house: MakeHouse, tmp_path: Path) -> None:
    house = make_house(desk_keys=tmp_path)
    (tmp_path / f"{FINANCE}-key.pem").write_bytes(private_key_pem(house.province.keys[FINANCE]))
    (tmp_path / f"{FINANCE}.pem").write_bytes(certificate_pem(house.province.keys[FINANCE]))
    document, _ = taken_in(house)
    ask(house, document, COMMUNE)
    [asked] = [each for each in dossier(house, document).entries if each["event"] == "status_13"]
    assert asked["body"]["proven"]


def test_a_revocation_is_obeyed_and_a_replacement_may_be_declined(house: House) -> None:
    document, delivery = taken_in(house)
    first = dossier(house, document).document
    for kind, answers in ((BusinessType.REVOKE, ("15",)), (BusinessType.REPLACE, ("15", "16"))):
        business = Business(doc_type=kind, document_id=first["document_id"], reason=WRONG)
        change = house.send(FINANCE, COMMUNE, business=business).id
        came = str(house.deliveries(change)[COMMUNE]["id"])
        assert incoming.folder(house.context, COMMUNE, came).answers == ()  # not taken over yet
        incoming.accept(house.context, COMMUNE, came, act(house))
        assert incoming.folder(house.context, COMMUNE, came).answers == answers
        incoming.answer(house.context, COMMUNE, came, "15", "", act(house))
        assert incoming.folder(house.context, COMMUNE, came).answers == ()
        assert [each["code"] for each in dossier(house, change).statuses][-1] == "15"
        [earlier] = changes.changed_by(
            house.context.database, dossier(house, change).document, receiver=COMMUNE
        )
        assert earlier["delivery"] == delivery
    found = changes.changing(house.context.database, first, receiver=COMMUNE)
    assert [each["business_type"] for each in found] == [BusinessType.REVOKE, BusinessType.REPLACE]
