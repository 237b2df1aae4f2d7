"""What is counted: every exchange, once per (document, receiver), in exactly one class.

QĐ 28/2018/QĐ-TTg art. 4.1: only a signed document sent through the systems replaces paper; art. 7.2:
paper beside it is a listed exception. "No valid signature" is a flag, not a class. The definitions for
whoever reads the figures: ``docs/share.md``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exchange.core.codes import number_and_symbol


class ExchangeClass(StrEnum):
    """How a document reached one receiver."""

    ELECTRONIC = "electronic"
    WITH_PAPER = "electronic_with_paper"
    PAPER = "paper"


class Unit(StrEnum):
    """What one is counted of. A figure always names its unit."""

    EXCHANGES = "exchanges"  # (document, receiver)
    DOCUMENTS = "documents"


class Electronic(StrEnum):
    """What became of the electronic way to one receiver."""

    NONE = "none"
    UNDER_WAY = "under_way"
    DELIVERED = "delivered"
    REFUSED = "refused"
    EXPIRED = "expired"


class Paper(StrEnum):
    """What is known of a paper copy to one receiver."""

    NONE = "none"
    FLAGGED = "flagged"  # edXML's Paper=1: the sender says that one goes beside
    REGISTERED = "registered"  # by a clerk, through the API, or from an outgoing register


class Standing(StrEnum):
    """Where an exchange stands: the three classes, and what has no class. Exactly one of them."""

    ELECTRONIC = "electronic"
    WITH_PAPER = "with_paper"
    PAPER = "paper"
    UNDER_WAY = "under_way"
    REFUSED = "refused"
    EXPIRED = "expired"


class Reason(StrEnum):
    """Why a document was sent on paper."""

    NOT_CONNECTED = "not_connected"
    SECRET = "secret"  # noqa: S105  a document's mark
    WET_SIGNATURE = "wet_signature"
    TOO_LARGE = "too_large"
    EXCEPTION_7_2 = "exception_7_2"  # a listed exception of QĐ 28/2018/QĐ-TTg art. 7.2
    OTHER = "other"


# By the electronic way, and whether there is a paper copy. What is not here was never sent.
STANDINGS: Mapping[tuple[Electronic, bool], Standing] = {
    (Electronic.DELIVERED, False): Standing.ELECTRONIC,
    (Electronic.DELIVERED, True): Standing.WITH_PAPER,
    (Electronic.NONE, True): Standing.PAPER,
    (Electronic.REFUSED, True): Standing.PAPER,
    (Electronic.EXPIRED, True): Standing.PAPER,
    (Electronic.UNDER_WAY, False): Standing.UNDER_WAY,
    (Electronic.UNDER_WAY, True): Standing.UNDER_WAY,
    (Electronic.REFUSED, False): Standing.REFUSED,
    (Electronic.EXPIRED, False): Standing.EXPIRED,
}

CLASSES: Mapping[Standing, ExchangeClass] = {
    Standing.ELECTRONIC: ExchangeClass.ELECTRONIC,
    Standing.WITH_PAPER: ExchangeClass.WITH_PAPER,
    Standing.PAPER: ExchangeClass.PAPER,
}

_WITHOUT_CLASS = (Standing.UNDER_WAY, Standing.REFUSED, Standing.EXPIRED)


def classify(*, paper: bool) -> ExchangeClass:
    """The class of an exchange through the broker; ``paper`` says that a paper copy goes beside it."""
    return ExchangeClass.WITH_PAPER if paper else ExchangeClass.ELECTRONIC


def standing(electronic: Electronic, paper: Paper) -> Standing | None:
    """Where an exchange stands; None of one that was never sent, in whatever form."""
    return STANDINGS.get((electronic, paper is not Paper.NONE))


def document_standing(standings: Iterable[Standing]) -> Standing | None:
    """Where a document stands, from where its exchanges do; None if it has none.

    Those count that have a class: all electronic, all on paper, else both. Without a class it is under
    way as long as one of them is.
    """
    found = set(standings)
    classes = found & CLASSES.keys()
    if classes:
        return classes.pop() if len(classes) == 1 else Standing.WITH_PAPER
    return next((each for each in _WITHOUT_CLASS if each in found), None)


def second_key(issuer: str, number: str, notation: str, promulgated_on: date | None) -> str:
    """Issuer, number, symbol and date: by these people know a document, on paper and otherwise.

    NĐ 30/2020/NĐ-CP App. VI §III.1h warns of equal ones; art. 15: a number is given once a year.
    """
    return "|".join((issuer, number_and_symbol(number, notation), str(promulgated_on)))


def identity(document: str, key: str | None, business_type: int) -> str:
    """What makes two messages the same document: issuer, number, symbol and date of a new document.

    ``key`` is a ``second_key``; paper that was registered has one too. A message of another kind of
    business, or one that lacks a part of it, is a document of its own, under the id ``document``.
    """
    if business_type > 0 or not key:
        return document
    number = key.split("|")[1]
    whole = number.strip("/ ") and not key.endswith("|None")
    return key if whole else document


@dataclass(frozen=True, slots=True)
class Share:
    """``electronic`` out of ``all_``, exchanges or documents."""

    electronic: int
    all_: int

    @property
    def ratio(self) -> float | None:
        """None where nothing was exchanged: that is not 0 % and not 100 %."""
        return self.electronic / self.all_ if self.all_ else None


def share(
    counts: Mapping[ExchangeClass, int], *, with_paper_too: bool = False, without_unsigned: int = 0
) -> Share:
    """The share done electronically alone; ``with_paper_too``: also where paper went beside it.

    ``without_unsigned`` of the electronic ones have no valid signature and are not to count as such:
    they stay in what was exchanged.
    """
    electronic = counts.get(ExchangeClass.ELECTRONIC, 0) - without_unsigned
    if with_paper_too:
        electronic += counts.get(ExchangeClass.WITH_PAPER, 0)
    return Share(electronic, sum(counts.values()))
