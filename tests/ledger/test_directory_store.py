"""The directory in the database: as it was put in, whole or not at all, however large."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from exchange.core.codes import CodeForm
from exchange.core.directory import Agency, Alias, Former, Level, Limits
from exchange.ledger import directory_store
from exchange.ledger.database import Database
from exchange.ledger.directory_store import Changed
from exchange.ledger.migrate import migrate

PARAMETERS_MAX = 65_535  # of a statement of PostgreSQL
FROM = date(2016, 4, 1)


def former(year: int, name: str) -> Former:
    return Former(until=date(year, 12, 31), name=name, level=Level.UNIT, parent="H45.02")


OFFICE = Agency(
    code="H45.01",
    name="Văn phòng",
    level=Level.DEPARTMENT,
    parent="H45",
    valid_from=FROM,
    valid_to=date(2025, 6, 30),
    former=(former(2018, "Một"), former(2020, "Hai")),
    successors=("H45.03", "H45.02"),
    aliases=(Alias(code="000.00.01.H45", form=CodeForm.QCVN102, valid_from=FROM),),
    adapter="webhook",
    options={"url": "x"},
    limits=Limits(document_bytes_max=5, attachment_types=frozenset({"application/pdf"})),
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()


def stored(database: Database) -> list[Agency]:
    return directory_store.load(database)[1]


def test_an_agency_comes_back_with_all_its_names_successors_and_codes(database: Database) -> None:
    directory_store.save(database, [OFFICE])
    assert stored(database) == [OFFICE]


def test_saving_an_agency_again_leaves_nothing_of_what_it_was(database: Database) -> None:
    directory_store.save(database, [OFFICE])
    plain = replace(OFFICE, former=(former(2019, "Khác"),), successors=(), aliases=())
    directory_store.save(database, [plain])
    assert stored(database) == [plain]


def test_others_stay_as_they_are(database: Database) -> None:
    other = replace(OFFICE, code="H45.02", aliases=())
    directory_store.save(database, [OFFICE, other])
    directory_store.save(database, [replace(other, former=(), name="Khác")])
    assert stored(database)[0] == OFFICE


def test_what_was_checked_against_an_older_directory_is_not_saved(database: Database) -> None:
    directory_store.save(database, [OFFICE])
    seen = directory_store.versions(database)[0]
    directory_store.save(database, [replace(OFFICE, name="Của người khác")], seen)
    with pytest.raises(Changed):
        directory_store.save(database, [replace(OFFICE, name="Của tôi")], seen)
    assert [agency.name for agency in stored(database)] == ["Của người khác"]
    assert directory_store.versions(database)[0] == seen + 1


def test_saving_nothing_is_no_error(database: Database) -> None:
    directory_store.save(database, [])
    assert stored(database) == []


def test_a_directory_of_more_agencies_than_a_statement_has_parameters_is_saved(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    migrate(database)
    plain = replace(OFFICE, former=(), aliases=())
    number = PARAMETERS_MAX + 1
    directory_store.save(database, [replace(plain, code=f"H45.{each:06}") for each in range(number)])
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM agency")).scalar() == number
    database.close()
