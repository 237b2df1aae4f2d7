"""The database itself keeps the ledger's tree: it only grows, and of an entry one thing can be taken."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from exchange import migrations
from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate, newest, upgrade
from tests.log import AT, CONTENT, DIGEST, Log, check, document, entry

GUARDED = ("leaf", "checkpoint", "cosignature")
ERASE = "UPDATE entry SET body = '{}', salt = ''"


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[Log]:
    log = Log(database_url, tmp_path)
    log.append(3)
    log.sequence()
    with log.database.write() as connection:
        connection.execute(text("INSERT INTO cosignature VALUES (3, 'witness', 'a line', 1)"))
    yield log
    log.close()


def refused(log: Log, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match=r"the ledger only grows"),
        log.database.write() as connection,
    ):
        connection.execute(text(statement))


CHANGES = {"leaf": "entry = entry", "checkpoint": "signed_at = 0", "cosignature": "at = 0"}


@pytest.mark.parametrize("table", GUARDED)
def test_leaves_checkpoints_and_cosignatures_are_neither_changed_nor_deleted(log: Log, table: str) -> None:
    refused(log, f"UPDATE {table} SET {CHANGES[table]}")
    refused(log, f"DELETE FROM {table}")
    if not log.database.embedded:
        refused(log, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("table", [*GUARDED, "tile"])
def test_nothing_of_the_tree_can_be_replaced(log: Log, table: str) -> None:
    if log.database.embedded:  # PostgreSQL has no REPLACE
        refused(log, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


def test_a_leaf_cannot_be_replaced_by_one_of_the_same_entry_elsewhere(log: Log) -> None:
    if log.database.embedded:
        refused(log, 'INSERT OR REPLACE INTO leaf SELECT "index" + 100, entry, content FROM leaf')


SHORTER = {True: "substr(hashes, 1, 64)", False: "substring(hashes FROM 1 FOR 64)"}
ALTERED = {True: "CAST('x' || substr(hashes, 2) AS BLOB)", False: "'x'::bytea || substring(hashes FROM 2)"}


def test_a_tile_grows_at_its_end_and_in_no_other_way(log: Log) -> None:
    embedded = log.database.embedded
    for change in (
        f"hashes = {SHORTER[embedded]}",
        f"hashes = {ALTERED[embedded]}",
        "number = 7",
        "level = 7",
    ):
        refused(log, f"UPDATE tile SET {change}")
    refused(log, "DELETE FROM tile")
    log.append(1)
    log.sequence()
    assert log.check() == 4


CHANGED = (
    "at = at + 1",
    "event = 'refused'",
    "delivery = 'another'",
    "delivery = NULL",
    "agency = 'another'",
    "exchange_class = ''",
    "id = id + 100",
)


def test_an_entry_can_be_erased_and_nothing_else(log: Log) -> None:
    for change in CHANGED:
        refused(log, f"{ERASE}, {change}")
    for change in ("body = '{}'", "salt = ''", "body = '', salt = ''", "body = '{}', salt = '00'", *CHANGED):
        refused(log, f"UPDATE entry SET {change}")
    refused(log, "DELETE FROM entry")
    with log.database.write() as connection:
        assert connection.execute(text(ERASE)).rowcount == 3
    refused(log, "UPDATE entry SET body = '[]'")
    refused(log, "UPDATE entry SET salt = 'ab'")
    assert log.check() == 3


def test_an_entry_cannot_be_erased_before_it_has_its_leaf(log: Log) -> None:
    log.append(1)
    refused(log, f"{ERASE} WHERE id = (SELECT max(id) FROM entry)")
    log.sequence()
    with log.database.write() as connection:
        connection.execute(text(f"{ERASE} WHERE id = (SELECT max(id) FROM entry)"))


def test_an_entry_without_a_salt_is_not_taken(log: Log) -> None:
    if log.database.embedded:  # PostgreSQL makes one
        with pytest.raises(DatabaseError, match="without a salt"):
            log.append(1, salt="")


def test_the_entries_of_an_older_ledger_get_a_salt_each_and_are_sequenced(
    empty_database_url: str, tmp_path: Path
) -> None:
    database = Database(empty_database_url)
    with database.migration() as connection:
        upgrade(connection, "0005")
    fill_as_before(database)
    migrate(database)
    log = Log(empty_database_url, tmp_path)
    with database.read() as connection:
        salts = connection.execute(text("SELECT salt FROM entry")).scalars().all()
    assert len({bytes.fromhex(salt) for salt in salts if len(salt) == 32}) == 5
    refused(log, "UPDATE entry SET salt = 'ab'")
    assert log.sequence_all() == check(database, note_key=log.key.vkey) == 5
    log.close()
    database.close()


def test_the_newest_step_is_the_one_that_the_others_lead_to() -> None:
    steps = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert steps.get_current_head() == newest()


def fill_as_before(database: Database) -> None:
    """A document and five entries, in the columns of the release before."""
    row = {**document().row(), "accepted_at": 1}
    entries = [{**entry().row(), "at": int(AT.timestamp())} for _ in range(5)]
    with database.write() as connection:
        connection.execute(
            text("INSERT INTO payload VALUES (:digest, :size, :body)"),
            {"digest": DIGEST, "size": len(CONTENT), "body": CONTENT},
        )
        for table, rows in (("document", [row]), ("entry", entries)):
            known = [each["name"] for each in inspect(connection).get_columns(table)]
            names = [name for name in rows[0] if name in known]
            places = ", ".join(f":{name}" for name in names)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"), rows)
