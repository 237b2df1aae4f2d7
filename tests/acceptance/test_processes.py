"""End to end with real processes: they are killed in the middle, and nothing is lost or doubled."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.app import open_database
from exchange.context import clock
from exchange.core.processes import ProcessReading, missing
from exchange.ledger import alarm_readings
from tests.house import Adapters, settings_for
from tests.processes import Site, free_port, until
from tests.province import COMMUNE, FINANCE, OFFICE

MakeSite = Callable[..., Site]
DOCUMENTS = 24


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    sites: list[Site] = []

    def make(database_url: str, adapters: Adapters, **settings: str) -> Site:
        site = Site(tmp_path, database_url, adapters, **settings)
        sites.append(site)
        return site

    yield make
    for site in sites:
        site.close()


def folders(tmp_path: Path) -> Adapters:
    for name in ("finance", "office"):
        (tmp_path / name).mkdir()
    return {
        FINANCE: ("folder", {"path": str(tmp_path / "finance")}),
        COMMUNE: ("simulator", {"behaviour": "slow", "seconds": 0.3}),
        OFFICE: ("folder", {"path": str(tmp_path / "office")}),
    }


def post_all(site: Site) -> list[str]:
    ids = []
    for _ in range(DOCUMENTS):
        answer = site.post(site.province.document(OFFICE, FINANCE, COMMUNE, at=clock()), OFFICE)
        assert answer.status == 202, answer.data
        ids.append(answer.headers["Exchange-Document"])
    return ids


def ended(site: Site, identity: str) -> bool:
    document = site.get(f"/v1/documents/{identity}", OFFICE)
    return all(each["final"] for each in document["deliveries"])  # type: ignore[attr-defined, index]


def check(site: Site, ids: list[str], tmp_path: Path) -> None:
    """One file per document, and exactly one acceptance and one receipt per receiver."""
    until(lambda: all(ended(site, each) for each in ids), 60, f"all delivered\n{site.logs()}")
    for identity in ids:
        receipts = site.get(f"/v1/documents/{identity}/receipts", OFFICE)["receipts"]
        kinds = Counter(each["kind"] for each in receipts)  # type: ignore[attr-defined, index]
        assert kinds == {"acceptance": 1, "delivered": 2}
    assert len(files(tmp_path / "finance")) == DOCUMENTS
    returned = lambda: files(tmp_path / "office")  # noqa: E731
    until(lambda: len(returned()) == 2 * DOCUMENTS, 30, f"{len(returned())} receipts came back")


def files(folder: Path) -> list[Path]:
    """What arrived; a worker that was killed may leave a file that never got its final name."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_api_and_two_workers_on_postgresql_and_rabbitmq_survive_a_killed_worker(
    make_site: MakeSite, postgresql_url: str, amqp_url: str, tmp_path: Path
) -> None:
    site = make_site(
        postgresql_url, folders(tmp_path), queue_url=amqp_url, adapter_timeout_seconds="2", poll_seconds="5"
    )
    site.start("api")
    first = site.start("worker")
    second = site.start("worker")
    site.wait_ready()
    ids = post_all(site)
    until(lambda: any((tmp_path / "finance").rglob("*")), 20, "first delivery")
    site.kill(first)
    check(site, ids, tmp_path)
    assert site.stop(second) == 0


def test_one_process_on_the_embedded_database_survives_being_killed(
    make_site: MakeSite, tmp_path: Path
) -> None:
    site = make_site("", folders(tmp_path), adapter_timeout_seconds="2")
    process = site.start("serve")
    site.wait_ready()
    ids = post_all(site)
    site.kill(process)
    again = site.start("serve")
    site.wait_ready()
    check(site, ids, tmp_path)
    assert site.stop(again) == 0


def test_a_process_that_is_asked_to_stop_finishes_what_it_holds_and_gives_back_the_rest(
    make_site: MakeSite, tmp_path: Path
) -> None:
    site = make_site("", folders(tmp_path))
    process = site.start("serve")
    site.wait_ready()
    ids = post_all(site)
    assert site.stop(process) == 0
    again = site.start("serve")
    site.wait_ready()
    check(site, ids, tmp_path)
    assert site.stop(again) == 0


def test_several_api_processes_share_one_address(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site("", folders(tmp_path), api_processes="2")
    process = site.start("serve")
    site.wait_ready()
    ids = post_all(site)
    check(site, ids, tmp_path)
    assert site.stop(process) == 0


def test_a_process_that_only_answers_is_missed_when_it_was_killed_and_not_when_it_stopped(
    make_site: MakeSite, tmp_path: Path
) -> None:
    site = make_site("", {}, alarm_every_seconds="0.5")
    killed, stopped = site.start("api"), site.start("api", "--port", str(free_port()))
    database = open_database(settings_for(tmp_path / "data", ""))

    def heard() -> list[ProcessReading]:
        return alarm_readings.processes(database, clock(), timedelta(days=1))

    def both() -> bool:
        found = heard()
        began = max((each.started_at for each in found), default=clock())
        return len(found) == 2 and all(each.heard_at > began for each in found)

    # The later one did not begin in the place of the other.
    until(both, 60, f"both said how they are\n{site.logs()}")
    site.kill(killed)
    assert site.stop(stopped) == 0
    [missed] = missing(heard(), clock())
    database.close()
    assert (missed.role, missed.name.rpartition(":")[2]) == ("api", str(killed.pid))
