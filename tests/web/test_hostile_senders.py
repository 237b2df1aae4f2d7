"""A sender who writes markup, formulas and marks that turn the reading into every field: it stays text.

The document comes by the real intake, and every page that shows it is opened in a real browser.
"""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from exchange.core.edxml import Attachment, DocumentMessage, Organization, StaffInfo
from exchange.ledger import people, reading
from tests.province import DISTRICT, OFFICE
from tests.web.browser import BrowserPage, Site
from tests.web.requests import ask, send

MARKUP = "\"'><img src=x onerror=\"document.title='seized'\"><b hx-get=/web/account hx-trigger=load>"
FORMULA = '=HYPERLINK("http://evil.example","x")'
TURNED = "hoa-don\u202efdp.exe"


def hostile(message: DocumentMessage, text: str) -> DocumentMessage:
    """The text in every field that the schema lets a sender fill."""
    [attachment] = message.attachments
    organ = {"organ_name": text, "organization_in_charge": text, "organ_add": text}
    return replace(
        message,
        sender=replace(message.sender, **organ),
        receivers=tuple(Organization(organ_id=each.organ_id, **organ) for each in message.receivers),
        place=text[:50],
        type_name=text[:100],
        subject=text,
        content=text,
        competence=text[:100],
        position=text[:100],
        full_name=text[:50],
        to_places=(text,),
        appendixes=(text,),
        business=replace(message.business, staff=(StaffInfo(staff=text[:50], department=text[:100]),)),
        attachments=(
            Attachment(
                content_id="1",
                name=text.replace("/", "_"),
                content_type="text/html",
                encoded=attachment.encoded,
                description=text,
            ),
        ),
    )


def arrived(site: Site, text: str) -> tuple[str, str]:
    """Ids of the document and of its delivery to the clerk's agency."""
    province = site.running.province
    message = hostile(province.message(DISTRICT, OFFICE, at=datetime.now(UTC)), text)
    answer = site.running.client(DISTRICT).submit(province.signed(message))
    dossier = reading.dossier(site.running.broker.database, answer.id)
    assert dossier is not None
    return answer.id, str(dossier.deliveries[0]["id"])


@pytest.mark.parametrize("role", people.ROLES)
def test_markup_of_a_sender_is_shown_and_does_nothing(
    browser_page: BrowserPage, site: Site, role: str
) -> None:
    document, delivery = arrived(site, MARKUP)
    paths = ["/web/overview", "/web/documents", f"/web/documents/{document}", f"/web/agencies/{OFFICE}"]
    paths += ["/web/reports?by=type", "/web/documents?q=seized"]
    if role == people.CLERK:
        for step in ({"what": "accept"}, {"what": "step", "code": "04", "seen": "03", "assigned_to": MARKUP}):
            what = step.pop("what")
            assert send(site, f"/web/incoming/{delivery}/{what}", role, **step).status == 303
        paths = ["/web/desk", "/web/incoming", f"/web/incoming/{delivery}", "/web/register/incoming"]
    page, told = browser_page(role), 0
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.title() != "seized", path
        assert page.locator("img[src=x], b[hx-get]").count() == 0, path
        told += page.locator("main").inner_text().count("onerror")
    assert told, "it was shown somewhere"


def test_a_files_name_is_read_in_the_order_in_which_it_is_written(site: Site) -> None:
    _, delivery = arrived(site, TURNED)
    send(site, f"/web/incoming/{delivery}/accept", people.CLERK)
    text = ask(site, "GET", f"/web/incoming/{delivery}", people.CLERK).text
    assert "\u202e" not in text
    assert "hoa-don\N{REPLACEMENT CHARACTER}fdp.exe" in text


def test_a_formula_of_a_sender_is_text_in_every_file(site: Site) -> None:
    arrived(site, FORMULA)
    for path, role in (("/web/documents", people.AUDITOR), ("/web/incoming", people.CLERK)):
        answer = ask(site, "GET", f"{path}?format=csv", role)
        for row in csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))):
            assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row), row
