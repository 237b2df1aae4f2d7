"""Readiness: a process says that it takes documents only while it can do what it promises for them."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import urllib3
from sqlalchemy import make_url

from tests.client_broker import Running, running
from tests.processes import Site, until
from tests.province import FINANCE
from tests.proxy import Proxy, proxy


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as site:
        yield site


def ready(url: str) -> tuple[int, Any]:
    answer = urllib3.request("GET", f"{url}/health/ready", timeout=10, retries=False)
    return answer.status, answer.json()


def end(*_: object) -> NoReturn:
    """What no thread outlives."""
    raise SystemExit


def kill(site: Running, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """End one thread of the process."""
    broker = site.broker
    match part:
        case "registry":
            monkeypatch.setattr(broker.context.registry, "renew", end)
        case "worker":
            monkeypatch.setattr("exchange.dispatch.claims.any_ready", end)
        case "sweep":
            monkeypatch.setattr("exchange.sweep.claims.withdrawn_and_due", end)
        case "commit":
            assert broker.application is not None
            broker.application._submission._accepting._waiting.put(None)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("part", ["registry", "worker", "sweep", "commit"])
def test_a_process_that_lost_a_thread_is_not_ready_and_names_it(
    site: Running, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready(site.url)[0] == 200
    kill(site, part, monkeypatch)
    until(lambda: ready(site.url)[0] == 503, 10, "not ready")
    assert ready(site.url)[1] == {"status": "not ready", "parts": {part: "ended"}}


@pytest.fixture
def between(postgresql_url: str) -> Iterator[Proxy]:
    url = make_url(postgresql_url)
    folder, port = url.query.get("host"), url.port or 5432
    with proxy(f"{folder}/.s.PGSQL.{port}" if folder else (url.host or "", port)) as silent:
        yield silent


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_while_the_database_is_silent_the_answer_comes_and_is_no_however_many_requests_hang(
    tmp_path: Path, postgresql_url: str, between: Proxy
) -> None:
    url = make_url(postgresql_url).set(host="127.0.0.1", port=between.port, query={})
    site = Site(tmp_path, url.render_as_string(False), {}, database_statement_seconds="1")
    try:
        site.start("api")
        site.wait_ready()
        between.silent.set()
        for _ in range(60):
            threading.Thread(target=look, args=(site,), daemon=True).start()
        time.sleep(1)
        begun = time.monotonic()
        status, body = ready(site.url)
        assert time.monotonic() - begun < 5
        assert (status, list(body["parts"])) == (503, ["database"])
        assert urllib3.request("GET", f"{site.url}/health/live", timeout=5).status == 200
        between.silent.clear()
        until(lambda: ready(site.url)[0] == 200, 60, "ready again")
    finally:
        site.close()


def look(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.province.secrets[FINANCE]}"}
    try:
        urllib3.request("GET", f"{site.url}/v1/inbox", headers=headers, timeout=60, retries=False)
    except urllib3.exceptions.HTTPError:
        return


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_a_process_without_an_address_ends_when_a_thread_is_lost(tmp_path: Path, command: str) -> None:
    site = Site(tmp_path, "", {}, api_processes="2")
    site.environment["PYTHONPATH"] = str(fatal(tmp_path))
    try:
        process = site.start(command)
        assert process.wait(90) == 1, site.logs()
        assert '"part_dead"' in site.logs()
    finally:
        site.close()


def fatal(folder: Path) -> Path:
    """A folder whose ``sitecustomize`` ends the worker's thread where it begins."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(
        "import threading\n"
        "run = threading.Thread.run\n"
        "def dying(self):\n"
        "    if self.name != 'worker':\n"
        "        run(self)\n"
        "threading.Thread.run = dying\n"
    )
    return folder / "site"
