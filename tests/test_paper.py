"""Paper: what was sent on paper is registered once, corrected by new entries, and counted with the rest."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from exchange import paper
from exchange.core.leaf import canonical
from exchange.core.paper import Declaration, Registration, Withdrawal
from exchange.core.paper_csv import BadFile
from exchange.core.refusal import Refused
from exchange.core.share import Reason
from exchange.paper_import import take
from tests.house import House
from tests.ledger.test_counting import counted, rows, tally
from tests.province import COMMUNE, FINANCE, OFFICE

DAY = date(2026, 11, 20)
SHEET = Registration(
    agency=OFFICE,
    id="so-1",
    number="512",
    notation="UBND-VX",
    promulgated_on=DAY,
    sent_on=DAY,
    receivers=(COMMUNE,),
    reason=Reason.WET_SIGNATURE,
    subject="V/v khen thưởng",
    type_name="Công văn",
    by="clerk",
)


def refused(house: House, registration: Registration) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        paper.register(house.context, registration)
    return [(refusal.code, refusal.where) for refusal in caught.value.refusals]


def entries(house: House) -> list[str]:
    return [row["event"] for row in rows(house, "SELECT event FROM entry ORDER BY id")]


def test_a_registration_is_one_entry_per_receiver_and_counts_as_paper(house: House) -> None:
    done = paper.register(house.context, replace(SHEET, receivers=(COMMUNE, FINANCE)))
    assert done.fresh
    assert [copy.receiver for copy in done.copies] == [COMMUNE, FINANCE]
    assert done.digest == hashlib.sha256(canonical(done.content)).hexdigest()
    counted(house)
    assert tally(house) == {"paper": 2}
    assert tally(house, "pair", COMMUNE) == {"paper": 1}
    assert tally(house, unit="documents") == {"paper": 1}
    assert rows(house, "SELECT agency, month, registrations, none_declared FROM paper_report") == [
        {"agency": OFFICE, "month": 202611, "registrations": 2, "none_declared": 0}
    ]


def test_the_same_registration_again_gets_the_same_answer_and_other_content_is_refused(house: House) -> None:
    first = paper.register(house.context, SHEET)
    house.clock.pass_(days=400)
    again = paper.register(house.context, replace(SHEET, by="another", subject="  V/v   khen thưởng "))
    assert not again.fresh
    assert replace(again, fresh=True) == first
    assert refused(house, replace(SHEET, subject="V/v khác")) == [("paper_conflict", "id")]
    assert entries(house) == ["paper"]


def test_two_that_register_the_same_at_once_register_it_once(house: House) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: paper.register(house.context, SHEET), range(8)))
    assert sum(each.fresh for each in done) == 1
    assert len({each.id for each in done}) == 1
    assert entries(house) == ["paper"]


def test_paper_of_a_document_that_went_electronically_too_is_one_exchange_with_paper_beside_it(
    house: House,
) -> None:
    house.send(OFFICE, COMMUNE, FINANCE, code_number="5", promulgation_date=DAY)
    house.fetch_all(COMMUNE)
    house.fetch_all(FINANCE)
    paper.register(house.context, replace(SHEET, number="05"))
    counted(house)
    assert tally(house) == {"electronic": 1, "with_paper": 1}
    assert tally(house, unit="documents") == {"with_paper": 1}


def test_what_is_withdrawn_counts_no_more_and_stays_on_record(house: House) -> None:
    paper.register(house.context, SHEET)
    counted(house)
    withdrawal = Withdrawal(agency=OFFICE, id="so-1", why="ghi nhầm", by="clerk")
    done = paper.withdraw(house.context, withdrawal)
    assert (done.stands, done.copies[0].why) == (False, "ghi nhầm")
    house.clock.pass_(hours=1)
    again = paper.withdraw(house.context, replace(withdrawal, why="lần nữa"))
    assert again.copies == done.copies
    assert entries(house) == ["paper", "paper_withdrawn"]
    counted(house)
    assert tally(house) == {}
    assert rows(house, "SELECT registrations FROM paper_report") == [{"registrations": 0}]
    assert not paper.registration(house.context, OFFICE, "so-1").stands


def test_a_correction_replaces_what_was_wrong_in_one_step(house: House) -> None:
    paper.register(house.context, replace(SHEET, receivers=(COMMUNE, FINANCE)))
    corrected = replace(SHEET, id="so-1b", replaces="so-1", sent_on=date(2026, 11, 23))
    for _ in range(2):
        paper.register(house.context, corrected)
    counted(house)
    assert entries(house) == ["paper", "paper", "paper_withdrawn", "paper_withdrawn", "paper"]
    assert tally(house) == {"paper": 1}
    assert refused(house, replace(SHEET, id="so-9", replaces="so-8")) == [("not_found", "replaces")]


def test_the_same_sheet_registered_twice_under_two_marks_counts_once_until_both_are_withdrawn(
    house: House,
) -> None:
    for mark in ("a", "b"):
        paper.register(house.context, replace(SHEET, id=mark))
    counted(house)
    assert tally(house) == {"paper": 1}
    for mark, left in (("a", {"paper": 1}), ("b", {})):
        paper.withdraw(house.context, Withdrawal(agency=OFFICE, id=mark, why="ghi nhầm", by="clerk"))
        counted(house)
        assert tally(house) == left


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": " "}, [("paper_invalid", "number")]),
        ({"subject": ""}, [("paper_invalid", "subject")]),
        ({"subject": "x" * 501}, [("paper_invalid", "subject")]),
        ({"reason": Reason.SECRET}, [("paper_invalid", "subject")]),
        ({"notation": "a|b"}, [("paper_invalid", "notation")]),
        ({"id": "none:2026-10:1"}, [("paper_invalid", "id")]),
        ({"priority": 5}, [("paper_invalid", "priority")]),
        ({"sent_on": date(2026, 11, 25)}, [("paper_invalid", "sent_on")]),
        ({"sent_on": date(2026, 11, 19)}, [("paper_invalid", "sent_on")]),
        ({"promulgated_on": date(216, 11, 19)}, [("paper_invalid", "promulgated_on")]),
        ({"receivers": ()}, [("paper_invalid", "receivers")]),
        ({"receivers": ("000.99.99.H45", OFFICE)}, [
            ("receiver_unknown", "receivers[1]"), ("receiver_is_sender", "receivers[2]"),
        ]),
        ({"receivers": (COMMUNE, COMMUNE)}, [("receiver_duplicate", "receivers[2]")]),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place_and_nothing_is_kept(
    sqlite_house: House, changes: dict[str, object], said: list[tuple[str, str]]
) -> None:
    assert refused(sqlite_house, replace(SHEET, **changes)) == said  # type: ignore[arg-type]
    assert entries(sqlite_house) == []


@pytest.fixture(scope="module")
def sqlite_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("paper")
    house = House.build(folder / "data", f"sqlite:///{folder / 'exchange.sqlite'}")
    yield house
    house.close()


def test_a_secret_document_is_registered_without_its_subject(house: House) -> None:
    done = paper.register(house.context, replace(SHEET, reason=Reason.SECRET, subject=""))
    assert done.content["subject"] == ""


def test_that_nothing_was_sent_is_declared_once_for_a_month_that_is_over(house: House) -> None:
    october = Declaration(agency=OFFICE, year=2026, month=10, by="clerk")
    first, again = (paper.declare_none(house.context, october) for _ in range(2))
    assert (first.fresh, again.fresh, first.id) == (True, False, again.id)
    counted(house)
    assert rows(house, "SELECT month, none_declared FROM paper_report") == [
        {"month": 202610, "none_declared": 1}
    ]
    paper.withdraw(house.context, Withdrawal(agency=OFFICE, id=first.mark, why="có gửi", by="clerk"))
    counted(house)
    assert rows(house, "SELECT none_declared FROM paper_report") == [{"none_declared": 0}]
    assert paper.declare_none(house.context, october).fresh
    for year, month in ((2026, 11), (2026, 13), (0, 1)):
        with pytest.raises(Refused, match="paper_invalid"):
            paper.declare_none(house.context, replace(october, year=year, month=month))


def test_a_month_with_paper_cannot_be_declared_to_have_none(house: House) -> None:
    sent = replace(SHEET, promulgated_on=date(2026, 10, 1), sent_on=date(2026, 10, 2))
    paper.register(house.context, sent)
    counted(house)
    with pytest.raises(Refused, match="paper_was_sent"):
        paper.declare_none(house.context, Declaration(agency=OFFICE, year=2026, month=10, by="clerk"))


def test_registrations_are_shown_newest_first_in_pages(house: House) -> None:
    for number in range(5):
        paper.register(house.context, replace(SHEET, id=str(number), number=str(number + 10)))
    first = paper.registrations(house.context, OFFICE, most=3)
    second = paper.registrations(house.context, OFFICE, most=3, before=first[-1].id)
    assert [each.mark for each in (*first, *second)] == ["4", "3", "2", "1", "0"]
    assert paper.registrations(house.context, FINANCE) == []


def test_paper_is_no_document_that_can_be_asked_for(house: House) -> None:
    from exchange.ledger import reading

    done = paper.register(house.context, replace(SHEET, id="2026/512"))
    assert reading.find_document(house.context.database, OFFICE, "2026/512") is None
    assert not reading.may_see(house.context.database, OFFICE, done.id)
    sent = house.send(OFFICE, COMMUNE, document_id="2026/512", code_number="512", promulgation_date=DAY)
    assert sent.fresh
    assert b"number_used_before" not in sent.acceptance


REGISTER = f"""Số, ký hiệu;Ngày ban hành;Ngày gửi;Tên loại;Trích yếu;Nơi nhận;Lý do
512/UBND-VX;20/11/2026;20/11/2026;Công văn;V/v khen thưởng;{COMMUNE}, {FINANCE};chữ ký tươi
13/QĐ-UBND;2026-11-20;;Quyết định;V/v thành lập;{COMMUNE};
14/QĐ-UBND;31/11/2026;;Quyết định;V/v sai ngày;{COMMUNE};khác
15/QĐ-UBND;20/11/2026;;Quyết định;V/v sai nơi nhận;000.99.99.H45;khác
512/UBND-VX;20/11/2026;20/11/2026;Công văn;V/v khen thưởng;{COMMUNE};chữ ký tươi
"""


def taken(house: House, content: bytes, *, dry_run: bool = False) -> tuple[int, list[tuple[int, str]]]:
    """How many were new, and what was refused in which line."""
    found = list(take(house.context, OFFICE, content, by="clerk", reason=Reason.OTHER, dry_run=dry_run))
    return sum(each.fresh for each in found), [
        (each.line, refusal.code) for each in found for refusal in each.refusals
    ]


def test_a_register_is_taken_over_once_however_often_it_comes(house: House) -> None:
    content = REGISTER.encode()
    wrong = [(4, "paper_invalid"), (5, "receiver_unknown")]
    assert taken(house, content, dry_run=True) == (3, wrong)
    assert entries(house) == []
    assert taken(house, content) == (3, wrong)
    assert taken(house, b"\xef\xbb\xbf" + content) == (0, wrong)
    assert taken(house, REGISTER.replace(",", " ").replace(";", ",").encode()) == (0, wrong)
    assert taken(house, content, dry_run=True) == (0, wrong)
    counted(house)
    assert tally(house) == {"paper": 3}
    assert tally(house, unit="documents") == {"paper": 2}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "receivers"),
        ("Số, ký hiệu;Nơi nhận\n".encode(), "promulgated_on"),
        (REGISTER.encode("utf-16"), "UTF-8"),
        (REGISTER.replace("Công văn", '"Công văn').encode(), "CSV"),
    ],
    ids=["empty", "columns", "utf-16", "quote"],
)
def test_a_file_that_is_no_register_is_refused_as_a_whole(
    sqlite_house: House, content: bytes, said: str
) -> None:
    with pytest.raises(BadFile, match=said):
        taken(sqlite_house, content)
    assert entries(sqlite_house) == []


def test_a_crash_while_registering_leaves_nothing_or_all(house: House) -> None:
    commit = house.context.database._commit

    def cut(_: object) -> None:
        raise KeyboardInterrupt

    house.context.database._commit = cut  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        paper.register(house.context, SHEET)
    house.context.database._commit = commit  # type: ignore[method-assign]
    with house.context.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM document WHERE kind = 'paper'")).scalar() == 0
    assert paper.register(house.context, SHEET).fresh
