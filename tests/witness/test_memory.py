"""The witness's folder: its key, what it remembers, and what it cannot be made to forget."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.core import note
from exchange.core.note import Checkpoint, NoteKey
from exchange.core.witnessing import Denied, Elsewhere, Inconsistent, logs_of
from exchange.witness import key as keys
from exchange.witness import memory as memories
from exchange.witness.key import WrongKey, witness_key
from exchange.witness.memory import Damaged, InUse, Memory, origin_hash
from exchange.witness.witness import Witness
from tests.witness.made_log import ORIGIN, MadeLog

LOG = MadeLog()
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def witness(folder: Path, now: datetime = NOW) -> Witness:
    return Witness(witness_key(folder, "w.vn"), logs_of([LOG.key.vkey.text]), Memory(folder), lambda: now)


def remembered(folder: Path) -> Checkpoint:
    found = Memory(folder).last(ORIGIN)
    assert found is not None
    return Checkpoint.parse(found.text)


def evidence(folder: Path) -> list[Path]:
    return sorted((folder / "forks" / origin_hash(ORIGIN)).glob("*"))


# --- the key ---


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: witness_key(tmp_path / "w", "w.vn"), range(8)))
    assert len({each.cosigner_vkey.text for each in made}) == 1
    assert (tmp_path / "w" / keys.KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "w" / keys.VKEY_FILE).read_text().strip() == made[0].cosigner_vkey.text
    assert witness_key(tmp_path / "w").cosigner_vkey == made[0].cosigner_vkey


def test_a_key_does_not_change_its_name(tmp_path: Path) -> None:
    witness_key(tmp_path, "w.vn")
    with pytest.raises(WrongKey, match=r"is called w\.vn"):
        witness_key(tmp_path, "other.vn")


def test_a_witness_without_a_name_is_called_after_its_machine(tmp_path: Path) -> None:
    assert witness_key(tmp_path).cosigner_vkey.name.endswith("/witness")


def test_what_cannot_be_a_name_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(WrongKey, match="space or plus"):
        witness_key(tmp_path, "a b")
    assert not (tmp_path / keys.KEY_FILE).exists()


def test_a_name_left_by_a_crash_before_the_key_was_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / keys.VKEY_FILE).write_text(LOG.key.cosigner_vkey.text)
    assert witness_key(tmp_path, "w.vn").cosigner_vkey.name == "w.vn"


@pytest.mark.parametrize("file", [keys.KEY_FILE, keys.VKEY_FILE])
def test_a_key_that_does_not_fit_or_cannot_be_read_is_not_used(tmp_path: Path, file: str) -> None:
    witness_key(tmp_path / "a", "w.vn")
    witness_key(tmp_path / "b", "w.vn")
    (tmp_path / "a" / file).write_bytes((tmp_path / "b" / file).read_bytes())
    with pytest.raises(WrongKey, match="do not belong together"):
        witness_key(tmp_path / "a")
    (tmp_path / "a" / file).write_text("nothing")
    with pytest.raises(WrongKey, match="cannot be read"):
        witness_key(tmp_path / "a")


# --- what is remembered ---


def test_a_cosignature_is_of_its_time_and_the_note_is_remembered_with_it(tmp_path: Path) -> None:
    line = witness(tmp_path).add(LOG.addition(0, 5))
    key = witness_key(tmp_path)
    found = note.read(note.with_cosignatures(LOG.note(5), [line]))
    assert note.cosigned_at(found, key.cosigner_vkey) == int(NOW.timestamp())
    assert Memory(tmp_path).last(ORIGIN) == found
    assert Memory(tmp_path).last("other.vn") is None


def test_a_checkpoint_is_cosigned_again_at_its_own_size(tmp_path: Path) -> None:
    first = witness(tmp_path).add(LOG.addition(0, 5))
    again = witness(tmp_path, NOW.replace(hour=4)).add(LOG.addition(5, 5))
    assert first != again
    with pytest.raises(Elsewhere, match="size 5"):
        witness(tmp_path).add(LOG.addition(0, 5))


@pytest.mark.parametrize("content", [b"", b"nothing", b"\xff", LOG.checkpoint(3).text.encode()])
def test_a_witness_that_cannot_read_what_it_remembers_does_not_start(tmp_path: Path, content: bytes) -> None:
    witness(tmp_path).add(LOG.addition(0, 5))
    (tmp_path / "checkpoints" / origin_hash(ORIGIN)).write_bytes(content)
    with pytest.raises(Damaged):
        witness(tmp_path)


def test_the_memory_of_another_log_is_not_taken_for_this_one_s(tmp_path: Path) -> None:
    other = MadeLog(origin="other.vn/ledger")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / origin_hash(ORIGIN)).write_text(other.note(5))
    with pytest.raises(Damaged, match=r"other\.vn"):
        witness(tmp_path)


def test_what_cannot_be_remembered_is_not_cosigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = witness(tmp_path)
    running.add(LOG.addition(0, 5))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        running.add(LOG.addition(5, 9))
    monkeypatch.undo()
    assert remembered(tmp_path).size == 5
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [origin_hash(ORIGIN)]
    running.add(LOG.addition(5, 9))


def test_two_witnesses_do_not_share_a_memory(tmp_path: Path) -> None:
    with Memory(tmp_path).alone(), pytest.raises(InUse), Memory(tmp_path).alone():
        raise AssertionError
    with Memory(tmp_path).alone():
        pass


def test_of_histories_that_part_one_is_cosigned_however_many_ask_at_once(tmp_path: Path) -> None:
    running = witness(tmp_path)
    running.add(LOG.addition(0, 3))
    size = 3
    for _ in range(12):
        asked = [MadeLog(size, f" {number}").addition(size, size + 4) for number in range(6)]
        with ThreadPoolExecutor(len(asked)) as pool:
            answers = list(pool.map(lambda body: outcome(running, body), asked))
        assert sorted(answers) == [200, *[409] * 5]
        break_ = remembered(tmp_path)
        assert break_.size == size + 4
        # Whichever it was: the common history goes on from here.
        (tmp_path / "checkpoints" / origin_hash(ORIGIN)).write_text(LOG.note(size + 4))
        size += 4


def outcome(running: Witness, body: bytes) -> int:
    try:
        running.add(body)
    except Denied as denied:
        return denied.status
    return 200


# --- evidence ---


def test_a_fork_is_kept_as_evidence_that_needs_no_word_of_the_witness(tmp_path: Path) -> None:
    running = witness(tmp_path)
    running.add(LOG.addition(0, 5))
    with pytest.raises(Inconsistent):
        running.add(MadeLog(3, " rewritten").addition(5, 5))
    [path] = evidence(tmp_path)
    assert path.name.startswith("fork-")
    content = json.loads(path.read_text())
    trees = []
    for name in ("cosigned", "refused"):
        found = note.read(content[name])
        note.verify(found, LOG.key.vkey)
        trees.append(Checkpoint.parse(found.text))
    assert trees[0].size == trees[1].size == 5
    assert trees[0].root != trees[1].root
    assert remembered(tmp_path) == LOG.checkpoint(5)


def test_a_rewritten_history_that_grew_is_kept_with_its_proof(tmp_path: Path) -> None:
    running = witness(tmp_path)
    running.add(LOG.addition(0, 5))
    rewritten = MadeLog(3, " rewritten")
    for _ in range(3):
        with pytest.raises(Inconsistent):
            running.add(rewritten.addition(5, 9))
    [path] = evidence(tmp_path)
    content = json.loads(path.read_text())
    assert content["proof"] == [each.hex() for each in rewritten.proof(5, 9)]
    assert (content["refused"], content["at"]) == (rewritten.note(9), "2026-11-24T03:00:00+00:00")


def test_wrong_proofs_do_not_fill_the_disk_nor_keep_a_fork_from_being_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memories, "EVIDENCE_MAX", 3)
    running = witness(tmp_path)
    running.add(LOG.addition(0, 5))
    for size in range(6, 16):
        with pytest.raises(Inconsistent):
            running.add(MadeLog(3, " rewritten").addition(5, size))
    with pytest.raises(Inconsistent):
        running.add(MadeLog(3, " rewritten").addition(5, 5))
    assert [path.name.partition("-")[0] for path in evidence(tmp_path)] == ["fork", *["unproven"] * 3]


def test_a_fork_is_refused_also_where_the_evidence_cannot_be_kept(tmp_path: Path) -> None:
    running = witness(tmp_path)
    running.add(LOG.addition(0, 5))
    (tmp_path / "forks").rmdir()
    (tmp_path / "forks").write_text("in the way")
    with pytest.raises(Inconsistent):
        running.add(MadeLog(3, " rewritten").addition(5, 5))


def test_a_cosigner_s_key_is_not_that_of_a_log(tmp_path: Path) -> None:
    key: NoteKey = witness_key(tmp_path)
    assert key.cosigner_vkey.key_hash != key.vkey.key_hash
