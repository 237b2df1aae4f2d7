"""A crash at any commit or bell while a clerk accepts and is asked to give back: all is done, and once."""

from contextlib import suppress
from pathlib import Path

import pytest

from exchange.desk import incoming, taking_back
from exchange.desk.incoming import Wish
from exchange.ledger import incoming_reading, reading
from exchange.ledger.incoming import Actor
from exchange.ledger.incoming_reading import Search
from tests.anomaly.test_crashes import Crash, Points, restart
from tests.house import House
from tests.province import COMMUNE, FINANCE

POINTS = 12


def arm(house: House, points: Points) -> None:
    database, bell = house.context.database, house.context.bell
    commit, announce = database._commit, bell.announce
    database._commit = lambda connection: points.guard(lambda: commit(connection))  # type: ignore[method-assign, assignment, return-value]
    bell.announce = lambda ids: points.guard(lambda: announce(ids))  # type: ignore[method-assign, assignment, return-value]


def story(house: House, deliveries: list[str]) -> None:
    """A clerk accepts both, and assigns the first; what is done already is not done again."""
    for delivery in deliveries:
        incoming.take(house.context, COMMUNE, delivery, act(house))
        incoming.accept(house.context, COMMUNE, delivery, act(house))
    if incoming.folder(house.context, COMMUNE, deliveries[0]).next_codes[0] == "04":
        wish = Wish(code="04", seen="03", assigned_to="A")
        incoming.advance(house.context, COMMUNE, deliveries[0], wish, act(house))
    sent = reading.dossier(house.context.database, str(document_of(house, deliveries[0])))
    assert sent is not None
    if taking_back.askable(sent):
        taking_back.ask(house.context, FINANCE, sent, [COMMUNE], "Sai", act(house))
    if incoming.folder(house.context, COMMUNE, deliveries[0]).asked_back:
        incoming.answer(house.context, COMMUNE, deliveries[0], "15", "", act(house))


def document_of(house: House, delivery: str) -> object:
    return incoming.folder(house.context, COMMUNE, delivery).row["document"]


def act(house: House) -> Actor:
    return Actor(person="clerk", role="clerk", at=house.clock.now)


def tell(tmp_path: Path, url: str, fatal: int, form: str) -> int:
    house = House.build(tmp_path / "data", url)
    documents = [house.send(FINANCE, COMMUNE).id for _ in range(2)]
    deliveries = [str(house.deliveries(each)[COMMUNE]["id"]) for each in documents]
    points = Points(fatal, form)
    arm(house, points)
    with suppress(Crash):
        story(house, deliveries)
    house.context.registry.close()
    house.broker.database.close()
    after = restart(tmp_path / "data", url, house)
    try:
        story(after, deliveries)
        check(after, documents)
    finally:
        after.close()
    return points.passed


def check(house: House, documents: list[str]) -> None:
    lines = incoming_reading.register(
        house.context.database, COMMUNE, Search(sort="number", down=False, numbered=True)
    )
    assert [(each["document"], each["number"]) for each in lines] == list(zip(documents, (1, 2), strict=True))
    for document, code in zip(documents, ("04", "03"), strict=True):
        assert house.states(document) == {COMMUNE: "delivered"}
        assert house.deliveries(document)[COMMUNE]["business"] == code
        assert sorted(each.kind for each in house.receipts(document)) == ["acceptance", "delivered"]
    # two receipts and four statuses, each once; and one request
    assert house.deliveries(documents[0])[COMMUNE]["take_back"] == "15"
    assert len(house.fetch_all(FINANCE)) == 6
    assert len(house.fetch_all(COMMUNE)) == 1


@pytest.mark.parametrize("fatal", range(1, POINTS + 1))
def test_a_crash_while_a_clerk_accepts_leaves_one_number_one_receipt_and_one_status(
    tmp_path: Path, database_url: str, fatal: int, form: str
) -> None:
    tell(tmp_path, database_url, fatal, form)


def test_the_desks_story_has_the_points_that_are_tried(tmp_path: Path) -> None:
    passed = tell(tmp_path, f"sqlite:///{tmp_path / 'exchange.sqlite'}", 0, "did nothing")
    assert passed == POINTS
