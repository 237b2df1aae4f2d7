"""Sending from pages over HTTP: looked at first, through the same intake, and nobody else's business."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from exchange.core import edxml
from exchange.core.edxml import DocumentMessage
from exchange.core.parsing import ParseLimits, parse
from exchange.core.signature import sign
from exchange.ledger import acts, people
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE
from tests.web.browser import Site
from tests.web.requests import Answer, ask, send, token_of

CLERK = people.CLERK
PDF = b"%PDF-1.7 made up"


def upload(
    site: Site, path: str, fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, str, bytes]]
) -> Answer:
    """A form with files, as a browser sends it."""
    parts = [
        b'--line\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value.encode())
        for name, value in [("csrf", token_of(site, CLERK)), *fields]
    ]
    parts += [
        b'--line\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n%b\r\n" % (name.encode(), file.encode(), content)
        for name, file, content in files
    ]
    body = b"".join([*parts, b"--line--\r\n"])
    headers = {"Content-Type": "multipart/form-data; boundary=line"}
    return ask(site, "POST", path, CLERK, headers=headers, body=body)


def hand_in(site: Site, content: bytes) -> Answer:
    return upload(site, "/web/send", [], [("file", "x.edxml", content)])


def letter(**changes: str) -> list[tuple[str, str]]:
    filled = {
        "number": "15", "notation": "UBND-VX", "on": "2026-11-24", "type_name": "Công văn",
        "subject": "V/v báo cáo <lũ>", "priority": "1", "more": FINANCE, **changes,
    }  # fmt: skip
    return list(filled.items())


def shown(site: Site, path: str, status: int = 200) -> str:
    answer = ask(site, "GET", path, CLERK)
    assert answer.status == status, answer.text
    return answer.text


def document(site: Site, *receivers: str, sender: str = OFFICE, **changes: object) -> bytes:
    return site.running.province.document(sender, *receivers, at=datetime.now(UTC), **changes)


def test_a_signed_file_is_checked_then_sent_and_each_receiver_is_followed(site: Site) -> None:
    content = document(site, FINANCE, COMMUNE)
    taken = hand_in(site, content)
    assert taken.status == 303
    draft = taken.headers["location"]
    page = shown(site, draft)
    assert page.count("Gửi được") == 2
    assert "Gửi tới 2 nơi nhận" in page
    sent = send(site, f"{draft}/send", CLERK)
    assert sent.status == 303
    place = sent.headers["location"].partition("?")[0]
    assert "Đã chuyển tới 0 trong 2 nơi nhận" in shown(site, place)
    digest = hashlib.sha256(content).hexdigest()
    [inbox_item] = [each for each in site.running.client(COMMUNE).lease() if each.digest == digest]
    site.running.client(COMMUNE).acknowledge(inbox_item)
    assert "Đã chuyển tới 1 trong 2 nơi nhận" in shown(site, place)
    assert shown(site, draft, 404)
    events = acts.of_document(site.running.broker.database, place.rpartition("/")[2])
    assert [each.event for each in events] == ["submitted"]


def test_the_same_file_sent_twice_is_one_document(site: Site) -> None:
    content = document(site, FINANCE)
    places = set()
    for _ in range(2):
        draft = hand_in(site, content).headers["location"]
        places.add(send(site, f"{draft}/send", CLERK).headers["location"])
    assert len(places) == 1


@pytest.mark.parametrize(
    "content", [b"", b"<a/>", b"%PDF-1.7", b"\xff\xfe", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>']
)
def test_what_is_no_document_is_not_taken_and_it_is_said_why(site: Site, content: bytes) -> None:
    answer = hand_in(site, content)
    assert answer.status == 422
    assert 'role="alert"' in answer.text or "Hãy chọn một tệp" in answer.text


def test_what_cannot_go_is_told_receiver_by_receiver_and_nothing_is_sent(site: Site) -> None:
    draft = hand_in(site, document(site, FINANCE, "000.00.99.H45")).headers["location"]
    page = shown(site, draft)
    assert page.count("Không gửi được") == 1
    assert f"{draft}/send" not in page
    assert send(site, f"{draft}/send", CLERK).status == 422


def test_another_agencys_document_is_not_sent_in_its_name(site: Site) -> None:
    draft = hand_in(site, document(site, FINANCE, sender=DISTRICT)).headers["location"]
    assert "From/OrganId" in shown(site, draft)
    assert send(site, f"{draft}/send", CLERK).status == 422


def test_a_pdf_becomes_a_document_to_be_signed_elsewhere_and_handed_in(site: Site) -> None:
    made = upload(site, "/web/compose", letter(number="151"), [("files", "văn bản.pdf", PDF)])
    assert made.status == 303, made.text
    draft = made.headers["location"]
    page = shown(site, draft)
    assert "chưa ký số" in page
    assert "V/v báo cáo &lt;lũ&gt;" in page
    assert send(site, f"{draft}/send", CLERK).status == 422
    unsigned = ask(site, "GET", f"{draft}/message", CLERK)
    assert unsigned.headers["content-disposition"].startswith("attachment")
    root = parse(unsigned.content, ParseLimits())
    message = edxml.read(root)
    assert isinstance(message, DocumentMessage)
    assert message.document_id == f"{OFFICE},2026/11/24,151/UBND-VX"
    assert message.attachments[0].content(1000) == PDF
    signed = sign(root, site.running.province.keys[OFFICE])
    draft = hand_in(site, signed).headers["location"]
    assert send(site, f"{draft}/send", CLERK).status == 303


@pytest.mark.parametrize("left_out", ["number", "notation", "subject", "on", "more"])
def test_what_is_missing_in_a_form_is_said_and_what_was_typed_stays(site: Site, left_out: str) -> None:
    answer = upload(site, "/web/compose", letter(**{left_out: ""}), [("files", "a.pdf", PDF)])
    assert answer.status == 422
    assert "Hãy" in answer.text
    assert left_out == "subject" or "V/v báo cáo &lt;lũ&gt;" in answer.text


def test_a_form_without_a_file_or_with_an_unknown_code_is_not_taken(site: Site) -> None:
    assert "Hãy chọn tệp" in upload(site, "/web/compose", letter(), [("files", "", b"")]).text
    answer = upload(site, "/web/compose", letter(more="000.00.98.H45"), [("files", "a.pdf", PDF)])
    assert "Không có trong danh bạ: 000.00.98.H45" in answer.text


@pytest.mark.parametrize("priority", ["12", "01234", "-1", "x", "9" * 2_000], ids=range(5))
def test_an_urgency_that_is_none_is_an_ordinary_one(site: Site, priority: str) -> None:
    made = upload(site, "/web/compose", letter(priority=priority), [("files", "a.pdf", PDF)])
    assert "Thường" in shown(site, made.headers["location"])


def test_receivers_are_chosen_by_kind_and_by_the_agencys_own_groups(site: Site) -> None:
    form = {"csrf": token_of(site, CLERK), "name": "Nhóm <thử>", "to": FINANCE}
    assert ask(site, "POST", "/web/groups", CLERK, form=form).status == 303
    page = shown(site, "/web/compose")
    assert "Nhóm: Nhóm &lt;thử&gt; (1)" in page
    found = re.search(r'value="(group:[0-9a-f]+)"', page)
    assert found
    chosen = [("to", found[1]), ("to", "level:commune"), ("to", f"under:{DISTRICT}")]
    made = upload(site, "/web/compose", letter(number="16", more="") + chosen, [("files", "a.pdf", PDF)])
    page = shown(site, made.headers["location"])
    assert "Nơi nhận (2)" in page
    assert send(site, "/web/groups", CLERK, name="Nhóm <thử>", to=COMMUNE).status == 422
    group = found[1].removeprefix("group:")
    assert send(site, "/web/groups", CLERK, group=group, name="Mới", to=COMMUNE).status == 303
    assert "Mới" in shown(site, f"/web/groups/{group}")
    assert send(site, f"/web/groups/{group}/remove", CLERK).status == 303
    assert shown(site, f"/web/groups/{group}", 404)
    told = [each for each in acts.newest(site.running.broker.database) if each.body.get("group") == group]
    assert [each.event for each in told] == ["group_removed", "group_changed", "group_changed"]


def test_an_outgoing_document_of_another_agency_is_not_there(site: Site) -> None:
    answer = site.running.client(DISTRICT).submit(document(site, FINANCE, sender=DISTRICT))
    for path in ("", "/message"):
        shown(site, f"/web/outgoing/{answer.id}{path}", 404)
    assert answer.id not in shown(site, "/web/outgoing")


def test_the_register_of_outgoing_documents_is_searched_and_goes_to_csv_and_paper(site: Site) -> None:
    draft = hand_in(site, document(site, FINANCE, subject="Về sổ đi hôm nay")).headers["location"]
    place = send(site, f"{draft}/send", CLERK).headers["location"].partition("?")[0]
    assert place in shown(site, "/web/outgoing?q=s%E1%BB%95+%C4%91i&kind=document&sort=subject")
    assert "Về sổ đi hôm nay" in shown(site, "/web/outgoing?format=csv")
    assert "Về sổ đi hôm nay" in shown(site, "/web/register/outgoing")
    assert ask(site, "GET", f"{place}/message", CLERK).status == 200


def test_a_clerk_takes_back_in_two_steps_and_sees_that_nobody_has_answered(site: Site) -> None:
    draft = hand_in(site, document(site, FINANCE, COMMUNE)).headers["location"]
    place = send(site, f"{draft}/send", CLERK).headers["location"].partition("?")[0]
    asking = f"{place}/take-back"
    assert asking in shown(site, place)
    assert send(site, asking, CLERK, to=FINANCE, reason=" ").status == 422
    confirm = send(site, asking, CLERK, to=FINANCE, reason="Gửi <nhầm>")
    assert (confirm.status, "Gửi &lt;nhầm&gt;" in confirm.text) == (200, True)
    assert "Chờ nơi nhận lấy" in shown(site, place)
    sent = send(site, asking, CLERK, to=FINANCE, reason="Gửi <nhầm>", confirmed="1")
    assert sent.headers["location"] == f"{place}?done=asked"
    page = shown(site, place)
    assert "Bên gửi đã lấy lại" in page
    assert "Đồng ý" in page
    assert shown(site, f"/web/outgoing/{'0' * 32}/take-back", 404)


@pytest.mark.parametrize("change", ["revoke", "update", "replace"])
def test_a_document_that_changes_an_earlier_one_names_it_and_is_linked_to_it(site: Site, change: str) -> None:
    draft = hand_in(site, document(site, FINANCE)).headers["location"]
    place = send(site, f"{draft}/send", CLERK).headers["location"].partition("?")[0]
    earlier = place.rpartition("/")[2]
    form = shown(site, f"/web/compose?change={change}&earlier={earlier}")
    assert f'value="{FINANCE}" checked' in form
    number = {"revoke": "301", "update": "302", "replace": "303"}[change]
    wanted = letter(number=number, change=change, earlier=earlier, copies="3", signer="Ký")
    without = upload(site, "/web/compose", wanted, [("files", "a.pdf", PDF)])
    assert (without.status, "Hãy ghi lý do" in without.text) == (422, True)
    made = upload(site, "/web/compose", [*wanted, ("reason", "Có sai sót")], [("files", "a.pdf", PDF)])
    assert made.status == 303, made.text
    assert place in shown(site, made.headers["location"])
    unsigned = ask(site, "GET", f"{made.headers['location']}/message", CLERK)
    signed = sign(parse(unsigned.content, ParseLimits()), site.running.province.keys[OFFICE])
    draft = hand_in(site, signed).headers["location"]
    changing = send(site, f"{draft}/send", CLERK).headers["location"].partition("?")[0]
    assert changing in shown(site, place)
    assert place in shown(site, changing)
    assert "Có sai sót" not in shown(site, place)
    csv = shown(site, "/web/outgoing?format=csv&q=" + number)
    assert ",Ký,3," in csv
    assert "<td>Ký</td>" in shown(site, "/web/register/outgoing")


def test_what_another_agency_sent_is_neither_taken_back_nor_changed(site: Site) -> None:
    other = site.running.client(DISTRICT).submit(document(site, FINANCE, sender=DISTRICT)).id
    shown(site, f"/web/compose?change=revoke&earlier={other}", 404)
    sent = send(site, f"/web/outgoing/{other}/take-back", CLERK, to=FINANCE, reason="x", confirmed="1")
    assert sent.status == 404
