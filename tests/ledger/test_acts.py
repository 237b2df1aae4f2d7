"""What persons do stands in the ledger, like everything else that happens."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from exchange.ledger import acts, reading, tree
from exchange.ledger.acts import Act
from exchange.sequencing import Sequencing
from exchange.timeline import timeline
from tests.house import House
from tests.province import FINANCE, OFFICE


def act(house: House, event: str, person: str = "p1", **values: object) -> Act:
    return Act(event=event, at=house.clock.now, person=person, role="auditor", **values)  # type: ignore[arg-type]


def record(house: House, event: str, person: str = "p1", **values: object) -> None:
    acts.record_act(house.context.database, act(house, event, person, **values))


def test_an_act_about_a_document_is_an_entry_of_it_and_not_part_of_what_both_sides_see(house: House) -> None:
    answer = house.send(OFFICE, FINANCE)
    before = timeline(reading.dossier(house.context.database, answer.id))  # type: ignore[arg-type]
    acts.record_act(
        house.context.database, act(house, "viewed", document=answer.id, what={"part": "content"})
    )
    [done] = acts.of_document(house.context.database, answer.id)
    assert (done.event, done.at, done.body) == (
        "viewed",
        house.clock.now,
        {"person": "p1", "role": "auditor", "part": "content"},
    )
    assert timeline(reading.dossier(house.context.database, answer.id)) == before  # type: ignore[arg-type]


def test_a_document_that_is_looked_at_without_end_tells_of_the_newest_looks(house: House) -> None:
    answer = house.send(OFFICE, FINANCE)
    for event in ("viewed", "viewed", "downloaded"):
        record(house, event, document=answer.id)
    found = acts.of_document(house.context.database, answer.id, most=2)
    assert [each.event for each in found] == ["viewed", "downloaded"]


def test_an_act_about_no_document_stands_for_itself(house: House) -> None:
    record(house, "signed_in")
    record(house, "signed_in")
    acts.record_act(
        house.context.database, Act(event="signed_out", at=house.clock.now, person="p2", role="clerk")
    )
    assert [each.event for each in acts.newest(house.context.database)] == [
        "signed_out",
        "signed_in",
        "signed_in",
    ]
    first, second = acts.newest(house.context.database, person="p1")
    assert first.document != second.document
    assert acts.newest(house.context.database, before=second.entry) == []


def test_acts_get_their_place_in_the_tree(house: House) -> None:
    answer = house.send(OFFICE, FINANCE)
    record(house, "viewed", document=answer.id)
    record(house, "signed_in")
    assert Sequencing(house.context).round() == 3
    with house.context.database.read() as connection:
        newest = tree.newest(connection)
        assert newest is not None
        assert newest.size == 3


def test_what_is_no_act_is_not_written(house: House) -> None:
    with pytest.raises(AssertionError, match="no act"):
        act(house, "looked")


@pytest.mark.parametrize("change", ["UPDATE act SET person = 'p9'", "DELETE FROM act"])
def test_who_did_something_stays(house: House, change: str) -> None:
    record(house, "signed_in")
    with (
        pytest.raises(DBAPIError, match="the ledger only grows"),
        house.context.database.write() as connection,
    ):
        connection.execute(text(change))
