"""The clerk's desk over HTTP: what comes in, what a clerk may do with it, and what he may not."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from exchange.core.edxml import Attachment
from exchange.ledger import acts, people, reading
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE
from tests.web.browser import Site
from tests.web.requests import Answer, ask, send

CLERK = people.CLERK


@pytest.fixture
def delivery(site: Site) -> str:
    """A document of the district that lies ready for the clerk's agency."""
    return arrive(site)


def arrive(site: Site, receiver: str = OFFICE, **changes: object) -> str:
    content = site.running.province.document(DISTRICT, receiver, at=datetime.now(UTC), **changes)
    answer = site.running.client(DISTRICT).submit(content)
    dossier = reading.dossier(site.running.broker.database, answer.id)
    assert dossier is not None
    return str(dossier.deliveries[0]["id"])


def do(site: Site, delivery: str, what: str, **form: str) -> Answer:
    return send(site, f"/web/incoming/{delivery}/{what}", CLERK, **form)


def shown(site: Site, path: str) -> str:
    answer = ask(site, "GET", path, CLERK)
    assert answer.status == 200, answer.text
    return answer.text


def events(site: Site, delivery: str) -> list[str]:
    """What persons did with the document, as the ledger keeps it."""
    database = site.running.broker.database
    with database.read() as connection:
        document = connection.exec_driver_sql(
            "SELECT document FROM delivery WHERE id = ?", (delivery,)
        ).scalar()
    return [each.event for each in acts.of_document(database, str(document))]


def test_a_document_says_nothing_before_it_is_opened_and_each_look_is_entered(
    site: Site, delivery: str
) -> None:
    path = f"/web/incoming/{delivery}"
    assert delivery in shown(site, "/web/desk")
    assert "van-ban.pdf" not in shown(site, path)
    assert ask(site, "GET", f"{path}/attachments/1", CLERK).status == 409
    assert events(site, delivery) == []
    assert do(site, delivery, "open").headers["location"] == path
    assert "van-ban.pdf" in shown(site, path)
    assert events(site, delivery) == ["opened", "viewed"]


def test_a_clerk_accepts_assigns_and_finishes(site: Site, delivery: str) -> None:
    path = f"/web/incoming/{delivery}"
    assert do(site, delivery, "accept").headers["location"] == f"{path}?done=registered"
    assert do(site, delivery, "accept").headers["location"] == f"{path}?done=was_registered"
    assert do(site, delivery, "step", code="04", seen="03", assigned_to="Trần Thị <b>").status == 303
    assert "Trần Thị &lt;b&gt;" in shown(site, path)
    assert do(site, delivery, "step", code="06", seen="04", words="xong").status == 303
    assert "Hoàn thành" in shown(site, path)
    assert do(site, delivery, "step", code="05", seen="06").status == 409
    assert delivery not in shown(site, "/web/desk")
    assert "Trần Thị &lt;b&gt;" in shown(site, "/web/incoming")


def test_a_document_is_not_returned_without_a_reason_nor_assigned_to_nobody(
    site: Site, delivery: str
) -> None:
    answer = do(site, delivery, "refuse", reason=" \x00 ")
    assert answer.status == 422
    assert 'aria-invalid="true"' in answer.text
    do(site, delivery, "accept")
    assert do(site, delivery, "step", code="04", seen="03", assigned_to=" ").status == 422
    assert do(site, delivery, "refuse", reason="muộn").headers["location"].endswith("was_registered")


def test_an_attachment_comes_as_a_file_that_no_browser_opens(site: Site) -> None:
    name = 'lệnh "<x>": a=b; %0d%0aSet-Cookie: x.html'
    province = site.running.province
    message = province.message(DISTRICT, OFFICE, at=datetime.now(UTC))
    [first] = message.attachments
    hostile = replace(
        message,
        attachments=(Attachment(content_id="1", name=name, content_type="text/html", encoded=first.encoded),),
    )
    answer = site.running.client(DISTRICT).submit(province.signed(hostile))
    dossier = reading.dossier(site.running.broker.database, answer.id)
    assert dossier is not None
    delivery = str(dossier.deliveries[0]["id"])
    do(site, delivery, "open")
    got = ask(site, "GET", f"/web/incoming/{delivery}/attachments/1", CLERK)
    assert got.status == 200
    assert got.text == "%PDF-1.7 made up"
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "set-cookie" not in got.headers
    given = got.headers["content-disposition"]
    assert given.startswith('attachment; filename="')
    assert not set('/\\:*?"<>|') & set(unquote(given.partition("UTF-8''")[2]))
    assert ask(site, "GET", f"/web/incoming/{delivery}/attachments/2", CLERK).status == 404
    assert ask(site, "GET", f"/web/incoming/{delivery}/message", CLERK).status == 200
    assert events(site, delivery) == ["opened", "downloaded", "downloaded"]


@pytest.mark.parametrize("what", ["open", "accept", "refuse", "step", "answer"])
def test_a_clerk_cannot_touch_a_document_of_another_agency(site: Site, what: str) -> None:
    delivery = arrive(site, FINANCE)
    form = {"reason": "x", "code": "05", "seen": "03"}
    assert do(site, delivery, what, **form).status == 404
    for path in ("", "/attachments/1", "/message"):
        assert ask(site, "GET", f"/web/incoming/{delivery}{path}", CLERK).status == 404
    assert delivery not in shown(site, "/web/desk") + shown(site, "/web/incoming")
    assert events(site, delivery) == []


def test_a_clerk_cannot_take_notices_of_another_agency_or_documents_as_notices(
    site: Site, delivery: str
) -> None:
    foreign = arrive(site, COMMUNE)
    answer = send(site, "/web/desk/notices", CLERK, delivery=foreign)
    assert answer.headers["location"] == "/web/desk?seen=0"
    answer = send(site, "/web/desk/notices", CLERK, delivery=delivery)
    assert answer.headers["location"] == "/web/desk?seen=0"


def test_the_register_is_searched_sorted_goes_to_csv_and_to_paper(site: Site) -> None:
    delivery = arrive(site, subject="Về lũ lụt năm nay")
    do(site, delivery, "accept")
    assert delivery in shown(site, "/web/incoming?q=l%C5%A9+l%E1%BB%A5t&sort=-number&state=03")
    assert delivery not in shown(site, "/web/incoming?state=06&year=1999")
    csv = shown(site, "/web/incoming?format=csv")
    assert "Số đến" in csv
    assert "Về lũ lụt năm nay" in csv
    assert "Về lũ lụt năm nay" in shown(site, "/web/register/incoming")
    assert "Về lũ lụt năm nay" not in shown(site, "/web/register/incoming?from=1999-01-01&to=1999-12-31")
    assert "Ký nhận" in shown(site, "/web/register/incoming?from=x&to=9999-12-31")
