"""A crash at any commit while leaves are counted, before it took effect or after: each counts once."""

from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection

from exchange import paper
from exchange.app import Broker
from exchange.counting import Counting
from exchange.recounting import Recounting
from exchange.sequencing import Sequencing
from tests.anomaly.test_crashes import Crash, Points
from tests.house import House, settings_for
from tests.ledger.test_counting import tally
from tests.province import COMMUNE, FINANCE, OFFICE
from tests.test_paper import SHEET

POINTS_MAX = 9  # of the story


def story(house: House) -> None:
    """Count in small runs, while documents arrive and paper is registered."""
    counting = Counting(house.context)
    counting.round()
    house.fetch_all(FINANCE)
    paper.register(house.context, SHEET)
    Sequencing(house.context).round()
    counting.round()


@pytest.mark.parametrize("fatal", range(1, POINTS_MAX))
def test_a_crash_at_any_commit_counts_each_leaf_once(
    tmp_path: Path, database_url: str, fatal: int, form: str
) -> None:
    data = tmp_path / "data"
    house = House.build(data, database_url, sequence_batch_max=2)
    house.send(OFFICE, FINANCE, COMMUNE)
    house.send(OFFICE, FINANCE)
    Sequencing(house.context).round()
    points = Points(fatal, form)
    commit = house.context.database._commit

    def commit_(connection: Connection) -> None:
        points.guard(lambda: commit(connection))

    house.context.database._commit = commit_  # type: ignore[method-assign]
    with suppress(Crash):
        story(house)
    assert points.passed <= POINTS_MAX - 1, "a point of the story is never crashed at"
    house.context.registry.close()
    house.broker.database.close()
    settings = settings_for(data, database_url, sequence_batch_max=2)
    after = House(Broker(settings, house.clock), house.province, house.clock)
    try:
        after.clock.pass_(minutes=10)  # what was leased when it crashed comes back
        after.sweep()
        story(after)
        assert tally(after) == {"electronic": 2, "under_way": 1, "paper": 1}
        assert Recounting(after.context).recount().found == 0
    finally:
        after.close()
