"""No value of a request is a fault of the broker: every address, on SQLite and PostgreSQL."""

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from exchange.api.submission import EXAMINERS
from exchange.core import receipt
from exchange.core.parsing import ParseLimits, parse
from exchange.core.refusal_texts import CATALOGUE
from exchange.ledger import reading
from tests.api.test_http import Caller, code
from tests.client_broker import running
from tests.province import FINANCE, OFFICE

GARBAGE = (
    *(
        "%00",
        "a%00",
        "%00%00b",
        "%ff",
        "%ed%a0%80",
        "%c0%80",
        "%F0%9F%98%80",
        "%0d%0a",
        "%7f",
        "%25",
        "'",
        '"',
    ),
    *(
        "..",
        "%2e%2e",
        "-1",
        "0",
        "1e9",
        "99999999999999999999",
        "NaN",
        "null",
        "true",
        "x" * 1_001,
        "x" * 60_000,
    ),
    *("0001-01-01", "9999-12-31", "2024-02-30", "-0001-01-01", "%cc%81" * 900, "%e2%80%ae", "%ef%bf%be"),
)
WORDS = (
    "",
    "a",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff",
    "x" * 1_001,
    "\u0301" * 900,
    "ế",
    "\U0001f600",
    "'",
    "%00",
)
VALUES = (
    *WORDS,
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**63,
    2**64,
    10**300,
    1e308,
    float("inf"),
    float("nan"),
    [],
    {},
)
PATTERN = re.compile(r"\{\w+\}")


@pytest.fixture
def call(tmp_path: Path, database_url: str) -> Iterator[Caller]:
    with running(tmp_path, database_url, rate_per_minute=100_000) as site:
        http = urllib3.PoolManager(retries=False)
        yield Caller(site, http)
        http.clear()


def operations(call: Caller) -> list[tuple[str, str, dict[str, Any]]]:
    paths = call("GET", "/openapi.json", agency=None).json()["paths"]
    return [
        (method.upper(), path, each) for path, methods in paths.items() for method, each in methods.items()
    ]


def check(answer: urllib3.BaseHTTPResponse, what: str) -> None:
    """A success, or a problem that is the caller's."""
    if answer.status < 400:
        return
    assert answer.status < 500, (what, answer.data)
    assert answer.headers["Content-Type"] == "application/problem+json", what
    problem = answer.json()
    assert CATALOGUE[problem["code"]].status == problem["status"] == answer.status, what
    assert all(each["title"] and each["title_vi"] for each in problem["refusals"]), what


def test_no_value_in_an_address_or_a_header_is_a_fault(call: Caller) -> None:
    asked = 0
    for method, path, operation in operations(call):
        for parameter in operation.get("parameters", []):
            for value in GARBAGE:
                if parameter["in"] == "header":
                    headers = {parameter["name"]: value}
                    check(call(method, PATTERN.sub("a", path), **headers), f"{path} {headers}")
                elif parameter["in"] == "query":
                    address = f"{PATTERN.sub('a', path)}?{parameter['name']}={value}"
                    check(call(method, address), address[:200])
                else:
                    address = PATTERN.sub("a", path.replace(f"{{{parameter['name']}}}", value))
                    check(call(method, address), address[:200])
                asked += 1
    assert asked > 300


def test_a_nul_in_an_address_is_the_callers_mistake(call: Caller) -> None:
    for path in (
        "/v1/documents/%00",
        "/v1/documents/%00/content",
        "/v1/documents/a%00/receipts",
        "/v1/documents?document_id=%00",
        "/v1/inbox/%00",
        "/v1/inbox?limit=%00",
        "/v1/agencies/%00",
        "/v1/agencies?q=%00",
        "/v1/agencies?on=%00",
    ):
        answer = call("GET", path)
        assert code(answer) == "request_invalid", path
        assert answer.json()["refusals"][0]["where"].startswith(("path.", "query.")), path


def test_no_value_in_a_body_is_a_fault(call: Caller) -> None:
    call.post(FINANCE)
    [item] = call("POST", "/v1/inbox/lease", agency=FINANCE, body={"limit": 1}).json()["items"]
    held = f"/v1/inbox/{item['delivery']}"
    shapes: dict[str, tuple[str, ...]] = {
        "/v1/inbox/lease": ("limit", "lease_seconds", "\0", "\ud800"),
        f"{held}/acknowledge": ("lease",),
        f"{held}/release": ("lease",),
        "/v1/preflight": ("receivers", "bytes", "attachment_types"),
    }
    for path, names in shapes.items():
        for name in names:
            for value in (*VALUES, *([each] for each in VALUES), *({"a": each} for each in VALUES)):
                body = {"receivers": [FINANCE]} if path == "/v1/preflight" and name != "receivers" else {}
                content = json.dumps({**body, name: value}).encode()
                answer = call("POST", path, agency=FINANCE, body=content, Content_Type="application/json")
                check(answer, f"{path} {name} {value!r}"[:200])
    lease = {"lease": item["lease"]}
    assert call("POST", f"{held}/acknowledge", agency=FINANCE, body=lease).status == 204


