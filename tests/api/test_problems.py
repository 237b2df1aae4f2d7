"""Whatever is asked, an answer that is no success is a problem with a stable code in two languages."""

import ast
from pathlib import Path
from typing import Any

import pytest

from exchange.api.problem import CONTENT_TYPE, REASONS_MAX
from exchange.core.refusal_texts import CATALOGUE
from tests.api.test_http import Caller, call, code
from tests.province import OFFICE

__all__ = ["call"]

ROOT = Path(__file__).parents[2]
LEASE = "/v1/inbox/lease"
ACKNOWLEDGE = "/v1/inbox/a/acknowledge"
JSON = "application/json"


def post(call: Caller, path: str, body: bytes, kind: str = JSON) -> Any:
    return call("POST", path, body=body, Content_Type=kind)


# --- addresses and methods ---


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/documents", "GET, POST"),
        ("/v1/status", "POST"),
        ("/v1/preflight", "POST"),
        ("/v1/inbox", "GET"),
        ("/v1/inbox/lease", "GET, POST"),  # GET: as a delivery of that name
        ("/v1/inbox/a", "GET"),
        ("/v1/inbox/a/release", "POST"),
        ("/v1/agencies/H45", "GET"),
        ("/health/live", "GET"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "PROPFIND"])
def test_a_method_that_an_address_does_not_take_is_answered_with_those_it_takes(
    call: Caller, path: str, methods: str, method: str
) -> None:
    answer = call(method, path)
    assert code(answer) == "method_not_allowed"
    assert answer.headers["Allow"] == methods
    assert answer.json()["refusals"][0]["values"] == {"allowed": methods.split(", ")}


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/inbox/", "/v1/documents/", "/v1/inbox/a/b/c", "/docs", "/%00", "/" + "x" * 5_000],
)
def test_an_address_that_is_not_there_is_told_so_and_leads_nowhere_else(call: Caller, path: str) -> None:
    answer = call("GET", path)
    assert code(answer) == "no_such_address"
    assert len(answer.data) < 2_000


# --- bodies ---

BROKEN = {
    "cut": b'{"limit": 1',
    "not json": b"<a/>",
    "not utf-8": b'{"limit": "\xff"}',
    "nested too deeply": b"[" * 30_000,
    "a number too long": b"1" * 5_000,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("path", [LEASE, ACKNOWLEDGE, "/v1/preflight"])
def test_json_that_cannot_be_read_is_a_problem_that_says_where(call: Caller, path: str, body: bytes) -> None:
    if path == "/v1/preflight" and body.isdigit():
        body = b'{"receivers": ' + body + b"}"
        assert code(post(call, path, body)) in ("json_malformed", "request_invalid")
        return
    answer = post(call, path, body)
    assert code(answer) == "json_malformed"
    [refusal] = answer.json()["refusals"]
    assert refusal["where"].startswith("body")
    assert refusal["detail"]
    assert refusal["detail_vi"]


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        (LEASE, b"", "body"),
        (LEASE, b"null", "body"),
        (LEASE, b"[]", "body"),
        (LEASE, b'{"limit": "1"}', "body.limit"),
        (LEASE, b'{"limit": 101}', "body.limit"),
        (LEASE, b'{"limit": 1e400}', "body.limit"),
        (LEASE, b'{"lease_seconds": NaN}', "body.lease_seconds"),
        (LEASE, b'{"more": 1}', "body.more"),
        (ACKNOWLEDGE, b"{}", "body.lease"),
        (ACKNOWLEDGE, b'{"lease": null}', "body.lease"),
        (ACKNOWLEDGE, rb'{"lease": "\u0000"}', "body.lease"),
        (ACKNOWLEDGE, rb'{"lease": "\ud800"}', "body.lease"),
        (ACKNOWLEDGE, b'{"lease": "' + b"x" * 1_001 + b'"}', "body.lease"),
        ("/v1/preflight", b"{}", "body.receivers"),
        ("/v1/preflight", b'{"receivers": [1]}', "body.receivers.0"),
        ("/v1/preflight", rb'{"receivers": ["\u0000"]}', "body.receivers.0"),
        ("/v1/preflight", b'{"receivers": ["a"], "bytes": ' + b"9" * 300 + b"}", "body.bytes"),
        (
            "/v1/preflight",
            rb'{"receivers": ["a"], "attachment_types": ["\u0000"]}',
            "body.attachment_types.0",
        ),
    ],
)
def test_json_that_says_something_else_is_a_problem_that_says_where(
    call: Caller, path: str, body: bytes, where: str
) -> None:
    answer = post(call, path, body)
    assert code(answer) == "request_invalid"
    assert [each["where"] for each in answer.json()["refusals"]] == [where]


