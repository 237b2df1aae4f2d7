"""The directory and one agency in it, by requests alone."""

import csv
import io

import pytest

from exchange.ledger import acts
from exchange.ledger.acts import OPERATOR, Act
from tests.province import COMMUNE, FINANCE, OFFICE
from tests.web.browser import Site
from tests.web.requests import ask, send
from tests.web.stock import Stock


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=co+quan+000.20", [COMMUNE]),
        ("level=commune", [COMMUNE]),
        ("q=000.00.05&connection=connected", [FINANCE]),
        ("connection=unconnected", []),
        ("standing=closed", []),
        ("q=%25", []),
    ],
    ids=["name", "level", "code", "connection", "closed", "sign"],
)
def test_agencies_are_found(site: Site, query: str, found: list[str]) -> None:
    answer = ask(site, "GET", f"/web/agencies?{query}&format=csv", "auditor")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row[1] for row in rows[1:]] == found


@pytest.mark.parametrize("sort", ["name", "-certificate", "parent", "standing", "level"])
def test_the_directory_is_sorted_by_any_column_whatever_is_missing_in_it(site: Site, sort: str) -> None:
    assert ask(site, "GET", f"/web/agencies?sort={sort}", "auditor").status == 200


def test_an_agency_tells_what_waits_for_it_and_links_to_it(site: Site, stock: Stock) -> None:
    text = ask(site, "GET", f"/web/agencies/{OFFICE}", "auditor").text
    assert f"/web/documents/{stock.ids['under_way']}" in text
    assert "Hộp thư trên trục" in text
    assert "Gói tin không có chữ ký hợp lệ" in text
    assert ask(site, "GET", "/web/agencies/nobody", "auditor").status == 404
    assert ask(site, "GET", "/web/agencies/%00", "auditor").status == 404


def test_a_connection_is_tested_by_the_administrator_and_says_what_it_does_not_know(
    site: Site, stock: Stock
) -> None:
    path = f"/web/agencies/{FINANCE}/test"
    assert send(site, path, "auditor").status == 403
    text = send(site, path, "administrator").text
    assert "Chứng thư số dùng được đến" in text
    assert "Phần mềm của cơ quan tự đến lấy văn bản" in text
    [newest] = acts.newest(site.running.broker.context.database, most=1)
    assert (newest.event, newest.body["about"]) == ("connection_tested", FINANCE)


def test_the_last_trial_of_an_agencys_adapter_is_shown(site: Site, stock: Stock) -> None:
    database = site.running.broker.context.database
    path = f"/web/agencies/{FINANCE}"
    assert "chưa thử" in ask(site, "GET", path, "auditor").text
    for broken, words in (([], "giữ đủ yêu cầu bắt buộc (9 MUST, 3 SHOULD)"), (["twice"], "không đạt twice")):
        what = {"adapter": "plone", "kept": {"MUST": 9, "SHOULD": 3}, "broken": broken, "untried": []}
        at = site.running.broker.context.now()
        acts.record_act(
            database,
            Act(event="adapter_tried", at=at, person=OPERATOR, role=OPERATOR, agency=FINANCE, what=what),
        )
        assert words in ask(site, "GET", path, "auditor").text
