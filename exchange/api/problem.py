"""Refusals as RFC 9457 problems: what is wrong, where, and what to do, in two languages."""

from collections.abc import Sequence

import orjson

from exchange.core.refusal import Refusal, Refused
from exchange.core.refusal_texts import CATALOGUE

CONTENT_TYPE = "application/problem+json"


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
