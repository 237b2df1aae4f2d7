"""The directory: which agencies exist on a date, by which codes, and who follows whom.

Everything is asked as of a date, Vietnam's calendar date (QĐ 28/2018/QĐ-TTg art. 14.4). A closed
agency stays: documents of its time still name it, and new ones go to its successor.
Days are inclusive: ``valid_to`` is the last day, ``None`` means that no end is known.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

from exchange.core.codes import CodeForm, form_of, normalise
from exchange.core.directory_slips import slips
from exchange.core.trust import RegisteredCertificate, Trust

THROUGH = "through"  # the adapter of an agency that is reached through a hub


class Level(StrEnum):
    """Where an agency stands in the state's structure."""

    NATIONAL = "national"  # ministries and other bodies of the centre, hubs
    PROVINCE = "province"
    DEPARTMENT = "department"  # of a province or of a body of the centre
    DISTRICT = "district"  # until the two tiers of 2025-07-01
    COMMUNE = "commune"
    UNIT = "unit"  # an office, centre or school inside any other agency


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another code of an agency: the other form, or a former one. It ends with its agency."""

    code: str
    form: CodeForm
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a receiver's software takes."""

    document_bytes_max: int | None = None  # None: no limit of its own
    attachment_types: frozenset[str] = frozenset()  # lower case, as in ContentType; empty: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What an agency was called and where it stood until a day, the last one of it."""

    until: date
    name: str
    level: Level
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One agency in its whole life.

    ``code`` is the key and never given to another agency; a code that is allotted anew is an alias
    of its new holder, from the day it got it. ``parent`` and ``successors`` are keys.

    ``name``, ``level`` and ``parent`` are the newest, which may begin on a day to come: ask ``as_of``.
    Each of ``former`` begins where the one before it ends, the first one with the agency.
    """

    code: str  # normalised; the QCVN 102 form where there is one
    name: str
    level: Level
    valid_from: date
    valid_to: date | None = None
    parent: str = ""
    former: tuple[Former, ...] = ()  # kept in the order of their last days
    successors: tuple[str, ...] = ()  # several: it was split
    aliases: tuple[Alias, ...] = ()  # kept in the order of their first days
    adapter: str = ""  # "": not connected
    options: Mapping[str, object] = field(default_factory=dict, hash=False)
    limits: Limits = Limits()
    certificates: tuple[RegisteredCertificate, ...] = field(default=(), hash=False)
    unsigned_until: date | None = None  # the last day on which it may send what proves no signer; None: never

    def __post_init__(self) -> None:
        # One order, wherever they come from, so that equal agencies compare equal.
        ordered = sorted(self.aliases, key=lambda alias: (alias.valid_from, alias.form, alias.code))
        object.__setattr__(self, "aliases", tuple(ordered))
        object.__setattr__(self, "former", tuple(sorted(self.former, key=lambda each: each.until)))

    @property
    def hub(self) -> str:
        """The key of the hub through which it is reached (``exchange.core.hub``); empty: none."""
        return str(self.options.get("hub", "")) if self.adapter == THROUGH else ""

    def as_of(self, day: date) -> "Agency | Former":
        """What has the ``name``, ``level`` and ``parent`` of that day, or of the nearest of its life."""
        for each in self.former:
            if day <= each.until:
                return each
        return self


class Holding(NamedTuple):
    """An agency holds a code from ``since`` until ``until``, both inclusive; ``date.max``: no end."""

    code: str
    since: date
    until: date
    agency: Agency


def holdings(agency: Agency) -> tuple[Holding, ...]:
    """The codes of an agency, its key first, each as far as it lies within the agency's life."""
    start, end = agency.valid_from, agency.valid_to or date.max
    others = (
        Holding(alias.code, max(alias.valid_from, start), min(alias.valid_to or date.max, end), agency)
        for alias in agency.aliases
    )
    return Holding(agency.code, start, end, agency), *(each for each in others if each.since <= each.until)


class Standing(NamedTuple):
    """What an agency is called and where it stands from ``since`` until ``until``, both inclusive."""

    since: date
    until: date | None
    name: str
    level: Level
    parent: str


def standings(agency: Agency) -> tuple[Standing, ...]:
    """The former ones and the newest, in the order of their days; each begins where the last one ends."""
    found: list[Standing] = []
    since = agency.valid_from
    for each in agency.former:
        found.append(Standing(since, each.until, each.name, each.level, each.parent))
        since = day_after(each.until)
    return *found, Standing(since, agency.valid_to, agency.name, agency.level, agency.parent)


