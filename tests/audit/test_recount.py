"""A report counted again: from opened entries every figure, and whoever changes anything is found out."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange import reports
from exchange.audit import Anchors, Exit, Status, folding
from exchange.audit.command import main
from exchange.audit.finding import Report
from exchange.audit.recount import recount
from exchange.core import report_json
from exchange.core.report import ALLOWED, By, Kind
from exchange.core.structure import Structure
from tests.audit.test_bundle import codes
from tests.house import House
from tests.province import FINANCE, OFFICE
from tests.reports.history import YEAR, asked, mirrored, play, write_down_paper, write_entries

Values = dict[str, Any]


class Case:
    """A broker's reports, the mirror of its ledger, and the opened entries."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder = house, folder
        self.mirror, self.entries = folder / "mirror", folder / "entries.jsonl"
        self.anchors: Anchors = mirrored(house, self.mirror)
        write_entries(house, self.entries, self.leaves())

    def leaves(self) -> int:
        return reports.ask(self.house.context, asked(Kind.SHARE, By.MONTH)).basis.leaves

    def values(self, kind: Kind = Kind.SHARE, by: By = By.MONTH) -> Values:
        return report_json.as_values(reports.ask(self.house.context, asked(kind, by)))

    def again(self, values: Values, entries: Path | None = None, *, alone: bool = False) -> Report:
        file = self.folder / "report.json"
        file.write_text(json.dumps(values), encoding="utf-8")
        return recount(file, self.mirror, None if alone else entries or self.entries, self.anchors)

    def other_entries(self, change: Callable[[list[Values]], list[Values]]) -> Path:
        lines = [json.loads(line) for line in self.entries.read_bytes().splitlines()]
        file = self.folder / "other.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in change(lines)), encoding="utf-8")
        return file


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("recount")
    house = House.build(folder / "data", f"sqlite:///{folder / 'exchange.sqlite'}")
    play(house)
    yield Case(house, folder)
    house.close()


def test_every_report_is_counted_again_from_the_entries_and_is_the_same(case: Case) -> None:
    for kind, allowed in ALLOWED.items():
        for by in allowed:
            found = case.again(case.values(kind, by))
            assert found.exit is Exit.PROVEN, (kind, by, codes(found, Status.REFUSED))
            assert "figures_same" in codes(found, Status.PROVEN)
            assert "not_recounted" in codes(found, Status.OPEN)


def test_a_ledger_that_is_folded_in_many_small_parts_gives_the_same(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "BATCH", 2)
    for kind, by in ((Kind.SHARE, By.PAIR), (Kind.DURATION, By.RECEIVER), (Kind.WAITING, By.RECEIVER)):
        assert case.again(case.values(kind, by)).exit is Exit.PROVEN


def test_paper_that_was_registered_withdrawn_and_declared_to_be_none_is_counted_again(tmp_path: Path) -> None:
    house = House.build(tmp_path / "data", f"sqlite:///{tmp_path / 'exchange.sqlite'}")
    try:
        play(house)
        write_down_paper(house)
        case = Case(house, tmp_path)
        values = case.values(by=By.AGENCY)
        [finance] = [row for row in values["rows"] if row["key"] == [FINANCE]]
        columns = ("electronic", "with_paper", "paper", "share", "paper_months")
        assert [finance["values"][values["columns"].index(name)] for name in columns] == [3, 1, 1, 0.6, 1]
        assert case.again(values).exit is Exit.PROVEN
        for kind, by in ((Kind.SHARE, By.PAIR), (Kind.SHARE, By.TYPE), (Kind.TIME, By.AGENCY)):
            assert case.again(case.values(kind, by)).exit is Exit.PROVEN
        year = report_json.as_values(
            reports.ask(house.context, asked(Kind.SHARE, By.QUARTER, period=YEAR, structure=Structure.NOW))
        )
        assert {each["code"]: each["months"] for each in year["reporting"]}[OFFICE] == 1  # October, declared
        assert case.again(year).exit is Exit.PROVEN
    finally:
        house.close()


def test_a_figure_that_was_changed_is_named_with_what_it_should_be(case: Case) -> None:
    values = case.values()
    place = values["columns"].index("electronic")
    values["rows"][0]["values"][place] += 1
    found = case.again(values)
    assert found.exit is Exit.REFUSED
    [differs] = [each for each in found.findings if each.code == "figure_differs"]
    assert differs.text == "2026-11: electronic: the report says 5, counted again it is 4."


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda values: values["total"].__setitem__(0, 99), id="total"),
        pytest.param(lambda values: values["rows"].pop(), id="line-left-out"),
        pytest.param(lambda values: values["rows"][0]["key"].__setitem__(0, "2026-10"), id="other-month"),
        pytest.param(lambda values: values["forecast"].__setitem__("months", 12), id="forecast"),
        pytest.param(lambda values: values["reporting"][0].__setitem__("months", 1), id="paper-reported"),
        pytest.param(lambda values: values["question"].__setitem__("unit", "documents"), id="other-unit"),
        pytest.param(lambda values: values["ledger"].__setitem__("leaves", 3), id="fewer-leaves"),
        pytest.param(lambda values: values["ledger"].__setitem__("root", "0" * 64), id="other-root"),
        pytest.param(
            lambda values: values["ledger"].__setitem__(
                "note", values["ledger"]["note"].replace("\n", "\nx", 1)
            ),
            id="other-note",
        ),
    ],
)
def test_a_report_that_was_tampered_with_is_refused(case: Case, change: Callable[[Values], object]) -> None:
    values = case.values()
    change(values)
    assert case.again(values).exit in (Exit.REFUSED, Exit.UNREADABLE)


