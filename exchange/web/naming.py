"""Agencies as people name them: by code in any form, or by a part of their name."""

from collections.abc import Iterable
from datetime import date

from exchange.core.directory import Agency, Directory
from exchange.ledger.searching import AGENCIES_MAX, folded

SUGGESTED_MAX = 300  # names that a field offers while one types; a larger directory would be a long page


def name_on(directory: Directory, key: str, day: date) -> str:
    """What the agency is called on that day; its key where the directory does not know it."""
    agency = directory.get(key)
    return key if agency is None else agency.as_of(day).name


def named(directory: Directory, text: str, day: date) -> tuple[Agency, ...] | None:
    """The agencies that ``text`` may mean, in the order of the directory; None if they are too many."""
    agency = directory.find(text, day)
    if agency is not None:
        return (agency,)
    words = folded(text).split()
    found: list[Agency] = []
    for each in directory:
        if _bears(each, words):
            found.append(each)
            if len(found) > AGENCIES_MAX:
                return None
    return tuple(found)


def _bears(agency: Agency, words: Iterable[str]) -> bool:
    """Whether all words stand in one of the names that the agency has or had."""
    names = (agency.name, *(each.name for each in agency.former))
    return any(all(word in folded(name) for word in words) for name in names)


def suggested(directory: Directory, day: date) -> tuple[tuple[str, str], ...]:
    """Key and name of each open agency, if they are few."""
    if len(directory) > SUGGESTED_MAX:
        return ()
    return tuple((each.code, each.as_of(day).name) for each in directory if directory.is_open(each, day))
