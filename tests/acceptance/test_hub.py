"""Agencies outside, reached through a hub: it may bring their messages, and nobody else may."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner

from exchange import bringing, intake
from exchange.adapter import Collected
from exchange.cli.root import root
from exchange.client import Problem
from exchange.collect import Collect
from exchange.core import directory_csv, edxml, parsing
from exchange.core.directory import Agency, Level
from exchange.core.edxml import DocumentMessage, StatusMessage, build_document, build_status
from exchange.core.refusal import Refused
from exchange.desk.status import as_token
from exchange.ledger import directory_store, reading
from tests.adapters.vxp_peer import KEY, SYSTEM, AxisPeer
from tests.client_broker import running
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, PROVINCE

AXIS, MINISTRY, OTHER = "000.00.22.W00", "000.00.00.G22", "000.00.00.G09"


@pytest.fixture
def peer() -> Iterator[AxisPeer]:
    made = AxisPeer()
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path, peer: AxisPeer) -> Iterator[House]:
    (tmp_path / "key").write_text(KEY)
    options = {"url": peer.url, "system": SYSTEM, "key": f"file:{tmp_path / 'key'}", "code": PROVINCE}
    made = House.build(tmp_path / "data", "")
    directory_store.save(
        made.broker.database,
        [
            outside(AXIS, adapter="vxp", options=options),
            outside(MINISTRY, adapter="through", options={"hub": AXIS}, unsigned_until=date(2027, 12, 31)),
            outside(OTHER, adapter="through", options={"hub": AXIS}),
        ],
    )
    made.context.registry.renew()
    yield made
    made.close()


def outside(code: str, **values: object) -> Agency:
    return Agency(  # type: ignore[arg-type]
        code=code, name=f"Cơ quan {code}", level=Level.NATIONAL, valid_from=date(2016, 4, 1), **values
    )


def bare(house: House, sender: str, *receivers: str) -> bytes:
    """A package as the axis hands it over: without a signature."""
    message = house.province.message(sender, *receivers, at=house.clock.now)
    return etree.tostring(build_document(message), encoding="UTF-8", xml_declaration=True)


def read(content: bytes) -> DocumentMessage | StatusMessage:
    return edxml.read(parsing.parse(content, parsing.ParseLimits()))


def refused(house: House, content: bytes, holder: str) -> set[str]:
    collect = Collect(house.context, house.connections)
    reasons = collect.take(holder, Collected(key="x", content=content))
    collect.close(1)
    return {each.partition(":")[0] for each in reasons}


def test_a_document_goes_out_by_the_hub_s_connection_and_its_status_comes_back_in_its_sender_s_name(
    house: House, peer: AxisPeer
) -> None:
    answer = house.send(OFFICE, FINANCE, MINISTRY)
    house.work()
    assert house.states(answer.id) == {FINANCE: "available", MINISTRY: "delivered"}
    [sent] = [each for each in peer.messages if each.to == MINISTRY]
    message = read(sent.content)
    assert isinstance(message, DocumentMessage)
    assert house.connections.kept(MINISTRY) is None  # the one connection is the hub's
    status = read(house.province.status(OFFICE, OFFICE, message.document_id, "03", house.clock.now))
    assert isinstance(status, StatusMessage)
    told = replace(status, sender=message.receivers[-1])
    peer.wait(etree.tostring(build_status(told)), doc_id="tt", kind="status")
    house.sweep()
    assert peer.waiting["tt"].status == "done"
    messages = [read(each) for each in house.fetch_all(OFFICE) if b"StatusCode" in each]
    [came] = messages
    assert isinstance(came, StatusMessage)
    assert (came.sender.organ_id, came.status_code) == (MINISTRY, "03")


def test_what_the_hub_brings_is_its_sender_s_and_what_became_of_it_is_told_by_the_hub(
    house: House, peer: AxisPeer
) -> None:
    content = bare(house, MINISTRY, FINANCE, OTHER, "000.00.00.G01")
    peer.wait(content, doc_id="den")
    for _ in range(2):
        house.sweep()
    assert peer.waiting["den"].status == "done"
    assert house.fetch_all(FINANCE) == [content]
    house.work()
    [told] = [read(each.content) for each in peer.messages]
    assert isinstance(told, StatusMessage)
    assert (told.sender.organ_id, told.response_for.organ_id, told.status_code) == (FINANCE, MINISTRY, "01")


def test_nothing_goes_back_to_the_hub_that_it_came_from(house: House, peer: AxisPeer) -> None:
    peer.wait(bare(house, MINISTRY, OTHER), doc_id="vong")
    house.sweep()
    house.work()
    assert peer.waiting["vong"].status == "fail"
    assert peer.messages == []


def test_only_the_hub_of_a_sender_may_bring_its_messages(house: House) -> None:
    content = bare(house, MINISTRY, FINANCE)
    assert "signature_missing" in " ".join(refused(house, content, OFFICE))
    signed_by_office = house.province.document(OFFICE, DISTRICT, at=house.clock.now)
    for holder in (FINANCE, AXIS):
        token = bringing.spoken_for(
            house.context, signed_by_office, as_token(holder, house.clock.now), house.clock.now
        )
        with pytest.raises(Refused) as caught:
            intake.examine(house.context, signed_by_office, token, house.clock.now)
        assert {each.code for each in caught.value.refusals} == {"signer_not_sender"}


def test_the_hub_s_word_stands_for_no_signature_of_an_agency_that_must_sign(house: House) -> None:
    assert refused(house, bare(house, OTHER, FINANCE), AXIS)


def test_the_axis_directory_becomes_a_file_that_can_be_imported(
    house: House, peer: AxisPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.units = [
        {"code": "G01", "code102": "000.00.00.G01", "name": "Bộ Công an"},
        {"code": "H45", "code102": PROVINCE, "name": "đã có"},
        {"code": "W00", "code102": "000.44.00.W00", "name": "một trục"},
        {"code": "H15.20", "code102": "", "name": "Sở Nội vụ Đắk Lắk"},
    ]
    monkeypatch.setenv("EXCHANGE_DATA", str(tmp_path / "data"))
    file = tmp_path / "outside.csv"
    until = ["--unsigned-until", "2027-12-31"]
    made = CliRunner().invoke(root, ["directory", "outside", AXIS, str(file), *until])
    assert made.exit_code == 0, made.output
    parsed = directory_csv.parse(file.read_bytes())
    existing = house.context.registry.current.directory
    assert directory_csv.problems(parsed, existing) == ()
    first, second = (row.agency for row in parsed.rows)
    assert (first.code, first.hub, first.unsigned_until) == ("000.00.00.G01", AXIS, date(2027, 12, 31))
    assert [alias.code for alias in first.aliases] == ["G01"]
    assert (second.code, second.aliases) == ("H15.20", ())


def test_a_hub_s_token_submits_what_its_agencies_signed_and_the_same_twice_is_once(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        behind = replace(site.province.agencies[DISTRICT], adapter="through", options={"hub": OFFICE})
        directory_store.save(site.broker.database, [behind])
        site.broker.context.registry.renew()
        content = site.province.document(DISTRICT, FINANCE, OFFICE, at=datetime.now(UTC))
        first, second = (site.client(OFFICE).submit(content) for _ in range(2))
        assert first.id == second.id
        dossier = reading.dossier(site.broker.database, first.id)
        assert dossier is not None
        assert {row["receiver"] for row in dossier.deliveries} == {FINANCE, OFFICE}
        with pytest.raises(Problem, match="signer_not_sender"):
            site.client(COMMUNE).submit(site.province.document(DISTRICT, FINANCE, at=datetime.now(UTC)))
