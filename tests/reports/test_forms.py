"""Every form of a report, opened again by another library and compared with the report."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from exchange.core.forecast import Forecast
from exchange.core.period import Period
from exchange.core.report import (
    ALLOWED,
    Basis,
    By,
    Kind,
    Place,
    Question,
    Remark,
    Report,
    Reporting,
    Row,
    Span,
)
from exchange.core.report_deliveries import WAITING_COLUMNS
from exchange.core.report_share import SHARE_COLUMNS
from exchange.core.targets import Target, Targets
from exchange.reports import Form, Language, Office, render, texts
from exchange.reports.sheet import format_of, lasting, lay_out

OFFICE = Office("Ủy ban nhân dân tỉnh Phú Yên", "Phú Yên")
MADE_AT = datetime(2014, 1, 6, 2, 30, tzinfo=UTC)
BASIS = Basis(leaves=1200, origin="exchange.example/ledger", size=1234, root="ab" * 32, note="…")
VILLAIN = '=HYPERLINK("http://example.com";"Công văn")'


def of_months() -> Report:
    return Report(
        question=Question(kind=Kind.SHARE, by=By.MONTH, period=Period(201311, 201312)),
        made_at=MADE_AT,
        basis=BASIS,
        columns=(*SHARE_COLUMNS, "target", "gap"),
        rows=(
            Row(
                key=("2013-11",),
                name="",
                values=(1234, 0, 500, 1734, 0.711649, 0.711649, 3, 2, 1, 0, 0.29, 0.42),
            ),
            Row(key=("2013-12",), name="", values=(0, 0, 0, 0, None, None, 0, 0, 0, 0, 0.33, None)),
        ),
        total=(1234, 0, 500, 1734, 0.711649, 0.711649, 3, 2, 1, 0, 0.33, 0.38),
        targets=Targets((Target(day=date(2015, 12, 31), ratio=0.7),)),
        forecast=Forecast(months=12, slope=0.0123, expected=0.9, reached=201401),
        reporting=(Reporting(code="000.00.05.H45", name="Sở Tài chính"),),
        remarks=(Remark(code="not_over", about="2014-01-06"),),
    )


def of_types() -> Report:
    return replace(
        of_months(),
        question=Question(kind=Kind.SHARE, by=By.TYPE, period=Period(201311, 201312)),
        columns=SHARE_COLUMNS,
        rows=(
            Row(key=(VILLAIN,), name="", values=(1, 0, 0, 1, 1.0, 1.0, 0, 0, 0, 0)),
            Row(key=("@SUM(A1)",), name="", values=(1, 0, 0, 1, 1.0, 1.0, 0, 0, 0, 0)),
        ),
        total=(2, 0, 0, 2, 1.0, 1.0, 0, 0, 0, 0),
        forecast=None,
    )


def waiting() -> Report:
    return replace(
        of_months(),
        question=Question(kind=Kind.WAITING, by=By.RECEIVER, period=Period(201311, 201312)),
        columns=WAITING_COLUMNS,
        rows=(
            Row(key=("000.20.30.H45",), name="UBND xã An Phú", values=(7, "2013-12-31T18:00:00+00:00", 2)),
        ),
        total=(7, "2013-12-31T18:00:00+00:00", 2),
        spans=(Span(period=Period(201311, 201312), places={"000.20.30.H45": Place(key="000.20.30.H45")}),),
        forecast=None,
    )


def as_csv(report: Report, language: Language = Language.VIETNAMESE) -> list[list[str]]:
    content = render(report, Form.CSV, language, OFFICE)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def as_sheet(report: Report, language: Language = Language.VIETNAMESE) -> Any:
    return load_workbook(io.BytesIO(render(report, Form.XLSX, language, OFFICE))).active


def as_pages(report: Report) -> list[str]:
    reader = PdfReader(io.BytesIO(render(report, Form.PDF, Language.ENGLISH, OFFICE)))
    return [page.extract_text() for page in reader.pages]


def test_csv_has_the_heads_the_lines_and_what_they_rest_on() -> None:
    lines = as_csv(of_months(), Language.ENGLISH)
    assert lines[0][:3] == ["Month", "Electronic alone", "Electronic, paper beside"]
    assert lines[1] == [
        *("2013-11", "1234", "0", "500", "1734", "0.711649", "0.711649"),
        *("3", "2", "1", "0", "0.29", "0.42"),
    ]
    assert lines[2][5:7] == ["–", "–"]
    assert lines[3][:2] == ["Together", "1234"]
    assert lines[4] == []
    told = "\n".join(",".join(line) for line in lines[5:])
    assert f"entries 0 to 1199, checkpoint of size 1234, root {'ab' * 32}" in told
    assert "exchanges (document × receiver)" in told
    assert "The period is not over on 06/01/2014." in told
    assert "Sở Tài chính (000.00.05.H45)" in told
    assert "the target is met in 2014-01" in told


def test_a_workbook_has_the_same_figures_as_numbers_that_look_like_what_they_are() -> None:
    sheet = as_sheet(of_months())
    assert sheet["A1"].value == texts.KINDS[Kind.SHARE].vi
    assert [cell.value for cell in sheet[3]][:2] == ["Tháng", "Chỉ điện tử"]
    assert [cell.value for cell in sheet[4]] == [
        *("11/2013", 1234, 0, 500, 1734, 0.711649, 0.711649, 3, 2, 1, 0, 0.29, 0.42)
    ]
    assert sheet["F4"].number_format == "0.0%"
    assert sheet["B4"].number_format == "#,##0"
    assert sheet["F5"].value == "–"


def test_a_moment_in_a_workbook_is_vietnam_s() -> None:
    assert as_sheet(waiting())["D4"].value.isoformat() == "2014-01-01T01:00:00"


@pytest.mark.parametrize("row", [4, 5])
def test_text_from_outside_never_becomes_a_formula_in_a_workbook(row: int) -> None:
    cell = as_sheet(of_types())[f"A{row}"]
    assert cell.data_type == "s"
    assert cell.value in (VILLAIN, "@SUM(A1)")
    assert cell.hyperlink is None


def test_text_from_outside_never_becomes_a_formula_in_csv() -> None:
    lines = as_csv(of_types())
    assert lines[1][0] == f"'{VILLAIN}"
    assert lines[2][0] == "'@SUM(A1)"


def test_a_pdf_has_the_form_of_an_official_report() -> None:
    [page] = as_pages(of_months())[:1]
    for part in (
        "ỦY BAN NHÂN DÂN TỈNH PHÚ YÊN",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "/BC-",
        "tháng 01 năm 2014",
        "BÁO CÁO",
        texts.KINDS[Kind.SHARE].vi,
    ):
        assert part in page, part
    together = " ".join(" ".join(as_pages(of_months())).split())
    for part in (
        "11/2013",
        "1.234",
        "71,2 %",
        "29,0 %",
        "Nơi nhận",
        "Lưu: VT",
        "mục 0 đến 1199",
        "Sở Tài chính",
    ):
        assert part in together, part


def test_a_pdf_is_vietnamese_and_the_same_each_time() -> None:
    report = of_months()
    first = render(report, Form.PDF, Language.ENGLISH, OFFICE)
    assert first == render(report, Form.PDF, Language.VIETNAMESE, OFFICE)


def test_a_long_table_goes_on_under_its_heads() -> None:
    rows = tuple(
        Row(key=(f"Loại {number}",), name="", values=(1, 0, 0, 1, 1.0, 1.0, 0, 0, 0, 0))
        for number in range(120)
    )
    pages = as_pages(replace(of_types(), rows=rows))
    assert len(pages) > 2
    assert all("Loại văn bản" in page for page in pages[:-1])
    assert pages[1].lstrip().startswith("2")  # its number, above


def test_a_forecast_is_of_the_target_s_month_and_never_of_one_before_the_period() -> None:
    past = Targets((Target(day=date(2012, 12, 31), ratio=0.7),))
    for report, month in ((of_months(), "12/2015"), (replace(of_months(), targets=past), "12/2013")):
        notes = lay_out(report, Language.VIETNAMESE).notes
        assert any(f"tỷ lệ vào {month} dự kiến 90,0 %" in note for note in notes), notes
        assert "Kỳ báo cáo chưa kết thúc vào ngày 06/01/2014." in notes


def test_an_agency_that_reported_no_paper_is_not_shown_with_a_share() -> None:
    question = Question(kind=Kind.SHARE, by=By.AGENCY, period=Period(201311, 201312))
    values = (10, 0, 0, 10, None, None, 0, 0, 0, 0, 0)
    report = replace(
        of_months(),
        question=question,
        columns=(*SHARE_COLUMNS, "paper_months"),
        rows=(Row(key=("000.00.05.H45",), name="Sở Tài chính", values=values),),
        total=(10, 0, 0, 10, 1.0, 1.0, 0, 0, 0, 0, None),
        forecast=None,
    )
    assert as_csv(report)[1][6:8] == ["chưa báo cáo", "chưa báo cáo"]
    assert as_csv(report, Language.ENGLISH)[1][6:8] == ["not reported", "not reported"]


def test_every_word_is_there_in_both_languages() -> None:
    for both in (*texts.KINDS.values(), *texts.BY.values(), *texts.COLUMNS.values(), *texts.REMARKS.values()):
        assert both.vi
        assert both.en
    assert set(texts.KINDS) == set(Kind)
    assert set(texts.BY) == set(By) == {by for allowed in ALLOWED.values() for by in allowed}
    assert format_of("accepted_delivered_p95_seconds") == "seconds"
    assert lay_out(of_months(), Language.ENGLISH).title == "The share of documents sent electronically"


@pytest.mark.parametrize(
    ("seconds", "told"), [(12.0, "12 giây"), (90.0, "1,5 phút"), (7200.0, "2,0 giờ"), (200_000.0, "2,3 ngày")]
)
def test_how_long_it_took_is_told_in_a_unit_that_people_grasp(seconds: float, told: str) -> None:
    assert lasting(seconds, Language.VIETNAMESE) == told
