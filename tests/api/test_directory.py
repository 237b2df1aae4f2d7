"""The directory over HTTP is that of the date that is asked for."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from exchange.core.directory import Former, Level
from exchange.ledger import directory_store
from tests.client_broker import running
from tests.province import COMMUNE, DISTRICT, FINANCE, PROVINCE

LAST_DAY, REFORM = date(2025, 6, 30), date(2025, 7, 1)


def test_an_agency_has_the_name_level_and_parent_of_the_date(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        former = Former(until=LAST_DAY, name="Xã cũ", level=Level.COMMUNE, parent=DISTRICT)
        moved = replace(site.province.agencies[COMMUNE], name="Xã mới", parent=PROVINCE, former=(former,))
        directory_store.save(site.broker.database, [moved])
        site.broker.context.registry.renew()
        with site.client() as client:
            for day, name, parent in ((LAST_DAY, "Xã cũ", DISTRICT), (REFORM, "Xã mới", PROVINCE)):
                agency = client.agency(COMMUNE, on=day)
                assert (agency.name, agency.level, agency.parent) == (name, "commune", parent)
                assert [each.code for each in client.agencies(name, on=day)] == [COMMUNE]
            assert client.agencies("Xã cũ", on=REFORM) == client.agencies("Xã mới", on=LAST_DAY) == ()


def test_an_agency_that_was_split_names_its_successors(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        split = replace(site.province.agencies[DISTRICT], valid_to=LAST_DAY, successors=(COMMUNE, FINANCE))
        directory_store.save(site.broker.database, [split])
        site.broker.context.registry.renew()
        with site.client() as client:
            agency = client.agency(DISTRICT, on=REFORM)
            assert (agency.open, agency.successors) == (False, (COMMUNE, FINANCE))
