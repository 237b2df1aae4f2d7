"""Payload files: a full disk is said by its name, and what nothing refers to goes, and nothing else."""

import hashlib
import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exchange.core.refusal import Refused
from exchange.ledger import references
from exchange.payloads import LOCK_SECONDS, NotKept
from exchange.tidy import Tidy
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import FINANCE, OFFICE

HOUR = 3600.0
LARGE = b"\xa5" * 5000


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """Every document lies in a file."""
    return make_house(payload_inline_bytes_max=0)


def files(house: House) -> list[Path]:
    return sorted(each for each in folder(house).rglob("*") if each.is_file())


def folder(house: House) -> Path:
    path: Path = house.context.settings.data / "payloads"
    return path


def grow_old(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (time.time() - 2 * HOUR, time.time() - 2 * HOUR))


def tidy(house: House) -> int:
    """One look at every folder."""
    tidy = Tidy(house.context)
    return sum(tidy.step() for _ in house.context.payloads.folders())


def orphan(house: House, content: bytes = LARGE) -> Path:
    """A file that no row refers to, two hours old."""
    digest = hashlib.sha256(content).hexdigest()
    house.context.payloads.keep(content, digest)
    path = folder(house) / digest[:2] / digest
    grow_old(path)
    return path


# --- a full disk ---


@contextmanager
def no_space() -> Iterator[None]:
    """The system refuses to let a file grow beyond some bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_of_its_own_and_leaves_nothing_behind(house: House) -> None:
    digest = hashlib.sha256(LARGE).hexdigest()
    with no_space(), pytest.raises(NotKept):
        house.context.payloads.keep(LARGE, digest)
    assert files(house) == []
    house.context.payloads.keep(LARGE, digest)
    assert house.context.payloads.read_file(digest) == LARGE


def test_a_folder_that_is_away_is_an_error_of_its_own(house: House) -> None:
    folder(house).rename(folder(house).with_name("away"))
    with pytest.raises(NotKept):
        house.context.payloads.keep(LARGE, hashlib.sha256(LARGE).hexdigest())


# --- what nothing refers to ---


def test_the_file_of_a_refused_document_goes_after_an_hour_and_that_of_an_accepted_one_stays(
    house: House,
) -> None:
    message = house.province.message(OFFICE, FINANCE, at=house.clock.now)
    accepted = house.province.signed(message)
    house.submit(accepted, OFFICE)
    with pytest.raises(Refused):
        house.send(OFFICE, FINANCE, document_id=message.document_id)
    assert len(files(house)) == 2
    assert tidy(house) == 0
    grow_old(*files(house))
    assert tidy(house) == 1
    assert [each.name for each in files(house)] == [hashlib.sha256(accepted).hexdigest()]
    assert house.fetch_all(FINANCE) == [accepted]


def test_what_a_crash_left_half_written_goes_and_what_is_not_ours_stays(house: House) -> None:
    house.send(OFFICE, FINANCE)
    [kept] = files(house)
    half, foreign = kept.with_name(f".{'0' * 32}"), kept.with_name("README")
    for path in (half, foreign):
        path.write_bytes(b"x")
    assert tidy(house) == 0
    grow_old(half, foreign, kept)
    assert tidy(house) == 1
    assert set(files(house)) == {kept, foreign}


def test_zero_hours_keep_everything(make_house: MakeHouse) -> None:
    house = make_house(payload_inline_bytes_max=0, payload_unreferred_hours=0)
    house.send(OFFICE, FINANCE)
    orphan(house)
    assert tidy(house) == 0


def test_the_files_of_another_ledger_are_left_alone(house: House, tmp_path: Path) -> None:
    house.send(OFFICE, FINANCE)
    assert tidy(house) == 0
    grow_old(*files(house))
    other = House.build(
        tmp_path / "data", f"sqlite:///{tmp_path / 'other.sqlite'}", payload_inline_bytes_max=0
    )
    other.send(OFFICE, FINANCE)
    with capture_logs() as logs:
        assert tidy(other) == 0
    other.close()
    assert "payloads_of_another_ledger" in [each["event"] for each in logs]
    assert len(house.fetch_all(FINANCE)) == 1


# --- the same bytes come again while they are about to go ---


def test_a_file_that_a_submission_relies_on_stays_before_its_commit(house: House) -> None:
    house.send(OFFICE, FINANCE)
    path = orphan(house)
    before = time.time() - HOUR
    chosen = references.without_row(house.context.database, [path.name])
    house.context.payloads.keep(LARGE, path.name)
    assert chosen == [path.name]
    assert Tidy(house.context).discard(chosen, before) == []
    assert path.exists()


def test_a_file_whose_document_was_accepted_in_the_meantime_stays(house: House) -> None:
    house.send(OFFICE, FINANCE)
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    path = orphan(house, content)
    chosen = references.without_row(house.context.database, [path.name])
    house.submit(content, OFFICE)
    grow_old(path)
    assert chosen == [path.name]
    assert Tidy(house.context).discard(chosen, time.time() - HOUR) == []
    assert content in house.fetch_all(FINANCE)


def test_a_submission_of_what_has_just_gone_writes_it_again(house: House) -> None:
    house.send(OFFICE, FINANCE)
    content = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    path = orphan(house, content)
    assert tidy(house) == 1
    assert not path.exists()
    house.submit(content, OFFICE)
    assert content in house.fetch_all(FINANCE)


def test_while_a_file_is_removed_nobody_begins_to_rely_on_it(house: House) -> None:
    path = orphan(house)
    entered, leave = threading.Event(), threading.Event()

    def remove() -> None:
        with house.context.payloads._locked(2):  # LOCK_EX
            entered.set()
            leave.wait(LOCK_SECONDS)
            path.unlink()

    removing = threading.Thread(target=remove)
    removing.start()
    assert entered.wait(5)
    keeping = threading.Thread(target=house.context.payloads.keep, args=(LARGE, path.name))
    keeping.start()
    time.sleep(0.1)
    leave.set()
    removing.join()
    keeping.join()
    assert house.context.payloads.read_file(path.name) == LARGE


def test_the_same_bytes_accepted_again_and_again_while_the_files_are_tidied_are_never_lost(
    house: House,
) -> None:
    house.send(OFFICE, FINANCE)
    contents = [house.province.document(OFFICE, FINANCE, at=house.clock.now) for _ in range(40)]
    digests = [hashlib.sha256(each).hexdigest() for each in contents]
    stop = threading.Event()

    def remove() -> None:
        tidying = Tidy(house.context)
        while not stop.is_set():
            for digest in digests:
                tidying.discard(references.without_row(house.context.database, [digest]), time.time() - HOUR)

    def submit() -> None:
        for content in contents:
            house.submit(content, OFFICE)

    paths = [orphan(house, each) for each in contents]
    threads = [threading.Thread(target=submit) for _ in range(2)]
    removing = threading.Thread(target=remove)
    for each in (removing, *threads):
        each.start()
    for each in threads:
        each.join()
    stop.set()
    removing.join()
    assert all(path.exists() for path in paths)
    assert set(contents) < set(house.fetch_all(FINANCE))
