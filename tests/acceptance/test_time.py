"""The broker as a real process, killed while an authority takes its time: after a restart time is proven."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.app import open_database
from exchange.context import clock
from exchange.ledger import stamps
from tests.house import settings_for
from tests.pki import MakePki
from tests.processes import Site, until
from tests.province import FINANCE, OFFICE
from tests.tsa import Front


@pytest.fixture
def front(make_pki: MakePki) -> Iterator[Front]:
    with Front(make_pki(now=clock)) as started:
        yield started


@pytest.fixture
def site(tmp_path: Path, front: Front) -> Iterator[Site]:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(front.pki.root.public_bytes(Encoding.PEM))
    site = Site(
        tmp_path,
        "",
        {},
        tsa_url=front.url,
        tsa_certificates=str(roots),
        sequence_seconds="0.1",
        stamp_timeout_seconds="5",
    )
    yield site
    site.close()


def stamp_of(site: Site) -> stamps.Stamp | None:
    database = open_database(settings_for(site.folder / "data", ""))
    try:
        return stamps.over(database, 0)
    finally:
        database.close()


def test_what_waits_for_a_slow_authority_survives_a_power_cut(site: Site, front: Front) -> None:
    front.mood = front.slow(60)
    process = site.start("serve")
    site.wait_ready()
    begun = clock().replace(microsecond=0)
    assert site.post(site.province.document(OFFICE, FINANCE, at=clock()), OFFICE).status == 202
    until(lambda: front.asked, 20, f"the authority is asked\n{site.logs()}")
    # Whoever waits for the authority keeps no document waiting.
    assert site.post(site.province.document(OFFICE, FINANCE, at=clock()), OFFICE).status == 202
    site.kill(process)
    assert stamp_of(site) is None
    # The next process asks when the time of the one that was killed is up.
    front.mood = front.real
    process = site.start("serve")
    until(lambda: stamp_of(site), 30, f"a time-stamp\n{site.logs()}")
    found = stamp_of(site)
    assert found is not None
    assert begun <= found.stamped_at <= clock()
    assert site.stop(process) == 0


def test_a_process_that_is_asked_to_stop_does_not_wait_for_a_slow_authority(site: Site, front: Front) -> None:
    front.mood = front.slow(60)
    process = site.start("serve")
    site.wait_ready()
    assert site.post(site.province.document(OFFICE, FINANCE, at=clock()), OFFICE).status == 202
    until(lambda: front.asked, 20, f"the authority is asked\n{site.logs()}")
    begun = clock()
    assert site.stop(process) == 0
    assert (clock() - begun).total_seconds() < 10
    assert "not_closed_in_time" not in site.logs()