def test_another_kind_of_body_than_json_is_a_problem(call: Caller) -> None:
    assert code(post(call, LEASE, b"{}", "text/plain")) == "request_invalid"
    assert code(post(call, LEASE, b"--x--", "multipart/form-data; boundary=x")) == "request_invalid"


def test_a_thousand_mistakes_are_answered_with_the_first_fifty(call: Caller) -> None:
    names = ",".join(f'"f{number}": 1' for number in range(1_000))
    answer = post(call, LEASE, f"{{{names}}}".encode())
    assert code(answer) == "request_invalid"
    assert len(answer.json()["refusals"]) == REASONS_MAX
    many = b"[" + b",".join([b"0"] * 200_000) + b"]"
    answer = post(call, "/v1/preflight", b'{"receivers": ' + many + b"}")
    assert [each["where"] for each in answer.json()["refusals"]] == ["body.receivers.0"]


# --- the description and the catalogue ---


def test_the_description_promises_problems_and_no_other_form_of_refusal(call: Caller) -> None:
    described = call("GET", "/openapi.json", agency=None).json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            refused = [each for each in operation["responses"] if not each.startswith("2")]
            assert refused == ["default"], (method, path)
            assert set(operation["responses"]["default"]["content"]) == {CONTENT_TYPE}
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_a_problem_has_every_field_that_is_described(call: Caller) -> None:
    described = call("GET", "/openapi.json", agency=None).json()
    answers = described["paths"]["/v1/inbox"]["get"]["responses"]
    schema = answers["default"]["content"][CONTENT_TYPE]["schema"]
    assert set(call("GET", "/nothing").json()) == set(schema["properties"])


def test_every_code_of_the_catalogue_is_raised_somewhere_and_no_other_is() -> None:
    assert raised(sources()) == set(CATALOGUE)


def sources() -> list[Path]:
    return [path for room in ("exchange", "adapters") for path in (ROOT / room).rglob("*.py")]


def raised(paths: list[Path]) -> set[str]:
    """The codes that the sources give to ``refuse`` and ``Refusal``."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("refuse", "Refusal"):
                named = [each.value for each in node.keywords if each.arg == "code"]
                found |= {
                    each.value
                    for each in (*node.args[:1], *named)
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
    return found


def test_a_code_that_nothing_raises_would_be_noticed(tmp_path: Path) -> None:
    source = tmp_path / "some.py"
    source.write_text('CODE = "a"\nraise refuse("b", "why")\nRefusal(code="c", where="d")\nother("e")\n')
    assert raised([source]) == {"b", "c"}


def test_every_code_speaks_both_languages_and_has_a_status_of_an_error() -> None:
    for name, text in CATALOGUE.items():
        assert 400 <= text.status < 600, name
        assert all((text.title, text.title_vi, text.remedy, text.remedy_vi)), name


def test_a_token_is_asked_for_before_anything_is_said_of_values(call: Caller) -> None:
    assert code(call("GET", "/v1/documents/%00", agency=None)) == "token_missing"
    assert code(call("POST", LEASE, agency=None, body=b"{")) == "token_missing"
    assert code(call("GET", "/v1/documents/%00", agency=OFFICE)) == "request_invalid"