class Directory:
    """All agencies that are known, indexed for the questions of intake. Never changes once made."""

    __slots__ = ("_agencies", "_children", "_followed", "_holders", "_trust", "hubs")

    def __init__(self, agencies: Iterable[Agency]) -> None:
        """Raise ``ValueError`` if two agencies have one key, or two registrations one fingerprint."""
        self._agencies: Mapping[str, Agency] = _by_key(agencies)
        self._holders: Mapping[str, tuple[Holding, ...]] = _by_code(self._agencies.values())
        self._children: Mapping[str, tuple[Agency, ...]] = _by_parent(self._agencies.values())
        self._followed: Mapping[str, tuple[Agency, ...]] = _by_successor(self._agencies.values())
        self.hubs: Mapping[str, tuple[str, ...]] = _by_hub(
            self._agencies.values()
        )  # who is reached through each
        self._trust = Trust(certificates=_by_fingerprint(self._agencies.values()))

    def __iter__(self) -> Iterator[Agency]:
        return iter(self._agencies.values())

    def __len__(self) -> int:
        return len(self._agencies)

    def get(self, key: str) -> Agency | None:
        """The agency whose key is ``key``, of whatever time."""
        return self._agencies.get(key)

    def find(self, code: str, on: date) -> Agency | None:
        """The agency that ``code``, in any form, names on that date.

        An agency that is closed by then is still found by the codes of its last day, until one of
        them is given to another agency: ask ``is_open``. A withdrawn alias, and a code that is not
        in force yet, name nobody (``history`` tells).
        """
        for _, since, until, agency in self._holders.get(code) or self._holders.get(normalise(code), ()):
            if since <= on <= until:
                return agency
        return None

    def history(self, code: str) -> tuple[Holding, ...]:
        """Who was or will be found under ``code``, the latest first; the days do not overlap."""
        return self._holders.get(normalise(code), ())

    @staticmethod
    def is_open(agency: Agency, on: date) -> bool:
        """Whether the agency exists on that date."""
        return agency.valid_from <= on and (agency.valid_to is None or on <= agency.valid_to)

    def successors(self, agency: Agency) -> tuple[Agency, ...]:
        """All that follow, open or not, down every chain, the nearest first."""
        found: dict[str, Agency] = {agency.code: agency}
        ways = [agency]
        for way in ways:  # grows on the way
            for code in way.successors:
                successor = self._agencies.get(code)
                if successor is not None and successor.code not in found:
                    found[successor.code] = successor
                    ways.append(successor)
        return tuple(found.values())[1:]

    def heirs(self, agency: Agency, on: date) -> tuple[Agency, ...]:
        """The first agencies down each chain of successors that are open on that date, the nearest first.

        One, as a rule. None: its work ended with it. Several: it was split, and what they are made of
        has not come together again by then.
        """
        found: dict[str, Agency] = {}
        closed = {agency.code}
        ways = [agency]
        for way in ways:  # grows on the way
            for code in way.successors:
                successor = self._agencies.get(code)
                if successor is None or code in closed:
                    continue
                if self.is_open(successor, on):
                    found[code] = successor
                else:
                    closed.add(code)
                    ways.append(successor)
        return tuple(found.values())

    def successor_of(self, agency: Agency, on: date) -> Agency | None:
        """The only one of ``heirs``: nobody chooses among several but the sender."""
        heirs = self.heirs(agency, on)
        return heirs[0] if len(heirs) == 1 else None

    def predecessors(self, agency: Agency, on: date) -> tuple[Agency, ...]:
        """The agencies that have this one among their ``heirs`` on that date, the nearest first."""
        if not self.is_open(agency, on):
            return ()
        found: dict[str, Agency] = {}
        ends = [agency]
        for end in ends:  # grows on the way
            for each in self._followed.get(end.code, ()):
                if each.code not in found and not self.is_open(each, on):
                    found[each.code] = each
                    ends.append(each)
        return tuple(found.values())

    def ancestors(self, agency: Agency, on: date) -> tuple[Agency, ...]:
        """Parent, parent's parent and so on, as of that date."""
        found: dict[str, Agency] = {agency.code: agency}
        parent = self._agencies.get(agency.as_of(on).parent)
        while parent is not None and parent.code not in found:
            found[parent.code] = parent
            parent = self._agencies.get(parent.as_of(on).parent)
        return tuple(found.values())[1:]

    def children(self, code: str, on: date) -> tuple[Agency, ...]:
        """The agencies directly under the one that ``code`` names, as far as open, on that date."""
        parent = self.find(code, on)
        if parent is None:
            return ()
        ever = self._children.get(parent.code, ())
        return tuple(each for each in ever if self.is_open(each, on) and each.as_of(on).parent == parent.code)

    @staticmethod
    def code_for(agency: Agency, form: CodeForm, on: date) -> str:
        """The agency's code in ``form`` on that date, its key if it has none: the answer in kind.

        A closed agency keeps the codes of its last day.
        """
        if form is form_of(agency.code):
            return agency.code
        day = min(on, agency.valid_to or on)
        for alias in reversed(agency.aliases):  # the newest first
            if alias.form is form and alias.valid_from <= day <= (alias.valid_to or day):
                return alias.code
        return agency.code

    def nearest(self, code: str, on: date, most: int = 3) -> tuple[str, ...]:
        """Known codes that ``code`` may be a slip of the pen for, the likeliest first.

        Looks at what is one change away, and at the same with letters and digits put right, so the
        cost does not grow with the directory.
        """
        code = normalise(code)
        known = {slip for slip in slips(code) if slip in self._holders and self._names_open(slip, on)}

        def unlikeness(slip: str) -> tuple[bool, float, str]:
            swapped = sorted(slip) == sorted(code)  # the commonest slip
            return not swapped, -SequenceMatcher(None, code, slip).ratio(), slip

        return tuple(sorted(known, key=unlikeness)[:most])

    def _names_open(self, code: str, on: date) -> bool:
        agency = self.find(code, on)
        return agency is not None and self.is_open(agency, on)

    def trust(self) -> Trust:
        """All registered certificates, by fingerprint."""
        return self._trust


