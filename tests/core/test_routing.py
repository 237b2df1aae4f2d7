"""Routing: where a document goes, and why it is refused at the door."""

import timeit
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from exchange.core.codes import CodeForm
from exchange.core.directory import Agency, Alias, Directory, Former, Level, Limits
from exchange.core.refusal import Refusal
from exchange.core.routing import Plan, plan

FROM = date(2016, 4, 1)
TODAY = date(2024, 6, 3)
REFORM = date(2025, 7, 1)
LAST_DAY = date(2025, 6, 30)
PDF = "application/pdf"


def agency(code: str, **changes: object) -> Agency:
    plain = Agency(code=code, name=f"Cơ quan {code}", level=Level.UNIT, valid_from=FROM, adapter="inbox")
    return replace(plain, **changes)  # type: ignore[arg-type]


def qd20(code: str, valid_from: date = date(2020, 9, 15), valid_to: date | None = None) -> Alias:
    return Alias(code=code, form=CodeForm.QD20, valid_from=valid_from, valid_to=valid_to)


OFFICE = agency("000.00.01.H45", aliases=(qd20("H45.01"),))
HEALTH = agency("000.00.17.H45", aliases=(qd20("H45.17"),))
FINANCE = agency("000.00.11.H45", aliases=(qd20("H45.11"),))
UNCONNECTED = agency("000.20.30.H45", adapter="")
NARROW = agency(
    "000.00.12.H45", limits=Limits(document_bytes_max=1000, attachment_types=frozenset({PDF, "image/png"}))
)
MERGED_A = agency(
    "000.21.30.H45", valid_to=LAST_DAY, successors=("000.00.50.H15",), aliases=(qd20("H45.30.21"),)
)
MERGED_B = agency("000.22.30.H45", valid_to=LAST_DAY, successors=("000.00.50.H15",))
HEIR = agency("000.00.50.H15", aliases=(qd20("H15.50"),))
ENDED = agency("000.23.30.H45", valid_to=LAST_DAY)
RECODED = agency("000.00.13.H45", aliases=(qd20("H45.99", valid_to=date(2022, 12, 31)),))
COMING = agency("000.00.60.H15", valid_from=date(2026, 1, 1))
DIRECTORY = Directory(
    [OFFICE, HEALTH, FINANCE, UNCONNECTED, NARROW, MERGED_A, MERGED_B, HEIR, ENDED, RECODED, COMING]
)


def planned(
    *receivers: str,
    sender: Agency = OFFICE,
    on: date = TODAY,
    document_bytes: int = 500,
    attachment_types: Sequence[str] = (PDF,),
) -> Plan:
    return plan(
        sender, receivers, DIRECTORY, on, document_bytes=document_bytes, attachment_types=attachment_types
    )


def reasons(made: Plan) -> list[tuple[str, str]]:
    return [(refusal.code, refusal.where) for refusal in made.refusals]


def only_refusal(made: Plan) -> Refusal:
    (refusal,) = made.refusals
    assert refusal.detail
    assert refusal.detail_vi
    return refusal


# --- routes ---


def test_each_receiver_gets_a_route_in_the_order_of_the_document() -> None:
    made = planned("000.00.17.H45", " h45.11 ")
    assert [route.receiver for route in made.routes] == [HEALTH, FINANCE]
    assert [route.addressed_as for route in made.routes] == ["000.00.17.H45", "H45.11"]
    assert [route.forwarded_from for route in made.routes] == ["", ""]
    assert made.refusals == ()


def test_a_document_for_a_closed_agency_goes_to_its_successor() -> None:
    made = planned("000.21.30.H45", on=REFORM)
    (route,) = made.routes
    assert route.receiver is HEIR
    assert route.forwarded_from == "000.21.30.H45"
    assert route.addressed_as == "000.00.50.H15"
    assert made.refusals == ()


def test_a_forwarded_document_addresses_the_successor_in_the_form_that_the_sender_wrote() -> None:
    (route,) = planned("H45.30.21", on=REFORM).routes
    assert (route.forwarded_from, route.addressed_as) == ("H45.30.21", "H15.50")


def test_on_its_last_day_an_agency_still_gets_its_own_documents() -> None:
    (route,) = planned("000.21.30.H45", on=LAST_DAY).routes
    assert route.receiver is MERGED_A


