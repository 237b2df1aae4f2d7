"""Whatever an adapter answers, the worker goes on, and the delivery is tried again."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exchange.adapter import Accepted, Delivered, Outgoing, Refused, Retry
from tests.house import START, House
from tests.province import FINANCE, OFFICE


class Broken(tzinfo):
    """A time zone that does not know itself."""

    def utcoffset(self, _at: datetime | None) -> timedelta:
        raise RuntimeError("no idea")


class Surprise(Exception):
    """Nobody foresaw it."""


GARBAGE = {
    "nothing": None,
    "words": "delivered",
    "a yes": True,
    "a class": Delivered,
    "no reference": Delivered(None),  # type: ignore[arg-type]
    "a number": Accepted(7),  # type: ignore[arg-type]
    "no reason": Retry(None),  # type: ignore[arg-type]
    "no words": Refused("code", b"reason"),  # type: ignore[arg-type]
    "seconds": Retry("busy", 30),  # type: ignore[arg-type]
    "no zone": Retry("busy", datetime(2026, 11, 24, 4)),  # noqa: DTZ001
    "a broken zone": Retry("busy", datetime(2026, 11, 24, 4, tzinfo=Broken())),
    "the end of time": Retry("busy", datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))),
    "next week": Retry("busy", START + timedelta(days=7)),
    "an exception": Surprise("x"),
    "an end of the process": SystemExit(1),
}
POLITE = {
    "the beginning of time": Retry("busy", datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))),
    "tomorrow": Retry("busy", START + timedelta(hours=23)),
    "half a character": Retry("\udcff\0"),
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House.build(tmp_path / "data", "", {FINANCE: ("simulator", {"behaviour": "always"})})
    yield house
    house.close()


@pytest.mark.parametrize("name", [*GARBAGE, *POLITE])
def test_whatever_an_adapter_answers_the_delivery_is_tried_again(house: House, name: str) -> None:
    answer = {**GARBAGE, **POLITE}[name]
    document = house.send(OFFICE, FINANCE).id

    def deliver(_outgoing: Outgoing) -> object:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    adapter = house.adapter(FINANCE)
    adapter.deliver = deliver
    with capture_logs() as logs:
        assert house.work() == 1
    delivery = house.deliveries(document)[FINANCE]
    assert (delivery["state"], delivery["attempts"]) == ("waiting", 1)
    assert START < delivery["next_attempt_at"] <= START + timedelta(days=1)
    faults = [each for each in logs if each["log_level"] == "error"]
    assert len(faults) == (name in GARBAGE)
    del adapter.deliver
    house.clock.pass_(days=1)
    house.sweep()
    house.work()
    assert house.states(document) == {FINANCE: "delivered"}
