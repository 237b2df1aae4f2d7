"""What agencies' software hands over that is no signed message yet: letters, unsigned packages, statuses."""

from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from lxml import etree

from exchange.adapter import Collected, StatusReport
from exchange.core import edxml
from exchange.core.edxml import DocumentMessage
from exchange.core.letter import File, Letter
from exchange.core.parsing import ParseLimits, parse
from exchange.demo.authority import certificate_pem, private_key_pem
from exchange.ledger import drafts
from exchange.ledger.drafts import Draft
from exchange.sweep import Sweep
from exchange.verification import verify
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, FINANCE, OFFICE

LETTER = Letter(
    number="12",
    notation="STC-VP",
    promulgated_on=date(2026, 11, 24),
    type_name="Công văn",
    subject="V/v quyết toán ngân sách quý III",
    receivers=(COMMUNE,),
    files=(File(name="Công văn 12.pdf", content=b"%PDF-1.7 noi dung"),),
    signer_name="Trần Thị B",
)


class Software:
    """The agency's software: what it has ready, what it was told. It hears nothing once it is cut off."""

    def __init__(self, house: House, agency: str) -> None:
        self.ready: list[Collected] = []
        self.taken: list[str] = []
        self.refused: list[tuple[str, list[str]]] = []
        self.cut_off = False
        adapter = house.adapter(agency)
        adapter.collect = lambda: iter(list(self.ready))
        adapter.collected = self._collected
        adapter.refused = lambda key, reasons: self.refused.append((key, list(reasons)))

    def _collected(self, key: str) -> None:
        if self.cut_off:
            raise ConnectionError("the line is dead")
        self.taken.append(key)


@pytest.fixture
def house(make_house: MakeHouse, tmp_path: Path) -> House:
    house = make_house({FINANCE: ("folder", {"path": str(tmp_path / "stc")})}, desk_keys=tmp_path / "keys")
    (tmp_path / "keys").mkdir()
    return house


@pytest.fixture
def keyed(house: House, tmp_path: Path) -> House:
    """The broker keeps the finance department's key."""
    key = house.province.keys[FINANCE]
    (tmp_path / "keys" / f"{FINANCE}-key.pem").write_bytes(private_key_pem(key))
    (tmp_path / "keys" / f"{FINANCE}.pem").write_bytes(certificate_pem(key))
    return house


@pytest.fixture
def sweep(house: House) -> Iterator[Sweep]:
    sweep = Sweep(house.context, house.connections, lambda: None)
    yield sweep
    sweep._collect.close(5)


@pytest.fixture
def software(house: House) -> Software:
    return Software(house, FINANCE)


def ask(sweep: Sweep) -> None:
    """Ask every agency's software, and wait for the slowest of them."""
    sweep.collect()
    wait(sweep._collect._under_way.values(), 30)


def collected(made_of: bytes | Letter | StatusReport = LETTER, key: str = "văn bản 1") -> Collected:
    return Collected(key=key, content=made_of)


def test_a_letter_becomes_a_document_that_is_signed_with_the_agencys_key(
    keyed: House, sweep: Sweep, software: Software
) -> None:
    software.ready = [collected()]
    ask(sweep)
    assert (software.taken, software.refused) == (["văn bản 1"], [])
    [content] = keyed.fetch_all(COMMUNE)
    assert verify(keyed.context, content, keyed.clock.now).agency == FINANCE
    message = edxml.read(parse(content, ParseLimits()))
    assert isinstance(message, DocumentMessage)
    assert (message.code_number, message.code_notation, message.full_name) == ("12", "STC-VP", "Trần Thị B")
    assert [each.name for each in message.attachments] == ["Công văn 12.pdf"]


@pytest.mark.parametrize("made_of", ["letter", "package"])
def test_what_the_software_was_not_told_of_is_collected_again_and_sent_once(
    keyed: House, sweep: Sweep, software: Software, made_of: str
) -> None:
    message = keyed.province.message(FINANCE, COMMUNE, at=keyed.clock.now)
    unsigned = etree.tostring(edxml.build_document(message), encoding="UTF-8", xml_declaration=True)
    software.ready = [collected(LETTER if made_of == "letter" else unsigned)]
    software.cut_off = True
    ask(sweep)
    software.cut_off = False
    keyed.clock.pass_(minutes=5)
    ask(sweep)
    assert (software.taken, software.refused) == (["văn bản 1"], [])
    assert len(keyed.fetch_all(COMMUNE)) == 1


def test_without_the_agencys_key_a_letter_is_refused_in_words_and_nothing_is_sent(
    house: House, sweep: Sweep, software: Software
) -> None:
    software.ready = [collected()]
    ask(sweep)
    [(key, [reason])] = software.refused
    assert key == "văn bản 1"
    assert "ký số" in reason
    assert house.fetch_all(COMMUNE) == []


def test_a_letter_to_nobody_that_is_known_is_refused_with_the_code(
    keyed: House, sweep: Sweep, software: Software
) -> None:
    software.ready = [collected(replace(LETTER, receivers=(COMMUNE, "H99.99")))]
    ask(sweep)
    [(_, [reason])] = software.refused
    assert "H99.99" in reason
    assert keyed.fetch_all(COMMUNE) == []


def test_a_letter_that_no_xml_can_hold_is_refused_in_words(
    keyed: House, sweep: Sweep, software: Software
) -> None:
    software.ready = [collected(replace(LETTER, subject="V/v \x00"))]
    ask(sweep)
    assert [key for key, _ in software.refused] == ["văn bản 1"]


def delivered(house: House) -> str:
    """The id of a delivery to the finance department that its software has."""
    answer = house.send(OFFICE, FINANCE)
    house.work()
    return str(house.deliveries(answer.id)[FINANCE]["id"])


