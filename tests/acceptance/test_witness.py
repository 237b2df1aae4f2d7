"""Broker and witness as two processes, each killed and set back while the other goes on."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.context import clock
from exchange.core import note
from exchange.core.note import BadSignature, Checkpoint, Vkey
from exchange.keys import log_key
from exchange.settings import load
from exchange.witness.memory import origin_hash
from tests.processes import Site, until
from tests.province import FINANCE, OFFICE
from tests.witness.running import RunningWitness


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningWitness]:
    """A witness that knows the ledger of ``site``; it is not started yet."""
    data = tmp_path / "site" / "data"
    data.mkdir(parents=True)
    key = log_key(data, load(data=data).resolved_log_origin)
    witness = RunningWitness(tmp_path / "witness", key.vkey)
    yield witness
    witness.close()


@pytest.fixture
def site(tmp_path: Path, running: RunningWitness) -> Iterator[Site]:
    """A broker, not started yet, that asks this witness often."""
    site = Site(
        tmp_path / "site",
        "",
        {},
        witnesses=json.dumps([f"{running.vkey.text} {running.url}"]),
        cosign_every_seconds="0.1",
        sequence_seconds="0.1",
    )
    yield site
    site.close()


def start(site: Site) -> None:
    site.start("serve")
    site.wait_ready()


def post(site: Site) -> None:
    """One document more."""
    answer = site.post(site.province.document(OFFICE, FINANCE, at=clock()), OFFICE)
    assert answer.status == 202, answer.data


def checkpoint(site: Site) -> note.Note:
    answer = site.http.request("GET", f"{site.url}/ledger/checkpoint")
    assert answer.status == 200, answer.data
    return note.read(answer.data.decode())


def size(site: Site) -> int:
    """Of the tree; 0 also before it is signed for the first time."""
    if site.http.request("GET", f"{site.url}/ledger/checkpoint").status == 404:
        return 0
    return Checkpoint.parse(checkpoint(site).text).size


def grow(site: Site) -> None:
    """One document more, and a checkpoint that covers it."""
    before = size(site)
    post(site)
    until(lambda: size(site) > before, 20, f"sequenced\n{site.logs()}")


def is_cosigned(site: Site, vkey: Vkey) -> bool:
    try:
        note.cosigned_at(checkpoint(site), vkey)
    except BadSignature:
        return False
    return True


def grow_until_cosigned(site: Site, vkey: Vkey) -> None:
    grow(site)
    until(lambda: is_cosigned(site, vkey), 30, f"cosigned\n{site.logs()}")


def test_a_witness_that_is_killed_and_away_holds_nobody_and_catches_up(
    site: Site, running: RunningWitness
) -> None:
    running.start()
    vkey = running.vkey
    start(site)
    for _ in range(2):
        grow_until_cosigned(site, vkey)
    running.kill()
    for _ in range(2):
        grow(site)
    assert not is_cosigned(site, vkey)
    running.start()
    until(lambda: is_cosigned(site, vkey), 40, f"cosigned again\n{site.logs()}")
    served = checkpoint(site)
    assert running.shown(running.logs[0].name) == served.encoded
    [process] = site.processes
    assert site.stop(process) == 0


def test_a_broker_whose_database_was_set_back_is_refused_and_says_so(
    site: Site, running: RunningWitness
) -> None:
    running.start()
    vkey, database = running.vkey, site.folder / "data" / "exchange.sqlite"
    start(site)
    grow_until_cosigned(site, vkey)
    assert site.stop(site.processes[-1]) == 0
    shutil.copy(database, site.folder / "earlier")
    start(site)
    for _ in range(2):
        grow_until_cosigned(site, vkey)
    assert site.stop(site.processes[-1]) == 0
    true = note.read(running.shown(running.logs[0].name))

    for path in database.parent.glob("exchange.sqlite*"):
        path.unlink()
    shutil.copy(site.folder / "earlier", database)
    start(site)
    grow(site)
    until(lambda: '"event":"ledger_contradicted"' in site.logs(), 30, "the broker says so")
    while size(site) <= Checkpoint.parse(true.text).size:
        grow(site)
    # Longer than what the witness saw: now it has both histories, signed by the log, and keeps them.
    site.stop(site.processes[-1])
    start(site)
    forks = running.folder / "forks" / origin_hash(running.logs[0].name)
    until(lambda: list(forks.glob("*.json")), 30, f"evidence\n{site.logs()}")
    evidence = json.loads(next(forks.glob("*.json")).read_text())
    assert note.read(evidence["cosigned"]).text == true.text
    for each in ("cosigned", "refused"):
        note.verify(note.read(evidence[each]), running.logs[0])
    assert not is_cosigned(site, vkey)
    assert running.shown(running.logs[0].name).startswith(true.text)
    post(site)  # documents are taken all the same: whose word is wrong, people have to find out
