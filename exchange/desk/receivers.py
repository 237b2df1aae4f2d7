"""To whom a clerk writes: single agencies, all of a kind, and groups that the agency made itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from exchange.core.directory import Agency, Directory, Level
from exchange.ledger.drafts import Group

COMMUNES, DEPARTMENTS, DISTRICTS = "level:commune", "level:department", "level:district"
LEVELS = {COMMUNES: Level.COMMUNE, DEPARTMENTS: Level.DEPARTMENT, DISTRICTS: Level.DISTRICT}
UNDER, GROUP = "under:", "group:"


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be chosen: its value in the form, its name ("" for one that has a text), how many it means."""

    value: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The receivers that were chosen, each once; those that are not connected; what nobody knows."""

    agencies: tuple[Agency, ...]
    not_connected: tuple[Agency, ...]
    unknown: tuple[str, ...]


def sets(directory: Directory, own: str, groups: Sequence[Group], on: date) -> list[Choice]:
    """All of a level, all under a district, and the agency's groups; only what means somebody."""
    found = [Choice(value, "", len(_of_level(directory, own, level, on))) for value, level in LEVELS.items()]
    for district in _of_level(directory, "", Level.DISTRICT, on):
        under = [each for each in directory.children(district.code, on) if each.code != own]
        found.append(Choice(UNDER + district.code, district.as_of(on).name, len(under)))
    found += [Choice(GROUP + each.id, each.name, len(each.members)) for each in groups]
    return [each for each in found if each.count]


def single(directory: Directory, own: str, on: date) -> list[Agency]:
    """Every open agency but the own, by level and name."""
    order = list(Level)
    found = [each for each in directory if each.code != own and directory.is_open(each, on)]
    return sorted(found, key=lambda each: (order.index(Level(each.as_of(on).level)), each.as_of(on).name))


def choose(
    directory: Directory, own: str, groups: Sequence[Group], values: Iterable[str], on: date
) -> Chosen:
    """The agencies that these values mean: of sets, of groups, and codes in any form."""
    found: dict[str, Agency] = {}
    unknown: list[str] = []
    members = {GROUP + each.id: each.members for each in groups}
    for value in values:
        if value in LEVELS:
            meant: Sequence[Agency] = _of_level(directory, own, LEVELS[value], on)
        elif value.startswith(UNDER):
            meant = directory.children(value.removeprefix(UNDER), on)
        else:
            meant = _named(directory, members.get(value, (value,)), on, unknown)
        found |= {each.code: each for each in meant if each.code != own}
    return Chosen(
        agencies=tuple(found.values()),
        not_connected=tuple(each for each in found.values() if not each.adapter),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _of_level(directory: Directory, own: str, level: Level, on: date) -> list[Agency]:
    return [
        each
        for each in directory
        if each.code != own and directory.is_open(each, on) and each.as_of(on).level == level
    ]


def _named(directory: Directory, codes: Iterable[str], on: date, unknown: list[str]) -> list[Agency]:
    found = []
    for code in codes:
        agency = directory.find(code, on)
        if agency is None:
            unknown.append(code[:100])
        else:
            found.append(agency)
    return found
