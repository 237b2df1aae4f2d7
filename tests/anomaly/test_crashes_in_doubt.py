"""A crash while deliveries that may have left are taken back and reported on: one end for each receiver."""

from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.core.receipt import ReceiptKind
from exchange.ledger import claim
from exchange.pickup import Pickup
from tests.anomaly.test_crashes import Crash, Points, adapters, arm, ends, restart
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE

PULLING, NEVER_LOOKING, AWAY = COMMUNE, DISTRICT, FINANCE


@dataclass(frozen=True)
class Messages:
    """What the agencies send, the same bytes in every telling."""

    document: bytes
    requests: tuple[bytes, ...]
    reports: dict[str, bytes]


def compose(house: House) -> Messages:
    message = house.province.message(OFFICE, PULLING, NEVER_LOOKING, AWAY, at=house.clock.now)

    def status(reporter: str, other: str, code: str) -> bytes:
        return house.province.status(reporter, other, message.document_id, code, house.clock.now)

    return Messages(
        document=house.province.signed(message),
        requests=tuple(status(OFFICE, each, "13") for each in (PULLING, NEVER_LOOKING, AWAY)),
        reports={PULLING: status(PULLING, OFFICE, "03"), AWAY: status(AWAY, OFFICE, "15")},
    )


def story(house: House, messages: Messages) -> str:
    """All are asked back: one fetched and was not heard of, one never looked, one was attempted in vain."""
    identity = house.submit(messages.document, OFFICE).id
    house.work()
    with closing(Pickup(house.context)) as pickup:
        pickup.lease(PULLING, 1, 300)
    house.clock.pass_(minutes=10)
    claim.bring_back(house.context.database, house.clock.now)
    for request in messages.requests:
        house.report(request, OFFICE)
    for reporter, report in messages.reports.items():
        house.report(report, reporter)
    return identity


def check(house: House, document: str) -> None:
    ended = {each.deliveries[0].receiver: each for each in house.receipts(document)[1:]}
    assert len(house.receipts(document)) == 4
    assert {receiver: each.kind for receiver, each in ended.items()} == {
        PULLING: ReceiptKind.DELIVERED,
        NEVER_LOOKING: ReceiptKind.REFUSED,
        AWAY: ReceiptKind.REFUSED,
    }
    assert house.states(document) == {receiver: each.kind.value for receiver, each in ended.items()}
    asked = {receiver: row["take_back"] for receiver, row in house.deliveries(document).items()}
    assert asked == {PULLING: "13", NEVER_LOOKING: "15", AWAY: "15"}


def tell(tmp_path: Path, url: str, fatal: int, form: str) -> int:
    """The story with one crash; returns how many points were passed."""
    folder, data = tmp_path / "agencies", tmp_path / "data"
    (folder / "office").mkdir(parents=True)
    house = House.build(data, url, adapters(folder))
    messages = compose(house)
    points = Points(fatal, form)
    arm(house, points)
    with suppress(Crash):
        story(house, messages)
    house.context.registry.close()
    house.broker.database.close()
    with closing(restart(data, url, house)) as after:
        identity = story(after, messages)
        for _ in ends(after):
            pass
        after.clock.pass_(hours=after.context.settings.expiry_hours)
        after.sweep()
        check(after, identity)
    return points.passed


POINTS = 19


@pytest.mark.parametrize("fatal", range(1, POINTS + 1))
def test_a_crash_while_documents_are_taken_back_leaves_one_end_and_receipt_per_receiver(
    tmp_path: Path, database_url: str, fatal: int, form: str
) -> None:
    tell(tmp_path, database_url, fatal, form)


def test_the_story_has_the_points_that_are_tried(tmp_path: Path) -> None:
    passed = tell(tmp_path, f"sqlite:///{tmp_path / 'exchange.sqlite'}", 0, "did nothing")
    assert passed == POINTS
