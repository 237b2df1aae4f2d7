"""The directory: who is found by which code on which day."""

import timeit
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.codes import CodeForm
from exchange.core.directory import Agency, Alias, Directory, Holding, Level, holdings
from exchange.core.trust import RegisteredCertificate, fingerprint

FROM = date(2016, 4, 1)
TODAY = date(2024, 6, 3)
REFORM = date(2025, 7, 1)
LAST_DAY = date(2025, 6, 30)


def agency(code: str, **changes: object) -> Agency:
    plain = Agency(code=code, name=f"Cơ quan {code}", level=Level.UNIT, valid_from=FROM, adapter="inbox")
    return replace(plain, **changes)  # type: ignore[arg-type]


def qd20(code: str, valid_from: date = date(2020, 9, 15), valid_to: date | None = None) -> Alias:
    return Alias(code=code, form=CodeForm.QD20, valid_from=valid_from, valid_to=valid_to)


def qcvn102(code: str, valid_from: date, valid_to: date | None = None) -> Alias:
    return Alias(code=code, form=CodeForm.QCVN102, valid_from=valid_from, valid_to=valid_to)


# --- finding ---


def test_an_agency_is_found_by_both_forms_of_its_code() -> None:
    department = agency("000.00.01.H45", aliases=(qd20("H45.01"),))
    directory = Directory([department])
    assert directory.find("000.00.01.H45", TODAY) is department
    assert directory.find("H45.01", TODAY) is department


def test_a_code_is_found_in_lower_case_and_with_white_space_around_it() -> None:
    department = agency("000.00.01.H45")
    assert Directory([department]).find("  000.00.01.h45\n", TODAY) is department


@pytest.mark.parametrize("code", ["", "null", "000.00.02.H45", "H45", "\x00", "Ủy ban"])
def test_a_code_of_nobody_finds_nobody(code: str) -> None:
    directory = Directory([agency("000.00.01.H45", parent="")])
    assert directory.find(code, TODAY) is None
    assert directory.history(code) == ()


def test_an_agency_is_not_found_before_its_first_day() -> None:
    directory = Directory([agency("000.00.01.H45")])
    assert directory.find("000.00.01.H45", FROM - timedelta(days=1)) is None
    assert directory.find("000.00.01.H45", FROM) is not None


def test_a_closed_agency_is_still_found_by_the_codes_of_its_last_day() -> None:
    closed = agency("000.00.01.H45", valid_to=LAST_DAY, aliases=(qd20("H45.01", valid_to=LAST_DAY),))
    directory = Directory([closed])
    for code in ("000.00.01.H45", "H45.01"):
        assert directory.find(code, date(2031, 1, 1)) is closed
    assert directory.is_open(closed, LAST_DAY)
    assert not directory.is_open(closed, REFORM)


def test_an_alias_counts_on_its_first_and_last_day_and_not_outside() -> None:
    one = agency("000.00.01.H45", aliases=(qd20("H45.99", date(2021, 1, 1), date(2021, 12, 31)),))
    directory = Directory([one])
    found = [
        directory.find("H45.99", day)
        for day in (date(2020, 12, 31), date(2021, 1, 1), date(2021, 12, 31), date(2022, 1, 1))
    ]
    assert found == [None, one, one, None]


def test_an_alias_without_an_end_ends_with_its_agency_but_still_leads_to_it() -> None:
    closed = agency("000.00.01.H45", valid_to=LAST_DAY, aliases=(qd20("H45.01"),))
    assert Directory([closed]).find("H45.01", REFORM) is closed


def test_a_code_given_to_another_agency_names_each_in_its_own_time() -> None:
    old = agency("000.00.30.H15", valid_to=LAST_DAY)
    new = agency("H15.77", valid_from=REFORM, aliases=(qcvn102("000.00.30.H15", date(2026, 1, 1)),))
    directory = Directory([old, new])
    assert directory.find("000.00.30.H15", TODAY) is old
    assert directory.find("000.00.30.H15", date(2025, 12, 31)) is old  # closed, not yet given away
    assert directory.find("000.00.30.H15", date(2026, 1, 1)) is new
    assert [each.agency for each in directory.history("000.00.30.h15")] == [new, old]


def test_two_agencies_cannot_share_a_key() -> None:
    with pytest.raises(ValueError, match=r"000\.00\.01\.H45"):
        Directory([agency("000.00.01.H45"), agency("000.00.01.H45", name="Khác")])


days = st.dates(date(2016, 1, 1), date(2017, 12, 31))
spans = st.tuples(days, st.one_of(st.none(), days)).filter(lambda span: span[1] is None or span[0] <= span[1])
codes = st.sampled_from([f"H45.0{number}" for number in range(5)])


