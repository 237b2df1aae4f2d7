"""A crash while deliveries come back, from a worker that stops or from nobody: none is lost, none doubled."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from exchange.core.edxml import Business, BusinessType
from exchange.core.receipt import ReceiptKind
from exchange.dispatch import Dispatch
from exchange.ledger import claim
from exchange.pickup import Pickup
from tests.anomaly.test_crashes import Crash, Points, adapters, arm, ends, restart
from tests.house import House
from tests.province import COMMUNE, FINANCE, OFFICE

CALLS: dict[str, Callable[[House], int]] = {
    "give_back": lambda house: claim.give_back(house.context.database, "test", house.clock.now),
    "bring_back": lambda house: claim.bring_back(house.context.database, house.clock.now),
}
every_form = pytest.mark.parametrize("form", ["did nothing", "took effect"])


def build(tmp_path: Path, url: str) -> House:
    for name in ("finance", "office"):
        (tmp_path / "agencies" / name).mkdir(parents=True)
    return House.build(tmp_path / "data", url, adapters(tmp_path / "agencies"))


def take(house: House) -> None:
    """A worker claims what is pushed, a client leases what is fetched; neither is heard of again."""
    with closing(Dispatch(house.context, house.connections)) as dispatch:
        assert len(house.claim(dispatch)) == 1
    with closing(Pickup(house.context)) as pickup:
        assert len(pickup.lease(COMMUNE, 1, 300)) == 1


def crash(house: House, call: str, form: str) -> None:
    """The process dies at the only commit of ``call``."""
    points = Points(1, form)
    arm(house, points)
    with pytest.raises(Crash):
        CALLS[call](house)
    assert points.passed == 1
    house.context.registry.close()
    house.broker.database.close()


@every_form
@pytest.mark.parametrize("call", CALLS)
def test_a_crash_while_deliveries_come_back_leaves_each_to_be_delivered_once(
    tmp_path: Path, database_url: str, call: str, form: str
) -> None:
    house = build(tmp_path, database_url)
    identity = house.send(OFFICE, FINANCE, COMMUNE).id
    take(house)
    if call == "bring_back":
        house.clock.pass_(minutes=10)
    crash(house, call, form)
    with closing(restart(tmp_path / "data", database_url, house)) as after:
        for _ in ends(after):
            pass
        assert after.states(identity) == {FINANCE: "delivered", COMMUNE: "delivered"}
        assert len(after.receipts(identity)) == 3
    arrived = [path for path in (tmp_path / "agencies" / "finance").rglob("*") if path.is_file()]
    assert len(arrived) == 1


@every_form
def test_a_crash_while_withdrawn_deliveries_come_back_leaves_each_to_be_refused_once(
    tmp_path: Path, database_url: str, form: str
) -> None:
    house = build(tmp_path, database_url)
    message = house.province.message(OFFICE, FINANCE, COMMUNE, at=house.clock.now)
    identity = house.submit(house.province.signed(message), OFFICE).id
    take(house)
    business = Business(doc_type=BusinessType.REVOKE, document_id=message.document_id, reason="Sai")
    house.send(OFFICE, FINANCE, COMMUNE, business=business)
    house.clock.pass_(minutes=10)
    crash(house, "bring_back", form)
    with closing(restart(tmp_path / "data", database_url, house)) as after:
        for _ in ends(after):
            pass
        assert after.states(identity) == {FINANCE: "waiting", COMMUNE: "waiting"}
        after.clock.pass_(hours=after.context.settings.expiry_hours)
        after.sweep()
        assert after.states(identity) == {FINANCE: "refused", COMMUNE: "refused"}
        ended = after.receipts(identity)[1:]
        assert [each.kind for each in ended] == [ReceiptKind.REFUSED, ReceiptKind.REFUSED]
        assert {each.reason_code for each in ended} == {"revoked"}
