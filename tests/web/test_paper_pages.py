"""Paper registered by a clerk over HTTP: once, corrected as a new entry, and from a file after a dry run."""

import re

from exchange.ledger import acts, paper, people
from tests.province import COMMUNE, FINANCE, OFFICE
from tests.web.browser import Site
from tests.web.requests import Answer, ask, send
from tests.web.test_sending import shown, upload

CLERK = people.CLERK


def register(site: Site, mark: str, **changes: str) -> Answer:
    form = {
        "mark": mark, "number": "31", "notation": "UBND", "promulgated_on": "2026-10-01",
        "sent_on": "2026-10-02", "type_name": "Báo cáo", "reason": "wet_signature", "subject": "Giấy <tờ>",
        "more": FINANCE, **changes,
    }  # fmt: skip
    return send(site, "/web/paper", CLERK, **form)


def stands(site: Site, mark: str) -> bool:
    found = paper.find(site.running.broker.database, OFFICE, mark)
    assert found is not None
    return found.stands


def test_paper_is_registered_once_however_often_the_form_is_sent(site: Site) -> None:
    for _ in range(2):
        assert register(site, "once").headers["location"] == "/web/paper?done=registered"
    assert "Giấy &lt;tờ&gt;" in shown(site, "/web/paper")
    found = paper.find(site.running.broker.database, OFFICE, "once")
    assert found is not None
    assert [each.receiver for each in found.copies] == [FINANCE]
    done = {each.event for each in acts.of_document(site.running.broker.database, found.id)}
    assert done == {"paper_registered"}
    register_page = shown(site, "/web/outgoing?kind=paper")
    assert "Giấy &lt;tờ&gt;" in register_page
    assert f"Cơ quan {FINANCE}" in register_page


def test_what_is_wrong_is_said_and_nothing_is_registered(site: Site) -> None:
    for wrong in ({"more": "000.00.97.H45"}, {"sent_on": "x"}, {"reason": "x"}, {"number": ""}, {"more": ""}):
        answer = register(site, "wrong", **wrong)
        assert answer.status == 422, wrong
        assert 'role="alert"' in answer.text
    assert paper.find(site.running.broker.database, OFFICE, "wrong") is None


def test_a_correction_takes_the_place_of_what_was_wrong_and_a_withdrawal_stays_on_record(site: Site) -> None:
    register(site, "first", number="32")
    form = shown(site, "/web/paper?correct=first")
    assert 'value="32"' in form
    assert 'name="replaces" value="first"' in form
    assert register(site, "second", number="33", replaces="first").status == 303
    assert (stands(site, "first"), stands(site, "second")) == (False, True)
    assert send(site, "/web/paper/withdraw", CLERK, mark="second", why="ghi nhầm").status == 303
    assert not stands(site, "second")
    assert "Đã hủy: ghi nhầm" in shown(site, "/web/paper")
    assert "đã hủy đăng ký" in shown(site, "/web/outgoing?kind=paper")
    assert send(site, "/web/paper/withdraw", CLERK, mark="not there", why="x").status == 404


def test_a_month_without_paper_is_declared_once_it_is_over(site: Site) -> None:
    assert send(site, "/web/paper/none", CLERK, month="2026-09").status == 303
    assert "Không gửi văn bản giấy tháng 2026-09" in shown(site, "/web/paper")
    assert send(site, "/web/paper/none", CLERK, month="2999-01").status == 422
    assert send(site, "/web/paper/none", CLERK, month="x").status == 422


def test_a_file_is_shown_line_by_line_before_anything_is_registered(site: Site) -> None:
    content = (
        "so ky hieu;ngay ban hanh;ngay gui;noi nhan;trich yeu;ly do\n"
        f"71/UBND;2026-10-03;2026-10-04;{COMMUNE};Một;other\n"
        "72/UBND;2026-10-03;2026-10-04;000.00.96.H45;Hai;other\n"
    ).encode("utf-8-sig")
    taken = upload(site, "/web/paper/import", [("reason", "other")], [("file", "so.csv", content)])
    assert taken.status == 303, taken.text
    page = shown(site, taken.headers["location"])
    assert "1 dòng sẽ được ghi" in page
    assert "1 dòng bị từ chối" in page
    assert "71/UBND" not in shown(site, "/web/paper")
    path = taken.headers["location"].partition("?")[0]
    assert send(site, path, CLERK, reason="other").headers["location"] == "/web/paper/import?done=1"
    assert "71/UBND" in shown(site, "/web/paper")
    again = upload(site, "/web/paper/import", [("reason", "other")], [("file", "so.csv", content)])
    assert "1 dòng đã có từ trước" in shown(site, again.headers["location"])


def test_what_is_no_register_is_not_taken(site: Site) -> None:
    for content in (b"", b"a;b\n1;2\n", b"\xff\xfe\x00"):
        answer = upload(site, "/web/paper/import", [], [("file", "x.csv", content)])
        assert answer.status == 422
        assert re.search(r'class="error"', answer.text)
    assert ask(site, "GET", "/web/paper/import/1", CLERK).status == 404


def test_overseers_see_where_paper_went_and_nothing_that_only_a_message_has(site: Site) -> None:
    register(site, "seen", number="39")
    found = paper.find(site.running.broker.database, OFFICE, "seen")
    assert found is not None
    told = ask(site, "GET", f"/web/documents/{found.id}", people.AUDITOR).text
    history = told.split('class="timeline"')[1].split("</ol>")[0]
    assert f"Đã gửi bản giấy tới Cơ quan {FINANCE}" in history
    assert "Đăng ký bản giấy lúc" in told
    assert "SHA-256" not in told
