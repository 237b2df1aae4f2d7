"""docs/api.md is true: its addresses, scopes and codes are those of the broker, and its examples run."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import urllib3

from exchange.api.access import SCOPES
from exchange.api.submission import EXAMINERS
from exchange.core.refusal_texts import CATALOGUE
from exchange.sequencing import Sequencing
from tests.client_broker import Running, running
from tests.province import FINANCE, OFFICE

FILE = Path(__file__).parents[1] / "docs" / "api.md"
PAGE = FILE.read_text(encoding="utf-8")
TABLE = re.compile(r"^\| code \|.*\Z", re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
ADDRESS = re.compile(r"^\| `(GET|POST) (/\S+)` \| (\S+) \|", re.MULTILINE)
EXAMPLE = re.compile(r"```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?", re.DOTALL)
RECEIVER_SPEAKS = ("Receiving", "Reporting")
# curl fails on 4xx, and says nothing but the answer.
SHELL = 'curl() { command curl -sS --max-time 20 --fail-with-body "$@"; }\n'


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("broker")) as started:
        Sequencing(started.broker.context).round()  # there is a checkpoint from now on
        yield started


def table() -> str:
    lines = ["| code | status | English | Tiếng Việt |", "|---|---|---|---|"]
    for code, text in CATALOGUE.items():
        english, vietnamese = f"**{text.title}.** {text.remedy}", f"**{text.title_vi}.** {text.remedy_vi}"
        lines.append(f"| `{code}` | {text.status} | {english} | {vietnamese} |")
    return "\n".join([*lines, ""])


def test_the_table_of_codes_is_the_catalogue() -> None:
    written = TABLE.search(PAGE)
    up_to_date = written is not None and written[0] == table()
    assert up_to_date, "write it anew: python -m tests.test_api_document"


def test_every_address_is_described(broker: Running) -> None:
    described = {(method, path) for method, path, _ in ADDRESS.findall(PAGE)}
    paths = urllib3.request("GET", f"{broker.url}/openapi.json").json()["paths"]
    served = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert described == served | {("POST", path) for path in EXAMINERS}


@pytest.mark.parametrize(("method", "path", "scope"), ADDRESS.findall(PAGE))
def test_an_address_asks_for_the_scope_that_is_named(
    broker: Running, method: str, path: str, scope: str
) -> None:
    address = broker.url + re.sub(r"\{\w+\}", "a", path)
    bare = urllib3.request(method, address, retries=False)
    if scope == "–":
        assert bare.status == (404 if "{" in path else 200)
        return
    assert bare.json()["code"] == "token_missing"
    scopes = scope.split("/")  # any of them opens it
    token = broker.token(frozenset(SCOPES) - set(scopes))
    answer = urllib3.request(method, address, headers={"Authorization": f"Bearer {token}"}, retries=False)
    assert answer.json()["code"] == "scope_missing"
    assert answer.json()["refusals"][0]["values"] == {"scope": scopes[0]}


def test_the_examples_run_and_answer_as_shown(broker: Running, tmp_path: Path) -> None:
    at = datetime.now(UTC)
    document = broker.province.message(OFFICE, FINANCE, at=at)
    (tmp_path / "document.edxml").write_bytes(broker.province.signed(document))
    status = broker.province.status(FINANCE, OFFICE, document.document_id, "03", at)
    (tmp_path / "status.edxml").write_bytes(status)
    with broker.client() as client:  # a second message for the receiver, to give back
        client.submit(broker.province.document(OFFICE, FINANCE, at=at))
    variables = {"EXCHANGE_URL": broker.url, "DOCUMENT_ID": document.document_id}
    run = 0
    for section, text in SECTIONS.items():
        agency = FINANCE if section in RECEIVER_SPEAKS else OFFICE
        variables["TOKEN"] = broker.province.secrets[agency]
        for command, shown in EXAMPLE.findall(text):
            answer = execute(command, variables, tmp_path, refused=section == "Problems")
            if shown:
                assert shape(json.loads(answer)) == shape(json.loads(shown)), command
                remember(json.loads(answer), variables)
            if command.rstrip().endswith('/acknowledge"'):
                variables["DELIVERY"], variables["LEASE"] = variables["SECOND"].split()
            run += 1
    assert run == PAGE.count("curl -")
    assert (tmp_path / "content.edxml").read_bytes() == (tmp_path / "document.edxml").read_bytes()
    assert (tmp_path / "exchange.pem").read_bytes() == broker.certificate_file.read_bytes()


def execute(command: str, variables: dict[str, str], folder: Path, *, refused: bool) -> str:
    done = subprocess.run(
        ["bash", "-eu", "-c", SHELL + command],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == refused, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def remember(answer: Any, variables: dict[str, str]) -> None:
    """What a reader would put into variables for the next examples."""
    if "document_id" in answer:
        variables["DOCUMENT"] = answer["id"]
    if "items" in answer:
        first, second = answer["items"]
        variables["DELIVERY"], variables["LEASE"] = first["delivery"], first["lease"]
        variables["SECOND"] = f"{second['delivery']} {second['lease']}"


def shape(value: Any) -> Any:
    """Names of fields and kinds of values; nothing and something are one kind, of a list the first counts."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items() if name != "values"}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return type(value).__name__ if isinstance(value, bool | int) else "text"


def test_a_shape_tells_answers_apart() -> None:
    assert shape({"a": [{"b": 1}, {"b": 2}]}) == shape({"a": [{"b": 3}]})
    for one, other in zip_longest(({"a": 1}, {"a": 1}), ({"b": 1}, {"a": "1"})):
        assert shape(one) != shape(other)


if __name__ == "__main__":
    FILE.write_text(TABLE.sub(lambda _: table(), PAGE), encoding="utf-8")
