"""Sequencing in the broker: by itself, to the end, and only of the log that is its own."""

from pathlib import Path

import pytest
import structlog
from sqlalchemy import func, select

from exchange.ledger import tree
from exchange.sequencing import Sequencing
from exchange.sweep import Sweep
from tests.conftest import MakeHouse
from tests.house import House
from tests.log import check
from tests.processes import until
from tests.province import COMMUNE, FINANCE, OFFICE


def size(house: House) -> int | None:
    with house.context.database.read() as connection:
        found: int | None = connection.execute(select(func.max(tree.CHECKPOINT.c.size))).scalar()
        return found


def test_one_round_sequences_all_that_there_is(make_house: MakeHouse) -> None:
    house = make_house(sequence_batch_max=2)
    for _ in range(3):
        house.send(OFFICE, FINANCE, COMMUNE)
    assert Sequencing(house.context).round() == 6
    assert check(house.context.database, note_key=house.context.log_key.vkey) == 6


def test_a_broker_that_is_asked_to_stop_begins_no_further_batch(make_house: MakeHouse) -> None:
    house = make_house(sequence_batch_max=2)
    sequencing = Sequencing(house.context)
    signed = sequencing.signed

    def sign_and_stop(size: int, root: bytes) -> str:
        sequencing.stop()
        return signed(size, root)

    sequencing.signed = sign_and_stop  # type: ignore[method-assign]
    for _ in range(3):
        house.send(OFFICE, FINANCE, COMMUNE)
    assert sequencing.round() == 2
    assert check(house.context.database, note_key=house.context.log_key.vkey, whole=False) == 2


def test_the_sweep_sequences_by_itself(make_house: MakeHouse) -> None:
    house = make_house(sequence_seconds=0.05)
    sweep = Sweep(house.context, house.connections, lambda: None)
    sweep.start()
    try:
        house.send(OFFICE, FINANCE, COMMUNE)
        until(lambda: size(house) == 2, 20, "sequenced")
        assert sweep.alive()
    finally:
        sweep.close(20)
    assert not sweep.alive()


@pytest.mark.parametrize("changes", [{}, {"log_origin": "another/ledger"}])
def test_a_log_that_another_key_or_name_signed_is_not_gone_on_with(
    tmp_path: Path, make_house: MakeHouse, changes: dict[str, str]
) -> None:
    house = make_house()
    house.send(OFFICE, FINANCE)
    Sequencing(house.context).round()
    if not changes:
        (tmp_path / "data" / "ledger-key.pem").unlink()
    other = Sequencing(make_house(**changes).context)
    house.send(OFFICE, FINANCE)
    with structlog.testing.capture_logs() as logged:
        assert [other.round(), other.round()] == [0, 0]
    assert [each["event"] for each in logged] == ["log_of_another_key"]
    assert size(house) == 1
    assert Sequencing(house.context).round() == 1


def test_what_is_sequenced_is_counted(house: House) -> None:
    from exchange.metrics import REGISTRY

    before = REGISTRY.get_sample_value("exchange_sequenced_total") or 0
    house.send(OFFICE, FINANCE, COMMUNE)
    Sequencing(house.context).round()
    assert REGISTRY.get_sample_value("exchange_sequenced_total") == before + 2