@pytest.mark.parametrize(
    "receivers", [("000.21.30.H45", "000.00.50.H15"), ("000.00.50.H15", "000.21.30.H45")]
)
def test_a_successor_that_is_named_too_gets_the_document_once_and_directly(
    receivers: tuple[str, ...],
) -> None:
    made = planned(*receivers, on=REFORM)
    (route,) = made.routes
    assert route.receiver is HEIR
    assert route.addressed_as == "000.00.50.H15"
    assert route.forwarded_from == ""
    assert route.merged == ("000.21.30.H45",)
    assert made.refusals == ()


def test_two_closed_agencies_with_one_successor_become_one_route() -> None:
    made = planned("000.21.30.H45", "000.22.30.H45", on=REFORM)
    (route,) = made.routes
    assert (route.forwarded_from, route.merged) == ("000.21.30.H45", ("000.22.30.H45",))
    assert made.refusals == ()


def test_a_route_joined_twice_remembers_every_code() -> None:
    made = planned("000.21.30.H45", "000.22.30.H45", "H15.50", on=REFORM)
    (route,) = made.routes
    assert (route.addressed_as, route.forwarded_from) == ("H15.50", "")
    assert set(route.merged) == {"000.21.30.H45", "000.22.30.H45"}
    assert made.refusals == ()


# --- chains and splits ---

SPLIT = agency(
    "000.24.30.H45",
    valid_to=LAST_DAY,
    successors=("000.00.52.H15", "000.00.51.H15"),
    aliases=(qd20("H45.30.24"),),
)
PART_1 = agency("000.00.51.H15", aliases=(qd20("H15.51"),))
PART_2 = agency("000.00.52.H15", aliases=(qd20("H15.52"),))


def sent(agencies: list[Agency], *receivers: str, on: date = REFORM) -> Plan:
    return plan(OFFICE, receivers, Directory([OFFICE, *agencies]), on, document_bytes=1, attachment_types=())


def test_a_document_goes_down_a_chain_to_the_first_agency_that_is_open_on_the_day() -> None:
    chain = [
        agency("H45.71", valid_to=date(2020, 12, 31), successors=("H45.72",)),
        agency("H45.72", valid_to=date(2022, 12, 31), successors=("H45.73",)),
        agency("H45.73"),
    ]
    for day, receiver in (
        (date(2020, 12, 31), chain[0]),
        (date(2021, 1, 1), chain[1]),
        (date(2022, 12, 31), chain[1]),
        (date(2023, 1, 1), chain[2]),
    ):
        (route,) = sent(chain, "H45.71", on=day).routes
        assert route.receiver is receiver
        assert route.forwarded_from == ("" if receiver is chain[0] else "H45.71")


def test_a_chain_that_ended_is_refused() -> None:
    chain = [
        agency("H45.71", valid_to=date(2020, 12, 31), successors=("H45.72",)),
        agency("H45.72", valid_to=date(2022, 12, 31)),
    ]
    assert reasons(sent(chain, "H45.71")) == [("receiver_closed", "To[1]/OrganId")]


def test_a_document_for_an_agency_that_was_split_is_refused_with_the_codes_to_choose_from_in_kind() -> None:
    for written, choices in (
        ("000.24.30.H45", ["000.00.52.H15", "000.00.51.H15"]),
        ("h45.30.24", ["H15.52", "H15.51"]),
    ):
        refusal = only_refusal(sent([SPLIT, PART_1, PART_2], written))
        assert (refusal.code, refusal.where) == ("receiver_split", "To[1]/OrganId")
        assert refusal.values == {
            "receiver": written.upper(),
            "valid_to": "2025-06-30",
            "successors": choices,
        }
        for text in (refusal.detail, refusal.detail_vi):
            assert all(f"{code} (Cơ quan" in text for code in choices)


def test_a_split_agency_is_refused_also_beside_its_parts() -> None:
    made = sent([SPLIT, PART_1, PART_2], "H15.51", "000.24.30.H45", "H15.52")
    assert reasons(made) == [("receiver_split", "To[2]/OrganId")]
    assert [route.receiver for route in made.routes] == [PART_1, PART_2]


