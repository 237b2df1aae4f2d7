"""What is counted: every exchange, once per (document, receiver), in exactly one class.

QĐ 28/2018/QĐ-TTg art. 4.1: only a signed document sent through the systems replaces paper; art. 7.2:
paper beside it is a listed exception. "No valid signature" is a flag, not a class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ExchangeClass(StrEnum):
    """How a document reached one receiver."""

    ELECTRONIC = "electronic"
    WITH_PAPER = "electronic_with_paper"
    PAPER = "paper"


def classify(*, paper: bool) -> ExchangeClass:
    """The class of an exchange through the broker; ``paper`` says that a paper copy goes beside it."""
    return ExchangeClass.WITH_PAPER if paper else ExchangeClass.ELECTRONIC


@dataclass(frozen=True, slots=True)
class Share:
    """``electronic`` out of ``all_`` exchanges."""

    electronic: int
    all_: int

    @property
    def ratio(self) -> float | None:
        """None where nothing was exchanged: that is not 0 % and not 100 %."""
        return self.electronic / self.all_ if self.all_ else None


def share(counts: Mapping[ExchangeClass, int]) -> Share:
    """The share of exchanges done electronically alone."""
    return Share(counts.get(ExchangeClass.ELECTRONIC, 0), sum(counts.values()))
