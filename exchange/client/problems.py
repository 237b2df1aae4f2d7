"""What can go wrong between an agency's software and the exchange, as exceptions with sentences.

Three kinds, and only one of them is worth a second try: a ``Problem`` is the exchange's word and
stays as it is; ``Unreachable`` may go away by itself; ``NotProven`` is about evidence.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason of a refusal, in both languages; ``values`` are its facts (limits, digests, codes)."""

    code: str
    title: str = ""
    title_vi: str = ""
    where: str = ""
    detail: str = ""
    detail_vi: str = ""
    remedy: str = ""
    remedy_vi: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What is wrong, where, and what to do."""
        return _sentence(self.title, self.where, self.detail, self.remedy)

    @property
    def sentence_vi(self) -> str:
        """The same in Vietnamese."""
        return _sentence(self.title_vi, self.where, self.detail_vi, self.remedy_vi)


def _sentence(title: str, where: str, detail: str, remedy: str) -> str:
    head = title + (f" [{where}]" if where else "") + "."
    return " ".join(part for part in (head, detail, remedy) if part)


class Problem(Exception):
    """The exchange refuses (4xx); sending the same again changes nothing.

    ``code`` is stable (the table in docs/api.md), ``status`` the HTTP status, ``refusals`` every
    reason at once. An answer that is not the exchange's own has the code ``http_<status>``.
    """

    def __init__(
        self,
        *,
        code: str,
        status: int,
        refusals: tuple[Reason, ...] = (),
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(
            "; ".join(f"{each.code}: {each.sentence}" for each in refusals) or f"{code} ({status})"
        )
        self.code = code
        self.status = status
        self.refusals = refusals
        self.retry_after_seconds = retry_after_seconds


class Unreachable(Exception):
    """The exchange did not decide. Whether it took the document is not known: send the same bytes again.

    ``refusals`` is what it said about that, if it said anything (it is busy, it failed).
    """

    def __init__(self, message: str, refusals: tuple[Reason, ...] = ()) -> None:
        super().__init__(message)
        self.refusals = refusals


class Damaged(Unreachable):
    """What arrived is not what the exchange sent: fetch it again."""


class NotProven(Exception):
    """A receipt or a document does not prove what it should. ``reason_vi`` says it in Vietnamese."""

    def __init__(self, reason: str, reason_vi: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reason_vi = reason_vi


def problem_of(status: int, body: bytes, retry_after_seconds: float | None = None) -> Problem:
    """Read ``application/problem+json`` (RFC 9457). What newer exchanges add to it is left aside."""
    try:
        told = json.loads(body)
        refusals = tuple(_reason(each) for each in told["refusals"])
        code = str(told["code"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return Problem(code=f"http_{status}", status=status, retry_after_seconds=retry_after_seconds)
    return Problem(code=code, status=status, refusals=refusals, retry_after_seconds=retry_after_seconds)


def _reason(told: Mapping[str, Any]) -> Reason:
    known = {name: told[name] for name in Reason.__dataclass_fields__ if name in told}
    return Reason(**known)
