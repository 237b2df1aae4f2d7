"""Search: what is found, in which order, and that no question makes the database read everything."""

import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, text

from exchange.core.delivery import State
from exchange.ledger import outgoing_reading, searching
from exchange.ledger.outgoing_reading import Sent
from exchange.ledger.searching import Found, Question, find, folded, spellings, words_of
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE


def subjects(found: Found) -> list[str]:
    return [line.subject for line in found.lines]


def ask(house: House, question: Question, **how: object) -> Found:
    return find(house.context.database, question, **{"offset": 0, "limit": 50, **how})  # type: ignore[arg-type]


@pytest.fixture
def stocked(house: House) -> House:
    """Four documents, an hour apart; the last is fetched by one of its two receivers."""
    for number, subject, sender, receivers in (
        (5, "V/v báo cáo Đề án số 1", OFFICE, (FINANCE,)),
        (12, "V/v họp giao ban", OFFICE, (DISTRICT,)),
        (5, "V/v quyết toán ngân sách", FINANCE, (OFFICE,)),
        (112, "V/v báo cáo quyết toán", FINANCE, (OFFICE, COMMUNE)),
    ):
        house.send(sender, *receivers, number=number, subject=subject)
        house.clock.pass_(hours=1)
    house.fetch_all(COMMUNE)
    return house


def test_text_is_compared_without_marks_and_capitals() -> None:
    assert folded("Đề án BÁO CÁO") == "de an bao cao"
    assert folded(unicodedata.normalize("NFD", "Thừa Thiên Huế, Ủy ban ỹ")) == "thua thien hue, uy ban y"
    assert words_of("  báo   CÁO ") == ("bao", "cao")
    assert spellings("5") == ("5", "05")
    assert spellings("05") == ("05", "5")
    assert spellings("0") == ("0",)


def test_documents_are_found_by_each_thing_that_people_know_of_them(stocked: House) -> None:
    first, second, third, fourth = (
        "V/v báo cáo Đề án số 1", "V/v họp giao ban", "V/v quyết toán ngân sách", "V/v báo cáo quyết toán"
    )  # fmt: skip
    start = stocked.clock.now - timedelta(hours=4)
    for question, wanted in (
        (Question(), [fourth, third, second, first]),
        (Question(words=words_of("bao cao")), [fourth, first]),
        (Question(words=words_of("cáo de an")), [first]),
        (Question(numbers=spellings("5")), [third, first]),
        (Question(numbers=spellings("05"), notation=folded("ubnd")), [third, first]),
        (Question(notation=folded("HĐND")), []),
        (Question(senders=(FINANCE,)), [fourth, third]),
        (Question(senders=(FINANCE, OFFICE), numbers=("12",)), [second]),
        (Question(receivers=(COMMUNE,)), [fourth]),
        (Question(receivers=(OFFICE, COMMUNE)), [fourth, third]),
        (Question(states=frozenset({State.DELIVERED})), [fourth]),
        (Question(states=searching.OPEN), [fourth, third, second, first]),
        (Question(states=searching.OPEN, receivers=(COMMUNE,)), []),
        (Question(states=frozenset({State.REFUSED})), []),
        (Question(since=start + timedelta(hours=1)), [fourth, third, second]),
        (Question(since=start + timedelta(hours=1), until=start + timedelta(hours=3)), [third, second]),
    ):
        found = ask(stocked, question)
        assert subjects(found) == wanted, question
        assert found.complete


def test_each_line_tells_how_it_stands_with_every_receiver(stocked: House) -> None:
    [line] = ask(stocked, Question(numbers=("112",))).lines
    assert line.states == {OFFICE: State.AVAILABLE, COMMUNE: State.DELIVERED}


def test_found_documents_are_sorted_and_turned_by_pages(stocked: House) -> None:
    assert [line.number for line in ask(stocked, Question(), sort="number", down=False).lines] == [
        "5", "5", "12", "112"
    ]  # fmt: skip
    assert [line.number for line in ask(stocked, Question(), down=False).lines] == ["5", "12", "5", "112"]
    assert [line.number for line in ask(stocked, Question(), offset=1, limit=2).lines] == ["5", "12"]
    assert subjects(ask(stocked, Question(), sort="subject", down=False))[0].startswith(
        "V/v bao".replace("bao", "báo")
    )


def test_a_look_that_was_not_at_everything_says_so(stocked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "LOOKED_AT_MAX", 3)
    found = ask(stocked, Question(words=words_of("Đề án")))
    assert (subjects(found), found.complete) == ([], False)
    assert not ask(stocked, Question(), sort="sender").complete
    assert ask(stocked, Question(), limit=2).complete


QUESTIONS = {
    "everything": (Question(), "document_accepted"),
    "number": (Question(numbers=("5",)), "document_number"),
    "sender": (Question(senders=(OFFICE,)), "document_sender"),
    "receiver": (Question(receivers=(OFFICE,)), "delivery_to"),
    "dead": (Question(states=frozenset({State.REFUSED})), "delivery_open"),
}


@pytest.mark.parametrize("case", QUESTIONS)
def test_every_question_comes_out_of_an_index_in_its_order(house: House, case: str) -> None:
    question, index = QUESTIONS[case]
    [statement] = searching._ways(question, down=True)
    comes_out_of(house, statement, index)


def test_the_register_of_an_agency_comes_out_of_its_index(house: House) -> None:
    comes_out_of(house, outgoing_reading._wanted(OFFICE, Sent(kind="document")), "document_sender")


def comes_out_of(house: House, statement: Select[Any], index: str) -> None:
    database = house.context.database
    with database.read() as connection:
        if not database.embedded:  # with next to nothing in them a table is read as a whole
            for way in ("seqscan", "bitmapscan", "sort"):
                connection.execute(text(f"SET enable_{way} = off"))
        explain = "EXPLAIN QUERY PLAN " if database.embedded else "EXPLAIN "
        compiled = statement.compile(connection)
        plan = "\n".join(
            str(row) for row in connection.exec_driver_sql(explain + str(compiled), _bound(compiled))
        )
    assert index in plan, plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan, plan


def _bound(compiled: object) -> object:
    values = compiled.construct_params()  # type: ignore[attr-defined]
    names = compiled.positiontup  # type: ignore[attr-defined]
    return tuple(values[name] for name in names) if names else values