def _by_key(agencies: Iterable[Agency]) -> dict[str, Agency]:
    index: dict[str, Agency] = {}
    for agency in agencies:
        if index.setdefault(agency.code, agency) is not agency:
            raise ValueError(f"two agencies have the code {agency.code}")
    return index


def _by_code(agencies: Iterable[Agency]) -> dict[str, tuple[Holding, ...]]:
    found: dict[str, list[Holding]] = {}
    for agency in agencies:
        for holding in holdings(agency):
            found.setdefault(holding.code, []).append(holding)
    return {code: _in_turn(several) for code, several in found.items()}


def _in_turn(several: list[Holding]) -> tuple[Holding, ...]:
    """Holdings of one code, the latest first: each ends when the next begins.

    What a closed agency held on its last day lingers after it, so that the code still leads to it.
    """
    ordered: list[Holding] = []
    end = date.max
    for holding in sorted(several, key=lambda each: each.since, reverse=True):
        lingers = holding.until == holding.agency.valid_to
        until = end if lingers else min(holding.until, end)
        if holding.since <= until:
            ordered.append(holding._replace(until=until))
        end = min(end, day_before(holding.since))
    return tuple(ordered)


def day_before(day: date) -> date:
    """The day before; the first day of the calendar has none and is its own."""
    return day - timedelta(days=day > date.min)


def day_after(day: date) -> date:
    """The day after; the last day of the calendar has none and is its own."""
    return day + timedelta(days=day < date.max)


def _by_parent(agencies: Iterable[Agency]) -> dict[str, tuple[Agency, ...]]:
    """The agencies that ever stood directly under a parent."""
    index: dict[str, list[Agency]] = {}
    for agency in agencies:
        for parent in {agency.parent, *(each.parent for each in agency.former)}:
            index.setdefault(parent, []).append(agency)
    return {parent: tuple(children) for parent, children in index.items() if parent}


def _by_successor(agencies: Iterable[Agency]) -> dict[str, tuple[Agency, ...]]:
    index: dict[str, list[Agency]] = {}
    for agency in agencies:
        for successor in agency.successors:
            index.setdefault(successor, []).append(agency)
    return {successor: tuple(several) for successor, several in index.items()}


def _by_hub(agencies: Iterable[Agency]) -> dict[str, tuple[str, ...]]:
    index: dict[str, list[str]] = {}
    for agency in agencies:
        if agency.hub:
            index.setdefault(agency.hub, []).append(agency.code)
    return {hub: tuple(several) for hub, several in index.items()}


def _by_fingerprint(agencies: Iterable[Agency]) -> dict[str, RegisteredCertificate]:
    index: dict[str, RegisteredCertificate] = {}
    for agency in agencies:
        for registered in agency.certificates:
            if index.setdefault(registered.fingerprint, registered) is not registered:
                raise ValueError(f"the certificate {registered.fingerprint} is registered twice")
    return index
