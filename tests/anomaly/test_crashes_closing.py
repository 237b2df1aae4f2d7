"""A crash at any commit while a plan is written down or what waits is dealt with: all is done, once."""

from contextlib import suppress
from pathlib import Path

import pytest

import exchange.closing
from exchange.app import Broker
from exchange.closing import Closings
from exchange.context import today
from exchange.core.receipt import ReceiptKind
from tests.anomaly.test_crashes import Crash, Points
from tests.anomaly.test_crashes_sequencing import arm
from tests.core.plan_file import plan, step
from tests.house import House, settings_for
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE
from tests.reorganising import write_down

COMMITS = 4  # the plan, and two pages of two and one deliveries; the last number crashes nothing


def story(house: House) -> None:
    """The plan is written down, for a day that has come, and what waits is dealt with."""
    content = plan(
        step("merge", COMMUNE, date="", successors=FINANCE, waiting="forward"),
        step("merge", DISTRICT, date="", successors=FINANCE, waiting="return"),
    )
    write_down(house, content, today(house.clock.now))
    Closings(house.context).step()


@pytest.mark.parametrize("form", ["did nothing", "took effect"])
@pytest.mark.parametrize("fatal", range(1, COMMITS + 1))
def test_whatever_commit_it_dies_at_every_document_goes_on_or_back_once(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, fatal: int, form: str
) -> None:
    monkeypatch.setattr(exchange.closing, "AT_ONCE", 2)
    data = tmp_path / "data"
    house = House.build(data, database_url)
    documents = [house.send(OFFICE, *receivers).id for receivers in ((COMMUNE, DISTRICT), (COMMUNE,))]
    points = Points(fatal, form)
    arm(house, points)
    with suppress(Crash):
        story(house)
    assert points.passed == min(fatal, COMMITS - 1)
    house.close()
    after = House(Broker(settings_for(data, database_url), house.clock), house.province, house.clock)
    try:
        story(after)
        both, one = documents
        assert after.states(both) == {COMMUNE: "refused", DISTRICT: "refused", FINANCE: "available"}
        assert after.states(one) == {COMMUNE: "refused", FINANCE: "available"}
        for document, count in ((both, 2), (one, 1)):
            told = [each for each in after.receipts(document) if each.kind is ReceiptKind.REFUSED]
            assert len(told) == count
        assert len(after.fetch_all(FINANCE)) == 2
        assert Closings(after.context).step() == 0
    finally:
        after.close()
