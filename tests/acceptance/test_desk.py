"""The clerk's desk: what a person does there, and what the sender's software hears of it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from exchange import verification
from exchange.checks import verify
from exchange.core import edxml
from exchange.core.bundle import Role
from exchange.core.edxml import StatusMessage, build_document
from exchange.core.parsing import ParseLimits, parse
from exchange.core.refusal import Refused
from exchange.core.signature import verify_own
from exchange.demo.authority import certificate_pem, private_key_pem
from exchange.desk import incoming, notices, sending
from exchange.desk.incoming import Wish
from exchange.evidence import gather, pack
from exchange.ledger import acts, drafts, incoming_reading, outgoing_reading, reading
from exchange.ledger.acts import Act
from exchange.ledger.drafts import Group, NameTaken
from exchange.ledger.incoming import Actor
from exchange.ledger.incoming_reading import Search
from exchange.ledger.outgoing_reading import Sent
from exchange.pickup import Pickup
from exchange.sequencing import Sequencing
from tests.audit.making import BROKER
from tests.house import House
from tests.province import COMMUNE, FINANCE, OFFICE

MakeHouse = Callable[..., House]


def act(house: House, person: str = "clerk") -> Actor:
    return Actor(person=person, role="clerk", at=house.clock.now)


def keep_key(house: House, folder: Path) -> None:
    """The site gives the broker the commune's key."""
    (folder / f"{COMMUNE}-key.pem").write_bytes(private_key_pem(house.province.keys[COMMUNE]))
    (folder / f"{COMMUNE}.pem").write_bytes(certificate_pem(house.province.keys[COMMUNE]))


def arrive(house: House, receiver: str = COMMUNE) -> str:
    """A document of the finance department lies ready for the commune: the id of its delivery."""
    return str(house.deliveries(house.send(FINANCE, receiver).id)[receiver]["id"])


def register(house: House, agency: str = COMMUNE) -> list[tuple[int | None, str]]:
    lines = incoming_reading.register(house.context.database, agency, Search(sort="number", down=False))
    return [(line["number"], line["state"]) for line in lines]


def told(house: House, agency: str = FINANCE) -> list[tuple[str, bytes]]:
    """The statuses that the sender's software fetches, with their bytes."""
    found = []
    for content in house.fetch_all(agency):
        root = parse(content, ParseLimits())
        if root.tag.endswith("edXML"):
            message = edxml.read(root)
            assert isinstance(message, StatusMessage)
            found.append((message.status_code, content))
    return found


def events(house: House, delivery: str) -> list[reading.Record]:
    row, _ = incoming_reading.incoming(house.context.database, COMMUNE, delivery) or ({}, None)
    dossier = reading.dossier(house.context.database, row["document"])
    assert dossier is not None
    return [each for each in dossier.entries if each["delivery"] == delivery]


def done(house: House, delivery: str) -> list[acts.Done]:
    """What persons did with it."""
    row, _ = incoming_reading.incoming(house.context.database, COMMUNE, delivery) or ({}, None)
    return acts.of_document(house.context.database, row["document"])


def test_an_accepted_document_has_a_number_is_delivered_and_its_sender_hears_03(house: House) -> None:
    delivery = arrive(house)
    entered = incoming.accept(house.context, COMMUNE, delivery, act(house))
    assert (entered.fresh, entered.line["number"], entered.line["year"]) == (True, 1, 2026)
    document = entered.line["document"]
    assert house.states(document) == {COMMUNE: "delivered"}
    assert house.deliveries(document)[COMMUNE]["business"] == "03"
    assert sorted(each.kind for each in house.receipts(document)) == ["acceptance", "delivered"]
    [(code, content)] = told(house)
    assert code == "03"
    verify_own(
        content, house.context.issuer.seal.certificate
    )  # the broker's seal, not the agency's signature


def test_without_the_agencys_key_a_status_is_told_and_kept_as_not_proven(house: House) -> None:
    delivery = arrive(house)
    incoming.accept(house.context, COMMUNE, delivery, act(house))
    [entry] = [each for each in events(house, delivery) if each["event"] == "status_03"]
    assert entry["body"] == {"message": None, "proven": False}
    opened, registered = done(house, delivery)
    assert opened.event == "opened"
    assert (registered.event, registered.body["person"]) == ("taken", "clerk")
    assert registered.body["number"] == "1/2026"
    [(_, content)] = told(house)
    message = edxml.read(parse(content, ParseLimits()))
    assert "không ký số" in message.description  # type: ignore[union-attr]
    looked_at = verification.verify(house.context, content, house.clock.now)
    assert (looked_at.holds, looked_at.agency, looked_at.text) == (True, "", (verification.SEALED,))


