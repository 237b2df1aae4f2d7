"""Certificates that end soon: said once a day, and counted."""

from datetime import timedelta

from structlog.testing import capture_logs

from exchange.expiring import Expiring
from exchange.ledger import directory_store
from exchange.metrics import REGISTRY
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import DISTRICT, OFFICE, registered


def give(house: House, code: str, days: int) -> str:
    """A certificate that ends in so many days; what the agency had ends at once."""
    now = house.clock.now
    for each in house.context.registry.current.trust.certificates.values():
        if each.agency == code:
            directory_store.end_certificate(house.context.database, each.fingerprint, now)
    key = house.province.authority.issue(code, code, now, days=days)
    directory_store.register_certificate(house.context.database, registered(key, code, now))
    house.context.registry.renew()
    return registered(key, code, now).fingerprint


def figure(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_a_certificate_that_ends_within_the_days_set_is_warned_of_once_a_day(make_house: MakeHouse) -> None:
    house = make_house(certificate_warning_days=60)
    soon = give(house, OFFICE, 59)
    give(house, DISTRICT, 62)
    expiring = Expiring(house.context)
    with capture_logs() as said:
        assert [expiring.step(), expiring.step()] == [1, 0]
    [warning] = [each for each in said if each["event"] == "certificate_ends_soon"]
    assert (warning["agency"], warning["fingerprint"]) == (OFFICE, soon)
    assert (warning["days"], warning["followed"]) == (59, False)
    assert figure("exchange_certificates_expiring", followed="no") == 1
    house.clock.pass_(days=1)
    assert expiring.step() == 1
    house.clock.pass_(days=2)  # now the other one ends soon too
    assert expiring.step() == 2


def test_one_that_another_follows_is_counted_apart_and_one_that_ended_not_at_all(
    make_house: MakeHouse,
) -> None:
    house = make_house()
    now = house.clock.now
    for code in (OFFICE, DISTRICT):
        key = house.province.authority.issue(code, code, now - timedelta(days=1), days=9)
        directory_store.register_certificate(house.context.database, registered(key, code, now))
        if code == DISTRICT:
            directory_store.end_certificate(
                house.context.database, registered(key, code, now).fingerprint, now
            )
    house.context.registry.renew()
    assert Expiring(house.context).step() == 1
    assert figure("exchange_certificates_expiring", followed="yes") == 1
    assert figure("exchange_certificates_expiring", followed="no") == 0
    assert figure("exchange_certificates", revocation="not_checked") == 6
