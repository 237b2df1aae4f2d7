"""Hubs: another exchange, and the agencies that are reached through it.

A hub (the national axis, another province's exchange) is an agency with an adapter of its own. An agency
outside has the adapter ``through`` and names its hub. That one word of the directory says both: what is for
the agency leaves by the hub's connection, and the hub, and nobody else, may bring the agency's messages.
"""

from collections.abc import Sequence
from datetime import date

from exchange.core.directory import Directory


def for_us(directory: Directory, receivers: Sequence[str], hub: str, on: date) -> list[str]:
    """The receivers, of a message that ``hub`` brought, that are not the hub's own affair.

    Left out: whoever is unknown here or is reached through that hub, who has it from there. Where nobody
    is left, those that are unknown stand: routing names them to the hub.
    """
    kept = [code for code in receivers if _is_ours(directory, code, hub, on)]
    return kept or [code for code in receivers if directory.find(code, on) is None]


def _is_ours(directory: Directory, code: str, hub: str, on: date) -> bool:
    agency = directory.find(code, on)
    if agency is None:
        return False
    ends = (agency,) if directory.is_open(agency, on) else directory.heirs(agency, on)
    return all(each.hub != hub for each in ends)
