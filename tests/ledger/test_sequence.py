"""T4: whatever is appended, by whomever and in whatever order it appears, becomes one tree."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, func, select, text

from exchange.core import merkle, note
from exchange.core.leaf import check_details, decode
from exchange.core.merkle import EMPTY_ROOT
from exchange.ledger.prove import Proof, prove
from exchange.ledger.sequence import _grow
from exchange.tables import SequencedRow
from tests.log import AT, DIGEST, Log, entry, insert, tiles_of

SEQUENCED = SequencedRow.__table__  # type: ignore[attr-defined]


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[Log]:
    log = Log(database_url, tmp_path)
    yield log
    log.close()


@pytest.fixture
def server_log(postgresql_url: str, tmp_path: Path) -> Iterator[Log]:
    log = Log(postgresql_url, tmp_path)
    yield log
    log.close()


def test_entries_become_leaves_in_bounded_batches_and_every_checkpoint_is_of_one_tree(log: Log) -> None:
    for count in (1, 1, 254, 1, 300, 7):  # on and across the edges of tiles
        log.append(count)
        assert [log.sequence(150) for _ in range(4)] == batches(count, 150)
        log.check()
    assert log.sequenced() == log.entries()


def batches(count: int, most: int) -> list[int]:
    return [max(0, min(most, count - most * number)) for number in range(4)]


def test_a_log_without_entries_has_a_checkpoint_that_says_so(log: Log) -> None:
    assert log.sequence() == 0
    assert log.check() == 0
    with log.database.read() as connection:
        assert connection.execute(text("SELECT root FROM checkpoint")).scalar() == EMPTY_ROOT


def test_sequencing_again_changes_nothing(log: Log) -> None:
    log.append(3)
    assert log.sequence() == 3
    written = rows(log)
    assert log.sequence() == 0
    log.sequence_all()
    assert rows(log) == written


def rows(log: Log) -> list[object]:
    with log.database.read() as connection:
        tables = ("leaf", "tile", "checkpoint")
        return [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]


def test_a_tree_of_70000_has_the_tiles_that_the_standard_says_it_has() -> None:
    # C2SP tlog-tiles, "Partial Tiles". One entry many times: the hashes do not matter here.
    row = {**entry().row(), "digest": DIGEST}
    numbered = [{**row, "id": number} for number in range(70_000)]
    tiles: dict[tuple[int, int], bytes] = {}
    size, begun = 0, {}
    for part in (numbered[:65_535], numbered[65_535:65_537], numbered[65_537:]):
        grown = _grow(size, begun, part)  # type: ignore[arg-type]
        size = grown.size
        for each in (*grown.tiles, *grown.longer):
            tiles[each["level"], each["number"]] = each["hashes"]
        begun = {place: hashes for place, hashes in tiles.items() if len(hashes) < 256 * 32}
    widths = {place: len(hashes) // 32 for place, hashes in tiles.items()}
    assert widths == {
        **{(0, number): 256 for number in range(273)},
        (0, 273): 112,
        (1, 0): 256,
        (1, 1): 17,
        (2, 0): 1,
    }
    leaves = [tiles[0, number // 256][number % 256 * 32 :][:32] for number in range(70_000)]
    assert tiles == tiles_of(leaves)
    growing = merkle.Growing()
    for leaf in leaves:
        growing.add(leaf)
    assert (grown.size, grown.root) == (70_000, growing.root)


def test_a_proof_holds_by_the_rules_of_the_document_alone(log: Log) -> None:
    for number in range(5):
        log.append(number + 1, event=f"event{number}", body={"number": number})
        log.sequence()
    log.append(1)  # not sequenced
    entries = log.entries()
    proofs = prove(log.database, entries)
    assert [proof["index"] for proof in proofs] == list(range(15))
    for proof in proofs:
        verify(log, proof)
        leaf = decode(proof["leaf"].encode())
        check_details(leaf, bytes.fromhex(proof["salt"]), proof["details"])
        assert proof["details"]["body"] == {"number": int(leaf.event[-1])}
        assert (leaf.at, leaf.document, leaf.exchange) == (AT, DIGEST, "2" * 32)
    assert len({proof["salt"] for proof in proofs}) == 15
    assert prove(log.database, entries[-1:]) == []
    assert prove(log.database, []) == []


def verify(log: Log, proof: Proof) -> None:
    signed = note.read(proof["checkpoint"])
    note.verify(signed, log.key.vkey)
    checkpoint = note.Checkpoint.parse(signed.text)
    assert checkpoint.size == proof["size"]
    merkle.verify_inclusion(
        merkle.leaf_hash(proof["leaf"].encode()),
        proof["index"],
        proof["size"],
        [bytes.fromhex(each) for each in proof["inclusion"]],
        checkpoint.root,
    )


def test_an_erased_entry_is_proven_as_before_and_tells_nothing(log: Log) -> None:
    log.append(3)
    log.sequence()
    [_, second, _] = log.entries()
    before = prove(log.database, [second])[0]
    with log.database.write() as connection:
        connection.execute(text(f"UPDATE entry SET body = '{{}}', salt = '' WHERE id = {second}"))
    log.append(1)
    log.sequence()
    log.check()
    [after] = prove(log.database, [second])
    verify(log, after)
    assert after["leaf"] == before["leaf"]
    assert (after["salt"], after["details"]) == ("", {})
    # Whoever was given salt and details before can prove them for ever.
    check_details(decode(after["leaf"].encode()), bytes.fromhex(before["salt"]), before["details"])


def test_appending_does_not_wait_while_leaves_are_made_and_the_tree_is_signed(log: Log) -> None:
    log.append(2)
    sign = log.sign

    def append_and_sign(size: int, root: bytes) -> str:
        log.append(1)  # within the sequencer's own thread: if it had to wait, it would wait for ever
        return sign(size, root)

    log.sign = append_and_sign  # type: ignore[method-assign]
    assert log.sequence() == 2
    assert log.sequence() == 1
    log.sign = sign  # type: ignore[method-assign]
    log.sequence()
    assert log.check() == 4


def test_a_sequencer_that_was_overtaken_gives_way(log: Log) -> None:
    log.append(2)
    sign = log.sign

    def overtaken(size: int, root: bytes) -> str:
        log.sign = sign  # type: ignore[method-assign]
        assert log.sequence() == 2
        return sign(size, root)

    log.sign = overtaken  # type: ignore[method-assign]
    assert log.sequence() == 0
    assert log.check() == 2


def test_two_processes_that_sequence_at_once_make_one_tree(log: Log) -> None:
    with start_sequencer(log) as one, start_sequencer(log) as other:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: append_slowly(log, number), range(4)))
        deadline = time.monotonic() + 60
        while len(log.sequenced()) < len(log.entries()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        counts = [int(process.communicate(timeout=60)[0]) for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0)
    assert sum(counts) == log.check() == len(log.entries()) > 50
    # Nothing is left below the floor, wherever it stands.
    assert floor(log) <= max(log.entries())


def start_sequencer(log: Log) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.log", log.url, str(log.folder)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def append_slowly(log: Log, seed: int) -> None:
    """Transactions that overlap, take their time, and are given up now and then."""
    random = Random(seed)
    for _ in range(25):
        try:
            with log.database.write() as connection:
                insert(connection, random.randrange(1, 4))
                time.sleep(random.random() * 0.03)
                if random.random() < 0.2:
                    raise GivenUp
        except GivenUp:
            pass


class GivenUp(Exception):
    pass


def floor(log: Log) -> int:
    with log.database.read() as connection:
        found: int = connection.execute(select(SEQUENCED.c.floor)).scalar_one()
        return found


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_an_entry_that_appears_late_below_others_is_sequenced(server_log: Log) -> None:
    log = server_log
    with log.database.write() as held:
        insert(held, 2)
        late = held.execute(text("SELECT max(id) FROM entry")).scalar_one()
        for _ in range(4):
            log.append(3)
            assert log.sequence() == 3
        assert floor(log) < late - 1
        assert log.check(whole=False) == 12
    assert log.sequence() == 2
    assert log.check() == 14
    assert sorted(log.sequenced()) == log.entries() != log.sequenced()
    log.append(1)
    log.sequence_all()
    log.sequence()
    assert floor(log) == max(log.entries())


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_stragglers_that_do_not_fit_into_one_round_come_in_the_next(server_log: Log) -> None:
    log = server_log
    with log.database.write() as held:
        insert(held, 10)
        log.append(3)
        log.sequence(3)
    log.append(5)
    assert [log.sequence(4) for _ in range(5)] == [4, 4, 4, 3, 0]
    assert log.check() == 18
    assert log.sequence() == 0
    assert floor(log) == max(log.entries())


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_an_id_that_was_given_out_before_anything_was_written_is_not_forgotten(server_log: Log) -> None:
    """A transaction has its id and has not written its first row: a trigger of ours holds it there."""
    log = server_log
    with log.database.write() as connection:
        hold_slow_ones(connection)
    log.append(1)  # of each 32 ids, the server numbers the transaction itself that takes the first
    log.sequence()
    gate = log.database.write()
    with gate as holding, ThreadPoolExecutor(1) as pool:
        holding.execute(text("SELECT pg_advisory_xact_lock(1)"))
        slow = pool.submit(log.append, 1, event="slow")
        wait_for_a_waiter(log)
        for _ in range(4):
            log.append(2)
            log.sequence()
            log.sequence()
        holding.rollback()
        slow.result(30)
    log.sequence_all()
    assert log.check() == 10


def hold_slow_ones(connection: Connection) -> None:
    connection.execute(
        text(
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$"
        )
    )
    connection.execute(
        text(
            "CREATE TRIGGER hold BEFORE INSERT ON entry FOR EACH ROW WHEN (NEW.event = 'slow')"
            " EXECUTE FUNCTION hold()"
        )
    )


def wait_for_a_waiter(log: Log) -> None:
    deadline = time.monotonic() + 30
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    while True:
        with log.database.read() as connection:
            if connection.execute(waiting).scalar():
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_appending_does_not_wait_for_the_sequencer_s_transaction(server_log: Log) -> None:
    log = server_log
    log.append(1)
    appended = threading.Event()
    commit = log.database._commit

    def append_and_commit(connection: Connection) -> None:
        if not appended.is_set():
            appended.set()
            log.append(1)
        commit(connection)

    log.database._commit = append_and_commit  # type: ignore[method-assign]
    assert log.sequence() == 1
    assert appended.is_set()
    log.sequence()
    assert log.check() == 2


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_a_ledger_that_was_brought_from_another_server_goes_on(server_log: Log) -> None:
    """Its transactions are numbered anew there: what was noted of the old ones says nothing."""
    log = server_log
    log.append(2)
    log.sequence()
    with log.database.write() as connection:
        connection.execute(SEQUENCED.update().values(transaction_id=2**60))
    log.append(2)
    log.sequence_all()
    log.sequence()
    assert floor(log) == max(log.entries())
    assert log.check() == 4


def test_where_to_look_can_be_forgotten(log: Log) -> None:
    log.append(3)
    log.sequence()
    with log.database.write() as connection:
        connection.execute(SEQUENCED.update().values(floor=0, reached=0, transaction_id=0))
    log.append(1)
    assert log.sequence() == 1
    assert log.check() == 4


def test_a_checkpoint_covers_every_leaf_that_can_be_seen(log: Log) -> None:
    log.append(1)
    log.sequence()
    log.append(3)
    log.sequence()
    with log.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(text("leaf"))).scalar() == log.size()