def test_with_the_agencys_key_a_status_is_signed_and_proven(make_house: MakeHouse, tmp_path: Path) -> None:
    house = make_house(desk_keys=tmp_path)
    keep_key(house, tmp_path)
    delivery = arrive(house)
    incoming.accept(house.context, COMMUNE, delivery, act(house))
    [entry] = [each for each in events(house, delivery) if each["event"] == "status_03"]
    assert entry["body"]["proven"]
    [(code, content)] = told(house)
    assert code == "03"
    assert verify(house.context, content, house.clock.now).certificate.agency == COMMUNE


@pytest.mark.parametrize("wrong", ["another's", "broken", "half"])
def test_a_key_that_is_not_the_agencys_signs_nothing(
    make_house: MakeHouse, tmp_path: Path, wrong: str
) -> None:
    house = make_house(desk_keys=tmp_path)
    key = house.province.keys[FINANCE]
    (tmp_path / f"{COMMUNE}-key.pem").write_bytes(b"x" if wrong == "broken" else private_key_pem(key))
    if wrong != "half":
        (tmp_path / f"{COMMUNE}.pem").write_bytes(certificate_pem(key))
    delivery = arrive(house)
    incoming.accept(house.context, COMMUNE, delivery, act(house))
    [entry] = [each for each in events(house, delivery) if each["event"] == "status_03"]
    assert not entry["body"]["proven"]


def test_a_returned_document_is_delivered_has_no_number_and_its_sender_hears_why(house: House) -> None:
    delivery = arrive(house)
    entered = incoming.give_back(house.context, COMMUNE, delivery, "gửi nhầm\x00 nơi nhận", act(house))
    assert entered.line["number"] is None
    assert register(house) == [(None, "02")]
    [(code, content)] = told(house)
    message = edxml.read(parse(content, ParseLimits()))
    assert code == "02"
    assert "gửi nhầm nơi nhận" in message.description  # type: ignore[union-attr]
    assert house.deliveries(entered.line["document"])[COMMUNE]["business"] == "02"
    with pytest.raises(Refused, match="desk_step_not_possible"):
        incoming.advance(house.context, COMMUNE, delivery, Wish(code="05", seen="02"), act(house))


def test_a_document_is_assigned_processed_and_finished_and_each_step_is_told(house: House) -> None:
    delivery = arrive(house)
    incoming.accept(house.context, COMMUNE, delivery, act(house))
    for seen, code, name in (("03", "04", "Nguyễn Văn A"), ("04", "05", ""), ("05", "06", "")):
        house.clock.pass_(seconds=1)
        wish = Wish(code=code, seen=seen, assigned_to=name, words="ghi chú")
        incoming.advance(house.context, COMMUNE, delivery, wish, act(house))
    assert register(house) == [(1, "06")]
    assert [code for code, _ in told(house)] == ["03", "04", "05", "06"]
    assert [each.event for each in done(house, delivery)] == [
        "opened", "taken", "assigned", "processing", "finished",
    ]  # fmt: skip
    assert done(house, delivery)[2].body["assigned_to"] == "Nguyễn Văn A"
    assert incoming_reading.assignees(house.context.database, COMMUNE) == ["Nguyễn Văn A"]


def test_of_two_who_change_a_line_the_second_is_told_to_look_again(house: House) -> None:
    delivery = arrive(house)
    incoming.accept(house.context, COMMUNE, delivery, act(house))
    incoming.advance(house.context, COMMUNE, delivery, Wish(code="05", seen="03"), act(house))
    with pytest.raises(Refused, match="desk_step_not_possible"):
        incoming.advance(house.context, COMMUNE, delivery, Wish(code="06", seen="03"), act(house))
    assert [code for code, _ in told(house)] == ["03", "05"]


