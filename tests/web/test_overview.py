"""What the overview and the reports say, by requests alone."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import load_workbook

from exchange.core.delivery import State
from exchange.ledger import acts, watching
from exchange.web.charts import BARS_MAX, Bar, share_chart
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE
from tests.web.browser import Site
from tests.web.requests import ask
from tests.web.stock import Stock


def test_the_overview_tells_of_share_traffic_and_what_waits(site: Site, stock: Stock) -> None:
    text = ask(site, "GET", "/web/overview", "auditor").text
    for said in ("Tháng này", "Quý này", "Năm nay", "chưa báo cáo văn bản giấy", "Văn bản trục tiếp nhận"):
        assert said in text


def test_what_is_late_is_counted_by_receiver_with_the_most_first(house: House) -> None:
    for receivers in ((FINANCE,), (FINANCE, DISTRICT)):
        house.send(OFFICE, *receivers)
    before = house.clock.pass_(hours=30)
    house.send(OFFICE, COMMUNE)
    count, [first, second] = watching.late(house.context.database, before, 5)
    assert count == 3
    assert [(each.receiver, each.count) for each in (first, second)] == [(FINANCE, 2), (DISTRICT, 1)]
    assert first.since == before - timedelta(hours=30)


def test_todays_figures_are_of_what_was_accepted_today(house: House) -> None:
    house.send(OFFICE, FINANCE)
    midnight = house.clock.pass_(hours=24)
    house.send(OFFICE, FINANCE, DISTRICT)
    house.fetch_all(DISTRICT)
    today = watching.today(house.context.database, midnight)
    assert today.documents == 1
    assert today.states == {State.AVAILABLE: 1, State.DELIVERED: 1}
    assert watching.dead_since(house.context.database, midnight) == 0


def test_an_agencys_last_contact_and_queue_are_told(house: House) -> None:
    answer = house.send(OFFICE, FINANCE)
    assert watching.contact(house.context.database, FINANCE, 9).last is None
    count, [row] = watching.queue_of(house.context.database, FINANCE, 5)
    assert (count, row["document"]) == (1, answer.id)
    house.fetch_all(FINANCE)
    contact = watching.contact(house.context.database, FINANCE, 9)
    assert contact.last == house.clock.now
    assert [attempt["verdict"] for attempt in contact.attempts] == ["delivered"]
    assert watching.queue_of(house.context.database, FINANCE, 5) == (0, [])


def test_a_chart_stacks_parts_to_the_whole_and_leaves_out_labels_that_would_overlap() -> None:
    bars = [Bar(label=f"{month:02}/2026", counts=(1, 2, 1), share=0.25, target=0.7) for month in range(40)]
    chart = share_chart(bars)
    assert chart is not None
    assert len(chart.blocks) == 3 * BARS_MAX
    first = chart.blocks[:3]
    assert [block.part for block in first] == ["electronic", "with-paper", "paper"]
    assert first[1].height == pytest.approx(2 * first[0].height, abs=0.2)
    assert len(chart.labels) < BARS_MAX
    assert chart.labels[-1].text == "39/2026"
    assert share_chart([Bar(label="1", counts=(0, 0, 0), share=None)]) is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-13", "không phải kỳ"),
        ("from=2026&to=2025", "kỳ kết thúc trước khi bắt đầu"),
        ("by=pair&unit=documents", "lượt gửi"),
        ("agency=nobody", "Không có cơ quan nào"),
        ("kind=nonsense&by=%00&sort=x&format=exe", "Tổng cộng"),
    ],
    ids=["month", "backwards", "unit", "agency", "choices"],
)
def test_what_makes_no_report_is_answered(site: Site, stock: Stock, query: str, said: str) -> None:
    answer = ask(site, "GET", f"/web/reports?{query}", "auditor")
    assert answer.status == 200
    assert said in answer.text


def test_who_did_not_report_paper_is_counted_and_named_in_a_fold(site: Site, stock: Stock) -> None:
    text = ask(site, "GET", "/web/reports", "auditor").text
    [fold] = re.findall(
        r'<div class="notice warn"><p>(\d+) cơ quan chưa báo cáo.*?</details>', text, re.DOTALL
    )
    names = re.search(r"<details><summary>Các cơ quan chưa báo cáo</summary>(.*?)</details>", text, re.DOTALL)
    assert names is not None
    assert names[1].count('href="/web/agencies/') == int(fold) > 0


def test_a_report_is_downloaded_in_every_form_and_that_is_an_act(site: Site, stock: Stock) -> None:
    year = datetime.now(UTC).year
    found = {
        form: ask(site, "GET", f"/web/reports?from={year}&by=agency&format={form}", "auditor").content
        for form in ("json", "csv", "xlsx", "pdf")
    }
    assert json.loads(found["json"])["question"]["by"] == "agency"
    assert "Mã" in "".join(next(iter(csv.reader(io.StringIO(found["csv"].decode("utf-8-sig"))))) or "Mã")
    assert load_workbook(io.BytesIO(found["xlsx"])).worksheets
    assert found["pdf"].startswith(b"%PDF")
    [newest] = acts.newest(site.running.broker.context.database, most=1)
    assert (newest.event, newest.body["report"][-3:]) == ("report_taken", "pdf")
