"""A small history with everything that reports tell, and the ledger of it as an auditor mirrors it."""

from dataclasses import replace
from pathlib import Path

from exchange import paper
from exchange.audit.anchors import Anchors
from exchange.audit.mirror import mirror
from exchange.core.edxml import Business, BusinessType
from exchange.core.opened import write_line
from exchange.core.paper import Declaration, Registration, Withdrawal
from exchange.core.period import Period
from exchange.core.report import By, Kind, Question
from exchange.core.share import Reason
from exchange.core.tiles import parse_path
from exchange.counting import Counting
from exchange.ledger import tree
from exchange.ledger.opening import opened
from exchange.sequencing import Sequencing
from tests.audit.making import document_id_of
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, PROVINCE

NOVEMBER = Period(202611, 202611)
YEAR = Period(202601, 202612)


def play(house: House) -> None:
    """In November 2026: eight exchanges of five documents; one expired, one is under way."""
    clock = house.clock
    decision = house.province.document(OFFICE, FINANCE, COMMUNE, at=clock.now, type_name="Quyết định")
    house.submit(decision, OFFICE)
    clock.pass_(seconds=100)
    house.fetch_all(FINANCE)
    clock.pass_(seconds=50)
    house.report(house.province.status(FINANCE, OFFICE, document_id_of(decision), "03", clock.now), FINANCE)
    house.send(OFFICE, DISTRICT, PROVINCE, business=Business(doc_type=BusinessType.NEW, paper=True))
    for agency in (DISTRICT, PROVINCE, OFFICE):
        house.fetch_all(agency)
    clock.pass_(days=4)  # Saturday 28 November; what the commune did not fetch has expired
    house.sweep()
    house.fetch_all(OFFICE)
    house.send(FINANCE, OFFICE)
    house.send(FINANCE, DISTRICT, OFFICE)
    house.fetch_all(OFFICE)
    house.fetch_all(DISTRICT)
    house.send(DISTRICT, COMMUNE)
    count(house)


def write_down_paper(house: House) -> None:
    """Two sheets of a document that went electronically to one of them, one that was a mistake, and a
    month without any."""
    context, today = house.context, house.clock.now.date()
    sheet = Registration(
        agency=FINANCE,
        id="so-1",
        number="77",
        notation="STC-VP",
        promulgated_on=today,
        sent_on=today,
        receivers=(OFFICE, COMMUNE),
        reason=Reason.NOT_CONNECTED,
        subject="V/v quyết toán",
        type_name="Công văn",
        by="văn thư",
    )
    paper.register(context, sheet)
    paper.register(context, replace(sheet, id="so-2", number="78"))
    paper.withdraw(context, Withdrawal(agency=FINANCE, id="so-2", why="nhầm", by="văn thư"))
    house.send(FINANCE, OFFICE, number=77, code_notation="STC-VP")
    house.fetch_all(OFFICE)
    paper.declare_none(context, Declaration(agency=OFFICE, year=2026, month=10, by="văn thư"))
    count(house)


def count(house: House) -> None:
    """Sequence and count what there is."""
    Sequencing(house.context).round()
    Counting(house.context).round()


def asked(kind: Kind, by: By, **changes: object) -> Question:
    """A question about November, unless ``changes`` say otherwise."""
    values: dict[str, object] = {"kind": kind, "by": by, "period": NOVEMBER, **changes}
    return Question(**values)  # type: ignore[arg-type]


def mirrored(house: House, folder: Path) -> Anchors:
    """Mirror the ledger into the folder; gives the anchor that an auditor has of it."""
    anchors = Anchors(logs=(house.context.log_key.vkey,))

    def fetch(path: str) -> bytes:
        database = house.context.database
        content = tree.published(database) if path == "checkpoint" else None
        if content is not None:
            return content.encode()
        found = tree.served(database, parse_path(path))
        if found is None:
            raise OSError(path)
        return found

    mirror(fetch, folder, anchors)
    return anchors


def write_entries(house: House, path: Path, leaves: int) -> None:
    """As ``exchange report entries`` does."""
    path.write_bytes(b"".join(write_line(each) for each in opened(house.context.database, leaves)))
