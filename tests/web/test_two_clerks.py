"""Two clerks of one agency at the same moment: one of them does it, and one entry tells of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from exchange.ledger import incoming_reading, people
from tests.province import OFFICE
from tests.web.browser import Site
from tests.web.requests import ask, token_of
from tests.web.test_desk import arrive, events

CLERKS = 4


@pytest.mark.parametrize("what", ["accept", "refuse"])
def test_a_document_is_taken_or_returned_once(site: Site, what: str) -> None:
    delivery = arrive(site)
    form = {"csrf": token_of(site, people.CLERK), "reason": "Gửi nhầm"}
    path = f"/web/incoming/{delivery}/{what}"
    with ThreadPoolExecutor(CLERKS) as clerks:
        answers = list(clerks.map(lambda _: ask(site, "POST", path, people.CLERK, form=form), range(CLERKS)))
    assert {answer.status for answer in answers} <= {303, 409}, [answer.text for answer in answers]
    assert sum(answer.status == 303 for answer in answers) >= 1
    assert events(site, delivery) == ["opened", {"accept": "taken", "refuse": "turned_down"}[what]]
    found = incoming_reading.incoming(site.running.broker.database, OFFICE, delivery)
    assert found is not None
    assert found[1] is not None
    assert (found[1]["number"] is None) == (what == "refuse")


def test_a_step_is_made_once_and_who_is_too_late_is_told(site: Site) -> None:
    delivery = arrive(site)
    token = token_of(site, people.CLERK)
    ask(site, "POST", f"/web/incoming/{delivery}/accept", people.CLERK, form={"csrf": token})
    form = {"csrf": token, "code": "06", "seen": "03"}
    path = f"/web/incoming/{delivery}/step"
    with ThreadPoolExecutor(CLERKS) as clerks:
        answers = list(clerks.map(lambda _: ask(site, "POST", path, people.CLERK, form=form), range(CLERKS)))
    assert sorted(answer.status for answer in answers) == [303] + [409] * (CLERKS - 1)
    assert events(site, delivery) == ["opened", "taken", "finished"]