def test_the_order_of_the_directory_changes_nothing_about_a_split() -> None:
    one = sent([SPLIT, PART_1, PART_2], "000.24.30.H45")
    assert sent([PART_2, PART_1, SPLIT], "000.24.30.H45") == one


def test_a_split_agency_of_whose_parts_one_is_left_is_followed_by_that_one() -> None:
    gone = replace(PART_2, valid_to=date(2026, 1, 31))
    assert reasons(sent([SPLIT, PART_1, gone], "H45.30.24")) == [("receiver_split", "To[1]/OrganId")]
    (route,) = sent([SPLIT, PART_1, gone], "H45.30.24", on=date(2026, 2, 1)).routes
    assert (route.receiver, route.addressed_as) == (PART_1, "H15.51")


def test_the_sender_is_told_of_every_closed_agency_that_it_named() -> None:
    made = planned("000.21.30.H45", "000.22.30.H45", "000.00.17.H45", "H15.50", on=REFORM)
    assert [notice.code for notice in made.notices] == ["receiver_forwarded"] * 2
    for notice, closed in zip(made.notices, ("000.21.30.H45", "000.22.30.H45"), strict=True):
        assert notice.text.startswith(f"{closed} đã ngừng hoạt động; văn bản chuyển tới H15.50 (Cơ quan")
        assert f"{closed} is closed" in notice.text
    assert planned("000.00.17.H45", on=REFORM).notices == ()


def test_an_agency_is_named_as_it_was_called_on_the_day() -> None:
    renamed = agency(
        "H45.71", name="Tên mới", former=(Former(until=LAST_DAY, name="Tên cũ", level=Level.UNIT),)
    )
    for day, name in ((LAST_DAY, "Tên cũ"), (REFORM, "Tên mới")):
        refusal = only_refusal(sent([replace(renamed, adapter="")], "H45.71", on=day))
        assert name in refusal.detail
        assert name in refusal.detail_vi


# --- refusals ---


def test_a_document_without_receivers_is_refused() -> None:
    refusal = only_refusal(planned())
    assert (refusal.code, refusal.where) == ("receiver_missing", "To")


def test_an_unknown_receiver_is_refused_with_the_codes_that_were_perhaps_meant() -> None:
    refusal = only_refusal(planned("000.00.71.H45"))
    assert (refusal.code, refusal.where) == ("receiver_unknown", "To[1]/OrganId")
    assert refusal.values == {
        "receiver": "000.00.71.H45",
        "nearest": ["000.00.17.H45", "000.00.01.H45", "000.00.11.H45"],
    }
    assert "000.00.17.H45" in refusal.detail
    assert "000.00.17.H45" in refusal.detail_vi


@pytest.mark.parametrize("written", ["", "  ", "null"])
def test_an_empty_receiver_is_refused(written: str) -> None:
    refusal = only_refusal(planned(written))
    assert refusal.code == "receiver_unknown"
    assert "empty" in refusal.detail


def test_a_code_of_any_length_is_answered_briefly() -> None:
    refusal = only_refusal(planned("9" * 100_000))
    assert len(refusal.detail) < 200
    assert len(str(refusal.values)) < 200


def test_a_withdrawn_code_is_refused_with_the_code_that_took_its_place() -> None:
    refusal = only_refusal(planned("H45.99"))
    assert refusal.code == "receiver_unknown"
    assert "2023-01-01" in refusal.detail
    assert "000.00.13.H45" in refusal.detail
    assert "01/01/2023" in refusal.detail_vi


def test_a_code_that_is_not_in_force_yet_is_refused_with_its_first_day() -> None:
    refusal = only_refusal(planned("000.00.60.H15", on=REFORM))
    assert refusal.code == "receiver_unknown"
    assert "2026-01-01" in refusal.detail
    assert "01/01/2026" in refusal.detail_vi


def test_a_closed_receiver_without_a_successor_is_refused() -> None:
    refusal = only_refusal(planned("000.23.30.H45", on=REFORM))
    assert refusal.code == "receiver_closed"
    assert refusal.values == {"receiver": "000.23.30.H45", "valid_to": "2025-06-30"}


def test_a_receiver_that_is_not_connected_is_refused() -> None:
    assert reasons(planned("000.20.30.H45")) == [("receiver_not_connected", "To[1]/OrganId")]


