"""A crash at any commit while entries are sequenced, before it took effect or after, leaves one tree.

Somebody follows the log all the time: what was once published must be the beginning of what stands at the
end, whatever happened in between.
"""

from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from exchange.app import Broker
from exchange.core import note
from exchange.core.note import Checkpoint
from exchange.ledger import tree
from exchange.ledger.database import Database
from exchange.sequencing import Sequencing
from exchange.tables import EntryRow
from tests.anomaly.test_crashes import Crash, Points
from tests.house import House, settings_for
from tests.log import check
from tests.province import COMMUNE, FINANCE, OFFICE

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
POINTS = 16


class Follower:
    """Remembers every checkpoint that it was shown."""

    def __init__(self) -> None:
        self.seen: dict[int, bytes] = {}

    def look(self, house: House) -> None:
        published = tree.published(house.context.database)
        if published is not None:
            signed = note.read(published)
            note.verify(signed, house.context.log_key.vkey)
            said = Checkpoint.parse(signed.text)
            assert self.seen.setdefault(said.size, said.root) == said.root, "a fork"
            assert said.size == max(self.seen), "the log became shorter"


def arm(house: House, points: Points) -> None:
    """Let every commit be a point."""
    database = house.context.database
    commit = database._commit

    def commit_(connection: Connection) -> None:
        points.guard(lambda: commit(connection))

    database._commit = commit_  # type: ignore[method-assign]


def story(house: House, documents: list[bytes], follower: Follower) -> None:
    """Submit, sequence in small batches, deliver, sequence again; somebody looks in between."""
    sequencing = Sequencing(house.context)
    for document in documents:
        house.submit(document, OFFICE)
        follower.look(house)
        sequencing.round()
        follower.look(house)
    for agency in (FINANCE, COMMUNE):
        house.fetch_all(agency)
    sequencing.round()
    follower.look(house)


def tell(tmp_path: Path, url: str, fatal: int, form: str) -> int:
    """The story with one crash; returns how many points were passed."""
    data, follower = tmp_path / "data", Follower()
    house = House.build(data, url, sequence_batch_max=2)
    documents = [
        house.province.document(OFFICE, *receivers, at=house.clock.now)
        for receivers in ((FINANCE, COMMUNE), (FINANCE,), (FINANCE, COMMUNE))
    ]
    points = Points(fatal, form)
    arm(house, points)
    with suppress(Crash):
        story(house, documents, follower)
    key = house.context.log_key.vkey
    house.context.registry.close()
    house.broker.database.close()
    after = House(
        Broker(settings_for(data, url, sequence_batch_max=2), house.clock), house.province, house.clock
    )
    try:
        # The key is the same one: a log that went on under another would be a fork.
        assert after.context.log_key.vkey == key
        story(after, documents, follower)
        after.clock.pass_(minutes=10)  # what was leased when it crashed comes back
        after.sweep()
        story(after, documents, follower)
        assert check(after.context.database, note_key=key) == entries(after.context.database) == 10
        assert set(follower.seen) <= checkpoints(after.context.database)
    finally:
        after.close()
    return points.passed


def entries(database: Database) -> int:
    with database.read() as connection:
        count: int = connection.execute(select(func.count()).select_from(ENTRY)).scalar_one()
        return count


def checkpoints(database: Database) -> set[int]:
    with database.read() as connection:
        return set(connection.execute(select(tree.CHECKPOINT.c.size)).scalars())


@pytest.mark.parametrize("fatal", range(1, POINTS + 1))
def test_a_crash_at_any_commit_leaves_one_tree_that_continues_what_was_published(
    tmp_path: Path, database_url: str, fatal: int, form: str
) -> None:
    tell(tmp_path, database_url, fatal, form)


def test_the_story_of_sequencing_has_the_points_that_are_tried(tmp_path: Path) -> None:
    passed = tell(tmp_path, f"sqlite:///{tmp_path / 'exchange.sqlite'}", 0, "did nothing")
    assert passed == POINTS