def test_figures_of_one_agency_cannot_be_put_under_another(case: Case) -> None:
    values = case.values(by=By.AGENCY)
    places = values["spans"][0]["places"]
    places[OFFICE] = places[FINANCE]
    assert codes(case.again(values), Status.REFUSED) == {"report_places_wrong"}


def test_an_entry_that_is_missing_is_named(case: Case) -> None:
    for place in (0, -1):
        other = case.other_entries(lambda lines, place=place: [*lines[:place], *lines[place:][1:]])  # type: ignore[misc]
        found = case.again(case.values(), other)
        assert codes(found, Status.REFUSED) == {"entry_missing"}


def test_details_that_were_changed_are_not_those_of_the_leaf(case: Case) -> None:
    def change(lines: list[Values]) -> list[Values]:
        lines[0]["details"]["body"]["signed"] = not lines[0]["details"]["body"]["signed"]
        return lines

    assert codes(case.again(case.values(), case.other_entries(change)), Status.REFUSED) == {"entry_changed"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda lines: [*lines, {**lines[-1], "index": 10**6}], id="too-many"),
        pytest.param(lambda lines: [lines[0], *lines], id="twice"),
        pytest.param(lambda lines: [{}, *lines], id="no-entry"),
        pytest.param(lambda lines: [{**lines[0], "details": []}, *lines[1:]], id="no-details"),
    ],
)
def test_a_file_of_entries_in_another_form_is_refused(case: Case, change: Any) -> None:
    assert codes(case.again(case.values(), case.other_entries(change)), Status.REFUSED) == {"entries_form"}


def test_an_entry_that_was_erased_leaves_it_open(case: Case) -> None:
    def erase(lines: list[Values]) -> list[Values]:
        kept = [line for line in lines if line["details"]["body"].get("digest") != digest]
        return sorted(
            [
                *kept,
                *({"index": line["index"], "salt": "", "details": {}} for line in lines if line not in kept),
            ],
            key=lambda line: line["index"],
        )

    values = case.values()
    digest = json.loads(case.entries.read_bytes().splitlines()[0])["details"]["body"]["digest"]
    found = case.again(values, case.other_entries(erase))
    assert found.exit is Exit.REFUSED  # the figures are not the same without it


def test_leaves_alone_tell_some_and_the_report_is_not_called_proven(case: Case) -> None:
    found = case.again(case.values(), alone=True)
    assert found.exit is Exit.INCOMPLETE
    assert codes(found, Status.UNCHECKED) == {"not_recounted_without_entries"}
    [told] = [each for each in found.findings if each.code == "leaves_tell"]
    assert "8 exchanges accepted, 7 deliveries made" in told.text


def test_leaves_alone_find_out_a_report_that_claims_more_than_there_is(case: Case) -> None:
    values = case.values()
    values["total"][values["columns"].index("electronic")] = 1000
    assert codes(case.again(values, alone=True), Status.REFUSED) == {"more_than_leaves"}


def test_another_ledger_s_mirror_does_not_fit(case: Case, tmp_path: Path) -> None:
    house = House.build(tmp_path / "data", f"sqlite:///{tmp_path / 'exchange.sqlite'}")
    try:
        play(house)
        play(house)
        mirrored(house, tmp_path / "mirror")
    finally:
        house.close()
    file = tmp_path / "report.json"
    file.write_text(json.dumps(case.values()), encoding="utf-8")
    found = recount(file, tmp_path / "mirror", None, case.anchors)
    assert codes(found, Status.REFUSED) == {"report_other_leaves"}


def test_without_the_ledger_s_key_nothing_is_proven(case: Case) -> None:
    file = case.folder / "keyless.json"
    file.write_text(json.dumps(case.values()), encoding="utf-8")
    assert recount(file, case.mirror, case.entries, Anchors()).exit is Exit.INCOMPLETE


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b'{"format": "exchange-report/1"}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_report_is_not_readable(case: Case, content: bytes) -> None:
    file = case.folder / "other.json"
    file.write_bytes(content)
    assert recount(file, case.mirror, None, case.anchors).exit is Exit.UNREADABLE


def test_a_report_with_something_added_is_no_report(case: Case) -> None:
    assert case.again({**case.values(), "approved": True}).exit is Exit.UNREADABLE


def test_the_verifier_s_command_counts_again(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    key = case.folder / "key"
    key.write_text(f"{case.house.context.log_key.vkey.text}\n", encoding="utf-8")
    file = case.folder / "command.json"
    file.write_text(json.dumps(case.values()), encoding="utf-8")
    options = ["--mirror", str(case.mirror), "--entries", str(case.entries), "--trust", str(key)]
    assert main(["recount", str(file), *options]) == Exit.PROVEN
    assert "counted again from" in capsys.readouterr().out
    assert main(["recount", str(file), "--mirror", str(case.folder / "none")]) == Exit.UNREADABLE
