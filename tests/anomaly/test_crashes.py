"""A crash at any commit or send, before it took effect or after, changes nothing of the promises.

The same story is told again and again: at the n-th point the process dies, a new one starts on the
same database, and the agencies' software does what it must do after an unclear answer: send the same
bytes again.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection

from exchange.adapter import Outcome, Outgoing
from exchange.app import Broker
from exchange.core.receipt import ReceiptKind
from exchange.ledger import reading
from exchange.retry import retry
from tests.house import House, settings_for
from tests.province import COMMUNE, FINANCE, OFFICE


class Crash(BaseException):
    """The process dies here."""


class Points:
    """Counts the points at which a process can die, and dies at the chosen one."""

    def __init__(self, fatal: int, form: str) -> None:
        self.fatal = fatal
        self.form = form
        self.passed = 0

    def guard(self, effect: object) -> object:
        """One point: ``effect`` is a call that takes effect."""
        self.passed += 1
        if self.passed == self.fatal and self.form == "did nothing":
            raise Crash
        result = effect()  # type: ignore[operator]
        if self.passed == self.fatal:
            raise Crash
        return result


def arm(house: House, points: Points) -> None:
    """Let every commit, every hand-over and every bell be a point."""
    database, bell = house.context.database, house.context.bell
    commit, announce = database._commit, bell.announce

    def commit_(connection: Connection) -> None:
        points.guard(lambda: commit(connection))

    database._commit = commit_  # type: ignore[method-assign]
    bell.announce = lambda ids: points.guard(lambda: announce(ids))  # type: ignore[method-assign, assignment, return-value]
    for agency in (FINANCE, OFFICE):
        adapter = house.adapter(agency)
        deliver = adapter.deliver

        def deliver_(outgoing: Outgoing, deliver: object = deliver) -> Outcome:
            return points.guard(lambda: deliver(outgoing))  # type: ignore[return-value, operator]

        adapter.deliver = deliver_


def adapters(folder: Path) -> dict[str, tuple[str, dict[str, object]]]:
    return {
        FINANCE: ("folder", {"path": str(folder / "finance")}),
        OFFICE: ("folder", {"path": str(folder / "office")}),
    }


def story(house: House, document: bytes, status: bytes) -> str:
    """Submit, deliver to one that is pushed and one that pulls, report back, deliver receipts."""
    answer = house.submit(document, OFFICE)
    house.work()
    house.fetch_all(COMMUNE)
    house.report(status, FINANCE)
    house.work()
    return answer.id


def ends(house: House) -> Iterator[None]:
    """Time passes until nothing is under way."""
    for _ in range(6):
        house.clock.pass_(minutes=10)
        house.sweep()
        house.work()
        house.fetch_all(COMMUNE)
        yield


def restart(data: Path, url: str, before: House) -> House:
    """Another process on the same database and the same province."""
    broker = Broker(settings_for(data, url), before.clock)
    return House(broker, before.province, before.clock)


def check(house: House, document: str, folder: Path) -> None:
    """The promises."""
    assert house.states(document) == {FINANCE: "delivered", COMMUNE: "delivered"}
    receipts = house.receipts(document)
    assert [each.kind for each in receipts if each.kind is ReceiptKind.ACCEPTANCE] == [ReceiptKind.ACCEPTANCE]
    ended = sorted(
        each.deliveries[0].receiver for each in receipts if each.kind is not ReceiptKind.ACCEPTANCE
    )
    assert ended == [FINANCE, COMMUNE]
    arrived = [path for path in (folder / "finance").rglob("*") if path.is_file()]
    assert len(arrived) == 1, arrived
    sent_back = [path for path in (folder / "office").rglob("*") if path.is_file()]
    assert len(sent_back) == 3, sent_back  # two receipts and one status message
    assert house.deliveries(document)[FINANCE]["business"] == "03"


def tell(tmp_path: Path, url: str, fatal: int, form: str) -> int:
    """The story with one crash; returns how many points were passed."""
    folder, data = tmp_path / "agencies", tmp_path / "data"
    for name in ("finance", "office"):
        (folder / name).mkdir(parents=True)
    house = House.build(data, url, adapters(folder))
    message = house.province.message(OFFICE, FINANCE, COMMUNE, at=house.clock.now)
    document = house.province.signed(message)
    status = house.province.status(FINANCE, OFFICE, message.document_id, "03", house.clock.now)
    points = Points(fatal, form)
    arm(house, points)
    with suppress(Crash):
        story(house, document, status)
    house.context.registry.close()
    house.broker.database.close()
    after = restart(data, url, house)
    try:
        identity = story(after, document, status)
        for _ in ends(after):
            pass
        check(after, identity, folder)
    finally:
        after.close()
    return points.passed


def late_story(house: House, document: bytes, folder: Path) -> str:
    """Submit to one that is away, let it expire, send it again when it is back."""
    identity = house.submit(document, OFFICE).id
    house.work()
    newest = house.deliveries(identity)[FINANCE]
    if newest["round"] == 1 and newest["state"] == "waiting":
        house.clock.pass_(hours=100)
        house.sweep()
    (folder / "finance").mkdir(exist_ok=True)
    for dead in reading.dead_letters(house.context.database, 10):
        retry(house.context, dead["id"])
    house.work()
    return identity


def tell_late(tmp_path: Path, url: str, fatal: int, form: str) -> int:
    """The late story with one crash; returns how many points were passed."""
    folder, data = tmp_path / "agencies", tmp_path / "data"
    (folder / "office").mkdir(parents=True)
    house = House.build(data, url, adapters(folder))
    document = house.province.document(OFFICE, FINANCE, at=house.clock.now)
    points = Points(fatal, form)
    arm(house, points)
    with suppress(Crash):
        late_story(house, document, folder)
    house.context.registry.close()
    house.broker.database.close()
    after = restart(data, url, house)
    try:
        identity = late_story(after, document, folder)
        for _ in ends(after):
            pass
        kinds = [each.kind for each in after.receipts(identity)]
        assert kinds == [ReceiptKind.ACCEPTANCE, ReceiptKind.EXPIRED, ReceiptKind.DELIVERED]
        assert len([path for path in (folder / "finance").rglob("*") if path.is_file()]) == 1
    finally:
        after.close()
    return points.passed


LATE_POINTS = 24
POINTS = 24


@pytest.mark.parametrize("fatal", range(1, LATE_POINTS + 1))
def test_a_crash_while_expiring_or_sending_again_leaves_one_end_and_receipt_for_each_round(
    tmp_path: Path, database_url: str, fatal: int, form: str
) -> None:
    tell_late(tmp_path, database_url, fatal, form)


def test_the_late_story_has_the_points_that_are_tried(tmp_path: Path) -> None:
    passed = tell_late(tmp_path, f"sqlite:///{tmp_path / 'exchange.sqlite'}", 0, "did nothing")
    assert passed == LATE_POINTS


@pytest.mark.parametrize("fatal", range(1, POINTS + 1))
def test_a_crash_at_any_point_leaves_one_document_one_end_and_one_receipt_per_receiver(
    tmp_path: Path, database_url: str, fatal: int, form: str
) -> None:
    tell(tmp_path, database_url, fatal, form)


def test_the_story_has_the_points_that_are_tried(tmp_path: Path) -> None:
    passed = tell(tmp_path, f"sqlite:///{tmp_path / 'exchange.sqlite'}", 0, "did nothing")
    assert passed == POINTS