def test_a_successor_that_is_not_connected_is_refused_with_both_codes_named() -> None:
    heir = replace(HEIR, adapter="")
    made = plan(
        OFFICE,
        ["H45.30.21"],
        Directory([OFFICE, MERGED_A, heir]),
        REFORM,
        document_bytes=1,
        attachment_types=(),
    )
    refusal = only_refusal(made)
    assert refusal.code == "receiver_not_connected"
    assert "H45.30.21" in refusal.detail
    assert "H15.50" in refusal.detail


@pytest.mark.parametrize("again", ["000.00.17.H45", "H45.17", "h45.17"])
def test_a_receiver_named_twice_is_refused_in_whatever_form(again: str) -> None:
    made = planned("000.00.17.H45", "000.00.11.H45", again)
    assert reasons(made) == [("receiver_duplicate", "To[3]/OrganId")]
    assert "To[1]" in made.refusals[0].detail
    assert len(made.routes) == 2


def test_the_same_closed_receiver_named_twice_is_refused_too() -> None:
    made = planned("000.21.30.H45", "H45.30.21", on=REFORM)
    assert reasons(made) == [("receiver_duplicate", "To[2]/OrganId")]


def test_a_document_does_not_travel_to_its_sender() -> None:
    assert reasons(planned("H45.01")) == [("receiver_is_sender", "To[1]/OrganId")]


def test_a_document_does_not_travel_to_its_sender_by_way_of_a_closed_agency() -> None:
    refusal = only_refusal(planned("000.21.30.H45", sender=HEIR, on=REFORM))
    assert refusal.code == "receiver_is_sender"
    assert "successor" in refusal.detail


def test_a_document_larger_than_the_receiver_takes_is_refused_with_the_limit() -> None:
    refusal = only_refusal(planned("000.00.12.H45", document_bytes=1001))
    assert refusal.code == "receiver_refuses_size"
    assert refusal.values == {"receiver": "000.00.12.H45", "bytes": 1001, "document_bytes_max": 1000}
    assert planned("000.00.12.H45", document_bytes=1000).refusals == ()


def test_attachments_of_a_type_that_the_receiver_does_not_take_are_refused_by_name() -> None:
    refusal = only_refusal(planned("000.00.12.H45", attachment_types=["Application/PDF", "application/zip"]))
    assert refusal.code == "receiver_refuses_type"
    assert refusal.values["refused"] == ["application/zip"]
    assert refusal.values["attachment_types"] == [PDF, "image/png"]


def test_every_reason_is_given_at_once_and_what_can_be_sent_has_its_route() -> None:
    made = planned(
        "000.00.17.H45",
        "000.00.98.H99",
        "000.23.30.H45",
        "000.20.30.H45",
        "000.00.12.H45",
        "H45.17",
        "H45.01",
        on=REFORM,
        document_bytes=2000,
        attachment_types=["application/zip"],
    )
    assert [route.receiver for route in made.routes] == [HEALTH]
    assert reasons(made) == [
        ("receiver_unknown", "To[2]/OrganId"),
        ("receiver_closed", "To[3]/OrganId"),
        ("receiver_not_connected", "To[4]/OrganId"),
        ("receiver_refuses_size", "To[5]/OrganId"),
        ("receiver_refuses_type", "To[5]/OrganId"),
        ("receiver_duplicate", "To[6]/OrganId"),
        ("receiver_is_sender", "To[7]/OrganId"),
    ]
    assert [refusal.values["receiver"] for refusal in made.refusals][:2] == ["000.00.98.H99", "000.23.30.H45"]


def test_a_closed_agency_sends_nothing_more() -> None:
    made = planned("000.00.17.H45", sender=MERGED_A, on=REFORM)
    assert reasons(made) == [("sender_closed", "From/OrganId")]
    assert planned("000.00.17.H45", sender=MERGED_A, on=LAST_DAY).refusals == ()


def test_a_plan_for_three_receivers_takes_less_than_a_hundred_microseconds() -> None:
    def three() -> Plan:
        return planned("000.00.17.H45", "H45.11", "000.00.12.H45")

    assert len(three().routes) == 3
    assert min(timeit.repeat(three, number=500, repeat=7)) / 500 * 1e6 < 100
