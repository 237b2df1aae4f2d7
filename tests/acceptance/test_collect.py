"""Collecting: one agency's software that hangs, or yields nonsense, keeps no other agency waiting."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exchange.adapter import Collected
from exchange.sweep import Sweep
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, FINANCE, OFFICE


@pytest.fixture
def house(make_house: MakeHouse, tmp_path: Path) -> House:
    """Two agencies that exchange files; those that they send must not have changed for a while."""
    adapters = {}
    for agency in (OFFICE, FINANCE):
        outgoing = tmp_path / agency / "outgoing"
        outgoing.mkdir(parents=True)
        options = {"path": str(tmp_path / agency), "outgoing": str(outgoing), "quiet_seconds": 0}
        adapters[agency] = ("folder", options)
    return make_house(adapters)


class Hanging:
    """An agency's software that does not answer until it is told to."""

    def __init__(self) -> None:
        self.leave = threading.Event()
        self.asked = 0

    def __call__(self) -> Iterator[Collected]:
        self.asked += 1
        self.leave.wait(60)
        yield from ()


@pytest.fixture
def hanging(house: House) -> Iterator[Hanging]:
    software = Hanging()
    house.adapter(OFFICE).collect = software
    yield software
    software.leave.set()


@pytest.fixture
def sweep(house: House) -> Iterator[Sweep]:
    sweep = Sweep(house.context, house.connections, lambda: None)
    yield sweep
    sweep._collect.close(5)


def ask(sweep: Sweep) -> None:
    """Ask every agency's software, and wait for the slowest of them."""
    sweep.collect()
    wait(sweep._collect._under_way.values(), 30)


def put_out(house: House, folder: Path) -> None:
    content = house.province.document(FINANCE, COMMUNE, at=house.clock.now)
    (folder / FINANCE / "outgoing" / "one.edxml").write_bytes(content)


def test_an_agency_that_hangs_is_passed_over_until_it_comes_to_an_end(
    house: House, sweep: Sweep, hanging: Hanging, tmp_path: Path
) -> None:
    for number in range(1, 4):
        put_out(house, tmp_path)
        begun = time.monotonic()
        sweep.collect()
        assert time.monotonic() - begun < 5
        assert len(house.fetch_all(COMMUNE)) == 1
        assert hanging.asked == 1, number
    hanging.leave.set()
    time.sleep(0.2)
    sweep.collect()
    assert hanging.asked == 2


def test_a_sweep_ends_in_its_time_though_an_agency_hangs(
    house: House, sweep: Sweep, hanging: Hanging
) -> None:
    sweep.start()
    deadline = time.monotonic() + 10
    while not hanging.asked and time.monotonic() < deadline:
        time.sleep(0.05)
    begun = time.monotonic()
    with capture_logs() as logs:
        sweep.close(2)
    assert time.monotonic() - begun < 4
    assert [each["agencies"] for each in logs if each["event"] == "collecting_left"] == [[OFFICE]]


def test_what_is_no_message_is_passed_over_and_the_next_one_taken(house: House, sweep: Sweep) -> None:
    content = house.province.document(OFFICE, COMMUNE, at=house.clock.now)
    adapter = house.adapter(OFFICE)
    done: list[str] = []
    nonsense = [None, b"bytes", Collected(key="a", content="words"), Collected(key="b", content=None)]  # type: ignore[arg-type]
    adapter.collect = lambda: iter([*nonsense, Collected(key="c", content=content)])
    adapter.collected = done.append
    ask(sweep)
    assert done == ["c"]
    assert house.fetch_all(COMMUNE) == [content]


def test_software_that_cannot_mark_what_was_taken_does_not_keep_the_next_message(
    house: House, sweep: Sweep
) -> None:
    contents = [house.province.document(OFFICE, COMMUNE, at=house.clock.now) for _ in range(2)]
    adapter = house.adapter(OFFICE)
    adapter.collect = lambda: iter([Collected(key=str(n), content=each) for n, each in enumerate(contents)])

    def fail(_key: str) -> None:
        raise RuntimeError("x")

    adapter.collected = fail
    ask(sweep)
    assert sorted(house.fetch_all(COMMUNE)) == sorted(contents)


def test_agencies_that_never_have_anything_to_send_cost_no_thread(make_house: MakeHouse) -> None:
    house = make_house()
    sweep = Sweep(house.context, house.connections, lambda: None)
    ask(sweep)
    before = dict(sweep._collect._under_way)
    ask(sweep)
    assert dict(sweep._collect._under_way) == before
    sweep._collect.close(1)
