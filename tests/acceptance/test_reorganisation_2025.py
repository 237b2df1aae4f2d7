"""1 July 2025 in a broker: documents on their way, old ones and new ones, when Phú Yên joins Đắk Lắk."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from exchange.closing import Closings
from exchange.context import today
from exchange.core.directory_csv import parse
from exchange.core.receipt import ReceiptKind
from exchange.core.structure import Structure, group
from exchange.counting import Counting
from exchange.ledger import directory_store
from exchange.ledger.counting import EXCHANGE
from exchange.sequencing import Sequencing
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, registered
from tests.reorganising import write_down

CONFIG = Path(__file__).parents[2] / "config"
WARD = "000.21.30.H45"  # phường Hòa Hiệp Nam, of which phường Hòa Hiệp was made
NEW_FINANCE, NEW_OFFICE = "000.00.08.H15", "000.00.01.H15"
NEW_WARD, NEW_DONG_HOA = "000.00.66.H15", "000.00.61.H15"


def load(house: House, *files: str) -> None:
    for file in files:
        rows = parse((CONFIG / file).read_bytes()).rows
        directory_store.save(house.context.database, [row.agency for row in rows])
    house.context.registry.renew()


def reform(house: House) -> None:
    """Write the plan down, late as it is: its day is past."""
    write_down(house, (CONFIG / "2025" / "reorganisation.csv").read_bytes())
    Closings(house.context).step()


def let_sign(house: House, code: str) -> None:
    """A new agency gets a certificate."""
    now = house.clock.now
    house.province.keys[code] = house.province.authority.issue(code, code, now - timedelta(days=1), days=365)
    directory_store.register_certificate(
        house.context.database, registered(house.province.keys[code], code, now)
    )
    house.context.registry.renew()


@pytest.fixture
def sample(house: House) -> House:
    load(house, "sample/phu-yen.csv", "2025/dak-lak.csv")
    return house


def test_waiting_documents_go_on_or_back_and_every_sender_knows(sample: House) -> None:
    answer = sample.send(OFFICE, FINANCE, WARD, COMMUNE)
    reform(sample)
    assert sample.states(answer.id) == {
        FINANCE: "refused",
        WARD: "refused",
        COMMUNE: "refused",
        NEW_FINANCE: "available",
        NEW_WARD: "available",
    }
    told = {each.deliveries[0].receiver: each for each in sample.receipts(answer.id)[1:]}
    assert {receiver: each.reason_code for receiver, each in told.items()} == {
        FINANCE: "receiver_forwarded",
        WARD: "receiver_forwarded",
        COMMUNE: "receiver_split",
    }
    assert f"{NEW_WARD} (Ủy ban nhân dân phường Hòa Hiệp)" in told[WARD].reason
    assert f"{NEW_WARD}, 000.00.74.H15" in told[COMMUNE].reason  # Hòa Hiệp, Phú Yên
    # The sender is closed too: the next round brings the three receipts to whoever does its work now.
    assert Closings(sample.context).step() == 3
    assert len(sample.fetch_all(NEW_OFFICE)) == 3
    assert len(sample.fetch_all(NEW_WARD)) == 1


def test_documents_of_before_are_answered_by_those_that_follow(sample: House) -> None:
    message = sample.province.message(OFFICE, WARD, at=sample.clock.now)
    answer = sample.submit(sample.province.signed(message), OFFICE)
    sample.fetch_all(WARD)
    reform(sample)
    let_sign(sample, NEW_WARD)
    status = sample.province.status(NEW_WARD, OFFICE, message.document_id, "03", sample.clock.now)
    sample.report(status, NEW_WARD)
    assert sample.deliveries(answer.id)[WARD]["business"] == "03"
    assert any(b"StatusCode" in each for each in sample.fetch_all(NEW_OFFICE))


def test_new_documents_may_still_be_addressed_by_the_codes_of_before(sample: House) -> None:
    reform(sample)
    let_sign(sample, NEW_OFFICE)
    answer = sample.send(NEW_OFFICE, "H45.30.21", FINANCE)
    receipt = sample.receipts(answer.id)[0]
    assert {(each.receiver, each.addressed_as, each.forwarded_from) for each in receipt.deliveries} == {
        (NEW_WARD, "H15.66", "H45.30.21"),
        (NEW_FINANCE, NEW_FINANCE, FINANCE),
    }
    assert receipt.kind is ReceiptKind.ACCEPTANCE


def test_the_share_may_be_asked_by_the_structure_of_then_and_of_now(sample: House) -> None:
    for sender, receiver in ((OFFICE, FINANCE), (FINANCE, OFFICE), (OFFICE, DISTRICT)):
        sample.send(sender, receiver)
        sample.fetch_all(receiver)
    reform(sample)
    Sequencing(sample.context).round()
    Counting(sample.context).round()
    directory, day = sample.context.registry.current.directory, today(sample.clock.now)
    with sample.context.database.read() as connection:
        senders = list(connection.execute(select(EXCHANGE.c.sender)).scalars())
    by = {
        structure: Counter(group(directory, sender, day, structure) for sender in senders)
        for structure in Structure
    }
    assert by == {
        Structure.THEN: {OFFICE: 2, FINANCE: 1},
        Structure.NOW: {NEW_OFFICE: 2, NEW_FINANCE: 1},
    }
