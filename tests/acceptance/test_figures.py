"""Figures: each process shows its own, and what agencies fetch and what expires is counted and logged."""

import logging
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
import urllib3
from structlog.testing import capture_logs

from exchange.metrics import ACKNOWLEDGEMENTS, EXPIRIES
from tests.house import House
from tests.processes import Site, free_port, until
from tests.province import FINANCE, OFFICE


@pytest.fixture
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged from "info" up; other tests are spared it."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    with capture_logs() as captured:
        yield captured
    structlog.configure(wrapper_class=before)


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_a_process_that_works_shows_its_figures_on_a_port_of_its_own(tmp_path: Path, command: str) -> None:
    port = free_port()
    site = Site(tmp_path, "", {}, metrics_port=str(port), api_processes="2")
    seen: list[bytes] = []

    def answers() -> bool:
        try:
            seen.append(site.http.request("GET", f"http://127.0.0.1:{port}/metrics").data)
        except urllib3.exceptions.HTTPError:
            return False
        return True

    try:
        process = site.start(command)
        until(answers, 30, "figures")
        assert b"exchange_expiries_total" in seen[-1]
        assert b"exchange_deliveries" in seen[-1]
        assert site.stop(process) == 0
    finally:
        site.close()


def test_an_acknowledgement_is_counted_and_logged(house: House, logs: list[MutableMapping[str, Any]]) -> None:
    document = house.send(OFFICE, FINANCE).id
    before = ACKNOWLEDGEMENTS._value.get()
    house.fetch_all(FINANCE)
    assert ACKNOWLEDGEMENTS._value.get() == before + 1
    [acknowledged] = [each for each in logs if each["event"] == "acknowledged"]
    assert (acknowledged["document"], acknowledged["receiver"]) == (document, FINANCE)


def test_an_expiry_is_counted_and_logged(house: House, logs: list[MutableMapping[str, Any]]) -> None:
    document = house.send(OFFICE, FINANCE).id
    before = EXPIRIES._value.get()
    house.clock.pass_(hours=73)
    house.sweep()
    assert EXPIRIES._value.get() == before + 1
    [expired] = [each for each in logs if each["event"] == "expired"]
    assert expired["document"] == document
    assert expired["delivery"] == house.deliveries(document)[FINANCE]["id"]
