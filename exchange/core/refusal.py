"""Refusals: why the broker does not take a document, in a stable code and two languages.

A refusal is a value about the *document* or the *request*; it never speaks of a failing network
or of a fault of the broker itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exchange.core.refusal_texts import CATALOGUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason. ``where`` is a line, path or field; ``detail`` an English sentence, ``detail_vi`` its twin.

    ``values`` are machine-readable facts of the case (limits, digests, codes).
    """

    code: str
    where: str = ""
    detail: str = ""
    detail_vi: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.code in CATALOGUE, f"refusal code {self.code} is not in the catalogue"


class Refused(Exception):
    """The document or request is refused, for one reason or several; nothing of it was kept."""

    def __init__(self, *refusals: Refusal) -> None:
        assert refusals, "a refusal needs a reason"
        super().__init__(", ".join(refusal.code for refusal in refusals))
        self.refusals = refusals


def refuse(code: str, detail: str = "", detail_vi: str = "", where: str = "", **values: object) -> Refused:
    """Build the exception for a single reason: ``raise refuse("receiver_unknown", ...)``."""
    return Refused(Refusal(code=code, where=where, detail=detail, detail_vi=detail_vi, values=values))


def sentence(refusal: Refusal) -> str:
    """One line for a person: what is wrong, where, and what to do, in Vietnamese and English."""
    text = CATALOGUE[refusal.code]
    where = f" [{refusal.where}]" if refusal.where else ""
    vietnamese = f"{text.title_vi}{where}. {refusal.detail_vi} {text.remedy_vi}"
    english = f"{text.title}{where}. {refusal.detail} {text.remedy}"
    return f"{refusal.code}: {vietnamese} / {english}".replace("  ", " ")