def test_no_bytes_in_place_of_a_message_are_a_fault(call: Caller) -> None:
    document = call.document(FINANCE)
    bodies = (
        b"",
        b"\0",
        document[:500],
        document.replace(b"<", b"\0"),
        b"\xff" + document,
        b"{}",
        b"[" * 9_999,
    )
    for path in (*EXAMINERS, "/v1/preflight"):
        for body in bodies:
            check(call("POST", path, body=body), f"{path} {body[:50]!r}")


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_what_the_database_cannot_work_with_is_the_callers_mistake(
    tmp_path: Path, postgresql_url: str
) -> None:
    with running(tmp_path, postgresql_url) as site:
        assert site.broker.application is not None

        def look(value: str) -> bool:
            return reading.may_see(site.broker.database, OFFICE, value)

        site.broker.application.fastapi.get("/unguarded/{value}")(look)
        http = urllib3.PoolManager(retries=False)
        answer = Caller(site, http)("GET", "/unguarded/%00")
        assert code(answer) == "request_invalid"
        http.clear()


# --- one DocumentId, however it is written ---

NAME = "000.00.01.H45,2026/11/24,12/UBND-ĐẮK LẮK"


def test_a_document_with_a_million_blanks_in_its_id_is_accepted_under_the_id_it_means(call: Caller) -> None:
    spread = NAME.replace(" ", " " * 1_000_000)
    content = call.document(FINANCE, document_id=spread)
    answer = call("POST", "/v1/documents", body=content)
    assert answer.status == 202, answer.data
    accepted = receipt.read(parse(answer.data, ParseLimits()))
    assert accepted.subject.document_id == NAME
    found = call("GET", f"/v1/documents?document_id={quote(NAME)}").json()["id"]
    assert found == answer.headers["Exchange-Document"]
    assert call("GET", f"/v1/documents/{found}").json()["document_id"] == NAME
    assert call("GET", f"/v1/documents/{found}/content").data == content
    assert call("POST", "/v1/documents", body=content).data == answer.data


def test_two_compositions_of_one_id_are_one_document(call: Caller) -> None:
    other = unicodedata.normalize("NFD", NAME)
    first = call("POST", "/v1/documents", body=call.document(FINANCE, document_id=other, number=12))
    assert first.status == 202
    again = call("POST", "/v1/documents", body=call.document(FINANCE, document_id=NAME, number=13))
    assert code(again) == "document_id_conflict"
    assert NAME in again.json()["detail"]
    for asked in (NAME, other, f"  {other}\n"):
        found = call("GET", f"/v1/documents?document_id={quote(asked)}")
        assert found.json() == {"id": first.headers["Exchange-Document"]}


def test_a_status_finds_its_document_in_any_writing(call: Caller) -> None:
    document = call.post(FINANCE, document_id=unicodedata.normalize("NFD", NAME))
    [item] = call("POST", "/v1/inbox/lease", agency=FINANCE, body={"limit": 1}).json()["items"]
    assert item["document_id"] == NAME
    call("POST", f"/v1/inbox/{item['delivery']}/acknowledge", agency=FINANCE, body={"lease": item["lease"]})
    status = call.site.province.status(FINANCE, OFFICE, NAME.replace(" ", "\n "), "03", datetime.now(UTC))
    assert call("POST", "/v1/status", agency=FINANCE, body=status).status == 202
    assert call("GET", f"/v1/documents/{document}").json()["deliveries"][0]["business"] == "03"


def test_a_subject_that_is_too_long_is_refused_with_the_limit_and_one_that_is_spread_is_read(
    call: Caller,
) -> None:
    answer = call("POST", "/v1/documents", body=call.document(FINANCE, subject="x " * 300))
    assert code(answer) == "schema_violated"
    [refusal] = answer.json()["refusals"]
    assert "599 characters; at most 500 are allowed" in refusal["detail"]
    assert "tối đa 500 ký tự" in refusal["detail_vi"]
    call.post(FINANCE, subject="V/v" + " \n" * 500_000 + "họp")
    items = call("GET", "/v1/inbox", agency=FINANCE)
    assert len(items.data) < 2_000
    assert [each["subject"] for each in items.json()["items"]] == ["V/v họp"]