def test_two_clerks_who_accept_at_once_get_one_number_and_one_acceptance(house: House) -> None:
    deliveries = [arrive(house) for _ in range(3)]
    start = threading.Barrier(2)
    got: list[tuple[str, bool, int]] = []

    def clerk(person: str) -> None:
        start.wait()
        for delivery in deliveries:
            entered = incoming.accept(house.context, COMMUNE, delivery, act(house, person))
            got.append((delivery, entered.fresh, entered.line["number"]))

    threads = [threading.Thread(target=clerk, args=(person,)) for person in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 6
    assert len([each for each in got if each[1]]) == 3
    assert {(delivery, number) for delivery, _, number in got} == set(zip(deliveries, (1, 2, 3), strict=True))
    assert [code for code, _ in told(house)] == ["03", "03", "03"]


def test_numbers_begin_at_1_each_year_and_for_each_agency(house: House) -> None:
    numbers = []
    for receiver in (COMMUNE, COMMUNE, OFFICE):
        entered = incoming.accept(house.context, receiver, arrive(house, receiver), act(house))
        numbers.append((receiver, entered.line["year"], entered.line["number"]))
    house.clock.pass_(days=37, hours=13, minutes=59, seconds=59)  # 31 December, 23:59:59 in Vietnam
    for _ in range(2):
        entered = incoming.accept(house.context, COMMUNE, arrive(house), act(house))
        numbers.append((COMMUNE, entered.line["year"], entered.line["number"]))
        house.clock.pass_(seconds=1)
    assert numbers == [
        (COMMUNE, 2026, 1), (COMMUNE, 2026, 2), (OFFICE, 2026, 1), (COMMUNE, 2026, 3), (COMMUNE, 2027, 1),
    ]  # fmt: skip


def test_a_document_that_other_software_of_the_agency_is_fetching_is_not_the_desks(house: House) -> None:
    delivery = arrive(house)
    pickup = Pickup(house.context)
    [leased] = pickup.lease(COMMUNE, 1, 300)
    with pytest.raises(Refused, match="lease_lost"):
        incoming.accept(house.context, COMMUNE, delivery, act(house))
    pickup.acknowledge(COMMUNE, delivery, leased.lease)
    pickup.close()
    entered = incoming.accept(house.context, COMMUNE, delivery, act(house))  # it has it: it may be registered
    assert entered.line["number"] == 1


def test_a_document_that_the_desk_opened_is_not_given_to_other_software(house: House) -> None:
    delivery = arrive(house)
    incoming.take(house.context, COMMUNE, delivery, act(house))
    assert house.fetch_all(COMMUNE) == []
    house.clock.pass_(hours=2)
    house.sweep()
    assert len(house.fetch_all(COMMUNE)) == 1  # the desk left it lying: it came back


def test_a_document_of_another_agency_is_not_there(house: House) -> None:
    delivery = arrive(house)
    with pytest.raises(Refused, match="not_found"):
        incoming.folder(house.context, OFFICE, delivery)
    with pytest.raises(Refused, match="not_found"):
        incoming.take(house.context, OFFICE, delivery, act(house))
    with pytest.raises(Refused, match="not_found"):
        incoming.accept(house.context, OFFICE, delivery, act(house))


def test_a_document_that_its_sender_took_back_is_not_accepted(house: House) -> None:
    message = house.province.message(FINANCE, COMMUNE, at=house.clock.now)
    answer = house.submit(house.province.signed(message), FINANCE)
    delivery = str(house.deliveries(answer.id)[COMMUNE]["id"])
    house.report(house.province.status(FINANCE, COMMUNE, message.document_id, "13", house.clock.now), FINANCE)
    with pytest.raises(Refused, match="delivery_ended"):
        incoming.accept(house.context, COMMUNE, delivery, act(house))


def test_a_sender_that_asks_for_it_back_is_answered_from_the_desk(house: House) -> None:
    message = house.province.message(FINANCE, COMMUNE, at=house.clock.now)
    answer = house.submit(house.province.signed(message), FINANCE)
    delivery = str(house.deliveries(answer.id)[COMMUNE]["id"])
    incoming.accept(house.context, COMMUNE, delivery, act(house))
    house.clock.pass_(seconds=1)
    house.report(house.province.status(FINANCE, COMMUNE, message.document_id, "13", house.clock.now), FINANCE)
    assert incoming.folder(house.context, COMMUNE, delivery).asked_back
    incoming.answer(house.context, COMMUNE, delivery, "15", "", act(house))
    assert [code for code, _ in told(house)] == ["03", "15"]
    assert house.deliveries(answer.id)[COMMUNE]["take_back"] == "15"


def test_notices_that_a_clerk_has_seen_are_delivered_and_no_others(house: House) -> None:
    house.send(COMMUNE, FINANCE)
    house.fetch_all(FINANCE)
    waiting = arrive(house)
    [notice] = notices.waiting(house.context, COMMUNE, 10)
    assert notice["receipt_kind"] == "delivered"
    assert notices.seen(house.context, COMMUNE, [notice["delivery"], waiting, "x"], act(house)) == 1
    [told] = [each for each in acts.newest(house.context.database) if each.event == "notices_seen"]
    assert told.body["deliveries"] == [notice["delivery"]]
    assert notices.waiting(house.context, COMMUNE, 10) == []
    assert incoming.folder(house.context, COMMUNE, waiting).state == "available"


def test_an_unsigned_draft_is_signed_with_the_agencys_key_where_the_broker_keeps_it(
    make_house: MakeHouse, tmp_path: Path
) -> None:
    house = make_house(desk_keys=tmp_path)
    draft_of = build_document(house.province.message(COMMUNE, FINANCE, at=house.clock.now))
    content = etree.tostring(draft_of)
    draft = sending.keep(house.context, COMMUNE, content, act(house))
    with pytest.raises(Refused, match="signature_missing"):
        sending.send(house.context, COMMUNE, draft, act(house))
    keep_key(house, tmp_path)
    answer = sending.send(house.context, COMMUNE, draft, act(house))
    assert house.states(answer.id) == {FINANCE: "available"}
    with pytest.raises(Refused, match="not_found"):
        sending.send(house.context, COMMUNE, draft, act(house))
    again = sending.keep(house.context, COMMUNE, content, act(house))
    assert sending.send(house.context, COMMUNE, again, act(house)).id == answer.id


def test_drafts_are_the_agencys_own_and_go_after_a_day(house: House) -> None:
    content = house.province.document(COMMUNE, FINANCE, at=house.clock.now)
    draft = sending.keep(house.context, COMMUNE, content, act(house))
    with pytest.raises(Refused, match="not_found"):
        sending.find(house.context, OFFICE, draft)
    house.clock.pass_(hours=25)
    sending.keep(house.context, COMMUNE, content, act(house))
    with pytest.raises(Refused, match="not_found"):
        sending.find(house.context, COMMUNE, draft)


def test_the_register_of_what_went_out_shows_each_receiver_once_and_no_other_agencys(house: House) -> None:
    first = house.send(COMMUNE, FINANCE, OFFICE, subject="Về lũ 100%").id
    house.clock.pass_(seconds=1)
    house.send(OFFICE, FINANCE)
    second = house.send(COMMUNE, FINANCE, subject="Về hạn").id
    database = house.context.database
    sent = outgoing_reading.sent(database, COMMUNE, Sent())
    assert [each["id"] for each in sent] == [second, first]
    assert sorted(each["receiver"] for each in sent[1]["deliveries"]) == [OFFICE, FINANCE]
    assert [each["id"] for each in outgoing_reading.sent(database, COMMUNE, Sent(text="lũ 100%"))] == [first]
    assert outgoing_reading.sent(database, COMMUNE, Sent(kind="paper")) == []
    assert outgoing_reading.sent(database, COMMUNE, Sent(until=house.clock.now - timedelta(hours=1))) == []


def test_a_group_of_receivers_is_saved_changed_and_removed_by_its_own_agency_alone(house: House) -> None:
    database = house.context.database
    group = Group(id="g", agency=COMMUNE, name="Nhóm", members=(FINANCE, OFFICE), changed_at=house.clock.now)
    entry = Act(event="group_changed", at=house.clock.now, person="p", role="clerk", agency=COMMUNE)
    drafts.save_group(database, group, entry)
    with pytest.raises(NameTaken):
        drafts.save_group(database, replace(group, id="h"), entry)
    assert len(acts.newest(database)) == 1, "what did not happen is not entered"
    drafts.save_group(database, replace(group, members=(FINANCE,)), entry)
    drafts.remove_group(database, OFFICE, "g", entry)
    assert [each.members for each in drafts.groups(database, COMMUNE)] == [(FINANCE,)]
    drafts.remove_group(database, COMMUNE, "g", entry)
    assert drafts.groups(database, COMMUNE) == []


def test_the_senders_evidence_of_a_document_that_was_accepted_at_a_desk_holds(
    make_house: MakeHouse, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "broker-certificate.pem").write_bytes(certificate_pem(BROKER))  # valid at the test's time
    (data / "broker-key.pem").write_bytes(private_key_pem(BROKER))
    house = make_house()
    delivery = arrive(house)
    entered = incoming.accept(house.context, COMMUNE, delivery, act(house))
    Sequencing(house.context).round()
    gathered = gather(house.context, entered.line["document"], Role.SENDER, FINANCE)
    assert gathered.statuses == ()  # nobody's signature stands under it
    bundle = pack(gathered, house.context.issuer.seal.key, house.clock.now)
    looked_at = verification.verify(house.context, bundle, house.clock.now)
    assert looked_at.holds, looked_at.text
