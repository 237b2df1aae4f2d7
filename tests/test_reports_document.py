"""docs/reports.md is true: its commands run against a broker, and a report made by them is counted again."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from typer.testing import CliRunner

from exchange.cli.root import root
from exchange.core.report import ALLOWED, Kind
from exchange.counting import Counting
from exchange.sequencing import Sequencing
from tests.client_broker import Running, running
from tests.province import FINANCE, OFFICE

PAGE = (Path(__file__).parents[1] / "docs" / "reports.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.startswith(("exchange ", "curl -o "))
]
SHOWN = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("broker")) as started:
        with started.client(OFFICE) as client:
            for _ in range(3):
                client.submit(started.province.document(OFFICE, FINANCE, at=started.broker.context.now()))
        Sequencing(started.broker.context).round()
        Counting(started.broker.context).round()
        yield started


def get(broker: Running, path: str, agency: str = OFFICE) -> tuple[int, bytes]:
    token = broker.province.secrets[agency]
    answer = urllib3.request(
        "GET", f"{broker.url}/v1/reports/{path}", headers={"Authorization": f"Bearer {token}"}, retries=False
    )
    return answer.status, answer.data


def answer(broker: Running, path: str, agency: str = OFFICE) -> Any:
    status, content = get(broker, path, agency)
    return {"status": status, **json.loads(content)}


def test_the_commands_run_as_written_and_the_report_is_proven(
    broker: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXCHANGE_DATA", str(broker.folder / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    output = ""
    for command in COMMANDS:
        program, *arguments = shlex.split(command.replace("$EXCHANGE_URL", broker.url), comments=True)
        if program == "curl":
            _, name, url = arguments
            (tmp_path / name).write_bytes(urllib3.request("GET", url, retries=False).data)
            continue
        done = CliRunner().invoke(root, arguments)
        assert done.exit_code == 0, (command, done.output)
        output = done.output
    assert len(COMMANDS) == 5
    assert output.splitlines()[0] == SHOWN[0]


def test_the_example_for_agencies_runs(broker: Running) -> None:
    [path] = re.findall(r"\$EXCHANGE_URL/v1/reports/(\S+?)\"", PAGE)
    found = answer(broker, path)
    assert found["status"] == 200
    assert found["question"]["by"] == "level"


def test_the_table_lists_what_each_report_takes() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.*?) \|$", PAGE, re.MULTILINE))
    assert set(listed) == set(Kind)
    for kind, allowed in ALLOWED.items():
        if listed[kind] != "the same":
            assert set(re.findall(r"`(\w+)`", listed[kind])) == set(allowed), kind
    assert set(ALLOWED[Kind.TIME]) == set(ALLOWED[Kind.SHARE])


def test_an_agency_sees_its_own_figures(broker: Running) -> None:
    own = answer(broker, "share?by=agency")
    assert [row["key"] for row in own["rows"]] == [[OFFICE]]
    assert own["question"]["agency"] == OFFICE
    assert [each["code"] for each in own["reporting"]] == [OFFICE]
    assert answer(broker, "share", FINANCE)["total"][own["columns"].index("under_way")] == 0


def test_of_the_province_it_sees_no_line_of_another_agency(broker: Running) -> None:
    for kind, by in (
        ("share", "agency"),
        ("share", "parent"),
        ("waiting", "receiver"),
        ("duration", "receiver"),
    ):
        refused = answer(broker, f"{kind}?of=province&by={by}", FINANCE)
        assert (refused["status"], refused["code"]) == (403, "report_not_yours")
    province = answer(broker, "share?of=province", FINANCE)
    assert province["total"][province["columns"].index("under_way")] == 3
    assert province["reporting"] == []
    assert {"code": "not_reported", "about": "5"} in province["remarks"]


@pytest.mark.parametrize(
    ("path", "where"),
    [("share?from=11/2013", "from"), ("share?from=2014&to=2013", "from"), ("waiting?by=month", "by")],
)
def test_what_no_report_answers_is_said_with_the_place(broker: Running, path: str, where: str) -> None:
    refused = answer(broker, path)
    assert (refused["status"], refused["code"]) == (422, "report_invalid")
    assert refused["refusals"][0]["where"] == where


def test_values_that_are_none_are_refused(broker: Running) -> None:
    for path in ("share?by=colour", "weather", "share?format=doc", f"share?from={'2' * 99}"):
        status, _ = get(broker, path)
        assert status == 422, path


@pytest.mark.parametrize(
    ("form", "begins"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF-"), ("json", b"{")]
)
def test_every_form_is_given_out(broker: Running, form: str, begins: bytes) -> None:
    status, content = get(broker, f"share?format={form}")
    assert status == 200
    assert content.startswith(begins)
