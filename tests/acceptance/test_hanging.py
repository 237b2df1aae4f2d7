"""Whatever hangs, a process that is asked to stop ends in its time, and what it can still do is done."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3
from sqlalchemy import make_url
from structlog.testing import capture_logs

from exchange.app import Broker
from exchange.context import clock
from exchange.core.edxml import Business, BusinessType
from tests.house import settings_for
from tests.processes import ROOT, Site
from tests.province import FINANCE, OFFICE, Province
from tests.proxy import proxy

STOP_SECONDS = 2


@pytest.fixture
def leave() -> Iterator[threading.Event]:
    """Set at the test's end: what hangs may go on."""
    event = threading.Event()
    yield event
    event.set()


def in_background(work: Callable[[], object]) -> None:
    def run() -> None:
        try:
            work()
        except urllib3.exceptions.HTTPError:
            return

    threading.Thread(target=run, daemon=True).start()


def stopped_within(site: Site, seconds: float) -> int:
    begun = time.monotonic()
    [process] = site.processes
    code = site.stop(process)
    assert time.monotonic() - begun < seconds, site.logs()
    return code


def test_requests_that_wait_for_a_locked_database_do_not_hold_the_process(tmp_path: Path) -> None:
    site = Site(tmp_path, "", {}, stop_seconds=str(STOP_SECONDS))
    turn = os.open(tmp_path / "data" / "exchange.sqlite-turn", os.O_RDWR | os.O_CREAT)
    try:
        site.start("serve")
        site.wait_ready()
        documents = [site.province.document(OFFICE, FINANCE, at=clock()) for _ in range(2)]
        assert site.post(documents[0], OFFICE).status == 202
        fcntl.flock(turn, fcntl.LOCK_EX)
        headers = {
            "Authorization": f"Bearer {site.province.secrets[FINANCE]}",
            "Content-Type": "application/json",
        }
        lease = f"{site.url}/v1/inbox/lease"
        in_background(lambda: site.http.request("POST", lease, headers=headers, body=b"{}"))
        in_background(lambda: site.post(documents[1], OFFICE))
        time.sleep(1)
        assert stopped_within(site, STOP_SECONDS + 2) == 0
    finally:
        os.close(turn)
        site.close()


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_requests_that_wait_for_a_silent_database_do_not_hold_the_process(
    tmp_path: Path, postgresql_url: str
) -> None:
    url = make_url(postgresql_url)
    folder, port = url.query.get("host"), url.port or 5432
    with proxy(f"{folder}/.s.PGSQL.{port}" if folder else (url.host or "", port)) as between:
        through = url.set(host="127.0.0.1", port=between.port, query={})
        site = Site(tmp_path, through.render_as_string(False), {}, stop_seconds=str(STOP_SECONDS))
        try:
            site.start("api")
            site.wait_ready()
            between.silent.set()
            revoking = Business(doc_type=BusinessType.REVOKE, document_id="1", reason="Sai")
            document = site.province.document(OFFICE, FINANCE, at=clock(), business=revoking)
            in_background(lambda: site.post(document, OFFICE))
            time.sleep(1)
            stopped_within(site, STOP_SECONDS + 6)
        finally:
            site.close()


def test_a_process_that_nothing_ends_is_ended_soon_after_its_time() -> None:
    hangs = "from exchange import server; server.on_signal(0.2); print(1, flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", hangs], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        process.terminate()
        try:
            assert process.wait(15) == 1
        finally:
            process.kill()


# --- within one process: each part ---


def hanging(broker: Broker, part: str, leave: threading.Event) -> None:
    """Let one part hang as soon as it is closed, or before."""

    def hang(*_: object) -> None:
        leave.wait(60)

    if part == "registry":
        broker.context.registry.renew = hang  # type: ignore[method-assign]
        time.sleep(1.2)  # until its thread is there
    elif part == "adapters":
        broker.connections.of(OFFICE).close = hang  # type: ignore[method-assign]
    elif part == "bell":
        broker.context.bell.close = hang  # type: ignore[method-assign]
    else:
        assert broker.application is not None
        broker.application._pickup._settling._work = hang  # type: ignore[method-assign, assignment]
        broker.application._pickup._settling.submit(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["registry", "adapters", "bell", "api"])
def test_a_part_that_hangs_at_the_end_takes_its_time_and_not_that_of_the_process(
    tmp_path: Path, leave: threading.Event, part: str
) -> None:
    broker = Broker(settings_for(tmp_path / "data", "", stop_seconds=1))
    broker.with_api()
    broker.with_worker()
    Province.create(clock(), {OFFICE: ("simulator", {})}).install(broker.database, clock())
    broker.context.registry.renew()
    hanging(broker, part, leave)
    begun = time.monotonic()
    with capture_logs() as logs:
        broker.close()
    assert time.monotonic() - begun < 2.5
    assert part in [each["part"] for each in logs if each["event"] == "not_closed_in_time"]


def test_a_part_that_cannot_be_closed_keeps_no_other_from_it(tmp_path: Path) -> None:
    broker = Broker(settings_for(tmp_path / "data", ""))
    Province.create(clock(), {OFFICE: ("simulator", {}), FINANCE: ("simulator", {})}).install(
        broker.database, clock()
    )
    broker.context.registry.renew()
    closed: list[str] = []

    def fail() -> None:
        raise RuntimeError("x")

    broker.connections.of(OFFICE).close = fail  # type: ignore[method-assign]
    broker.connections.of(FINANCE).close = lambda: closed.append(FINANCE)  # type: ignore[method-assign]
    broker.context.bell.close = fail  # type: ignore[method-assign]
    broker.close()
    assert closed == [FINANCE]
    assert not broker.context.registry.alive()