@st.composite
def crowded(draw: st.DrawFn) -> list[Agency]:
    """Agencies that hand a few codes on among them, no code being held by two at once."""
    agencies: list[Agency] = []
    held: list[Holding] = []
    for number in range(draw(st.integers(1, 4))):
        valid_from, valid_to = draw(spans)
        one = agency(f"000.00.0{number}.H45", valid_from=valid_from, valid_to=valid_to)
        for code, span in draw(st.lists(st.tuples(codes, spans), max_size=4)):
            more = replace(one, aliases=(*one.aliases, qd20(code, *span)))
            if not overlapping([*held, *holdings(more)]):
                one = more
        agencies.append(one)
        held += holdings(one)
    return agencies


def overlapping(held: list[Holding]) -> bool:
    return any(
        one.code == other.code and one.since <= other.until and other.since <= one.until
        for one, other in combinations(held, 2)
    )


@given(crowded(), codes, days)
def test_whoever_holds_a_code_on_a_day_is_found_by_it_on_that_day(
    agencies: list[Agency], code: str, day: date
) -> None:
    held = [holding for each in agencies for holding in holdings(each) if holding.code == code]
    holders = [holding.agency for holding in held if holding.since <= day <= holding.until]
    found = Directory(agencies).find(code, day)
    if holders:
        assert [found] == holders
    elif found is not None:
        assert not Directory.is_open(found, day)
        assert (code, found.valid_to) in {(each.code, each.until) for each in holdings(found)}


@given(crowded(), codes)
def test_the_history_of_a_code_never_names_two_agencies_on_one_day(agencies: list[Agency], code: str) -> None:
    for later, earlier in pairwise(Directory(agencies).history(code)):
        assert earlier.until < later.since


# --- answering in kind ---


def test_the_answer_comes_in_the_form_of_the_question() -> None:
    one = agency("000.00.01.H45", aliases=(qd20("H45.01"),))
    assert Directory.code_for(one, CodeForm.QCVN102, TODAY) == "000.00.01.H45"
    assert Directory.code_for(one, CodeForm.QD20, TODAY) == "H45.01"


def test_an_agency_without_a_code_of_that_form_answers_with_its_key() -> None:
    one = agency("000.00.01.H45", aliases=(qd20("H45.01"),))
    assert Directory.code_for(one, CodeForm.QD20, date(2019, 1, 1)) == "000.00.01.H45"
    assert Directory.code_for(one, CodeForm.OTHER, TODAY) == "000.00.01.H45"


def test_the_newest_valid_alias_of_a_form_is_the_answer() -> None:
    one = agency("000.00.01.H45", aliases=(qd20("H45.02", date(2022, 1, 1)), qd20("H45.01")))
    assert Directory.code_for(one, CodeForm.QD20, date(2021, 12, 31)) == "H45.01"
    assert Directory.code_for(one, CodeForm.QD20, date(2022, 1, 1)) == "H45.02"


def test_a_closed_agency_answers_with_the_codes_of_its_last_day() -> None:
    closed = agency("000.00.01.H45", valid_to=LAST_DAY, aliases=(qd20("H45.01", valid_to=LAST_DAY),))
    assert Directory.code_for(closed, CodeForm.QD20, date(2026, 1, 1)) == "H45.01"


# --- the tree and the successors ---


def test_ancestors_come_nearest_first() -> None:
    province = agency("000.00.00.H45", level=Level.PROVINCE)
    district = agency("000.00.30.H45", level=Level.DISTRICT, parent=province.code)
    commune = agency("000.20.30.H45", level=Level.COMMUNE, parent=district.code)
    directory = Directory([commune, district, province])
    assert directory.ancestors(commune, TODAY) == (district, province)
    assert directory.ancestors(province, TODAY) == ()


def test_children_are_those_open_on_the_day_by_any_code_of_the_parent() -> None:
    province = agency("000.00.00.H45", aliases=(qd20("H45"),))
    district = agency("000.00.30.H45", parent=province.code, valid_to=LAST_DAY)
    commune = agency("H45.50", parent=province.code, valid_from=REFORM)
    directory = Directory([province, district, commune])
    assert directory.children("000.00.00.H45", TODAY) == (district,)
    assert directory.children("h45", REFORM) == (commune,)
    assert directory.children("H99", TODAY) == ()


def test_the_successor_is_the_first_open_one_of_the_chain() -> None:
    first = agency("H45.01", valid_to=date(2020, 12, 31), successors=("H45.02",))
    second = agency("H45.02", valid_to=LAST_DAY, successors=("H15.02",))
    third = agency("H15.02")
    directory = Directory([first, second, third])
    assert directory.successor_of(first, date(2021, 1, 1)) is second
    assert directory.successor_of(first, REFORM) is third
    assert directory.successor_of(third, REFORM) is None


