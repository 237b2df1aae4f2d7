"""Reports on a time in which agencies merged: by the structure of then or of now, counted again the same."""

from pathlib import Path

import pytest

from exchange import reports
from exchange.audit import Exit
from exchange.audit.recount import recount
from exchange.closing import Closings
from exchange.context import today
from exchange.core import report_json
from exchange.core.report import By, Kind
from exchange.core.structure import Structure
from tests.core.plan_file import plan, step
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE
from tests.reorganising import write_down
from tests.reports.history import asked, count, mirrored, play, write_entries


@pytest.mark.parametrize("structure", list(Structure))
def test_a_report_over_a_merger_is_counted_again_the_same(tmp_path: Path, structure: Structure) -> None:
    house = House.build(tmp_path / "data", f"sqlite:///{tmp_path / 'exchange.sqlite'}")
    try:
        play(house)
        house.send(OFFICE, COMMUNE, DISTRICT)
        merged = step("merge", COMMUNE, date="", successors=FINANCE, waiting="forward")
        returned = step("merge", DISTRICT, date="", successors=FINANCE, waiting="return")
        write_down(house, plan(merged, returned), today(house.clock.now))
        while Closings(house.context).step():
            pass
        house.fetch_all(FINANCE)
        count(house)
        question = asked(Kind.SHARE, By.AGENCY, structure=structure)
        report = reports.ask(house.context, question)
        anchors = mirrored(house, tmp_path / "mirror")
        write_entries(house, tmp_path / "entries", report.basis.leaves)
        file = tmp_path / "report.json"
        file.write_bytes(report_json.write(report))
        found = recount(file, tmp_path / "mirror", tmp_path / "entries", anchors)
        assert found.exit is Exit.PROVEN, [each.text for each in found.findings]
        assert any(each.code == "figures_same" for each in found.findings)
    finally:
        house.close()
