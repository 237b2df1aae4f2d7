"""Fields and keys in other software: written, and read back."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.filed import (
    LetterName,
    Step,
    Unfit,
    first_steps,
    key_of,
    letter,
    mapped,
    mark,
    safe_name,
    with_defaults,
)
from exchange.core.filing import filing
from exchange.core.letter import File
from tests.adapters.letters import document

PDF = (File(name="a.pdf", content=b"%PDF"),)
FIELDS: dict[LetterName, str] = {"code": "so_ky_hieu", "promulgated_on": "ngay", "receivers": "noi_nhan"}
GOOD: dict[LetterName, object] = {
    "code": "12/UBND-VX",
    "promulgated_on": "2026-11-24",
    "subject": "V/v báo cáo",
    "receivers": "H45.01; H45.02",
}


@given(st.text())
def test_a_key_is_read_back_from_its_mark(key: str) -> None:
    assert key_of(mark(key)) == key
    assert mark(key).replace("-", "").isalnum() or not key


def test_a_key_of_ours_is_its_own_mark() -> None:
    assert mark("019a0000000070008000000000000001") == "019a0000000070008000000000000001"


@given(st.text(max_size=300))
def test_a_files_name_is_safe_whatever_it_was(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe) <= 140
    assert not set(safe) & set('\\/:*?"<>|\r\n\0')
    assert safe.strip(".") == safe


def test_vietnamese_names_stay_as_they_are() -> None:
    assert safe_name("Công văn số 12.pdf") == "Công văn số 12.pdf"
    assert safe_name("../../etc/passwd") == "etc-passwd"


def test_fields_are_filed_under_their_names() -> None:
    filed = mapped(filing(document()), {"code": "so_ky_hieu", "promulgated_on": "ngay", "priority": ""})
    assert filed == {"so_ky_hieu": "12/UBND-VX", "ngay": "2026-11-24"}


def test_single_fields_are_changed_and_left_out() -> None:
    changed: dict[LetterName, str] = {"code": "so", "receivers": ""}
    assert with_defaults(changed, FIELDS) == {"code": "so", "promulgated_on": "ngay"}


@pytest.mark.parametrize(
    "day", ["2026-11-24", "24/11/2026", "2026-11-23T17:00:00+00:00", 1795453200000, [1795453200000]]
)
def test_a_date_is_understood_in_each_form_that_software_gives(day: object) -> None:
    assert letter({**GOOD, "promulgated_on": day}, PDF, FIELDS).promulgated_on == date(2026, 11, 24)


@pytest.mark.parametrize("receivers", ["H45.01;H45.02", ["H45.01", "H45.02"], "H45.01\n H45.02, H45.01"])
def test_receivers_are_codes_however_they_are_listed(receivers: object) -> None:
    assert letter({**GOOD, "receivers": receivers}, PDF, FIELDS).receivers == ("H45.01", "H45.02")


def test_all_that_is_missing_is_told_with_the_names_of_the_fields() -> None:
    with pytest.raises(Unfit) as caught:
        letter({"code": "12", "promulgated_on": "hôm qua"}, (), FIELDS)
    told = " ".join(caught.value.reasons)
    for name in ("so_ky_hieu", "'ngay'", "noi_nhan", "subject", "no file"):
        assert name in told


def test_only_the_first_step_into_a_status_counts_and_states_without_one_do_not() -> None:
    hours = [
        Step(state=state, at=datetime(2026, 11, 24, hour, tzinfo=UTC)) for hour, state in enumerate("abcab")
    ]
    first = first_steps(reversed(hours), {"a": "03", "b": "05"})
    assert {code: step.at.hour for code, step in first.items()} == {"03": 0, "05": 1}