@pytest.mark.parametrize("kept", ["keyed", "house"])
def test_a_status_of_the_software_reaches_the_sender_proven_or_told_as_not(
    request: pytest.FixtureRequest, house: House, sweep: Sweep, software: Software, kept: str
) -> None:
    request.getfixturevalue(kept)
    at = house.clock.now
    software.ready = [collected(StatusReport(delivery=delivered(house), code="03", at=at, words="đã vào sổ"))]
    ask(sweep)
    ask(sweep)
    assert software.taken == ["văn bản 1"] * 2
    statuses = [each for each in house.fetch_all(OFFICE) if b"StatusCode" in each]
    assert len(statuses) == 1
    found = verify(house.context, statuses[0], at)
    assert (found.agency == FINANCE) is (kept == "keyed")


def test_a_status_about_what_never_came_is_refused_in_words(
    house: House, sweep: Sweep, software: Software
) -> None:
    at: datetime = house.clock.now
    software.ready = [collected(StatusReport(delivery="không có", code="03", at=at))]
    ask(sweep)
    assert [key for key, _ in software.refused] == ["văn bản 1"]


@pytest.mark.parametrize("made_of", ["letter", "package"])
def test_what_was_taken_days_ago_is_known_though_what_was_signed_is_kept_no_more(
    keyed: House, sweep: Sweep, software: Software, made_of: str
) -> None:
    message = keyed.province.message(FINANCE, COMMUNE, at=keyed.clock.now)
    unsigned = etree.tostring(edxml.build_document(message), encoding="UTF-8", xml_declaration=True)
    software.ready = [collected(LETTER if made_of == "letter" else unsigned)]
    software.cut_off = True
    ask(sweep)
    [draft] = kept(keyed)
    drafts.discard(keyed.context.database, FINANCE, draft)
    software.cut_off = False
    keyed.clock.pass_(minutes=5)
    ask(sweep)
    assert (software.taken, software.refused) == (["văn bản 1"], [])
    assert len(keyed.fetch_all(COMMUNE)) == 1
    software.ready = [collected(replace(LETTER, subject="V/v khác"))] if made_of == "letter" else []
    ask(sweep)
    assert [key for key, _ in software.refused] == ["văn bản 1"] * len(software.ready)
    assert keyed.fetch_all(COMMUNE) == []


def kept(house: House) -> list[str]:
    with house.context.database.read() as connection:
        return [row.id for row in connection.execute(drafts.DRAFT.select())]


def test_two_workers_that_collect_the_same_letters_send_each_once_and_refuse_none(
    keyed: House, software: Software
) -> None:
    software.ready = [collected(replace(LETTER, number=f"{n}"), key=f"{n}") for n in range(8)]
    together = Barrier(2)

    def collect() -> Iterator[Collected]:
        for each in software.ready:
            together.wait(30)
            yield each

    keyed.adapter(FINANCE).collect = collect
    sweeps = [Sweep(keyed.context, keyed.connections, lambda: None) for _ in range(2)]
    for each in sweeps:
        each.collect()
    for each in sweeps:
        wait(each._collect._under_way.values(), 60)
        each._collect.close(5)
    assert software.refused == []
    assert set(software.taken) == {each.key for each in software.ready}
    assert len(keyed.fetch_all(COMMUNE)) == len(software.ready)
    assert kept(keyed) == []


def test_a_letter_waits_while_the_agency_has_too_many_drafts(
    keyed: House, sweep: Sweep, software: Software
) -> None:
    most, database = keyed.context.settings.drafts_max, keyed.context.database
    draft = Draft(
        id="", agency=FINANCE, account="a", created_at=keyed.clock.now, digest="0" * 64, size=1, body=b"x"
    )
    for number in range(most):
        drafts.keep(database, replace(draft, id=f"{number}"), most)
    software.ready = [collected()]
    ask(sweep)
    assert (software.taken, software.refused) == ([], [])
    drafts.discard(database, FINANCE, "0")
    ask(sweep)
    assert software.taken == ["văn bản 1"]


@pytest.mark.parametrize("wrong", ["code", "request", "no zone", "tomorrow"])
def test_a_status_that_software_may_not_report_is_refused_in_words(
    house: House, sweep: Sweep, software: Software, wrong: str
) -> None:
    at = house.clock.now
    report = StatusReport(delivery=delivered(house), code="03", at=at)
    changed = {
        "code": replace(report, code="99"),
        "request": replace(report, code="13"),
        "no zone": replace(report, at=at.replace(tzinfo=None)),
        "tomorrow": replace(report, at=at + timedelta(days=1)),
    }[wrong]
    software.ready = [collected(changed)]
    ask(sweep)
    assert [key for key, _ in software.refused] == ["văn bản 1"]
    assert not [each for each in house.fetch_all(OFFICE) if b"StatusCode" in each]


def test_a_status_about_what_another_agency_was_given_is_refused(
    house: House, sweep: Sweep, software: Software
) -> None:
    answer = house.send(OFFICE, COMMUNE)
    other = str(house.deliveries(answer.id)[COMMUNE]["id"])
    software.ready = [collected(StatusReport(delivery=other, code="03", at=house.clock.now))]
    ask(sweep)
    assert [key for key, _ in software.refused] == ["văn bản 1"]


def test_what_anybody_may_have_said_is_never_signed_with_the_agencys_key(
    keyed: House, sweep: Sweep, software: Software
) -> None:
    at = keyed.clock.now
    bounce = StatusReport(
        delivery=delivered(keyed), code="02", at=at, words="hộp thư đầy", agencys_word=False
    )
    software.ready = [collected(bounce)]
    ask(sweep)
    [status] = [each for each in keyed.fetch_all(OFFICE) if b"StatusCode" in each]
    assert verify(keyed.context, status, at).agency == ""
