"""Figures by the structure of then or of now: which agency answers for another one's documents.

What was sent and received stands in the ledger under the keys of its time, for ever. A report may leave
it there (*then*), or ask who answers for it on a day after reorganisations (*now*): the one agency that
is open that day at the end of every chain of successors.
"""

from datetime import date
from enum import StrEnum

from exchange.core.directory import Agency, Directory, Former


class Structure(StrEnum):
    """By which structure of the state figures are put together."""

    THEN = "then"  # as it was on the day of the exchange
    NOW = "now"  # as it is on the day that is asked for


def group(directory: Directory, key: str, day: date, structure: Structure) -> str:
    """The key of the agency under which the figures of ``key`` stand.

    *Then*: its own. *Now*: that of the one agency that follows it on ``day``; its own while it is open,
    where nobody follows it, where several do (it was split, and nobody can tell their parts of it
    apart), and where the directory does not know it. So every figure has exactly one place.
    """
    agency = directory.get(key)
    if structure is Structure.THEN or agency is None or day <= (agency.valid_to or date.max):
        return key
    heir = directory.successor_of(agency, day)
    return key if heir is None else heir.code


def standing(directory: Directory, key: str, day: date, structure: Structure) -> Agency | Former | None:
    """Name, level and parent under which the figures of ``key`` stand; None if nobody has that key.

    ``day`` is, of *then*, the day of the exchange; of *now*, the day that is asked for.
    """
    agency = directory.get(group(directory, key, day, structure))
    return None if agency is None else agency.as_of(day)
