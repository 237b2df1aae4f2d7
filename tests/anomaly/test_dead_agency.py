"""Software that does not answer costs its own documents time, and nobody else's."""

import time
from collections.abc import Iterator

import pytest

from exchange.dispatch import Dispatch, Worker
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE

HANGS_SECONDS = 0.4  # the time limit of an attempt, which the dead agency uses up each time
DOCUMENTS = 40
SOFTWARE = {
    FINANCE: ("simulator", {"behaviour": "slow", "seconds": 3600}),
    DISTRICT: ("simulator", {}),
    COMMUNE: ("simulator", {}),
}


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    return make_house(
        SOFTWARE,
        workers=4,
        agency_concurrency=2,
        adapter_timeout_seconds=HANGS_SECONDS,
        poll_seconds=0.05,
        breaker_failures=3,
        backoff_first_seconds=30,
    )


@pytest.fixture
def dispatch(house: House) -> Iterator[Dispatch]:
    made = Dispatch(house.context, house.connections)
    yield made
    made.close()


def work_until(house: House, dispatch: Dispatch, agencies: tuple[str, ...], count: int) -> float:
    """Let a worker run until these agencies have so many documents: how many seconds it took."""
    begun = time.monotonic()
    worker = Worker(house.context, dispatch)
    try:
        while sum(len(house.adapter(agency).received) for agency in agencies) < count:
            assert time.monotonic() - begun < 60, "the living wait for the dead"
            time.sleep(0.01)
        return time.monotonic() - begun
    finally:
        worker.close(10)


def test_documents_for_the_living_do_not_wait_for_the_dead(house: House, dispatch: Dispatch) -> None:
    for _ in range(DOCUMENTS):
        house.send(OFFICE, FINANCE)
    for _ in range(DOCUMENTS // 2):
        house.send(OFFICE, DISTRICT, COMMUNE)
    seconds = work_until(house, dispatch, (DISTRICT, COMMUNE), DOCUMENTS)
    # Each of the dead agency's documents would take a thread for the whole time limit.
    assert seconds < DOCUMENTS * HANGS_SECONDS / 2 / 2


def test_after_some_failures_the_dead_are_left_alone_and_lose_nothing(
    house: House, dispatch: Dispatch
) -> None:
    sent = [house.send(OFFICE, FINANCE).id for _ in range(DOCUMENTS)]
    house.send(OFFICE, COMMUNE)
    worker = Worker(house.context, dispatch)
    time.sleep(HANGS_SECONDS * 4)
    worker.close(10)
    attempts = [house.deliveries(each)[FINANCE]["attempts"] for each in sent]
    assert 3 <= sum(attempts) <= 4  # as many as open the circuit, and those that were under way
    assert {house.states(each)[FINANCE] for each in sent} == {"ready", "waiting"}


def test_the_first_answer_brings_the_dead_back_to_their_whole_share(house: House, dispatch: Dispatch) -> None:
    for _ in range(3):
        house.send(OFFICE, FINANCE)
    for claim in house.claim(dispatch):
        dispatch.attempt(claim).result()
    now = house.clock.now
    assert dispatch.breakers.taken({}, 2, now) == {FINANCE: 2}
    now = house.clock.pass_(seconds=30)
    assert dispatch.breakers.taken({}, 2, now) == {FINANCE: 1}
    assert dispatch.breakers.taken({FINANCE: 1}, 2, now) == {FINANCE: 2}
    dispatch.breakers.record(FINANCE, now, answered=True)
    assert dispatch.breakers.taken({}, 2, now) == {}


def test_no_agency_is_left_alone_for_longer_than_a_delivery_waits_for_its_next_try(
    make_house: MakeHouse,
) -> None:
    house = make_house(SOFTWARE, breaker_failures=1, backoff_first_seconds=1, backoff_most_seconds=2)
    dispatch = Dispatch(house.context, house.connections)
    for _ in range(6):
        dispatch.breakers.record(FINANCE, house.clock.now, answered=False)
        assert dispatch.breakers.taken({}, 2, house.clock.now) == {FINANCE: 2}
        assert dispatch.breakers.taken({}, 2, house.clock.pass_(seconds=2)) == {FINANCE: 1}
    dispatch.close()
