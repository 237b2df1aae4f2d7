"""A crash at any commit or bell while a clerk sends and registers paper: each deed stands with its act."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from exchange import paper
from exchange.core.refusal import Refused
from exchange.desk import sending
from exchange.ledger import acts
from exchange.ledger import paper as registered
from tests.anomaly.test_crashes import Crash, Points, restart
from tests.anomaly.test_crashes_desk import act, arm
from tests.house import House
from tests.province import FINANCE, OFFICE
from tests.test_paper import SHEET

POINTS_MAX = 7


def story(house: House, draft: str) -> None:
    """A clerk sends a draft, and registers a sheet of paper; what is done already is not done again."""
    with suppress(Refused):  # it is sent, and its draft is gone
        sending.send(house.context, OFFICE, draft, act(house))
    paper.register(house.context, SHEET, act(house))


def told(house: House) -> Counter[str]:
    return Counter(each.event for each in acts.newest(house.context.database))


def tell(tmp_path: Path, fatal: int, form: str) -> int:
    url = f"sqlite:///{tmp_path / 'exchange.sqlite'}"
    house = House.build(tmp_path / "data", url)
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    draft = sending.keep(house.context, OFFICE, content, act(house))
    points = Points(fatal, form)
    arm(house, points)
    with suppress(Crash):
        story(house, draft)
    house.context.pdfs.close()
    house.context.registry.close()
    house.broker.database.close()
    after = restart(tmp_path / "data", url, house)
    try:
        sent = len(after.fetch_all(FINANCE))
        sheet = registered.find(after.context.database, SHEET.agency, SHEET.id)
        assert told(after) == +Counter({"submitted": sent, "paper_registered": int(sheet is not None)})
        story(after, draft)
        assert told(after) == Counter({"submitted": 1, "paper_registered": 1})
        assert sent + len(after.fetch_all(FINANCE)) == 1
    finally:
        after.close()
    return points.passed


@pytest.mark.parametrize("form", ["did nothing", "took effect"])
@pytest.mark.parametrize("fatal", range(1, POINTS_MAX))
def test_a_crash_leaves_no_deed_of_a_clerk_without_its_act_and_no_act_without_its_deed(
    tmp_path: Path, fatal: int, form: str
) -> None:
    tell(tmp_path, fatal, form)


def test_the_clerks_story_has_fewer_points_than_are_tried(tmp_path: Path) -> None:
    assert 3 < tell(tmp_path, 0, "did nothing") < POINTS_MAX
