"""Preflight and the door agree: what submit refuses, preflight tells, and all of it at once."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from exchange.context import today
from exchange.core.edxml import Attachment, Business, BusinessType, DocumentMessage, build_document
from exchange.core.refusal import Refused
from exchange.core.signature import sign
from exchange.ledger import directory_store
from exchange.preflight import Preflight, of_document, of_question
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE


def message(house: House, *receivers: str, sender: str = OFFICE, **changes: object) -> DocumentMessage:
    return house.province.message(sender, *receivers, at=house.clock.now, **changes)  # type: ignore[arg-type]


def asked(house: House, content: bytes, holder: str = OFFICE) -> Preflight:
    return of_document(house.context, house.province.token(holder), content, house.clock.now)


def told(found: Preflight) -> list[str]:
    reasons = list(found.refusals) + [each for one in found.prospects for each in one.refusals]
    assert found.would_go is not bool(reasons)
    return sorted(each.code for each in reasons)


def refused(house: House, content: bytes, holder: str = OFFICE) -> list[str]:
    with pytest.raises(Refused) as refused:
        house.submit(content, holder)
    return sorted(each.code for each in refused.value.refusals)


def draft(message: DocumentMessage) -> bytes:
    return etree.tostring(build_document(message))


def close(house: House, agency: str, successor: str = "") -> None:
    yesterday = today(house.clock.now) - timedelta(days=1)
    successors = (successor,) if successor else ()
    closed = replace(house.province.agencies[agency], valid_to=yesterday, successors=successors)
    directory_store.save(house.context.database, [closed])
    house.context.registry.renew()


def wrong_in_every_way(house: House) -> DocumentMessage:
    """Undecodable, secret, an update of what another agency sent, and for two who cannot get it."""
    foreign = message(house, COMMUNE, sender=DISTRICT)
    house.submit(house.province.signed(foreign), DISTRICT)
    whole = message(
        house,
        FINANCE,
        "000.00.77.H45",
        OFFICE,
        business=Business(doc_type=BusinessType.UPDATE, document_id=foreign.document_id, reason="Sửa"),
        sphere="Mật",
    )
    zeros = base64.b64encode(b"0" * 9).decode()
    broken = Attachment(content_id="1", name="a.pdf", content_type="application/pdf", encoded=zeros + "=A")
    return replace(whole, attachments=(broken,))


EVERY_WAY = [
    "attachment_invalid",
    "receiver_is_sender",
    "receiver_unknown",
    "reference_not_allowed",
    "secret_document",
]


def test_submit_tells_the_reasons_of_all_independent_checks_at_once(house: House) -> None:
    assert refused(house, house.province.signed(wrong_in_every_way(house))) == EVERY_WAY


def test_preflight_tells_the_reasons_that_submit_tells(house: House) -> None:
    wrong = wrong_in_every_way(house)
    assert told(asked(house, house.province.signed(wrong))) == EVERY_WAY
    assert told(asked(house, draft(wrong))) == EVERY_WAY


def test_a_document_that_would_go_goes_and_a_draft_of_it_is_not_asked_for_its_signature(house: House) -> None:
    written = message(house, FINANCE)
    content = house.province.signed(written)
    assert told(asked(house, draft(written))) == []
    assert told(asked(house, content)) == []
    assert house.submit(content, OFFICE).fresh


def test_a_foreign_sender_is_told_before_and_at_submit(house: House) -> None:
    written = message(house, FINANCE, sender=DISTRICT)
    content = house.province.signed(written)
    for holder in (OFFICE, COMMUNE):
        assert told(asked(house, content, holder)) == ["signer_not_sender"]
        assert told(asked(house, draft(written), holder)) == ["signer_not_sender"]
        assert refused(house, content, holder) == ["signer_not_sender"]


def test_a_broken_signature_is_told_with_everything_else(house: House) -> None:
    content = house.province.signed(message(house, FINANCE, "000.00.77.H45"))
    altered = content.replace("V/v báo cáo".encode(), b"V/v bao cao")
    assert altered != content
    assert told(asked(house, altered)) == ["receiver_unknown", "signature_invalid"]
    assert refused(house, altered) == ["signature_invalid"]


def test_a_key_that_is_not_registered_is_told(house: House) -> None:
    stranger = house.province.authority.issue(OFFICE, OFFICE, house.clock.now - timedelta(days=1), days=9)
    content = sign(build_document(message(house, FINANCE)), stranger)
    assert told(asked(house, content)) == ["certificate_unknown"] == refused(house, content)


def test_a_document_id_that_stands_for_other_bytes_is_told(house: House) -> None:
    first = message(house, FINANCE, number=9)
    content = house.province.signed(first)
    house.submit(content, OFFICE)
    other = house.province.signed(replace(first, subject="V/v khác"))
    assert told(asked(house, other)) == ["document_id_conflict"] == refused(house, other)
    assert told(asked(house, content)) == []


def test_a_time_of_signing_far_back_is_told(house: House) -> None:
    old = house.province.message(OFFICE, FINANCE, at=house.clock.now - timedelta(days=90))
    content = house.province.signed(old)
    assert told(asked(house, content)) == ["signing_time_implausible"] == refused(house, content)


def test_a_closed_sender_is_told_that_it_is_closed(house: House) -> None:
    content = house.province.signed(message(house, FINANCE))
    close(house, OFFICE)
    assert refused(house, content) == ["sender_closed"]
    assert told(asked(house, content)) == ["sender_closed"]
    question = of_question(
        house.context,
        house.province.token(OFFICE),
        [FINANCE],
        size=0,
        attachment_types=[],
        now=house.clock.now,
    )
    assert told(question) == ["sender_closed"]


def test_a_sender_that_no_directory_knows_is_unknown(house: House) -> None:
    nobody = replace(
        message(house, FINANCE), sender=replace(message(house, FINANCE).sender, organ_id="000.00.88.H45")
    )
    content = sign(build_document(nobody), house.province.keys[OFFICE])
    assert told(asked(house, content)) == ["sender_unknown"] == refused(house, content)
