"""SIGTERM: the process ends in its time, begins nothing new, and never shares what it still attempts."""

import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.app import open_database
from exchange.context import clock
from exchange.ledger import reading
from tests.house import Adapters, settings_for
from tests.processes import Site, until
from tests.province import COMMUNE, FINANCE, OFFICE

MakeSite = Callable[..., Site]
HANGING = {COMMUNE: ("simulator", {"behaviour": "slow", "seconds": 25})}
QUICK = {FINANCE: ("simulator", {"behaviour": "slow", "seconds": 0.5})}


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    sites: list[Site] = []

    def make(adapters: Adapters, **settings: str) -> Site:
        site = Site(tmp_path, "", adapters, **settings)
        sites.append(site)
        return site

    yield make
    for site in sites:
        site.close()


def post(site: Site, receiver: str) -> str:
    answer = site.post(site.province.document(OFFICE, receiver, at=clock()), OFFICE)
    assert answer.status == 202, answer.data
    return answer.headers["Exchange-Document"]


def attempted(site: Site, document: str) -> bool:
    [delivery] = site.get(f"/v1/documents/{document}", OFFICE)["deliveries"]  # type: ignore[misc]
    return bool(delivery["attempts"])


def deliveries(site: Site, document: str) -> list[reading.Record]:
    database = open_database(settings_for(site.folder / "data", ""))
    try:
        dossier = reading.dossier(database, document)
        assert dossier is not None
        return list(dossier.deliveries)
    finally:
        database.close()


@pytest.mark.parametrize("pause", [0.0, 0.2, 0.5])
def test_a_signal_that_comes_during_the_start_is_heard(make_site: MakeSite, pause: float) -> None:
    site = make_site({})
    process = site.start("serve")
    log = site.folder / "serve-0.log"
    until(lambda: "broker_key_made" in log.read_text(), 30, "started")
    time.sleep(pause)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0, site.logs()
    assert "stopped" in log.read_text()


def test_a_process_ends_in_its_time_and_does_not_give_back_what_is_still_attempted(
    make_site: MakeSite,
) -> None:
    site = make_site(HANGING, stop_seconds="2", workers="2")
    process = site.start("serve")
    site.wait_ready()
    document = post(site, COMMUNE)
    until(lambda: attempted(site, document), 10, "attempted")
    begun = time.monotonic()
    assert site.stop(process) == 0
    assert time.monotonic() - begun < 5
    [delivery] = deliveries(site, document)
    assert (delivery["state"], delivery["attempts"]) == ("waiting", 1)
    assert delivery["next_attempt_at"] > clock() + timedelta(seconds=5)


def test_no_attempt_begins_after_the_signal(make_site: MakeSite) -> None:
    site = make_site(QUICK, workers="1", stop_seconds="10")
    process = site.start("serve")
    site.wait_ready()
    documents = [post(site, FINANCE) for _ in range(8)]
    until(lambda: attempted(site, documents[0]), 10, "attempted")
    begun = time.monotonic()
    assert site.stop(process) == 0
    assert time.monotonic() - begun < 4
    states = [each["state"] for document in documents for each in deliveries(site, document)]
    assert set(states) == {"ready", "delivered"}
    assert states.count("ready") >= 5