def test_a_chain_that_breaks_off_or_runs_in_a_circle_has_no_successor() -> None:
    lost = agency("H45.01", valid_to=LAST_DAY, successors=("H15.99",))
    one = agency("H45.02", valid_to=LAST_DAY, successors=("H45.03",))
    other = agency("H45.03", valid_to=LAST_DAY, successors=("H45.02",))
    itself = agency("H45.04", valid_to=LAST_DAY, successors=("H45.04",), parent="H45.04")
    directory = Directory([lost, one, other, itself])
    for closed in (lost, one, other, itself):
        assert directory.successor_of(closed, REFORM) is None
    assert directory.ancestors(itself, TODAY) == ()


def test_ancestors_end_where_parents_run_in_a_circle() -> None:
    one, other = agency("H45.02", parent="H45.03"), agency("H45.03", parent="H45.02")
    assert Directory([one, other]).ancestors(one, TODAY) == (other,)


# --- slips of the pen ---


@pytest.mark.parametrize(
    "written",
    [
        "000.00.01.H4",  # one left out
        "000.00.01.H455",  # one too many
        "000.00.10.H45",  # swapped
        "000.00.91.H45",  # one wrong
        "000.00.01.h46",
        "OOO.OO.O1.H45",  # letters for digits
        "000-00-01-H45",
        "000,00,01,H45",
    ],
)
def test_a_slip_of_the_pen_leads_to_the_code_that_was_meant(written: str) -> None:
    directory = Directory([agency("000.00.01.H45"), agency("000.20.30.H45")])
    assert directory.nearest(written, TODAY) == ("000.00.01.H45",)


def test_only_codes_of_open_agencies_are_proposed() -> None:
    directory = Directory([agency("000.00.01.H45", valid_to=LAST_DAY), agency("000.00.02.H45")])
    assert directory.nearest("000.00.03.H45", REFORM) == ("000.00.02.H45",)


def test_an_endless_code_is_not_searched_for() -> None:
    assert Directory([agency("000.00.01.H45")]).nearest("0" * 1_000_000, TODAY) == ()


def test_no_more_codes_are_proposed_than_asked_for() -> None:
    directory = Directory([agency(f"000.00.{number:02}.H45") for number in range(1, 30)])
    assert len(directory.nearest("000.00.99.H45", TODAY, most=2)) == 2


# --- values ---


@pytest.fixture(scope="module")
def certificate() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "000.00.01.H45")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=datetime(2024, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return builder.sign(key, hashes.SHA256())


def registered(certificate: x509.Certificate, code: str) -> RegisteredCertificate:
    return RegisteredCertificate(
        fingerprint=fingerprint(certificate),
        agency=code,
        certificate=certificate,
        valid_from=datetime(2024, 1, 1, tzinfo=UTC),
    )


def test_every_registered_certificate_is_trusted_by_its_fingerprint(certificate: x509.Certificate) -> None:
    entry = registered(certificate, "000.00.01.H45")
    directory = Directory([agency("000.00.01.H45", certificates=(entry,)), agency("000.00.02.H45")])
    assert directory.trust().certificates == {entry.fingerprint: entry}
    assert directory.trust() is directory.trust()


def test_one_certificate_cannot_sign_for_two_agencies(certificate: x509.Certificate) -> None:
    both = [
        agency(code, certificates=(registered(certificate, code),))
        for code in ("000.00.01.H45", "000.00.02.H45")
    ]
    with pytest.raises(ValueError, match="registered twice"):
        Directory(both)


def test_equal_agencies_are_equal_in_whatever_order_their_aliases_came() -> None:
    aliases = (qd20("H45.02", date(2022, 1, 1)), qd20("H45.01"))
    one, other = agency("H45.09", aliases=aliases), agency("H45.09", aliases=aliases[::-1])
    assert one == other
    assert hash(one) == hash(other)


def test_agencies_and_the_directory_do_not_change() -> None:
    one = agency("H45.01")
    with pytest.raises(FrozenInstanceError):
        one.name = "Khác"  # type: ignore[misc]
    directory = Directory([one])
    with pytest.raises(AttributeError):
        directory.agencies = ()  # type: ignore[attr-defined]


def test_the_directory_keeps_its_order_and_counts() -> None:
    agencies = [agency(f"H45.{number:02}") for number in (3, 1, 2)]
    directory = Directory(agencies)
    assert list(directory) == agencies
    assert len(directory) == 3
    assert directory.get("H45.01") is agencies[1]
    assert directory.get("h45.01") is None


def microseconds(call: Callable[[], object], number: int) -> float:
    return min(timeit.repeat(call, number=number, repeat=7)) / number * 1e6


def test_finding_takes_less_than_two_microseconds_among_ten_thousand() -> None:
    directory = Directory(
        agency(f"000.{third:02}.{second:02}.H45", aliases=(qd20(f"H45.{second:02}.{third:02}"),))
        for second in range(100)
        for third in range(100)
    )
    assert microseconds(lambda: directory.find("000.20.30.H45", TODAY), 5000) < 2
    assert microseconds(lambda: directory.find("h45.30.20", TODAY), 5000) < 2
