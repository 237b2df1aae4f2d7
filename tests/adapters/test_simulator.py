"""Make-believe agencies behave as they are told."""

import threading
from collections.abc import Mapping

import pytest

from adapters import simulator
from adapters.simulator import Adapter
from exchange.adapter import Accepted, Delivered, Outcome, Refused, Retry
from tests.adapters.conformance import (
    AdapterConformance,
    HandsOverConformance,
    Held,
    Options,
    many,
    outgoing,
    timed,
)

WRONG = (
    ({"behaviour": "sometimes"}, "behaviour"),
    ({"seconds": -1}, "seconds"),
    ({"attempts": 0}, "attempts"),
    ({"take_back": "perhaps"}, "take_back"),
)


class TestAlways(HandsOverConformance):
    adapter_class = Adapter
    wrong_options = WRONG

    @pytest.fixture
    def options(self) -> Options:
        return {"behaviour": "always"}

    @pytest.fixture
    def held(self, adapter: Adapter) -> Held:
        return lambda: adapter.received


class TestAccepts(AdapterConformance):
    adapter_class = Adapter
    success = Accepted

    @pytest.fixture
    def options(self) -> Options:
        return {"behaviour": "accepts"}


class TestNever(AdapterConformance):
    adapter_class = Adapter
    success = Retry

    @pytest.fixture
    def options(self) -> Options:
        return {"behaviour": "never"}


class TestRefuses(AdapterConformance):
    adapter_class = Adapter
    success = Refused

    @pytest.fixture
    def options(self) -> Options:
        return {"behaviour": "refuses"}


def told(timeout_seconds: float = 20.0, /, **options: object) -> Adapter:
    return Adapter(options, timeout_seconds)


def test_an_agency_always_delivers_if_nothing_is_said() -> None:
    assert isinstance(told().deliver(outgoing()), Delivered)


def test_a_refusal_carries_the_code_and_reason_it_was_told() -> None:
    adapter = told(behaviour="refuses", code="wrong_address", reason="Không thuộc thẩm quyền")
    assert adapter.deliver(outgoing()) == Refused("wrong_address", "Không thuộc thẩm quyền")


def test_what_is_not_taken_is_not_remembered() -> None:
    for options in ({"behaviour": "never"}, {"behaviour": "refuses"}):
        adapter = Adapter(options, 1.0)
        adapter.deliver(outgoing())
        assert adapter.received == {}


def test_an_agency_that_fails_for_a_while_fails_so_often_for_each_document() -> None:
    adapter = told(behaviour="fails_for_a_while", attempts=2)
    for document in many(3):
        outcomes = [type(adapter.deliver(document)) for _ in range(4)]
        assert outcomes == [Retry, Retry, Delivered, Delivered]


def test_an_agency_that_fails_for_some_time_delivers_afterwards() -> None:
    adapter = told(behaviour="fails_for_a_while", seconds=0.1)
    assert isinstance(adapter.deliver(outgoing()), Retry)
    threading.Event().wait(0.11)
    assert isinstance(adapter.deliver(outgoing()), Delivered)


def test_a_slow_agency_takes_its_time() -> None:
    outcome, seconds = timed(told(behaviour="slow", seconds=0.1), outgoing())
    assert isinstance(outcome, Delivered)
    assert seconds >= 0.1


def test_a_slow_agency_is_cut_at_the_time_limit() -> None:
    outcome, seconds = timed(told(0.1, behaviour="slow", seconds=60), outgoing())
    assert isinstance(outcome, Retry)
    assert seconds < 0.5


def test_a_slow_agency_lets_go_when_the_broker_stops() -> None:
    adapter = told(60.0, behaviour="slow", seconds=60)
    outcomes: list[Outcome] = []
    waiting = threading.Thread(target=lambda: outcomes.append(adapter.deliver(outgoing())))
    waiting.start()
    adapter.close()
    waiting.join(5)
    assert isinstance(outcomes[0], Retry)


@pytest.mark.parametrize("options", [{}, {"behaviour": "fails_for_a_while", "attempts": 1}])
def test_memory_is_bounded(options: Mapping[str, object]) -> None:
    adapter = Adapter(options, 1.0)
    documents = many(simulator.REMEMBERED_MAX + 5)
    for document in documents:
        adapter.deliver(document)
        adapter.deliver(document)
    assert list(adapter.received) == [each.key for each in documents[5:]]


def test_an_agency_says_how_it_answers_a_request_to_take_back() -> None:
    assert told().take_back == "agrees"
    assert told(take_back="declines").take_back == "declines"
