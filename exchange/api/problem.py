"""Refusals as RFC 9457 problems: what is wrong, where, and what to do, in two languages."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from exchange.core.refusal import Refusal, Refused
from exchange.core.refusal_texts import CATALOGUE

CONTENT_TYPE = "application/problem+json"
REASONS_MAX = 50  # of what is wrong in one request
_TEXTS = ("type", "title", "title_vi", "detail", "detail_vi", "code")
_PROBLEM = {
    "type": "object",
    "required": [*_TEXTS, "status", "refusals"],
    "properties": {
        **{name: {"type": "string"} for name in _TEXTS},
        "status": {"type": "integer"},
        "refusals": {"type": "array", "items": {"type": "object"}},
    },
}
# How /openapi.json describes every answer that is no success.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What is wrong, in English and Vietnamese; `code` and `refusals` as in docs/api.md",
        "content": {CONTENT_TYPE: {"schema": _PROBLEM}},
    }
}


def status_of(refusals: Sequence[Refusal]) -> int:
    """The HTTP status of the first reason."""
    return CATALOGUE[refusals[0].code].status


def problem(refused: Refused) -> bytes:
    """The body of the answer; ``refusals`` holds every reason, the top level the first one."""
    first = refused.refusals[0]
    text = CATALOGUE[first.code]
    return orjson.dumps(
        {
            "type": f"urn:exchange:problem:{first.code}",
            "title": text.title,
            "title_vi": text.title_vi,
            "status": text.status,
            "detail": first.detail or text.title,
            "detail_vi": first.detail_vi or text.title_vi,
            "code": first.code,
            "refusals": [refusal_view(refusal) for refusal in refused.refusals],
        }
    )


def refusal_view(refusal: Refusal) -> dict[str, object]:
    """One reason, as answers show it."""
    text = CATALOGUE[refusal.code]
    return {
        "code": refusal.code,
        "title": text.title,
        "title_vi": text.title_vi,
        "where": refusal.where,
        "detail": refusal.detail,
        "detail_vi": refusal.detail_vi,
        "remedy": text.remedy,
        "remedy_vi": text.remedy_vi,
        "values": dict(refusal.values),
    }


def invalid(errors: Sequence[Mapping[str, Any]]) -> Refused:
    """What pydantic found wrong in a request, at most 50 places; JSON that is none has its own code."""
    return Refused(*(_invalid(each) for each in errors[:REASONS_MAX]))


def _invalid(error: Mapping[str, Any]) -> Refusal:
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "json_invalid":
        return malformed(str(error.get("ctx", {}).get("error", error["msg"])), where)
    return Refusal(
        code="request_invalid",
        where=where,
        detail=error["msg"],
        detail_vi="Giá trị không hợp lệ.",
    )


def malformed(reason: str, where: str = "body") -> Refusal:
    """A body that is no JSON, or none that can be read."""
    return Refusal(
        code="json_malformed", where=where, detail=reason, detail_vi=f"Nội dung JSON không đọc được: {reason}"
    )
