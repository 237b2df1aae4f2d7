"""Who may read a document's bytes, and when; and that its history can be told whatever happened."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from exchange.core.refusal import Refused
from exchange.ledger import reading
from exchange.pickup import Pickup
from exchange.timeline import timeline
from tests.api.test_http import Caller, call, code
from tests.house import House
from tests.province import COMMUNE, FINANCE, OFFICE

__all__ = ["call"]


def lease_of(call: Caller, document: str, agency: str = FINANCE) -> dict[str, str]:
    items = call("POST", "/v1/inbox/lease", agency=agency, body={"limit": 100}).json()["items"]
    [item] = [each for each in items if each["document"] == document and each["kind"] == "document"]
    return {"delivery": item["delivery"], "lease": item["lease"]}


def test_a_receiver_reads_nothing_before_it_took_the_message_over(call: Caller) -> None:
    document = call.post(FINANCE)
    items = call("GET", "/v1/inbox?limit=100", agency=FINANCE).json()["items"]
    [delivery] = [each["delivery"] for each in items if each["document"] == document]
    assert code(call("GET", f"/v1/documents/{document}/content", agency=FINANCE)) == "not_found"
    assert code(call("GET", f"/v1/inbox/{delivery}", agency=FINANCE)) == "lease_lost"
    assert call("GET", f"/v1/documents/{document}/content").status == 200


def test_only_the_holder_of_the_lease_reads_until_the_message_is_acknowledged(call: Caller) -> None:
    document = call.post(FINANCE)
    held = lease_of(call, document)
    paths = (f"/v1/documents/{document}/content", f"/v1/inbox/{held['delivery']}")
    for path in paths:
        assert code(call("GET", path, agency=FINANCE)) == "lease_lost"
        assert code(call("GET", path, agency=FINANCE, Exchange_Lease="another")) == "lease_lost"
        assert call("GET", path, agency=FINANCE, Exchange_Lease=held["lease"]).status == 200
    acknowledge = f"/v1/inbox/{held['delivery']}/acknowledge"
    assert call("POST", acknowledge, agency=FINANCE, body={"lease": held["lease"]}).status == 204
    for path in paths:
        assert call("GET", path, agency=FINANCE).status == 200


def test_what_expired_is_not_given_out_and_its_sender_still_reads_it(house: House) -> None:
    answer = house.send(OFFICE, FINANCE)
    pickup = Pickup(house.context)
    try:
        [item] = pickup.lease(FINANCE, 10, 60)
        house.clock.pass_(days=30)
        house.sweep()
        assert house.states(answer.id) == {FINANCE: "expired"}
        with pytest.raises(Refused) as refused:
            pickup.fetch(FINANCE, item.delivery, item.lease)
    finally:
        pickup.close()
    assert refused.value.refusals[0].code == "delivery_ended"


def test_what_was_withdrawn_is_not_given_out(call: Caller) -> None:
    message = call.site.province.message(OFFICE, FINANCE, at=now())
    posted = call("POST", "/v1/documents", body=call.site.province.signed(message))
    document = posted.headers["Exchange-Document"]
    [delivery] = [each["id"] for each in call("GET", f"/v1/documents/{document}").json()["deliveries"]]
    status = call.site.province.status(OFFICE, FINANCE, message.document_id, "13", now())
    assert call("POST", "/v1/status", body=status).status == 202
    assert call("GET", f"/v1/documents/{document}").json()["deliveries"][0]["state"] == "refused"
    for path in (f"/v1/documents/{document}/content", f"/v1/inbox/{delivery}"):
        assert code(call("GET", path, agency=FINANCE)) == "delivery_ended"
    assert call("GET", f"/v1/documents/{document}/content").status == 200


def now() -> datetime:
    return datetime.now(UTC)


def test_the_history_tells_that_a_message_was_given_back(call: Caller) -> None:
    document = call.post(COMMUNE)
    held = lease_of(call, document, COMMUNE)
    path = f"/v1/inbox/{held['delivery']}/release"
    assert call("POST", path, agency=COMMUNE, body={"lease": held["lease"]}).status == 204
    shown = call("GET", f"/v1/documents/{document}").json()["timeline"]
    assert "attempt_released" in [each["event"] for each in shown]


@pytest.mark.parametrize("verdict", ["", "retry", "available", "accepted", "released", "of_a_newer_release"])
def test_every_verdict_of_an_attempt_has_words_also_one_that_is_not_known(house: House, verdict: str) -> None:
    answer = house.send(OFFICE, FINANCE)
    pickup = Pickup(house.context)
    pickup.lease(FINANCE, 10, 60)
    pickup.close()
    dossier = reading.dossier(house.context.database, answer.id)
    assert dossier is not None
    attempts = tuple({**each, "verdict": verdict} for each in dossier.attempts)
    told = timeline(replace(dossier, attempts=attempts))
    assert len(told) == 2
    assert all(event.text and event.text_vi for event in told)
